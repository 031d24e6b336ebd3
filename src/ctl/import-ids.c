/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ids= of vfio-pci and pci-stub hand over, in modprobe.d(5) and on the kernel command line, and what stands
 * beside them: driver_override in install lines, and what Xen's pciback hides. */
#include <ctype.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "config/driver.h"
#include "ctl/import.h"
#include "facts/conf-lines.h"
#include "facts/ids.h"

static void read_line(struct import *m, const char *prefix, const struct ids_line *line)
{
        struct arena *a = &m->edit.c->arena;
        struct strings ids = import_split_ids(a, line->value);

        for (size_t i = 0; i < ids.n; i++)
                import_add_ids(m, ids.v[i], prefix,
                               arena_printf(a, "%s of \"%s\" in %s", ids.v[i], line->text, line->file));
}

/* ---- modprobe.d ----------------------------------------------------------------------------------------------------
 */

#define OVERRIDE "/driver_override"

/* The device in front of "/driver_override", and whether there is one in the text at all. */
static bool next_override(struct arena *a, const char **text, const char **ret)
{
        const char *at = strstr(*text, OVERRIDE), *start = at;

        if (!at)
                return false;
        while (start > *text && (isxdigit((unsigned char)start[-1]) || strchr(":.", start[-1])))
                start--;
        *ret = arena_strndup(a, start, (size_t)(at - start));
        *text = at + strlen(OVERRIDE);
        return true;
}

/* "install vfio-pci echo vfio-pci > /sys/bus/pci/devices/0000:42:00.0/driver_override; modprobe -i vfio-pci" */
static void read_install(struct import *m, const struct conf_line *line)
{
        struct arena *a = &m->edit.c->arena;
        const char *from = str_printable(a, arena_printf(a, "\"%s\" in %s", line->text, line->file));
        const char *rest = line->text, *address;
        bool any = false;

        while (next_override(a, &rest, &address)) {
                size_t device;

                any = true;
                if (!facts_find_written(&m->edit.c->facts, address, &device))
                        import_note(m,
                                    "%s is left alone: the devices are not named in it; --from=running takes what "
                                    "vfio-pci has now",
                                    from);
                else if (device == NO_DEVICE)
                        import_note(m, "%s of %s is left alone: there is no such device here", address, from);
                else
                        import_device(m, from, "modprobe", device, NULL);
        }
        if (!any)
                import_note(m,
                            "%s is left alone: which devices it is about is not in it; --from=running takes what "
                            "vfio-pci has now",
                            from);
}

static void read_installs(struct import *m)
{
        struct arena *a = &m->edit.c->arena;
        struct conf_lines lines = {};

        conf_lines_modprobe(&m->edit.c->root, a, &lines);
        for (size_t i = 0; i < lines.n; i++) {
                const char **words;
                size_t n;

                if (!lines.v[i].text)
                        continue;
                str_words(a, lines.v[i].text, &words, &n);
                if (n >= 3 && streq(words[0], "install") &&
                    (cmdline_name_is(words[1], DRIVER_VFIO_PCI) || strstr(lines.v[i].text, OVERRIDE)))
                        read_install(m, &lines.v[i]);
        }
}

int import_modprobe(struct import *m)
{
        struct ids theirs;

        ids_read_modprobe(&m->edit.c->root, &m->edit.c->arena, &theirs);
        for (size_t i = 0; i < theirs.n_lines; i++) {
                const struct ids_line *line = &theirs.lines[i];

                if (!streq(line->driver, DRIVER_VFIO_PCI) || !startswith(line->text, "options"))
                        continue;
                if (!line->last)
                        import_note(m, "\"%s\" in %s is left alone: another line has the last word", line->text,
                                    line->file);
                else
                        read_line(m, "modprobe", line);
        }
        read_installs(m);
        return 0;
}

/* ---- the kernel command line ---------------------------------------------------------------------------------------
 */

/* "(0000:01:00.0)(0000:01:00.1)" */
static void read_hidden(struct import *m, const struct token *t)
{
        struct arena *a = &m->edit.c->arena;
        char *copy = arena_strdup(a, t->value ? t->value : ""), *address;

        while ((address = strsep(&copy, "()"))) {
                const char *from =
                        str_printable(a, arena_printf(a, "%s of \"%s\" in %s", address, t->text, IDS_CMDLINE));
                size_t device;

                if (!*address)
                        continue;
                if (!facts_find_written(&m->edit.c->facts, address, &device) || device == NO_DEVICE)
                        import_note(m, "%s is left alone: there is no such device here", from);
                else
                        import_device(m, from, "cmdline", device, NULL);
        }
}

/* Of a module's parameter that is given twice the last one counts. */
static bool overruled(const struct ids *ids, size_t line)
{
        for (size_t i = line + 1; i < ids->n_lines; i++)
                if (streq(ids->lines[i].driver, ids->lines[line].driver))
                        return true;
        return false;
}

int import_cmdline(struct import *m)
{
        struct ctl *c = m->edit.c;
        struct ids ids = {};
        struct token *tokens;
        char *line;
        bool unclosed;
        size_t n;

        if (root_look(&c->root, &c->arena, IDS_CMDLINE, &line, &n) != SOURCE_READ)
                return 0;
        ids_add_cmdline(&c->arena, IDS_CMDLINE, line, &ids);
        for (size_t i = 0; i < ids.n_lines; i++)
                if (overruled(&ids, i))
                        import_note(m, "\"%s\" is left alone: another one has the last word", ids.lines[i].text);
                else
                        read_line(m, "cmdline", &ids.lines[i]);
        cmdline_split(&c->arena, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++)
                if (cmdline_name_is(tokens[i].name, "xen-pciback.hide") ||
                    cmdline_name_is(tokens[i].name, "pciback.hide"))
                        read_hidden(m, &tokens[i]);
        return 0;
}
