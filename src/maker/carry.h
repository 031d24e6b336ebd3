/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a boot image of a kernel gets from this host's config, built now, and the digest that tells it from what an
 * image was built from.
 */

#include "state/applied.h"

#define IMAGE_DIGEST PASSTHROUGH_LIBEXEC "/digest"

struct image_digest {
        bool known;
        uint64_t config;   /* the files it carries, and which rules are left out */
        uint64_t programs; /* our own, and the dracut module's */
        /* Who is cleared for which rule. It changes by itself, so that it counts only where both sides have it. */
        bool has_clearance;
        uint64_t clearance;
};

struct carried {
        struct config config; /* a rule that is left out is invalid, with the reason for its message */
        struct settings settings;
        struct applied_file *files; /* of both */
        size_t n_files;
        const char *held_back; /* why the config is as it was last applied, as a whole; or NULL */
        bool settings_applied; /* passthrough.conf is wrong now: it is as it was last applied */
        bool forgotten;        /* the host's own clearance was removed: an image's counts no longer */
        bool nothing;          /* there is nothing in it that could be carried out or left out */
        struct image_digest digest;
};

/*
 * config: as it was read, wrong rules and all. kernel: the release, or NULL where that is not known. What is wrong with
 * the settings becomes diags. 0 or -errno.
 */
int carry_build(const struct root *root, struct arena *a, const struct config *config, const char *kernel,
                struct diags *diags, struct carried *ret) _must_check_;

/*
 * Where the config's trial has failed or is still to come: config and settings as they were last applied, with
 * held_back; else that is NULL, and nothing else is there. 0 or -errno.
 */
int carry_hold_back(const struct root *root, struct arena *a, struct carried *ret) _must_check_;

/* What tells one config from another: the files of all rules and settings, sound or not. 0 or -errno. */
int carry_id(const struct root *root, struct arena *a, const struct config *config, uint64_t *ret) _must_check_;

/* Of the image that this process runs in. */
struct image_digest image_digest_here(const struct root *root);
/* The text of IMAGE_DIGEST; and back, where it is one. */
char *image_digest_format(struct arena *a, const struct image_digest *digest);
struct image_digest image_digest_parse(const char *text);

/* Why an image with that digest is not what would be built now; NULL: it is. */
const char *image_digest_differs(const struct image_digest *image, const struct carried *now);
