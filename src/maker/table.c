/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/table.h"

#include <stddef.h>

/* One line for each maker, the preferred first: its images can have the rules, or it is only recognised. */
#define SERVED(is)     is(dracut) is(initramfs_tools)
#define RECOGNISED(is) is(mkinitcpio)

#define DECLARE_MAKER(name)  extern const struct maker maker_##name;
#define DECLARE_INITRD(name) extern const struct initrd initrd_##name;
#define POINT_MAKER(name)    &maker_##name,
#define POINT_INITRD(name)   &initrd_##name,

SERVED(DECLARE_MAKER)
RECOGNISED(DECLARE_MAKER)
SERVED(DECLARE_INITRD)

const struct maker *const maker_table[] = {SERVED(POINT_MAKER) RECOGNISED(POINT_MAKER) NULL};
const struct initrd *const initrd_table[] = {SERVED(POINT_INITRD) NULL};
