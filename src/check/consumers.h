/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The programs that place virtual machines, and what each demands of the host beyond what check judges for all. */

#include "check/row.h"

struct check_consumer {
        const char *name; /* of --for=, and the kind of its rows */
        void (*rows)(struct checker *c);
};

/* NULL behind the last. */
extern const struct check_consumer *const check_consumers[];

/* for-NAME.c */
extern const struct check_consumer check_for_cloudpods, check_for_kubevirt, check_for_nova, check_for_proxmox;
