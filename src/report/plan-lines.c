/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/plan-lines.h"

#include "base/str.h"
#include "plan/propose.h"
#include "plan/remedy.h"
#include "report/brief.h"
#include "report/domain.h"
#include "report/made-lines.h"
#include "report/vgpu-lines.h"

struct lines {
        const struct plan *plan;
        const struct pci_name *names;
        const char *const *worked;
        struct roster roster;

        size_t rule; /* the one that is told of */
        struct remedy remedy;
        struct roster_row *first; /* its first row, still without a device or a text; or NULL */
        const char *many;         /* it matches more than it expects: the line that would help one of them; or NULL */
};

static struct arena *arena_of(const struct lines *x)
{
        return x->roster.arena;
}

static const struct device *device_of(const struct lines *x, const struct plan_entry *e)
{
        return &x->plan->facts->devices[e->device];
}

static const struct rule *rule_of(const struct lines *x)
{
        return &x->plan->config->rules[x->rule];
}

/* ---- words ---------------------------------------------------------------------------------------------------------
 */

const char *plan_lines_none(struct arena *a, const struct rule *rule)
{
        static const char *const keys[MATCH_MAX_] = {
                [MATCH_ADDRESS] = "Address",
                [MATCH_PATH] = "Path",
                [MATCH_SLOT] = "Slot",
                [MATCH_ID] = "ID",
                [MATCH_SUBSYSTEM] = "Subsystem",
                [MATCH_CLASS] = "Class",
                [MATCH_SERIAL] = "Serial",
                [MATCH_PARENT] = "Parent",
                [MATCH_VIRTUAL_FUNCTION] = "VirtualFunction",
                [MATCH_PORT] = "Port",
        };
        const char *text = "", *noun = rule->bus->noun ? rule->bus->noun : "device";

        for (enum match_key k = 0; k < MATCH_MAX_; k++) {
                const struct words *words = &rule->match[k];

                for (size_t i = 0; keys[k] && i < words->n; i++)
                        text = arena_join(a, text,
                                          i > 0   ? " "
                                          : *text ? " and "
                                                  : "",
                                          i > 0 ? "" : keys[k],
                                          i > 0           ? ""
                                          : words->negate ? "=!"
                                                          : "=",
                                          words->v[i], NULL);
        }
        return *text ? arena_join(a, "no ", noun, " here has ", text, NULL) : "no device here is meant";
}

const char *plan_lines_missing(struct arena *a, const struct rule *rule, const struct reason *why)
{
        if (why->kind != REASON_NONE_HERE && why->kind != REASON_NONE_LEFT)
                return why->text;
        return arena_join(a,
                          why->kind == REASON_NONE_LEFT ? "earlier rules decide all that it matches"
                                                        : plan_lines_none(a, rule),
                          why->about, NULL);
}

const char *plan_lines_reason(struct arena *a, bool one_domain, const char *address, const struct reason *why)
{
        const char *own = arena_join(a, address, PLAN_ARROW, NULL), *at = strstr(why->text, own), *text = why->text;

        if (at)
                text = arena_join(a, arena_strndup(a, text, (size_t)(at - text)), at + strlen(own), NULL);
        /* Of each kind of controller it is the same. */
        if (why->kind == REASON_NO_CLEARANCE)
                return "not cleared: this image has no record that the host can spare it; one built on the host "
                       "would have it";
        return domain_less_text(one_domain, a, text);
}

/* A reason for the device; what to do about it is said where it was tried, not here. */
static void tell_why(const struct lines *x, struct roster_row *row, const struct plan_entry *e, struct reason why)
{
        struct arena *a = arena_of(x);
        const char *text = plan_lines_reason(a, x->roster.one_domain, device_of(x, e)->address, &why);

        if (x->remedy.display)
                text = brief_why(a, text);
        strings_add(a, &row->below, text);
}

static void tell(const struct lines *x, struct roster_row *row, const struct plan_entry *e)
{
        tell_why(x, row, e, plan_reason(e));
}

/* ---- a device ------------------------------------------------------------------------------------------------------
 */

/* The rule's first row is there before its first device. */
static struct roster_row *next_row(struct lines *x)
{
        struct roster_row *row = x->first ? x->first : roster_add(&x->roster);

        x->first = NULL;
        return row;
}

/* Whether the cause of its refusal is told of in a row of the same rule. */
static bool cause_shows(const struct lines *x, const struct plan_entry *e)
{
        for (size_t i = 0; e->derived && i < x->plan->n_entries; i++) {
                const struct plan_entry *cause = &x->plan->entries[i];

                if (cause->rule == e->rule && cause->action == ACTION_REFUSE && !cause->derived)
                        return true;
        }
        return false;
}

