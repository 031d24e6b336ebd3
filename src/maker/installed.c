/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/installed.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "loader/entry.h"

static const char *const places[] = {"/boot", "/efi", "/boot/efi"};

struct finder {
        const struct root *root;
        struct arena *arena;
        const struct makers *makers;
        const struct boot_facts *boot;
        const char *tokens[2]; /* names that kernel-install's directories may have, NULL for none */
        struct installed_list *list;
        const char *release;
        size_t first; /* of this release in the list */
        bool kernel;
};

/* A file that is reached by two names, as where /efi is a link, is one image. */
static void add_image(struct finder *f, const char *path, bool unified)
{
        _cleanup_(close_fd) int fd = root_open_at(f->root, path, O_PATH);
        struct installed *x;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        for (size_t i = f->first; i < f->list->n; i++)
                if (f->list->v[i].st.st_dev == st.st_dev && f->list->v[i].st.st_ino == st.st_ino)
                        return;
        x = arena_grow(f->arena, &f->list->v, f->list->n, sizeof(*x));
        *x = (struct installed){.release = f->release, .path = path, .unified = unified, .st = st};
        f->list->n++;
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
                for (const char *const *name = (*m)->images; *name; name++) {
                        int star = (int)(strchr(*name, '*') - *name);

                        add_image(
                                f,
                                arena_printf(f->arena, "%s/%.*s%s%s", place, star, *name, f->release, *name + star + 1),
                                false);
                }
        for (size_t i = 0; i < ARRAY_SIZE(f->tokens); i++) {
                const char *dir;

                if (!f->tokens[i])
                        continue;
                dir = arena_join(f->arena, place, "/", f->tokens[i], "/", f->release, "/", NULL);
                look_for_kernel(f, arena_join(f->arena, dir, "linux", NULL));
                add_image(f, arena_join(f->arena, dir, "initrd", NULL), false);
        }
}

/* Paths in an entry are those of the file system that the entry is on, which may be mounted anywhere, or be the root.
 */
static const char *entry_path(struct finder *f, const struct boot_file *entry, struct span value)
{
        const char *end = strstr(entry->path, "/loader/entries/");
        char *below, *path;

        for (; value.length > 0 && *value.at == '/'; value.length--)
                value.at++;
        below = arena_printf(f->arena, "/%.*s", (int)value.length, value.at);
        path = below && end ? arena_printf(f->arena, "%.*s%s", (int)(end - entry->path), entry->path, below) : NULL;
        return path && root_exists(f->root, path) ? path : below;
}

/* The file that an entry names and that is an initrd by its name: others are microcode. */
static void find_by_entry(struct finder *f, const struct boot_file *entry)
{
        struct span value;

        if (!entry_is_ours(f->boot, entry) || !entry_is_of(entry, f->release))
                return;
        if (entry_value(entry->text, "linux", 0, &value))
                look_for_kernel(f, entry_path(f, entry, value));
        for (size_t i = 0; entry_value(entry->text, "initrd", i, &value); i++) {
                const char *path = entry_path(f, entry, value);

                if (startswith(str_basename(path), "initr"))
                        add_image(f, path, false);
        }
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
                        add_image(f, arena_join(f->arena, dir, "/", names[i], NULL), true);
        }
}

static void find_release(struct finder *f)
{
        f->first = f->list->n;
        f->kernel = false;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                find_by_name(f, places[i]);
        for (size_t i = 0; f->boot && i < f->boot->n_entries; i++)
                find_by_entry(f, &f->boot->entries[i]);
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
        struct finder f = {.root = root, .arena = a, .makers = makers, .boot = boot, .list = ret};
        const char **releases;
        size_t n;

        *ret = (struct installed_list){};
        if (root_list(root, a, "/lib/modules", &releases, &n) < 0)
                return;
        f.tokens[0] = token(&f, "/etc/machine-id");
        f.tokens[1] = token(&f, "/etc/kernel/entry-token");
        for (size_t i = 0; i < n; i++) {
                f.release = releases[i];
                if (may_be_release(releases[i]))
                        find_release(&f);
        }
}

void installed_look(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                    struct arena *a, struct installed_list *ret)
{
        struct boot_facts boot;

        boot_detect(loaders, root, a, &boot);
        installed_find(root, a, makers, boot.unreadable ? NULL : &boot, ret);
}
