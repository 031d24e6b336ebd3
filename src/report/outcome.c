/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/outcome.h"

#include "base/str.h"
#include "report/sentence.h"

/* NAME=value, of those that apply; a value must not end its field. */
static const char *fields_of(struct arena *a, const char *const (*fields)[2], size_t n)
{
        static const char prefix[] = "PASSTHROUGH_";
        size_t size = 1;
        char *text, *out, *value;

        for (size_t i = 0; i < n; i++)
                if (fields[i][1])
                        size += strlen(prefix) + strlen(fields[i][0]) + strlen(fields[i][1]) + 2;
        out = text = arena_alloc(a, size);
        for (size_t i = 0; i < n; i++) {
                if (!fields[i][1])
                        continue;
                out = stpcpy(stpcpy(stpcpy(out, prefix), fields[i][0]), "=");
                value = out;
                out = stpcpy(out, fields[i][1]);
                while ((value = strchr(value, '\n')))
                        *value = ' ';
                *out++ = '\n';
        }
        return text;
}

/* printf(3) takes longer than all else about a line does. */
static const char *decimal(struct arena *a, uint64_t number)
{
        char text[24], *at = text + sizeof(text) - 1;

        *at = '\0';
        do
                *--at = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        return arena_strdup(a, at);
}

static const char *device_fields(struct arena *a, const struct record_device *d, const char *state, const char *file)
{
        const char *const fields[][2] = {
                {"STATE", state},
                {"BUS", d->bus},
                {"DRIVER", d->driver},
                {"FROM", *d->from ? d->from : NULL},
                {"REASON", d->reason},
                {"KIND", decimal(a, d->kind)},
                {"ABOUT", d->about && *d->about ? d->about : NULL},
                {"ID", d->id},
                {"CLASS", d->class},
                {"GROUP", d->group == NO_GROUP ? NULL : decimal(a, (uint64_t)d->group)},
                {"AT_US", d->at_us ? decimal(a, d->at_us) : NULL},
                {"FILE", file},
        };

        return fields_of(a, fields, ARRAY_SIZE(fields));
}

void outcome_log(const struct root *root, const struct outcome *o, bool quietly)
{
        if (o->text)
                log_event(root, &(struct log_event){o->level, o->message_id, o->rule, o->device, o->text, o->fields},
                          quietly);
}

struct outcome outcome_of_rule(struct arena *a, const struct record_rule *rule)
{
        const char *state = rule_state_names[rule->state];
        const struct record_device said = {
                .from = "", .group = NO_GROUP, .reason = rule->message, .kind = rule->kind, .about = rule->about};

        return (struct outcome){.level = LOG_LEVEL_WARNING,
                                .message_id = LOG_RULE,
                                .rule = rule->name,
                                .text = arena_join(a, rule->name, ": ", state, ": ", rule->message, NULL),
                                .fields = device_fields(a, &said, state, rule->file),
                                .bad = true};
}

struct outcome outcome_of(struct arena *a, const struct record_device *d, const char *file)
{
        static const struct {
                enum log_level level;
                enum sentence sentence;
                bool bad;
        } kinds[STATE_MAX_] = {
                [STATE_BOUND] = {LOG_LEVEL_INFO, SENTENCE_BOUND, false},
                [STATE_LATE] = {LOG_LEVEL_NOTICE, SENTENCE_LATE, false},
                [STATE_REFUSED] = {LOG_LEVEL_WARNING, SENTENCE_REFUSED, true},
                [STATE_FAILED] = {LOG_LEVEL_ERROR, SENTENCE_FAILED, true},
        };
        struct outcome o = {.rule = d->rule, .device = d->address};
        const struct bus *bus = bus_named(d->bus);
        enum sentence sentence = kinds[d->state].sentence;

        if (kinds[d->state].level == 0)
                return o;
        o.level = kinds[d->state].level;
        o.bad = kinds[d->state].bad;
        o.message_id = o.bad ? LOG_REFUSAL : LOG_HAND_OVER;
        if (!o.bad && d->below && *d->below)
                sentence = SENTENCE_ALONG;
        else if (!o.bad && bus && bus->syntax->driverless)
                sentence = SENTENCE_CLAIMED;
        o.text = sentence_write(a, sentence, d);
        o.fields = device_fields(a, d, device_state_names[d->state], file);
        return o;
}

struct outcome outcome_of_entry(struct arena *a, const struct plan *plan, size_t entry, const struct result *result)
{
        struct record_device d = record_device_of(plan, entry, result);
        struct outcome o = outcome_of(a, &d, plan->config->rules[plan->entries[entry].rule].file);

        if (o.text && !o.bad && device_is_vgpu(&plan->facts->devices[plan->entries[entry].device]))
                o.text = sentence_write(a, SENTENCE_MADE, &d);
        return o;
}

struct outcome outcome_of_rescue(struct arena *a, const struct record_device *d)
{
        return (struct outcome){.level = LOG_LEVEL_ERROR,
                                .message_id = LOG_RESCUE,
                                .rule = d->rule,
                                .device = d->address,
                                .text = sentence_write(a, SENTENCE_RESCUED, d),
                                .fields = device_fields(a, d, device_state_names[d->state], NULL),
                                .bad = true};
}

struct outcome outcome_of_release(struct arena *a, const struct device *d, const char *rule, const char *refused,
                                  const struct result *result)
{
        struct outcome o = {.level = LOG_LEVEL_NOTICE, .message_id = LOG_HAND_OVER, .rule = rule, .device = d->address};
        struct record_device x = record_released(d, rule, result);

        if (refused) {
                o.level = LOG_LEVEL_WARNING;
                o.text = arena_printf(a, "%s: %s %s: %s", rule, d->address,
                                      d->bus->syntax->made ? "not removed"
                                      : device_is_vgpu(d)  ? "keeps its type"
                                                           : "not given back",
                                      refused);
        } else if (result->state == STATE_NONE)
                o.text = arena_printf(a, "%s: %s not tried", rule, d->address);
        if (o.text) { /* it is what it was */
                o.bad = true;
                o.message_id = LOG_REFUSAL;
                return o;
        }
        if (result->state == STATE_FAILED)
                return outcome_of(a, &x, NULL);
        o.text = sentence_write(a,
                                d->bus->syntax->made                             ? SENTENCE_REMOVED
                                : device_is_vgpu(d)                              ? SENTENCE_CLEARED
                                : *x.driver && streq_ptr(result->now, d->driver) ? SENTENCE_WITH
                                : d->bus->syntax->taken_by                       ? SENTENCE_HOST
                                : !*x.driver                                     ? SENTENCE_FREE
                                                                                 : SENTENCE_GIVEN,
                                &x);
        o.fields = device_fields(a, &x, device_state_names[x.state], NULL);
        return o;
}
