/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Memory and huge pages as they are (Documentation/admin-guide/mm/hugetlbpage.rst). Absence is explicit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/root.h"

#define MEMORY_POOLS "/sys/kernel/mm/hugepages"
#define MEMORY_NODES "/sys/devices/system/node"

/* The huge pages of one size. */
struct huge_pool {
        uint64_t size; /* bytes */
        bool known;    /* pages is */
        uint64_t pages;
        uint64_t free; /* of them; 0 where that does not show */
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

/* The pool of that size, or NULL; the node of that number, or NULL. */
static inline const struct huge_pool *memory_pool(const struct memory_part *part, uint64_t size)
{
        for (size_t i = 0; i < part->n_pools; i++)
                if (part->pools[i].size == size)
                        return &part->pools[i];
        return NULL;
}

static inline const struct memory_node *memory_node(const struct memory *memory, uint32_t node)
{
        for (size_t i = 0; i < memory->n_nodes; i++)
                if (memory->nodes[i].node == node)
                        return &memory->nodes[i];
        return NULL;
}

/* What does not show stays unknown. */
void memory_read(const struct root *root, struct arena *a, struct memory *ret);
/* As the next boot finds it: no page is reserved yet. */
void memory_as_at_boot(struct memory *memory);
/* default_size alone. */
void memory_read_default_size(const struct root *root, struct arena *a, uint64_t *ret);
/* The pages that a file nr_hugepages tells of: 0 or -errno. */
int memory_read_pages(const struct root *root, const char *path, uint64_t *ret) _must_check_;
