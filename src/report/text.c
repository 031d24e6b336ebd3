/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/text.h"

#include <inttypes.h>

#include "base/str.h"
#include "report/paint.h"

static void put_rule(FILE *f, const char *name, const char *state, const char *message, const char *file)
{
        paint(f, BOLD, 0, name);
        fputs(": ", f);
        paint(f, colour_of(state), 0, state);
        fprintf(f, "%s%s\n", *message ? ": " : "", message);
        fprintf(f, "  %s\n", file);
}

static void put_device(FILE *f, const char *address, const char *id, const char *kind, int group)
{
        char group_text[24] = "no group";

        if (group != NO_GROUP)
                snprintf(group_text, sizeof(group_text), "group %d", group);
        fprintf(f, "  %-12s  %s  %-11s  %-9s  ", address, id, kind, group_text);
}

static void put_ops_line(FILE *f, const char *stage, const char *op, const char *target, const char *value)
{
        /* A whole file that is written has no room here; --json has it. */
        if (strchr(value, '\n'))
                value = "";
        fprintf(f, "  %-6s  %-6s  %s%s%s\n", stage, op, target, *value ? "  " : "", value);
}

static void put_huge_plan(FILE *f, const struct huge_plan *huge)
{
        char pages[32];

        if (huge->n > 0)
                fputs("Huge pages:\n", f);
        for (size_t i = 0; i < huge->n; i++) {
                const struct huge_entry *e = &huge->entries[i];

                snprintf(pages, sizeof(pages), "%" PRIu64, e->asked);
                put_pool(f, e->size, e->place, pages, huge_action_names[e->action], e->reason);
        }
        if (huge->n > 0)
                fputc('\n', f);
}

static void put_huge_ops(FILE *f, const struct huge_plan *huge)
{
        for (size_t i = 0; i < huge->n; i++)
                if (huge->entries[i].action == HUGE_WRITE)
                        put_ops_line(f, stages[STAGE_INITRD].name, op_names[OP_WRITE], huge->entries[i].target,
                                     huge->entries[i].value);
}

static bool any_write(const struct huge_plan *huge)
{
        for (size_t i = 0; i < huge->n; i++)
                if (huge->entries[i].action == HUGE_WRITE)
                        return true;
        return false;
}

/* What the host's service does once the devices are bound. */
static void put_access(FILE *f, const struct rule *rule)
{
        const char *mode = node_access_mode(&rule->node);

        if (rule->node.owner || mode)
                fprintf(f, "  nodes%s%s%s%s%s%s\n", rule->node.owner ? ", owner " : "",
                        rule->node.owner ? rule->node.owner : "", rule->node.group ? ", group " : "",
                        rule->node.group ? rule->node.group : "", mode ? ", mode " : "", mode ? mode : "");
}

void text_plan_rule(FILE *f, const struct plan *plan, size_t r)
{
        const struct config *config = plan->config;

        put_rule(f, config->rules[r].name, rule_state_names[plan->rules[r].state], plan->rules[r].message,
                 config->rules[r].file);
        put_access(f, &config->rules[r]);
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];

                if (e->rule != r)
                        continue;
                put_device(f, d->address, d->id, device_kind(d), d->group);
                paint(f, colour_of(action_names[e->action]), 0, action_names[e->action]);
                if (e->action == ACTION_BIND)
                        fprintf(f, " to %s, stage %s", e->driver, stages[e->stage].name);
                fprintf(f, ": %s\n", e->reason);
        }
        for (size_t i = 0; i < plan->n_shadows; i++)
                if (plan->shadows[i].rule == r)
                        fprintf(f, "  %-12s  shadowed: %s decides it, %s matches it too\n",
                                plan->facts->devices[plan->shadows[i].device].address,
                                config->rules[plan->shadows[i].by].name, config->rules[r].name);
        fputc('\n', f);
}

void text_plan(FILE *f, const struct plan *plan, const char *const *worked)
{
        if (plan->config->n_rules == 0)
                fputs("No rules: every device stays with the host. A rule is a file NAME.conf in "
                      "/etc/passthrough.d; passthroughctl add writes one, see passthrough.d(5).\n",
                      f);
        for (size_t r = 0; r < plan->config->n_rules; r++) {
                if (worked[r])
                        fprintf(f, "%s\n", worked[r]);
                text_plan_rule(f, plan, r);
        }
        put_huge_plan(f, &plan->huge);
        if (plan->ops.n > 0 || any_write(&plan->huge))
                fputs("Operations, in order:\n", f);
        for (size_t i = 0; i <= plan->ops.n; i++) {
                if (i == plan_initrd_ops(plan))
                        put_huge_ops(f, &plan->huge);
                if (i < plan->ops.n)
                        put_ops_line(f, stages[plan->ops.v[i].stage].name, op_names[plan->ops.v[i].kind],
                                     plan->ops.v[i].target, plan->ops.v[i].value);
        }
}