/* What comes with another is on that one's line, unless it is what stands in the way. */
static size_t above(const struct lines *x, const struct plan_entry *e)
{
        size_t up = e->leader != NO_ENTRY ? e->leader : NO_ENTRY;

        if (up == NO_ENTRY || x->plan->entries[up].rule != e->rule)
                return NO_ENTRY;
        return e->action == ACTION_REFUSE && !e->derived ? NO_ENTRY : up;
}

/* It makes the virtual function for which it is shown, whatever IOMMUGroup= says. */
static bool makes_other(const struct lines *x, const struct plan_entry *e)
{
        size_t other = e->kind == REASON_FOREIGN ? facts_find(x->plan->facts, e->about) : NO_DEVICE;

        return other != NO_DEVICE && streq_ptr(x->plan->facts->devices[other].parent, device_of(x, e)->address);
}

static void tell_refusal(const struct lines *x, struct roster_row *row, const struct plan_entry *e, bool only)
{
        const struct plan *group = &x->remedy.with_group;
        bool foreign = e->kind == REASON_FOREIGN, company = reason_is_company(e->kind);
        const struct plan_entry *then = foreign && group->n_entries > 0 ? plan_find(group, e->device) : NULL;

        row->bad = !only && !e->derived && !company && e->kind != REASON_SURPLUS;
        if (e->kind == REASON_SURPLUS) {
                if (!startswith(e->about, "Expect="))
                        strings_add(arena_of(x), &row->below, e->about);
        } else if (company)
                strings_add(arena_of(x), &row->below,
                            arena_printf(arena_of(x),
                                         "the rule does not take all of IOMMU group %d:", device_of(x, e)->group));
        else if (!foreign && !cause_shows(x, e))
                tell(x, row, e);
        else if (makes_other(x, e))
                strings_add(arena_of(x), &row->below,
                            "its virtual functions go away when it does, so it cannot go with them");
        else if (then && then->action == ACTION_REFUSE && !then->derived)
                tell(x, row, then);
}

/* What its rule makes of it. */
static void put_made(const struct lines *x, struct roster_row *row, size_t entry, bool only)
{
        const struct made_lines made = made_lines_of(x->plan, entry, arena_of(x));

        if (x->many)
                return;
        row->bad |= made.refused.n > 0 && !only;
        for (size_t i = 0; i < made.refused.n; i++)
                tell_why(x, row, &x->plan->entries[entry], reason_say(REASON_OTHER, made.refused.v[i]));
        for (size_t i = 0; i < made.lines.n; i++)
                strings_add(arena_of(x), &row->below,
                            domain_less_text(x->roster.one_domain, arena_of(x), made.lines.v[i]));
}

/* The lines of what the rule makes say how it stands. */
static bool made_lines_tell(const struct lines *x, enum rule_state state)
{
        for (size_t i = 0; i < x->plan->n_entries; i++) {
                struct made_lines made;

                if (x->plan->entries[i].rule != x->rule)
                        continue;
                made = made_lines_of(x->plan, i, arena_of(x));
                if (made.any && (state <= RULE_REFUSED || made.fewer))
                        return true;
        }
        return false;
}

static void put_along(struct lines *x, struct roster_row *row, size_t entry)
{
        for (size_t i = 0; i < x->plan->n_entries; i++)
                if (above(x, &x->plan->entries[i]) == entry && x->plan->entries[i].action == ACTION_BIND)
                        roster_along(&x->roster, row, x->plan->facts, x->plan->entries[i].device,
                                     x->plan->entries[entry].device);
}

/* only: no other device of the rule has a row. */
static void put_entry(struct lines *x, size_t entry, bool only)
{
        const struct plan_entry *e = &x->plan->entries[entry];
        struct roster_row *row = next_row(x);
        bool driven = !device_of(x, e)->bus->syntax->driverless;

        roster_device(&x->roster, row, x->plan->facts, x->names, e->device);
        row->last = driver_is_vfio(row->driver) ? "goes back" : ROSTER_STAYS;
        if (e->action == ACTION_REFUSE)
                tell_refusal(x, row, e, only);
        put_made(x, row, entry, only);
        if (e->action != ACTION_BIND)
                return;
        row->last = stages[e->stage].name;
        if (driven && (!*row->driver || streq(row->driver, e->driver)))
                row->driver = e->driver;
        else if (driven)
                row->driver = arena_join(arena_of(x), row->driver, " → ", e->driver, NULL);
        if (e->kind != REASON_MATCHED && e->leader == NO_ENTRY)
                tell(x, row, e);
        put_along(x, row, entry);
}

