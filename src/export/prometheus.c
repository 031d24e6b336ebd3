/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics for the textfile collector of node_exporter, in the text format of Prometheus ("Exposition formats"). A label
 * has the state, and a sample is there for the state that holds alone.
 */
#include "base/str.h"
#include "config/config.h"
#include "export/page.h"

static void add_head(struct arena *a, const char *name, const char *help, struct strings *ret)
{
        strings_add(a, ret, arena_join(a, "# HELP ", name, " ", help, NULL));
        strings_add(a, ret, arena_join(a, "# TYPE ", name, " gauge", NULL));
}

/* A label's value: backslash, quote and newline are escaped in it. */
static const char *value(struct arena *a, const char *s)
{
        char *to = arena_alloc(a, 2 * strlen(s) + 1), *p = to;

        for (; *s; s++) {
                if (*s == '\\' || *s == '"' || *s == '\n')
                        *p++ = '\\';
                *p++ = *s == '\n' ? 'n' : *s;
        }
        *p = '\0';
        return to;
}

/* A sample may be there once: rules that have no name of their own share one. */
static bool is_first(const struct config *config, size_t rule)
{
        return config_find(config, config->rules[rule].name) == &config->rules[rule];
}

static void add_rules(struct arena *a, const struct page *page, struct strings *ret)
{
        const struct plan *plan = page->plan;

        add_head(a, "passthrough_rule_state", "State of a rule by the plan.", ret);
        for (size_t i = 0; i < plan->config->n_rules; i++)
                if (page->rules[i] && is_first(plan->config, i))
                        strings_add(a, ret,
                                    arena_join(a, "passthrough_rule_state{rule=\"",
                                               value(a, plan->config->rules[i].name), "\",state=\"",
                                               rule_state_names[plan->rules[i].state], "\"} 1", NULL));
}

/* Also of what is refused; not of what a rule leaves to the host. */
static void add_states(struct arena *a, const struct page *page, struct strings *ret)
{
        const struct plan *plan = page->plan;

        add_head(a, "passthrough_device_state", "State of a device that a rule names.", ret);
        for (size_t r = 0; r < plan->config->n_rules; r++)
                for (size_t i = 0; i < plan->n_entries; i++) {
                        const struct plan_entry *e = &plan->entries[i];

                        if (e->rule != r || !page->chosen[i] || e->action == ACTION_KEEP)
                                continue;
                        strings_add(a, ret,
                                    arena_join(a, "passthrough_device_state{rule=\"", plan->config->rules[r].name,
                                               "\",address=\"", plan->facts->devices[e->device].address, "\",state=\"",
                                               shown_state_names[page->states[i]], "\"} 1", NULL));
                }
}

static void add_devices(struct arena *a, const struct page *page, struct strings *ret)
{
        add_head(a, "passthrough_device_info", "Devices that a virtual machine can have.", ret);
        for (size_t i = 0; i < page->n; i++) {
                const struct page_item *item = &page->items[i];
                const struct device *d = item->shown->device;
                const char *driver = item->shown->entry->driver;

                strings_add(a, ret,
                            arena_join(a, "passthrough_device_info{rule=\"", item->guest->rule, "\",address=\"",
                                       d->address, "\",bus=\"", d->bus->syntax->name, "\",id=\"", d->id, "\",driver=\"",
                                       driver ? driver : "", "\",iommu_group=\"",
                                       d->group == NO_GROUP ? "" : arena_printf(a, "%d", d->group), "\",numa_node=\"",
                                       d->numa_node ? d->numa_node : "", "\"} 1", NULL));
        }
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        (void)ret_cannot;
        add_rules(a, page, ret);
        add_states(a, page, ret);
        if (page->n > 0)
                add_devices(a, page, ret);
}

const struct exporter exporter_prometheus = {.name = "prometheus",
                                             .heading = "Prometheus, for the textfile collector",
                                             .asked = true,
                                             .page = make,
                                             .file = "/var/lib/prometheus/node-exporter/passthrough.prom",
                                             .states = true,
                                             .all = true};
