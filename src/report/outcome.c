/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/outcome.h"

#include "base/str.h"

static const char out_of_memory[] = "out of memory";

struct outcome outcome_of(struct arena *a, const struct plan *plan, size_t entry, const struct result *result)
{
        const struct plan_entry *e = &plan->entries[entry];
        struct outcome o = {
                .level = LOG_LEVEL_INFO,
                .message_id = LOG_HAND_OVER,
                .rule = plan->config->rules[e->rule].name,
                .device = plan->facts->devices[e->device].address,
        };

        if (e->action == ACTION_REFUSE) {
                o.bad = true;
                o.level = LOG_LEVEL_WARNING;
                o.text = arena_printf(a, "%s: %s refused: %s", o.rule, o.device, e->reason);
        } else if (result->state == STATE_FAILED) {
                o.bad = true;
                o.level = LOG_LEVEL_ERROR;
                o.text = arena_printf(a, "%s: %s failed: %s", o.rule, o.device, result->error);
        } else if (result->state == STATE_LATE) {
                o.level = LOG_LEVEL_NOTICE;
                o.text = arena_printf(a, "%s: %s bound to %s, late: %s had it", o.rule, o.device, e->driver,
                                      result->from);
        } else if (result->state == STATE_BOUND)
                o.text = arena_printf(a, "%s: %s bound to %s", o.rule, o.device, e->driver);
        else
                return (struct outcome){.rule = o.rule, .device = o.device};
        if (o.bad)
                o.message_id = LOG_REFUSAL;
        if (!o.text)
                o.text = out_of_memory;
        return o;
}

struct outcome outcome_of_release(struct arena *a, const struct device *d, const char *rule, const char *refused,
                                  const struct result *result)
{
        struct outcome o = {.level = LOG_LEVEL_NOTICE, .message_id = LOG_HAND_OVER, .rule = rule, .device = d->address};

        if (refused) {
                o.bad = true;
                o.level = LOG_LEVEL_WARNING;
                o.text = arena_printf(a, "%s: %s not given back: %s", rule, d->address, refused);
        } else if (result->state == STATE_FAILED) {
                o.bad = true;
                o.level = LOG_LEVEL_ERROR;
                o.text = arena_printf(a, "%s: %s failed: %s", rule, d->address, result->error);
        } else if (result->state == STATE_NONE) {
                o.bad = true;
                o.text = arena_printf(a, "%s: %s not tried", rule, d->address);
        } else if (result->now && streq_ptr(result->now, d->driver))
                o.text = arena_printf(a, "%s: %s is with %s already", rule, d->address, result->now);
        else if (result->now)
                o.text = arena_printf(a, "%s: %s given back to %s", rule, d->address, result->now);
        else
                o.text = arena_printf(a, "%s: %s given back; the host has no driver for it", rule, d->address);
        if (o.bad)
                o.message_id = LOG_REFUSAL;
        if (!o.text)
                o.text = out_of_memory;
        return o;
}
