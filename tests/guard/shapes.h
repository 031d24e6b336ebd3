/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shapes: small things that hosts do with devices, a row of a table each, with what must be withheld for it. A row has
 * one or two subjects, and beside them an unrelated device of the same class, which must still go. Rows are tried one
 * by one on a quiet machine, and several at a time on random ones.
 */

#include "machine.h"

enum axis { STORAGE, ROOT, NETWORK, PEOPLE, AXES };

/* What is withheld for a row beside its subjects. */
enum scope {
        NOTHING_ELSE,
        ALL_STORAGE = 1,
        ALL_NETWORK = 2,
        STORAGE_OPEN = 4, /* whether other storage goes is left open */
        NETWORK_OPEN = 8,
        USB_OPEN = 16,
};

/* One step is a line of the machine's files: what is done, a path, and a text in which '|' ends a line.
 *   "+PATH TEXT"  a line more           "=PATH TEXT"  a file, or "=PATH" an empty one
 *   "@PATH TEXT"  a link to TEXT        "%PATH TEXT"  a link below sys to another place there
 *   "!TOKEN"      of the command line   "&PATH TEXT"  a physical volume's label and metadata; TEXT is its group
 * {A}, {B} are the subjects, {O} the other device: {A} is its name, and {A.num}, {A.uuid}, {A.spec}, ... what they say;
 * {n} is a number of the row's own. */
#define STEPS_MAX 8

struct shape {
        const char *name;
        unsigned scope;
        unsigned subjects;             /* 0 is 1 as well; NO_SUBJECT is none */
        const char *type, *other_type; /* what is on the subjects and on the other device; NULL: a file system */
        bool same_uuid;                /* of both subjects */
        bool partitions, whole;        /* else either */
        enum block_kind over;          /* what is active over the second subject, or 0 */
        bool alone;                    /* not on random machines */
        bool open;                     /* the subject itself is left open: only the other device is judged */
        bool asks;                     /* a passphrase may be asked */
        enum { USB_KEYBOARD, I2C_KEYBOARD, PS2_KEYBOARD, TOKEN_BESIDE, MOUSE_BESIDE } keyboard;
        const char *steps[STEPS_MAX];
};

#define NO_SUBJECT 9

struct shape_table {
        enum axis axis;
        const struct shape *rows;
        size_t n;
};

extern const struct shape_table disk_shapes, member_shapes, root_shapes, network_shapes, people_shapes;

/* Rows that the product does not judge so yet, and why. */
const char *known_shape(const char *name);

/* The row of that number, through all tables, or NULL behind the last. */
const struct shape *shape_at(size_t number, enum axis *ret_axis);
