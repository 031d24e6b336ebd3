/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture DIR: what every command here reads of a machine, as plain files and links below DIR, so that --root=DIR plans
 * elsewhere what this machine would do. Only attributes on the list below are read: some others have side effects.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/recfile.h"
#include "base/str.h"
#include "ctl/anonymise.h"
#include "ctl/capture-list.h"
#include "ctl/ctl.h"
#include "maker/maker.h"

#define FILE_MAX_SIZE ((size_t)64 * 1024 * 1024)
#define DEPTH_MAX     4 /* below a device: net/eth0/bonding, nvme/nvme0/nvme0n1/holders */

struct capture {
        const struct root *from;
        struct root to;
        struct arena *arena;
        const struct maker *const *makers;
        const struct initrd *const *initrds;
        struct anonymiser names;
        bool raw;
};

static bool listed(const char *name, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (fnmatch(list[i], name, 0) == 0)
                        return true;
        return false;
}

static bool is_fatal(int k)
{
        return k == -ENOSPC || k == -EDQUOT || k == -EROFS;
}

/* Names of files may hold a number, too: interfaces are named after their address. */
static char *new_name(struct capture *c, const char *path)
{
        char *name = arena_strdup(c->arena, path);

        if (name && !c->raw)
                anonymiser_apply(&c->names, name, strlen(name));
        return name;
}

static int put(struct capture *c, const char *path, const char *data, size_t size)
{
        const char *name = new_name(c, path);
        int k = root_make_parents(&c->to, name);

        return k < 0 ? k : root_replace(&c->to, name, data, size);
}

static int copy_file(struct capture *c, const char *path)
{
        struct arena arena = {};
        char *data;
        size_t size;
        int k = root_read_all(c->from, &arena, path, FILE_MAX_SIZE, &data, &size);

        if (k == 0) {
                if (!c->raw &&
                    (startswith(path, "/proc/") || startswith(path, "/etc/") || strstr(path, "/loader/entries/")))
                        redact_credentials(data);
                if (!c->raw)
                        anonymiser_apply(&c->names, data, size);
                if (strstr(path, "/passthrough/"))
                        recfile_seal(data, size);
                k = put(c, path, data, size);
        }
        arena_free(&arena);
        return is_fatal(k) ? k : 0; /* what cannot be read is absent, and so unknown */
}

static int copy_link(struct capture *c, const char *path)
{
        char target[PATH_MAX];
        int k;

        if (root_readlink(c->from, path, target, sizeof(target)) <= 0)
                return 0;
        if (!c->raw)
                anonymiser_apply(&c->names, target, strlen(target));
        path = new_name(c, path);
        k = root_make_parents(&c->to, path);
        if (k == 0)
                k = root_symlink(&c->to, target, path);
        return is_fatal(k) ? k : 0;
}

static int make_directory(struct capture *c, const char *path)
{
        char *below = arena_printf(c->arena, "%s/.", new_name(c, path));
        int k = root_make_parents(&c->to, below);

        return is_fatal(k) ? k : 0;
}

/* One sysfs directory: its links, the attributes on the list, the children on theirs. */
static int copy_sysfs(struct capture *c, const char *path, unsigned depth, bool all_children)
{
        _cleanup_(close_dir) DIR *dir = root_opendir(c->from, path);
        struct dirent *entry;
        int k = make_directory(c, path);

        while (dir && k == 0 && (entry = readdir(dir))) {
                const char *name = entry->d_name;
                char *child;

                if (name[0] == '.')
                        continue;
                child = arena_printf(c->arena, "%s/%s", path, name);
                if (entry->d_type == DT_LNK)
                        k = copy_link(c, child);
                else if (entry->d_type == DT_REG && listed(name, attributes, ARRAY_SIZE(attributes)))
                        k = copy_file(c, child);
                else if (entry->d_type == DT_DIR && depth > 0 &&
                         (all_children || listed(name, children, ARRAY_SIZE(children))))
                        k = copy_sysfs(c, child, depth - 1, all_children);
                else if (entry->d_type == DT_DIR && all_children)
                        k = make_directory(c, child);
        }
        return k;
}

