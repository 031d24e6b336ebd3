/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/history.h"

#include <stdlib.h>

#include "base/str.h"
#include "report/sentence.h"

enum about {
        ABOUT_NOTHING,
        ABOUT_RULE,
        ABOUT_DEVICE,
};

/* What a line says: of a device, or of its rule as a whole. */
struct said {
        const char *rule, *file;
        enum rule_state state;
        struct reason why;
        struct record_device device;
};

static const char *or_empty(const char *s)
{
        return s ? s : "";
}

static enum about by_fields(const struct history_line *l, struct said *ret)
{
        /* Journals of earlier versions do not say of which kind it is. */
        struct reason why =
                reason_about(l->kind ? (enum reason_kind)atoi(l->kind) : REASON_OTHER, or_empty(l->reason), l->about);
        int state = l->device ? str_index(l->state, device_state_names, STATE_MAX_)
                              : str_index(l->state, rule_state_names, RULE_FAILED + 1);

        *ret = (struct said){.rule = l->rule, .file = l->file};
        if (!l->device) {
                ret->state = (enum rule_state)state;
                ret->why = why;
                return state >= RULE_OK ? ABOUT_RULE : ABOUT_NOTHING;
        }
        ret->device = (struct record_device){
                .bus = l->bus,
                .address = l->device,
                .driver = or_empty(l->driver),
                .state = (enum device_state)state,
                .from = or_empty(l->from),
        };
        record_say(&ret->device, why.kind, why.text, why.about);
        return state > STATE_NONE ? ABOUT_DEVICE : ABOUT_NOTHING;
}

/* "RULE: STATE: REASON" or "RULE: " and a sentence about a device. */
static enum about by_sentence(struct arena *a, const struct history_line *l, struct said *ret)
{
        char *rule = arena_strdup(a, l->message), *rest = strstr(rule, ": "), *reason;
        int state;

        if (!rest)
                return ABOUT_NOTHING;
        *rest = '\0';
        rest += 2;
        *ret = (struct said){.rule = rule};
        if (!rule_name_valid(rule))
                return ABOUT_NOTHING;
        if (sentence_read(a, rest, &ret->device)) {
                if (ret->device.state == STATE_SKIPPED)
                        ret->device.reason = "given back by hand";
                return ABOUT_DEVICE;
        }
        reason = strstr(rest, ": ");
        if (!reason)
                return ABOUT_NOTHING;
        *reason = '\0';
        state = str_index(rest, rule_state_names, RULE_SKIPPED + 1);
        ret->state = (enum rule_state)state;
        ret->why.text = reason + 2;
        return state > RULE_OK ? ABOUT_RULE : ABOUT_NOTHING;
}

static void add_device(struct record *r, struct arena *a, const struct history_line *l, const struct said *said)
{
        struct record_device *x = record_device_at(r, a, said->device.address), old = *x;

        *x = said->device;
        x->rule = said->rule;
        /* Journals of earlier versions do not say it. */
        x->bus = x->bus ? x->bus : "pci";
        x->id = or_empty(l->id ? l->id : old.id);
        x->class = or_empty(l->class ? l->class : old.class);
        x->group = l->group ? atoi(l->group) : old.group;
        x->action = x->state == STATE_REFUSED ? ACTION_REFUSE : x->state == STATE_SKIPPED ? ACTION_KEEP : ACTION_BIND;
        if (!record_device_taken(x) && x->state != STATE_SKIPPED)
                x->driver = "";
        x->at_us = l->at_us;
}

void history_add(struct status *status, struct arena *a, const struct history_line *line)
{
        struct record_rule *rule;
        struct said said;
        enum about about = line->rule && line->state ? by_fields(line, &said) : by_sentence(a, line, &said);

        if (about == ABOUT_NOTHING) {
                str_add(a, &status->notes, &status->n_notes, line->message);
                return;
        }
        status->ran = true;
        rule = record_rule_for(&status->record, a, said.rule);
        if (said.file)
                rule->file = said.file;
        /* What was said of the rule before a device of it was said without that device. */
        rule->state = about == ABOUT_RULE ? said.state : RULE_OK;
        if (about != ABOUT_RULE)
                said.why = reason_say(REASON_OTHER, "");
        record_tell(rule, said.why.kind, said.why.text, said.why.about);
        if (about == ABOUT_DEVICE)
                add_device(&status->record, a, line, &said);
}

/* Addresses of one bus are of one form: a longer one has a larger first number. */
static int compare(const void *a, const void *b)
{
        const struct record_device *x = a, *y = b;
        size_t n = strlen(x->address), m = strlen(y->address);

        return n != m ? (n > m) - (n < m) : strcmp(x->address, y->address);
}

void history_finish(struct status *status, struct arena *a)
{
        static const enum rule_state states[STATE_MAX_] = {
                [STATE_REFUSED] = RULE_REFUSED, [STATE_FAILED] = RULE_FAILED, [STATE_SKIPPED] = RULE_SKIPPED};
        struct record *r = &status->record;

        if (r->n_devices > 0)
                qsort(r->devices, r->n_devices, sizeof(*r->devices), compare);
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *d = &r->devices[i];
                struct record_rule *rule = record_find(r, d->rule);

                if (record_device_taken(d) || rule->state != RULE_OK)
                        continue;
                rule->state = states[d->state];
                record_tell(rule, REASON_OF_DEVICE, arena_join(a, d->address, *d->reason ? ": " : "", d->reason, NULL),
                            d->address);
        }
        status->satisfied = true;
        for (size_t i = 0; i < r->n_rules; i++)
                status->satisfied &= record_satisfied(r, &r->rules[i]);
}
