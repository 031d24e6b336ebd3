/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan of the product against the closure's verdicts. */
#include "verdicts.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

const char *const verdict_names[] = {"free", "either", "unknown", "needed"};
bool verdicts_quiet;

static const char *string(struct json_object *o, const char *key)
{
        struct json_object *v;

        return json_object_object_get_ex(o, key, &v) && json_object_get_string(v) ? json_object_get_string(v) : "";
}

static int find(const struct machine *m, const char *address)
{
        for (unsigned i = 0; i < m->n_functions; i++)
                if (strcmp(m->functions[i].address, address) == 0)
                        return (int)i;
        return NONE;
}

static unsigned complain(const struct machine *m, int function, const char *what, const char *reason)
{
        const struct function *d = function == NONE ? NULL : &m->functions[function];

        if (verdicts_quiet)
                return 1;
        printf("# seed %llu: %s %s (%s)%s%s\n", (unsigned long long)m->seed, d ? d->address : "", what,
               d ? verdict_names[d->verdict] : "", *reason ? ": " : "", reason);
        if (!d)
                return 1;
        verdicts_shaped(m, function);
        for (unsigned i = 0; i < m->n_uses; i++)
                if (d->uses >> i & 1)
                        printf("#     the host uses it for %s %s\n", m->uses[i].text, m->uses[i].where);
        return 1;
}

static bool companion_of(const struct machine *m, const struct function *d, const struct function *other)
{
        const struct rule *r = d->rule == NONE ? NULL : &m->rules[d->rule];

        if (is_bridge(other) || other == d)
                return false;
        if (d->group != NONE && d->group == other->group)
                return true;
        return r && other->rule == NONE && d->vendor == other->vendor && strcmp(d->slot, other->slot) == 0 &&
               (r->slot || (!r->match_only && d->class >> 16 == 0x03));
}

static unsigned compare_bound(const struct machine *m, const bool bound[], const char *const reasons[],
                              struct tally *tally)
{
        unsigned wrong = 0;

        for (unsigned i = 0; i < m->n_functions; i++) {
                const struct function *d = &m->functions[i];
                bool must = must_be_bound(m, i);

                tally->needed += d->verdict == NEEDED && d->rule != NONE;
                tally->unknown += d->verdict == UNKNOWN && d->rule != NONE;
                tally->free_bound += must && bound[i];
                if (!bound[i]) {
                        if (must)
                                wrong += complain(m, (int)i, "is not taken",
                                                  reasons[i] ? reasons[i] : "not in the plan");
                        continue;
                }
                if (is_bridge(d) || d->verdict >= UNKNOWN)
                        wrong += complain(m, (int)i, "is taken", "");
                for (unsigned k = 0; k < m->n_functions; k++)
                        if (companion_of(m, d, &m->functions[k]) && m->functions[k].verdict >= UNKNOWN)
                                wrong += complain(m, (int)k, "goes with one that is taken", d->address);
        }
        if (!keyboards_left(m, bound))
                wrong += complain(m, NONE, "no keyboard is left for the passphrase", "");
        return wrong;
}

unsigned verdicts_compare(const struct machine *m, const char *json, int status, struct tally *tally)
{
        bool bound[COUNT(m->functions)] = {false};
        const char *reasons[COUNT(m->functions)] = {NULL};
        struct json_object *plan = json_tokener_parse(json), *devices = NULL;
        unsigned wrong = 0;

        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1 || !plan ||
            !json_object_object_get_ex(plan, "devices", &devices) || !json_object_is_type(devices, json_type_array)) {
                json_object_put(plan);
                return complain(m, NONE, "the program fails", "see stderr beside the machine");
        }
        for (size_t i = 0; i < json_object_array_length(devices); i++) {
                struct json_object *o = json_object_array_get_idx(devices, i);
                const char *action = string(o, "action"), *judged;
                int function = find(m, string(o, "address"));

                if (function == NONE && *string(o, "parent"))
                        continue; /* a virtual function that is yet to be made */
                if (function == NONE) {
                        wrong += complain(m, NONE, "a device that is not there", string(o, "address"));
                        continue;
                }
                reasons[function] = string(o, "reason");
                bound[function] = strcmp(action, "bind") == 0;
                if (strcmp(action, "refuse") != 0)
                        continue;
                tally->refused++;
                tally->chains += strstr(reasons[function], " ← ") != NULL;
                judged = judge_reason(m, (unsigned)function, reasons[function]);
                if (judged)
                        wrong += complain(m, function, judged, reasons[function]);
        }
        wrong += compare_bound(m, bound, reasons, tally);
        json_object_put(plan);
        tally_features(m, tally);
        return wrong;
}

unsigned verdicts_wrong(const struct machine *m, unsigned function, const char *what, const char *more)
{
        return complain(m, (int)function, what, more);
}

unsigned verdicts_taken(const struct machine *m, const char *json, const char *moment, const char *stage,
                        uint64_t *taken)
{
        struct json_object *plan = json_tokener_parse(json), *devices = NULL;
        unsigned wrong = 0;

        if (!plan || !json_object_object_get_ex(plan, "devices", &devices)) {
                json_object_put(plan);
                return complain(m, NONE, "the program fails", moment);
        }
        for (size_t i = 0; i < json_object_array_length(devices); i++) {
                struct json_object *o = json_object_array_get_idx(devices, i);
                int function = find(m, string(o, "address"));

                if (strcmp(string(o, "action"), "bind") != 0 || (stage && strcmp(string(o, "stage"), stage) != 0) ||
                    (function == NONE && *string(o, "parent")))
                        continue;
                if (function == NONE || m->functions[function].verdict >= UNKNOWN)
                        wrong += complain(m, function, "is taken", moment);
                else
                        ++*taken;
        }
        json_object_put(plan);
        return wrong;
}
