/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which programs that make boot images are there, and whether the rules get into what they make. */

#include "base/root.h"

struct image_tools {
        const char *dracut, *initramfs_tools, *mkinitcpio; /* path, or NULL */
        const char *other_hook; /* of a kernel's installation, that calls another than dracut */
        bool dracut_hook;
        bool module; /* dracut's module of this program is there */
};

enum tools_fault {
        TOOLS_NO_FAULT,
        TOOLS_DOUBT,
        TOOLS_FAULT,
};

void tools_find(const struct root *root, struct arena *a, struct image_tools *ret);
/* Pure. What is there, good or bad, and how to put it right ("": nothing to do). */
void tools_judge(const struct image_tools *tools, struct arena *a, enum tools_fault *ret, const char **ret_message,
                 const char **ret_fix);
