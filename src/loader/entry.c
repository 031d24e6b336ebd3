/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/entry.h"

#include <fnmatch.h>

#include "base/str.h"
#include "loader/length.h"

#define KERNELOPTS "$kernelopts"

/* The value of the next line with that key. Loaders skip blanks in front of a key, and what other systems end lines
 * with. */
static bool next_value(const char **text, const char *key, struct span *ret)
{
        const size_t length = strlen(key);
        struct span line;

        while (span_line(text, &line)) {
                size_t n = length;

                for (; line.length > 0 && (*line.at == ' ' || *line.at == '\t'); line.length--)
                        line.at++;
                while (line.length > 0 && line.at[line.length - 1] == '\r')
                        line.length--;
                if (line.length <= n || memcmp(line.at, key, n) != 0 || (line.at[n] != ' ' && line.at[n] != '\t'))
                        continue;
                while (n < line.length && (line.at[n] == ' ' || line.at[n] == '\t'))
                        n++;
                *ret = (struct span){line.at + n, line.length - n};
                return true;
        }
        return false;
}

bool entry_value(const char *text, const char *key, size_t n, struct span *ret)
{
        struct span line, word;

        while (span_line(&text, &line))
                if (span_token(&line, &word) && span_is(word, key) && span_token(&line, ret) && n-- == 0)
                        return true;
        return false;
}

bool entry_is_of(const struct boot_file *entry, const char *release)
{
        struct span version, kernel;

        if (entry_value(entry->text, "version", 0, &version) ? span_is(version, release)
                                                             : entry->release && streq(entry->release, release))
                return true;
        return entry_value(entry->text, "linux", 0, &kernel) && kernel.length > strlen(release) &&
               memmem(kernel.at, kernel.length, release, strlen(release)) ==
                       kernel.at + kernel.length - strlen(release);
}

const char *entry_mount(struct arena *a, const struct boot_file *entry)
{
        const char *end = strstr(entry->path, "/loader/entries/");

        return end ? arena_strndup(a, entry->path, (size_t)(end - entry->path)) : "";
}

bool entry_uses_grubenv(const struct boot_file *entry)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_has(value, KERNELOPTS))
                        return true;
        return false;
}

/* What the variable holds, where the entry has it. */
static bool kernelopts(const struct boot_facts *facts, const struct boot_file *entry, struct span *ret)
{
        const char *block = entry_uses_grubenv(entry) ? boot_text(facts, ENTRY_GRUBENV) : NULL;

        return block && entry_grubenv(block, ret);
}

bool entry_has(const struct boot_facts *facts, const struct boot_file *entry, const char *token)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_has(value, token))
                        return true;
        return kernelopts(facts, entry, &value) && span_has(value, token);
}

/* Several lines of options become one. */
size_t entry_length(const struct boot_facts *facts, const struct boot_file *entry, struct entry_front front)
{
        const char *text = entry->text;
        struct span value;
        size_t n = 0;

        while (next_value(&text, front.key, &value))
                n += strlen(front.text) + value.length;
        text = entry->text;
        while (next_value(&text, "options", &value))
                n += value.length + 1;
        if (kernelopts(facts, entry, &value))
                n += value.length - strlen(KERNELOPTS);
        return n > 0 ? n - 1 : 0;
}

bool entry_root(const struct boot_file *entry, struct span *ret)
{
        const char *text = entry->text;
        struct span value;

        while (next_value(&text, "options", &value))
                if (span_value(value, "root=", ret))
                        return true;
        return false;
}

/* With that root, among others that have another one of the same file system. */
static bool boots_subvolume(const struct boot_file *entry, const char *subvolume)
{
        const char *text = entry->text;
        struct span value, root = {};

        while (next_value(&text, "options", &value))
                span_value(value, "rootflags=subvol=", &root);
        return span_is(root, subvolume);
}

/* Several systems may share the directory: by machine ID, by kernel-install's token, else by the root they boot. */
bool entry_is_ours(const struct boot_facts *facts, const struct boot_file *entry)
{
        const char *text = entry->text, *name = str_basename(entry->path);
        struct span value, root, booted;

        if (!next_value(&text, "linux", &value) || (facts->subvolume && !boots_subvolume(entry, facts->subvolume)))
                return false;
        text = entry->text;
        if (facts->machine_id && next_value(&text, "machine-id", &value))
                return span_is(value, facts->machine_id);
        if ((facts->machine_id && startswith(name, facts->machine_id)) ||
            (facts->entry_token && startswith(name, facts->entry_token)) || entry_uses_grubenv(entry))
                return true;
        if (!facts->cmdline || !entry_root(entry, &root) || !span_value(span_of(facts->cmdline), "root=", &booted))
                return false;
        return root.length == booted.length && memcmp(root.at, booted.at, root.length) == 0;
}

