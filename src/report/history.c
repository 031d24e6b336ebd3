/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/history.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

/* Cuts s at the first separator and returns what is behind it, or NULL. */
static char *cut(char *s, const char *separator)
{
        char *at = s ? strstr(s, separator) : NULL;

        if (!at)
                return NULL;
        *at = '\0';
        return at + strlen(separator);
}

/* What outcome.c and rescue.c say of a device, behind its address. */
static bool parse_device(struct history_line *l, char *text)
{
        static const struct {
                const char *begins;
                enum device_state state;
        } kinds[] = {
                {"refused: ", STATE_REFUSED},      {"failed: ", STATE_FAILED},  {"given back: ", STATE_FAILED},
                {"given back to ", STATE_SKIPPED}, {"is with ", STATE_SKIPPED}, {"given back; ", STATE_SKIPPED},
        };

        if (startswith(text, "bound to ")) {
                l->driver = text + strlen("bound to ");
                l->from = cut(text, ", late: ");
                if (l->from)
                        (void)cut((char *)l->from, " had it");
                l->state = device_state_names[l->from ? STATE_LATE : STATE_BOUND];
                return true;
        }
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (startswith(text, kinds[i].begins)) {
                        l->state = device_state_names[kinds[i].state];
                        l->reason = kinds[i].state == STATE_SKIPPED ? "given back by hand"
                                    : startswith(text, "given")     ? text
                                                                    : text + strlen(kinds[i].begins);
                        return true;
                }
        return false;
}

/* "RULE: ADDRESS ..." or "RULE: STATE: ..."; false where it is neither. */
static bool parse(struct history_line *l, char *text)
{
        char *rest = cut(text, ": "), *more;
        struct pci_address at;

        if (!rest || !rule_name_valid(text))
                return false;
        l->rule = text;
        more = strchr(rest, ' ');
        if (more) {
                *more = '\0';
                if (pci_address_parse(rest, &at) == 0) {
                        l->device = rest;
                        return parse_device(l, more + 1);
                }
                *more = ' ';
        }
        l->reason = cut(rest, ": ");
        for (int i = RULE_REFUSED; l->reason && i < RULE_STATE_MAX_; i++)
                if (streq(rest, rule_state_names[i])) {
                        l->state = rule_state_names[i];
                        return true;
                }
        return false;
}

static struct record_rule *rule_for(struct record *r, struct arena *a, const struct history_line *l)
{
        struct record_rule *x = (struct record_rule *)record_find(r, l->rule);

        if (!x) {
                x = arena_grow(a, &r->rules, r->n_rules, sizeof(*r->rules));
                if (!x)
                        return NULL;
                r->n_rules++;
                *x = (struct record_rule){
                        .name = l->rule, .file = "", .state = rule_state_names[RULE_OK], .message = ""};
        }
        if (l->file && *l->file)
                x->file = l->file;
        return x;
}

static const char *or_empty(const char *s)
{
        return s ? s : "";
}

static void add_device(struct record *r, struct arena *a, const struct history_line *l)
{
        struct record_device *x = record_device_at(r, a, l->device);
        bool taken =
                streq(l->state, device_state_names[STATE_BOUND]) || streq(l->state, device_state_names[STATE_LATE]);
        bool refused = streq(l->state, device_state_names[STATE_REFUSED]);
        bool skipped = streq(l->state, device_state_names[STATE_SKIPPED]);

        x->rule = l->rule;
        x->bus = bus_names[BUS_PCI];
        x->address = l->device;
        x->id = l->id ? l->id : or_empty(x->id);
        x->class = l->class ? l->class : or_empty(x->class);
        if (l->group)
                x->group = atoi(l->group);
        x->action = action_names[refused ? ACTION_REFUSE : skipped ? ACTION_KEEP : ACTION_BIND];
        x->driver = taken || skipped ? or_empty(l->driver) : "";
        x->stage = "";
        x->reason = or_empty(l->reason);
        x->state = l->state;
        x->from = or_empty(l->from);
        x->at_us = l->at_us;
}

void history_add(struct status *status, struct arena *a, const struct history_line *line)
{
        struct history_line l = *line;
        struct record_rule *rule;
        char *text;

        if (!l.state || !l.rule) {
                text = arena_strdup(a, l.message);
                if (!parse(&l, text)) {
                        str_add(a, &status->notes, &status->n_notes, line->message);
                        return;
                }
        }
        status->ran = true;
        rule = rule_for(&status->record, a, &l);
        if (l.device) {
                /* Whatever was said of the rule before was said without this one. */
                rule->state = rule_state_names[RULE_OK];
                rule->message = "";
                add_device(&status->record, a, &l);
                return;
        }
        rule->state = l.state;
        rule->message = or_empty(l.reason);
}

static int compare(const void *a, const void *b)
{
        const struct record_device *x = a, *y = b;
        struct pci_address at = {}, other = {};

        (void)!pci_address_parse(x->address, &at);
        (void)!pci_address_parse(y->address, &other);
        return pci_address_compare(&at, &other);
}

void history_finish(struct status *status, struct arena *a)
{
        struct record *r = &status->record;

        if (r->n_devices > 0)
                qsort(r->devices, r->n_devices, sizeof(*r->devices), compare);
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *d = &r->devices[i];
                struct record_rule *rule = (struct record_rule *)record_find(r, d->rule);

                if (record_device_taken(d) || !rule || !streq(rule->state, rule_state_names[RULE_OK]))
                        continue;
                rule->state = d->state;
                rule->message = arena_join(a, d->address, *d->reason ? ": " : "", d->reason, NULL);
        }
        status->satisfied = true;
        for (size_t i = 0; i < r->n_rules; i++)
                status->satisfied &= record_satisfied(r, &r->rules[i]);
}
