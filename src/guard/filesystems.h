/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a file system of that type stands on. Pure. */

enum filesystem {
        FILESYSTEM_DISK,    /* a disk, for all that is known: whatever is not in the table */
        FILESYSTEM_NOTHING, /* the kernel's own tables, or memory */
        FILESYSTEM_NETWORK, /* a server that is reached by IP: interfaces and routes show which way */
        FILESYSTEM_CLUSTER, /* many servers, which nothing names */
        FILESYSTEM_HOST,    /* whatever carries a host's share to its guest, or a share by another way than IP */
        FILESYSTEM_PROCESS, /* what its process has open */
        FILESYSTEM_LAYERS,  /* directories of other file systems */
};

enum filesystem filesystem_of(const char *type);
