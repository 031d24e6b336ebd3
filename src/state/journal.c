/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "base/file.h"
#include "base/span.h"
#include "base/str.h"

#define FIRST_LINE "passthrough-undo 1"
#define SIZE_LIMIT ((size_t)64 * 1024 * 1024)

static const char *const kind_names[UNDO_KIND_MAX_] = {"written", "generated", "image", "seen"};

struct content content_of(const char *data, size_t size)
{
        return data ? (struct content){true, size, str_hash(STR_HASH_START, data, size)} : (struct content){};
}

bool content_same(struct content a, struct content b)
{
        return a.there == b.there && a.size == b.size && a.hash == b.hash;
}

int content_measure(const struct root *root, const char *path, struct content *ret)
{
        struct content c = {.there = true};
        int k = file_hash(root, path, &c.size, &c.hash);

        if (k < 0 && k != -ENOENT && k != -ENOTDIR)
                return k;
        *ret = k == 0 ? c : (struct content){};
        return 0;
}

int content_read(const struct root *root, struct arena *a, const char *path, struct content *ret, char **ret_data)
{
        char *data = NULL;
        size_t size = 0;
        int k = root_read_all(root, a, path, SIZE_LIMIT, &data, &size);

        if (k < 0 && k != -ENOENT && k != -ENOTDIR)
                return k;
        *ret = content_of(k == 0 ? data : NULL, size);
        if (ret_data)
                *ret_data = k == 0 ? data : NULL;
        return 0;
}

static char *path_of(struct arena *a, unsigned number, const char *name)
{
        return arena_printf(a, UNDO_DIR "/%u/%s", number, name);
}

static char *content_text(struct arena *a, struct content c)
{
        return c.there ? arena_printf(a, "%" PRIu64 ":%016" PRIx64, c.size, c.hash) : arena_strdup(a, "-");
}

static int content_parse(const char *s, struct content *ret)
{
        *ret = (struct content){};
        if (streq(s, "-"))
                return 0;
        ret->there = true;
        return sscanf(s, "%" SCNu64 ":%" SCNx64, &ret->size, &ret->hash) == 2 ? 0 : -EBADMSG;
}

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

/* "file KIND OLD NEW MODE UID GID DIRECTORY PATH" */
static int parse_file(struct arena *a, struct undo *u, char *line)
{
        char *field[8], *path = line;
        struct undo_file *f = arena_grow(a, &u->files, u->n_files, sizeof(*u->files));
        uint32_t mode, uid, gid;

        for (size_t i = 0; i < 7; i++)
                if (!(field[i] = strsep(&path, " ")))
                        return -EBADMSG;
        for (f->kind = 0; f->kind < UNDO_KIND_MAX_ && !streq(field[0], kind_names[f->kind]);)
                f->kind++;
        if (!path || *path != '/' || f->kind == UNDO_KIND_MAX_ || content_parse(field[1], &f->old) < 0 ||
            content_parse(field[2], &f->new) < 0 || str_to_u32(field[3], 10, &mode) < 0 ||
            str_to_u32(field[4], 10, &uid) < 0 || str_to_u32(field[5], 10, &gid) < 0)
                return -EBADMSG;
        f->path = path;
        f->attributes = (struct stat){.st_mode = mode, .st_uid = uid, .st_gid = gid};
        f->made_directory = streq(field[6], "1");
        u->n_files++;
        return 0;
}

struct parser {
        struct arena *arena;
        struct undo *undo;
};

static int set(void *data, const char *key, char *value)
{
        struct parser *p = data;
        struct undo *u = p->undo;

        if (streq(key, "when"))
                u->when = value;
        else if (streq(key, "boot"))
                u->boot = value;
        else if (streq(key, "command"))
                u->command = value;
        else if (streq(key, "file"))
                return parse_file(p->arena, u, value);
        else if (streq(key, "added") && u->n_files > 0) {
                struct undo_file *f = &u->files[u->n_files - 1];

                strings_add(p->arena, &f->added, value);
                return 0;
        } else
                return -EBADMSG;
        return 0;
}

static bool made_by_command(const struct undo_file *f)
{
        return f->kind == UNDO_GENERATED || f->kind == UNDO_IMAGE;
}

/* What the commands have made, one line for each such file, in their order. */
static int parse_done(struct undo *u, char *text)
{
        for (size_t i = 0; i < u->n_files; i++) {
                char *line;

                if (!made_by_command(&u->files[i]))
                        continue;
                line = strsep(&text, "\n");
                if (!line || content_parse(line, &u->files[i].new) < 0)
                        return -EBADMSG;
        }
        u->done = true;
        return 0;
}

