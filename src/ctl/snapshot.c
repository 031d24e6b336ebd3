/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/str.h"

#define LINKS_MAX 40

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct place *)a)->path, ((const struct place *)b)->path);
}

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

static void look_at(struct snapshot *s, struct place *p)
{
        _cleanup_(close_fd) int fd = root_open_at(s->from, p->path, O_PATH | O_NOFOLLOW);
        char target[PATH_MAX];

        if (fd < 0 || fstat(fd, &p->st) < 0)
                return;
        p->kind = S_ISDIR(p->st.st_mode)   ? PLACE_DIRECTORY
                  : S_ISREG(p->st.st_mode) ? PLACE_FILE
                  : S_ISLNK(p->st.st_mode) ? PLACE_LINK
                                           : PLACE_OTHER;
        if (p->kind != PLACE_LINK)
                return;
        /* A directory of the process that asks, whose number says nothing. */
        if (streq(p->path, "/proc/self")) {
                p->kind = PLACE_DIRECTORY;
                p->st.st_mode = S_IFDIR | 0755;
        } else if (dir_readlink(fd, "", target, sizeof(target)) > 0)
                p->target = arena_strdup(s->arena, target);
        else
                p->kind = PLACE_NOTHING;
}

static struct place *place_at(struct snapshot *s, const char *path)
{
        const struct place key = {.path = path};
        struct place **slot = tfind(&key, &s->places, compare), *p;

        if (slot)
                return *slot;
        p = arena_alloc(s->arena, sizeof(*p));
        p->path = arena_strdup(s->arena, path);
        look_at(s, p);
        if (!tsearch(p, &s->places, compare))
                out_of_memory();
        return p;
}

/* The place that a path leads to, or NULL; all that it goes through is there from then on. */
static struct place *walk(struct snapshot *s, const char *path, bool follow)
{
        struct place *p = place_at(s, "/");
        char *at = arena_strdup(s->arena, ""), *slash;
        unsigned links = 0;

        for (const char *rest = path;;) {
                size_t n;
                char *next;
                bool last;

                rest += strspn(rest, "/");
                n = strcspn(rest, "/");
                last = rest[n + strspn(rest + n, "/")] == '\0';
                if (n == 0)
                        return p;
                if (p->kind != PLACE_DIRECTORY)
                        return NULL;
                if (n == 1 && *rest == '.') {
                        rest += n;
                        continue;
                }
                if (n == 2 && rest[0] == '.' && rest[1] == '.') {
                        if ((slash = strrchr(at, '/')))
                                *slash = '\0';
                        p = place_at(s, *at ? at : "/");
                        rest += n;
                        continue;
                }
                next = arena_printf(s->arena, "%s/%.*s", at, (int)n, rest);
                rest += n;
                p->full = true;
                p = place_at(s, next);
                if (p->kind == PLACE_NOTHING)
                        return NULL;
                if (p->kind == PLACE_LINK && (follow || !last)) {
                        if (++links > LINKS_MAX)
                                return NULL;
                        rest = arena_join(s->arena, p->target, "/", rest, NULL);
                        if (*p->target == '/')
                                at = arena_strdup(s->arena, "");
                        p = place_at(s, *at ? at : "/");
                } else
                        at = next;
        }
}

static void failed(struct snapshot *s, const char *path, enum asked asked, int error)
{
        struct captured *c = &s->captured;

        if (error == -ENOENT || error == -ENOTDIR || error == -ESRCH) {
                if (c->n_absent == 0 || !streq(c->absent[c->n_absent - 1].path, path))
                        ((struct captured_path *)arena_grow(s->arena, &c->absent, c->n_absent++, sizeof(*c->absent)))
                                ->path = path;
                return;
        }
        *(struct captured_failure *)arena_grow(s->arena, &c->unreadable, c->n_unreadable++, sizeof(*c->unreadable)) =
                (struct captured_failure){path, asked, -error};
}

static int read_place(struct snapshot *s, struct place *p)
{
        int k;

        if (p->data)
                return 0;
        k = root_read_all(s->from, s->arena, p->path, SOURCE_MAX, &p->data, &p->size);
        p->closed = k < 0;
        return k;
}

