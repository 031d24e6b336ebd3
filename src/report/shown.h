/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What show tells: devices, and how a virtual machine gets them. */

#include "base/str.h"
#include "report/listing.h"

/* What is true of a device that a rule names at this moment. */
enum shown_state {
        SHOWN_BOUND,   /* it has its driver, or is claimed */
        SHOWN_LATE,    /* the same, and another driver had it before in this boot */
        SHOWN_IDLE,    /* of Stage=demand, and its service has not taken it */
        SHOWN_PENDING, /* a boot with the rule takes it */
        SHOWN_REFUSED,
        SHOWN_STATE_MAX_,
};
extern const char *const shown_state_names[SHOWN_STATE_MAX_];

struct shown_device {
        const struct device *device;
        const struct plan_entry *entry;
        struct pci_name name;
        enum shown_state state;
        const char *subsystem; /* vendor:device of the card, or NULL */
        const char *vfio;      /* its node in /dev/vfio/devices (Documentation/driver-api/vfio.rst), or NULL */
};

/* The same devices in the words of one virtual machine monitor; no lines: it cannot have them this way. */
struct shown_form {
        const char *name;     /* its member in JSON */
        const char *heading;  /* above it, for people */
        bool asked;           /* only where somebody asks for it */
        const char *only_for; /* the one kind of device that it has words for; NULL: all have some */
        struct strings lines;
        struct strings notes;  /* what people have to know of these */
        struct strings cannot; /* what it has no words for: a sentence each, with rule and device */
        bool all;              /* it has words for what is refused and missing, too */
        void (*print)(FILE *f, const struct strings *lines);
};

struct shown {
        const struct plan *plan;
        struct shown_device *devices;
        size_t n;
        struct shown_form *forms;
        size_t n_forms;
};
