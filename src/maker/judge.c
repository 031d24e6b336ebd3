/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "maker/tools.h"

void tools_judge(const struct image_tools *t, struct arena *a, enum tools_fault *ret, const char **ret_message,
                 const char **ret_fix)
{
        const char *other = t->initramfs_tools ? t->initramfs_tools : t->mkinitcpio;

        *ret = TOOLS_FAULT;
        *ret_fix = "install dracut and have it make the boot images (Debian: apt-get install dracut, which replaces "
                   "initramfs-tools)";
        if (!t->dracut && other)
                *ret_message = arena_join(
                        a, other, " makes the boot images, and dracut is not there: no image will have the rules",
                        NULL);
        else if (!t->dracut)
                *ret_message = "dracut is not there (/usr/bin/dracut): no boot image will have the rules";
        else if (t->other_hook && !t->dracut_hook)
                *ret_message = arena_join(a, "dracut is there (", t->dracut,
                                          "), but a new kernel's boot image is made by another: ", t->other_hook, NULL);
        else if (!t->module) {
                *ret_fix = "install this program with its dracut module: make install";
                *ret_message = arena_join(a, "dracut is there (", t->dracut,
                                          "), and no modules.d/*passthrough below /usr/lib/dracut", NULL);
        } else if (other && !t->dracut_hook) {
                *ret = TOOLS_DOUBT;
                *ret_message = arena_join(a, "dracut is there (", t->dracut, "), and so is ", other,
                                          ": which of them makes the boot images does not show", NULL);
        } else {
                *ret = TOOLS_NO_FAULT;
                *ret_fix = "";
                *ret_message = arena_join(a, "dracut is there (", t->dracut, "), with the module passthrough", NULL);
        }
}