/* 1 where there is no manifest. */
static int load(const struct root *root, struct arena *a, unsigned number, struct undo *ret)
{
        char *path = path_of(a, number, "manifest"), *text;
        size_t size;
        int k = root_read_all(root, a, path, SIZE_LIMIT, &text, &size);

        *ret = (struct undo){.number = number, .when = "", .boot = ""};
        if (k == -ENOENT)
                return 1;
        if (k == 0)
                k = text_keys(text, FIRST_LINE, set, &(struct parser){a, ret});
        if (k < 0)
                return k;
        path = path_of(a, number, "done");
        k = root_read_all(root, a, path, SIZE_LIMIT, &text, &size);
        return k == -ENOENT ? 0 : k < 0 ? k : parse_done(ret, text);
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

                if (str_to_u32(names[i], 10, &number) < 0)
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

static int add_file(const struct root *root, struct arena *a, struct undo *u, enum undo_kind kind, const char *path,
                    const struct change *op)
{
        struct undo_file *f = arena_grow(a, &u->files, u->n_files, sizeof(*u->files));
        char *copy = path_of(a, u->number, ""), *data = NULL;
        const char *directory;
        struct stat st;
        int k;

        f->kind = kind;
        f->path = path;
        k = kind == UNDO_IMAGE ? content_measure(root, f->path, &f->old)
                               : content_read(root, a, f->path, &f->old, &data);
        if (k == 0 && f->old.there)
                k = file_stat(root, f->path, &f->attributes);
        if (k < 0)
                return k;
        u->n_files++;
        directory = arena_strndup(a, f->path, (size_t)(str_basename(f->path) - f->path));
        f->made_directory = file_stat(root, directory, &st) == -ENOENT;
        if (op) {
                f->new = content_of(op->new, op->new ? strlen(op->new) : 0);
                f->added = op->added;
                /* What was planned on is what is there. */
                if (!content_same(f->old, content_of(op->old, op->old ? strlen(op->old) : 0)))
                        return -ESTALE;
        }
        if (kind == UNDO_SEEN || !f->old.there)
                return 0;
        copy = arena_printf(a, "%sold.%zu", copy, u->n_files - 1);
        if (copy && kind == UNDO_IMAGE)
                return file_keep(root, path, copy);
        /* Menus of GRUB may have passwords in them. */
        return file_write(root, copy, data, f->old.size,
                          &(struct stat){
                                  .st_mode = 0600,
                                  .st_uid = geteuid(),
                                  .st_gid = getegid(),
                          });
}

static char *manifest_text(struct arena *a, const struct undo *u)
{
        char *text = arena_join(a, FIRST_LINE "\nwhen ", u->when, "\nboot ", u->boot, "\n", NULL);

        if (text && u->command)
                text = arena_join(a, text, "command ", u->command, "\n", NULL);
        for (size_t i = 0; text && i < u->n_files; i++) {
                const struct undo_file *f = &u->files[i];
                const char *old = content_text(a, f->old), *new = content_text(a, f->new);

                text = old && new ? arena_printf(a, "%sfile %s %s %s %u %u %u %d %s\n", text, kind_names[f->kind], old,
                                                 new, f->attributes.st_mode, f->attributes.st_uid, f->attributes.st_gid,
                                                 f->made_directory, f->path)
                                  : NULL;
                for (size_t t = 0; text && t < f->added.n; t++)
                        text = arena_join(a, text, "added ", f->added.v[t], "\n", NULL);
        }
        return text ? arena_join(a, text, "end\n", NULL) : NULL;
}

int journal_begin(const struct root *root, struct arena *a, struct journal *j, const struct changes *changes,
                  const struct undo **ret)
{
        struct undo *u = arena_grow(a, &j->v, j->n, sizeof(*j->v));
        time_t now = time(NULL);
        struct tm tm;
        char when[32], *text, *path;
        int k;

        *u = (struct undo){
                .number = j->n > 0 ? j->v[j->n - 1].number + 1 : 1, .boot = changes->boot, .command = changes->command};
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
        text = k == 0 ? manifest_text(a, u) : NULL;
        if (k == 0)
                k = file_write(root, path, text, strlen(text), NULL);
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
                struct content now;

                if (!made_by_command(&u->files[i]))
                        continue;
                k = content_measure(root, u->files[i].path, &now);
                text = k == 0 ? arena_join(a, text, content_text(a, now), "\n", NULL) : NULL;
        }
        return k == 0 ? file_write(root, path, text, strlen(text), NULL) : k;
}

int journal_forget_images(const struct root *root, struct arena *a, const struct journal *j)
{
        int k = 0;

        for (size_t i = 0; i + 1 < j->n; i++)
                for (size_t f = 0; k == 0 && f < j->v[i].n_files; f++) {
                        char *path = arena_printf(a, UNDO_DIR "/%u/old.%zu", j->v[i].number, f);

                        if (j->v[i].files[f].kind == UNDO_IMAGE)
                                k = file_remove(root, path);
                }
        return k;
}

int journal_put_back(const struct root *root, struct arena *a, const struct undo *u, size_t i, const char *path,
                     enum journal_kept *ret)
{
        char *copy = arena_printf(a, UNDO_DIR "/%u/old.%zu", u->number, i);
        struct content kept;
        int k = content_measure(root, copy, &kept);

        if (k < 0)
                return k;
        *ret = content_same(kept, u->files[i].old) ? JOURNAL_KEPT : kept.there ? JOURNAL_KEPT_WRONG : JOURNAL_NOT_KEPT;
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
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(always); i++) {
                char *path = path_of(a, u->number, always[i]);

                if (path)
                        file_sweep(root, path);
        }
        return k == 0 ? file_remove_directory(root, dir) : k;
}
