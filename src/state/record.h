/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /run/passthrough/record: this boot's plan and what became of it. The executor writes it in the initrd, where it
 * survives switch-root; the host's units and `status` read it. See base/recfile.h for the form of the file.
 *
 * It is written before the first operation, when its devices are STATE_BEGUN and have their way back, and what came of
 * them is appended. So who finds a device begun knows how to give it back, and not whether there is anything to it.
 */

#include "act/act.h"
#include "base/recfile.h"
#include "state/digest.h"

#define RECORD_PATH PASSTHROUGH_RUN "/record"

struct record_rule {
        const char *name, *file;
        enum rule_state state;
        const char *message;
        uint64_t digest;       /* of the rule's text, as struct rule has it */
        bool required;         /* for the boot to be complete */
        const char *below;     /* the device that all of it goes along with, of which none shows; or NULL or "" */
        enum reason_kind kind; /* of the message */
        const char *about;     /* as struct reason has it, or NULL or "" */
};

struct record_device {
        const char *rule, *bus, *address, *id, *class;
        enum action action;
        const char *driver; /* "" where there is none */
        enum stage stage;   /* STAGE_AUTO: not known */
        const char *reason;
        enum device_state state;
        const char *from; /* of STATE_LATE and STATE_BEGUN, else "" */
        int group;
        uint64_t at_us;
        struct ops back;       /* as it was planned when the device was taken; earlier versions have none */
        const char *below;     /* the device that it went along with, whose state is its own; or NULL or "" */
        enum reason_kind kind; /* of the reason */
        const char *about;     /* as struct reason has it, or NULL or "" */
        const char *serial;    /* its number, or NULL or "" */
};

/* What came of a device that was begun. */
struct record_outcome {
        const char *address;
        enum device_state state;
        const char *from, *reason; /* reason "": the same as before */
        uint64_t at_us;
};

struct record_op {
        enum op_kind op;
        const char *target, *value, *why;
        enum stage stage;
};

enum pool_state {
        POOL_RESERVED,
        POOL_SHORT,
        POOL_REFUSED,
        POOL_STATE_MAX_,
};

/* Huge pages of one size, on one node or on the machine. */
struct record_pool {
        const char *size, *node; /* "1G"; "" for the machine */
        enum pool_state state;
        enum stage stage; /* initrd or host */
        const char *reason;
        uint64_t asked, got; /* pages */
        uint64_t at_us;
};

extern const char *const pool_state_names[POOL_STATE_MAX_];
/* The same as in stages, but "" for STAGE_AUTO. */
extern const char *const record_stage_names[STAGE_MAX_];

struct record {
        bool done[STAGE_MAX_];     /* stages that were carried out */
        bool rescued;              /* no root was found until devices were given back: nothing more is taken */
        bool host;                 /* the host's own plan is in it, too: nothing is added to it any more */
        struct image_digest image; /* what the boot image was built from */
        struct record_rule *rules;
        size_t n_rules;
        struct record_device *devices;
        size_t n_devices;
        struct record_outcome *outcomes; /* on their way to the file; what is read is in devices */
        size_t n_outcomes;
        struct record_op *ops;
        size_t n_ops;
        struct record_pool *pools;
        size_t n_pools;
};

/* 0, -errno, or an enum recfile_problem, after which *ret is empty. */
int record_read(const struct root *root, struct arena *a, struct record *ret) _must_check_;
/* The same, and no more than .host and the rules, without their state. */
int record_read_required(const struct root *root, struct arena *a, struct record *ret) _must_check_;
/* The same, with *ret for record_append(). The file is locked until that is closed. */
int record_write_open(const struct root *root, struct arena *a, const struct record *record, int *ret) _must_check_;
/* Appends the flags, outcomes and operations of what. 0 or -errno, after which the record is what it was before. */
int record_append(int fd, struct arena *a, const struct record *what) _must_check_;
/* 0 or -errno. */
int record_write(const struct root *root, struct arena *a, const struct record *record) _must_check_;

enum {
        RECORD_BUSY = 1, /* somebody else holds the lock */
};

/*
 * Whoever reads the record to write it anew holds this descriptor. patience: seconds to wait for it, or 0: as long as
 * it takes. 0, RECORD_BUSY, or -errno.
 */
int record_lock(const struct root *root, unsigned patience, int *ret) _must_check_;

struct record_rule *record_find(const struct record *record, const char *rule);
/* The rule's place, made where there is none. */
struct record_rule *record_rule_for(struct record *record, struct arena *a, const char *rule);
/* The device at an address, or NULL. */
struct record_device *record_find_device(const struct record *record, const char *address);
/* That device, or one more with nothing but the address. */
struct record_device *record_device_at(struct record *record, struct arena *a, const char *address);
/* To what is appended: what the device's place says now. reason: "" where that is as it was. */
void record_add_outcome(struct record *what, struct arena *a, const struct record_device *d, const char *reason);
/* What is said of a device or of a rule from now on. */
void record_say(struct record_device *d, enum reason_kind kind, const char *text, const char *about);
void record_tell(struct record_rule *rule, enum reason_kind kind, const char *text, const char *about);
/* Every device of the rule is bound or late, and the plan had nothing against it. */
bool record_satisfied(const struct record *record, const struct record_rule *rule);
/* What the device went along with, whose state is its own; else the device itself. */
const struct record_device *record_carrier(const struct record *record, const struct record_device *d);
/* What all of the rule went along with, or NULL. */
const struct record_device *record_rule_carrier(const struct record *record, const struct record_rule *rule);
/* Brings those states in line, after others have changed. */
void record_follow(struct record *record, struct arena *a);
/* It is of the device that is there now: of what comes and goes, another may have sat there. */
bool record_device_is(const struct record_device *x, const struct device *d);
/* It has the driver it was to have. */
bool record_device_taken(const struct record_device *d);
/* It may have that, or something of ours: taken or begun. Who gives devices back gives these back. */
bool record_device_held(const struct record_device *d);
