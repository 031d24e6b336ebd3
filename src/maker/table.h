/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * NULL behind the last. The second has the initrds of those makers that are served: programs in a boot image use it
 * alone, and so get none of the makers' code.
 */

struct maker;
struct initrd;

extern const struct maker *const maker_table[];
extern const struct initrd *const initrd_table[];
