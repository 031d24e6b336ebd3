/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/installed.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/str.h"
#include "loader/kernel-file.h"
#include "loader/pe.h"

static const char *const places[] = {"/boot", "/efi", "/boot/efi"};

/* A kernel of a boot entry whose release is known here, and which of the files beside it is its image. */
struct loaded {
        const struct boot_kernel *kernel;
        const char *release;
        const char *path;  /* of the kernel's file, or NULL */
        const char *image; /* as the entry names it; NULL: it is not known */
        enum installed_lack lack;
};

struct finder {
        const struct root *root;
        struct arena *arena;
        const struct makers *makers;
        const struct boot_facts *boot; /* or NULL */
        struct boot_kernels kernels;   /* that boot entries load */
        struct loaded *loaded;
        size_t n_loaded;
        struct stat *others; /* files that an entry loads beside an image */
        size_t n_others;
        const char *tokens[2]; /* names that kernel-install's directories may have, NULL for none */
        struct installed_list *list;
        const char **releases;
        size_t n_releases;
        const char *release; /* one of them */
        size_t first;        /* of this release in the list */
        bool kernel;
};

static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool stat_file(struct finder *f, const char *path, struct stat *ret)
{
        _cleanup_(close_fd) int fd = root_open_at(f->root, path, O_PATH);

        return fd >= 0 && fstat(fd, ret) == 0 && S_ISREG(ret->st_mode);
}

/*
 * One name, reached by two paths: /efi may be a link, and an image as well. Two names of one file (hard links) are two
 * images: the new one takes the place of one name.
 */
static bool same_name(struct finder *f, const char *a, const char *b)
{
        struct stat one, other;

        if (file_resolve(f->root, f->arena, a, &a) < 0 || file_resolve(f->root, f->arena, b, &b) < 0 ||
            !streq(str_basename(a), str_basename(b)))
                return false;
        a = arena_strndup(f->arena, a, (size_t)(str_basename(a) - a));
        b = arena_strndup(f->arena, b, (size_t)(str_basename(b) - b));
        return file_stat(f->root, a, &one) == 0 && file_stat(f->root, b, &other) == 0 && same_file(&one, &other);
}

static const struct boot_uki *uki_of(const struct finder *f, const char *path)
{
        for (size_t i = 0; f->boot && i < f->boot->n_unified; i++)
                if (streq(f->boot->unified[i].path, path))
                        return &f->boot->unified[i];
        return NULL;
}

static bool add_image(struct finder *f, const char *path, const char *entry, bool unified)
{
        struct installed *x;
        struct stat st;

        if (!stat_file(f, path, &st))
                return false;
        for (size_t i = 0; i < f->n_others; i++)
                if (same_file(&f->others[i], &st))
                        return false;
        for (size_t i = f->first; i < f->list->n; i++)
                if (same_file(&f->list->v[i].st, &st) && same_name(f, f->list->v[i].path, path))
                        return true;
        x = arena_grow(f->arena, &f->list->v, f->list->n, sizeof(*x));
        *x = (struct installed){.release = f->release,
                                .path = path,
                                .unified = unified,
                                .uki = unified ? uki_of(f, path) : NULL,
                                .entry = entry,
                                .st = st};
        f->list->n++;
        return true;
}

static void look_for_kernel(struct finder *f, const char *path)
{
        f->kernel |= root_exists(f->root, path);
}

