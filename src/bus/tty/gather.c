/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "bus/tty/tty.h"
#include "facts/facts.h"

/* Where the class's link leads, "/sys/devices/..."; NULL: no hardware is behind it. */
static const char *sysfs_path(const struct root *root, struct arena *a, const char *name)
{
        static const char up[] = "../../devices/";
        char *link = arena_join(a, TTY_CLASS "/", name, NULL), target[PATH_MAX];

        if (root_readlink(root, link, target, sizeof(target)) <= 0 || !startswith(target, up) ||
            startswith(target, "../../devices/virtual/"))
                return NULL;
        return arena_join(a, "/sys/devices/", target + sizeof(up) - 1, NULL);
}

static void gather_port(const struct root *root, struct arena *a, struct device *d)
{
        struct tty_port *port = arena_alloc(a, sizeof(*port));
        char text[16];

        *port = (struct tty_port){.node = arena_join(a, "/dev/", d->address, NULL)};
        port->absent = root_read(root, arena_join(a, d->sysfs, "/type", NULL), text, sizeof(text)) > 0 &&
                       (*text == '0' && (!text[1] || text[1] == '\n'));
        d->own = port;
        d->path = d->address;
        d->identified = d->detailed = true;
        d->roles = tty_bus.roles(d->class);
        d->group = NO_GROUP;
        d->index = UINT32_MAX;
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, TTY_CLASS, &names, &n);

        (void)request;
        if (k < 0)
                return k == -ENOENT ? 0 : k;
        facts->devices = arena_alloc(a, n * sizeof(*facts->devices));
        for (size_t i = 0; i < n; i++) {
                struct device *d = &facts->devices[facts->n_devices];
                const char *sysfs = startswith(names[i], "tty") ? sysfs_path(root, a, names[i]) : NULL;

                if (!sysfs)
                        continue;
                *d = (struct device){.bus = &tty_bus, .address = names[i], .sysfs = sysfs};
                gather_port(root, a, d);
                facts->n_devices++;
        }
        return 0;
}

const struct bus_source tty_source = {.bus = &tty_bus, .gather = gather};
