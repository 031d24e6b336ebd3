/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /run/passthrough/record: this boot's plan and what became of it. The executor writes it in the initrd, where it
 * survives switch-root; the host's units and `status` read it. A text file: one record a line, fields separated by
 * tabs, the first line names the format.
 */

#include "act/act.h"
#include "state/digest.h"

#define RECORD_PATH PASSTHROUGH_RUN "/record"

struct record_rule {
        const char *name, *file, *state, *message;
        uint64_t digest; /* of the rule's text, as struct rule has it */
        bool required;   /* for the boot to be complete */
};

struct record_device {
        const char *rule, *bus, *address, *id, *class, *action, *driver, *stage, *reason, *state, *from;
        int group;
        uint64_t at_us;
};

struct record_op {
        const char *op, *target, *value, *why, *stage;
};

/* Huge pages of one size, on one node or on the machine. */
struct record_pool {
        const char *size, *node; /* "1G"; "" for the machine */
        const char *state;       /* reserved, short or refused */
        const char *stage;       /* initrd or host */
        const char *reason;
        uint64_t asked, got; /* pages */
        uint64_t at_us;
};

struct record {
        bool done[STAGE_MAX_];     /* stages that were carried out */
        bool rescued;              /* no root was found until devices were given back: nothing more is taken */
        bool host;                 /* the host's own plan is in it, too: nothing is added to it any more */
        struct image_digest image; /* what the boot image was built from */
        struct record_rule *rules;
        size_t n_rules;
        struct record_device *devices;
        size_t n_devices;
        struct record_op *ops;
        size_t n_ops;
        struct record_pool *pools;
        size_t n_pools;
};

/* 0, -ENOENT where this boot has none, -EBADMSG where it is not one, or -errno. */
int record_read(const struct root *root, struct arena *a, struct record *ret) _must_check_;
int record_write(const struct root *root, const struct record *record) _must_check_;

/*
 * Takes over a plan, of which stage was carried out: what the record has of its rules is replaced, unless a device
 * there is bound or late already. With rule not NULL, only that rule.
 */
void record_merge(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                  enum stage stage, const char *rule);

/*
 * The same for the entries that are chosen, around a device that came later: what was at its address before is
 * forgotten, and once it is taken also what its rule had and is gone. A rule that is satisfied without it stays that.
 */
void record_merge_chosen(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                         const bool *chosen, size_t entry);

/*
 * A device of a rule was given back by hand, and now has a driver of the host or (NULL) none. The rule is skipped from
 * then on, until it is bound by hand or the next boot.
 */
void record_release(struct record *record, struct arena *a, const struct plan *plan, const char *rule, size_t device,
                    const struct result *result);

/*
 * Whoever reads the record to write it anew holds this: a descriptor, or -errno; -EBUSY where somebody else holds it
 * for so many seconds. 0: wait for as long as it takes.
 */
int record_lock(const struct root *root, unsigned patience) _must_check_;

const struct record_rule *record_find(const struct record *record, const char *rule);
/* The device at an address, or NULL. */
struct record_device *record_find_device(const struct record *record, const char *address);
/* That device, or one more with nothing but the address. */
struct record_device *record_device_at(struct record *record, struct arena *a, const char *address);
/* Every device of the rule is bound or late, and the plan had nothing against it. */
bool record_satisfied(const struct record *record, const struct record_rule *rule);
bool record_device_taken(const struct record_device *d);
