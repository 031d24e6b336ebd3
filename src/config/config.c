/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>

#include "base/str.h"
#include "config/files.h"
#include "config/keys.h"

const char *const config_directories[CONFIG_DIRECTORIES] = {"/etc/passthrough.d", "/run/passthrough.d",
                                                            "/usr/local/lib/passthrough.d", "/usr/lib/passthrough.d"};

/* Ranks behind those of the directories. */
enum {
        CREDENTIAL = CONFIG_DIRECTORIES,
        SEALED,
};

static const struct config_kind kind = {"rule", "a file NAME.conf for each rule"};

struct loader {
        const struct root *root;
        struct arena *arena;
        struct keys keys;
        struct diags *diags;
        struct config_files dropins; /* NAME.conf.d directories, by name */
        const struct config_draft *drafts;
        size_t n_drafts;
};

static uint64_t digest_with(uint64_t digest, const char *path, const char *text, size_t size)
{
        return str_hash(str_hash(digest, path, strlen(path) + 1), text, size);
}

/* The text of a file, from the drafts or from where it is; as config_file_read() has it. */
static int read_file(struct loader *l, const char *path, char **ret, size_t *ret_size)
{
        for (size_t i = 0; i < l->n_drafts; i++) {
                if (!streq(l->drafts[i].path, path))
                        continue;
                *ret = arena_strdup(l->arena, l->drafts[i].text);
                *ret_size = strlen(l->drafts[i].text);
                return CONFIG_READ_OK;
        }
        return config_file_read(l->root, l->arena, path, &kind, l->diags, ret, ret_size);
}

/* One file into the rule: 1 where it was masked, 0, or -errno (fatal). */
static int load_file(struct loader *l, const char *path, struct rule *rule)
{
        char *text;
        size_t size;
        int k = read_file(l, path, &text, &size);

        if (k < 0)
                return k;
        if (k == CONFIG_READ_MASKED)
                return 1;
        str_add(l->arena, &rule->files, &rule->n_files, path);
        rule->unread |= k != CONFIG_READ_OK;
        if (k == CONFIG_READ_ABSENT) {
                diag_add(l->diags, DIAG_ERROR, path, 0, "cannot be read: %s", strerror(ENOENT));
                return 0;
        }
        if (k == CONFIG_READ_FAULT)
                return 0;
        rule->digest = digest_with(rule->digest, rule->credential ? str_basename(path) : path, text, size);
        keys_parse(&l->keys, l->arena, l->diags, path, text, size, rule);
        return 0;
}

/* Its text is for a service to have: the rule is there, and what it says is not known. */
static int load_sealed(struct loader *l, const char *path, struct rule *rule)
{
        str_add(l->arena, &rule->files, &rule->n_files, path);
        rule->unread = true;
        diag_add(l->diags, DIAG_ERROR, path, 0,
                 "is encrypted, and no boot can read it that early; write a file, or give it as it is");
        return 0;
}

static int load_dropins(struct loader *l, const char *file_name, struct rule *rule)
{
        struct config_files files = {};
        size_t errors = l->diags->n_errors;

        for (size_t i = 0; i < l->dropins.n; i++) {
                const struct config_file *d = &l->dropins.v[i];

                if (strncmp(d->name, file_name, strlen(file_name)) != 0 || !streq(d->name + strlen(file_name), ".d"))
                        continue;
                config_files_collect(l->root, l->arena, d->path, d->rank, &kind, l->diags, &files, NULL);
        }
        rule->unread |= l->diags->n_errors > errors;
        config_files_keep_first(&files);
        for (size_t i = 0; i < files.n; i++) {
                int k = load_file(l, files.v[i].path, rule);

                if (k < 0)
                        return k;
        }
        return 0;
}

/* By the words of one bus: 1 where the rule is masked, 0, or -errno (fatal). */
static int load_files(struct loader *l, const struct config_file *entry, struct rule *rule)
{
        char *name = arena_strndup(l->arena, entry->name, strlen(entry->name) - strlen(".conf"));
        char *file = arena_strdup(l->arena, entry->path);
        bool name_valid = rule_name_valid(name);
        int k;

        str_make_printable(name);
        str_make_printable(file);
        *rule = RULE_INIT;
        rule->bus = l->keys.buses[0];
        rule->digest = STR_HASH_START;
        rule->file = file;
        rule->name = name;
        rule->credential = entry->rank >= CREDENTIAL;

        k = entry->rank == SEALED ? load_sealed(l, entry->path, rule) : load_file(l, entry->path, rule);
        if (k != 0)
                return k;
        if (!name_valid)
                diag_add(l->diags, DIAG_ERROR, entry->path, 0,
                         "\"%s\" cannot name a rule; use letters, digits, \"_\", \".\" and \"-\", a letter or "
                         "digit first, at most 64",
                         rule->name);
        return rule->credential ? 0 : load_dropins(l, entry->name, rule);
}

