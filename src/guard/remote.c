/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks that come over a network: by which way, as far as sysfs tells. */
#include <limits.h>

#include "base/str.h"
#include "guard/source.h"
#include "guard/storage.h"

/* Sessions of iSCSI say where they go: the routes show by which interface. */
bool guard_iscsi_by_ip(struct graph *g)
{
        const char **names;
        char text[128];
        size_t n;

        if (guard_list(g, "/sys/class/iscsi_connection", &names, &n) != SOURCE_READ)
                return false;
        for (size_t i = 0; i < n; i++)
                if (guard_attribute(
                            g,
                            arena_join(g->arena, "/sys/class/iscsi_connection/", names[i], "/persistent_address", NULL),
                            text, sizeof(text)) <= 0)
                        return false;
        return n > 0;
}

const char *guard_fabric(struct graph *g, const char *controller)
{
        const char *link = arena_join(g->arena, "/sys/class/nvme/", controller, NULL);
        char text[PATH_MAX];

        if (guard_readlink(g, link, text, sizeof(text)) > 0 && !strstr(text, "/nvme-fabrics/"))
                return NULL;
        guard_attribute(g, arena_join(g->arena, link, "/transport", NULL), text, sizeof(text));
        return arena_strdup(g->arena, text);
}

bool guard_fabrics_by_tcp(struct graph *g)
{
        const char **names;
        bool seen = false;
        size_t n;

        guard_list(g, "/sys/class/nvme", &names, &n);
        for (size_t i = 0; i < n; i++) {
                const char *fabric = guard_fabric(g, names[i]);

                if (fabric && !streq(fabric, "tcp"))
                        return false;
                seen |= fabric != NULL;
        }
        return seen;
}
