/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture: what every command here reads of a machine, so that --root plans elsewhere what this machine would do. There
 * is no list: the commands' own reading is done with a tap on the root, and what was asked for is copied.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/program.h"
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "bus/pci/line.h"
#include "bus/pci/sriov.h"
#include "ctl/readiness.h"
#include "ctl/replacing.h"
#include "report/json-changes.h"
#include "report/status.h"
#include "state/applied.h"
#include "state/cleared.h"
#include "state/record.h"

/* What plan and check read. */
static int gather_plan(struct ctl *c)
{
        struct check_facts readiness;
        int k = ctl_load_plan(c, NULL, true);

        if (k != 0)
                return k;
        ctl_plan_hugepages(c);
        (void)ctl_needs(c);
        k = ctl_readiness(c, &readiness);
        return k < 0 ? ctl_fail("reading this machine's facts", k) : 0;
}

/* What list, status, bind and add read; and all that a rule could ask for that is not there yet. */
static int gather_rest(struct ctl *c)
{
        static const char *const drivers[] = {"vfio-pci"};
        struct facts_request request = {.machine = true,
                                        .slots = true,
                                        .serials = true,
                                        .parents = true,
                                        .use = true,
                                        .variants = true,
                                        .numa = true,
                                        .identities = true,
                                        .busy = true,
                                        .builtin = true};
        struct kernel_facts kernel;
        struct owners owners;
        struct makers makers;
        struct status status;
        struct applied applied;
        struct vgpu_owner *vgpu_owners;
        size_t n_vgpu_owners;
        int k;

        facts_request_driver(&request, &c->arena, drivers[0]);
        c->facts = (struct facts){};
        k = facts_gather(&c->root, &c->arena, c->sources, &request, &c->facts);
        if (k < 0)
                return ctl_fail("reading this machine's facts", k);
        kernel_read(&c->root, &c->arena, NULL, &kernel);
        owners_read(&c->root, &c->arena, &owners);
        vgpu_owners_read(&c->root, &c->arena, &vgpu_owners, &n_vgpu_owners);
        for (size_t i = 0; i < c->facts.n_devices; i++) {
                struct sriov_facts functions;
                struct inspection shows;
                struct vgpu_facts vgpus;
                struct pci_line line;

                inspect(&c->root, &c->arena, kernel.release, &c->facts.devices[i], &shows);
                if (c->facts.devices[i].bus == &pci_bus)
                        pci_line_look(&c->root, &c->arena, &c->facts, i, &line);
                if (c->facts.devices[i].bus == &pci_bus && !c->facts.devices[i].parent)
                        pci_sriov_look(&c->root, &c->arena, &c->facts, i, &functions);
                if (!c->facts.devices[i].parent && !(c->facts.devices[i].roles & ROLE_BRIDGE))
                        vgpu_look(&c->root, &c->arena, &c->facts, i, &vgpus);
        }
        plan_build(&c->config, &c->facts, &c->arena, &c->plan);
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        (void)!status_build(c->loaders, &makers, &c->root, &c->arena, &c->plan, NULL, &status);
        applied_read(&c->root, &c->arena, &applied);
        (void)root_exists(&c->root, "/dev/vfio/devices");
        return 0;
}

/* What a boot image is made from. */
static int gather_image(struct ctl *c)
{
        struct diags diags = {.arena = &c->arena};
        struct payload payload;
        struct facts facts = {};
        struct plan plan;
        uint64_t hash;
        int k = payload_build(c->initrds, &c->root, &c->arena, &c->config, c->facts.kernel, &diags, &payload);

        if (k == 0)
                k = payload_plan(c->sources, &c->root, &c->arena, NULL, &payload, &facts, &plan);
        if (k == 0)
                (void)cleared_hash(&c->root, &c->arena, &plan, &hash);
        facts_read_machine(&c->root, &c->arena, c->initrds, &facts);
        return k < 0 ? ctl_fail("reading this machine's facts", k) : 0;
}

