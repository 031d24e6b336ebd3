/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* add --from=: rules for what something else hands over already. One file for each kind of source. */

#include "ctl/edit.h"
#include "maker/maker.h"

/* What one override, or one of ids=, hands over. */
struct item {
        const char *from;     /* "/etc/driverctl.d/pci-0000:42:00.0", "... of \"options vfio-pci ...\" in FILE" */
        const char *name;     /* of the rule */
        const char *match;    /* its [Match] */
        const char *driver;   /* or NULL: vfio-pci */
        const size_t *device; /* that are here */
        size_t n_devices;
        bool alone;   /* one of them would take along what nothing here hands over */
        size_t draft; /* that takes its place, or SIZE_MAX */
};

/* What is to be run once the rules are written, before they do anything. */
struct import_step {
        const char *command;
        size_t draft; /* that it is for; SIZE_MAX: a rule that is there already */
};

struct import {
        struct edit edit;
        struct item *items;
        size_t n;
        struct import_step *steps;
        size_t n_steps;
        bool written; /* the rules are, or would be */
};

/* What is left alone, and why; text for people and printable. */
void import_note(const struct import *m, const char *format, ...) _printf_(2, 3);
void import_add(struct import *m, const struct item *item);
/* One device that is here, named as add would; prefix: of the rule's name. */
void import_device(struct import *m, const char *from, const char *prefix, size_t device, const char *driver);

/* "PREFIX-42-00.0", for a rule. */
const char *import_name(struct arena *a, const char *prefix, const char *address) _must_check_;
/* The file of a rule of that name that is there; or NULL. */
const char *import_file(const struct import *m, const char *name) _must_check_;

/* ids= as vfio-pci and pci-stub take them. */
struct import_ids {
        const char *name;  /* "1002-5159", for a rule */
        const char *match; /* lines of [Match] */
        size_t *device;    /* that are here and no bridges */
        size_t n_devices;
};
/* False: no rule can say that. */
bool import_parse_ids(struct ctl *c, const char *ids, struct import_ids *ret) _must_check_;
/* A rule for one of ids=; from: as in struct item. */
void import_add_ids(struct import *m, const char *ids, const char *prefix, const char *from);
/* The words of ids=, which may have quotes around them. */
struct strings import_split_ids(struct arena *a, const char *value) _must_check_;

/* The sources: each reads what it hands over. 0 or the exit status. */
int import_driverctl(struct import *m) _must_check_;
int import_mdevctl(struct import *m) _must_check_;
int import_modprobe(struct import *m) _must_check_;
int import_cmdline(struct import *m) _must_check_;
int import_running(struct import *m) _must_check_;
/* What people put into boot images of that maker; it has scripts of theirs. */
int import_scripts(struct import *m, const struct maker *maker) _must_check_;

/* What of the old recipe can go once the plan's rules are in effect: lines "FILE:LINE: TEXT". */
struct strings remains_find(struct ctl *c) _must_check_;
