/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Scripts that people put into boot images, and what those give to vfio-pci. */

#include "facts/conf-lines.h"
#include "facts/ids.h"
#include "facts/shell-binds.h"

struct boot_script {
        const char *file;
        enum script_turn {
                SCRIPT_EARLY, /* before the initrd has udev load drivers */
                SCRIPT_LATE,
                SCRIPT_BUILD, /* while an image is built */
        } turn;
        const char *left; /* why nothing is known of it: "cannot be read"; else NULL */
        struct shell_bind *binds;
        size_t n;
};

struct boot_scripts {
        struct boot_script *v; /* that have any, or of which nothing is known */
        size_t n;
};

/* settings: of a maker, up to the one without files. */
static inline bool boot_scripts_are_known(const struct ids_settings *settings)
{
        while (settings && settings->files && settings->form != IDS_SCRIPTS)
                settings++;
        return settings && settings->files;
}

void boot_scripts_read(const struct root *root, struct arena *a, const struct ids_settings *settings,
                       struct boot_scripts *ret);
/* Adds the lines of those scripts that name a driver which takes ids=, less their comments. */
void boot_scripts_lines(const struct root *root, struct arena *a, const struct ids_settings *settings,
                        struct conf_lines *lines);
