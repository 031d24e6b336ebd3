/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* All that was asked of a machine while a tap was on its root. */

#include "base/root.h"

struct seen_path {
        const char *path;
        unsigned asked;        /* 1 << enum asked */
        int error[ASKED_MAX_]; /* of each way of asking: 0 or -errno, as it was the last time */
};

/* A file that is made of lines, as struct tap's made() has them. */
struct seen_made {
        const char *path, *text;
};

struct seen {
        struct tap tap, *below; /* below: the one that root had before */
        struct arena *arena;
        void *paths; /* tsearch(3): struct seen_path, by path */
        struct seen_made *made;
        size_t n_made;
};

/* From here on, until seen_close(). Both have to be at the same place until then. */
void seen_open(struct seen *s, struct root *root, struct arena *a);
/* Takes the tap off; what was seen stays. */
void seen_end(struct seen *s, struct root *root);
void seen_close(struct seen *s);
/* Each path, in order. */
void seen_each(const struct seen *s, void (*each)(const struct seen_path *path, void *data), void *data);
