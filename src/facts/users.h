/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Users and groups of the host, never of an initrd: nobody is known there. */

#include <stdint.h>

#include "base/root.h"

enum user_kind {
        USER,
        GROUP,
};

/* Nobody is called so: see user_find(). */
#define USER_NOBODY 1

/* The number of a name, or of a number itself. 0, USER_NOBODY, or -errno where that cannot be told. */
int user_find(const struct root *root, struct arena *a, enum user_kind kind, const char *name,
              uint32_t *ret) _must_check_;
