/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A rule of passthrough.d(5) as the plan reads it: every value parsed, checked and in one spelling. */

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "config/driver.h"
#include "config/stage.h"

enum match_key {
        MATCH_ADDRESS,
        MATCH_PATH,
        MATCH_SLOT,
        MATCH_ID,
        MATCH_SUBSYSTEM,
        MATCH_CLASS,
        MATCH_SERIAL,
        MATCH_PARENT,
        MATCH_VIRTUAL_FUNCTION,
        MATCH_PORT,
        MATCH_HOST,
        MATCH_PRODUCT,
        MATCH_TAG,
        MATCH_MAX_,
};

/* Of the machine, not of a device. */
static inline bool match_of_machine(enum match_key key)
{
        return key == MATCH_HOST || key == MATCH_PRODUCT || key == MATCH_TAG;
}

/* Alternatives; none given (n == 0) matches everything. In the spelling that sysfs has, or a glob of it. */
struct words {
        bool negate;
        size_t n;
        const char **v;
};

/* A bus as its rules know it. */
struct bus_syntax {
        const char *name;  /* of Bus= */
        const char *noun;  /* for people: "USB device" */
        const char *sysfs; /* "/sys/bus/pci": below it are devices, drivers and drivers_probe */
        bool iommu;        /* what a rule takes is handed over through the IOMMU */
        /*
         * NULL: rules choose a driver. Else they have none to choose, nor functions and groups: what a rule takes is
         * claimed in udev's database, and this stands for the driver of what is.
         */
        const char *taken_by;
        bool driverless; /* that is no driver, and documents have none: the host's own goes on driving it */
        bool on_others;  /* its devices are on those of other buses, which are gathered for its rules, too */
        bool made;       /* rules for its devices make others of it; so do those of other buses with [VirtualGPU] */
        /* By key: what its value is, for messages; NULL: the key means nothing on this bus. Not of the machine. */
        const char *right[MATCH_MAX_];
        /* By key: why what it says need not last, and what does; NULL: it lasts. */
        const char *unstable[MATCH_MAX_];
        /* Appends a word, in the one spelling that the bus has for it; false: it is no such value. */
        bool (*parse)(enum match_key key, struct arena *a, const char *word, struct words *list);
};

enum driver_choice {
        DRIVER_NAMED,
        DRIVER_AUTO,
        DRIVER_NATIVE,
};

enum functions {
        FUNCTIONS_DEFAULT, /* slot for a display, else match */
        FUNCTIONS_MATCH,
        FUNCTIONS_SLOT,
};

enum group_policy {
        GROUP_REQUIRE,
        GROUP_COMPLETE,
};

struct attribute {
        const char *name, *value;
};

/* Who may open what a virtual machine opens: names or numbers, and four octal digits. NULL: it stays as it is. */
struct node_access {
        const char *owner, *group, *mode;
};

/* The mode that is meant: a group that is given is to read and write, as with udev. NULL: it stays as it is. */
const char *node_access_mode(const struct node_access *access);

struct sriov; /* config/sriov.h */
struct vgpu;  /* config/vgpu.h */

struct rule {
        const char *name, *file;
        bool invalid;
        bool decides;        /* an invalid one, all the same: what it may match stays with the host */
        bool unread;         /* what that is cannot be told: no rule behind it takes anything */
        const char *message; /* of an invalid rule, or one as it was applied: its first error, with file and line */
        bool credential;     /* systemd was given it: it is in no file, and no boot image has it */
        bool applied;        /* its text now is wrong, as message says: this is what was last applied */
        uint64_t digest;     /* over the text of its files: tells an edited rule from the one a boot has seen */
        const char **files;  /* the rule's file and its drop-ins, in the order they apply */
        size_t n_files;

        const struct bus_syntax *bus;
        struct words match[MATCH_MAX_];

        enum driver_choice driver;
        const char *driver_name; /* of DRIVER_NAMED */
        bool driver_given;       /* there is a Driver= of [Device] */
        enum functions functions;
        enum group_policy group;
        enum stage stage;
        const char *stage_file; /* where that is said, or NULL */
        unsigned stage_line;
        bool allow_boot_display;
        uint32_t expect_min, expect_max; /* UINT32_MAX: no bound */
        struct attribute *attributes;
        size_t n_attributes;
        const char *reset_method; /* as the kernel takes it, or NULL */
        struct node_access node;
        bool required;       /* for the boot to be complete */
        struct sriov *sriov; /* NULL: no virtual functions are asked for */
        struct vgpu *vgpu;   /* NULL: no virtual GPUs are */
};

/* No boot takes anything for it: its service does. */
static inline bool rule_on_demand(const struct rule *rule)
{
        return rule->stage == STAGE_DEMAND && !rule->invalid;
}

struct config {
        const struct bus_syntax *const *buses; /* that its rules may be for */
        /* In the order they decide in: that of their file names, and behind them credentials, by name. */
        struct rule *rules;
        size_t n_rules;
        const char **masks; /* files that would mask a rule of a directory behind theirs, or a credential */
        size_t n_masks;
        const char *fallback; /* why this one counts in place of the one in /etc; or NULL: it is that one */
};

/* A rule as it is before its first line. */
#define RULE_INIT ((struct rule){.driver = DRIVER_NAMED, .driver_name = "vfio-pci", .expect_min = 1, .expect_max = 1})
