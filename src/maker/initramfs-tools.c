/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initramfs-tools(7), recognised only. */
#include "maker/maker.h"

static const struct ids_settings settings[] = {
        {.files = (const char *const[]){"/etc/initramfs-tools/modules", NULL},
         .dirs = (const char *const[]){NULL},
         .form = IDS_MODULES},
        {},
};

const struct maker maker_initramfs_tools = {
        .name = "initramfs-tools",
        .programs = (const char *const[]){"/usr/sbin/mkinitramfs", "/usr/sbin/update-initramfs", NULL},
        .hooks = (const char *const[]){"/etc/kernel/postinst.d/initramfs-tools",
                                       "/usr/share/kernel/postinst.d/initramfs-tools", NULL},
        .images = (const char *const[]){"initrd.img-*", NULL},
        .settings = settings,
};
