/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of an old recipe does nothing more once rules hand its devices over. What may be about others is not named. */
#include <ctype.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "ctl/import.h"
#include "facts/boot-scripts.h"
#include "facts/conf-lines.h"
#include "facts/ids.h"
#include "facts/natives.h"
#include "facts/rivals.h"
#include "loader/loader.h"
#include "maker/maker.h"

struct remains {
        struct ctl *c;
        struct arena *arena;
        const char **natives; /* by device: modules that say that they serve it, or NULL */
        struct strings lines;
};

static void add(struct remains *r, const struct conf_line *line, const char *text)
{
        char *copy = line->number > 0 ? arena_printf(r->arena, "%s:%u: %s", line->file, line->number, text)
                                      : arena_printf(r->arena, "%s: %s", line->file, text);

        str_make_printable(copy);
        if (str_index(copy, r->lines.v, r->lines.n) < 0)
                strings_add(r->arena, &r->lines, copy);
}

/* ---- which devices ------------------------------------------------------------------------------------------------
 */

static bool taken(const struct remains *r, size_t device)
{
        const struct plan_entry *e = plan_find(&r->c->plan, device);

        return e && e->action == ACTION_BIND;
}

/* Those of the IDs that have devices here, all of them taken: "10de:1b06,10de:10ef"; "" if there are none. */
static const char *taken_ids(struct remains *r, const char *value, bool *ret_all)
{
        struct strings ids = import_split_ids(r->arena, value);
        const char *text = "";

        *ret_all = ids.n > 0;
        for (size_t i = 0; i < ids.n; i++) {
                struct import_ids wanted;
                bool is = import_parse_ids(r->c, ids.v[i], &wanted) && wanted.n_devices > 0;

                for (size_t d = 0; is && d < wanted.n_devices; d++)
                        is = taken(r, wanted.device[d]);
                *ret_all &= is;
                if (is)
                        text = arena_join(r->arena, text, *text ? "," : "", ids.v[i], NULL);
        }
        return text;
}

static bool names(const char *list, const char *module)
{
        size_t n = strlen(module);

        for (; list && *list; list += strcspn(list, " ,"), list += strspn(list, " ,")) {
                char word[64] = "";

                if (strcspn(list, " ,") != n || n >= sizeof(word))
                        continue;
                memcpy(word, list, n);
                if (cmdline_name_is(word, module))
                        return true;
        }
        return false;
}

/* The module serves devices that are taken, and no others that are here: nobody misses it, and nobody gets it. */
static bool serves_taken(const struct remains *r, const char *module)
{
        bool any = false;

        for (size_t i = 0; i < r->c->facts.n_devices; i++) {
                if (!names(r->natives[i], module))
                        continue;
                if (!taken(r, i))
                        return false;
                any = true;
        }
        return any;
}

static bool is_vfio(const char *word)
{
        static const char *const modules[] = {"vfio", "vfio-pci", "vfio-iommu-type1", "vfio-virqfd", "pci-stub"};

        for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
                if (cmdline_name_is(word, modules[i]))
                        return true;
        return false;
}

static bool is_driver(const char *word)
{
        return cmdline_name_is(word, "vfio-pci") || cmdline_name_is(word, "pci-stub");
}

/* Words of a shell's line or a command line, without what stands around them. */
static struct strings words_of(struct arena *a, const char *text)
{
        struct strings list = {};

        for (const char *c = text; *c;) {
                size_t n = strcspn(c, " \t\"'=+,;()");

                if (n > 0)
                        strings_add(a, &list, arena_strndup(a, c, n));
                c += n + (c[n] != '\0');
        }
        return list;
}

static bool any_vfio(struct arena *a, const char *text)
{
        struct strings words = words_of(a, text);

        for (size_t i = 0; i < words.n; i++)
                if (is_vfio(words.v[i]))
                        return true;
        return false;
}