/* Which bus the words are for is known once all files are read. 1 where the rule is masked, 0, or -errno (fatal). */
static int load_rule(struct loader *l, const struct config_file *entry, struct rule *rule)
{
        size_t first_diag = l->diags->n, errors = l->diags->n_errors;
        int k;

        l->keys.bus = l->keys.buses[0];
        k = load_files(l, entry, rule);
        if (k == 0 && rule->bus != l->keys.bus) {
                l->keys.bus = rule->bus;
                l->diags->n = first_diag;
                l->diags->n_errors = errors;
                k = load_files(l, entry, rule);
        }
        if (k != 0)
                return k;
        if (l->diags->n_errors == errors)
                keys_check(l->arena, l->diags, rule);

        for (size_t i = first_diag; i < l->diags->n && l->diags->n_errors > errors; i++) {
                const struct diag *d = &l->diags->v[i];

                if (d->level != DIAG_ERROR)
                        continue;
                rule->invalid = rule->decides = true;
                rule->unread |= !keys_name_device(rule);
                rule->message = d->line ? arena_printf(l->arena, "%s:%u: %s", d->file, d->line, d->message)
                                        : arena_printf(l->arena, "%s: %s", d->file, d->message);
                return 0;
        }
        return 0;
}

static void parse_texts(struct arena *a, const struct keys *keys, const struct config_text *texts, size_t n,
                        struct diags *diags, struct rule *rule)
{
        *rule = RULE_INIT;
        rule->bus = keys->buses[0];
        rule->digest = STR_HASH_START;
        for (size_t i = 0; i < n; i++) {
                str_add(a, &rule->files, &rule->n_files, texts[i].path);
                rule->digest = digest_with(rule->digest, texts[i].path, texts[i].text, texts[i].size);
                keys_parse(keys, a, diags, texts[i].path, arena_strndup(a, texts[i].text, texts[i].size), texts[i].size,
                           rule);
        }
}

void config_parse_rule(struct arena *a, const struct bus_syntax *const *buses, const char *name,
                       const struct config_text *texts, size_t n, struct diags *diags, struct rule *ret)
{
        struct keys keys = {.buses = buses, .bus = buses[0]};

        parse_texts(a, &keys, texts, n, diags, ret);
        if (ret->bus != keys.bus) {
                keys.bus = ret->bus;
                diags->n = diags->n_errors = 0;
                parse_texts(a, &keys, texts, n, diags, ret);
        }
        ret->name = name;
        ret->file = texts[0].path;
        keys_check(a, diags, ret);
}

static bool has_name(const struct config_files *files, const char *name)
{
        for (size_t i = 0; i < files->n; i++)
                if (streq(files->v[i].name, name))
                        return true;
        return false;
}

/* Drop-ins whose rule is not there do nothing: that is worth a word. */
static void warn_orphans(struct loader *l, const struct config_files *files)
{
        for (size_t i = 0; i < l->dropins.n; i++) {
                const struct config_file *d = &l->dropins.v[i];
                char *name = arena_strndup(l->arena, d->name, strlen(d->name) - strlen(".d"));

                if (!has_name(files, name))
                        diag_add(l->diags, DIAG_WARNING, d->path, 0, "drop-ins for %s, which is not there", name);
        }
}

static void add_drafts(struct loader *l, struct config_files *files)
{
        for (size_t i = 0; i < l->n_drafts; i++)
                config_files_add(l->arena, files,
                                 (struct config_file){str_basename(l->drafts[i].path), l->drafts[i].path, 0});
}

/* Which rules are in it, and which names, nobody knows: one that comes before all others keeps what these would take.
 */
static struct rule *add_unread_directory(struct loader *l, const char *directory, struct config *config)
{
        const struct diag *d = &l->diags->v[l->diags->n - 1];
        struct rule *rule = arena_grow(l->arena, &config->rules, config->n_rules, sizeof(*config->rules));

        *rule = RULE_INIT;
        rule->bus = l->keys.buses[0];
        rule->digest = STR_HASH_START;
        rule->name = "-";
        rule->file = directory;
        rule->message = arena_printf(l->arena, "%s: %s", d->file, d->message);
        rule->invalid = rule->decides = rule->unread = true;
        config->n_rules++;
        return rule;
}

static int load_rules(struct loader *l, const struct config_files *files, struct config *config)
{
        for (size_t i = 0; i < files->n; i++) {
                struct rule *rule = arena_grow(l->arena, &config->rules, config->n_rules, sizeof(*config->rules));
                int k = load_rule(l, &files->v[i], rule);

                if (k < 0)
                        return k;
                config->n_rules += k == 0;
                if (k > 0 && !rule->credential)
                        str_add(l->arena, &config->masks, &config->n_masks, files->v[i].path);
        }
        return 0;
}

