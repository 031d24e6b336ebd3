/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/vital.h"

#include <limits.h>

#include "base/str.h"
#include "facts/gather.h"

#define DEPTH 16 /* devices that stand on each other */

struct vitals {
        const struct root *root;
        struct arena *arena;
        const struct facts *facts;
        struct cmdline_machine *machine;
        const char *dependencies; /* modules.dep */
};

/* ---- modules -----------------------------------------------------------------------------------------------------
 */

static char *module_name(struct arena *a, const char *name, size_t n)
{
        char *copy = arena_strndup(a, name, n);

        for (char *c = copy; *c; c++)
                *c = *c == '-' ? '_' : *c;
        return copy;
}

/* "kernel/drivers/nvme/host/nvme-core.ko.zst": nvme_core; NULL: it is no module. */
static char *module_of_file(struct arena *a, const char *file, size_t n)
{
        const char *slash = memrchr(file, '/', n), *name = slash ? slash + 1 : file,
                   *ko = memmem(name, n - (size_t)(name - file), ".ko", 3);

        return ko ? module_name(a, name, (size_t)(ko - name)) : NULL;
}

static void add(struct vitals *x, const struct cmdline_module *m)
{
        struct cmdline_machine *machine = x->machine;
        struct cmdline_module *slot;

        for (size_t i = 0; i < machine->n_modules; i++)
                if (streq(machine->modules[i].name, m->name) && machine->modules[i].vital == m->vital &&
                    machine->modules[i].by_name == m->by_name)
                        return;
        slot = arena_grow(x->arena, &machine->modules, machine->n_modules, sizeof(*slot));
        *slot = *m;
        machine->n_modules++;
}

/* A module that the kernel has built in is there whatever is said of it; what no list has may be. */
static bool may_be_kept_away(struct vitals *x, const char *name)
{
        struct module m = {.name = name};

        if (x->facts->kernel)
                modules_look_up(x->root, x->arena, x->facts->kernel, &m, 1);
        return m.state == MODULE_LOADABLE || m.state == MODULE_UNKNOWN;
}

/* modprobe loads what a module depends on, by its name: "FILE: FILE FILE ..." has all of these. */
static void add_dependencies(struct vitals *x, const struct cmdline_module *m)
{
        for (const char *line = x->dependencies; *line;) {
                const char *eol = strchrnul(line, '\n'), *colon = memchr(line, ':', (size_t)(eol - line)), *c;
                const char *name = colon ? module_of_file(x->arena, line, (size_t)(colon - line)) : NULL;

                for (c = name && streq(name, m->name) ? colon + 1 : eol; c < eol;) {
                        size_t n = strcspn(c, " \n");
                        const char *other = module_of_file(x->arena, c, n);

                        if (other)
                                add(x, &(struct cmdline_module){.name = other,
                                                                .vital = m->vital,
                                                                .what = m->what,
                                                                .by_name = true,
                                                                .of = m->name});
                        c += n + (c[n] == ' ');
                }
                line = *eol ? eol + 1 : eol;
        }
}

static void add_module(struct vitals *x, const char *name, enum vital vital, const char *what, bool by_name)
{
        struct cmdline_module m = {
                .name = module_name(x->arena, name, strlen(name)), .vital = vital, .what = what, .by_name = by_name};

        if (!may_be_kept_away(x, m.name))
                return;
        add(x, &m);
        add_dependencies(x, &m);
}

/* The drivers of a device and of all that it is below: "/sys/devices/pci0000:00/0000:00:04.0/virtio1/block/vda". */
static void add_drivers(struct vitals *x, const char *path, enum vital vital, const char *what)
{
        const char *c = strstr(path, "/devices/");

        for (c = c ? strchr(c + strlen("/devices/"), '/') : NULL; c; c = strchr(c + 1, '/')) {
                size_t n = strcspn(c + 1, "/") + 1;
                const char *at = arena_strndup(x->arena, path, (size_t)(c - path) + n);
                char driver[PATH_MAX], module[PATH_MAX];

                if (root_readlink(x->root, arena_join(x->arena, at, "/driver", NULL), driver, sizeof(driver)) <= 0)
                        continue;
                if (root_readlink(x->root, arena_join(x->arena, at, "/driver/module", NULL), module, sizeof(module)) <=
                    0)
                        strcpy(module, driver);
                add_module(x, str_basename(module), vital, what, false);
        }
}

/* ---- what is behind them -----------------------------------------------------------------------------------------
 */

/* Where a class's link leads, without its "../". */
static void add_class(struct vitals *x, const char *class, const char *name, enum vital vital, const char *what)
{
        char target[PATH_MAX], *devices;

        if (root_readlink(x->root, arena_join(x->arena, "/sys/class/", class, "/", name, NULL), target,
                          sizeof(target)) > 0 &&
            (devices = strstr(target, "devices/")))
                add_drivers(x, arena_join(x->arena, "/sys/", devices, NULL), vital, what);
}

