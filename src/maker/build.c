/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/build.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/program.h"
#include "base/str.h"
#include "state/journal.h"

#define MIB ((uint64_t)1024 * 1024)

char *image_command(struct arena *a, const struct installed *image)
{
        return arena_join(a, "dracut --force --kver ", image->release, " ", image->path, NULL);
}

static int run_dracut(struct arena *a, const struct image_job *job, const char *file, const char **ret_wrong)
{
        const char *argv[] = {program_find(a, "dracut"), "--force", "--quiet", "--kver",
                              job->image->release,       file,      NULL};
        int k;

        if (!argv[0]) {
                *ret_wrong = "dracut is not there";
                return 0;
        }
        k = program_run(argv);
        if (k > 0) {
                *ret_wrong = arena_printf(a, "dracut failed with status %d", k);
                return 0;
        }
        return k;
}

static int build(const struct root *root, struct arena *a, struct image_job *job, const char *path,
                 const char **ret_wrong)
{
        const char *file = file_temporary(a, path), *lacks = NULL;
        int k;

        file_sweep(root, path);
        if (!program_find(a, "lsinitrd")) {
                *ret_wrong = "lsinitrd is not there, and without it nobody can look at what dracut builds";
                return 0;
        }
        k = run_dracut(a, job, file, ret_wrong);
        if (k == 0 && !*ret_wrong && !root_exists(root, file))
                *ret_wrong = "dracut has built nothing, and says that all is well";
        if (k == 0 && !*ret_wrong)
                k = image_verify(root, a, file, job->image->release, job->now, &job->digest, &lacks);
        if (k == 0 && lacks) {
                *ret_wrong = arena_join(a, "what dracut has built lacks ", lacks, NULL);
                k = 0;
        }
        if (k == 0 && !*ret_wrong)
                k = file_take_place(root, path, &job->image->st);
        if (k < 0)
                file_sweep(root, path);
        return k;
}

int image_build(const struct root *root, struct arena *a, struct image_job *job, const char **ret_wrong)
{
        const char *path;
        struct stat st;
        int k = file_resolve(root, a, job->image->path, &path);

        *ret_wrong = NULL;
        if (k == 0 && job->tried) {
                k = image_read_file(a, job->tried, &job->digest);
                k = k == 0 ? file_copy(root, job->tried, path, NULL) : k;
        } else if (k == 0)
                k = job->like ? file_copy(root, job->like->image->path, path, NULL)
                              : build(root, a, job, path, ret_wrong);
        if (*ret_wrong)
                file_sweep(root, path);
        if (k < 0 || *ret_wrong)
                return k;
        if (job->like)
                job->digest = job->like->digest;
        if (file_stat(root, path, &st) == 0)
                job->size = (uint64_t)st.st_size;
        image_remember(root, a, job->image, &job->digest);
        return 0;
}

int image_build_beside(const struct root *root, struct arena *a, struct image_job *job, const char *path,
                       const char **ret_wrong)
{
        *ret_wrong = NULL;
        return build(root, a, job, path, ret_wrong);
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

/* A new image may be somewhat larger than the old. */
static uint64_t estimate(const struct image_job *job)
{
        return (uint64_t)job->image->st.st_size + (uint64_t)job->image->st.st_size / 4 + MIB;
}

int image_room(const struct root *root, struct arena *a, const struct image_job *jobs, size_t n, const char **ret_lacks)
{
        uint64_t kept = 0;
        struct stat undo;
        int k = n > 0 ? file_stat(root, UNDO_DIR, &undo) : 0;

        *ret_lacks = NULL;
        for (size_t i = 0; k == 0 && !*ret_lacks && i < n; i++) {
                dev_t dev = jobs[i].image->st.st_dev;
                uint64_t all = 0, largest = 0;
                const char *path, *directory;

                k = file_resolve(root, a, jobs[i].image->path, &path);
                directory = k == 0 ? arena_strndup(a, path, (size_t)(str_basename(path) - path)) : NULL;
                if (!directory)
                        return k;
                for (size_t j = 0; j < n; j++)
                        if (jobs[j].image->st.st_dev == dev) {
                                all += estimate(&jobs[j]);
                                largest = MAX(largest, estimate(&jobs[j]));
                        }
                if (dev != undo.st_dev)
                        kept += (uint64_t)jobs[i].image->st.st_size;
                k = check_room(root, a, directory, dev == undo.st_dev ? all : largest, ret_lacks);
        }
        return k == 0 && !*ret_lacks && n > 0 ? check_room(root, a, UNDO_DIR, kept, ret_lacks) : k;
}