char *entry_edit(struct arena *a, const char *text, struct strings add, struct strings drop)
{
        char *edited = arena_strdup(a, text), *line;
        const char *rest, *last = NULL;
        struct span value;

        for (size_t i = 0; i < drop.n; i++)
                for (rest = edited; next_value(&rest, "options", &value);)
                        if (span_has(value, drop.v[i])) {
                                edited = span_replace(a, edited, value,
                                                      span_without(a, value, (struct strings){&drop.v[i], 1}));
                                break;
                        }
        if (add.n == 0)
                return edited;
        for (rest = edited; next_value(&rest, "options", &value);)
                last = value.at;
        if (last) {
                value = (struct span){last, strcspn(last, "\n")};
                return span_replace(a, edited, value, span_with(a, value, add));
        }
        line = span_with(a, span_of(""), add);
        return arena_join(a, edited, *edited && edited[strlen(edited) - 1] != '\n' ? "\n" : "", "options ", line, "\n",
                          NULL);
}

/* They stand together, in that order; what is in front of them is the host's, and so is what was added behind them. */
char *entry_line_without_trial(struct arena *a, struct span line)
{
        struct strings kept = {};
        struct span rest = line, t;
        bool inside = false, whole = false;

        while (span_token(&rest, &t)) {
                if (t.length > strlen(TRIAL_TOKEN) && startswith(t.at, TRIAL_TOKEN)) {
                        inside = true;
                        whole = span_has(rest, TRIAL_REBOOT);
                } else if (inside && (whole || span_is(t, TRIAL_PANIC) || span_is(t, TRIAL_WATCHDOG)))
                        whole &= !span_is(t, TRIAL_REBOOT);
                else {
                        inside = false;
                        strings_add(a, &kept, arena_strndup(a, t.at, t.length));
                }
        }
        return span_with(a, rest, kept);
}

const char *entry_without_trial(struct arena *a, const char *text)
{
        struct span value, of_trial;
        const char *rest = text;

        while (next_value(&rest, "options", &value))
                if (span_value(value, TRIAL_TOKEN, &of_trial))
                        rest = text = span_replace(a, text, value, entry_line_without_trial(a, value));
        return text;
}

bool entry_grubenv(const char *text, struct span *ret)
{
        struct span line;

        while (span_line(&text, &line))
                if (line.length > strlen("kernelopts=") && startswith(line.at, "kernelopts=")) {
                        *ret = (struct span){line.at + strlen("kernelopts="), line.length - strlen("kernelopts=")};
                        return true;
                }
        return false;
}

static void plan_one(struct boot_planner *p, const struct boot_file *entry)
{
        struct strings missing = {}, drop = boot_plan_stale(p, entry->path);
        const char *text = entry_without_trial(p->arena, entry->text);

        for (size_t i = 0; i < p->plan->tokens.n; i++)
                if (!entry_has(p->facts, entry, p->plan->tokens.v[i]))
                        strings_add(p->arena, &missing, p->plan->tokens.v[i]);
        boot_plan_add(p, entry->path, entry->text, entry_edit(p->arena, text, missing, drop), missing);
}

bool entry_plan_all(struct boot_planner *p)
{
        for (size_t i = 0; i < p->facts->n_entries; i++)
                if (!entry_is_ours(p->facts, &p->facts->entries[i]))
                        boot_plan_note(p, arena_join(p->arena, p->facts->entries[i].path,
                                                     " boots something else, and is left alone", NULL));
        return entry_plan_ours(p);
}

bool entry_plan_ours(struct boot_planner *p)
{
        bool grubenv = boot_text(p->facts, ENTRY_GRUBENV) != NULL;
        size_t n = 0;

        for (size_t i = 0; i < p->facts->n_entries; i++) {
                const struct boot_file *entry = &p->facts->entries[i];

                if (!entry_is_ours(p->facts, entry))
                        continue;
                n++;
                if (!grubenv || !entry_uses_grubenv(entry))
                        plan_one(p, entry);
        }
        return n > 0 || boot_plan_problem(p, "no boot loader entry is known to boot this system");
}

void entry_verify(const struct boot_facts *facts, const struct boot_file *entry, struct strings tokens, struct arena *a,
                  struct boot_verdict *ret)
{
        ret->n_entries++;
        for (size_t i = 0; i < tokens.n; i++)
                if (!entry_has(facts, entry, tokens.v[i]))
                        strings_add(a, &ret->lacking, arena_printf(a, "%s has no %s", entry->path, tokens.v[i]));
}

