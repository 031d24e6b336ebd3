/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The kernels of this host, and the boot images they have: a kernel may have more than one, and each may be booted. */

#include <stdint.h>
#include <sys/stat.h>

#include "loader/loader.h"
#include "maker/makers.h"

struct installed {
        const char *release;        /* of /lib/modules */
        bool kernel;                /* /boot or the ESP has a kernel of that release */
        const char *path;           /* of the image; NULL: there is none */
        bool unified;               /* kernel and initrd in one file */
        const struct boot_uki *uki; /* what is known of that; or NULL */
        const char *entry;          /* the boot entry that loads it; NULL: it was found by its name */
        struct stat st;             /* of the image */
};

/* Why the image of a boot entry was not found. */
enum installed_lack {
        INSTALLED_NONE,    /* it loads none */
        INSTALLED_FOREIGN, /* what it loads has not the name of a boot image */
        INSTALLED_SEVERAL, /* of what it loads several may be the image */
        INSTALLED_GONE,    /* it is not there */
        INSTALLED_OTHER,   /* it is another kernel's */
        INSTALLED_SPARE,   /* it is for emergencies */
        INSTALLED_BARE,    /* the kernel has no modules here */
};

struct installed_lost {
        const char *release; /* NULL: INSTALLED_BARE */
        const char *entry;
        const char *image; /* as the entry names it, or, where that is not known, all that it loads; NULL: none */
        enum installed_lack lack;
        enum known next; /* it boots if nobody chooses another */
};

struct installed_list {
        struct installed *v; /* by release; of each its images, or one without a path */
        size_t n;
        struct installed_lost *lost;
        size_t n_lost;
        bool entries;          /* the boot loader tells which kernels it boots */
        const char *elsewhere; /* struct boot_kernels */
};

/* Says why; kernel: what people call it. */
const char *installed_why(struct arena *a, const struct installed_lost *lost, const char *kernel);
/* What its boot entry lacks; NULL: nothing is known of that. */
const char *installed_lost_of(const struct installed_list *list, struct arena *a, const char *release);
/* boot may be NULL: then the images that boot entries name are not found. */
void installed_find(const struct root *root, struct arena *a, const struct makers *makers,
                    const struct boot_facts *boot, struct installed_list *ret);
/* Likewise, and finds the entries itself, as far as can be told where this host boots from. */
void installed_look(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                    struct arena *a, struct installed_list *ret);
