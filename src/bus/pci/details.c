/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second pass over PCI functions: what a plan needs to know of those that rules may come to, and of no others. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "bus/pci/gather.h"
#include "facts/iommus.h"
#include "facts/match.h"

/* PCI Local Bus Specification, configuration header. */
#define HEADER_TYPE      0x0e
#define HEADER_TYPE_MASK 0x7f

#define DEEPEST 32 /* functions above one another */

struct details {
        struct pci_scan *scan;
        bool all; /* every device has its details */
        struct group {
                int number;
                struct reason kept; /* struct device's group_kept */
        } * groups;                 /* those whose members have them */
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
static void firmware_path(const struct pci_scan *x, struct device *d)
{
        char text[PATH_MAX];

        if (root_read(x->root, arena_join(x->arena, d->sysfs, "/firmware_node/path", NULL), text, sizeof(text)) > 0)
                d->marks[MARK_FIRMWARE] = str_printable(x->arena, text);
}

/*
 * While a driver's probe() or remove() runs, the kernel holds the device's lock, and whoever reads driver_override or
 * sriov_numvfs waits for it where no signal reaches (drivers/pci/pci-sysfs.c). Where bind or release has been there and
 * still waits, that is not asked. A driver of VFIO waits in its remove() for whoever has the device open; until then
 * it shows in vfio-dev, since Linux 6.1 (drivers/vfio/vfio_main.c), while the link to its driver is gone.
 */
static void stuck(const struct pci_scan *x, struct device *d)
{
        char path[PATH_MAX], pid[16], comm[32];
        uint32_t v;

        if (!d->driver && root_exists(x->root, arena_join(x->arena, d->sysfs, "/vfio-dev", NULL))) {
                d->stuck_kind = REASON_HANGS;
                d->stuck = "its driver is to leave it, and waits for who has it open through VFIO";
                return;
        }
        if (snprintf(path, sizeof(path), PASSTHROUGH_STUCK "/%s", d->address) >= (int)sizeof(path) ||
            root_read(x->root, path, pid, sizeof(pid)) <= 0 || !str_to_u32(pid, 10, &v) ||
            snprintf(path, sizeof(path), "/proc/%s/comm", pid) >= (int)sizeof(path) ||
            root_read(x->root, path, comm, sizeof(comm)) <= 0 || !streq(comm, "passthroughctl"))
                return;
        d->stuck_kind = REASON_HANGS;
        d->stuck = arena_printf(x->arena,
                                "a driver of it hangs, and %s (PID %s) still waits for it; the kernel log may say why",
                                comm, pid);
}

static bool has_number(const struct device *d)
{
        return d->marks[MARK_SERIAL] || d->marks[MARK_DISK_SERIAL];
}

static void own_details(struct pci_scan *x, const struct pci_dir *dir, struct device *d)
{
        struct pci_function *f = pci_own(d);
        char text[PATH_MAX];
        uint32_t v;
        ssize_t n;

        if (x->request->identities) {
                firmware_path(x, d);
                if (!has_number(d))
                        pci_serial(x, dir, d);
        }
        if (!d->parent && pci_readlink(dir, "physfn", text, sizeof(text)) > 0)
                d->parent = arena_strdup(x->arena, str_basename(text));
        if (d->roles & ROLE_DISPLAY)
                f->boot_display = boot_display(dir, d);
        if (f->boot_display == YES)
                d->roles |= ROLE_BOOT_DISPLAY;
        /* Early in the boot nobody but us has set an override for what no driver has; VFs want one for their parent. */
        if (x->facts->booting && !d->driver)
                return;
        stuck(x, d);
        if (d->stuck)
                return;
        if (pci_read(dir, "driver_override", text, sizeof(text)) > 0 && !streq(text, "(null)"))
                d->driver_override = str_printable(x->arena, text);
        n = d->parent ? -ENOENT : pci_read(dir, "sriov_numvfs", text, sizeof(text));
        d->has_functions = n != -ENOENT;
        if (n > 0 && str_to_u32(text, 10, &v))
                f->vfs_enabled = v;
        else if (n != -ENOENT && !d->stuck)
                d->stuck = "cannot see whether it has virtual functions";
}

/*
 * An ISA bridge that no driver has does not stand in the way of its group; on Intel's one may come yet. A map of
 * memory, a counter or the firmware's flash that no driver has is the chipset's own.
 */
static void without_driver(const struct facts *facts, struct device *d)
{
        if (d->driver)
                return;
        if (startswith(d->class, "0601") && !(facts->booting && startswith(d->id, "8086:")))
                d->roles |= ROLE_BYSTANDER;
        if (startswith(d->class, "0880") || startswith(d->class, "1101") || d->roles & ROLE_FIRMWARE)
                d->roles |= facts->booting ? ROLE_UNDRIVEN : ROLE_CHIPSET;
}

static void details_once(struct details *details, size_t i)
{
        struct pci_scan *x = details->scan;
        struct device *d = &x->facts->devices[i];
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char text[PATH_MAX];
        uint32_t v;

        if (d->detailed)
                return;
        d->detailed = true;
        /* One that cannot be told is a member of its group all the same. */
        if (!d->identified)
                pci_identify(x, d);
        if (pci_open(x->root, &x->parent, d, &dir) < 0)
                return;
        if (d->group == NO_GROUP && pci_readlink(&dir, "iommu_group", text, sizeof(text)) > 0 &&
            str_to_u32(str_basename(text), 10, &v) && v <= INT_MAX)
                d->group = (int)v;
        if (pci_readlink(&dir, "driver", text, sizeof(text)) > 0)
                d->driver = d->driver_now = str_printable(x->arena, str_basename(text));
        if (x->request->numa && pci_read(&dir, "numa_node", text, sizeof(text)) > 0 && *text != '-')
                d->numa_node = str_printable(x->arena, text);
        if (x->request->vgpus && d->parent && pci_read(&dir, "nvidia/current_vgpu_type", text, sizeof(text)) > 0)
                d->vgpu = str_printable(x->arena, text);
        if (bridge_header(x->root, &dir))
                d->roles |= ROLE_BRIDGE | ROLE_BYSTANDER;
        if (pci_reaches_firmware(d))
                d->roles |= ROLE_FIRMWARE;
        without_driver(x->facts, d);
        if (!(d->roles & ROLE_BRIDGE))
                own_details(x, &dir, d);
}

static void details_of_all(struct details *x)
{
        for (size_t i = 0; !x->all && i < x->scan->facts->n_devices; i++)
                details_once(x, i);
        x->all = true;
}

static struct reason kept_by_kernel(const struct pci_scan *x, int group)
{
        char path[80], text[4096 + 1];
        ssize_t n;

        snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/reserved_regions", group);
        n = root_read_line(x->root, path, text, sizeof(text));
        if (n < 0 && n != -ENOENT && n != -ENOTDIR)
                return reason_say(
                        REASON_MAYBE_FIRMWARE,
                        arena_printf(
                                x->arena,
                                "cannot see whether the firmware uses memory through IOMMU group %d: %s cannot be read",
                                group, path));
        if (n <= 0 || !iommu_has_direct(text))
                return (struct reason){};
        return reason_say(
                REASON_FIRMWARE,
                arena_printf(x->arena,
                             "IOMMU group %d has a region of type direct in %s: the firmware uses memory through it "
                             "(RMRR), and the kernel does not let VFIO have such a device",
                             group, path));
}

/*
 * The members of a device's group, as the kernel has them: a platform device, or a function that went away, is there,
 * too. Where the kernel's list is not to be had, each function is asked for its group instead.
 */
static void details_of_group(struct details *x, const struct device *d)
{
        struct facts *facts = x->scan->facts;
        const char **members, *stranger = NULL;
        struct group *group;
        char path[64];
        size_t n;

        if (d->group == NO_GROUP || d->roles & ROLE_BYSTANDER)
                return;
        for (size_t i = 0; i < x->n_groups; i++)
                if (x->groups[i].number == d->group)
                        return;
        group = arena_grow(x->scan->arena, &x->groups, x->n_groups++, sizeof(*x->groups));
        *group = (struct group){d->group, kept_by_kernel(x->scan, d->group)};

        snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices", d->group);
        if (root_list(x->scan->root, x->scan->arena, path, &members, &n) < 0 || n == 0) {
                details_of_all(x);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                size_t member = facts_find(facts, members[i]);

                if (member == NO_DEVICE) {
                        stranger = members[i];
                        continue;
                }
                if (!facts->devices[member].detailed)
                        facts->devices[member].group = d->group;
                details_once(x, member);
                if (facts->devices[member].group_stranger)
                        stranger = members[i];
        }
        for (size_t i = 0; stranger && i < facts->n_devices; i++)
                if (facts->devices[i].detailed && facts->devices[i].group == d->group)
                        facts->devices[i].group_stranger = stranger;
}

static void mark_kept(const struct details *x)
{
        for (size_t g = 0; g < x->n_groups; g++)
                for (size_t i = 0; x->groups[g].kept.text && i < x->scan->facts->n_devices; i++)
                        if (x->scan->facts->devices[i].group == x->groups[g].number) {
                                x->scan->facts->devices[i].group_kept = x->groups[g].kept.text;
                                x->scan->facts->devices[i].kept_kind = x->groups[g].kept.kind;
                        }
}

/* A device, its slot, and the groups of both. By address, the functions of a slot are beside each other. */
static void details_around(struct details *x, size_t i)
{
        const struct device *devices = x->scan->facts->devices, *d = &devices[i];
        size_t other = i;

        details_once(x, i);
        details_of_group(x, d);
        while (other > 0 && pci_same_card(d, &devices[other - 1]))
                other--;
        for (; other < x->scan->facts->n_devices && pci_same_card(d, &devices[other]); other++)
                if (!devices[other].detailed) {
                        details_once(x, other);
                        details_of_group(x, &devices[other]);
                }
}

/* What goes along with a function that a rule may come to. A physical one that has virtual functions is not taken. */
static void details_below(struct details *x)
{
        const struct facts *facts = x->scan->facts;

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                size_t up = d->detailed || !d->below ? NO_DEVICE : facts_find(facts, d->below);
                bool taken = false;

                /* A machine put together by hand may go round in a circle. */
                for (size_t n = 0; up != NO_DEVICE && !taken && n < DEEPEST;
                     n++, up = d->below ? facts_find(facts, d->below) : NO_DEVICE) {
                        d = &facts->devices[up];
                        taken = d->detailed && !(d->roles & ROLE_BRIDGE);
                }
                if (taken)
                        details_around(x, i);
        }
}