/* ---- a rule --------------------------------------------------------------------------------------------------------
 */

static bool is_shadowed(const struct lines *x)
{
        for (size_t i = 0; i < x->plan->n_shadows; i++)
                if (x->plan->shadows[i].rule == x->rule)
                        return true;
        return false;
}

/* Some device of the rule says why. */
static bool is_refused(const struct lines *x)
{
        for (size_t i = 0; i < x->plan->n_entries; i++)
                if (x->plan->entries[i].rule == x->rule && x->plan->entries[i].action == ACTION_REFUSE)
                        return true;
        return false;
}

/* What is said in place of a device; or NULL, where its devices say all. */
static const char *text_of(const struct lines *x, size_t n_rows)
{
        const struct plan_rule *state = &x->plan->rules[x->rule];
        const struct reason why = reason_about(state->why.kind, state->message, state->why.about);
        struct arena *a = arena_of(x);

        if (!x->many && n_rows > 0 && made_lines_tell(x, state->state))
                return NULL;
        switch (state->state) {
        case RULE_MISSING:
                return plan_lines_missing(a, rule_of(x), &why);
        case RULE_REFUSED:
                return x->many ? state->why.about : n_rows == 0 || !is_refused(x) ? state->message : NULL;
        case RULE_SKIPPED:
                return x->plan->facts->off && !state->elsewhere ? NULL : state->message;
        case RULE_OK:
                if (n_rows == 0 && !*state->message)
                        return is_shadowed(x) ? "earlier rules decide all that it matches"
                                              : plan_lines_none(a, rule_of(x));
                return *state->message ? state->message : NULL;
        default:
                return *state->message ? state->message : NULL;
        }
}

/* What the host's service does once the devices are bound. */
static void put_access(struct lines *x, struct strings *to)
{
        const struct node_access *node = &rule_of(x)->node;
        const char *mode = node_access_mode(node), *text = "its nodes:";

        if (!node->owner && !mode)
                return;
        if (node->owner)
                text = arena_join(arena_of(x), text, " owner ", node->owner, node->group || mode ? "," : "", NULL);
        if (node->group)
                text = arena_join(arena_of(x), text, " group ", node->group, mode ? "," : "", NULL);
        if (mode)
                text = arena_join(arena_of(x), text, " mode ", mode, NULL);
        strings_add(arena_of(x), to, text);
}

static void put_demand(struct lines *x, struct strings *to)
{
        if (rule_on_demand(rule_of(x)) && x->plan->rules[x->rule].state == RULE_OK)
                strings_add(arena_of(x), to,
                            arena_join(arena_of(x), "not at boot: started by passthrough@", rule_of(x)->name,
                                       ".service", NULL));
}

/* "shadowed: 10-host decides 01:00.0, 42:00.0", once for each rule that decides some. */
static void put_shadows(struct lines *x, struct strings *to)
{
        const struct plan *plan = x->plan;

        for (size_t by = 0; is_shadowed(x) && by < x->rule; by++) {
                const char *text = NULL;

                for (size_t i = 0; i < plan->n_shadows; i++) {
                        const char *address = plan->facts->devices[plan->shadows[i].device].address;

                        if (plan->shadows[i].rule != x->rule || plan->shadows[i].by != by)
                                continue;
                        text = text ? arena_join(arena_of(x), text, ", ", NULL)
                                    : arena_join(arena_of(x), "shadowed: ", plan->config->rules[by].name, " decides ",
                                                 NULL);
                        text = arena_join(arena_of(x), text, domain_less(x->roster.one_domain, address), NULL);
                }
                if (text)
                        strings_add(arena_of(x), to, text);
        }
}

/* "10-host 31:00.0 Driver=native", or such a command for each where one rule cannot name them all. */
static void put_commands(struct lines *x, struct strings *to)
{
        const struct remedy *r = &x->remedy;
        struct arena *a = arena_of(x);
        const char *match, *why, *command;

        propose_match(a, x->plan->facts, r->devices, r->n_devices, &match, &why);
        command = arena_join(a, "passthroughctl add ", r->name, NULL);
        for (size_t i = 0; i < r->n_devices; i++) {
                const char *address = domain_less(x->roster.one_domain, x->plan->facts->devices[r->devices[i]].address);

                if (!match)
                        command = arena_printf(a, "passthroughctl add %s-%zu", r->name, i + 1);
                command = arena_join(a, command, " ", address, NULL);
                if (!match || i + 1 == r->n_devices)
                        strings_add(a, to, arena_join(a, command, " Driver=native", NULL));
        }
}

