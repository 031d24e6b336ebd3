/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mkinitcpio(8), recognised only. Its images have no release in their names: they are found by boot entries. */
#include "maker/maker.h"

/* mkinitcpio.conf(5) */
static const struct ids_settings settings[] = {
        {.files = (const char *const[]){"/etc/mkinitcpio.conf", NULL},
         .dirs = (const char *const[]){"/etc/mkinitcpio.conf.d", NULL},
         .form = IDS_SHELL,
         .modules = "MODULES"},
        {},
};

const struct maker maker_mkinitcpio = {
        .name = "mkinitcpio",
        .programs = (const char *const[]){"/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio", NULL},
        .hooks = (const char *const[]){"/usr/lib/kernel/install.d/50-mkinitcpio.install", NULL},
        .images = (const char *const[]){NULL},
        .settings = settings,
};
