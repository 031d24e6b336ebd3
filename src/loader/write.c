/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/write.h"

#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "state/trial.h"

int boot_write(const struct root *root, struct arena *a, const struct boot_plan *plan, const char **ret_what)
{
        for (size_t i = 0; i < plan->n_ops; i++) {
                const struct boot_op *op = &plan->ops[i];
                const char *path;
                int k;

                *ret_what = op->path;
                k = file_resolve(root, a, op->path, &path);
                if (k == 0 && op->new)
                        k = file_make_parents(root, path);
                if (k == 0)
                        k = op->new ? file_write(root, path, op->new, strlen(op->new), NULL) : file_remove(root, path);
                if (k < 0)
                        return k;
        }
        return 0;
}

struct taker {
        const struct root *root;
        struct arena *arena;
        const struct undo *undo;
        struct boot_back *back;
};

static int put_back(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        const char *path;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k == 0 && f->old.there)
                k = journal_put_back(t->root, t->arena, t->undo, i, path);
        else if (k == 0)
                k = file_remove(t->root, path);
        if (k == 0)
                str_add(t->arena, &t->back->restored, &t->back->n_restored, f->path);
        return k;
}

/* Less the tokens, where it is known how such a file is edited; else NULL. */
static char *without(struct arena *a, const char *path, const char *text, const char *const *tokens, size_t n)
{
        unsigned line;
        bool full;

        if (strstr(path, "/loader/entries/"))
                return entry_edit(a, text, NULL, 0, tokens, n);
        if (streq(path, BOOT_GRUBENV))
                return grubenv_edit(a, text, NULL, 0, tokens, n, &full);
        if (streq(path, BOOT_DEFAULT_GRUB))
                return grub_edit(a, text, NULL, 0, tokens, n, &line);
        if (streq(path, BOOT_KERNEL_CMDLINE)) {
                struct span all = {text, strcspn(text, "\n")};
                char *edited = span_without(a, all, tokens, n);

                return edited ? span_replace(a, text, all, edited) : NULL;
        }
        return NULL;
}

static int left(struct taker *t, const char *path, const char *why)
{
        str_add(t->arena, &t->back->left, &t->back->n_left, arena_join(t->arena, path, why, NULL));
        return 0;
}

static int edit(struct taker *t, const char *path, const char *text, const char *const *tokens, size_t n)
{
        char *new = without(t->arena, path, text, tokens, n);
        int k;

        if (!new)
                return left(t, path, " has been changed since, and is left as it is");
        if (streq(new, text))
                return 0;
        k = file_resolve(t->root, t->arena, path, &path);
        if (k == 0)
                k = file_write(t->root, path, new, strlen(new), NULL);
        if (k == 0)
                str_add(t->arena, &t->back->edited, &t->back->n_edited, path);
        return k;
}

/* One that was built anew by others, or went away with its kernel, stays as it is. */
static int take_back_image(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        struct content now;
        const char *path;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k < 0)
                return k;
        file_sweep(t->root, path);
        k = content_measure(t->root, path, &now);
        if (k < 0 || !now.there || content_same(now, f->old))
                return k;
        if (t->undo->done && !content_same(now, f->new)) {
                str_add(t->arena, &t->back->kept, &t->back->n_kept, f->path);
                return 0;
        }
        k = put_back(t, i);
        if (k == -ENOENT)
                return left(t, f->path, ": the image before this apply is not kept any more");
        return k == -EBADMSG ? left(t, f->path, ": the image that was kept is not as it was any more") : k;
}

static int take_back(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        struct content now;
        const char *path;
        char *text;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k < 0)
                return k;
        file_sweep(t->root, path);
        k = content_read(t->root, t->arena, f->path, &now, &text);
        if (k < 0 || f->kind == UNDO_SEEN)
                return k;
        if (!content_same(now, f->old)) {
                /* Of one that was cut short it is not known what the command would have made. */
                if (content_same(now, f->new) || (f->kind == UNDO_GENERATED && !t->undo->done))
                        k = put_back(t, i);
                else if (f->kind == UNDO_GENERATED)
                        t->back->stale = true;
                else if (now.there && streq(str_basename(path), OFF_ENTRY))
                        k = put_back(t, i); /* it follows the kernels */
                else if (now.there)
                        k = edit(t, f->path, text, f->added, f->n_added);
                /* Else it went away, as entries do with their kernel. */
        }
        if (k == 0 && f->made_directory) {
                char *dir = arena_strndup(t->arena, path, (size_t)(str_basename(path) - path) - 1);

                k = file_remove_directory(t->root, dir);
        }
        return k;
}

/* An entry that was made since has its tokens from a file that we had added them to. */
static int take_from_entry(struct taker *t, const struct boot_facts *facts, const struct boot_file *entry)
{
        int k = 0;

        for (size_t i = 0; i < t->undo->n_files; i++)
                if (streq(t->undo->files[i].path, entry->path))
                        return 0;
        if (!entry_is_ours(facts, entry))
                return 0;
        for (size_t i = 0; k == 0 && i < t->undo->n_files; i++)
                if (streq(t->undo->files[i].path, BOOT_KERNEL_CMDLINE) || strstr(t->undo->files[i].path, "/entries/")) {
                        struct content now;
                        char *text;

                        k = content_read(t->root, t->arena, entry->path, &now, &text);
                        if (k == 0 && now.there)
                                k = edit(t, entry->path, text, t->undo->files[i].added, t->undo->files[i].n_added);
                }
        return k;
}

int boot_take_back(const struct root *root, struct arena *a, const struct undo *u, const struct boot_facts *facts,
                   struct boot_back *ret, const char **ret_what)
{
        struct taker t = {root, a, u, ret};
        int k = 0;

        for (size_t i = u->n_files; k == 0 && i-- > 0;) {
                *ret_what = u->files[i].path;
                k = u->files[i].kind == UNDO_IMAGE ? take_back_image(&t, i) : take_back(&t, i);
        }
        for (size_t i = 0; facts && k == 0 && i < facts->n_entries; i++) {
                *ret_what = facts->entries[i].path;
                k = take_from_entry(&t, facts, &facts->entries[i]);
        }
        return k;
}
