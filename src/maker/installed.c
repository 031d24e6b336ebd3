/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/installed.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "loader/kernel-file.h"

static const char *const places[] = {"/boot", "/efi", "/boot/efi"};

struct finder {
        const struct root *root;
        struct arena *arena;
        const struct makers *makers;
        struct boot_kernels kernels; /* that boot entries load */
        const char *tokens[2];       /* names that kernel-install's directories may have, NULL for none */
        struct installed_list *list;
        const char **releases;
        size_t n_releases;
        const char *release; /* one of them */
        size_t first;        /* of this release in the list */
        bool kernel;
};

/* A file that is reached by two names, as where /efi is a link, is one image. */
static bool add_image(struct finder *f, const char *path, const char *entry, bool unified)
{
        _cleanup_(close_fd) int fd = root_open_at(f->root, path, O_PATH);
        struct installed *x;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        for (size_t i = f->first; i < f->list->n; i++)
                if (f->list->v[i].st.st_dev == st.st_dev && f->list->v[i].st.st_ino == st.st_ino)
                        return true;
        x = arena_grow(f->arena, &f->list->v, f->list->n, sizeof(*x));
        *x = (struct installed){.release = f->release, .path = path, .unified = unified, .entry = entry, .st = st};
        f->list->n++;
        return true;
}

static void look_for_kernel(struct finder *f, const char *path)
{
        f->kernel |= root_exists(f->root, path);
}

/* A name of an image as its maker has it, with the release in it. */
static const char *image_name(struct finder *f, const char *pattern)
{
        int star = (int)(strchr(pattern, '*') - pattern);

        return arena_printf(f->arena, "%.*s%s%s", star, pattern, f->release, pattern + star + 1);
}

/* The makers' own names have the release; kernel-install names a directory after the machine's ID or its own token. */
static void find_by_name(struct finder *f, const char *place)
{
        look_for_kernel(f, arena_join(f->arena, place, "/vmlinuz-", f->release, NULL));

        for (const struct maker *const *m = f->makers->table; *m; m++)
                for (const char *const *name = (*m)->images; *name; name++)
                        add_image(f, arena_join(f->arena, place, "/", image_name(f, *name), NULL), NULL, false);
        for (size_t i = 0; i < ARRAY_SIZE(f->tokens); i++) {
                const char *dir;

                if (!f->tokens[i])
                        continue;
                dir = arena_join(f->arena, place, "/", f->tokens[i], "/", f->release, "/", NULL);
                look_for_kernel(f, arena_join(f->arena, dir, "linux", NULL));
                add_image(f, arena_join(f->arena, dir, "initrd", NULL), NULL, false);
        }
}

static bool is_named_after(const char *path, const char *release)
{
        return endswith(path, release) && strlen(path) > strlen(release);
}

/* It says so, or its kernel's name does, or, where that has no release, its kernel's file. */
static bool is_of(struct finder *f, const struct boot_kernel *kernel, const char *path)
{
        const char *release = kernel->release;

        if (release && streq(release, f->release))
                return true;
        if (is_named_after(kernel->path, f->release))
                return true;
        for (size_t i = 0; !release && i < f->n_releases; i++)
                if (is_named_after(kernel->path, f->releases[i]))
                        return false;
        if (!release && path)
                release = kernel_file_release(f->root, f->arena, path);
        return release && streq(release, f->release);
}

/* An image for emergencies stays as it is: a boot of it is to have nothing of ours. */
static bool is_spare(const char *name)
{
        return strstr(name, "rescue") || strstr(name, "fallback");
}

/* Others beside a kernel are microcode. */
static bool is_image(struct finder *f, const char *name)
{
        if (startswith(name, "initr"))
                return true;
        for (const struct maker *const *m = f->makers->table; *m; m++)
                for (const char *const *pattern = (*m)->images; *pattern; pattern++)
                        if (streq(name, image_name(f, *pattern)))
                                return true;
        return false;
}

