/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/outcome.h"

#include <inttypes.h>

#include "base/str.h"

static const char out_of_memory[] = "out of memory";

/* NAME=value; a value must not end the field. */
static const char *field(struct arena *a, const char *fields, const char *name, const char *value)
{
        char *text = fields && value ? arena_strdup(a, value) : NULL;

        if (!text)
                return fields;
        for (char *c = text; *c; c++)
                if (*c == '\n')
                        *c = ' ';
        return arena_join(a, fields, "PASSTHROUGH_", name, "=", text, "\n", NULL);
}

static const char *device_fields(struct arena *a, const struct device *d, enum device_state state, const char *driver,
                                 const char *reason, const struct result *result)
{
        const char *fields = field(a, "", "STATE", device_state_names[state]);

        fields = field(a, fields, "DRIVER", driver);
        fields = field(a, fields, "FROM", result->from);
        fields = field(a, fields, "REASON", reason);
        fields = field(a, fields, "ID", d->id);
        fields = field(a, fields, "CLASS", d->class);
        if (d->group != NO_GROUP)
                fields = field(a, fields, "GROUP", arena_printf(a, "%d", d->group));
        if (result->at_us > 0)
                fields = field(a, fields, "AT_US", arena_printf(a, "%" PRIu64, result->at_us));
        return fields;
}

void log_outcome(const struct root *root, const struct outcome *o, bool quietly)
{
        if (o->text)
                log_event(root, &(struct log_event){o->level, o->message_id, o->rule, o->device, o->text, o->fields},
                          quietly);
}

void log_rule_state(const struct root *root, struct arena *a, const struct record_rule *rule, bool quietly)
{
        const char *text = arena_join(a, rule->name, ": ", rule->state, ": ", rule->message, NULL);
        const char *fields = field(a, "", "STATE", rule->state);

        fields = field(a, fields, "REASON", rule->message);
        log_event(root,
                  &(struct log_event){LOG_LEVEL_WARNING, LOG_RULE, rule->name, NULL, text ? text : out_of_memory,
                                      field(a, fields, "FILE", rule->file)},
                  quietly);
}

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
        o.fields = device_fields(a, &plan->facts->devices[e->device],
                                 e->action == ACTION_REFUSE ? STATE_REFUSED : result->state, e->driver,
                                 result->state == STATE_FAILED ? result->error : e->reason, result);
        o.fields = field(a, o.fields, "FILE", plan->config->rules[e->rule].file);
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
        /* Where nothing came of it, it is what it was. */
        if (!refused && result->state != STATE_NONE)
                o.fields = device_fields(a, d, result->state, result->now ? result->now : "",
                                         result->error ? result->error : "given back by hand", result);
        return o;
}