static int list_place(struct snapshot *s, struct place *p)
{
        const char **names;
        size_t n;
        int k = root_list(s->from, s->arena, p->path, &names, &n);

        p->closed |= k < 0;
        for (size_t i = 0; k == 0 && i < n; i++) {
                p->full = true;
                place_at(s, arena_join(s->arena, streq(p->path, "/") ? "" : p->path, "/", names[i], NULL));
        }
        return k;
}

static void take_one(struct snapshot *s, const struct seen_path *seen, enum asked asked)
{
        struct place *p = walk(s, seen->path, asked != ASKED_LINK);
        int k = seen->error[asked];

        /* EINVAL: it is no link. */
        if (asked == ASKED_LINK && (k == -EINVAL || k == 0))
                return;
        if (k == 0 && asked == ASKED_READ)
                k = p ? read_place(s, p) : -ENOENT;
        else if (k == 0 && asked == ASKED_LIST)
                k = p ? list_place(s, p) : -ENOENT;
        else if (p && k != -ENOENT && k != -ENOTDIR && asked != ASKED_STAT)
                p->closed = true;
        if (k < 0)
                failed(s, seen->path, asked, k);
        else if (asked == ASKED_LIST)
                ((struct captured_path *)arena_grow(s->arena, &s->captured.listed, s->captured.n_listed++,
                                                    sizeof(struct captured_path)))
                        ->path = seen->path;
}

static void take(const struct seen_path *seen, void *data)
{
        for (int asked = 0; asked < ASKED_MAX_; asked++)
                if (seen->asked & 1U << asked)
                        take_one(data, seen, (enum asked)asked);
}

/* Directories above it, as far as there are none. */
static void make_above(struct snapshot *s, const char *path)
{
        char *above = arena_strdup(s->arena, path);

        for (char *slash = above; (slash = strchr(slash + 1, '/'));) {
                struct place *p;

                *slash = '\0';
                p = place_at(s, above);
                *slash = '/';
                if (p->kind == PLACE_NOTHING)
                        *p = (struct place){.path = p->path, .kind = PLACE_DIRECTORY, .st.st_mode = S_IFDIR | 0755};
                p->full = true;
        }
}

static void take_made(struct snapshot *s, const struct seen_made *made)
{
        struct place *p;

        make_above(s, made->path);
        p = place_at(s, made->path);
        *p = (struct place){.path = p->path,
                            .kind = PLACE_FILE,
                            .st.st_mode = S_IFREG | 0644,
                            .data = arena_strdup(s->arena, made->text),
                            .size = strlen(made->text)};
}

void snapshot_take(struct snapshot *s, const struct root *from, struct arena *a, const struct seen *seen)
{
        *s = (struct snapshot){.from = from, .arena = a};
        place_at(s, "/");
        seen_each(seen, take, s);
        for (size_t i = 0; i < seen->n_made; i++)
                take_made(s, &seen->made[i]);
}

static void keep(void *place)
{
        (void)place; /* the arena has it */
}

void snapshot_close(struct snapshot *s)
{
        tdestroy(s->places, keep);
        s->places = NULL;
}

struct visit {
        void (*each)(struct place *place, void *data);
        void *data;
};

static void visit(const void *node, VISIT which, void *closure)
{
        struct place *p = *(struct place *const *)node;
        const struct visit *v = closure;

        if ((which == postorder || which == leaf) && p->kind != PLACE_NOTHING)
                v->each(p, v->data);
}

void snapshot_each(struct snapshot *s, void (*each)(struct place *place, void *data), void *data)
{
        twalk_r(s->places, visit, &(struct visit){each, data});
}

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

struct writer {
        struct snapshot *s;
        const struct root *to;
        struct names *names;
        int error;
};

static const char *name_of(struct names *names, const char *text)
{
        return names ? names->replace(names, text) : text;
}

