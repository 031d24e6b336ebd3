/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a boot image that is built now for a kernel gets from this host's config. */

#include "maker/maker.h"
#include "plan/plan.h"
#include "state/applied.h"
#include "state/digest.h"

#define PAYLOAD_BIND      PASSTHROUGH_LIBEXEC "/passthrough-bind"
#define PAYLOAD_GENERATOR "/usr/lib/systemd/system-generators/passthrough-generator"

struct payload {
        struct config config; /* a rule that is left out is invalid, with the reason for its message */
        struct settings settings;
        struct applied_file *files; /* of both */
        size_t n_files;
        bool settings_applied; /* passthrough.conf is wrong now: it is as it was last applied */
        bool forgotten;        /* the host's own clearance was removed: an image's counts no longer */
        const char **fallen; /* as state/worked.h has them, by position in config.rules; NULL before payload_clear() */
        bool nothing;        /* there is nothing in it that could be carried out or left out */
        struct image_digest digest;
};

/*
 * config: as it was read, wrong rules and all. kernel: the release, or NULL if that is not known. What is wrong with
 * the settings becomes diags. 0 or -errno.
 */
int payload_build(const struct initrd *const *initrds, const struct root *root, struct arena *a,
                  const struct config *config, const char *kernel, struct diags *diags,
                  struct payload *ret) _must_check_;

/*
 * Whether an image has that driver for the rules of files. One without any is for whatever a credential brings: it has
 * vfio-pci.
 */
bool payload_has_driver(const struct config *config, const char *driver);

/* Why an image with that digest is not what would be built now; NULL: it is. */
const char *payload_differs(const struct payload *now, const struct image_digest *image);

/*
 * The plan that an image with that payload, for that kernel (NULL: the one that runs), makes of this machine as it is.
 * 0 or -errno.
 */
int payload_plan(const struct facts_sources *sources, const struct root *root, struct arena *a, const char *kernel,
                 const struct payload *payload, struct facts *ret_facts, struct plan *ret) _must_check_;
/* Puts who is cleared for which rule into its digest, and the rules that fall. 0 or -errno. */
int payload_clear(const struct facts_sources *sources, const struct root *root, struct arena *a, const char *kernel,
                  struct payload *payload) _must_check_;
