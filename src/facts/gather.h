/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of facts_gather(), one file each. All fill *facts and return 0 or -errno. */

#include "facts/facts.h"

int pci_gather(const struct root *root, struct arena *a, const struct facts_request *request,
               struct facts *facts) _must_check_;
/* IDs and class of a function. 0, 1 where it cannot tell, or -ENOMEM. */
int pci_identify(const struct root *root, struct arena *a, struct device *d) _must_check_;
/* Its serial numbers. */
int pci_serial(const struct root *root, struct arena *a, int fd, struct device *d) _must_check_;
/* By address: facts_find() needs it. */
void facts_sort(struct facts *facts);
/* facts_group() needs it. */
int facts_index_groups(struct arena *a, struct facts *facts) _must_check_;
/* Slots, virtual functions and interfaces, once functions can be looked up. */
int pci_relate(const struct root *root, struct arena *a, const struct facts_request *request,
               struct facts *facts) _must_check_;
/* The second pass: details of the devices that matter. */
int pci_details(const struct root *root, struct arena *a, const struct facts_request *request,
                struct facts *facts) _must_check_;
int modules_gather(const struct root *root, struct arena *a, const struct facts_request *request,
                   struct facts *facts) _must_check_;
int modules_gather_builtin(const struct root *root, struct arena *a, struct facts *facts) _must_check_;
/* What the host needs, as far as it shows: see host.h. */
int host_gather(const struct root *root, struct arena *a, const struct facts_request *request,
                struct facts *facts) _must_check_;
/* What is in use at this moment; for work by hand. */
int busy_gather(const struct root *root, struct arena *a, struct facts *facts) _must_check_;
/* Only what tells of the next boot, too: who writes to disks as they are, and configured addresses. */
int busy_gather_writers(const struct root *root, struct arena *a, struct facts *facts) _must_check_;
