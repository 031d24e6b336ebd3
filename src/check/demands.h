/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the rows of check --for= have in common: whom a consumer gets, and one row for all that are judged alike. */

#include "check/row.h"

/* What a consumer says of one device; why NULL: nothing. */
struct demand {
        enum check_status status;
        const char *why, *fix; /* as check_row() has them, without the device */
};

/* Those of one row id, in the order they were found. */
struct demands {
        struct judged {
                struct demand demand;
                struct strings who;
        } * v;
        size_t n;
};

/* who: the address; one that several demands speak of has several rows. */
void demands_add(struct checker *c, struct demands *list, const char *who, struct demand demand);
/* A row for each demand, with all that it is of: "0000:42:00.0, 0000:42:00.1: WHY". none: why there is nothing. */
void demands_put(struct checker *c, const char *id, const struct demands *list, const char *none);

/* One row id, for each PCI function that a rule hands over. */
void demands_each(struct checker *c, const char *id,
                  struct demand (*judge)(struct checker *c, const struct plan_entry *e));

/* The device is on the bus of that name. */
bool demand_on_bus(const struct device *d, const char *bus);
/* A PCI function that its rule hands over. Virtual GPUs are none: they keep the driver that has made them. */
bool demand_given(const struct checker *c, const struct plan_entry *e);
/* A rule gives it exactly vfio-pci. */
bool demand_given_vfio(const struct checker *c, size_t device);
/* Another device of that ID which a rule other than e's gives vfio-pci, or which has it with no rule; or NULL. */
const struct device *demand_twin(const struct checker *c, const struct plan_entry *e);
/* The first other member of its IOMMU group that is so, or NULL. other: its position in facts->devices. */
const struct device *demand_member(const struct checker *c, const struct device *d,
                                   bool (*is)(const struct checker *c, const struct device *d, size_t other));
/* The name of the rule that hands it over, or NULL. */
const char *demand_rule_of(const struct checker *c, const struct device *d);

/* Bound from boot on, as who wants it; else *ret says what is wrong. */
bool demand_at_boot(struct checker *c, const struct plan_entry *e, const char *who, struct demand *ret);
/* Of an address in a domain that the consumer does not read. */
extern const char *const demand_domain_fix;
#define DEMANDS_NO_VGPUS "no rule makes virtual GPUs of a type of a device that is here"

/* "write Driver=vfio-pci below [Device] of FILE" */
const char *demand_driver_fix(struct checker *c, const struct plan_entry *e);
