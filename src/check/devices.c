/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that rules take, one by one. */
#include "base/str.h"
#include "check/row.h"
#include "plan/handover.h"
#include "plan/remedy.h"
#include "plan/strays.h"

/* What is said of a device: the worst of it counts, and its fix. */
struct verdict {
        enum check_status status;
        const char *message, *fix;
        const char *wrong; /* of the message, what is not well */
};

static void add(struct checker *c, struct verdict *v, enum check_status status, const char *fix, const char *message)
{
        static const int rank[CHECK_MAX_] = {[CHECK_PASS] = 0, [CHECK_SKIP] = 0, [CHECK_WARN] = 1, [CHECK_FAIL] = 2};

        v->message = arena_join(c->arena, v->message, *v->message ? "; " : "", message, NULL);
        if (rank[status] > 0)
                v->wrong = arena_join(c->arena, v->wrong, *v->wrong ? "; " : "", message, NULL);
        if (*fix && rank[status] > 0)
                v->fix = arena_join(c->arena, v->fix, *v->fix ? "; " : "", fix, NULL);
        if (rank[status] > rank[v->status])
                v->status = status;
}

static void judge_driver(struct checker *c, const struct plan_entry *e, struct verdict *v)
{
        const char *now = check_device(c, e)->driver_now, *text, *claim = check_device(c, e)->bus->syntax->taken_by;

        if (streq_ptr(now, claim))
                text = "udev's database has it for a rule";
        else if (claim && !(e->action == ACTION_BIND && e->stage == STAGE_DEMAND))
                text = arena_printf(c->arena, "driver now: %s%s", now ? now : "none",
                                    e->action == ACTION_BIND ? "; the next boot claims it for the rule" : "");
        else if (streq_ptr(now, e->driver))
                text = arena_printf(c->arena, "%s has it now", e->driver);
        else if (e->action == ACTION_BIND && e->stage == STAGE_DEMAND)
                text = arena_printf(c->arena, "driver now: %s, %s once passthrough@%s.service is started",
                                    now ? now : "none", claim ? "claimed for the rule" : e->driver,
                                    c->plan->config->rules[e->rule].name);
        else if (e->action == ACTION_BIND)
                text = arena_printf(c->arena, "driver now: %s, %s from the next boot on", now ? now : "none",
                                    e->driver);
        else
                text = arena_printf(c->arena, "driver now: %s", now ? now : "none");
        add(c, v, CHECK_PASS, "", text);
}

/* All functions of its slot go with it: VFIO can then reset them together. */
static bool slot_taken(const struct checker *c, size_t device)
{
        size_t first, n = facts_card(c->plan->facts, device, &first);

        for (size_t i = first; i < first + n; i++) {
                const struct plan_entry *e = plan_find(c->plan, i);

                if (!e || e->action != ACTION_BIND)
                        return false;
        }
        return true;
}

static void judge_reset(struct checker *c, const struct plan_entry *e, const struct check_device *x, struct verdict *v)
{
        if (!driver_is_vfio(e->driver) || x->shows.reset == UNKNOWN || e->action != ACTION_BIND)
                return;
        if (x->shows.reset == YES) {
                add(c, v, CHECK_PASS, "",
                    x->shows.reset_method
                            ? arena_join(c->arena, "reset by ", x->shows.reset_method, " (reset_method)", NULL)
                            : "it can be reset (its file reset is there)");
                return;
        }
        add(c, v, CHECK_WARN,
            x->shows.reset_method ? "echo default > its reset_method"
            : slot_taken(c, e->device)
                    ? "start, stop and start its virtual machine before relying on it: VFIO resets the "
                      "whole slot, where the card lets it"
                    : "hand over all functions of its slot, so that they can be reset together",
            arena_join(c->arena, "no reset of its own (",
                       x->shows.reset_method ? "its reset_method is empty" : "no file reset_method",
                       "): may be unusable after its virtual machine stops, until the host reboots", NULL));
}

static void judge_display(struct checker *c, const struct plan_entry *e, const struct check_device *x,
                          struct verdict *v)
{
        const struct device *d = check_device(c, e);
        const char *evidence = x->shows.framebuffer ? x->shows.framebuffer : "boot_vga=1";