static int gather(struct ctl *c, struct seen *seen)
{
        int k;

        seen_open(seen, &c->root, &c->arena);
        k = gather_plan(c);
        if (k == 0)
                k = gather_image(c);
        if (k == 0)
                k = gather_rest(c);
        seen_end(seen, &c->root);
        return k;
}

/* ---- the command ---------------------------------------------------------------------------------------------------
 */

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

static int write_tree(struct ctl *c, const struct seen *seen, const struct root *to)
{
        struct replacing replacing = {};
        struct names *names = c->raw ? NULL : &replacing.names;
        struct snapshot s;
        int k = 0;

        snapshot_take(&s, &c->root, &c->arena, seen);
        if (!c->raw)
                k = replacing_prepare(&replacing, &c->arena, &s, &c->config, &c->facts);
        if (k == 0)
                k = snapshot_write(&s, to, names);
        if (k == 0 && !c->raw)
                k = replacing_digests(&replacing, &s, to);
        if (k == 0)
                k = snapshot_seal(&s, to, names);
        snapshot_close(&s);
        return k;
}

static int into_directory(struct ctl *c, const struct seen *seen, const char *dir)
{
        struct root to = ROOT_INIT;
        int k = open_target(c, dir, &to);

        if (k == 0)
                k = write_tree(c, seen, &to);
        root_close(&to);
        if (k < 0)
                return ctl_fail(dir, k);
        if (!c->json)
                printf("Captured in %s; plan it anywhere with: passthroughctl plan --root=%s\n", dir, dir);
        return EXIT_SUCCESS;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
        (void)st, (void)type, (void)where;
        return remove(path);
}

/* The whole archive, by tar, from a directory that is gone afterwards. 0 or the exit status. */
static int archive(struct ctl *c, const struct seen *seen, char **ret, size_t *ret_size)
{
        const char *tmp = getenv("TMPDIR"), *tar = program_find(&c->arena, "tar");
        char *dir = arena_join(&c->arena, tmp && *tmp == '/' ? tmp : "/tmp", "/passthrough-capture-XXXXXX", NULL);
        const char *const argv[] = {tar, "--zstd", "--sort=name", "--owner=0", "--group=0", "-C",
                                    dir, "-cf",    "-",           ".",         NULL};
        struct root to = ROOT_INIT;
        int k;

        if (!tar)
                return ctl_fail("tar", -ENOENT);
        if (!mkdtemp(dir))
                return ctl_fail(dir, -errno);
        k = root_open(dir, &to);
        if (k == 0)
                k = write_tree(c, seen, &to);
        root_close(&to);
        if (k == 0)
                k = program_output(argv, &c->arena, ret, ret_size);
        (void)!nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (k > 0)
                return ctl_fail("tar --zstd failed; is zstd installed? A directory needs neither", -EPIPE);
        return k < 0 ? ctl_fail("capture", k) : 0;
}