/* A display that is no VGA card and does not say. */
static bool may_be_screen(const struct device *d)
{
        return pci_of(d)->boot_display == UNKNOWN && !startswith(d->class, "0300");
}

/* Who is no VGA card has no such mark: it may be the screen where no VGA card is. */
static void other_screen(struct pci_scan *x)
{
        struct facts *facts = x->facts;
        bool wanted = false;

        for (size_t i = 0; i < facts->n_devices; i++)
                wanted |= facts->devices[i].detailed && may_be_screen(&facts->devices[i]);
        for (size_t i = 0; wanted && i < facts->n_devices; i++) {
                struct device *d = &facts->devices[i];
                char text[8], *path;

                if ((!d->identified && !pci_identify(x, d)) || !startswith(d->class, "0300"))
                        continue;
                path = arena_join(x->arena, d->sysfs, "/boot_vga", NULL);
                wanted = root_read(x->root, path, text, sizeof(text)) <= 0 || !streq(text, "1");
                for (size_t k = 0; !wanted && k < facts->n_devices; k++)
                        if (may_be_screen(&facts->devices[k]))
                                pci_own(&facts->devices[k])->boot_display = NO;
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

/* If the device has a number: whether others of its kind have the same one. */
static void serials_of_twins(struct pci_scan *x, const struct device *d)
{
        for (size_t i = 0; i < x->facts->n_devices; i++) {
                struct device *twin = &x->facts->devices[i];
                _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;

                if (twin->identified && !twin->detailed && !has_number(twin) && streq(twin->id, d->id) &&
                    pci_open(x->root, &x->parent, twin, &dir) >= 0)
                        pci_serial(x, &dir, twin);
        }
}

void pci_details(struct pci_scan *x)
{
        const struct config *config = x->request->config;
        struct details details = {.scan = x};

        if (!config)
                details_of_all(&details);
        for (size_t i = 0; i < x->facts->n_devices; i++)
                if (!config || spoken_of(config, x->facts, &x->facts->devices[i]))
                        details_around(&details, i);
        details_below(&details);
        for (size_t i = 0; x->request->identities && !x->facts->booting && i < x->facts->n_devices; i++)
                if (x->facts->devices[i].detailed && has_number(&x->facts->devices[i]))
                        serials_of_twins(x, &x->facts->devices[i]);
        mark_kept(&details);
        other_screen(x);
}
