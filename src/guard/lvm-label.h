/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What LVM has written on a physical volume (lvm2, lib/format_text/layout.h and lib/label/label.c). */

#include <stdbool.h>
#include <stddef.h>

#define LVM_NAME_MAX 128

/* The name of the group that a device is of, "" if it is of none. False where that cannot be read. */
bool lvm_label_group(const char *device, char ret[static LVM_NAME_MAX]);
