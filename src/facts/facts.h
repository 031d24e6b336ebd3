/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is known of a machine, gathered once and by value: the plan reads nothing else. Absence is explicit, and an
 * absent fact never permits anything.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/root.h"
#include "config/rule.h"
#include "config/values.h"
#include "facts/clearance.h"
#include "facts/initrd.h"

/* What an image carries of the machine it was built on: files hostname, machine-id and product_uuid. */
#define IMAGE_MACHINE PASSTHROUGH_LIBEXEC "/machine"
#define PRODUCT_UUID  "/sys/class/dmi/id/product_uuid"

enum tristate {
        UNKNOWN = -1,
        NO,
        YES,
};

#define NO_GROUP  (-1)
#define NO_DEVICE SIZE_MAX

/* A PCI function (Documentation/ABI/testing/sysfs-bus-pci). Other buses get variants of their own. */
struct device {
        enum bus bus;
        const char *address; /* as sysfs names it, 0000:42:00.0 */
        const char *sysfs;   /* /sys/devices/..., without links */
        const char *path;    /* bridge path, 0000:40:03.1/00.0 */
        struct pci_address at;

        bool identified;    /* the next five are known, as far as the function tells */
        char id[10];        /* vendor:device, lower case hex */
        char subsystem[10]; /* "" where there is none */
        char class[7];      /* base class, subclass, programming interface */
        bool bridge;        /* a bridge: never taken */
        bool transparent;   /* a bridge that does not stand in the way of its group's users, whatever driver it has */

        const char *slot;        /* physical slot name */
        const char *pcie_serial; /* device serial number (extended capability) */
        const char *disk_serial; /* of an NVMe controller its own serial number */
        const char **interfaces; /* network interfaces; these four only where asked for */
        size_t n_interfaces;
        const char *parent; /* of a VF: its physical function's address; else NULL */
        uint32_t vf_index;  /* of a VF: UINT32_MAX where not known */

        /* What follows is gathered for the devices that rules may come to: see facts_request.config. */
        bool detailed;
        const char *driver;          /* bound, or NULL */
        const char *driver_now;      /* the same, whatever facts_as_at_boot() has made of it */
        bool driver_builtin;         /* where asked for: the kernel has that driver before any initrd */
        int group;                   /* IOMMU group, or NO_GROUP */
        const char *driver_override; /* NULL: none */
        const char *group_stranger;  /* a member of its group that is no PCI function here, or NULL */
        enum tristate boot_display;  /* of a display: the firmware's own screen is on it */
        uint32_t vfs_enabled;        /* SR-IOV virtual functions that exist */
        const char *firmware;        /* path in the firmware's tree (ACPI, device tree); only for identities */
        const char *stuck;           /* who waits for a driver of it that does not let go, or NULL: see details.c */
        const char *vfio_user;       /* which process has it open through VFIO, where that was asked; or NULL */
        const char *unseen;          /* why what the host does with it cannot be told, although that shows; or NULL */
};

enum module_state {
        MODULE_UNKNOWN, /* the kernel's module lists are not there */
        MODULE_ABSENT,
        MODULE_LOADABLE,
        MODULE_BUILTIN,
        MODULE_REGISTERED, /* a driver of that name is on the bus already */
};

struct module {
        const char *name;
        enum module_state state;
};

/* An "alias vfio_pci:..." line of modules.alias (since Linux 5.15): a variant driver's module and what it serves. */
struct variant {
        const char *pattern, *module;
};

struct evidence;

struct facts {
        struct device *devices; /* by address */
        size_t n_devices;
        size_t *by_group;                /* positions in devices, by group, then address */
        const struct evidence *evidence; /* of what the host needs them for; never NULL once gathered */
        struct clearance clearance;

        bool in_initrd;
        const struct initrd *initrd; /* that one; else one that this host may boot with; set by facts_read_machine() */
        bool booting;                /* on its way up, in an initrd or behind it */
        bool root_stage;             /* in an initrd, when its root file system ought to be there */
        const char *cmdline;         /* the kernel's, or NULL */
        const char *kernel;          /* release, or NULL */
        const char *hostname;        /* or NULL, likewise the next two */
        const char *machine_id;
        const char *product; /* DMI product name */

