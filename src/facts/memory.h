/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Memory and huge pages as they are (Documentation/admin-guide/mm/hugetlbpage.rst). Absence is explicit. */

#include <stdbool.h>
#include <stdint.h>

#include "base/root.h"

#define MEMORY_POOLS "/sys/kernel/mm/hugepages"
#define MEMORY_NODES "/sys/devices/system/node"

/* The huge pages of one size. */
struct huge_pool {
        uint64_t size; /* bytes */
        bool known;    /* pages is */
        uint64_t pages;
};

struct memory_part {
        uint64_t total; /* bytes; 0: not known */
        struct huge_pool *pools;
        size_t n_pools;
};

struct memory_node {
        uint32_t node;
        struct memory_part memory;
};

struct memory {
        struct memory_part machine;
        struct memory_node *nodes;
        size_t n_nodes;
        uint64_t default_size; /* bytes; 0: not known */
};

/* What does not show stays unknown. 0 or -ENOMEM. */
int memory_read(const struct root *root, struct arena *a, struct memory *ret) _must_check_;
/* default_size alone. */
int memory_read_default_size(const struct root *root, struct arena *a, uint64_t *ret) _must_check_;
/* The pages that a file nr_hugepages tells of: 0 or -errno. */
int memory_read_pages(const struct root *root, const char *path, uint64_t *ret) _must_check_;
