/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to boot that are recognised, so that people are told what to do there. */
#include "base/str.h"
#include "loader/loader.h"

#define ESP(path) "/efi" path, "/boot/efi" path, "/boot" path

/* zbm-kcl(8), sdbootutil(8); rEFInd's manual has refind_linux.conf, limine-entry-tool's README the other file. */
static const struct by_hand known[] = {
        {
                .name = "sdbootutil",
                .marks = (const char *const[]){"/usr/bin/sdbootutil", NULL},
                .bios = true,
                .entries = true,
                .parameters = "add them to /etc/kernel/cmdline, then sdbootutil update-all-entries",
                .build = "sdbootutil mkinitrd, then, where a TPM unlocks a disk, sdbootutil update-predictions",
        },
        {
                .name = "Unraid",
                .marks = (const char *const[]){"/etc/unraid-version", NULL},
                .bios = true,
                .parameters = "add them to each append line of /boot/syslinux/syslinux.cfg",
                .build = "nothing on this host: Unraid comes with its image (bzroot). Its own way is "
                         "/boot/config/vfio-pci.cfg, which Tools, System Devices writes",
        },
        {
                .name = "Limine",
                .info = "Limine",
                .marks = (const char *const[]){ESP("/limine.conf"), ESP("/limine/limine.conf"),
                                               ESP("/EFI/limine/limine.conf"), ESP("/EFI/BOOT/limine.conf"), NULL},
                .bios = true,
                .parameters = "add them to KERNEL_CMDLINE[default] in /etc/default/limine, then limine-update; without "
                              "that program, to each cmdline of limine.conf",
        },
        {
                .name = "rEFInd",
                .info = "rEFInd",
                .marks = (const char *const[]){"/boot/refind_linux.conf", ESP("/EFI/refind/refind.conf"),
                                               ESP("/EFI/BOOT/refind.conf"), NULL},
                .parameters = "add them to each line of /boot/refind_linux.conf",
        },
        {
                .name = "ZFSBootMenu",
                .marks = (const char *const[]){"/etc/zfsbootmenu/config.yaml", ESP("/EFI/zbm"), ESP("/EFI/ZBM"),
                                               ESP("/EFI/zfsbootmenu"), NULL},
                .bios = true,
                .parameters = "zbm-kcl -a PARAMETER, for each of them; it changes the property "
                              "org.zfsbootmenu:commandline of the root's data set",
        },
        {
                .name = "syslinux",
                .marks = (const char *const[]){"/boot/syslinux/syslinux.cfg", "/boot/extlinux/extlinux.conf", NULL},
                .bios = true,
                .last = true,
                .parameters = "add them to each append line of that file",
        },
};

static const char *mark_of(const struct detector *d, const struct by_hand *x)
{
        for (const char *const *mark = x->marks; *mark; mark++)
                if (d->probe->exists(d->probe, *mark))
                        return *mark;
        return NULL;
}

const struct by_hand *by_hand_find(const struct detector *d, bool other, const char **ret_mark)
{
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (d->info && known[i].info && startswith(d->info, known[i].info)) {
                        *ret_mark = d->info;
                        return &known[i];
                }
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                if ((!known[i].bios && d->efi == KNOWN_NO) || (known[i].last && other) ||
                    (known[i].entries && d->facts->n_entries == 0))
                        continue;
                *ret_mark = mark_of(d, &known[i]);
                if (*ret_mark)
                        return &known[i];
        }
        return NULL;
}

const struct by_hand *by_hand_named(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (streq(known[i].name, name))
                        return &known[i];
        return NULL;
}
