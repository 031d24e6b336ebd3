/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is known of a machine, gathered once and by value: the plan reads nothing else. Absence is explicit, and an
 * absent fact never permits anything.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/diag.h"
#include "base/root.h"
#include "bus/bus.h"
#include "facts/clearance.h"
#include "facts/initrd.h"

/* What an image carries of the machine it was built on: files hostname, machine-id, product_uuid and tags. */
#define IMAGE_MACHINE PASSTHROUGH_LIBEXEC "/machine"
#define PRODUCT_UUID  "/sys/class/dmi/id/product_uuid"

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
        const char *directory; /* of MODULE_REGISTERED: the driver's on its bus */
        bool loaded;           /* it is in /sys/module; only modules_look_loaded() asks */
};

/* An "alias vfio_BUS:..." line of modules.alias (since Linux 5.15): a variant driver's module and what it serves. */
struct variant {
        const char *pattern, *module;
};

struct evidence;

/* Where a bus's devices begin in facts->devices; those of the next follow. */
struct bus_devices {
        const struct bus *bus;
        size_t first;
};

struct facts {
        struct device *devices; /* by bus, then address */
        size_t n_devices;
        struct bus_devices *buses; /* all there are, with devices or without */
        size_t n_buses;
        const struct facts *gathered; /* while a bus gathers its own: what those before it have; else NULL */
        size_t *by_group;             /* positions in devices, by group, then address */
        size_t *below; /* by device: the next above it that is no bridge, or NO_DEVICE; see facts_is_below() */
        const struct evidence *evidence; /* of what the host needs them for; never NULL once gathered */
        struct clearance clearance;

        bool in_initrd;
        const struct initrd *initrd; /* that one; else one that this host may boot with; set by facts_read_machine() */
        const struct initrd *const *initrds; /* all that there are, NULL behind the last; set likewise */
        bool booting;                        /* on its way up, in an initrd or behind it */
        bool arriving;        /* a device has just appeared, and may not show yet what it is to the host */
        bool root_stage;      /* in an initrd, when its root file system ought to be there */
        const char *cmdline;  /* the kernel's, or NULL */
        const char *kernel;   /* release, or NULL */
        const char *hostname; /* or NULL, likewise the next two */
        const char *machine_id;
        const char *product; /* DMI product name */
        const char *tags;    /* of the machine, with ":" between them, "" where it has none; NULL: not known */

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
        bool everyone;               /* who each device is, though no rule of its bus may come to it */
        bool machine, slots, serials, parents, use, variants, numa;
        bool vgpus;        /* who makes virtual GPUs, and those that are there */
        bool identities;   /* all that tells who a device is */
        bool booting;      /* the host is on its way up */
        bool arriving;     /* a device has just appeared */
        bool busy;         /* what processes have open, which addresses are configured */
        bool writers;      /* of that what tells of the next boot, too: disks open for writing, and addresses */
        const char *asked; /* udev waits for this device: what others make wait for is left out; NULL: none */
        bool early;        /* before any native driver: nothing shows of what the host will use */
        bool root_stage;   /* the root file system ought to be there */
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
        const struct bus_source *const *buses; /* NULL behind the last, likewise the next */
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

/* Host name, machine-id, product and tags of this machine alone. */
void facts_read_machine(const struct root *root, struct arena *a, const struct initrd *const *initrds,
                        struct facts *facts);

/* The kernel command line and its switches alone, for programs that need no more. 0 or -errno. */
int facts_read_switches(const struct root *root, struct arena *a, struct facts *facts) _must_check_;

/* Devices at one place, virtual ones too. */
static inline bool device_same_place(const struct device *a, const struct device *b)
{
        return a->bus == b->bus && (a->bus->same_card ? a->bus->same_card(a, b) : a == b);
}

/* Devices of one card; virtual ones are of none. */
static inline bool device_same_card(const struct device *a, const struct device *b)
{
        return !a->parent && !b->parent && device_same_place(a, b);
}

/* The same, and of one maker. */
static inline bool device_same_make(const struct device *a, const struct device *b)
{
        return *a->id && device_same_card(a, b) && strncmp(a->id, b->id, strcspn(a->id, ":") + 1) == 0;
}

/*
 * Position of the device of that name, or NO_DEVICE. As the kernel has it, no digit less: of serial port 0 of the
 * PNP device 00:02 the name is "00:02:0.0" (drivers/tty/serial/serial_base_bus.c, since Linux 6.5).
 */
size_t facts_find(const struct facts *facts, const char *address);
/*
 * Whether the text is an address on some bus, however it was written; *ret: the position of that device, or NO_DEVICE.
 */
bool facts_find_written(const struct facts *facts, const char *text, size_t *ret);

/* The devices at the same place as one, virtual ones too: positions *ret_first and on. Returns how many. */
size_t facts_card(const struct facts *facts, size_t device, size_t *ret_first);

/* Whether a device's directory is below the other's, or the other makes it: it goes away with the other's driver. */
bool facts_is_below(const struct facts *facts, size_t device, size_t other);

/* The members of a group: positions by_group[*ret_first] and on. Returns how many. */
size_t facts_group(const struct facts *facts, int group, size_t *ret_first);
