/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How a virtual machine gets what a rule hands over, as each virtual machine monitor wants to be told. */

#include "report/shown.h"

/* Where a device is to be in the guest. */
struct guest_place {
        bool chosen;        /* else it goes where there is room */
        bool multifunction; /* the first of its slot, and others follow */
        unsigned slot, function;
};

struct exporter {
        const char *name;    /* its member in the JSON of show */
        const char *heading; /* above it, for people */
        bool asked;          /* for people only where --format= asks for it */
        bool iommufd;        /* only where the kernel has a node of VFIO for each device */
        /* n devices in the order of their addresses, and their places beside them, as lines for JSON. */
        void (*lines)(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                      struct strings *ret);
        /* These lines for people to copy. */
        void (*print)(FILE *f, const struct strings *lines);
};

/* For a print(): each is an element of XML, with its line ends; an empty line is between two. */
void export_print_elements(FILE *f, const struct strings *elements);

/* NULL behind the last. */
extern const struct exporter *const exporter_table[];

/*
 * The devices chosen, by position in the plan's entries, that have a VFIO driver by it; without their names. iommufd:
 * the kernel has a node for each device.
 */
void export_build(const struct exporter *const *exporters, const struct plan *plan, const bool *chosen, bool iommufd,
                  struct arena *a, struct shown *ret);
