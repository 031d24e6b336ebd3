/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An addon to a unified kernel image that carries an initrd with the rules: systemd's stub hands it to the kernel
 * behind the image's own, which stays as it is (systemd-stub(7)).
 */

#include "maker/archive.h"
#include "maker/installed.h"
#include "maker/makers.h"
#include "maker/payload.h"

/* Why no addon can bring the rules into the boots of that image, or NULL. */
const char *carrier_unfit(const struct root *root, struct arena *a, const struct makers *makers,
                          const struct boot_facts *boot, const struct installed *image, const struct payload *now);
/* What the addon that is there brings; false: nothing of ours. now: what it is to have. */
bool carrier_read(const struct root *root, struct arena *a, const struct installed *image, const struct payload *now,
                  struct image_digest *ret);
/* Removes the directory tree, and what is beside it. */
void carrier_clean(const char *tree);
/*
 * Adds the programs, and, in the directory tree, modules of that kernel with what they need. *ret_wrong: why that
 * cannot be done, or NULL. 0 or -errno.
 */
int carrier_pack(const struct root *root, struct arena *a, const char *tree, const char *release,
                 const struct strings *modules, struct archive *ret, const char **ret_wrong) _must_check_;