/* Every device whose address the text has is taken, and it has one. */
static bool addresses_taken(const struct remains *r, const char *text)
{
        bool any = false;

        for (const char *c = text; *c;) {
                size_t n = strspn(c, "0123456789abcdefABCDEF:."), device;

                if (n > 0 && n < 20 && (c == text || !isalnum((unsigned char)c[-1])) &&
                    facts_find_written(&r->c->facts, arena_strndup(r->arena, c, n), &device)) {
                        if (device == NO_DEVICE || !taken(r, device))
                                return false;
                        any = true;
                }
                c += n > 0 ? n : 1;
        }
        return any;
}

/* ---- modprobe.d ---------------------------------------------------------------------------------------------------
 */

static void options(struct remains *r, const struct conf_line *line, const char *rest)
{
        struct token *tokens;
        const struct token *ids;
        const char *some;
        bool unclosed, all;
        size_t n;

        cmdline_split(r->arena, rest, &tokens, &n, &unclosed);
        ids = cmdline_last(tokens, n, "ids");
        if (!ids || !ids->value)
                return;
        some = taken_ids(r, ids->value, &all);
        if (*some)
                add(r, line,
                    all && n == 1 ? line->text
                                  : arena_join(r->arena, all ? ids->text : some, " of ", line->text, NULL));
}

static void modprobe_line(struct remains *r, const struct conf_line *line)
{
        const char **words, *rest;
        size_t n;

        str_words(r->arena, line->text, &words, &n);
        if (n < 2)
                return;
        rest = strstr(line->text + strlen(words[0]), words[1]) + strlen(words[1]);
        if (streq(words[0], "options") && is_driver(words[1]))
                options(r, line, rest);
        else if (streq(words[0], "softdep") && !is_vfio(words[1]) && any_vfio(r->arena, rest))
                add(r, line, line->text);
        else if (streq(words[0], "alias") && startswith(words[1], "pci:") && any_vfio(r->arena, rest))
                add(r, line, line->text);
        else if (streq(words[0], "blacklist") && serves_taken(r, words[1]))
                add(r, line, line->text);
        else if (streq(words[0], "install") &&
                 (strstr(rest, "driver_override") ? addresses_taken(r, rest)
                                                  : is_vfio(words[1]) || any_vfio(r->arena, rest) ||
                                                            (strstr(rest, "/bin/") && serves_taken(r, words[1]))))
                add(r, line, line->text);
}

/* ---- other files ---------------------------------------------------------------------------------------------------
 */

static bool comment(const char *text)
{
        return !text || !*text || *text == '#' || *text == ';';
}

/* modules-load.d(5) and Debian's /etc/modules: one module a line. */
static void module_lines(struct remains *r, const struct conf_lines *lines)
{
        for (size_t i = 0; i < lines->n; i++) {
                const char **words;
                size_t n;

                if (comment(lines->v[i].text))
                        continue;
                str_words(r->arena, lines->v[i].text, &words, &n);
                if (n > 0 && is_vfio(words[0]))
                        add(r, &lines->v[i], lines->v[i].text);
        }
}

/* ATTR{vendor}=="0x10de", ATTR{device}=="0x1b06": the IDs as one word, or NULL. */
static const char *udev_ids(struct arena *a, const char *text)
{
        const char *vendor = strstr(text, "ATTR{vendor}==\"0x"), *device = strstr(text, "ATTR{device}==\"0x");

        if (!vendor || !device)
                return NULL;
        vendor += strlen("ATTR{vendor}==\"0x");
        device += strlen("ATTR{device}==\"0x");
        return arena_printf(a, "%.*s:%.*s", (int)strcspn(vendor, "\""), vendor, (int)strcspn(device, "\""), device);
}