/* A link in a directory of links, and the device directory it leads to ("../../devices/..."). */
static int copy_device(struct capture *c, const char *dir, const char *name)
{
        char *link = arena_printf(c->arena, "%s/%s", dir, name), target[PATH_MAX], *device;
        const char *t = target;
        int k;

        k = copy_link(c, link);
        if (k < 0 || root_readlink(c->from, link, target, sizeof(target)) <= 0)
                return k;
        while (startswith(t, "../"))
                t += 3;
        if (!startswith(t, "devices/") || strstr(t, ".."))
                return 0;
        device = arena_printf(c->arena, "/sys/%s", t);
        return copy_sysfs(c, device, DEPTH_MAX, false);
}

static int copy_links(struct capture *c, const char *dir)
{
        const char **names;
        size_t n;
        int k = root_list(c->from, c->arena, dir, &names, &n);

        if (k < 0)
                return is_fatal(k) ? k : 0;
        for (size_t i = 0; k == 0 && i < n; i++)
                k = copy_device(c, dir, names[i]);
        return k;
}

/* A file of the host's configuration. A link to /dev/null masks and stays one; any other becomes what it leads to. */
static int copy_config(struct capture *c, const char *path)
{
        char target[PATH_MAX];

        if (root_readlink(c->from, path, target, sizeof(target)) > 0 &&
            (streq(target, "/dev/null") || strstr(target, "../dev/null")))
                return copy_link(c, path);
        return copy_file(c, path);
}

static int copy_directory(struct capture *c, const char *dir)
{
        const char **names;
        size_t n;
        int k = root_list(c->from, c->arena, dir, &names, &n);

        if (k < 0)
                return is_fatal(k) ? k : 0;
        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_printf(c->arena, "%s/%s", dir, names[i]);

                k = listed(names[i], (const char *const[]){"*.d"}, 1) ? copy_directory(c, path) : copy_config(c, path);
        }
        return k;
}

static int copy_files(struct capture *c)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(files); i++) {
                size_t n = strlen(files[i]);
                char *path = arena_strndup(c->arena, files[i], files[i][n - 1] == '/' ? n - 1 : n);

                k = files[i][n - 1] == '/' ? copy_directory(c, path) : copy_file(c, path);
        }
        return k;
}

static int copy_kernel_files(struct capture *c)
{
        char release[128];
        int k = 0;

        if (root_read(c->from, "/proc/sys/kernel/osrelease", release, sizeof(release)) <= 0 || strchr(release, '/'))
                return 0;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(kernel_files); i++) {
                char path[256];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(path, sizeof(path), kernel_files[i], release);
#pragma GCC diagnostic pop
                k = copy_file(c, path);
        }
        return k;
}

/* Every value of one attribute of the devices in a directory of links. */
static int learn_attribute(struct capture *c, const char *dir, const char *attribute)
{
        const char **names;
        size_t n;
        int k = root_list(c->from, c->arena, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_printf(c->arena, "%s/%s/%s", dir, names[i], attribute), text[256];

                if (root_read(c->from, path, text, sizeof(text)) > 0)
                        k = anonymiser_add(&c->names, str_trim(text));
        }
        return is_fatal(k) ? k : 0;
}

static void learn_pci_serials(struct capture *c, const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                unsigned char raw[8];
                const char *s = facts->devices[i].marks[MARK_SERIAL];
                unsigned v[8];

                if (!s ||
                    sscanf(s, "%x-%x-%x-%x-%x-%x-%x-%x", &v[7], &v[6], &v[5], &v[4], &v[3], &v[2], &v[1], &v[0]) != 8)
                        continue;
                for (size_t b = 0; b < 8; b++)
                        raw[b] = (unsigned char)v[b];
                (void)!anonymiser_add_binary(&c->names, raw, sizeof(raw), s);
        }
}

/* What udev has read out of disks and other devices, as "E:ID_SERIAL_SHORT=..." lines. */
static int learn_from_udev(struct capture *c)
{
        static const char *const keys[] = {"E:ID_SERIAL_SHORT=", "E:ID_SERIAL=", "E:ID_WWN="};
        const char **names;
        size_t n;
        int k = root_list(c->from, c->arena, "/run/udev/data", &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_printf(c->arena, "/run/udev/data/%s", names[i]), *text, *line;
                size_t size;

                if (root_read_all(c->from, c->arena, path, FILE_MAX_SIZE, &text, &size) < 0)
                        continue;
                while (k == 0 && (line = strsep(&text, "\n")))
                        for (size_t j = 0; k == 0 && j < ARRAY_SIZE(keys); j++)
                                if (startswith(line, keys[j]))
                                        k = anonymiser_add(&c->names, line + strlen(keys[j]));
        }
        return is_fatal(k) ? k : 0;
}

