/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/tools.h"

#include <errno.h>

#include "base/program.h"
#include "base/str.h"

static const char *first_of(const struct root *root, const char *const *paths, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (root_exists(root, paths[i]))
                        return paths[i];
        return NULL;
}

void tools_find(const struct root *root, struct arena *a, struct image_tools *ret)
{
        static const char *const dracut[] = {"/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut"};
        static const char *const initramfs_tools[] = {"/usr/sbin/mkinitramfs", "/usr/sbin/update-initramfs"};
        static const char *const mkinitcpio[] = {"/usr/bin/mkinitcpio", "/usr/sbin/mkinitcpio"};
        static const char *const dracut_hooks[] = {"/etc/kernel/postinst.d/dracut",
                                                   "/usr/share/kernel/postinst.d/dracut",
                                                   "/usr/lib/kernel/install.d/50-dracut.install"};
        static const char *const other_hooks[] = {"/etc/kernel/postinst.d/initramfs-tools",
                                                  "/usr/share/kernel/postinst.d/initramfs-tools",
                                                  "/usr/lib/kernel/install.d/50-mkinitcpio.install"};
        struct image_tools *t = ret;
        const char **names;
        size_t n;
        int k;

        *t = (struct image_tools){};
        t->dracut = root->live ? program_find(a, "dracut") : first_of(root, dracut, ARRAY_SIZE(dracut));
        t->initramfs_tools = first_of(root, initramfs_tools, ARRAY_SIZE(initramfs_tools));
        t->mkinitcpio = first_of(root, mkinitcpio, ARRAY_SIZE(mkinitcpio));
        t->dracut_hook = first_of(root, dracut_hooks, ARRAY_SIZE(dracut_hooks)) != NULL;
        t->other_hook = first_of(root, other_hooks, ARRAY_SIZE(other_hooks));
        k = root_list(root, a, "/usr/lib/dracut/modules.d", &names, &n);
        if (k < 0)
                return;
        for (size_t i = 0; i < n; i++)
                t->module |= strlen(names[i]) > 2 && streq(names[i] + 2, "passthrough");
}