static void udev_line(struct remains *r, const struct conf_line *line)
{
        const char *ids;
        bool all;

        if (comment(line->text) || !strstr(line->text, "vfio") ||
            (!strstr(line->text, "driver_override") && !strstr(line->text, "new_id") && !strstr(line->text, "bind")))
                return;
        ids = udev_ids(r->arena, line->text);
        if (addresses_taken(r, line->text) || (ids && *taken_ids(r, ids, &all)))
                add(r, line, line->text);
}

static bool named(const struct token *t, const char *const *names)
{
        for (; *names; names++)
                if (cmdline_name_is(t->name, *names))
                        return true;
        return false;
}

static bool all_serve_taken(const struct remains *r, const char *modules)
{
        struct strings words = words_of(r->arena, modules);

        for (size_t i = 0; i < words.n; i++)
                if (!serves_taken(r, words.v[i]))
                        return false;
        return words.n > 0;
}

/* What goes of a parameter that loads a driver of VFIO, gives it devices, or keeps another one away; or NULL. */
static const char *token_part(struct remains *r, const struct token *t)
{
        static const char *const loaders[] = {"rd.driver.pre", "rd.driver.post", "modules_load", "rd.modules_load",
                                              NULL};
        static const char *const ids[] = {"vfio-pci.ids", "pci-stub.ids", NULL};
        static const char *const hide[] = {"xen-pciback.hide", "pciback.hide", NULL};
        static const char *const without[] = {"modprobe.blacklist", "rd.driver.blacklist", "module_blacklist", NULL};
        const char *some;
        bool all;

        if (!t->value)
                return NULL;
        if (named(t, ids)) {
                some = taken_ids(r, t->value, &all);
                return all ? t->text : *some ? arena_join(r->arena, some, " of ", t->text, NULL) : NULL;
        }
        return (named(t, loaders) && any_vfio(r->arena, t->value)) ||
                               (named(t, hide) && addresses_taken(r, t->value)) ||
                               (named(t, without) && all_serve_taken(r, t->value))
                       ? t->text
                       : NULL;
}

/* Quotes may be about all of a line: VARIABLE="quiet vfio-pci.ids=10de:1b06". */
static void tokens_in(struct remains *r, const struct conf_line *line)
{
        char *text = arena_strdup(r->arena, line->text);
        struct token *tokens;
        bool unclosed;
        size_t n;

        for (char *c = text; *c; c++)
                if (strchr("\"'", *c))
                        *c = ' ';
        cmdline_split(r->arena, text, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const char *part = token_part(r, &tokens[i]);

                if (part)
                        add(r, line, part);
        }
}

static void maker_settings(struct remains *r, const struct ids_settings *s)
{
        struct conf_lines lines = {};

        if (s->form == IDS_SCRIPTS)
                return;
        for (size_t i = 0; s->files[i]; i++)
                conf_lines_of(&r->c->root, r->arena, s->files[i], &lines);
        conf_lines_in(&r->c->root, r->arena, s->dirs, ".conf", &lines);
        if (s->form == IDS_MODULES) {
                module_lines(r, &lines);
                return;
        }
        for (size_t i = 0; i < lines.n; i++) {
                if (comment(lines.v[i].text))
                        continue;
                if (s->form == IDS_SHELL && strstr(lines.v[i].text, s->modules) && any_vfio(r->arena, lines.v[i].text))
                        add(r, &lines.v[i], lines.v[i].text);
                else
                        tokens_in(r, &lines.v[i]);
        }
}

/* "0000:42:00.0, 10de:1b80": what of the script's a rule has now. */
static void script(struct remains *r, const struct boot_script *s, const char *then)
{
        const char *some = "";
        bool all = s->n > 0;

        for (size_t i = 0; i < s->n; i++) {
                const struct shell_bind *b = &s->binds[i];
                bool is = b->sense == SHELL_NAMED, of_ids;

                if (is && b->address)
                        is = addresses_taken(r, b->address);
                else if (is)
                        is = *taken_ids(r, b->ids, &of_ids) != '\0';
                if (is)
                        some = arena_join(r->arena, some, *some ? ", " : "", b->address ? b->address : b->ids, NULL);
                all &= is;
        }
        if (*some)
                add(r, &(struct conf_line){s->file, NULL, 0},
                    arena_join(r->arena, all ? "what it gives to vfio-pci: " : "of what it gives to vfio-pci ", some,
                               then, NULL));
}

