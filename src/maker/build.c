/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/build.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/program.h"
#include "base/str.h"
#include "maker/contents.h"
#include "state/journal.h"

#define MIB ((uint64_t)1024 * 1024)

/* What is built is looked at before it takes any place. *ret_wrong as maker->build() has it. */
static int build_file(struct arena *a, const struct maker *maker, const char *release, const char *file,
                      const char **ret_wrong)
{
        for (const char *const *reader = maker->readers; reader && *reader; reader++)
                if (!program_find(a, *reader)) {
                        *ret_wrong = arena_join(a, *reader, " is not there; it is needed to verify what ",
                                                str_basename(maker->programs[0]), " builds", NULL);
                        return 0;
                }
        return maker->build(a, release, file, ret_wrong);
}

int build_beside(const struct root *root, struct arena *a, const struct maker *maker, struct image_job *job,
                 const char *path, const char **ret_wrong)
{
        const char *file = file_temporary(a, path), *lack = NULL;
        struct stat st;
        int k;

        *ret_wrong = NULL;
        file_sweep(root, path);
        k = build_file(a, maker, job->image->release, file, ret_wrong);
        if (k == 0 && !*ret_wrong && !root_exists(root, file))
                *ret_wrong = arena_join(a, maker->name, " built nothing, and reported success", NULL);
        if (k == 0 && !*ret_wrong)
                lack = contents_lack(root, a, maker, file, job->image->release, job->now, &job->digest);
        if (lack)
                *ret_wrong = arena_join(a, "what ", maker->name, " has built lacks ", lack, NULL);
        if (k == 0 && !*ret_wrong)
                k = file_take_place(root, path, &job->image->st);
        if (k == 0 && !*ret_wrong && file_stat(root, path, &st) == 0)
                job->size = (uint64_t)st.st_size;
        if (k < 0 || *ret_wrong)
                file_sweep(root, path);
        return k;
}

/* The image of another job, or of a trial, is the same. */
static int copy(const struct root *root, struct arena *a, const struct maker *maker, struct image_job *job,
                const char *path, const char **ret_wrong)
{
        const char *from = job->tried ? job->tried : job->like->image->path;

        if (!job->tried)
                job->digest = job->like->digest;
        else if (!contents_read(root, a, maker, job->tried, job->image->release, job->now, &job->digest)) {
                *ret_wrong = arena_join(a, job->tried, " cannot be read", NULL);
                return 0;
        }
        return file_copy(root, from, path, NULL);
}

int build_image(const struct root *root, struct arena *a, const struct maker *maker, struct image_job *job,
                const char **ret_wrong)
{
        const char *path;
        struct stat st;
        int k = file_resolve(root, a, job->image->path, &path);

        *ret_wrong = NULL;
        if (k == 0)
                k = job->tried || job->like ? copy(root, a, maker, job, path, ret_wrong)
                                            : build_beside(root, a, maker, job, path, ret_wrong);
        if (k < 0 || *ret_wrong)
                return k;
        if (file_stat(root, path, &st) == 0)
                job->size = (uint64_t)st.st_size;
        origin_remember(root, a, job->image, &job->digest);
        return 0;
}

static int check_room(const struct root *root, struct arena *a, const char *directory, uint64_t needed,
                      const char **ret_lacks)
{
        _cleanup_(close_fd) int fd = root_open_at(root, directory, O_RDONLY | O_DIRECTORY);
        struct statvfs v;
        uint64_t there;

        if (fd < 0 || fstatvfs(fd, &v) < 0)
                return fd < 0 ? fd : -errno;
        there = (uint64_t)v.f_bavail * v.f_frsize;
        if (needed == 0 || there >= needed)
                return 0;
        *ret_lacks = arena_printf(a, "%s has %" PRIu64 " MiB free, and the new boot images need %" PRIu64 " MiB there",
                                  directory, there / MIB, (needed + MIB - 1) / MIB);
        return 0;
}

/* A new image may be somewhat larger than the old; one that is copied is there. */
static uint64_t estimate(const struct root *root, const struct image_job *job)
{
        struct stat st;

        if (job->tried && file_stat(root, job->tried, &st) == 0)
                return (uint64_t)st.st_size;
        return (uint64_t)job->image->st.st_size + (uint64_t)job->image->st.st_size / 4 + MIB;
}

/* The directory that keeps the old images, or, before the first apply, the one that it is to be made in. */
static int stat_kept(const struct root *root, struct arena *a, const char **ret, struct stat *st)
{
        const char *path = UNDO_DIR;
        int k = file_stat(root, path, st);

        while (k == -ENOENT && path[1]) {
                size_t n = (size_t)(str_basename(path) - path) - 1;

                path = n > 0 ? arena_strndup(a, path, n) : "/";
                k = file_stat(root, path, st);
        }
        *ret = path;
        return k;
}

int build_room(const struct root *root, struct arena *a, const struct image_job *jobs, size_t n,
               const struct image_job *tried, const char **ret_lacks)
{
        uint64_t kept = 0;
        const char *keeps = UNDO_DIR;
        struct stat undo;
        int k = n > 0 ? stat_kept(root, a, &keeps, &undo) : 0;

        *ret_lacks = NULL;
        for (size_t i = 0; k == 0 && !*ret_lacks && i < n; i++) {
                dev_t dev = jobs[i].image->st.st_dev;
                uint64_t all = 0, largest = 0,
                         beside = tried && tried->image->st.st_dev == dev ? estimate(root, tried) : 0;
                const char *path, *directory;

                k = file_resolve(root, a, jobs[i].image->path, &path);
                directory = k == 0 ? arena_strndup(a, path, (size_t)(str_basename(path) - path)) : NULL;
                if (!directory)
                        return k;
                for (size_t j = 0; j < n; j++)
                        if (jobs[j].image->st.st_dev == dev) {
                                all += estimate(root, &jobs[j]);
                                largest = MAX(largest, estimate(root, &jobs[j]));
                        }
                if (dev != undo.st_dev)
                        kept += (uint64_t)jobs[i].image->st.st_size;
                k = check_room(root, a, directory, beside + (dev == undo.st_dev ? all : largest), ret_lacks);
        }
        return k == 0 && !*ret_lacks && n > 0 ? check_room(root, a, keeps, kept, ret_lacks) : k;
}
