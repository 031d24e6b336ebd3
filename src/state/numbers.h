/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /var/lib/passthrough/numbers: which number each device has of a rule that takes several, told by who the device is,
 * wherever it sits. None is ever given to another device.
 */

#include "facts/facts.h"

#define NUMBERS_PATH "/var/lib/passthrough/numbers"

struct number {
        uint32_t n;
        struct clearance_device who; /* with its rule; the rest of it is not kept */
};

struct numbers {
        struct number *v;
        size_t n;
        bool changed;
};

/* Empty if there is none. 0, RECFILE_MALFORMED: what was given then is not known, or -errno. */
int numbers_read(const struct root *root, struct arena *a, struct numbers *ret) _must_check_;
int numbers_write(const struct root *root, struct arena *a, const struct numbers *numbers) _must_check_;

/* Who reads them to write them anew holds this descriptor, and waits for nobody meanwhile. 0 or -errno. */
int numbers_lock(const struct root *root, int *ret) _must_check_;

/* Puts each device's number of the rule into ret; devices are positions in facts. Pure. */
void numbers_assign(struct numbers *numbers, struct arena *a, const struct facts *facts, const char *rule,
                    const size_t *devices, size_t n, uint32_t *ret);