void entry_verify_all(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        for (size_t e = 0; e < facts->n_entries; e++)
                if (entry_is_ours(facts, &facts->entries[e]))
                        entry_verify(facts, &facts->entries[e], tokens, a, ret);
}

void entry_lengths(const struct boot_facts *facts, struct arena *a, struct entry_front front, struct lengths *ret)
{
        for (size_t i = 0; i < facts->n_entries; i++)
                if (entry_is_ours(facts, &facts->entries[i]))
                        length_add(a, ret, facts->entries[i].path, entry_length(facts, &facts->entries[i], front));
}

/* All its values of "options", with what GRUB's variable holds. */
static const char *options_of(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry)
{
        const char *text = entry->text, *all = "";
        struct span value;

        while (next_value(&text, "options", &value))
                all = arena_join(a, all, *all ? " " : "", arena_strndup(a, value.at, value.length), NULL);
        if (kernelopts(facts, entry, &value))
                all = arena_join(a, all, " ", arena_strndup(a, value.at, value.length), NULL);
        return all;
}

void entry_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        for (size_t i = 0; i < facts->n_entries; i++)
                if (entry_is_ours(facts, &facts->entries[i]))
                        boot_line_add(a, ret, facts->entries[i].path, options_of(facts, a, &facts->entries[i]), true);
}

/* Its kernel's release as it says, or as its kernel's file tells; a name that has it is for those who know releases. */
void entry_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        for (size_t i = 0; i < facts->n_entries; i++) {
                const struct boot_file *entry = &facts->entries[i];
                struct boot_kernel *kernel;
                struct span value;

                if (!entry_is_ours(facts, entry) || !entry_value(entry->text, "linux", 0, &value))
                        continue;
                kernel = boot_kernel_add(a, ret, entry->path);
                kernel->mount = entry_mount(a, entry);
                kernel->path = arena_strndup(a, value.at, value.length);
                kernel->release = entry->release;
                if (entry_value(entry->text, "version", 0, &value))
                        kernel->release = arena_strndup(a, value.at, value.length);
                /* GRUB takes several on one line; its variables are beside the image. */
                for (const char *text = entry->text; next_value(&text, "initrd", &value);)
                        for (struct span word; span_token(&value, &word);)
                                if (*word.at != '$')
                                        strings_add(a, &kernel->beside, arena_strndup(a, word.at, word.length));
        }
}

/* Of a key; "" where the entry has none. */
static const char *text_of(struct arena *a, const struct boot_file *entry, const char *key)
{
        struct span value;

        return entry_value(entry->text, key, 0, &value) ? arena_strndup(a, value.at, value.length) : "";
}

/* True if x is above y in the menu. */
static bool is_above(struct arena *a, const struct boot_file *x, const struct boot_file *y, bool by_key)
{
        const char *one = text_of(a, x, "sort-key"), *other = text_of(a, y, "sort-key");
        int order = 0;

        if (by_key && !*one != !*other)
                return *one;
        if (by_key && *one)
                order = strcmp(other, one);
        if (order == 0 && by_key && *one)
                order = strcmp(text_of(a, y, "machine-id"), text_of(a, x, "machine-id"));
        if (order == 0 && by_key && *one)
                order = strverscmp(text_of(a, x, "version"), text_of(a, y, "version"));
        return (order ? order : strverscmp(str_basename(x->path), str_basename(y->path))) > 0;
}

/* Loaders order a "~", and entries whose boots they count, in ways of their own. */
bool entry_is_plain(const struct boot_file *entry)
{
        const char *name = str_basename(entry->path), *plus = strrchr(name, '+');

        return !strchr(name, '~') && !(plus && plus[1 + strspn(plus + 1, "0123456789-")] == '.');
}

void entry_mark_next(const struct boot_facts *facts, struct arena *a, struct boot_kernels *kernels, const char *pattern,
                     bool by_key)
{
        const struct boot_file *first = NULL;

        for (size_t i = 0; i < facts->n_entries; i++) {
                const struct boot_file *entry = &facts->entries[i];
                const char *name = str_basename(entry->path);
                const char *id = arena_strndup(a, name, strlen(name) - strlen(".conf"));

                if (!entry_is_plain(entry))
                        return;
                if (pattern && fnmatch(pattern, name, FNM_CASEFOLD) != 0 && fnmatch(pattern, id, FNM_CASEFOLD) != 0)
                        continue;
                if (!first || is_above(a, entry, first, by_key))
                        first = entry;
        }
        if (!first || !entry_is_ours(facts, first))
                return;
        for (size_t i = 0; i < kernels->n; i++)
                kernels->v[i].next = streq(kernels->v[i].where, first->path) ? KNOWN_YES : KNOWN_NO;
}
