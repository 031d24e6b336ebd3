/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second pass over PCI functions: what a plan needs to know of those that rules may come to, and of no others. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/gather.h"
#include "facts/match.h"

/* PCI Local Bus Specification, configuration header. */
#define HEADER_TYPE      0x0e
#define HEADER_TYPE_MASK 0x7f

struct details {
        const struct root *root;
        struct arena *arena;
        struct pci_bus bus;
        struct facts *facts;
        bool identities;
        bool all;    /* every device has its details */
        int *groups; /* those whose members have them */
        size_t n_groups;
};

/* boot_vga is on VGA-class functions only; boot_display (Linux 6.17) on any display. */
static enum tristate boot_display(const struct pci_dir *dir, const struct device *d)
{
        char vga[8], display[8];
        bool has_vga = pci_read(dir, "boot_vga", vga, sizeof(vga)) > 0;
        bool has_display = pci_read(dir, "boot_display", display, sizeof(display)) > 0;

        if ((has_vga && !streq(vga, "0")) || (has_display && !streq(display, "0")))
                return YES;
        /* 0302 has nothing to show a picture on, nor has a virtual function. */
        return has_vga || has_display || startswith(d->class, "0302") || d->parent ? NO : UNKNOWN;
}

/*
 * Header types 1 and 2 are bridges whatever their class says; vfio-pci rejects them. The kernel shows the bus behind
 * every function with such a header and no other (pci_bridge_attrs_are_visible, since Linux 4.13).
 */
static bool bridge_header(const struct root *root, const struct pci_dir *dir)
{
        _cleanup_(close_fd) int config = -1;
        unsigned char type;
        char none[1];
        ssize_t k;

        /* EINVAL: it is there, and no link. Half of what access(2) costs, which makes credentials of its own. */
        k = pci_readlink(dir, "secondary_bus_number", none, sizeof(none));
        if (k != -ENOENT)
                return true;
        if (root->live)
                return false;
        config = pci_open_config(dir);
        if (config < 0 || pread(config, &type, 1, HEADER_TYPE) != 1)
                return false;
        type &= HEADER_TYPE_MASK;
        return type != 0 && type != HEADER_TYPE_MASK; /* all ones: the function does not answer */
}

/* Where the firmware has it: ACPI's or the device tree's path. */
static void firmware_path(const struct root *root, struct arena *a, struct device *d)
{
        char *path = arena_join(a, d->sysfs, "/firmware_node/path", NULL), text[PATH_MAX];

        if (root_read(root, path, text, sizeof(text)) <= 0)
                return;
        d->firmware = str_printable(a, text);
}

/*
 * While a driver's probe() or remove() runs, the kernel holds the device's lock, and whoever reads driver_override or
 * sriov_numvfs waits for it where no signal reaches (drivers/pci/pci-sysfs.c). Where bind or release has been there and
 * still waits, that is not asked.
 */
static int stuck(const struct root *root, struct arena *a, struct device *d)
{
        char path[PATH_MAX], pid[16], comm[32];
        uint32_t v;

        if (snprintf(path, sizeof(path), PASSTHROUGH_STUCK "/%s", d->address) >= (int)sizeof(path) ||
            root_read(root, path, pid, sizeof(pid)) <= 0 || str_to_u32(pid, 10, &v) < 0 ||
            snprintf(path, sizeof(path), "/proc/%s/comm", pid) >= (int)sizeof(path) ||
            root_read(root, path, comm, sizeof(comm)) <= 0 || !streq(comm, "passthroughctl"))
                return 0;
        d->stuck = arena_printf(a, "a driver of it hangs, and %s (PID %s) still waits; the kernel log may say why",
                                comm, pid);
        return 0;
}

static int details(struct details *x, struct device *d)
{
        const struct root *root = x->root;
        struct arena *a = x->arena;
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char text[PATH_MAX];
        uint32_t v;

        d->detailed = true;
        /* One that cannot be told is a member of its group all the same. */
        if (!d->identified)
                pci_identify(root, &x->bus, d);
        if (pci_open(root, &x->bus, d, &dir) < 0)
                return 0;
        if (d->group == NO_GROUP && pci_readlink(&dir, "iommu_group", text, sizeof(text)) > 0 &&
            str_to_u32(str_basename(text), 10, &v) == 0 && v <= INT_MAX)
                d->group = (int)v;
        if (pci_readlink(&dir, "driver", text, sizeof(text)) > 0)
                d->driver = d->driver_now = str_printable(a, str_basename(text));
        if (bridge_header(root, &dir))
                d->bridge = d->transparent = true;
        if (d->bridge)
                return 0;
        if (x->identities)
                firmware_path(root, a, d);
        if (x->identities && !d->pcie_serial && !d->disk_serial)
                pci_serial(root, a, &dir, d);
        if (!d->parent && pci_readlink(&dir, "physfn", text, sizeof(text)) > 0)
                d->parent = arena_strdup(a, str_basename(text));
        if (class_is(d->class, "display"))
                d->boot_display = boot_display(&dir, d);
        /* Early in the boot nobody but us has set an override for what no driver has; VFs want one for their parent. */
        if (x->facts->booting && !d->driver)
                return 0;
        stuck(root, a, d);
        if (d->stuck)
                return 0;
        if (pci_read(&dir, "driver_override", text, sizeof(text)) > 0 && !streq(text, "(null)"))
                d->driver_override = str_printable(a, text);
        if (!d->parent && pci_read(&dir, "sriov_numvfs", text, sizeof(text)) > 0 && str_to_u32(text, 10, &v) == 0)
                d->vfs_enabled = v;
        return 0;
}

