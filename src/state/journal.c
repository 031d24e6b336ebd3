/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "base/file.h"
#include "base/recfile.h"
#include "base/str.h"

#define SIZE_LIMIT ((size_t)64 * 1024 * 1024)

static const char *const kind_names[UNDO_KIND_MAX_] = {"written", "generated", "image", "seen"};

static char *path_of(struct arena *a, unsigned number, const char *name)
{
        return arena_printf(a, UNDO_DIR "/%u/%s", number, name);
}

static const char *const no_file[] = {"-"};

static const struct field file_fields[] = {
        {FIELD(WORD, undo_file, kind), NAMES(kind_names, UNDO_KIND_MAX_)},
        {FIELD(TEXT, undo_file, old), .names = no_file},
        {FIELD(TEXT, undo_file, new), .names = no_file},
        {FIELD(U32, undo_file, attributes.st_mode)},
        {FIELD(U32, undo_file, attributes.st_uid)},
        {FIELD(U32, undo_file, attributes.st_gid)},
        {FIELD(FLAG, undo_file, made_directory), .names = (const char *const[]){"1", "0"}},
        {FIELD(TEXT, undo_file, path)},
};

static const struct record_type types[] = {
        {.key = "when", ONE_FIELD(FIELD(TEXT, undo, when))},
        {.key = "boot", ONE_FIELD(FIELD(TEXT, undo, boot))},
        {.key = "command", ONE_FIELD(FIELD(TEXT, undo, command))},
        {.key = "file", LIST(undo, files), FIELDS(file_fields)},
        {.key = "added", LIST(undo, files), ONE_FIELD(FIELD(ADDED, undo_file, added))},
};

static const struct recfile format = {
        .first = "passthrough-undo 1",
        .separator = ' ',
        .ended = true,
        .max = SIZE_LIMIT,
        RECORD_TYPES(undo, types),
};

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

/* What file i had before. */
char *journal_copy(struct arena *a, const struct undo *u, size_t i)
{
        return arena_printf(a, UNDO_DIR "/%u/old.%zu", u->number, i);
}

static bool made_by_command(const struct undo_file *f)
{
        return f->kind == UNDO_GENERATED || f->kind == UNDO_IMAGE;
}

static bool is_whole(const struct undo *u)
{
        for (size_t i = 0; i < u->n_files; i++) {
                const struct undo_file *f = &u->files[i];

                if (*f->path != '/' || (f->old && !content_valid(f->old)) || (f->new && !content_valid(f->new)))
                        return false;
        }
        return true;
}

/* What the commands have made, one line for each such file, in their order. */
static bool parse_done(struct undo *u, char *text)
{
        for (size_t i = 0; i < u->n_files; i++) {
                char *line;

                if (!made_by_command(&u->files[i]))
                        continue;
                line = strsep(&text, "\n");
                if (!line || (!streq(line, "-") && !content_valid(line)))
                        return false;
                u->files[i].new = streq(line, "-") ? NULL : line;
        }
        u->done = true;
        return true;
}

/* 0, RECFILE_ABSENT, or -errno. */
static int load(const struct root *root, struct arena *a, unsigned number, struct undo *ret)
{
        char *text;
        size_t size;
        int k = recfile_read(root, a, &format, path_of(a, number, "manifest"), ret);

        if (k != 0)
                return k == RECFILE_MALFORMED ? -EBADMSG : k;
        if (!is_whole(ret))
                return -EBADMSG;
        ret->number = number;
        ret->when = ret->when ? ret->when : "";
        ret->boot = ret->boot ? ret->boot : "";
        k = root_read_all(root, a, path_of(a, number, "done"), SIZE_LIMIT, &text, &size);
        if (k < 0)
                return k == -ENOENT ? 0 : k;
        return parse_done(ret, text) ? 0 : -EBADMSG;
}

static int by_number(const void *a, const void *b)
{
        const struct undo *x = a, *y = b;

        return (x->number > y->number) - (x->number < y->number);
}

/*
 * Held by whoever this starts, too: a dracut or update-grub whose apply was killed goes on, and would overwrite what
 * the next apply has made.
 */
