/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The tokens that a config needs, as those take them who put them on the kernel command line. */

#include <stdio.h>

#include "plan/needs.h"

enum kargs_format {
        KARGS_PLAIN,  /* the tokens, on one line */
        KARGS_GRUB,   /* /etc/default/grub.d/NAME.cfg */
        KARGS_KERNEL, /* /etc/kernel/cmdline, where they join what is there */
        KARGS_BOOTC,  /* /usr/lib/bootc/kargs.d/NAME.toml */
        KARGS_MAX_,
};
extern const char *const kargs_format_names[KARGS_MAX_];

void kargs_print(FILE *f, const struct needs *needs, enum kargs_format format);
/* Why each of them, for people. */
void kargs_reasons(FILE *f, const struct needs *needs, struct arena *a);