/* What is on it is read by a module of its own, which the kernel or a program asks for by name. */
static void add_readers(struct vitals *x, const struct node *n, enum vital vital, const char *what)
{
        static const struct {
                const char *type, *module;
        } readers[] = {{"TYPE=ext4", "ext4"},
                       {"TYPE=xfs", "xfs"},
                       {"TYPE=btrfs", "btrfs"},
                       {"TYPE=f2fs", "f2fs"},
                       {"TYPE=vfat", "vfat"},
                       {"TYPE=zfs_member", "zfs"},
                       {"TYPE=crypto_LUKS", "dm_crypt"},
                       {"TYPE=LVM2_member", "dm_mod"},
                       {"TYPE=linux_raid_member", "md_mod"},
                       {"TYPE=bcache", "bcache"}};

        for (size_t i = 0; i < n->n_tags; i++)
                for (size_t k = 0; k < ARRAY_SIZE(readers); k++)
                        if (streq(n->tags[i], readers[k].type))
                                add_module(x, readers[k].module, vital, what, true);
}

static void add_node(struct vitals *x, size_t node, enum vital vital, const char *use, unsigned depth)
{
        const struct evidence *e = x->facts->evidence;
        const struct node *n = &e->nodes[node];
        const char *what = arena_join(x->arena, n->name, " (", use, ")", NULL);

        if (n->kind == NODE_BLOCK || n->kind == NODE_INTERFACE)
                add_class(x, n->kind == NODE_BLOCK ? "block" : "net", n->name, vital, what);
        for (size_t i = 0; i < n->n_devices; i++)
                add_drivers(x, x->facts->devices[n->devices[i]].sysfs, vital, what);
        if (n->kind == NODE_BLOCK)
                add_readers(x, n, vital, what);
        for (size_t i = 0; i < n->n_below && depth < DEPTH; i++)
                add_node(x, n->below[i], vital, use, depth + 1);
}

/* What the host boots with, whatever else it has mounted. */
static bool boots_with(const char *use)
{
        static const char *const uses[] = {"/", "/usr", "/var", "/etc", "/boot", "/boot/efi", "/efi", "/nix"};

        return str_index(use, uses, ARRAY_SIZE(uses)) >= 0;
}

static void add_use(struct vitals *x, const struct use *use)
{
        const struct node *n = &x->facts->evidence->nodes[use->node];

        if ((n->kind == NODE_BLOCK || n->kind == NODE_POOL) && !use->by_process)
                add_node(x, use->node, use->awaited || boots_with(use->what) ? VITAL_BOOT : VITAL_SOME, use->what, 0);
        else if (n->kind == NODE_INTERFACE && (streq(use->what, USE_DEFAULT_ROUTE) || startswith(use->what, "Uplink=")))
                add_node(x, use->node, VITAL_UPLINK, use->what, 0);
}

static bool has(const struct cmdline_machine *machine, const struct cmdline_module *m)
{
        for (size_t i = 0; i < machine->n_modules; i++)
                if (streq(machine->modules[i].name, m->name) && machine->modules[i].by_name == m->by_name)
                        return true;
        return false;
}

/* What all of them are behind is not to be missed. Where nobody has to type a passphrase, none was looked for. */
static void add_keyboards(struct vitals *x)
{
        const struct evidence *e = x->facts->evidence;
        struct cmdline_machine *each = arena_alloc(x->arena, (e->n_keyboards + 1) * sizeof(*each)),
                               *machine = x->machine;

        for (size_t i = 0; i < e->n_keyboards; i++) {
                const struct node *n = &e->nodes[e->keyboards[i]];

                x->machine = &each[i];
                *x->machine = (struct cmdline_machine){};
                /* The last of them is below the others. */
                if (n->n_devices > 0)
                        add_drivers(x, x->facts->devices[n->devices[n->n_devices - 1]].sysfs, VITAL_SOME,
                                    arena_join(x->arena, "a keyboard (", e->passphrase, ")", NULL));
        }
        x->machine = machine;
        for (size_t i = 0; i < e->n_keyboards; i++)
                for (size_t k = 0; k < each[i].n_modules; k++) {
                        struct cmdline_module *m = &each[i].modules[k];
                        bool all = true;

                        for (size_t o = 0; o < e->n_keyboards; o++)
                                all &= has(&each[o], m);
                        m->vital = all ? VITAL_KEYBOARD : VITAL_SOME;
                        add(x, m);
                }
}

static void add_vfio(struct vitals *x)
{
        const char *const names[] = {"vfio_pci", driver_iommu_module(x->machine->arch == ARCH_POWER)};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                add_module(x, names[i], VITAL_HANDOVER, "what is handed over", true);
}

/* ---- disks by their names ----------------------------------------------------------------------------------------
 */

