/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "state/record.h"

/* 0, 1 where a rule is not satisfied (the journal has why), or -errno. */
int run_stage(const struct root *root, enum stage stage) _must_check_;
/* Waits, in an initrd, until the root is there or ought to be; see rescue.c. 0 or -errno. */
int run_rescue(const struct root *root) _must_check_;
int run_rule(const struct root *root, const char *rule) _must_check_;
/* udev rules for devices that appear later. 0 or -errno. */
int run_udev(const struct root *root) _must_check_;
/* A device that has appeared on a host that is up; as run_rule(). */
int run_hotplug(const struct root *root, const struct pci_address *at) _must_check_;
/* Huge pages that the image did not know of. 0 or -errno; a shortfall is none. */
int run_host(const struct root *root) _must_check_;

/* Huge pages, in a stage "initrd" or "host", and the record with them. 0 or -errno. */
int run_hugepages(const struct root *root, struct arena *a, struct record *record, const char *stage) _must_check_;
