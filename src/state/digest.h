/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Hashes that tell what a boot image was built from. Each image carries its own in DIGEST_PATH, a text file of lines
 * "NAME HEX" behind the line that names the format.
 */

#include "config/config.h"

#define DIGEST_PATH PASSTHROUGH_LIBEXEC "/digest"

struct image_digest {
        bool known;
        uint64_t config;   /* the files it carries, and which rules are left out */
        uint64_t programs; /* this program's, with its part for the image maker */
        /* Who is cleared for which rule. It changes by itself, so that it counts only where both sides have it. */
        bool has_clearance;
        uint64_t clearance;
        /*
         * Not in the image itself, but what was found in it: "" if it is whole, "it lacks NAME", or NULL: not looked.
         * If it is not known: why the initrd of an addon cannot bring the rules; "": it can.
         */
        const char *lacks;
};

/* A string and its NUL byte, into a hash that began with STR_HASH_START. */
uint64_t digest_string(uint64_t h, const char *s);

/*
 * Tells one config from another: a hash of the files of all rules, masks and settings, sound or not. Credentials are
 * not in it: they may be others in each boot, and not all read them at one place. 0 or -errno.
 */
int digest_of_config(const struct root *root, struct arena *a, const struct config *config, uint64_t *ret) _must_check_;

char *digest_format(struct arena *a, const struct image_digest *digest);
/* Not known if the text is no digest. */
struct image_digest digest_parse(const char *text);
/* The digest of the image that this process runs in. */
struct image_digest digest_here(const struct root *root);