        if (!x->shows.framebuffer && !(d->roles & ROLE_BOOT_DISPLAY))
                return;
        /* vfio-pci moves the firmware's framebuffer away from VGA controllers alone (vfio_pci_core.c). */
        if (x->shows.framebuffer && !(d->roles & ROLE_VGA)) {
                add(c, v, CHECK_WARN, "add initcall_blacklist=sysfb_init to the kernel command line and reboot",
                    arena_join(c->arena, "the firmware's framebuffer is on it (", evidence,
                               "), and vfio-pci does not move that away from a display that is no VGA controller",
                               NULL));
                return;
        }
        add(c, v, CHECK_PASS, "", arena_join(c->arena, "the firmware's picture is on it (", evidence, ")", NULL));
}

/* Its native driver has to let go of it while the host runs, and to find its way into it again. */
static void judge_on_demand(struct checker *c, const struct plan_entry *e, const struct check_device *x,
                            struct verdict *v)
{
        if (e->action != ACTION_BIND || e->stage != STAGE_DEMAND || !x->shows.console)
                return;
        add(c, v, CHECK_WARN,
            arena_join(c->arena, "start and stop passthrough@", check_rule(c, e),
                       ".service some times before relying on it, with a way into the host that needs no display",
                       NULL),
            arena_join(c->arena, "the console is drawn on it (", x->shows.console,
                       "): not each driver lets go of that, and there is no console while it is away", NULL));
}

/* The way out where it is refused for what it is below, or for what is below it. */
static const char *below_fix(struct checker *c, const struct plan_entry *e)
{
        size_t above = c->plan->facts->below[e->device];

        if (above == NO_DEVICE)
                return "take back the rule that leaves it to the host, or leave both to the host";
        if (!remedy_is_added(c->plan, e->rule, above, c->arena))
                return arena_join(c->arena, "leave both to the host: passthroughctl remove ", check_rule(c, e),
                                  "; or switch VMD off in the firmware setup for that slot", NULL);
        return arena_join(c->arena, "hand over the controller: passthroughctl add NAME ",
                          c->plan->facts->devices[above].address,
                          ", which takes all below it; or switch VMD off in the firmware setup for that slot", NULL);
}

/* Of a refusal that is neither its group's nor the host's. */
static const char *refused_fix(struct checker *c, const struct plan_entry *e)
{
        const struct rule *rule = &c->plan->config->rules[e->rule];
        const struct remedy remedy = remedy_find(c->plan, e->rule, c->arena);
        const char *settings = remedy_settings(&remedy);

        return settings ? arena_join(c->arena, "write ", settings, " below [Device] of ", rule->file,
                                     ", or leave it to the host: passthroughctl remove ", rule->name, NULL)
                        : arena_join(c->arena, "passthroughctl plan says more of rule ", rule->name, NULL);
}

/* A virtual machine opens a node for it, or for its group. */
static bool has_node(const struct checker *c, const struct plan_entry *e)
{
        return driver_is_vfio(e->driver) || check_device(c, e)->bus->syntax->taken_by;
}

/* What is claimed keeps the node that udev makes for everybody. */
static void judge_node(struct checker *c, const struct plan_entry *e, struct verdict *v)
{
        const struct node_access *node = &c->plan->config->rules[e->rule].node;

        if (check_device(c, e)->bus->syntax->taken_by && e->action == ACTION_BIND && !node->owner && !node->group &&
            !node->mode)
                add(c, v, CHECK_PASS, "",
                    "its rule has no Owner=, Group= or Mode=: its node stays as udev makes it for the host; libvirt "
                    "opens it to its own machines, other users need Owner=");
}

/* What the host will set for it, held against the host. */
static void judge_settings(struct checker *c, const struct plan_entry *e, const struct check_device *x,
                           struct verdict *v)
{
        const struct rule *rule = &c->plan->config->rules[e->rule];

        if (rule->reset_method && e->leader == NO_ENTRY && x->shows.reset != UNKNOWN && !x->shows.reset_method)
                add(c, v, CHECK_FAIL, "leave ResetMethod= out, or run kernel 5.15 or later",
                    arena_join(c->arena, "ResetMethod=", rule->reset_method,
                               " cannot be set: it has no file reset_method, and it will stay with the host", NULL));
        if (x->no_owner && has_node(c, e))
                add(c, v, CHECK_WARN, "make the user, or correct Owner=",
                    arena_join(c->arena, "Owner=", rule->node.owner,
                               ": this host has no such user, and who may open the device will not be set", NULL));
        if (x->no_group && has_node(c, e))
                add(c, v, CHECK_WARN, "make the group, or correct Group=",
                    arena_join(c->arena, "Group=", rule->node.group,
                               ": this host has no such group, and who may open the device will not be set", NULL));
}

