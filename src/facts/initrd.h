/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an initial RAM file system is like from inside, by the program that made it. The programs have the makers' table
 * (maker/table.h) of them, NULL behind the last.
 */

#include "base/root.h"

struct initrd {
        const char *mark;   /* a file that it has, and no host */
        const char *root;   /* where it mounts what will be the host's root */
        const char *units;  /* of its own with systemd: those that load drivers, or ask for that */
        const char *asking; /* a file that its scripts lock while they ask somebody, or NULL */
        /*
         * Processes that ask somebody, or check a root that is there, by base name and arguments, a blank behind each:
         * a pattern of fnmatch(3) with FNM_EXTMATCH, or NULL.
         */
        const char *awaited;
        const char *beside;       /* likewise, of those that wait for something that is not the root's, or NULL */
        const char *device;       /* the variable of its environment that has the root's device, as root= has it */
        int patience;             /* seconds after which it gives up on the root, where those are few; or 0 */
        const char *longer;       /* the variable of its environment that may have more of them, or NULL */
        const char *const *parts; /* patterns of the host's files that put our programs into it, NULL behind the last */
        /*
         * The host's files (and *.conf in directories, "DIR/", or all that is in them, an asterisk behind that) that
         * add to its command line, NULL behind the last.
         */
        const char *const *arguments;
};

/* The one that this process runs in, or NULL. systemd 251 and later tell that themselves (SYSTEMD_IN_INITRD). */
const struct initrd *initrd_here(const struct root *root, const struct initrd *const *table);
/* Whether it has mounted what will be the host's root. */
bool initrd_has_root(const struct root *root, const struct initrd *initrd);
