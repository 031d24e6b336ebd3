/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels of a node, as the local source of Node Feature Discovery reads them from a file in features.d (source/local,
 * parseFeatureFile()): NAME=VALUE, a line each, of any namespace but Kubernetes' own (pkg/apis/nfd/validate). Of each
 * rule the number of its devices, the state that all are in, and their NUMA node.
 */
#include "base/str.h"
#include "export/page.h"

#define NAME_LONGEST 63 /* of a label, without its namespace */

static void add(struct arena *a, const struct page_item *item, const char *what, const char *value, struct strings *ret)
{
        strings_add(a, ret, arena_join(a, "passthrough/", item->guest->rule, ".", what, "=", value, NULL));
}

/* Of several states the last of the enumeration: what a virtual machine has to wait for. */
static enum shown_state state_of(const struct page_item *items, size_t n)
{
        enum shown_state state = SHOWN_BOUND;

        for (size_t i = 0; i < n; i++)
                if (items[i].shown->state > state)
                        state = items[i].shown->state;
        return state;
}

/* NULL if they are near several, or near none. */
static const char *node_of(const struct page_item *items, size_t n)
{
        const char *node = items[0].shown->device->numa_node;

        for (size_t i = 1; i < n; i++)
                if (!streq_ptr(items[i].shown->device->numa_node, node))
                        return NULL;
        return node;
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        for (size_t i = 0, n; i < page->n; i += n) {
                const struct page_item *first = &page->items[i];
                const char *node;

                n = page_rule_items(page, i);
                if (strlen(first->guest->rule) + strlen(".count") > NAME_LONGEST) {
                        page_cannot(a, first, "a label of Kubernetes has at most 63 characters, \".count\" among them",
                                    ret_cannot);
                        continue;
                }
                node = node_of(first, n);
                add(a, first, "count", arena_printf(a, "%zu", n), ret);
                add(a, first, "state", shown_state_names[state_of(first, n)], ret);
                if (node)
                        add(a, first, "numa", node, ret);
        }
}

const struct exporter exporter_nfd = {.name = "nfd",
                                      .heading = "Node Feature Discovery, for features.d",
                                      .asked = true,
                                      .page = make,
                                      .file = "/etc/kubernetes/node-feature-discovery/features.d/passthrough",
                                      .states = true};
