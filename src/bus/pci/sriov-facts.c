/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a function that is to have virtual ones (Documentation/ABI/testing/sysfs-bus-pci, sriov_...). */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>

#include "base/str.h"
#include "bus/pci/sriov-quirks.h"
#include "bus/pci/sriov.h"
#include "config/driver.h"
#include "guard/evidence.h"

/* IFF_UP and NET_ADDR_PERM of linux/if.h and linux/netdevice.h. */
#define UP        1U
#define PERMANENT "0"

struct look {
        const struct root *root;
        struct arena *arena;
        const struct facts *facts;
};

static ssize_t read_of(const struct look *x, const char *dir, const char *name, char *buf, size_t size)
{
        return root_read(x->root, arena_join(x->arena, dir, "/", name, NULL), buf, size);
}

static bool number(const struct look *x, const struct device *d, const char *name, int base, uint32_t *ret)
{
        char text[32];

        return read_of(x, d->sysfs, name, text, sizeof(text)) > 0 && str_to_u32(text, base, ret);
}

/* A representor stands in the same directory; its port is "pf0vf3", or "c1pf0vf3" (net/devlink, since Linux 4.18). */
static bool is_representor(const struct look *x, const char *dir)
{
        char text[64];

        return read_of(x, dir, "phys_port_name", text, sizeof(text)) > 0 &&
               fnmatch("*pf[0-9]*[vs]f[0-9]*", text, 0) == 0;
}

/* Flags that cannot be read: up, for all that is known. */
static bool is_up(const struct look *x, const char *dir)
{
        char text[32];
        uint32_t flags;

        return read_of(x, dir, "flags", text, sizeof(text)) <= 0 ||
               !str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, &flags) || flags & UP;
}

/* Names that udev had to choose from (E:ID_NET_NAME_PATH=enp4s0). */
static void look_at_names(const struct look *x, const char *dir, struct sriov_facts *ret)
{
        char number[16], *text, *line;
        size_t size;

        if (read_of(x, dir, "ifindex", number, sizeof(number)) <= 0 ||
            root_look(x->root, x->arena, arena_join(x->arena, "/run/udev/data/n", number, NULL), &text, &size) !=
                    SOURCE_READ)
                return;
        while ((line = strsep(&text, "\n"))) {
                const char *value = startswith(line, "E:ID_NET_NAME") ? strchr(line, '=') : NULL;

                if (value)
                        strings_add(x->arena, &ret->names, value + 1);
        }
}

static void look_at_interfaces(const struct look *x, const struct device *d, struct sriov_facts *ret)
{
        const char **names, *net = arena_join(x->arena, d->sysfs, "/net", NULL);
        char text[64];
        size_t n;

        /* Unknown is up. */
        if (root_list(x->root, x->arena, net, &names, &n) < 0) {
                ret->up = net;
                return;
        }
        for (size_t i = 0; i < n; i++) {
                const char *dir = arena_join(x->arena, net, "/", names[i], NULL);

                if (is_up(x, dir))
                        ret->up = names[i];
                if (is_representor(x, dir)) {
                        ret->eswitch = ESWITCH_SWITCHDEV;
                        continue;
                }
                if (ret->interface)
                        continue;
                ret->interface = names[i];
                strings_add(x->arena, &ret->names, names[i]);
                look_at_names(x, dir, ret);
                if (read_of(x, dir, "address", text, sizeof(text)) <= 0)
                        continue;
                strings_add(x->arena, &ret->macs, arena_strdup(x->arena, text));
                if (read_of(x, dir, "addr_assign_type", text, sizeof(text)) > 0 && streq(text, PERMANENT))
                        ret->permanent = ret->macs.v[ret->macs.n - 1];
        }
}

/* The host needs it, though it need not be up; or a process has it open without VFIO, as InfiniBand's verbs. */
static const char *need_of(const struct look *x, const struct device *vf)
{
        const struct evidence *e = x->facts->evidence;

        for (size_t u = 0; u < e->n_uses; u++)
                if (pci_sriov_reaches(e, e->uses[u].node, (size_t)(vf - x->facts->devices)))
                        return arena_join(x->arena, vf->address, ": ", e->nodes[e->uses[u].node].label, " ← ",
                                          e->uses[u].what, NULL);
        return NULL;
}

