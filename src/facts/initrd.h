/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an initial RAM file system is like from inside, by the program that made it. The table is the makers'
 * (maker/table.c); whoever runs in an initrd needs nothing else of them.
 */

struct initrd {
        const char *mark;         /* a file that it has, and no host */
        const char *root;         /* where it mounts what will be the host's root */
        const char *const *parts; /* patterns of the host's files that put our programs into it, NULL behind the last */
};
