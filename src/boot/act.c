/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/str.h"
#include "boot/file.h"

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
        char *data;
        size_t size;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k == 0 && f->old.there) {
                k = journal_copy(t->root, t->arena, t->undo, i, &data, &size);
                if (k == 0)
                        k = file_write(t->root, path, data, size, &f->attributes);
        } else if (k == 0)
                k = file_remove(t->root, path);
        return k == 0 ? boot_add_string(t->arena, &t->back->restored, &t->back->n_restored, f->path) : k;
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
                char *edited = line_without(a, all, tokens, n);

                return edited ? text_replace(a, text, all, edited) : NULL;
        }
        return NULL;
}

static int edit(struct taker *t, const char *path, const char *text, const char *const *tokens, size_t n)
{
        char *new = without(t->arena, path, text, tokens, n);
        int k;

        if (!new)
                return boot_add_string(
                        t->arena, &t->back->left, &t->back->n_left,
                        arena_join(t->arena, path, " has been changed since, and is left as it is", NULL));
        if (streq(new, text))
                return 0;
        k = file_resolve(t->root, t->arena, path, &path);
        if (k == 0)
                k = file_write(t->root, path, new, strlen(new), NULL);
        return k == 0 ? boot_add_string(t->arena, &t->back->edited, &t->back->n_edited, path) : k;
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
                else if (now.there)
                        k = edit(t, f->path, text, f->added, f->n_added);
                /* Else it went away, as entries do with their kernel. */
        }
        if (k == 0 && f->made_directory) {
                char *dir = arena_strndup(t->arena, path, (size_t)(str_basename(path) - path) - 1);

                k = dir ? file_remove_directory(t->root, dir) : -ENOMEM;
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
                k = take_back(&t, i);
        }
        for (size_t i = 0; facts && k == 0 && i < facts->n_entries; i++) {
                *ret_what = facts->entries[i].path;
                k = take_from_entry(&t, facts, &facts->entries[i]);
        }
        return k;
}

int boot_run(const char *const *argv)
{
        static const char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        pid_t child = fork();
        int status;

        if (child < 0)
                return -errno;
        if (child == 0) {
                int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

                if (null >= 0)
                        dup2(null, STDIN_FILENO);
                if (putenv((char *)path) == 0)
                        execv(argv[0], (char *const *)argv);
                _exit(127);
        }
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
