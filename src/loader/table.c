/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/table.h"

#include <stddef.h>

/*
 * One line for each way to boot. They are asked in this order; of those that go by the same files the first is taken.
 */
#define LOADERS(is)                                                                                                    \
        is(loader_image_based) is(loader_proxmox) is(loader_sdbootutil) is(loader_uki) is(loader_grub_debian)          \
                is(loader_bls) is(loader_grub2) is(loader_sd_boot)

#define DECLARE(name) extern const struct loader name;
#define POINT(name)   &name,

LOADERS(DECLARE)

const struct loader *const loader_table[] = {LOADERS(POINT) NULL};
