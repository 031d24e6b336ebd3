/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What was seen of a machine, as plain files, directories and links of another root. Each link that a path goes through
 * comes along, and what it leads to stands at its own place.
 */

#include <sys/stat.h>

#include "base/captured.h"
#include "ctl/seen.h"

enum place_kind {
        PLACE_NOTHING,
        PLACE_DIRECTORY,
        PLACE_LINK,
        PLACE_FILE,
        PLACE_OTHER, /* a device node, a FIFO, a socket */
};

/* One name of the machine; its path has no links in it. */
struct place {
        const char *path;
        enum place_kind kind;
        struct stat st;
        const char *target; /* of a link */
        char *data;         /* of a file that was read; NULL: only its being there was of interest */
        size_t size;
        bool closed; /* it cannot be read, or listed */
        bool full;   /* something is below it */
};

struct snapshot {
        const struct root *from;
        struct arena *arena;
        void *places; /* tsearch(3): struct place, by path */
        struct captured captured;
};

/* Reads all that was seen. */
void snapshot_take(struct snapshot *s, const struct root *from, struct arena *a, const struct seen *seen);
void snapshot_close(struct snapshot *s);
/* Each place that there is, parents first; links and what data says may be changed, in their size. */
void snapshot_each(struct snapshot *s, void (*each)(struct place *place, void *data), void *data);

struct names {
        /* The same text, or one to put in its place, of the same size. NULL: all stay. */
        const char *(*replace)(struct names *names, const char *text);
};

/* to is empty. 0 or -errno, likewise the next two. */
int snapshot_write(struct snapshot *s, const struct root *to, struct names *names) _must_check_;
/* The file that was written there, with the data that it has by now. */
int snapshot_rewrite(const struct place *place, const struct root *to, struct names *names) _must_check_;
/* Writes down what was there, and what was not. */
int snapshot_seal(struct snapshot *s, const struct root *to, struct names *names) _must_check_;
