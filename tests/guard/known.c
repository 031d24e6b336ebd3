/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes that the product does not judge as the documents ask: one that it does is to leave this table. */
#include <string.h>

#include "shapes.h"

static const struct {
        const char *name, *why;
} known[] = {
        {"bcachefs with no source", "a type that needs a disk and shows none withholds nothing"},
        {"rd.luks.key= as dracut has it", "it is not read as three parts: all storage is refused"},
        {"an idle volume of an active group, by its label",
         "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that fstab names, as the device mapper has it",
         "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that a mount unit names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that fstab names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"a group that crypttab names", "a physical volume's label is not read: a guest's volume stays as well"},
        {"a loop device of nobody knows what", "a loop device of an unknown file withholds nothing"},
        {"erofs in a file that is nowhere", "a type that needs a disk and shows none withholds nothing"},
        {"root of erofs without a disk", "a type that needs a disk and shows none withholds nothing"},
        {"root of composefs, its disk below /sysroot",
         "the mount behind an overlay is not looked for: all storage is refused"},
        {"root of composefs, mounted from what is nowhere",
         "the mount behind an overlay is not looked for: all storage is refused"},
        {"root of the file system composefs", "a type that needs a disk and shows none withholds nothing"},
        {"root of ubifs", "a type that needs a disk and shows none withholds nothing"},
        {"root of composefs, as its older releases have it",
         "the mount behind an overlay is not looked for: all storage is refused"},
        {"root of bcachefs with no source", "a type that needs a disk and shows none withholds nothing"},
        {"root of a type not yet invented", "a type that needs a disk and shows none withholds nothing"},
        {"root of a live medium", "the mount behind an overlay is not looked for: all storage is refused"},
        {"root of a program", "a type that needs a disk and shows none withholds nothing"},
        {"root in memory", "a root in memory refuses all storage"},
        {"root of a live medium, by the command line alone", "a root in memory refuses all storage"},
        {"networkd, by MAC with dots", "the address is spelled in a way that is not read: the interface goes"},
        {"networkd, by MAC with dashes", "the address is spelled in a way that is not read: the interface goes"},
        {"networkd, by the permanent MAC", "the address is spelled in a way that is not read: the interface goes"},
        {"root on NVMe over TCP", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root on ATA over Ethernet", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root of virtiofs", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over nbd by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over NVMe/TCP by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over FCoE by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root on iSCSI", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root on nbd", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root on Ceph's block device", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root of 9p", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root of ceph", "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over iSCSI by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"root over AoE by the command line",
         "a NIC goes that the default route is not on, and the root may be behind it"},
        {"a pool that is nowhere, beside a disk of a pool without a name",
         "a disk of no named pool makes the pool count as found: all other disks go"},
};

const char *known_shape(const char *name)
{
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i].name, name) == 0)
                        return known[i].why;
        return NULL;
}
