/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot images, the programs that make them, and how old both they and the config are. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "check/gather.h"

/* When a file was changed last, in seconds; 0 where it is not there. */
static int64_t changed(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_PATH);
        struct stat st;

        return fd < 0 || fstat(fd, &st) < 0 ? 0 : (int64_t)st.st_mtime;
}

static const char *first_of(const struct root *root, const char *const *paths, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (root_exists(root, paths[i]))
                        return paths[i];
        return NULL;
}

static int gather_tools(struct gather *g)
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
        struct check_tools *t = &g->facts->tools;
        const char **names;
        size_t n;
        int k;

        t->dracut = first_of(g->root, dracut, ARRAY_SIZE(dracut));
        t->initramfs_tools = first_of(g->root, initramfs_tools, ARRAY_SIZE(initramfs_tools));
        t->mkinitcpio = first_of(g->root, mkinitcpio, ARRAY_SIZE(mkinitcpio));
        t->dracut_hook = first_of(g->root, dracut_hooks, ARRAY_SIZE(dracut_hooks)) != NULL;
        t->other_hook = first_of(g->root, other_hooks, ARRAY_SIZE(other_hooks));
        k = root_list(g->root, g->arena, "/usr/lib/dracut/modules.d", &names, &n);
        if (k < 0)
                return k == -ENOMEM ? k : 0;
        for (size_t i = 0; i < n; i++)
                t->module |= strlen(names[i]) > 2 && streq(names[i] + 2, "passthrough");
        return 0;
}

/* kernel-install names directories after the machine's ID; others put the release into the file's name. */
static int find_image(struct gather *g, const char *machine_id, struct check_image *x)
{
        static const char *const places[] = {"/boot", "/efi", "/boot/efi"};
        static const struct {
                const char *before, *behind;
                bool kernel;
        } names[] = {{"initrd.img-", "", false},
                     {"initramfs-", ".img", false},
                     {"initrd-", "", false},
                     {"vmlinuz-", "", true}};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
                        char *path = arena_join(g->arena, places[i], "/", names[j].before, x->release, names[j].behind,
                                                NULL);

                        if (!path)
                                return -ENOMEM;
                        if (names[j].kernel)
                                x->kernel |= root_exists(g->root, path);
                        else if (!x->path && root_exists(g->root, path))
                                x->path = path;
                }
                for (int kernel = 0; machine_id && kernel <= 1; kernel++) {
                        char *path = arena_join(g->arena, places[i], "/", machine_id, "/", x->release,
                                                kernel ? "/linux" : "/initrd", NULL);

                        if (!path)
                                return -ENOMEM;
                        if (kernel)
                                x->kernel |= root_exists(g->root, path);
                        else if (!x->path && root_exists(g->root, path))
                                x->path = path;
                }
        }
        return 0;
}

/* Unified kernel images: EFI/Linux/...RELEASE.efi, as kernel-install and dracut name them. */
static int find_unified(struct gather *g, struct check_image *x)
{
        static const char *const places[] = {"/efi/EFI/Linux", "/boot/EFI/Linux", "/boot/efi/EFI/Linux"};

        for (size_t i = 0; i < ARRAY_SIZE(places) && !x->path; i++) {
                const char **names;
                size_t n;
                int k = root_list(g->root, g->arena, places[i], &names, &n);

                if (k == -ENOMEM)
                        return k;
                for (size_t j = 0; k == 0 && j < n && !x->path; j++)
                        if (strstr(names[j], x->release) && strstr(names[j], ".efi") &&
                            !(x->path = arena_join(g->arena, places[i], "/", names[j], NULL)))
                                return -ENOMEM;
        }
        return 0;
}

static int config_changed(struct gather *g)
{
        const struct config *config = g->plan->config;
        const char *newest = "/etc/passthrough.d"; /* a rule that was removed is in no file */
        int64_t at = changed(g->root, newest);

        for (size_t r = 0; r < config->n_rules; r++)
                for (size_t i = 0; i < config->rules[r].n_files; i++) {
                        int64_t t = changed(g->root, config->rules[r].files[i]);

                        if (t >= at) {
                                at = t;
                                newest = config->rules[r].files[i];
                        }
                }
        g->facts->config_changed = at;
        g->facts->config_newest = newest;
        return 0;
}

int gather_images(struct gather *g)
{
        char machine_id[64];
        const char **releases;
        size_t n;
        int k = gather_tools(g);

        if (k == 0)
                k = config_changed(g);
        if (k == 0)
                k = root_list(g->root, g->arena, "/lib/modules", &releases, &n);
        if (k < 0)
                return k == -ENOMEM ? k : 0;
        if (root_read(g->root, "/etc/machine-id", machine_id, sizeof(machine_id)) <= 0 || strchr(machine_id, '/'))
                *machine_id = '\0';
        for (size_t i = 0; i < n; i++) {
                struct check_image *x = arena_grow(g->arena, &g->facts->images, g->facts->n_images, sizeof(*x));

                if (!x)
                        return -ENOMEM;
                g->facts->n_images++;
                x->release = releases[i];
                k = find_image(g, *machine_id ? machine_id : NULL, x);
                if (k == 0 && !x->path)
                        k = find_unified(g, x);
                if (k < 0)
                        return k;
                if (x->path)
                        x->made = changed(g->root, x->path);
        }
        return 0;
}
