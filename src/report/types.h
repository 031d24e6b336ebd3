/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* list --types: which virtual GPUs each device offers, and how many of them still fit. */

#include "report/json-build.h"
#include "report/listing.h"

/* A type, over all that the device gives it to. */
struct types_row {
        const struct vgpu_type *type;
        uint32_t least, most; /* how many more fit, each if nothing else is made; where they differ, making one may take
                                 another's room */
        bool counted;         /* that is known */
};

struct types_of {
        size_t device;
        const struct vgpu_facts *is;
        enum vgpu_kind kind; /* of is; or VGPU_PLAIN */
        struct types_row *rows;
        size_t n;
        const char *none; /* why it offers none now, and what would help; or NULL */
};

/* It offers some, or would if it were set up. */
bool types_can_be(const struct device *d, const struct vgpu_facts *is);
/*
 * What the list is to show: the devices that offer some or could; with one (else NO_DEVICE) that device, whatever it
 * offers.
 */
struct types_of *types_find(const struct listing *list, size_t one, struct arena *a, size_t *ret_n) _must_check_;
void text_types(FILE *f, const struct listing *list, size_t one, struct arena *a);
void json_types(FILE *f, const struct listing *list, size_t one, struct arena *a, const struct diags *errors);