static void scripts(struct remains *r, const struct maker *maker)
{
        struct boot_scripts list;
        const char *then =
                maker->command ? arena_join(r->arena, "; then ", maker->command(r->arena, NULL, NULL), NULL) : "";

        boot_scripts_read(&r->c->root, r->arena, maker->settings, &list);
        for (size_t i = 0; i < list.n; i++)
                script(r, &list.v[i], then);
}

/* Where a parameter stands; the running kernel's, if no file has it. */
static void command_lines(struct remains *r)
{
        struct ctl *c = r->c;
        struct boot_facts boot = {};
        size_t before = r->lines.n;
        char *text;
        size_t size;

        boot_detect(c->loaders, &c->root, r->arena, &boot);
        for (size_t i = 0; i < boot.n_files + boot.n_entries; i++) {
                const struct boot_file *file = i < boot.n_files ? &boot.files[i] : &boot.entries[i - boot.n_files];
                char *rest = arena_strdup(r->arena, file->text ? file->text : ""), *line;

                for (unsigned number = 1; (line = strsep(&rest, "\n")); number++)
                        if (*str_trim(line) != '#')
                                tokens_in(r, &(struct conf_line){file->path, line, number});
        }
        if (r->lines.n == before && root_look(&c->root, r->arena, IDS_CMDLINE, &text, &size) == SOURCE_READ)
                tokens_in(r, &(struct conf_line){"the kernel command line", text, 0});
}

static void driverctl(struct remains *r)
{
        struct rivals theirs = {};

        rivals_read_driverctl(&r->c->root, r->arena, &theirs);
        for (size_t i = 0; i < theirs.n_driverctl; i++)
                if (addresses_taken(r, theirs.driverctl[i].address))
                        add(r, &(struct conf_line){theirs.driverctl[i].file, NULL, 0}, theirs.driverctl[i].driver);
}

static void find_natives(struct remains *r)
{
        size_t n = r->c->facts.n_devices, *all = arena_alloc(r->arena, n * sizeof(*all));

        r->natives = arena_alloc(r->arena, n * sizeof(*r->natives));
        for (size_t i = 0; i < n; i++)
                all[i] = i;
        natives_known(&r->c->root, r->arena, &r->c->facts, all, n, r->natives);
}

struct strings remains_find(struct ctl *c)
{
        static const char *const loads[] = {"/etc/modules-load.d", NULL}, *const rules[] = {"/etc/udev/rules.d", NULL};
        struct remains r = {.c = c, .arena = &c->arena};
        struct conf_lines modprobe = {}, modules = {}, udev = {};

        find_natives(&r);
        driverctl(&r);
        conf_lines_modprobe(&c->root, r.arena, &modprobe);
        for (size_t i = 0; i < modprobe.n; i++)
                if (!comment(modprobe.v[i].text) && startswith(modprobe.v[i].file, "/etc/"))
                        modprobe_line(&r, &modprobe.v[i]);
        conf_lines_in(&c->root, r.arena, loads, ".conf", &modules);
        conf_lines_of(&c->root, r.arena, "/etc/modules", &modules);
        module_lines(&r, &modules);
        conf_lines_in(&c->root, r.arena, rules, ".rules", &udev);
        for (size_t i = 0; i < udev.n; i++)
                udev_line(&r, &udev.v[i]);
        for (size_t i = 0; c->makers[i]; i++) {
                for (const struct ids_settings *s = c->makers[i]->settings; s && s->files; s++)
                        maker_settings(&r, s);
                scripts(&r, c->makers[i]);
        }
        command_lines(&r);
        return r.lines;
}
