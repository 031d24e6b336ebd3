/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/program.h"
#include "base/span.h"
#include "base/str.h"

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

static bool exists(const struct probe *p, const char *path)
{
        return root_exists(p->root, path);
}

static int read_file(struct probe *p, const char *path, bool strings, const char **ret)
{
        char *data;
        size_t size;
        int k = root_read_all(p->root, p->arena, path, TEXT_MAX, &data, &size);

        *ret = NULL;
        if (k == -ENOENT || k == -ENOTDIR)
                return 0;
        for (size_t i = 0; k == 0 && strings && i < size; i++)
                data[i] = data[i] ? data[i] : '\n';
        if (k == 0 && strlen(data) != size)
                k = -EILSEQ;
        if (k < 0)
                p->unreadable = path;
        else
                *ret = data;
        return k;
}

static int text(struct probe *p, const char *path, const char **ret)
{
        return read_file(p, path, false, ret);
}

static int strings(struct probe *p, const char *path, const char **ret)
{
        return read_file(p, path, true, ret);
}

static int list(struct probe *p, const char *path, const char ***ret, size_t *ret_n)
{
        int k = root_list(p->root, p->arena, path, ret, ret_n);

        if (k < 0)
                p->unreadable = path;
        return k;
}

static bool program(const struct probe *p, const char *name)
{
        return program_find(p->arena, name) != NULL;
}

static const char *says(struct probe *p, const char *command)
{
        const char **argv;
        char *said;
        size_t n;

        if (!p->root->live)
                return NULL;
        str_words(p->arena, command, &argv, &n);
        argv[0] = program_find(p->arena, argv[0]);
        if (!argv[0] || program_output(argv, p->arena, &said, &n) != 0)
                return NULL;
        said[n] = '\0';
        return said;
}

/* The type of the file system with that device number, as mountinfo has it (proc_pid_mountinfo(5)). */
static const char *file_system(struct probe *p, dev_t dev)
{
        struct span line, field;
        const char *mounts;
        char number[32];

        if (text(p, "/proc/self/mountinfo", &mounts) < 0 || !mounts)
                return NULL;
        snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
        while (span_line(&mounts, &line)) {
                bool ours = false;

                /* Optional fields end with "-", which the type comes behind. */
                for (unsigned i = 0; span_token(&line, &field) && !span_is(field, "-"); i++)
                        ours |= i == 2 && span_is(field, number);
                if (ours && span_token(&line, &field))
                        return arena_strndup(p->arena, field.at, field.length);
        }
        return NULL;
}

/* A block device, or the disk that it is a partition of: hardware has "device", LVM "dm", arrays "md". */
static bool disk_has(const struct probe *p, dev_t dev, const char *name)
{
        static const char *const places[] = {"", "../"};
        char path[96];

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s%s", major(dev), minor(dev), places[i], name);
                if (root_exists(p->root, path))
                        return true;
        }
        return false;
}

static struct probe_disk disk(struct probe *p, const char *path)
{
        _cleanup_(close_fd) int fd = root_open_at(p->root, path, O_RDONLY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return (struct probe_disk){};
        return (struct probe_disk){.there = true,
                                   .type = file_system(p, st.st_dev),
                                   .hardware = disk_has(p, st.st_dev, "device"),
                                   .layered = disk_has(p, st.st_dev, "dm") || disk_has(p, st.st_dev, "md")};
}

static int pe(struct probe *p, const char *path, bool whole, struct pe_file *ret)
{
        int k;

        *ret = (struct pe_file){};
        if (!root_exists(p->root, path))
                return 0;
        k = pe_read(p->root, p->arena, path, whole, ret);
        if (k < 0)
                p->unreadable = path;
        return k;
}

struct probe *probe_of(const struct root *root, struct arena *a)
{
        struct probe *p = arena_alloc(a, sizeof(*p));

        *p = (struct probe){.arena = a,
                            .root = root,
                            .exists = exists,
                            .text = text,
                            .strings = strings,
                            .list = list,
                            .program = program,
                            .says = says,
                            .disk = disk,
                            .pe = pe,
                            .esp_open = esp_open,
                            .esp_compare = esp_compare,
                            .esp_close = esp_close};
        return p;
}