static int write_data(const struct place *p, const struct root *to, const char *name, int flags)
{
        /* Nobody may read it who may not read the machine's own. */
        _cleanup_(close_fd) int fd =
                openat(to->fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | flags, (p->st.st_mode & 0777) | 0600);
        const struct timespec times[] = {p->st.st_mtim, p->st.st_mtim};
        int k = fd < 0 ? -errno : 0;

        if (k == 0 && p->data)
                k = fd_write(fd, p->data, p->size);
        /* When an image was made is asked for, for one. */
        if (k == 0)
                (void)!futimens(fd, times);
        return k;
}

static bool is_file(const struct place *p)
{
        return (p->kind == PLACE_FILE || p->kind == PLACE_OTHER) && (p->data || !p->closed);
}

static int write_one(const struct writer *w, const struct place *p)
{
        const char *name = name_of(w->names, p->path + 1);
        mode_t mode = p->kind == PLACE_DIRECTORY ? (p->st.st_mode & 0777) | 0700 : 0755;

        if (is_file(p))
                return write_data(p, w->to, name, O_CREAT | O_EXCL);
        if (p->kind == PLACE_LINK)
                return symlinkat(name_of(w->names, p->target), w->to->fd, name) < 0 ? -errno : 0;
        /* To programs that do not know of captured machines, it is to be unreadable as well: ELOOP, EISDIR. */
        if (p->kind == PLACE_DIRECTORY && p->closed && !p->full)
                return symlinkat(str_basename(name), w->to->fd, name) < 0 ? -errno : 0;
        return mkdirat(w->to->fd, name, mode) < 0 ? -errno : 0;
}

static void write_place(struct place *p, void *data)
{
        struct writer *w = data;

        if (w->error == 0 && !streq(p->path, "/"))
                w->error = write_one(w, p);
}

/* A rule that was removed shows in the time of its directory. */
static void set_time(struct place *p, void *data)
{
        const struct writer *w = data;
        const struct timespec times[] = {p->st.st_mtim, p->st.st_mtim};

        if (p->kind == PLACE_DIRECTORY && p->st.st_mtim.tv_sec > 0 && !streq(p->path, "/"))
                (void)!utimensat(w->to->fd, name_of(w->names, p->path + 1), times, AT_SYMLINK_NOFOLLOW);
}

int snapshot_write(struct snapshot *s, const struct root *to, struct names *names)
{
        struct writer w = {.s = s, .to = to, .names = names};

        snapshot_each(s, write_place, &w);
        snapshot_each(s, set_time, &w);
        return w.error;
}

int snapshot_rewrite(const struct place *p, const struct root *to, struct names *names)
{
        return write_data(p, to, name_of(names, p->path + 1), O_TRUNC);
}

static void note_file(struct place *p, void *data)
{
        const struct writer *w = data;
        struct captured *c = &w->s->captured;

        if (is_file(p) && !p->data)
                ((struct captured_path *)arena_grow(w->s->arena, &c->named, c->n_named++, sizeof(*c->named)))->path =
                        name_of(w->names, p->path);
        else if (is_file(p))
                *(struct captured_file *)arena_grow(w->s->arena, &c->files, c->n_files++, sizeof(*c->files)) =
                        (struct captured_file){name_of(w->names, p->path), p->size,
                                               str_hash(STR_HASH_START, p->data, p->size)};
}

int snapshot_seal(struct snapshot *s, const struct root *to, struct names *names)
{
        struct writer w = {.s = s, .to = to, .names = names};
        struct captured *c = &s->captured;
        size_t n = 0;

        snapshot_each(s, note_file, &w);
        for (size_t i = 0; i < c->n_listed; i++)
                c->listed[i].path = name_of(names, c->listed[i].path);
        for (size_t i = 0; i < c->n_unreadable; i++)
                c->unreadable[i].path = name_of(names, c->unreadable[i].path);
        /* What is known in another way is a file now, and was none. */
        for (size_t i = 0; i < c->n_absent; i++) {
                const struct place key = {.path = c->absent[i].path};
                struct place **slot = tfind(&key, &s->places, compare);

                if (!slot || (*slot)->kind == PLACE_NOTHING || !(*slot)->data)
                        c->absent[n++].path = name_of(names, c->absent[i].path);
        }
        c->n_absent = n;
        c->names = names ? "replaced" : "raw";
        return captured_write(to, s->arena, c);
}