/*
 * Every change of their number takes all of them away. A driver of the host may have its interface where nobody sees
 * it: in another network namespace.
 */
static const char *user_of(const struct look *x, const struct device *vf)
{
        const char **names, *need = need_of(x, vf);
        size_t n = 0;

        if (need)
                return need;
        if (vf->gpus || vf->gpus_unknown)
                return arena_join(x->arena, vf->address, ": ", vf->gpus ? vf->gpus : vf->gpus_unknown, NULL);
        if (vf->stuck)
                return arena_join(x->arena, vf->address, ": ", vf->stuck, NULL);
        if (vf->vfio_user)
                return arena_join(x->arena, vf->address, ": ", vf->vfio_user, NULL);
        if (!vf->driver)
                return NULL;
        if (driver_sets_aside(vf->driver))
                return x->facts->evidence->busy_unknown
                               ? arena_join(x->arena, vf->address, ": ", x->facts->evidence->busy_unknown, NULL)
                               : NULL;
        /* Where interfaces are seen, its own tells enough. */
        if (x->facts->evidence->network_unknown)
                return arena_join(x->arena, vf->address, ": ", x->facts->evidence->network_unknown, NULL);
        if (root_list(x->root, x->arena, arena_join(x->arena, vf->sysfs, "/net", NULL), &names, &n) < 0 || n == 0)
                return arena_join(x->arena, vf->address, ": ", vf->driver,
                                  " has it, and its interface does not show: another network namespace may have it",
                                  NULL);
        for (size_t i = 0; i < n; i++) {
                const char *dir = arena_join(x->arena, vf->sysfs, "/net/", names[i], NULL);
                char master[PATH_MAX];
                ssize_t k = root_readlink(x->root, arena_join(x->arena, dir, "/master", NULL), master, sizeof(master));

                if (k > 0)
                        return arena_join(x->arena, vf->address, ": ", names[i], " is part of ", str_basename(master),
                                          NULL);
                if (k != -ENOENT || is_up(x, dir))
                        return arena_join(x->arena, vf->address, ": ", names[i], " is up", NULL);
        }
        return NULL;
}

static const char *vf_id_of(const struct look *x, const struct device *d)
{
        uint32_t id;

        return number(x, d, "sriov_vf_device", 16, &id) ? arena_printf(x->arena, "%.4s:%04x", d->id, id) : NULL;
}

/* Virtual functions are in the directory that their parent is in. */
static void look_at_twins(const struct look *x, const struct device *d, struct sriov_facts *ret)
{
        size_t dir = (size_t)(str_basename(d->sysfs) - d->sysfs);

        for (size_t i = 0; ret->vf_id && i < x->facts->n_devices; i++) {
                const struct device *other = &x->facts->devices[i];

                if (other != d && other->bus == d->bus && !other->parent && strncmp(other->sysfs, d->sysfs, dir) == 0 &&
                    !strchr(other->sysfs + dir, '/') && streq_ptr(vf_id_of(x, other), ret->vf_id))
                        strings_add(x->arena, &ret->twins, other->address);
        }
}

/* Some drivers make them without the file that says how many. */
static uint32_t shown_of(const struct look *x, const struct device *d)
{
        uint32_t n = 0;

        for (size_t i = 0; i < x->facts->n_devices; i++)
                n += x->facts->devices[i].bus == d->bus && streq_ptr(x->facts->devices[i].parent, d->address);
        return n;
}

/* k: of reading sriov_totalvfs, which had that text. The capability has 16 bits for each number. */
static void look_at_numbers(const struct look *x, const struct device *d, ssize_t k, const char *text, uint32_t shown,
                            struct sriov_facts *ret)
{
        if (k == -ENOENT) {
                ret->capable = YES;
                ret->total = ret->enabled = shown;
                return;
        }
        ret->capable = k > 0 && str_to_u32(text, 10, &ret->total) && ret->total <= UINT16_MAX &&
                                       number(x, d, "sriov_numvfs", 10, &ret->enabled) && ret->enabled <= UINT16_MAX
                               ? YES
                               : UNKNOWN;
        if (ret->capable != YES)
                ret->total = ret->enabled = 0;
}

