/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initramfs-tools(7), recognised only. */
#include "maker/maker.h"

#define SCRIPTS "/etc/initramfs-tools/scripts/"

static const struct ids_settings settings[] = {
        {.files = (const char *const[]){"/etc/initramfs-tools/modules", NULL},
         .dirs = (const char *const[]){NULL},
         .form = IDS_MODULES},
        {.files = (const char *const[]){NULL},
         .dirs = (const char *const[]){SCRIPTS "init-top", SCRIPTS "init-premount", SCRIPTS "local-top",
                                       SCRIPTS "local-block", SCRIPTS "local-premount", SCRIPTS "local-bottom",
                                       SCRIPTS "nfs-top", SCRIPTS "nfs-premount", SCRIPTS "nfs-bottom",
                                       SCRIPTS "init-bottom", NULL},
         .form = IDS_SCRIPTS,
         .early = SCRIPTS "init-top",
         .coldplug = "udev"},
        {.files = (const char *const[]){NULL},
         .dirs = (const char *const[]){"/etc/initramfs-tools/hooks", NULL},
         .form = IDS_SCRIPTS},
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
