/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/ids.h"

#include <ctype.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/boot-scripts.h"
#include "facts/conf-lines.h"
#include "facts/gather.h"
#include "facts/rivals.h"

static const char *const drivers[IDS_DRIVERS] = {"vfio-pci", "pci-stub"};

/* '-' and '_' are one. */
static const char *driver_named(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
                if (cmdline_name_is(name, drivers[i]))
                        return drivers[i];
        return NULL;
}

/* Text is for people, and from files of others. */
static void add_line(struct arena *a, struct ids *ids, const struct ids_line *line)
{
        struct ids_line *slot;

        for (size_t i = 0; i < ids->n_lines; i++) /* a menu repeats its settings */
                if (line->cmdline && ids->lines[i].cmdline && streq(ids->lines[i].text, line->text))
                        return;
        slot = arena_grow(a, &ids->lines, ids->n_lines, sizeof(*slot));
        *slot = *line;
        slot->file = str_printable(a, line->file);
        slot->text = str_printable(a, line->text);
        ids->n_lines++;
}

static void add_loader(struct arena *a, struct ids *ids, const char *driver, const char *file, const char *text)
{
        struct ids_loader *slot;

        for (size_t i = 0; i < ids->n_loaders; i++)
                if (streq(ids->loaders[i].driver, driver))
                        return;
        slot = arena_grow(a, &ids->loaders, ids->n_loaders, sizeof(*slot));
        *slot = (struct ids_loader){driver, str_printable(a, file), text ? str_printable(a, text) : NULL};
        ids->n_loaders++;
}

/* What is in there is not known. */
static void add_unreadable(struct arena *a, struct ids *ids, const char *file)
{
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
                add_loader(a, ids, drivers[i], file, NULL);
}

/* ---- text that names a driver ------------------------------------------------------------------------------------ */

/* As a word of its own: "modprobe vfio-pci;" has it, "/sbin/vfio-pci-override" has not. */
static bool has_word(const char *text, const char *driver)
{
        size_t n = strlen(driver);

        for (const char *c = text; *c; c++) {
                char word[16] = "";

                if (c > text && (isalnum((unsigned char)c[-1]) || strchr("_-./", c[-1])))
                        continue;
                strncpy(word, c, n);
                if (cmdline_name_is(word, driver) && !isalnum((unsigned char)c[n]) && (!c[n] || !strchr("_-.", c[n])))
                        return true;
        }
        return false;
}

/* "modprobe vfio-pci ids=8086:10d3": who loads the driver may bring ids= of its own. */
static void add_given(struct arena *a, struct ids *ids, const char *driver, const char *file, const char *text)
{
        for (const char *c = text; (c = strstr(c, "ids=")); c += strlen("ids=")) {
                const char *value = c + strlen("ids=");
                size_t n = strcspn(value, " \t\"';&|)");

                if (n > 0 && c > text && strchr(" \t\"'", c[-1]))
                        add_line(a, ids,
                                 &(struct ids_line){.driver = driver,
                                                    .file = file,
                                                    .text = text,
                                                    .value = arena_strndup(a, value, n)});
        }
}

static void add_loaders(struct arena *a, struct ids *ids, const char *file, const char *names, const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
                if (!has_word(names, drivers[i]))
                        continue;
                add_loader(a, ids, drivers[i], file, text);
                add_given(a, ids, drivers[i], file, text);
        }
}

/* ---- modprobe.d -------------------------------------------------------------------------------------------------- */

/* Whether libkmod reads it behind the other line: files by their names, whichever directory they are in. */
static bool comes_later(const struct ids_line *line, const struct ids_line *other)
{
        return !other || strcmp(str_basename(line->file), str_basename(other->file)) >= 0;
}

/*
 * The kernel splits a module's options as it does its command line; of several ids= the last counts, be it empty.
 * latest: of that driver, so far.
 */
static void options(struct arena *a, const struct conf_line *l, const char *driver, const char *rest, struct ids *ids,
                    struct ids_line *latest)
{
        struct ids_line line = {.driver = driver, .file = l->file, .text = l->text};
        const struct token *t;
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(a, rest, &tokens, &n, &unclosed);
        t = cmdline_last(tokens, n, "ids");
        if (!t || !t->value)
                return;
        line.value = t->value;
        if (comes_later(&line, latest->file ? latest : NULL))
                *latest = line;
        if (*line.value)
                add_line(a, ids, &line);
}

static void modprobe_line(struct arena *a, const struct conf_line *l, struct ids *ids,
                          struct ids_line latest[static IDS_DRIVERS])
{
        const char **words, *driver, *rest;
        size_t n;

        str_words(a, l->text, &words, &n);
        if (n < 3)
                return;
        driver = driver_named(words[1]);
        rest = strstr(l->text + strlen(words[0]), words[1]) + strlen(words[1]);
        if (streq(words[0], "options") && driver)
                options(a, l, driver, rest, ids, &latest[driver == drivers[0] ? 0 : 1]);
        else if (streq(words[0], "install") && driver)
                add_given(a, ids, driver, l->file, l->text);
        else if ((streq(words[0], "softdep") || streq(words[0], "install") || streq(words[0], "alias")) && !driver)
                add_loaders(a, ids, l->file, rest, l->text);
}

