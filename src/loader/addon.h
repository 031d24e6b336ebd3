/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Makes an addon to a unified kernel image, by ukify(1): it stands in the change, and nothing is written yet. */

#include "loader/loader.h"

/* With the initrd that stands in the change, if any. *ret_wrong: why it is not made, with what the program said on the
 * lines below; or NULL. 0 or -errno. */
int addon_make(const struct root *root, struct arena *a, const struct boot_signer *signer, struct change *change,
               const char **ret_wrong) _must_check_;
