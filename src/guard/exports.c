/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that the host gives to others: by the kernel's own targets (Documentation/target, Documentation/nvme), which
 * hold a disk without anybody seeing it; and what configures these, DRBD and zram.
 */
#include "base/str.h"
#include "guard/fields.h"
#include "guard/source.h"
#include "guard/storage.h"

/* A directory's subdirectories, and of each of these one more: the last has a file that says which disk it is. */
static void walk(struct graph *g, const char *dir, const char *const *levels, const char *what)
{
        const char **names;
        char text[4096];
        size_t n;

        if (!*levels) {
                if (guard_attribute(g, dir, text, sizeof(text)) > 0)
                        guard_use_options(g, text, what);
                return;
        }
        if (**levels) {
                walk(g, arena_join(g->arena, dir, "/", *levels, NULL), levels + 1, what);
                return;
        }
        guard_list(g, dir, &names, &n);
        for (size_t i = 0; i < n; i++)
                walk(g, arena_join(g->arena, dir, "/", names[i], NULL), levels + 1, what);
}

/* JSON, or lines of which those that begin with "#" or ";" say nothing. */
static void configured(struct graph *g, const char *path)
{
        const char *rest, *line, *end;
        char *text;

        guard_read(g, guard_in_root(g, path), &text);
        for (char *c = text; (c = strpbrk(c, "\r{}[]<>()'")); c++)
                *c = ' ';
        for (rest = text; (line = guard_line(&rest, &end));) {
                line += strspn(line, " \t");
                if (*line != '#' && *line != ';')
                        guard_use_options(g, arena_strndup(g->arena, line, (size_t)(end - line)), path);
        }
}

void guard_exports(struct graph *g)
{
        /* "": whatever names there are */
        static const char *const lio[] = {"", "", "udev_path", NULL};
        static const char *const nvmet[] = {"", "namespaces", "", "device_path", NULL};
        static const char *const passed[] = {"", "passthru", "device_path", NULL};
        static const char *const files[] = {"/etc/target/saveconfig.json",
                                            "/etc/rtslib-fb-target/saveconfig.json",
                                            "/etc/nvmet/config.json",
                                            "/etc/tgt/targets.conf",
                                            "/etc/scst.conf",
                                            "/etc/systemd/zram-generator.conf"};
        static const char *const dirs[] = {"/etc/tgt/conf.d", "/etc/drbd.d", "/etc/systemd/zram-generator.conf.d"};
        const char **names;
        size_t n;

        walk(g, "/sys/kernel/config/target/core", lio, "an iSCSI target");
        walk(g, "/sys/kernel/config/nvmet/subsystems", nvmet, "an NVMe target");
        walk(g, "/sys/kernel/config/nvmet/subsystems", passed, "an NVMe target");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                configured(g, files[i]);
        for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
                guard_list(g, guard_in_root(g, dirs[d]), &names, &n);
                for (size_t i = 0; i < n; i++)
                        configured(g, arena_join(g->arena, dirs[d], "/", names[i], NULL));
        }
}
