/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether the running kernel, and the one that boots next, has a boot image that is known to boot it, and that gets the
 * rules. */

#include "maker/installed.h"

struct running {
        const char *release; /* of the running kernel; NULL: unknown, and any installed kernel will do */
        const char *of;      /* the kernel that lost is about; NULL: unknown */
        const char *lost;    /* why the image that boots it is not known, or is not built here; NULL: it is */
        bool in_line;        /* this boot's own image was built from the config as it is */
        bool carried;        /* its image is unified, and was built with the rules or gets them from an addon */
        const char *maker;   /* why no image gets the rules, and what to do about it; or NULL */
        const char *build;   /* what people type to build an image with the rules, or what would build it */
        const char *fix;     /* of lost: what people can do */
};

/* boot NULL: how the host boots could not be read. */
void running_find(const struct root *root, struct arena *a, const struct makers *makers, const struct boot_facts *boot,
                  const struct installed_list *list, const struct config *config, struct running *ret);
/* What stands in the way of images with the rules, or NULL. */
const char *running_problem(const struct running *running);
/* What builds a unified kernel image on a host with that maker. */
const char *running_unified(struct arena *a, const struct maker *maker);
