/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The words of [Match], brought into the one spelling that sysfs uses. Each takes a word and returns 0 with the word
 * (below the arena) appended to the list or -EINVAL where it is no such value.
 */

#include "config/rule.h"

/* PCI address or shell glob of one; without a domain it is in 0000 (Documentation/PCI/sysfs-pci.rst). */
int value_address(struct arena *a, const char *word, struct words *list) _must_check_;
/* [domain:]bus:dev.fn[/dev.fn]*, as the kernel's pci= parameter has it (Documentation/admin-guide/kernel-parameters).
 */
int value_path(struct arena *a, const char *word, struct words *list) _must_check_;
/* vendor:device in hex, one half may be "*". */
int value_id(struct arena *a, const char *word, struct words *list) _must_check_;
/* A class by name, or the first 2, 4 or 6 hex digits of its code. */
int value_class(struct arena *a, const char *word, struct words *list) _must_check_;
/* A function by address or path, or the interface it has. */
int value_parent(struct arena *a, const char *word, struct words *list) _must_check_;
/* An index or a range of them, "N-M". */
int value_range(struct arena *a, const char *word, struct words *list) _must_check_;
/* Any word. */
int value_word(struct arena *a, const char *word, struct words *list) _must_check_;

/* The class names of passthrough.d(5), and the name that fits a class code ("030000"), or NULL. */
extern const char *const class_names[];
extern const size_t n_class_names;
const char *class_name(const char *code);
/* Whether a class code is of a named class. */
bool class_is(const char *code, const char *name);
struct pci_address {
        uint32_t domain;
        uint8_t bus, dev, fn;
};

/* The whole of s: [domain:]bus:dev.fn. 0 or -EINVAL. */
int pci_address_parse(const char *s, struct pci_address *ret) _must_check_;