/* Those on the same line that stay with the host, or NULL. */
static const char *line_users(struct checker *c, const struct pci_line *line)
{
        const char *users = NULL;

        for (size_t i = 0; i < line->n_neighbours; i++) {
                const struct pci_neighbour *n = &line->neighbours[i];
                const struct plan_entry *e = plan_find(c->plan, n->device);

                if (driver_is_vfio(n->driver) || (e && e->action == ACTION_BIND && driver_is_vfio(e->driver)))
                        continue;
                users = arena_join(c->arena, users ? users : "", users ? ", " : "",
                                   c->plan->facts->devices[n->device].address, " (", n->driver, ")", NULL);
        }
        return users;
}

static void judge_line(struct checker *c, const struct plan_entry *e, const struct check_device *x, struct verdict *v)
{
        const char *users = line_users(c, &x->line), *text;

        if (!users || !driver_is_vfio(e->driver) || e->action != ACTION_BIND)
                return;
        text = arena_printf(c->arena, "it has no MSI, and shares interrupt line %u with %s", x->line.irq, users);
        if (x->line.shares)
                add(c, v, CHECK_PASS, "", text);
        else
                add(c, v, CHECK_WARN,
                    "start its virtual machine once: if VFIO reports \"Device or resource busy\", move the card to "
                    "another slot, or hand over what shares the line",
                    arena_join(c->arena, text, ", which VFIO can do only if the card can be kept off the line", NULL));
}

static void device_row(struct checker *c, size_t entry)
{
        const struct plan_entry *e = &c->plan->entries[entry];
        const struct check_device *x = &c->facts->devices[entry];
        const char *id = check_row_id(c, "device", check_device(c, e)->address);
        enum refusal refusal = e->action == ACTION_REFUSE ? REASON_REFUSAL(e->kind) : REFUSAL_OTHER;
        struct verdict v = {.message = "", .fix = "", .wrong = ""};

        if (e->below != NO_ENTRY && e->action == ACTION_BIND) {
                check_row(c, id, CHECK_PASS, "", "goes along with %s, which it is below",
                          check_device(c, &c->plan->entries[e->below])->address);
                return;
        }
        if (refusal == REFUSAL_BELOW && !e->derived)
                add(c, &v, CHECK_FAIL, below_fix(c, e), arena_join(c->arena, "refused: ", e->reason, NULL));
        else if (e->action == ACTION_REFUSE && (e->derived || refusal != REFUSAL_OTHER)) {
                v.status = CHECK_SKIP;
                add(c, &v, CHECK_PASS, "",
                    arena_printf(c->arena, "refused, see %s.%s",
                                 !e->derived && refusal == REFUSAL_HOST ? "guard" : "group", check_rule(c, e)));
        } else if (e->action == ACTION_REFUSE)
                add(c, &v, CHECK_FAIL, refused_fix(c, e), arena_join(c->arena, "refused: ", e->reason, NULL));
        judge_driver(c, e, &v);
        judge_reset(c, e, x, &v);
        judge_settings(c, e, x, &v);
        judge_node(c, e, &v);
        judge_display(c, e, x, &v);
        judge_on_demand(c, e, x, &v);
        judge_line(c, e, x, &v);
        check_row(c, id, v.status, v.fix, "%s", v.message);
        if (*v.wrong)
                check_row_brief(c, "%s", v.wrong);
}

void check_devices(struct checker *c)
{
        const struct handover *handovers = NULL;

        for (size_t i = 0; i < c->plan->n_entries; i++)
                if (check_taken(&c->plan->entries[i]) && c->plan->rules[c->plan->entries[i].rule].state != RULE_SKIPPED)
                        device_row(c, i);
        if (strays_next(c->plan, NO_DEVICE) != NO_DEVICE)
                handovers = plan_handovers(c->plan, c->arena);
        for (size_t i = strays_next(c->plan, NO_DEVICE); i != NO_DEVICE; i = strays_next(c->plan, i)) {
                const struct device *d = &c->plan->facts->devices[i];

                /* A fix that the next command would refuse is none. */
                if (handovers[i].action == ACTION_REFUSE)
                        check_row(c, check_row_id(c, "device", d->address), CHECK_WARN,
                                  "see what binds it there, and leave it to the host",
                                  "%s has it, and no rule could: %s", d->driver_now, handovers[i].reason);
                else
                        check_row(c, check_row_id(c, "device", d->address), CHECK_WARN,
                                  "passthroughctl add --from=running", "%s has it, and no rule covers it",
                                  d->driver_now);
        }
}
