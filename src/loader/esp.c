/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/esp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/content.h"
#include "base/file.h"
#include "base/span.h"
#include "loader/loader.h"

#define TOLD "/passthrough-seen" /* of a captured machine: what a record cannot tell by files alone */

static const char *const kinds[ESP_KIND_MAX_] = {"unknown", "systemd-boot", "grub"};
static const char *const states[ESP_COPIED_MAX_] = {"same", "other", "absent", "alone"};

/* ---- on the running host -------------------------------------------------------------------------------------------
 */

static int context(const char *device, bool read_only)
{
        int fd = (int)syscall(SYS_fsopen, "vfat", FSOPEN_CLOEXEC), k = fd < 0 ? -errno : 0;

        if (k == 0 && syscall(SYS_fsconfig, fd, FSCONFIG_SET_STRING, "source", device, 0) < 0)
                k = -errno;
        if (k == 0 && read_only && syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
                k = -errno;
        if (k == 0 && syscall(SYS_fsconfig, fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                k = -errno;
        if (k < 0 && fd >= 0)
                close(fd);
        return k < 0 ? k : fd;
}

/*
 * fsmount(2): no directory has it, and it is gone with its descriptor. One that somebody has mounted to write to it is
 * shared with that mount (EBUSY: not as a read-only one).
 */
static int mount_unseen(const char *device)
{
        const unsigned flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        int fd = context(device, true), tree;

        if (fd == -EBUSY)
                fd = context(device, false);
        if (fd < 0)
                return fd;
        tree = (int)syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, flags);
        tree = tree < 0 ? -errno : tree;
        close(fd);
        return tree;
}

static int open_here(const struct probe *host, struct boot_esp *x, struct root *ret)
{
        const char *device = arena_join(host->arena, ESP_BY "/", x->uuid, NULL);
        int fd;

        if (!root_exists(host->root, device)) {
                x->problem = "is not there; attach its disk, or take it off the list with proxmox-boot-tool clean";
                return 0;
        }
        fd = mount_unseen(device);
        if (fd == -EPERM || fd == -EACCES)
                return fd;
        if (fd < 0)
                x->problem =
                        arena_join(host->arena, "cannot be mounted (", strerror(-fd), "); repair it with fsck.vfat ",
                                   device, ", then run proxmox-boot-tool refresh", NULL);
        else
                *ret = (struct root){.fd = fd, .path = device};
        return 0;
}

/* ---- in a tree -----------------------------------------------------------------------------------------------------
 */

static int open_in_tree(const struct probe *host, struct boot_esp *x, struct root *ret)
{
        const char *path = arena_join(host->arena, ESP_MOUNTS "/", x->uuid, NULL);
        int fd = root_open_at(host->root, path, O_PATH | O_DIRECTORY);

        if (fd == -ENOENT || fd == -ENOTDIR)
                x->problem = arena_join(host->arena, "is not there: a tree has its files in ", path, NULL);
        else if (fd < 0)
                return fd;
        else
                *ret = (struct root){.fd = fd, .path = path, .tap = host->root->tap, .above = path};
        return 0;
}

static bool word_of(struct span word, const char *const *names, size_t n, int *ret)
{
        for (size_t i = 0; i < n; i++)
                if (span_is(word, names[i])) {
                        *ret = (int)i;
                        return true;
                }
        return false;
}

/* One that was looked at twice, the second time in full, may be there twice. */
static void add_told(struct arena *a, struct boot_esp *x, enum esp_copied state, struct span path)
{
        struct esp_copy *copy = NULL;

        for (size_t i = 0; i < x->n_copies && !copy; i++)
                if (span_is(path, x->copies[i].path))
                        copy = &x->copies[i];
        if (copy) {
                copy->state = state == ESP_SAME ? copy->state : state;
                return;
        }
        copy = arena_grow(a, &x->copies, x->n_copies, sizeof(*copy));
        *copy = (struct esp_copy){.path = arena_strndup(a, path.at, path.length), .state = state};
        copy->source = arena_join(a, "/boot/", str_basename(copy->path), NULL);
        x->n_copies++;
}

/* -EACCES where who made the capture could not look. */
static int take_told(struct esp *e, struct boot_esp *x, const char *text)
{
        struct arena *a = e->host->arena;
        struct span line, word;

        e->told = true;
        while (span_line(&text, &line)) {
                int n;

                if (!span_token(&line, &word))
                        continue;
                while (line.length > 0 && *line.at == ' ') {
                        line.at++;
                        line.length--;
                }
                if (span_is(word, "unread"))
                        return -EACCES;
                if (span_is(word, "problem"))
                        x->problem = arena_strndup(a, line.at, line.length);
                else if (span_is(word, "kind") && word_of(line, kinds, ESP_KIND_MAX_, &n))
                        x->kind = (enum esp_kind)n;
                else if (word_of(word, states, ESP_COPIED_MAX_, &n))
                        add_told(a, x, (enum esp_copied)n, line);
        }
        return 0;
}

/* ---- both ----------------------------------------------------------------------------------------------------------
 */

int esp_open(struct probe *host, struct boot_esp *x, struct esp *ret)
{
        const char *told = NULL;
        int k;

        *ret = (struct esp){.host = host, .root = ROOT_INIT};
        k = host->root->live ? open_here(host, x, &ret->root) : open_in_tree(host, x, &ret->root);
        if (k < 0 || x->problem)
                return k;
        ret->probe = arena_alloc(host->arena, sizeof(*ret->probe));
        *ret->probe = *host;
        ret->probe->root = &ret->root;
        if (!host->root->live)
                k = host->text(ret->probe, TOLD, &told);
        if (k == 0 && told)
                k = take_told(ret, x, told);
        if (k < 0 || x->problem)
                ret->probe = NULL;
        return k;
}

/* The copy has its file's time, to the two seconds that vfat knows of. */
static bool same_time(const struct stat *a, const struct stat *b)
{
        return labs((long)(a->st_mtime - b->st_mtime)) <= 2;
}

int esp_compare(const struct esp *e, struct esp_copy *copy)
{
        const struct root *host = e->host->root;
        struct arena *a = e->host->arena;
        struct stat here, there;
        const char *one, *other;
        int k = file_stat(&e->root, copy->path, &there);

        if (k == -ENOENT || k == -ENOTDIR) {
                copy->state = ESP_ABSENT;
                return 0;
        }
        if (k == 0)
                k = file_stat(host, copy->source, &here);
        if (k == -ENOENT || k == -ENOTDIR) {
                copy->state = ESP_ALONE;
                return 0;
        }
        copy->state = ESP_OTHER;
        if (k < 0 || here.st_size != there.st_size)
                return k;
        if (!e->host->thorough && same_time(&here, &there)) {
                copy->state = ESP_SAME;
                return 0;
        }
        k = content_measure(&e->root, a, copy->path, &one);
        if (k == 0)
                k = content_measure(host, a, copy->source, &other);
        if (k == 0 && one && streq_ptr(one, other))
                copy->state = ESP_SAME;
        return k;
}

/* Only the running host's: a tree's own files are read, and so captured. */
static void tell_capture(const struct esp *e, const struct boot_esp *x)
{
        struct arena *a = e->host->arena;
        const char *dir = arena_join(a, ESP_MOUNTS "/", x->uuid, NULL), *told = arena_join(a, dir, TOLD, NULL);

        root_made(e->host->root, told,
                  x->unread    ? "unread"
                  : x->problem ? arena_join(a, "problem ", x->problem, NULL)
                               : arena_join(a, "kind ", kinds[x->kind], NULL));
        for (size_t i = 0; i < x->n_copies; i++)
                root_made(e->host->root, told, arena_join(a, states[x->copies[i].state], " ", x->copies[i].path, NULL));
        for (size_t i = 0; i < x->n_files; i++) {
                const char *text = x->files[i].text, *path = arena_join(a, dir, x->files[i].path, NULL);
                size_t n = text ? strlen(text) : 0;

                /* Lines may be there twice: the file is told as one. */
                if (text)
                        root_made(e->host->root, path,
                                  n > 0 ? arena_strndup(a, text, n - (text[n - 1] == '\n')) : NULL);
        }
}

void esp_close(struct esp *e, const struct boot_esp *x)
{
        root_close(&e->root);
        if (e->host->root->live && e->host->root->tap)
                tell_capture(e, x);
}