static int details_once(struct details *x, size_t i)
{
        struct facts *facts = x->facts;

        return facts->devices[i].detailed ? 0 : details(x, &facts->devices[i]);
}

static int details_of_all(struct details *x)
{
        int k = 0;

        for (size_t i = 0; k == 0 && !x->all && i < x->facts->n_devices; i++)
                k = details_once(x, i);
        x->all = true;
        return k;
}

/*
 * The members of a device's group, as the kernel has them: a platform device, or a function that went away, is there,
 * too. Where the kernel's list is not to be had, each function is asked for its group instead.
 */
static int details_of_group(struct details *x, const struct device *d)
{
        char path[64];
        const char **members, *stranger = NULL;
        size_t n;
        int k, *group;

        if (d->group == NO_GROUP || d->transparent)
                return 0;
        for (size_t i = 0; i < x->n_groups; i++)
                if (x->groups[i] == d->group)
                        return 0;
        group = arena_grow(x->arena, &x->groups, x->n_groups, sizeof(*x->groups));
        *group = d->group;
        x->n_groups++;

        snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices", d->group);
        k = root_list(x->root, x->arena, path, &members, &n);
        if (k < 0 || n == 0)
                return details_of_all(x);
        for (size_t i = 0; k == 0 && i < n; i++) {
                size_t member = facts_find(x->facts, members[i]);

                if (member == NO_DEVICE) {
                        stranger = members[i];
                        continue;
                }
                if (!x->facts->devices[member].detailed)
                        x->facts->devices[member].group = d->group;
                k = details_once(x, member);
        }
        for (size_t i = 0; stranger && i < x->facts->n_devices; i++)
                if (x->facts->devices[i].detailed && x->facts->devices[i].group == d->group)
                        x->facts->devices[i].group_stranger = stranger;
        return k;
}

/* A device, its slot, and the groups of both. */
static int details_around(struct details *x, size_t i)
{
        struct device *d = &x->facts->devices[i];
        struct pci_address at = d->at;
        int k = details_once(x, i);

        if (k == 0)
                k = details_of_group(x, d);
        for (at.fn = 0; k == 0 && at.fn < 8; at.fn++) {
                size_t other = facts_find_at(x->facts, &at);

                if (other == NO_DEVICE || other == i || x->facts->devices[other].detailed)
                        continue;
                k = details_once(x, other);
                if (k == 0)
                        k = details_of_group(x, &x->facts->devices[other]);
        }
        return k;
}

/* Who is no VGA card has no such mark: it may be the screen where no VGA card is. */
static void other_screen(struct details *x)
{
        struct facts *facts = x->facts;
        bool wanted = false;

        for (size_t i = 0; i < facts->n_devices; i++)
                wanted |= facts->devices[i].detailed && facts->devices[i].boot_display == UNKNOWN &&
                          !startswith(facts->devices[i].class, "0300");
        for (size_t i = 0; wanted && i < facts->n_devices; i++) {
                struct device *d = &facts->devices[i];
                char text[8], *path;

                if ((!d->identified && !pci_identify(x->root, &x->bus, d)) || !startswith(d->class, "0300"))
                        continue;
                path = arena_join(x->arena, d->sysfs, "/boot_vga", NULL);
                wanted = root_read(x->root, path, text, sizeof(text)) <= 0 || !streq(text, "1");
                for (size_t k = 0; !wanted && k < facts->n_devices; k++)
                        if (!startswith(facts->devices[k].class, "0300") && facts->devices[k].boot_display == UNKNOWN)
                                facts->devices[k].boot_display = NO;
        }
}

/* By a rule, or by the clearance: who was recorded may be anywhere. */
static bool spoken_of(const struct config *config, const struct facts *facts, const struct device *d)
{
        for (size_t i = 0; i < facts->clearance.n_devices && d->identified; i++)
                if (streq(facts->clearance.devices[i].id, d->id))
                        return true;
        for (size_t r = 0; r < config->n_rules; r++)
                if (!config->rules[r].invalid && match_device(&config->rules[r], facts, d))
                        return true;
        return false;
}

int pci_details(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct details x = {
                .root = root, .arena = a, .bus = PCI_BUS_NONE, .facts = facts, .identities = request->identities};
        int k = request->config ? 0 : details_of_all(&x);

        for (size_t i = 0; k == 0 && i < facts->n_devices; i++)
                if (!request->config || spoken_of(request->config, facts, &facts->devices[i]))
                        k = details_around(&x, i);
        if (k == 0)
                other_screen(&x);
        pci_bus_close(&x.bus);
        return k;
}
