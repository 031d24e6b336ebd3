/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: how a virtual machine gets what the plan hands over, of one rule or around one device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "ctl/names.h"
#include "export/export.h"
#include "plan/hand.h"
#include "report/json.h"
#include "report/text.h"

/* The nodes that iommufd's users open (Documentation/driver-api/vfio.rst), there once a device has its driver. */
#define DEVICE_NODES "/dev/vfio/devices"

/* The entries that are meant; 0 or the exit status. */
static int choose(struct ctl *c, const struct rule *rule, bool **ret)
{
        size_t device, entry = NO_ENTRY;

        if (!rule) {
                const struct plan_entry *e;
                int k = ctl_find_device(c, c->argv[1], &device);

                if (k != 0)
                        return k;
                e = plan_find(&c->plan, device);
                if (!e) {
                        fprintf(stderr, "passthroughctl: no rule takes %s; see \"passthroughctl list\"\n",
                                c->facts.devices[device].address);
                        return EXIT_FAILURE;
                }
                entry = (size_t)(e - c->plan.entries);
        }
        plan_choose(&c->plan, &c->arena, rule ? (size_t)(rule - c->config.rules) : NO_ENTRY, entry, ret);
        return 0;
}

/* Why no virtual machine can have what was chosen, or NULL. */
static const char *reason_against(struct ctl *c, const struct plan_entry *e)
{
        if (e->action == ACTION_REFUSE)
                return arena_join(&c->arena, "refused: ", e->reason, NULL);
        if (e->action == ACTION_KEEP)
                return e->reason;
        if (!driver_is_vfio(e->driver))
                return arena_printf(&c->arena, "it goes to driver %s, through which no virtual machine can use it",
                                    e->driver);
        return NULL;
}

/* Whether something of what was chosen is not to be had, on standard error. */
static bool say_missing(struct ctl *c, const struct rule *rule, const bool *chosen)
{
        bool missing = false;

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const char *why = chosen[i] ? reason_against(c, e) : NULL;

                if (!why)
                        continue;
                missing = true;
                fprintf(stderr, "%s: %s %s\n", c->config.rules[e->rule].name, c->facts.devices[e->device].address, why);
        }
        if (rule) {
                const struct plan_rule *state = &c->plan.rules[rule - c->config.rules];

                if (state->state == RULE_MISSING || state->state == RULE_SKIPPED) {
                        missing = true;
                        fprintf(stderr, "%s: %s: %s\n", rule->name, rule_state_names[state->state], state->message);
                }
        }
        return missing;
}

static void find_names(struct ctl *c, struct shown *shown)
{
        struct pci_name *names;

        names_look_up(&c->root, &c->facts, &c->arena, &names);

        for (size_t i = 0; i < shown->n; i++)
                shown->devices[i].name = names[shown->devices[i].entry->device];
}

int ctl_show(struct ctl *c)
{
        const struct rule *rule;
        struct shown shown;
        bool *chosen, missing;
        int k = ctl_load_plan(c, NULL, true);

        if (k != 0)
                return k;
        rule = config_find(&c->config, c->argv[1]);
        if (rule && rule->invalid) {
                fprintf(stderr, "passthroughctl: rule %s: %s\n", rule->name, rule->message);
                return EXIT_USAGE;
        }
        k = choose(c, rule, &chosen);
        if (k != 0)
                return k;
        missing = say_missing(c, rule, chosen);
        export_build(exporter_table, &c->plan, chosen, root_exists(&c->root, DEVICE_NODES), &c->arena, &shown);
        find_names(c, &shown);
        if (c->json)
                json_show(stdout, &shown);
        else if (shown.n > 0)
                text_show(stdout, &shown);
        if (shown.n == 0 && !missing)
                fprintf(stderr, "passthroughctl: %s hands nothing over\n", c->argv[1]);
        return missing || shown.n == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
