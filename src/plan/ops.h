/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Operations: what is done to hand a device over, or to give it back, each in words that a person can follow. */

#include "base/arena.h"
#include "config/stage.h"

enum op_kind {
        OP_LOAD,    /* the module or driver named by target; value: driver_options() */
        OP_WRITE,   /* value to the file target */
        OP_VERIFY,  /* the link target ends in value */
        OP_HIDE,    /* value becomes the content of the file target; in an initrd alone */
        OP_COUNT,   /* the file target has value; likewise the next of virtual functions alone: see act/sriov.h */
        OP_NETLINK, /* value is set at the interface target, through rtnetlink(7) or ethtool */
        OP_DEVLINK, /* value is set at the device target, through devlink */
        OP_NVME,    /* value is what the NVMe controller target is told */
        OP_CLAIM,   /* udev has the device, whose numbers are in the file target, for the rule value; "": for any */
        OP_RUN,     /* the program target is run with the arguments in value; of virtual GPUs alone: see act/vgpu.h */
        OP_MAX_,
};

extern const char *const op_names[OP_MAX_];

enum op_flags {
        OP_OPTIONAL = 1 << 0, /* may fail: that is told, and the others go on */
        OP_SHARED = 1 << 1,   /* one file for many devices: it stays open */
        OP_ALIAS = 1 << 2,    /* OP_LOAD: target is a file with an alias, and what serves that is loaded */
        OP_GONE = 1 << 3,     /* OP_VERIFY, OP_CLAIM: it is so no more */
        OP_FOUND = 1 << 4,    /* of a way back: undoes what was so already when the device was found; see act_give() */
        OP_AFTER = 1 << 5,    /* done only where the one before it was done */
        OP_ELSE = 1 << 6,     /* of virtual functions: another operation does it, too, where this one could not */
};

struct device;

struct op {
        enum op_kind kind;
        unsigned flags;
        const char *target, *value, *why;
        /*
         * The same as target without a link in its path, or NULL: following one costs the kernel as much as opening the
         * file. Of OP_LOAD without OP_ALIAS: what is there once it is loaded.
         */
        const char *file;
        const char *task;        /* said of a write that does not come back; NULL: the write itself is */
        const char *link, *ends; /* done only while that link ends so; NULL: always */
        enum stage stage;
        size_t entry; /* what it is for; of OP_LOAD: the first entry that needs it */
};

struct ops {
        struct op *v;
        size_t n;
};

/* One more, of no stage and no entry yet. It may move with the next. */
static inline struct op *ops_add(struct arena *a, struct ops *ops, enum op_kind kind, const char *target,
                                 const char *value, const char *why)
{
        struct op *op = arena_grow(a, &ops->v, ops->n, sizeof(*ops->v));

        *op = (struct op){.kind = kind, .target = target, .value = value, .why = why};
        ops->n++;
        return op;
}

/*
 * The way back where none is recorded: the driver was given by an earlier version, or by somebody else. It leads to the
 * host's own.
 */
struct ops ops_way_back_unrecorded(struct arena *a, const struct device *d, const char *driver);