static void put_remedy(struct lines *x, struct strings *to)
{
        const struct remedy *r = &x->remedy;
        const char *file = rule_of(x)->file;
        struct arena *a = arena_of(x);

        if (r->complete || r->display) {
                strings_add(a, to,
                            arena_join(a, "To have the rule ok",
                                       r->complete && r->display ? " with the whole group and this host's screen"
                                       : r->complete             ? " with the whole group"
                                                                 : " and give this host's screen away",
                                       ", write in [Device] of ", file, ":", NULL));
                if (r->complete)
                        strings_add(a, to, "IOMMUGroup=complete");
                if (r->display)
                        strings_add(a, to, "AllowBootDisplay=yes");
        } else if (r->found) {
                strings_add(a, to,
                            r->n_devices == 1 ? "To have the rule ok, give this one to the host first:"
                                              : "To have the rule ok, give these to the host first:");
                put_commands(x, to);
                if (r->expect > 0)
                        strings_add(a, to, arena_printf(a, "and write Expect=%u in [Device] of %s", r->expect, file));
        } else if (x->many && startswith(x->many, "Expect="))
                strings_add(a, to,
                            arena_join(a, "To have the rule ok, write ", x->many, " in [Device] of ", file,
                                       ": each port has a link of its own then", NULL));
        else if (x->many)
                strings_add(a, to,
                            arena_join(a, "To have the rule ok, write the ",
                                       startswith(x->many, "Path=") ? "Path= line" : "line",
                                       " of the one that is meant in [Match] of ", file, NULL));
}

static void put_beneath(struct lines *x)
{
        struct strings beneath = {};
        struct roster_row *last;

        if (x->worked && x->worked[x->rule])
                strings_add(arena_of(x), &beneath,
                            "It worked until now, and is refused from the next boot image on. Images that are there "
                            "stay as they are: mend this before one is built, or keep the device with Driver=native.");
        put_demand(x, &beneath);
        put_access(x, &beneath);
        put_shadows(x, &beneath);
        put_remedy(x, &beneath);
        last = &x->roster.rows[x->roster.n - 1];
        for (size_t i = 0; i < beneath.n; i++)
                strings_add(arena_of(x), &last->beneath, beneath.v[i]);
}

static bool has_row(const struct lines *x, const struct plan_entry *e)
{
        return e->rule == x->rule && above(x, e) == NO_ENTRY && !vgpu_is_made(x->plan, e);
}

static void put_rule(struct lines *x, size_t rule)
{
        const struct plan *plan = x->plan;
        const struct plan_rule *state = &plan->rules[rule];
        size_t n_rows = 0;
        const char *text;

        x->rule = rule;
        x->remedy = state->state == RULE_REFUSED ? remedy_find(plan, rule, arena_of(x)) : (struct remedy){};
        x->many = NULL;
        for (size_t i = 0; i < plan->n_entries; i++) {
                n_rows += has_row(x, &plan->entries[i]);
                if (!x->many && plan->entries[i].rule == rule && plan->entries[i].kind == REASON_SURPLUS)
                        x->many = plan->entries[i].about;
        }
        x->first = roster_add_rule(&x->roster, rule_of(x)->name, state->state);
        text = text_of(x, n_rows);
        if (text)
                next_row(x)->text = domain_less_text(x->roster.one_domain, arena_of(x), text);
        for (int foreign = 0; foreign <= 1; foreign++)
                for (size_t i = 0; i < plan->n_entries; i++)
                        if (has_row(x, &plan->entries[i]) && (plan->entries[i].kind == REASON_FOREIGN) == (bool)foreign)
                                put_entry(x, i, n_rows == 1);
        put_beneath(x);
}

static struct lines begin(const struct plan *plan, const struct pci_name *names, struct arena *a)
{
        return (struct lines){.plan = plan,
                              .names = names,
                              .roster = {.arena = a, .one_domain = domain_is_one(plan->facts), .last = "STAGE"}};
}

struct roster plan_lines(const struct plan *plan, const struct pci_name *names, const char *const *worked,
                         struct arena *a)
{
        struct lines x = begin(plan, names, a);

        x.worked = worked;
        for (size_t r = 0; r < plan->config->n_rules; r++)
                put_rule(&x, r);
        roster_sum_up(&x.roster);
        return x.roster;
}

struct roster plan_lines_of(const struct plan *plan, size_t rule, const struct pci_name *names, struct arena *a)
{
        struct lines x = begin(plan, names, a);

        put_rule(&x, rule);
        roster_sum_up(&x.roster);
        return x.roster;
}
