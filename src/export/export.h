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

/* A device in a page: what a monitor opens, and all else that is known of it. */
struct page_item {
        const struct guest_device *guest;
        const struct shown_device *shown;
};

/* What a page is about: all that show --json has of these devices. */
struct page {
        const struct plan *plan;
        const bool *rules;              /* beside those of the config: whether it is about that one */
        const bool *chosen;             /* beside the plan's entries */
        const enum shown_state *states; /* likewise */
        const struct page_item *items;  /* in the order of the rules, then of the addresses */
        size_t n;
};

struct exporter {
        const char *name;     /* its member in the JSON of show */
        const char *heading;  /* above it, for people */
        bool asked;           /* for people only where --format= asks for it */
        const char *only_for; /* as in struct shown_form */
        bool iommufd;         /* only where the kernel has a node of VFIO for each device */
        /*
         * Instead of the next two: all devices in one document of the consumer's, as lines without their ends; and what
         * it cannot have, as in struct shown_form. It is made only where --format= asks for it.
         */
        void (*page)(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot);
        bool all; /* of a page: as in struct shown_form */
        /* The consumer's file that is such a page, where it looks for one; or NULL. */
        const char *file;
        bool states; /* the page says whether a device is handed over; else the file has those alone that are */
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
/* Each is a line without its end. */
void export_print_page(FILE *f, const struct strings *lines);

/* NULL behind the last. */
extern const struct exporter *const exporter_table[];

/* Whether a virtual machine can open what has that driver, or is claimed. */
bool export_opens(const struct device *d, const char *driver);

struct export_request {
        const struct plan *plan;
        const bool *chosen;       /* beside the plan's entries, like the next three */
        const char *const *links; /* of those whose node udev names, else NULL */
        const char *const *vfio;  /* see struct shown_device */
        const enum shown_state *states;
        const bool *rules;  /* beside those of the config: which a page is about */
        const char *format; /* the page that is asked for, or NULL */
        bool iommufd;       /* the kernel has a node of VFIO for each device */
};

/* The devices chosen that virtual machines can open, without their names. */
void export_build(const struct exporter *const *exporters, const struct export_request *request, struct arena *a,
                  struct shown *ret);
