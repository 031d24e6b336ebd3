/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What show tells: devices, and how a virtual machine gets them. */

#include "base/str.h"
#include "report/listing.h"

struct shown_device {
        const struct device *device;
        const struct plan_entry *entry;
        struct pci_name name;
};

/* The same devices in the words of one virtual machine monitor; no lines: it cannot have them this way. */
struct shown_form {
        const char *name;     /* its member in JSON */
        const char *heading;  /* above it, for people */
        bool asked;           /* only where somebody asks for it */
        const char *only_for; /* the one kind of device that it has words for; NULL: all have some */
        struct strings lines;
        struct strings notes; /* what people have to know of these */
        void (*print)(FILE *f, const struct strings *lines);
};

struct shown {
        const struct plan *plan;
        struct shown_device *devices;
        size_t n;
        struct shown_form *forms;
        size_t n_forms;
};
