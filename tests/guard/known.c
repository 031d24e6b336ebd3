/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes that the product does not judge as the documents ask: one that it does is to leave this table. */
#include <string.h>

#include "shapes.h"

static const struct {
        const char *name, *why;
} known[] = {
        {"an idle volume of an active group, by its label",
         "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that fstab names, as the device mapper has it",
         "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that a mount unit names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that fstab names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that crypttab names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"root of composefs, as its older releases have it",
         "the mount behind an overlay is not looked for: all storage is refused"},
        {"root in memory", "a root in memory refuses all storage"},
        {"root of a live medium, by the command line alone", "a root in memory refuses all storage"},
        {"networkd, by MAC with dots", "the address is spelled in a way that is not read: the interface goes"},
        {"networkd, by MAC with dashes", "the address is spelled in a way that is not read: the interface goes"},
        {"networkd, by the permanent MAC", "the address is spelled in a way that is not read: the interface goes"},
        {"root over nbd by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over NVMe/TCP by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over FCoE by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root of ceph", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over iSCSI by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over AoE by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"a mount unit that systemd-mount made", "this unit, or what it says there, is not read"},
        {"a mount unit with a comment amid a continued line", "this unit, or what it says there, is not read"},
        {"a mount unit's options", "this unit, or what it says there, is not read"},
        {"a mount unit that a generator made", "this unit, or what it says there, is not read"},
        {"a second path by its name alone", "paths of one disk are not told by its identification"},
        {"a cache that is registered, and attached to nothing", "registered caches are not looked for"},
        {"root on nbd, of a host that answers on nothing",
         "Uplink=none frees the NICs of a root that is over the network"},
};

const char *known_shape(const char *name)
{
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i].name, name) == 0)
                        return known[i].why;
        return NULL;
}