/* As for a directory: below the machine's root, or of this process. What is in it may be for root's eyes only. */
static int into_archive(struct ctl *c, const struct seen *seen, const char *file)
{
        const char *name = str_basename(file), *parent = arena_strndup(&c->arena, file, (size_t)(name - file));
        _cleanup_(close_fd) int dir = *file == '/' ? root_open_at(&c->root, parent, O_PATH | O_DIRECTORY) : -ENOENT;
        _cleanup_(close_fd) int fd = openat(dir >= 0 ? dir : AT_FDCWD, dir >= 0 ? name : file,
                                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        char *data;
        size_t size;
        int k;

        if (fd < 0)
                return ctl_fail(file, -errno);
        k = archive(c, seen, &data, &size);
        if (k == 0) {
                k = fd_write(fd, data, size);
                k = k < 0 ? ctl_fail(file, k) : 0;
        }
        if (k != 0) {
                unlinkat(dir >= 0 ? dir : AT_FDCWD, dir >= 0 ? name : file, 0);
                return k;
        }
        if (!c->json)
                printf("Captured in %s; plan it anywhere with: mkdir m && tar -C m -xf %s && passthroughctl --root=m "
                       "plan\n",
                       file, file);
        return EXIT_SUCCESS;
}

static bool is_archive(const char *file)
{
        return endswith(file, ".tar.zst");
}

/* Whoever writes such a name does not mean a directory. */
static bool is_other_archive(const char *file)
{
        static const char *const endings[] = {".tar", ".zst", ".tzst", ".gz",  ".tgz", ".xz",  ".txz",
                                              ".bz2", ".tbz", ".lz4",  ".zip", ".7z",  ".cpio"};

        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (endswith(file, endings[i]))
                        return true;
        return false;
}

/* ---- a dry run -----------------------------------------------------------------------------------------------------
 */

/* Whether something could be made in the directory of path, and is not there: 0 or -errno. */
static int check_new(int parent, const char *name)
{
        if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return -EEXIST;
        return errno != ENOENT || faccessat(parent, ".", W_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static size_t length_of(const char *path)
{
        size_t n = strlen(path);

        while (n > 1 && path[n - 1] == '/')
                n--;
        return n;
}

static int check_target(struct ctl *c, const char *path, bool archive)
{
        const char *to = arena_strndup(&c->arena, path, length_of(path)), *name = str_basename(to);
        const char *above = arena_strndup(&c->arena, to, (size_t)(name - to));
        _cleanup_(close_fd) int inside = *to == '/' ? root_open_at(&c->root, above, O_RDONLY | O_DIRECTORY) : -ENOENT;
        _cleanup_(close_fd) int outside = open(*above ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int parent = inside >= 0 ? inside : outside, k = parent < 0 ? -ENOENT : check_new(parent, name);
        struct root there = ROOT_INIT;
        const char **names;
        size_t n = 0;

        if (archive && k == 0 && !program_find(&c->arena, "tar"))
                return ctl_fail("tar", -ENOENT);
        if (!archive && k == -EEXIST) {
                there.fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                k = there.fd < 0 ? -errno : root_list(&there, &c->arena, "/", &names, &n);
                k = k == 0 && n > 0 ? -ENOTEMPTY : k;
                root_close(&there);
        }
        return k < 0 ? ctl_fail(to, k) : 0;
}

static void count(const struct seen_path *path, void *data)
{
        (void)path;
        ++*(size_t *)data;
}

static int would_capture(struct ctl *c, const struct seen *seen, const char *to, bool archive)
{
        size_t n = 0;
        int k = check_target(c, to, archive);

        seen_each(seen, count, &n);
        if (k == 0 && !c->json)
                printf("Would capture in %s what these %zu paths have\n", to, n);
        return k;
}

/* ---- the whole -----------------------------------------------------------------------------------------------------
 */

static void count_denied(const struct seen_path *path, void *data)
{
        size_t *n = data;

        for (int i = 0; i < ASKED_MAX_; i++)
                if (path->error[i] == -EACCES || path->error[i] == -EPERM) {
                        ++*n;
                        return;
                }
}

/* The capture knows what it lacks, and withholds by it; whoever made it is told, too. */
static void say_captured(const struct ctl *c, const struct seen *seen, const char *to, bool changed)
{
        struct captured_as captured = {.changed = changed, .path = to};

        seen_each(seen, count_denied, &captured.n_denied);
        if (changed && captured.n_denied > 0 && geteuid() != 0)
                fprintf(stderr, "passthroughctl: %zu of the paths could not be read; as root, capture reads them\n",
                        captured.n_denied);
        if (c->json)
                json_captured(stdout, &captured);
}

int ctl_capture(struct ctl *c)
{
        const char *to = c->argv[1];
        bool archive = is_archive(to);
        struct seen seen;
        int k;

        if (!archive && is_other_archive(to))
                return ctl_usage("capture writes a directory, or a file that ends in .tar.zst, not \"%s\"", to);
        k = gather(c, &seen);
        if (k == 0)
                k = c->dry_run ? would_capture(c, &seen, to, archive)
                    : archive  ? into_archive(c, &seen, to)
                               : into_directory(c, &seen, to);
        if (k == 0 || c->json)
                say_captured(c, &seen, to, k == 0);
        seen_close(&seen);
        return k;
}
