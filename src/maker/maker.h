/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A program that makes boot images. Each has a file here with one of these and its struct initrd, and a line in
 * table.c; nothing outside this folder asks which one it is. HACKING.md says how to add one.
 */

#include "base/root.h"
#include "facts/ids.h"
#include "facts/initrd.h"

struct maker {
        const char *name;            /* as people install it */
        const char *const *programs; /* where hosts have it; this and the other lists end with NULL */
        const char *const *hooks;    /* what a kernel's installation runs so that it makes the kernel's image */
        const char *called;          /* what hooks run, a script that names the program; NULL: the program itself */
        const char *const *images;   /* names of its images in /boot or on the ESP, "*" for the kernel's release */
        const struct initrd *initrd;
        const struct ids_settings *settings; /* that say what its initrd loads first; one without files is the end */

        /* What follows is NULL if images that it makes are not served: it is only recognised. */

        const char *install;           /* how people make it the one that makes their images */
        const char *part;              /* our part in it, behind "with the" */
        const char *no_part;           /* where that was looked for, behind "and no" */
        const char *unified;           /* what builds a unified kernel image with it, or NULL */
        const char *const *unattended; /* tokens for the kernel: its initrd reboots where it would ask somebody */

        /* What people type to build an image anew: that file, release's own (file NULL), or the running kernel's. */
        const char *(*command)(struct arena *a, const char *release, const char *file);
        /* How people have its initrd load a module before others, behind "load NAME early:". */
        const char *(*load_early)(struct arena *a, const char *module);

        const char *const *readers; /* programs that list() and read() run */

        /* Builds an image on this machine; *ret_wrong: what went wrong, untouched if all is well. 0 or -errno. */
        int (*build)(struct arena *a, const char *release, const char *file, const char **ret_wrong);
        /* The names of the files in an image, one a line, behind a blank, a slash or nothing; NULL: it cannot be read.
         */
        const char *(*list)(struct arena *a, const char *file);
        /* Each of those files in it, up to NULL: its text, "" if it is not there. False: the image cannot be read. */
        bool (*read)(struct arena *a, const char *file, const char *const *paths, const char **ret);
        const char *order; /* the file in it that tells what is run when, or NULL */
        /* What that list, and the text of order, lack beside passthrough-bind, for our programs to run there; NULL:
         * nothing. */
        const char *(*lacks)(const char *list, const char *order);
        /* What runs once an image took the place of another, a command; NULL: nothing. The same for two: it runs once.
         */
        const char *(*replaced)(const struct root *root, struct arena *a, const char *path);
};

/* Those that people write scripts for (IDS_SCRIPTS); for texts. */
#define MAKERS_WITH_SCRIPTS "initramfs-tools"

/*
 * Runs argv[0], wherever this host has it. *ret_wrong: it is not there; or its exit status and, behind that line, all
 * that it said. 0 or -errno.
 */
int maker_run(struct arena *a, const char **argv, const char **ret_wrong) _must_check_;

/* A directory of this machine, with all that is in it. */
void maker_remove(const char *directory);

/* A name of an image as images has it, with the release in it. */
const char *maker_image_name(struct arena *a, const char *pattern, const char *release);

/* The host's files that match a pattern, wildcards in any part of the path; sorted. */
void maker_parts(const struct root *root, struct arena *a, const struct initrd *initrd, const char ***ret,
                 size_t *ret_n);
