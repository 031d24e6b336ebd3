/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a PCI function has that devices of other buses have not (Documentation/ABI/testing/sysfs-bus-pci). */

#include "bus/bus.h"

struct pci_address {
        uint32_t domain;
        uint8_t bus, dev, fn;
};

struct pci_function {
        struct pci_address at;
        char subsystem[10];      /* vendor:device, or "" */
        const char **interfaces; /* network interfaces; these three only where asked for */
        size_t n_interfaces;

        /* Details, see struct device. */
        enum tristate boot_display; /* of a display: the firmware's own picture is on it */
        uint32_t vfs_enabled;       /* SR-IOV virtual functions that exist */
};

extern const struct bus pci_bus;
extern const struct bus_syntax pci_syntax;

static inline const struct pci_function *pci_of(const struct device *d)
{
        return d->own;
}

/* The whole of s: [domain:]bus:dev.fn; else false, and *ret is untouched. */
bool pci_address_parse(const char *s, struct pci_address *ret) _must_check_;
int pci_address_compare(const struct pci_address *a, const struct pci_address *b);

/* Position of the function at an address among functions that are in the order of their addresses, or NO_DEVICE. */
size_t pci_find_at(const struct device *devices, size_t n, const struct pci_address *at);

/* See struct bus. */
bool pci_same_card(const struct device *a, const struct device *b);
const char *pci_class_name(const char *class);
unsigned pci_roles(const char *class);
/* Whether the flash memory of the host's firmware is, or may be, behind it. */
bool pci_reaches_firmware(const struct device *d);
enum heading pci_heading(const struct device *d);

/* "680" is another bridge, which a rule may name: see pci_roles(). */
#define PCI_UDEV_HEAD                                                                                                  \
        "SUBSYSTEM!=\"pci\", GOTO=\"passthrough_end\"\n"                                                               \
        "ENV{PCI_CLASS}==\"6????\", ENV{PCI_CLASS}!=\"680??\", GOTO=\"passthrough_end\"\n"

void pci_take(struct planner *p, size_t entry, struct ops *ops);
void pci_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops);
const char *pci_udev(struct arena *a, const struct rule *rule, bool *ret_whole);
const char *pci_udev_made(struct arena *a, const struct device *parent, const char *vf_id);
void pci_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why);
