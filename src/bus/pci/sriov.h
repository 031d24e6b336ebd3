/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Virtual functions that rules make. No boot image has this. */

#include "bus/pci/pci.h"
#include "facts/facts.h"
#include "plan/sriov.h"

/* A function as it is now, and who uses those that it has; facts are of all devices, with busy if they may be changed.
 */
void pci_sriov_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                    struct sriov_facts *ret);

/* Where a virtual function will be, as far as that shows before it is made; or NULL. */
const char *pci_sriov_forecast(struct arena *a, const struct device *parent, const struct sriov_facts *is,
                               uint32_t index);

/*
 * Who else sets up the virtual functions of a device for which a rule makes so many, or has something that cannot be
 * read; or NULL.
 */
const struct owner *pci_sriov_owner(struct arena *a, const struct facts *facts, const struct device *d,
                                    const struct sriov_facts *is, const struct sriov *sriov, uint32_t count);

/*
 * Why an initrd may have had the network of a function in use already, or NULL; *ret_root: the root file system is on
 * it. The names of interfaces count where it is told any.
 */
const char *pci_sriov_early(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                            bool *ret_root);

/* An interface that is up, wherever below the device it is (a subfunction's has a directory between), or NULL. */
const char *pci_sriov_up(const struct evidence *e, size_t device);

/* A disk that the device carries beside its network (offloaded FCoE, iSCSI), or NULL; *ret_used: the host needs one. */
const char *pci_sriov_disk(const struct evidence *e, size_t device, bool *ret_used);

/* What is used is the device, or stands on it. */
bool pci_sriov_reaches(const struct evidence *e, size_t node, size_t device);

enum sriov_aim {
        SRIOV_NOW,
        SRIOV_AT_BOOT, /* of a boot, which finds no virtual functions */
        SRIOV_NONE,    /* now, and none is left */
};

/*
 * What becomes of each parent, in plan->sriov; a rule whose parents are not fit for it is refused. looked: by entry of
 * the plan. Pure.
 */
void pci_sriov_plan(struct plan *plan, const struct sriov_facts *looked, enum sriov_aim aim, struct arena *a);

/* Both. */
void pci_sriov(const struct root *root, struct arena *a, enum sriov_aim aim, struct plan *plan);