void ids_read_modprobe(const struct root *root, struct arena *a, struct ids *ret)
{
        struct ids_line latest[IDS_DRIVERS] = {};
        struct conf_lines lines = {};

        *ret = (struct ids){};
        conf_lines_modprobe(root, a, &lines);
        for (size_t i = 0; i < lines.n; i++)
                if (!lines.v[i].text)
                        add_unreadable(a, ret, lines.v[i].file);
                else
                        modprobe_line(a, &lines.v[i], ret, latest);
        for (size_t i = 0; i < ret->n_lines; i++)
                for (size_t k = 0; k < IDS_DRIVERS; k++)
                        ret->lines[i].last |= latest[k].value && ret->lines[i].value == latest[k].value;
}

/* ---- the kernel command line ------------------------------------------------------------------------------------- */

/* In an initrd, by today's names and those of before; systemd-modules-load.service(8). */
static bool loads_modules(const char *name)
{
        static const char *const names[] = {"rd.driver.pre", "rd.driver.post", "rdloaddriver",
                                            "rdinsmodpost",  "modules_load",   "rd.modules_load"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (cmdline_name_is(name, names[i]))
                        return true;
        return false;
}

static const char *driver_of_ids(const char *name)
{
        size_t n = strcspn(name, ".");
        char module[16] = "";

        if (n >= sizeof(module) || !streq(name + n, ".ids"))
                return NULL;
        memcpy(module, name, n);
        return driver_named(module);
}

static void add_tokens(struct arena *a, const char *file, const char *line, bool loaders_alone, struct ids *ids)
{
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(a, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const struct token *t = &tokens[i];
                const char *driver = driver_of_ids(t->name);

                if (t->value && loads_modules(t->name))
                        add_loaders(a, ids, file, t->value, t->text);
                if (t->value && *t->value && driver && !loaders_alone)
                        add_line(a, ids,
                                 &(struct ids_line){.driver = driver,
                                                    .cmdline = true,
                                                    .file = file,
                                                    .text = t->text,
                                                    .value = t->value});
        }
}

void ids_add_cmdline(struct arena *a, const char *file, const char *line, struct ids *ids)
{
        add_tokens(a, file, line, false, ids);
}

/* ---- other files ------------------------------------------------------------------------------------------------- */

static bool comment(const char *text)
{
        return !*text || *text == '#' || *text == ';';
}

static void add_modules(struct arena *a, const struct conf_lines *lines, struct ids *ids)
{
        for (size_t i = 0; i < lines->n; i++)
                if (!lines->v[i].text)
                        add_unreadable(a, ids, lines->v[i].file);
                else if (!comment(lines->v[i].text))
                        add_loaders(a, ids, lines->v[i].file, lines->v[i].text, lines->v[i].text);
}

/* modules-load.d(5), but for /run, which the next boot has not; and Debian's /etc/modules. */
static void module_lists(const struct root *root, struct arena *a, struct ids *ids)
{
        static const char *const dirs[] = {"/etc/modules-load.d", "/usr/local/lib/modules-load.d",
                                           "/usr/lib/modules-load.d", "/lib/modules-load.d", NULL};
        struct conf_lines lines = {};

        conf_lines_in(root, a, dirs, ".conf", &lines);
        /* systemd reads it through this link. */
        if (!root_exists(root, "/etc/modules-load.d/modules.conf"))
                conf_lines_of(root, a, "/etc/modules", &lines);
        add_modules(a, &lines, ids);
}

/* driverctl(8) loads what its files name, device for device as they appear. */
static void driverctl(const struct root *root, struct arena *a, struct ids *ids)
{
        struct rivals rivals = {};

        rivals_read_driverctl(root, a, &rivals);
        for (size_t i = 0; i < rivals.n_driverctl; i++)
                add_loaders(a, ids, rivals.driverctl[i].file, rivals.driverctl[i].driver, rivals.driverctl[i].driver);
}

/* The administrator's rules of udev(7), where they load modules. */
static void udev_rules(const struct root *root, struct arena *a, struct ids *ids)
{
        static const char *const dirs[] = {"/etc/udev/rules.d", "/usr/local/lib/udev/rules.d", NULL};
        struct conf_lines lines = {};

        conf_lines_in(root, a, dirs, ".rules", &lines);
        for (size_t i = 0; i < lines.n; i++) {
                const char *text = lines.v[i].text;

                if (!text)
                        add_unreadable(a, ids, lines.v[i].file);
                else if (!comment(text) && (strstr(text, "kmod") || strstr(text, "modprobe")))
                        add_loaders(a, ids, lines.v[i].file, text, text);
        }
}

void ids_read(const struct root *root, struct arena *a, struct ids *ret)
{
        ids_read_modprobe(root, a, ret);
        module_lists(root, a, ret);
        driverctl(root, a, ret);
        udev_rules(root, a, ret);
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static void read_kernel(const struct root *root, struct arena *a, const char *release, struct module *ret)
{
        for (size_t i = 0; i < IDS_DRIVERS; i++)
                ret[i] = (struct module){.name = drivers[i]};
        modules_look_up(root, a, release, ret, IDS_DRIVERS);
}

/* The next boot need not be of the one that runs. */
void ids_read_kernels(const struct root *root, struct arena *a, struct ids *ids)
{
        char running[256];
        const char **releases;
        struct module of[IDS_DRIVERS];
        size_t n;

        for (size_t i = 0; i < IDS_DRIVERS; i++)
                ids->drivers[i] = (struct ids_driver){.name = drivers[i], .unknown = true};
        if (ids->n_lines == 0)
                return;
        if (root_read(root, "/proc/sys/kernel/osrelease", running, sizeof(running)) <= 0)
                *running = '\0';
        root_look_in(root, a, "/lib/modules", &releases, &n);
        for (size_t r = 0; r < n; r++) {
                read_kernel(root, a, releases[r], of);
                for (size_t i = 0; i < IDS_DRIVERS; i++) {
                        struct ids_driver *d = &ids->drivers[i];

                        d->builtin = of[i].state == MODULE_BUILTIN ? releases[r] : d->builtin;
                        d->module |= of[i].state == MODULE_LOADABLE;
                        d->unknown &= of[i].state == MODULE_UNKNOWN || !streq(releases[r], running);
                }
        }
}

/* ---- settings of boot images ------------------------------------------------------------------------------------- */

/* NAME= or NAME+= of a shell's file, and what stands behind it up to the end of its quotes or its list. */
static bool next_value(struct arena *a, char **text, const char *name, char **ret)
{
        size_t n = strlen(name), end;

        for (char *c = *text; (c = strstr(c, name)); c += n) {
                char *value = c + n + (c[n] == '+');
                const char *ends;

                if (*value != '=' || (c > *text && !strchr("\n\t ;", c[-1])))
                        continue;
                value++;
                ends = *value == '"' ? "\"" : *value == '\'' ? "'" : *value == '(' ? ")" : " \t\n;";
                value += *value && strchr("\"'(", *value);
                end = strcspn(value, ends);
                *ret = arena_strndup(a, value, end);
                *text = value + end;
                return true;
        }
        return false;
}

/* The lines of one file from *at on, less its comments. */
static char *shell_text(struct arena *a, const struct conf_lines *lines, size_t *at)
{
        const char *file = lines->v[*at].file;
        struct strings text = {};

        for (; *at < lines->n && lines->v[*at].text && streq(lines->v[*at].file, file); ++*at)
                if (!comment(lines->v[*at].text)) {
                        strings_add(a, &text, lines->v[*at].text);
                        strings_add(a, &text, "\n");
                }
        return strings_text(a, &text);
}

static void add_variables(struct arena *a, const struct conf_lines *lines, const struct ids_settings *s,
                          struct ids *ids)
{
        for (size_t at = 0; at < lines->n;) {
                const char *file = lines->v[at].file;
                char *text, *rest, *value;

                if (!lines->v[at].text) {
                        add_unreadable(a, ids, file);
                        at++;
                        continue;
                }
                text = shell_text(a, lines, &at);
                for (rest = text; next_value(a, &rest, s->modules, &value);)
                        add_loaders(a, ids, file, value, s->modules);
                for (rest = text; s->arguments && next_value(a, &rest, s->arguments, &value);)
                        add_tokens(a, file, value, true, ids);
        }
}

static void add_arguments(struct arena *a, const struct conf_lines *lines, struct ids *ids)
{
        for (size_t i = 0; i < lines->n; i++)
                if (lines->v[i].text)
                        add_tokens(a, lines->v[i].file, lines->v[i].text, true, ids);
                else
                        add_unreadable(a, ids, lines->v[i].file);
}

/* A script loads the driver by name; what only copies it into an image does not. */
static void add_scripts(struct arena *a, const struct conf_lines *lines, struct ids *ids)
{
        for (size_t i = 0; i < lines->n; i++) {
                const char *text = lines->v[i].text;

                if (!text)
                        add_unreadable(a, ids, lines->v[i].file);
                else if (strstr(text, "modprobe ") || strstr(text, "insmod ") || strstr(text, "force_load "))
                        add_loaders(a, ids, lines->v[i].file, text, text);
        }
}

void ids_add_settings(const struct root *root, struct arena *a, const struct ids_settings *s, struct ids *ids)
{
        struct conf_lines lines = {};
        size_t before = ids->n_lines;

        for (size_t i = 0; s->files[i]; i++)
                conf_lines_of(root, a, s->files[i], &lines);
        if (s->form == IDS_SCRIPTS)
                boot_scripts_lines(root, a, s, &lines);
        else
                conf_lines_in(root, a, s->dirs, ".conf", &lines);
        if (s->form == IDS_SCRIPTS)
                add_scripts(a, &lines, ids);
        else if (s->form == IDS_SHELL)
                add_variables(a, &lines, s, ids);
        else if (s->form == IDS_ARGUMENTS)
                add_arguments(a, &lines, ids);
        else
                add_modules(a, &lines, ids);
        for (size_t i = before; i < ids->n_lines; i++)
                ids->lines[i].image = true;
}
