/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * All input and output goes below one root: "/" on a running machine, or a directory with a captured one, where even
 * absolute symbolic links stay inside (openat2(2), RESOLVE_IN_ROOT). Paths are absolute as the machine sees them.
 * Everything returns 0 (or a descriptor or a length) or -errno.
 */

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/arena.h"

/* How something below a root was asked for. */
enum asked {
        ASKED_READ, /* its content */
        ASKED_LIST, /* the names in it */
        ASKED_LINK, /* where it points */
        ASKED_STAT, /* whether it is there, and what it is */
        ASKED_MAX_,
};

/* Learns of every read below a root. What is written, it does not learn. */
struct tap {
        /* 0, or the -errno that the read is to fail with. NULL: none fails. */
        int (*before)(struct tap *tap, enum asked asked, const char *path);
        /* outcome: 0 or -errno. NULL: nobody wants to know. */
        void (*after)(struct tap *tap, enum asked asked, const char *path, int outcome);
        /* What is known in another way than by reading, as a line that a file of a captured machine is to have. */
        void (*made)(struct tap *tap, const char *path, const char *line);
};

struct root {
        int fd;
        bool live; /* "/": the machine this process runs on */
        bool dry;  /* a dry run: nothing below it changes, and each function that writes says that it did */
        const char *path;
        struct tap *tap;   /* or NULL */
        const char *above; /* of one below a root: its path there, for that one's tap; or NULL */
};

#define ROOT_INIT ((struct root){.fd = -1})

/* dir NULL or "/" is the live machine. */
int root_open(const char *dir, struct root *ret) _must_check_;
/* A directory below a root as a root of its own. */
int root_open_below(const struct root *r, const char *path, struct root *ret) _must_check_;
void root_close(struct root *r);

/* A descriptor, always O_CLOEXEC | O_NOCTTY; reading never waits for a FIFO's writer. */
int root_open_at(const struct root *r, const char *path, int flags) _must_check_;
/* The tap learns of a failure alone: who takes a name of the directory says so. */
DIR *root_opendir(const struct root *r, const char *path);
bool root_exists(const struct root *r, const char *path);

/* The text of a small file (sysfs attribute) less its trailing white space; -EFBIG where it does not fit into buf. */
ssize_t root_read(const struct root *r, const char *path, char *buf, size_t size) _must_check_;
/* The same; -EBADMSG where it does not end with a newline: it was cut short. */
ssize_t root_read_line(const struct root *r, const char *path, char *buf, size_t size) _must_check_;
/*
 * The same as root_read(), for one name below an open directory; a symbolic link there is not followed. No tap learns
 * of it, nor of dir_readlink(): see root_note().
 */
ssize_t dir_read(int dir_fd, const char *name, char *buf, size_t size) _must_check_;
/* A whole regular file, followed by a NUL byte; -EFBIG beyond max. */
int root_read_all(const struct root *r, struct arena *a, const char *path, size_t max, char **ret,
                  size_t *ret_size) _must_check_;
/* Where a link points, as it is written. */
ssize_t root_readlink(const struct root *r, const char *path, char *buf, size_t size) _must_check_;
ssize_t dir_readlink(int dir_fd, const char *name, char *buf, size_t size) _must_check_;

/* Tells the tap of a read that went past it; outcome: less than 0 is -errno. The path is dir/name, or dir alone. */
void root_tell(const struct root *r, enum asked asked, const char *dir, const char *name, ssize_t outcome);
/* The same, at the cost of a comparison where there is no tap. */
static inline void root_note(const struct root *r, enum asked asked, const char *dir, const char *name, ssize_t outcome)
{
        if (r->tap)
                root_tell(r, asked, dir, name, outcome);
}

/* A line of a captured machine's file, see struct tap; NULL: the file is there, if only empty. */
static inline void root_made(const struct root *r, const char *path, const char *line)
{
        if (r->tap && r->tap->made)
                r->tap->made(r->tap, path, line);
}

/* The names in a directory, sorted bytewise, without those that begin with a dot. 0 or -errno. */
int root_names(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n) _must_check_;
/* The same; an absent directory is empty. */
int root_list(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n) _must_check_;

/*
 * What became of a source that may be missing: a condition to judge by, where the functions above have errors to
 * forward. One that is absent says that there is nothing of its kind; one that is unreadable says nothing at all.
 */
enum source {
        SOURCE_READ,
        SOURCE_ABSENT,     /* ENOENT, ENOTDIR */
        SOURCE_UNREADABLE, /* any other failure */
};

#define SOURCE_MAX ((size_t)64 * 1024 * 1024) /* bytes: what is larger is unreadable */

/* As root_read_all() and root_list(); what was not read is empty. */
enum source root_look(const struct root *r, struct arena *a, const char *path, char **ret, size_t *ret_size);
enum source root_look_in(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n);

/* The directory that holds path. */
int root_open_parent(const struct root *r, const char *path, int flags) _must_check_;
/* The directories above path (path itself excluded), mode 0755. */
int root_make_parents(const struct root *r, const char *path) _must_check_;
/* Replaces a file, in a directory that is made if need be: temporary file, fsync, rename. Old or new, never half. */
int root_replace(const struct root *r, const char *path, const void *data, size_t size) _must_check_;
/* The same, and *ret, open for writing, stands at its end; -EROFS in a dry run, likewise the next. */
int root_replace_open(const struct root *r, const char *path, const void *data, size_t size, int *ret) _must_check_;
/* A descriptor of a file for locking, made where it is not there. */
int root_create(const struct root *r, const char *path) _must_check_;
/* unlinkat(2) of it. */
int root_unlink(const struct root *r, const char *path, int flags) _must_check_;
/* Replaces a link, likewise. */
int root_symlink(const struct root *r, const char *target, const char *path) _must_check_;

/* All of it: 0 or -errno. */
int fd_write(int fd, const void *data, size_t size) _must_check_;
/* 0 or -errno; some file systems have nothing to be synced, above all of directories. */
int fd_sync(int fd) _must_check_;

static inline void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void close_dir(DIR **d)
{
        if (*d)
                closedir(*d);
}