/* The makers' own names have the release; kernel-install names a directory after the machine's ID or its own token. */
static void find_by_name(struct finder *f, const char *place)
{
        look_for_kernel(f, arena_join(f->arena, place, "/vmlinuz-", f->release, NULL));

        for (const struct maker *const *m = f->makers->table; *m; m++)
                for (const char *const *name = (*m)->images; *name; name++)
                        add_image(f,
                                  arena_join(f->arena, place, "/", maker_image_name(f->arena, *name, f->release), NULL),
                                  NULL, false);
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

/* A name that a maker, or kernel-install, gives the image of that release. */
static bool is_own(struct finder *f, const char *path)
{
        const char *name = str_basename(path);

        if (endswith(path, arena_join(f->arena, "/", f->release, "/initrd", NULL)))
                return true;
        for (const struct maker *const *m = f->makers->table; *m; m++)
                for (const char *const *pattern = (*m)->images; *pattern; pattern++)
                        if (streq(name, maker_image_name(f->arena, *pattern, f->release)))
                                return true;
        return false;
}

static bool is_named_image(struct finder *f _unused_, const char *path)
{
        return startswith(str_basename(path), "initr");
}

static bool may_be_image(struct finder *f, const char *path)
{
        return is_named_image(f, path) || strstr(str_basename(path), f->release);
}

/* How many of the files beside a kernel are so; *ret: the last of them. */
static size_t count(struct finder *f, const struct boot_kernel *kernel, bool (*is)(struct finder *, const char *),
                    const char **ret)
{
        size_t n = 0;

        for (size_t i = 0; i < kernel->beside.n; i++) {
                const char *name = kernel->beside.v[i];

                if (!is(f, name) || (n > 0 && streq(name, *ret)))
                        continue;
                *ret = name;
                n++;
        }
        return n;
}

/* One file is the image. Keys, drivers and microcode may be beside it, and are never written. */
static void choose(struct finder *f, struct loaded *x)
{
        const char *image = NULL;
        size_t own = count(f, x->kernel, is_own, &image), may = own;

        if (own == 0)
                may = count(f, x->kernel, may_be_image, &image);
        x->lack = may > 1                                              ? INSTALLED_SEVERAL
                  : may == 1 && (own == 1 || is_named_image(f, image)) ? INSTALLED_GONE
                  : x->kernel->beside.n > 0                            ? INSTALLED_FOREIGN
                                                                       : INSTALLED_NONE;
        if (x->lack == INSTALLED_GONE)
                x->image = image;
}

/* All entries come first, and then their images: a file beside one image is no image of another entry, either. */
static void read_entries(struct finder *f)
{
        for (size_t i = 0; i < f->kernels.n; i++) {
                const struct boot_kernel *kernel = &f->kernels.v[i];
                const char *path = kernel_file_find(f->root, f->arena, kernel->mount, span_of(kernel->path));
                struct loaded *x;

                if (!is_of(f, kernel, path))
                        continue;
                x = arena_grow(f->arena, &f->loaded, f->n_loaded, sizeof(*x));
                *x = (struct loaded){.kernel = kernel, .release = f->release, .path = path};
                f->n_loaded++;
                choose(f, x);
                for (size_t j = 0; j < kernel->beside.n; j++) {
                        const char *name = kernel->beside.v[j];
                        const char *found = kernel_file_find(f->root, f->arena, kernel->mount, span_of(name));
                        struct stat st, *other;

                        if ((x->image && streq(name, x->image)) || !found || !stat_file(f, found, &st))
                                continue;
                        other = arena_grow(f->arena, &f->others, f->n_others, sizeof(*other));
                        *other = st;
                        f->n_others++;
                }
        }
}

/* An image for emergencies stays as it is: a boot of it is to have nothing of ours. */
static bool is_spare(const struct loaded *x)
{
        for (size_t i = 0; i < x->kernel->beside.n; i++) {
                const char *name = x->image ? x->image : x->kernel->beside.v[i];

                if (strstr(str_basename(name), "rescue") || strstr(str_basename(name), "fallback"))
                        return true;
        }
        return false;
}

/* A link may lead to a file that has another release in its name. */
static bool is_of_another(struct finder *f, const char *path)
{
        const char *own = f->release, *file;
        bool is = false;

        if (file_resolve(f->root, f->arena, path, &file) < 0 || is_own(f, file))
                return false;
        for (size_t i = 0; i < f->n_releases && !is; i++) {
                f->release = f->releases[i];
                is = is_own(f, file);
        }
        f->release = own;
        return is;
}

static void find_by_entry(struct finder *f, const struct loaded *x)
{
        const struct boot_kernel *kernel = x->kernel;
        const char *found = NULL, *image = x->image;
        enum installed_lack lack = x->lack;
        struct installed_lost *lost;

        if (is_spare(x) && kernel->next != KNOWN_YES)
                return;
        f->kernel |= x->path != NULL;
        if (image)
                found = kernel_file_find(f->root, f->arena, kernel->mount, span_of(image));
        if (found && is_spare(x))
                lack = INSTALLED_SPARE;
        else if (found && is_of_another(f, found))
                lack = INSTALLED_OTHER;
        else if (found && !x->path && kernel->next != KNOWN_NO)
                image = kernel->path;
        else if (found && add_image(f, found, kernel->where, false))
                return;
        else if (found)
                lack = INSTALLED_SEVERAL;
        for (size_t i = 0; !x->image && i < kernel->beside.n; i++)
                image = arena_join(f->arena, image ? image : "", image ? " and " : "", kernel->beside.v[i], NULL);
        lost = arena_grow(f->arena, &f->list->lost, f->list->n_lost, sizeof(*lost));
        *lost = (struct installed_lost){f->release, kernel->where, image, lack, kernel->next};
        f->list->n_lost++;
}

/* One that says which kernel is in it, and EFI/Linux/...RELEASE....efi, as kernel-install and image makers name them.
 */
static void find_unified(struct finder *f, const char *place)
{
        const char *dir = arena_join(f->arena, place, "/EFI/Linux", NULL), **names;
        size_t n;

        for (size_t i = 0; f->boot && i < f->boot->n_unified; i++)
                if (streq_ptr(f->boot->unified[i].release, f->release))
                        add_image(f, f->boot->unified[i].path, NULL, true);
        if (root_list(f->root, f->arena, dir, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                const char *at = strstr(names[i], f->release), *path = arena_join(f->arena, dir, "/", names[i], NULL);

                if (at && strchr("-.+", at[strlen(f->release)]) && pe_is_named(names[i], ".efi") &&
                    !(f->boot && str_index(path, f->boot->foreign.v, f->boot->foreign.n) >= 0))
                        add_image(f, path, NULL, true);
        }
}

static void find_release(struct finder *f)
{
        f->first = f->list->n;
        f->kernel = false;
        /* What an entry names is surer than any name. */
        for (size_t i = 0; i < f->n_loaded; i++)
                if (streq(f->loaded[i].release, f->release))
                        find_by_entry(f, &f->loaded[i]);
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

/* Entries whose kernel is none of those that have modules. */
static void find_bare(struct finder *f)
{
        for (size_t i = 0; i < f->kernels.n; i++) {
                const struct boot_kernel *kernel = &f->kernels.v[i];
                struct installed_lost *lost;
                bool known = kernel->next != KNOWN_YES && (is_spare(&(struct loaded){.kernel = kernel}) ||
                                                           strstr(str_basename(kernel->path), "rescue"));

                for (size_t j = 0; j < f->n_loaded && !known; j++)
                        known = f->loaded[j].kernel == kernel;
                if (known)
                        continue;
                lost = arena_grow(f->arena, &f->list->lost, f->list->n_lost, sizeof(*lost));
                *lost = (struct installed_lost){NULL, kernel->where, kernel->path, INSTALLED_BARE, kernel->next};
                f->list->n_lost++;
        }
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

const char *installed_why(struct arena *a, const struct installed_lost *lost, const char *kernel)
{
        static const char *const why[] = {
                [INSTALLED_FOREIGN] = ", and nothing with the name of a boot image (initrd, initramfs)",
                [INSTALLED_SEVERAL] = ", and which of them is the boot image is unknown",
                [INSTALLED_GONE] = ", and that was not found",
                [INSTALLED_OTHER] = ", which leads to another kernel's boot image",
                [INSTALLED_SPARE] = ", which is for emergencies and stays as it is",
                [INSTALLED_BARE] = ", and no kernel of /lib/modules is known to be that",
        };

        if (lost->lack == INSTALLED_NONE)
                return arena_join(a, lost->entry, " loads no boot image for ", kernel, NULL);
        return arena_join(a, lost->entry, " loads ", lost->image, why[lost->lack], NULL);
}

const char *installed_lost_of(const struct installed_list *list, struct arena *a, const char *release)
{
        for (size_t i = 0; i < list->n_lost; i++)
                if (streq_ptr(list->lost[i].release, release))
                        return installed_why(a, &list->lost[i], arena_join(a, "kernel ", release, NULL));
        return NULL;
}

void installed_find(const struct root *root, struct arena *a, const struct makers *makers,
                    const struct boot_facts *boot, struct installed_list *ret)
{
        struct finder f = {.root = root, .arena = a, .makers = makers, .boot = boot, .list = ret};

        *ret = (struct installed_list){.entries = boot && boot_kernels(boot, a, &f.kernels)};
        if (root_list(root, a, "/lib/modules", &f.releases, &f.n_releases) < 0)
                return;
        f.tokens[0] = token(&f, "/etc/machine-id");
        f.tokens[1] = token(&f, "/etc/kernel/entry-token");
        ret->elsewhere = f.kernels.elsewhere;
        for (size_t pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < f.n_releases; i++) {
                        f.release = f.releases[i];
                        if (may_be_release(f.release))
                                (pass == 0 ? read_entries : find_release)(&f);
                }
        find_bare(&f);
}

void installed_look(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                    struct arena *a, struct installed_list *ret)
{
        struct boot_facts boot;

        boot_detect(loaders, root, a, &boot);
        installed_find(root, a, makers, boot.unreadable ? NULL : &boot, ret);
}