static void look_at_driver(const struct look *x, const struct device *d, struct sriov_facts *ret)
{
        const struct sriov_quirks *quirks = sriov_quirks_of(d->driver_now, d->id);
        const char *admin;
        char text[32];

        ret->limit = UINT32_MAX;
        if (quirks->parameter &&
            (root_read(x->root,
                       arena_join(x->arena, "/sys/module/", quirks->name, "/parameters/", quirks->parameter, NULL),
                       text, sizeof(text)) <= 0 ||
             !str_to_u32(text, 10, &ret->limit)))
                ret->limit = UINT32_MAX;
        admin = arena_join(x->arena, d->sysfs, "/sriov_admin", NULL);
        ret->profiles = quirks->parameter && root_exists(x->root, admin);
        /* One that cannot be read has nothing that could be set. */
        if (ret->profiles)
                root_look_in(x->root, x->arena, arena_join(x->arena, admin, "/vf1/profile", NULL), &ret->profile,
                             &ret->n_profile);
}

void pci_sriov_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                    struct sriov_facts *ret)
{
        const struct look x = {root, a, facts};
        const struct device *d = &facts->devices[device];
        uint32_t autoprobe, shown = shown_of(&x, d);
        char text[32];
        ssize_t k;

        *ret = (struct sriov_facts){.capable = UNKNOWN};
        /* Who reads sriov_numvfs then waits, too (drivers/pci/iov.c, sriov_numvfs_show()). */
        if (d->stuck)
                return;
        ret->capable = NO;
        k = read_of(&x, d->sysfs, "sriov_totalvfs", text, sizeof(text));
        if (k == -ENOENT && (shown == 0 || !sriov_quirks_of(d->driver_now, d->id)->makes_own))
                return;
        look_at_driver(&x, d, ret);
        look_at_numbers(&x, d, k, text, shown, ret);
        ret->placed =
                number(&x, d, "sriov_offset", 10, &ret->offset) && number(&x, d, "sriov_stride", 10, &ret->stride);
        /* It is there since Linux 4.12, and on by default. */
        ret->autoprobe = !number(&x, d, "sriov_drivers_autoprobe", 10, &autoprobe) || autoprobe;
        ret->vf_id = vf_id_of(&x, d);
        look_at_twins(&x, d, ret);
        look_at_interfaces(&x, d, ret);
        ret->up = ret->up ? ret->up : pci_sriov_up(facts->evidence, device);
        ret->early = pci_sriov_early(root, a, facts, device, &ret->root);
        /* Of storage more is asked. */
        if (!(d->roles & ROLE_STORAGE))
                ret->disk = pci_sriov_disk(facts->evidence, device, &ret->disk_used);
        /* Each virtual function has a representor in switchdev mode, and none in the other. */
        if (ret->enabled > 0 && ret->eswitch == ESWITCH_UNSET)
                ret->eswitch = ESWITCH_LEGACY;
        ret->bound = arena_alloc(a, ret->enabled * sizeof(*ret->bound));
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *vf = &facts->devices[i];

                if (vf->bus != d->bus || !streq_ptr(vf->parent, d->address))
                        continue;
                ret->user = ret->user ? ret->user : user_of(&x, vf);
                if (vf->index < ret->enabled)
                        ret->bound[vf->index] = vf->driver_now != NULL;
        }
        /* Somebody may use one that nobody sees. */
        if (!ret->user && shown < ret->enabled)
                ret->user = arena_printf(a, "of its %u virtual functions only %u show", ret->enabled, shown);
}

const char *pci_sriov_forecast(struct arena *a, const struct device *parent, const struct sriov_facts *is,
                               uint32_t index)
{
        const struct pci_address *at = &pci_of(parent)->at;
        uint32_t number = (uint32_t)at->bus << 8 | (uint32_t)at->dev << 3 | at->fn;

        if (!is->placed || (is->offset == 0 && is->stride == 0))
                return NULL;
        number += is->offset + index * is->stride;
        if (number > UINT16_MAX)
                return NULL;
        return arena_printf(a, "%04x:%02x:%02x.%x", at->domain, number >> 8, number >> 3 & 0x1f, number & 7);
}
