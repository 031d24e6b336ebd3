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
        const char *name;     /* its member in the JSON of show */
        const char *heading;  /* above it, for people */
        bool asked;           /* for people only where --format= asks for it */
        const char *only_for; /* as in struct shown_form */
        bool iommufd;         /* only where the kernel has a node of VFIO for each device */
        /* n devices in the order of their addresses, and their places beside them, as lines for JSON. */
        void (*lines)(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                      struct strings *ret);
        /* NULL, or what people have to know of these lines: a sentence each, without the rule's name. */
        void (*notes)(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret);
        /* These lines for people to copy. */
        void (*print)(FILE *f, const struct strings *lines);
};

/* For a print(): each is an element of XML, with its line ends; an empty line is between two. */
void export_print_elements(FILE *f, const struct strings *elements);

/* NULL behind the last. */
extern const struct exporter *const exporter_table[];

/* Whether a virtual machine can open what has that driver, or is claimed. */
bool export_opens(const struct device *d, const char *driver);

struct export_request {
        const struct plan *plan;
        const bool *chosen;       /* beside the plan's entries */
        const char *const *links; /* beside them, too: of those whose node udev names, else NULL */
        bool iommufd;             /* the kernel has a node of VFIO for each device */
};

/* The devices chosen that virtual machines can open, without their names. */
void export_build(const struct exporter *const *exporters, const struct export_request *request, struct arena *a,
                  struct shown *ret);
