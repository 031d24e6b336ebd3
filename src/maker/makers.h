/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which makers this host has, and which of them makes its images. */

#include "maker/maker.h"

struct makers {
        const struct maker *const *table;
        const struct initrd *const *initrds;
        const struct maker *maker; /* makes this host's images, or would if it was there: one that is served */
        const char *program;       /* its path; NULL: it is not there */
        bool hook;                 /* a kernel's installation calls it */
        bool part;                 /* it has our part */
        const char *other;         /* the program of another maker, or NULL */
        const char *other_hook;    /* likewise, called as well, or in place of this one's */
};

enum makers_fault {
        MAKERS_NO_FAULT,
        MAKERS_DOUBT,
        MAKERS_FAULT,
};

void makers_find(const struct maker *const *table, const struct initrd *const *initrds, const struct root *root,
                 struct arena *a, struct makers *ret);
/* Pure. Whether the rules get into new images: what is there, and how to put it right ("": nothing to do). */
enum makers_fault makers_judge(const struct makers *makers, struct arena *a, const char **ret_message,
                               const char **ret_fix);