static bool has_copies(const struct root *root)
{
        return root_exists(root, CONFIG_COPIES) || root_exists(root, CONFIG_COPIES_SEALED);
}

const char *config_credential(const struct root *root, struct arena *a, const char *name)
{
        bool copies = has_copies(root);
        const char *const directories[] = {copies ? CONFIG_COPIES : CONFIG_CREDENTIALS,
                                           copies ? CONFIG_COPIES_SEALED : CONFIG_SEALED};

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                const char *path = arena_join(a, directories[i], "/" CONFIG_CREDENTIAL, name, NULL);

                if (root_exists(root, path))
                        return path;
        }
        return NULL;
}

/* Those whose name no file has. To whom systemd does not show them, it shows the copies, if there are any. */
static void find_credentials(struct loader *l, const char *directory, size_t rank, const struct config_files *files,
                             struct config_files *ret, struct config *config)
{
        const char **names;
        size_t n;
        int k = root_names(l->root, l->arena, directory, &names, &n);

        if (k < 0 && k != -ENOENT && k != -EACCES && k != -EPERM) {
                diag_add(l->diags, DIAG_ERROR, directory, 0, "cannot be read: %s", strerror(-k));
                add_unread_directory(l, directory, config)->credential = true;
        }
        for (size_t i = 0; k == 0 && i < n; i++) {
                const char *name;

                if (!startswith(names[i], CONFIG_CREDENTIAL))
                        continue;
                name = arena_join(l->arena, names[i] + strlen(CONFIG_CREDENTIAL), ".conf", NULL);
                if (!has_name(files, name))
                        config_files_add(
                                l->arena, ret,
                                (struct config_file){name, arena_join(l->arena, directory, "/", names[i], NULL), rank});
        }
}

static int load_credentials(struct loader *l, const struct config_files *files, struct config *config)
{
        bool copies = has_copies(l->root);
        struct config_files credentials = {};

        find_credentials(l, copies ? CONFIG_COPIES : CONFIG_CREDENTIALS, CREDENTIAL, files, &credentials, config);
        find_credentials(l, copies ? CONFIG_COPIES_SEALED : CONFIG_SEALED, SEALED, files, &credentials, config);
        config_files_keep_first(&credentials);
        return load_rules(l, &credentials, config);
}

static void hide(struct arena *a, struct config_files *files, const char *name)
{
        config_files_add(a, files, (struct config_file){.name = name});
}

int config_with_credentials(const struct root *root, struct arena *a, const struct config *files, struct config *ret)
{
        struct diags diags = {.arena = a};
        struct loader l = {.root = root, .arena = a, .keys = {.buses = files->buses}, .diags = &diags};
        struct config config = {
                .buses = files->buses, .masks = files->masks, .n_masks = files->n_masks, .fallback = files->fallback};
        struct config_files hidden = {};
        int k;

        for (size_t i = 0; i < files->n_rules; i++) {
                if (files->rules[i].credential)
                        continue;
                *(struct rule *)arena_grow(a, &config.rules, config.n_rules++, sizeof(*config.rules)) = files->rules[i];
                hide(a, &hidden, arena_join(a, files->rules[i].name, ".conf", NULL));
        }
        for (size_t i = 0; i < files->n_masks; i++)
                hide(a, &hidden, str_basename(files->masks[i]));
        k = load_credentials(&l, &hidden, &config);
        if (k == 0)
                *ret = config;
        return k;
}

int config_load_with(const struct root *root, struct arena *a, const struct bus_syntax *const *buses,
                     const struct config_draft *drafts, size_t n, struct diags *diags, struct config *ret)
{
        struct loader l = {
                .root = root, .arena = a, .keys = {.buses = buses}, .diags = diags, .drafts = drafts, .n_drafts = n};
        struct config config = {.buses = buses};
        struct config_files files = {};
        int k;

        add_drafts(&l, &files);
        for (size_t i = 0; i < CONFIG_DIRECTORIES; i++) {
                size_t errors = diags->n_errors;

                config_files_collect(root, a, config_directories[i], i, &kind, diags, &files, &l.dropins);
                if (diags->n_errors > errors)
                        add_unread_directory(&l, config_directories[i], &config);
        }
        config_files_keep_first(&files);
        config_files_sort(&l.dropins);

        k = load_rules(&l, &files, &config);
        if (k == 0)
                k = load_credentials(&l, &files, &config);
        if (k < 0)
                return k;
        warn_orphans(&l, &files);
        *ret = config;
        return 0;
}

int config_load(const struct root *root, struct arena *a, const struct bus_syntax *const *buses, struct diags *diags,
                struct config *ret)
{
        return config_load_with(root, a, buses, NULL, 0, diags, ret);
}