static int take_lock(const struct root *root, int *ret)
{
        *ret = root_open_at(root, UNDO_DIR, O_RDONLY | O_DIRECTORY);
        if (*ret < 0)
                return *ret;
        if (flock(*ret, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? JOURNAL_BUSY : -errno;
        return fcntl(*ret, F_SETFD, 0) < 0 ? -errno : 0;
}

/* What an undo that was killed has left beside the files: an apply may find nothing to do there. */
static void sweep(const struct root *root, struct arena *a, const struct undo *u)
{
        for (size_t i = 0; i < u->n_files; i++) {
                const char *path;

                if (file_resolve(root, a, u->files[i].path, &path) == 0)
                        file_sweep(root, path);
        }
}

int journal_open(const struct root *root, struct arena *a, bool lock, struct journal *ret)
{
        const char **names;
        size_t n;
        int k = lock ? file_make_parents(root, UNDO_DIR "/.") : 0;

        *ret = (struct journal){.lock = -1};
        if (k == 0 && lock)
                k = take_lock(root, &ret->lock);
        if (k == 0)
                k = root_list(root, a, UNDO_DIR, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                struct undo *u;
                uint32_t number;

                if (!str_to_u32(names[i], 10, &number))
                        continue;
                u = arena_grow(a, &ret->v, ret->n, sizeof(*ret->v));
                k = load(root, a, number, u);
                if (k == 0)
                        ret->n++;
                if (k > 0)
                        k = 0;
        }
        if (k == 0 && ret->n > 1)
                qsort(ret->v, ret->n, sizeof(*ret->v), by_number);
        if (k == 0 && lock && ret->n > 0)
                sweep(root, a, &ret->v[ret->n - 1]);
        if (k != 0)
                journal_close(ret);
        return k;
}

void journal_close(struct journal *j)
{
        close_fd(&j->lock);
        j->lock = -1;
}

bool journal_busy(const struct root *root)
{
        _cleanup_(close_fd) int fd = root_open_at(root, UNDO_DIR, O_RDONLY | O_DIRECTORY);

        return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

const struct undo *journal_unfinished(const struct journal *j)
{
        const struct undo *last = j->n > 0 ? &j->v[j->n - 1] : NULL;

        return last && !last->done ? last : NULL;
}

void journal_owned(const struct journal *j, struct arena *a, struct owned *ret)
{
        *ret = (struct owned){};
        for (size_t i = 0; i < j->n; i++)
                for (size_t f = 0; f < j->v[i].n_files; f++) {
                        const struct undo_file *file = &j->v[i].files[f];

                        strings_add(a, &ret->seen, file->path);
                        for (size_t t = 0; t < file->added.n; t++) {
                                struct owned_token *added = arena_grow(a, &ret->tokens, ret->n_tokens, sizeof(*added));

                                *added = (struct owned_token){file->path, file->added.v[t]};
                                ret->n_tokens++;
                        }
                }
}

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

static const char *change_was(struct arena *a, const struct change *c)
{
        return c->packed ? c->was : content_of(a, c->old, c->old ? strlen(c->old) : 0);
}

static int add_file(const struct root *root, struct arena *a, struct undo *u, enum undo_kind kind, const char *path,
                    const struct change *op)
{
        struct undo_file *f = arena_grow(a, &u->files, u->n_files, sizeof(*u->files));
        char *copy, *data = NULL;
        size_t size = 0;
        const char *directory;
        struct stat st;
        int k;

        f->kind = kind;
        f->path = path;
        k = kind == UNDO_IMAGE ? content_measure(root, a, f->path, &f->old)
                               : content_read(root, a, f->path, &f->old, &data, &size);
        if (k == 0 && f->old)
                k = file_stat(root, f->path, &f->attributes);
        if (k < 0)
                return k;
        u->n_files++;
        directory = arena_strndup(a, f->path, (size_t)(str_basename(f->path) - f->path));
        f->made_directory = file_stat(root, directory, &st) == -ENOENT;
        if (op) {
                size_t length;
                const char *new = change_data(op, &length);

                f->new = content_of(a, new, length);
                f->added = op->added;
                /* What was planned on is what is there. */
                if (!streq_ptr(f->old, change_was(a, op)))
                        return -ESTALE;
        }
        if (kind == UNDO_SEEN || !f->old)
                return 0;
        copy = journal_copy(a, u, u->n_files - 1);
        if (kind == UNDO_IMAGE)
                return file_keep(root, path, copy);
        /* Menus of GRUB may have passwords in them. */
        return file_write(root, copy, data, size,
                          &(struct stat){
                                  .st_mode = 0600,
                                  .st_uid = geteuid(),
                                  .st_gid = getegid(),
                          });
}

int journal_begin(const struct root *root, struct arena *a, struct journal *j, const struct changes *changes,
                  const struct undo **ret)
{
        struct undo *u = arena_grow(a, &j->v, j->n, sizeof(*j->v));
        time_t now = time(NULL);
        struct tm tm;
        char when[32], *text, *path;
        size_t size;
        int k;

        *u = (struct undo){
                .number = j->n > 0 ? j->v[j->n - 1].number + 1 : 1,
                .boot = changes->boot,
                .command = changes->back ? changes->back : changes->command,
        };
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
        u->when = arena_strdup(a, when);
        path = path_of(a, u->number, "manifest");
        /* One that was never begun may lie there; nothing of it counts, and its manifest is not there. */
        k = file_make_parents(root, path);
        for (size_t i = 0; k == 0 && i < changes->n; i++)
                k = add_file(root, a, u, UNDO_WRITTEN, changes->v[i].path, &changes->v[i]);
        if (k == 0 && changes->generated)
                k = add_file(root, a, u, UNDO_GENERATED, changes->generated, NULL);
        for (size_t i = 0; k == 0 && i < changes->images.n; i++)
                k = add_file(root, a, u, UNDO_IMAGE, changes->images.v[i], NULL);
        for (size_t i = 0; k == 0 && i < changes->seen.n; i++)
                k = add_file(root, a, u, UNDO_SEEN, changes->seen.v[i], NULL);
        /* Whose they are, for later applies. */
        if (k == 0 && changes->added.n > 0)
                k = add_file(root, a, u, UNDO_SEEN, "/proc/cmdline", NULL);
        if (k == 0 && changes->added.n > 0)
                u->files[u->n_files - 1].added = changes->added;
        text = recfile_format(a, &format, u, &size);
        if (k == 0)
                k = file_write(root, path, text, size, NULL);
        if (k < 0) {
                (void)!journal_remove(root, a, u);
                return k;
        }
        j->n++;
        *ret = u;
        return 0;
}

int journal_done(const struct root *root, struct arena *a, const struct undo *u)
{
        char *text = arena_strdup(a, ""), *path = path_of(a, u->number, "done");
        int k = 0;

        for (size_t i = 0; k == 0 && i < u->n_files; i++) {
                const char *now;

                if (!made_by_command(&u->files[i]))
                        continue;
                k = content_measure(root, a, u->files[i].path, &now);
                if (k == 0)
                        text = arena_join(a, text, now ? now : "-", "\n", NULL);
        }
        return k == 0 ? file_write(root, path, text, strlen(text), NULL) : k;
}

int journal_forget_images(const struct root *root, struct arena *a, const struct journal *j)
{
        int k = 0;

        for (size_t i = 0; i + 1 < j->n; i++)
                for (size_t f = 0; k == 0 && f < j->v[i].n_files; f++)
                        if (j->v[i].files[f].kind == UNDO_IMAGE)
                                k = file_remove(root, journal_copy(a, &j->v[i], f));
        return k;
}

int journal_put_back(const struct root *root, struct arena *a, const struct undo *u, size_t i, const char *path,
                     enum journal_kept *ret)
{
        char *copy = journal_copy(a, u, i);
        const char *kept;
        int k = content_measure(root, a, copy, &kept);

        if (k < 0)
                return k;
        *ret = streq_ptr(kept, u->files[i].old) ? JOURNAL_KEPT : kept ? JOURNAL_KEPT_WRONG : JOURNAL_NOT_KEPT;
        return *ret == JOURNAL_KEPT ? file_copy(root, copy, path, &u->files[i].attributes) : 0;
}

/* The manifest first: without it, nothing of the rest counts. */
int journal_remove(const struct root *root, struct arena *a, const struct undo *u)
{
        char *manifest = path_of(a, u->number, "manifest"), *dir = arena_printf(a, UNDO_DIR "/%u", u->number);
        static const char *const always[] = {"manifest", "done"};
        const char **names;
        size_t n;
        int k = file_remove(root, manifest);

        if (k == 0)
                k = root_list(root, a, dir, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = path_of(a, u->number, names[i]);

                k = file_remove(root, path);
                file_sweep(root, path);
        }
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(always); i++)
                file_sweep(root, path_of(a, u->number, always[i]));
        return k == 0 ? file_remove_directory(root, dir) : k;
}