static int learn_names(struct capture *c, const struct facts *facts)
{
        static const struct {
                const char *dir, *attribute;
        } identifying[] = {
                {"/sys/class/net", "address"},
                {"/sys/class/nvme", "serial"},
                {"/sys/class/nvme-subsystem", "serial"},
                {"/sys/class/block", "serial"},
                {"/sys/class/block", "wwid"},
                {"/sys/bus/usb/devices", "serial"},
                {"/sys/class/block", "device/wwid"},
                {"/sys/class/block", "device/serial"},
                {"/sys/class/block", "uuid"},
                {"/sys/class/nvme", "subsysnqn"},
                {"/sys/class/dmi", "product_uuid"},
        };
        int k = facts->machine_id ? anonymiser_add(&c->names, facts->machine_id) : 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(identifying); i++)
                k = learn_attribute(c, identifying[i].dir, identifying[i].attribute);
        if (k == 0)
                k = learn_from_udev(c);
        if (k < 0)
                return k;
        learn_pci_serials(c, facts);
        return 0;
}

static int note_presence(struct capture *c, const char *const *paths, size_t n)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < n; i++)
                if (root_exists(c->from, paths[i]))
                        k = put(c, paths[i], "", 0);
        return k;
}

static size_t count(const char *const *list)
{
        size_t n = 0;

        while (list[n])
                n++;
        return n;
}

/* Programs that make boot images, what calls them, and our part in them. */
static int note_makers(struct capture *c)
{
        int k = 0;

        for (const struct maker *const *m = c->makers; k == 0 && *m; m++) {
                k = note_presence(c, (*m)->programs, count((*m)->programs));
                if (k == 0)
                        k = note_presence(c, (*m)->hooks, count((*m)->hooks));
        }
        for (const struct initrd *const *initrd = c->initrds; k == 0 && *initrd; initrd++) {
                const char **parts;
                size_t n;

                maker_parts(c->from, c->arena, *initrd, &parts, &n);
                k = note_presence(c, parts, n);
        }
        return k;
}

static int capture_all(struct capture *c)
{
        int k = copy_files(c);

        if (k == 0)
                k = copy_kernel_files(c);
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(links); i++)
                k = copy_links(c, links[i]);
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(trees); i++)
                if (root_exists(c->from, trees[i].path))
                        k = copy_sysfs(c, trees[i].path, trees[i].depth, true);
        if (k == 0)
                k = note_presence(c, presence, ARRAY_SIZE(presence));
        return k == 0 ? note_makers(c) : k;
}

/*
 * DIR is a path of the machine that --root names, if the directory it is to be made in is there; else, or where it is
 * relative, a path of this process.
 */
static int open_target(struct ctl *c, const char *dir, struct root *ret)
{
        char *parent = arena_strdup(&c->arena, dir), *inside = arena_printf(&c->arena, "%s/.", dir);
        const char **names;
        size_t n = 0;
        int k;

        parent[str_basename(dir) - dir] = '\0';
        if (*dir == '/' && root_exists(&c->root, parent)) {
                k = root_make_parents(&c->root, inside);
                if (k == 0)
                        k = root_open_below(&c->root, dir, ret);
        } else {
                k = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : root_open(dir, ret);
        }
        if (k == 0)
                k = root_list(ret, &c->arena, "/", &names, &n);
        return k == 0 && n > 0 ? -ENOTEMPTY : k;
}

int ctl_capture(struct ctl *c)
{
        struct capture capture = {.from = &c->root,
                                  .to = ROOT_INIT,
                                  .arena = &c->arena,
                                  .makers = c->makers,
                                  .initrds = c->initrds,
                                  .names = {.arena = &c->arena},
                                  .raw = c->raw};
        struct facts_request request = {.serials = true, .machine = true};
        int k = facts_gather(&c->root, &c->arena, c->sources, &request, &c->facts);

        if (k == 0)
                k = open_target(c, c->argv[1], &capture.to);
        if (k == 0 && !c->raw)
                k = learn_names(&capture, &c->facts);
        if (k == 0)
                k = capture_all(&capture);
        root_close(&capture.to);
        if (k < 0)
                return ctl_fail(c->argv[1], k);
        printf("Captured in %s; plan it anywhere with: passthroughctl plan --root=%s\n", c->argv[1], c->argv[1]);
        return EXIT_SUCCESS;
}