/* The file beside the kernel that is an image by its name. */
static void find_by_entry(struct finder *f, const struct boot_kernel *kernel)
{
        const char *path = kernel_file_find(f->root, f->arena, kernel->mount, span_of(kernel->path)), *image = NULL;
        struct installed_lost *lost;
        bool any = false, foreign = true;

        if (!is_of(f, kernel, path))
                return;
        for (size_t i = 0; i < kernel->beside.n; i++) {
                const char *name = kernel->beside.v[i], *found;

                if (is_spare(str_basename(name)))
                        return;
                image = image ? image : name;
                if (!is_image(f, str_basename(name)))
                        continue;
                image = name;
                foreign = false;
                found = kernel_file_find(f->root, f->arena, kernel->mount, span_of(name));
                any |= found && add_image(f, found, kernel->where, false);
        }
        f->kernel |= path != NULL;
        if (any)
                return;
        lost = arena_grow(f->arena, &f->list->lost, f->list->n_lost, sizeof(*lost));
        *lost = (struct installed_lost){f->release, kernel->where, image, foreign};
        f->list->n_lost++;
}

/* EFI/Linux/...RELEASE....efi, as kernel-install and image makers name them. */
static void find_unified(struct finder *f, const char *place)
{
        const char *dir = arena_join(f->arena, place, "/EFI/Linux", NULL), **names;
        size_t n;

        if (root_list(f->root, f->arena, dir, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                const char *at = strstr(names[i], f->release);

                if (at && strchr("-.+", at[strlen(f->release)]) && endswith(names[i], ".efi"))
                        add_image(f, arena_join(f->arena, dir, "/", names[i], NULL), NULL, true);
        }
}

static void find_release(struct finder *f)
{
        f->first = f->list->n;
        f->kernel = false;
        /* What an entry names is surer than any name. */
        for (size_t i = 0; i < f->kernels.n; i++)
                find_by_entry(f, &f->kernels.v[i]);
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                find_by_name(f, places[i]);
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                find_unified(f, places[i]);
        if (f->list->n == f->first) {
                struct installed *x = arena_grow(f->arena, &f->list->v, f->list->n, sizeof(*x));

                x->release = f->release;
                f->list->n++;
        }
        for (size_t i = f->first; i < f->list->n; i++)
                f->list->v[i].kernel = f->kernel || f->list->v[i].unified;
}

static const char *token(struct finder *f, const char *path)
{
        char text[64];

        return root_read(f->root, path, text, sizeof(text)) > 0 && !strchr(text, '/') ? arena_strdup(f->arena, text)
                                                                                      : NULL;
}

/* Others have directories there, too. No kernel's release has a blank or begins with what an option does. */
static bool may_be_release(const char *name)
{
        if (strchr("-.", *name))
                return false;
        while (*name && (unsigned char)*name > ' ' && *name != 0x7f)
                name++;
        return !*name;
}

void installed_find(const struct root *root, struct arena *a, const struct makers *makers,
                    const struct boot_facts *boot, struct installed_list *ret)
{
        struct finder f = {.root = root, .arena = a, .makers = makers, .list = ret};

        *ret = (struct installed_list){.entries = boot && boot_kernels(boot, a, &f.kernels)};
        if (root_list(root, a, "/lib/modules", &f.releases, &f.n_releases) < 0)
                return;
        f.tokens[0] = token(&f, "/etc/machine-id");
        f.tokens[1] = token(&f, "/etc/kernel/entry-token");
        for (size_t i = 0; i < f.n_releases; i++) {
                f.release = f.releases[i];
                if (may_be_release(f.release))
                        find_release(&f);
        }
}

void installed_look(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                    struct arena *a, struct boot_facts *ret_boot, struct installed_list *ret)
{
        boot_detect(loaders, root, a, ret_boot);
        installed_find(root, a, makers, ret_boot->unreadable ? NULL : ret_boot, ret);
}
