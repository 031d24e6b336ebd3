/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host's own volumes could be taken for those of a disk that is handed over: LVM, arrays, encryption. */
#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

/* rd.lvm.lv=, rd.md.uuid= and the like, on the command line or in what an image has in its place; or root= itself. */
static bool names_volumes(const char *text)
{
        static const char *const words[] = {
                "rd.lvm.lv=",        "rd.lvm.vg=",      "rd.md.uuid=",       "rd.luks.uuid=", "rd.luks.name=",
                "rd.luks.partuuid=", "rd.luks.serial=", "root=/dev/mapper/", "root=/dev/md",  "root=/dev/dm-",
                "root=/dev/bcache",  "root=zfs",        "root=ZFS",          "luks.uuid="};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strstr(text, words[i]))
                        return true;
        return false;
}

void guard_volumes(struct graph *g)
{
        struct facts *facts = g->facts;
        const char **names, *rest, *line, *end;
        char *text;
        size_t n;

        /* What cannot be read may name some. */
        facts->root_on_volumes = !facts->cmdline || names_volumes(facts->cmdline);
        guard_list(g, "/etc/cmdline.d", &names, &n);
        for (size_t i = 0; i < n; i++) {
                guard_read(g, arena_join(g->arena, "/etc/cmdline.d/", names[i], NULL), &text);
                facts->root_on_volumes |= names_volumes(text);
        }
        facts->lvm_filters = root_exists(g->root, "/etc/lvm/lvmlocal.conf");
        guard_read(g, "/etc/lvm/lvm.conf", &text);
        for (rest = text; (line = guard_line(&rest, &end));) {
                line += strspn(line, " \t");
                facts->lvm_filters |= startswith(line, "global_filter") || startswith(line, "filter");
        }
}
