/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json-against.h"

#include "report/json-build.h"

static void add_fate(struct json_object *o, const char *name, const struct plan *plan, const struct against_fate *x)
{
        struct json_object *fate = add_object(o, name);
        const struct plan_entry *e = x->entry;

        add_string(fate, "rule", e ? plan->config->rules[e->rule].name : "");
        add_string(fate, "action", action_names[e ? e->action : ACTION_KEEP]);
        add_string(fate, "driver", e && e->action == ACTION_BIND ? e->driver : "");
        add_string(fate, "stage", e && e->action == ACTION_BIND ? stages[e->stage].name : "");
        add_string(fate, "reason", e ? e->reason : "");
        if (x->makes > 0)
                add(fate, "makes", json_object_new_int64(x->makes));
}

void json_changes(struct json_object *o, const struct against *against)
{
        struct json_object *array = add_array(o, "changes");

        for (size_t i = 0; i < against->n; i++) {
                const struct against_change *c = &against->changes[i];
                struct json_object *change = append(array);

                add_string(change, "address", against->after->facts->devices[c->device].address);
                add_string(change, "way", against_way_names[c->way]);
                add_fate(change, "before", against->before, &c->before);
                add_fate(change, "after", against->after, &c->after);
        }
}

enum fleet_state { FLEET_UNCHANGED, FLEET_CHANGED, FLEET_UNREADABLE };
static const char *const fleet_state_names[] = {"unchanged", "changed", "unreadable"};

static struct json_object *member(struct json_object *document, const char *name)
{
        return made(json_object_object_get(document, name));
}

struct json_object *json_fleet_begin(void)
{
        struct json_object *document = start();

        add_array(document, "hosts");
        return document;
}

void json_fleet_add(struct json_object *document, const char *dir, const char *problem, const struct against *against,
                    const struct diags *errors)
{
        struct json_object *o = append(member(document, "hosts"));

        add_string(o, "capture", dir);
        add_string(o, "state",
                   fleet_state_names[problem          ? FLEET_UNREADABLE
                                     : against->n > 0 ? FLEET_CHANGED
                                                      : FLEET_UNCHANGED]);
        add_string(o, "message", problem);
        json_changes(o, against);
        add_errors(o, errors);
}

static void add_count(struct json_object *o, const char *name, size_t n)
{
        add(o, name, json_object_new_int64((int64_t)n));
}

void json_fleet_end(FILE *f, struct json_object *document, const struct fleet_tally *tally, const struct diags *errors)
{
        struct json_object *o = add_object(document, "total");

        add_count(o, "hosts", tally->unchanged + tally->changed + tally->unreadable);
        add_count(o, "unchanged", tally->unchanged);
        add_count(o, "changed", tally->changed);
        add_count(o, "losing", tally->losing);
        add_count(o, "unreadable", tally->unreadable);
        add_count(o, "faulty", tally->faulty);
        add_errors(document, errors);
        finish(f, document);
}
