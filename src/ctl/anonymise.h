/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names and numbers that identify a machine, replaced by others of the same shape: equal ones stay equal within one
 * capture, so that rules still match. The replacement is drawn at random, so nothing leads back.
 */

#include "base/arena.h"

struct secret;

struct anonymiser {
        struct arena *arena;
        struct secret *v;
        size_t n;
};

/* Letters and digits of s become others from here on, in each spelling (case, ':' or '-' between). 0 or -errno. */
int anonymiser_add(struct anonymiser *y, const char *s) _must_check_;
/* The same for a PCIe device serial number, which is also found in its binary form, size bytes at raw. */
int anonymiser_add_binary(struct anonymiser *y, const void *raw, size_t size, const char *s) _must_check_;

/* Replaces all of them in data, in place. */
void anonymiser_apply(const struct anonymiser *y, char *data, size_t size);

/* Blanks out values that open something: passwords and credentials of kernel command lines, fstab and crypttab. */
void redact_credentials(char *text);
