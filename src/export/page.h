/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the pages of several consumers have in common: whom they can take, and how they call it. */

#include "export/export.h"

/* What a consumer wants of its devices. All of them take PCI devices through VFIO alone. */
enum page_wants {
        PAGE_VFIO_PCI = 1 << 0,  /* the driver of exactly that name */
        PAGE_DOMAIN_0 = 1 << 1,  /* addresses in PCI domain 0 */
        PAGE_DOMAIN_16 = 1 << 2, /* in one of 16 bits */
        PAGE_GROUP = 1 << 3,     /* the whole IOMMU group */
};

/* "RULE: ADDRESS: WHY" to what cannot be said. */
void page_cannot(struct arena *a, const struct page_item *item, const char *why, struct strings *ret_cannot);
/* A PCI device that is no virtual GPU. */
bool page_is_pci(const struct page_item *item);
/* Whether the consumer can have it; else the reason is added. */
bool page_takes(struct arena *a, const struct page *page, const struct page_item *item, const char *consumer,
                unsigned wants, struct strings *ret_cannot);

/* An item of the rule that the page has before this one; ID: of that ID. */
bool page_has_before(const struct page *page, size_t i, bool of_id);
/* The number of items of the rule of item i, which is the first of them. */
size_t page_rule_items(const struct page *page, size_t i);
bool page_same_rule(const struct page_item *a, const struct page_item *b);
/*
 * "RULE", and for a further ID of the rule "RULE-DEVICEID": what it is called where the consumer knows devices by their
 * ID alone.
 */
const char *page_name_by_id(struct arena *a, const struct page *page, size_t i);
/*
 * Whether nothing else has that name: a rule, or a device of another ID of this rule by page_name_by_id(); else the
 * reason is added.
 */
bool page_name_free(struct arena *a, const struct page *page, size_t i, const char *name, const char *consumer,
                    struct strings *ret_cannot);
/* Whether a name ends in a letter or digit and is no longer than that; Kubernetes and CDI want it. */
bool page_name_fits(const char *name, size_t longest);

/*
 * Another device of that ID that is not the same rule's, or NULL; one that no rule hands over first. driver: only of
 * those that have it, or are to have it by their rule; NULL: of all.
 */
const struct device *page_twin(const struct page *page, const struct page_item *item, const char *driver);
/* The address of an item before this one that has its ID and its IOMMU group, or NULL. */
const char *page_group_twin(const struct page *page, size_t i);
/* The rule that hands it over, or NULL. */
const char *page_rule_of(const struct page *page, const struct device *d);
/* The address of another member of its IOMMU group that the page lacks and that is no bystander, or NULL. */
const char *page_left_out(const struct page *page, const struct page_item *item);

/* The host's name where it is one that needs no quotes anywhere: letters, digits, "-" and "."; or NULL. */
const char *page_host(const struct page *page);
#define PAGE_NO_HOST "the name of this host, which is not known, or has more than letters, digits, \"-\" and \".\""

/* The text as JSON and YAML have it, with its quotes. */
const char *page_quoted(struct arena *a, const char *text);
/* /sys/bus/BUS/devices/ADDRESS */
const char *page_directory(struct arena *a, const struct device *d);