        struct module *modules; /* those asked for */
        size_t n_modules;
        struct variant *variants;
        size_t n_variants;

        bool root_on_volumes; /* the command line names volumes, arrays or encrypted devices for the host */
        bool lvm_filters;     /* LVM has a filter of the host's */

        bool switches_known; /* the next four are */
        bool off;            /* passthrough=off, or a kdump kernel */
        bool kdump;          /* which of them: a kernel that only saves another one's memory */
        const char *off_by;  /* the token that says so */
        struct words skip;   /* passthrough.skip= */
        uint32_t trial;      /* passthrough.trial=: seconds until this boot is taken back; 0: it is no trial */
};

/* What a config needs to know beyond what every plan does: each costs reads, some of the hardware itself. */
struct facts_request {
        const struct config *config; /* details only of what its rules match, with slot and group; NULL: of all */
        bool machine, slots, serials, parents, use, variants;
        bool identities; /* all that tells who a device is */
        bool booting;    /* the host is on its way up */
        bool busy;       /* what processes have open, which addresses are configured */
        bool writers;    /* of that what tells of the next boot, too: disks open for writing, and addresses */
        bool early;      /* before any native driver: nothing shows of what the host will use */
        bool root_stage; /* the root file system ought to be there */
        bool builtin;
        const char *kernel; /* a release other than the one that runs; NULL: that one */
        const char **drivers;
        size_t n_drivers;
};

void facts_request_for(const struct config *config, struct arena *a, struct facts_request *ret);

/* Whether the kernel has that driver is asked, too. */
void facts_request_driver(struct facts_request *request, struct arena *a, const char *name);

/* What this room does not know how to gather: the programs say who does. */
struct facts_sources {
        const struct initrd *const *initrds;
        /* Sets facts->evidence, and what of each device follows from it. */
        void (*guard)(const struct root *root, struct arena *a, const struct facts_request *request,
                      struct facts *facts);
};

/* Facts start out zeroed; the switches may have been read into them. */
int facts_gather(const struct root *root, struct arena *a, const struct facts_sources *sources,
                 const struct facts_request *request, struct facts *facts) _must_check_;

/*
 * Turns what is bound now into what the next boot's initrd will find: drivers that are modules have nothing yet, and
 * what was written to sysfs is forgotten. Needs facts that were gathered with builtin.
 */
void facts_as_at_boot(struct facts *facts);

/* Host name, machine-id and product of this machine alone. */
void facts_read_machine(const struct root *root, struct arena *a, const struct initrd *const *initrds,
                        struct facts *facts);

/* The kernel command line and its switches alone, for programs that need no more. 0 or -errno. */
int facts_read_switches(const struct root *root, struct arena *a, struct facts *facts) _must_check_;

/* Functions of one slot; virtual ones are of none. */
static inline bool device_same_slot(const struct device *a, const struct device *b)
{
        return !a->parent && !b->parent && a->at.domain == b->at.domain && a->at.bus == b->at.bus &&
               a->at.dev == b->at.dev;
}

/* A device's modalias, with that name of the bus (scripts/mod/file2alias.c, do_pci_entry). */
void device_alias(const struct device *d, const char *bus, char *buf, size_t size);

/*
 * Position of the function of that name, or NO_DEVICE. As the kernel has it, no digit less: of serial port 0 of the
 * PNP device 00:02 the name is "00:02:0.0" (drivers/tty/serial/serial_base_bus.c, since Linux 6.5).
 */
size_t facts_find(const struct facts *facts, const char *address);
/* Position of an address, however it was written. */
size_t facts_find_at(const struct facts *facts, const struct pci_address *at);
int pci_address_compare(const struct pci_address *a, const struct pci_address *b);

/* The members of a group: positions by_group[*ret_first] and on. Returns how many. */
size_t facts_group(const struct facts *facts, int group, size_t *ret_first);