/* "/dev/vg/root" of "vg-root": the device mapper doubles each '-' of the parts. NULL: it is of no group. */
static const char *volume(struct arena *a, const char *map)
{
        char *path = arena_alloc(a, strlen(map) + 1), *out = path;
        unsigned slashes = 0;

        for (; *map; map++) {
                if (*map != '-')
                        *out++ = *map;
                else if (map[1] == '-') {
                        *out++ = '-';
                        map++;
                } else {
                        *out++ = '/';
                        slashes++;
                }
        }
        *out = '\0';
        return slashes == 1 ? arena_join(a, "/dev/", path, NULL) : NULL;
}

static void add_disk(struct vitals *x, const struct node *n, bool root, bool below)
{
        struct cmdline_disk *disk = arena_grow(x->arena, &x->machine->disks, x->machine->n_disks, sizeof(*disk));
        struct arena *a = x->arena;
        char *path = arena_join(a, "/dev/", n->name, NULL);
        const char *lv = n->map_name ? volume(a, n->map_name) : NULL;

        x->machine->n_disks++;
        *disk = (struct cmdline_disk){.root = root, .below = below};
        for (char *c = path; *c; c++)
                *c = *c == '!' ? '/' : *c;
        str_add(a, &disk->names, &disk->n_names, n->map_name ? arena_join(a, "/dev/mapper/", n->map_name, NULL) : path);
        if (n->map_name)
                str_add(a, &disk->names, &disk->n_names, path);
        if (lv)
                str_add(a, &disk->names, &disk->n_names, lv);
        str_add(a, &disk->names, &disk->n_names, arena_printf(a, "%u:%u", n->major, n->minor));
        for (size_t i = 0; i < n->n_tags; i++)
                if (!startswith(n->tags[i], "TYPE="))
                        str_add(a, &disk->names, &disk->n_names, n->tags[i]);
}

/* Marks a node, and all that it stands on. */
static void mark(const struct evidence *e, bool *marks, size_t node, unsigned depth)
{
        marks[node] = true;
        for (size_t i = 0; i < e->nodes[node].n_below && depth < DEPTH; i++)
                mark(e, marks, e->nodes[node].below[i], depth + 1);
}

static bool is_zfs(const struct node *n)
{
        return n->kind == NODE_POOL && startswith(n->label, "zfs ");
}

static void add_pool(struct vitals *x, const struct node *n, bool root)
{
        struct cmdline_disk *disk = arena_grow(x->arena, &x->machine->disks, x->machine->n_disks, sizeof(*disk));

        x->machine->n_disks++;
        *disk = (struct cmdline_disk){.root = root};
        str_add(x->arena, &disk->names, &disk->n_names, arena_join(x->arena, "ZFS=", n->name, NULL));
}

/* The root first, which is then what people are told. */
static void add_disks(struct vitals *x)
{
        const struct evidence *e = x->facts->evidence;
        bool *root = arena_alloc(x->arena, e->n_nodes + 1), *below = arena_alloc(x->arena, e->n_nodes + 1);

        memset(root, 0, e->n_nodes + 1);
        memset(below, 0, e->n_nodes + 1);
        for (size_t i = 0; i < e->n_uses; i++) {
                const struct node *n = &e->nodes[e->uses[i].node];

                if (!streq(e->uses[i].what, USE_ROOT) || (n->kind != NODE_BLOCK && n->kind != NODE_POOL))
                        continue;
                mark(e, below, e->uses[i].node, 0);
                root[e->uses[i].node] = true;
                /* btrfs is mounted by any of its members. */
                for (size_t k = 0; n->kind == NODE_POOL && !is_zfs(n) && k < n->n_below; k++)
                        root[n->below[k]] = true;
        }
        for (int first = 1; first >= 0; first--)
                for (size_t i = 0; i < e->n_nodes; i++) {
                        if (root[i] != first)
                                continue;
                        if (e->nodes[i].kind == NODE_BLOCK)
                                add_disk(x, &e->nodes[i], root[i], below[i]);
                        else if (is_zfs(&e->nodes[i]))
                                add_pool(x, &e->nodes[i], root[i]);
                }
}

void guard_vital(const struct root *root, struct arena *a, const struct facts *facts, struct cmdline_machine *ret)
{
        struct vitals x = {.root = root, .arena = a, .facts = facts, .machine = ret, .dependencies = ""};
        const struct evidence *e = facts->evidence;
        char *text;
        size_t size;

        if (facts->kernel && root_look(root, a, arena_join(a, "/lib/modules/", facts->kernel, "/modules.dep", NULL),
                                       &text, &size) == SOURCE_READ)
                x.dependencies = text;
        for (size_t i = 0; i < e->n_uses; i++)
                add_use(&x, &e->uses[i]);
        add_keyboards(&x);
        add_vfio(&x);
        add_disks(&x);
}
