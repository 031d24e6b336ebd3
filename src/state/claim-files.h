/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files of plan/claims-udev.h, and what they say that this host alone knows. */

#include "plan/claims-udev.h"
#include "state/record.h"

/* Where a boot image has them. */
#define CLAIMS_IMAGE PASSTHROUGH_LIBEXEC "/claims"
#define CLAIMS_MAX   ((size_t)16 * 1024 * 1024)

/* By rule: who may have its nodes. One who is not known leaves all of it as it is. */
const struct claims_access *claim_files_access(const struct root *root, struct arena *a, const struct config *config);

/*
 * By rule: this boot does not have it, as its text changed since the boot's plan was made; or it is of Stage=demand,
 * and not started.
 */
const bool *claim_files_left_out(const struct record *record, struct arena *a, const struct config *config);

/* Whether those that are in place are an image's, by which an initrd has claimed devices. */
bool claim_files_of_image(const struct root *root, struct arena *a);

/* What is the same stays untouched: *ret says whether anything was changed. 0 or -errno. */
int claim_files_put(const struct root *root, struct arena *a, const struct claims_text *text, bool *ret) _must_check_;

/* What the host is to have of them now, and udev reads it where that is another. 0 or -errno. */
int claim_files_renew(const struct root *root, struct arena *a, const struct plan *plan,
                      const struct bus_source *const *buses, const struct record *record) _must_check_;

/* What an image that is built now has of them. */
struct claims_text claim_files_image(const struct root *root, struct arena *a, const struct plan *plan,
                                     const struct bus_source *const *buses);
/* That, in a hash; 0: nothing. */
uint64_t claim_files_hash(const struct claims_text *text);

/* Into an image. 0 or -errno. */
int claim_files_pack(const struct root *image, const struct claims_text *text) _must_check_;
