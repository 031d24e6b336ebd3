/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/status-lines.h"

#include "base/str.h"
#include "plan/propose.h"
#include "report/domain.h"
#include "report/form.h"
#include "report/plan-lines.h"
#include "report/vgpu-lines.h"

struct lines {
        const struct status *status;
        const struct plan *plan;
        const struct pci_name *names;
        struct roster roster;
        size_t *at;    /* beside the record's devices: the same in the plan's facts, or NO_DEVICE */
        size_t *above; /* likewise: the one on whose line it is, or NO_DEVICE */

        const struct record_rule *rule; /* the one that is told of */
        struct roster_row *first;       /* its first row, still without a device or a text; or NULL */
};

static const struct record_device *device(const struct lines *x, size_t i)
{
        return &x->status->record.devices[i];
}

/* ---- what stands on another's line ---------------------------------------------------------------------------------
 */

static bool goes_along(const struct lines *x, size_t i, size_t with)
{
        const struct plan_entry *e;

        if (x->at[i] == NO_DEVICE || x->at[with] == NO_DEVICE)
                return false;
        e = plan_find(x->plan, x->at[i]);
        if (e && e->leader != NO_ENTRY)
                return x->plan->entries[e->leader].device == x->at[with];
        return propose_goes_along(x->plan->facts, x->at[i], x->at[with]);
}

static const char *reason(const struct lines *x, size_t i)
{
        const struct record_device *d = device(x, i);
        const struct reason why = reason_about(d->kind, d->reason, d->about);

        return plan_lines_reason(x->roster.arena, x->roster.one_domain, d->address, &why);
}

/* What is said of it is about that one, too. */
static bool is_about(const struct record_device *d, const char *address)
{
        return streq_ptr(d->about, address);
}

/* For the service of its rule. */
static bool is_waiting(const struct record_device *d)
{
        return d->stage == STAGE_DEMAND && d->state == STATE_NONE && d->action == ACTION_BIND;
}

/* They fared alike, and nothing is to be said of it that its leader's line does not say. */
static bool fared_alike(const struct lines *x, size_t i, size_t with)
{
        const struct record_device *d = device(x, i), *l = device(x, with);

        if ((record_device_taken(d) && record_device_taken(l)) || (is_waiting(d) && is_waiting(l)))
                return true;
        return d->state == l->state && d->action == l->action &&
               (is_about(d, l->address) || streq(reason(x, i), reason(x, with)));
}

/* It is no device of the rule, but shares a group with one that is: that one's line says so. */
static bool is_company(const struct record_device *d, const struct record_device *of)
{
        return d->kind == REASON_FOREIGN && is_about(d, of->address);
}

static bool stands_on(const struct lines *x, size_t i, size_t with, bool company)
{
        if (!streq(device(x, i)->rule, device(x, with)->rule))
                return false;
        return company ? is_company(device(x, i), device(x, with)) : goes_along(x, i, with) && fared_alike(x, i, with);
}

static void find_above(struct lines *x)
{
        size_t n = x->status->record.n_devices;

        x->at = arena_alloc(x->roster.arena, n * sizeof(*x->at));
        x->above = arena_alloc(x->roster.arena, n * sizeof(*x->above));
        for (size_t i = 0; i < n; i++) {
                const struct record_device *d = device(x, i);

                x->above[i] = NO_DEVICE;
                x->at[i] = x->plan ? facts_find(x->plan->facts, d->address) : NO_DEVICE;
                /* Another device may be there by now. */
                if (x->at[i] != NO_DEVICE && *d->id && !streq(x->plan->facts->devices[x->at[i]].id, d->id))
                        x->at[i] = NO_DEVICE;
        }
        for (int company = 1; company >= 0; company--)
                for (size_t i = 0; i < n; i++)
                        for (size_t k = 0; k < n && x->above[i] == NO_DEVICE; k++)
                                if (k != i && x->above[k] == NO_DEVICE && stands_on(x, i, k, company))
                                        x->above[i] = k;
}

/* A virtual function that the rule leaves as it is: its parent's line tells of those that it does not. */
static bool is_idle(const struct lines *x, size_t i)
{
        const struct plan_entry *e = x->at[i] == NO_DEVICE ? NULL : plan_find(x->plan, x->at[i]);

        return device(x, i)->action == ACTION_KEEP && e && vgpu_is_made(x->plan, e);
}

static bool has_row(const struct lines *x, size_t i)
{
        return streq(device(x, i)->rule, x->rule->name) && x->above[i] == NO_DEVICE && !is_idle(x, i);
}

/* ---- a device ------------------------------------------------------------------------------------------------------
 */

static bool is_bad(const struct record_device *d)
{
        return d->state == STATE_FAILED || d->state == STATE_BEGUN || d->state == STATE_REFUSED ||
               (d->state == STATE_NONE && d->action == ACTION_REFUSE);
}

/* What it is, as far as that shows now, and which driver has it. */
static void describe(const struct lines *x, struct roster_row *row, size_t i)
{
        const struct record_device *d = device(x, i);
        const struct bus *bus = bus_named(d->bus);
        const char *kind = bus ? bus->kind(d->class) : NULL;

        if (x->at[i] != NO_DEVICE)
                roster_device(&x->roster, row, x->plan->facts, x->names, x->at[i]);
        else {
                row->address = domain_less(x->roster.one_domain, d->address);
                row->kind = kind ? kind : d->class;
                row->cell.model = row->cell.bare =
                        arena_join(x->roster.arena, d->id, *d->id && *row->kind ? " " : "", row->kind, NULL);
        }
        if (record_device_taken(d))
                row->driver = d->driver;
        else if (x->status->boot)
                row->driver = "";
}

/* Whether the rule's text, or the screen's head, says it already. */
static bool is_said(const struct lines *x, const struct record_device *d)
{
        return !*d->reason || streq(x->rule->message, d->reason) || (x->status->off_by && d->kind == REASON_OFF);
}

/* That one says why. */
static bool is_told_with(const struct record_device *d, const char *address)
{
        return (d->kind == REASON_ANOTHER || d->kind == REASON_BENEATH) && is_about(d, address);
}

static const char *why(const struct lines *x, size_t i)
{
        const struct record_device *d = device(x, i);

        if (record_device_taken(d) && d->kind == REASON_MATCHED)
                return "";
        if (d->state == STATE_NONE && d->action != ACTION_REFUSE)
                return "";
        if (d->kind == REASON_SURPLUS)
                return arena_join(x->roster.arena, strchr(d->about, '=') ? "" : "Path=", d->about,
                                  NULL); /* an old record's */
        /* Its companion's line says why. */
        for (size_t k = 0; k < x->status->record.n_devices; k++)
                if (k != i && streq(device(x, k)->rule, d->rule) && is_told_with(d, device(x, k)->address))
                        return "";
        return is_said(x, d) ? "" : reason(x, i);
}

/* How long its service has had it, and who has it now. */
static void add_use(const struct lines *x, struct roster_row *row, size_t i)
{
        const struct record_device *d = device(x, i);
        const char *user = x->status->users ? x->status->users[i] : NULL;
        uint64_t now = x->status->now_us;
        struct arena *a = x->roster.arena;

        if (now > d->at_us && d->at_us > 0)
                strings_add(a, &row->below, arena_join(a, "started ", form_time(a, now - d->at_us), " ago", NULL));
        if (user)
                strings_add(a, &row->below, user);
}

static void put_device(struct lines *x, size_t i, bool only)
{
        const struct record_device *d = device(x, i);
        const char *kept_out = x->status->kept_out ? x->status->kept_out[i] : NULL, *text = why(x, i);
        struct roster_row *row = x->first ? x->first : roster_add(&x->roster);
        struct arena *a = x->roster.arena;

        x->first = NULL;
        describe(x, row, i);
        if (record_device_taken(d))
                row->at_us = d->at_us;
        else if (d->state == STATE_NONE && d->action != ACTION_REFUSE)
                row->last = d->action == ACTION_KEEP ? ROSTER_STAYS : x->status->boot || is_waiting(d) ? "" : "not yet";
        row->bad = !only && is_bad(d) && (*text || d->state != STATE_REFUSED) && d->kind != REASON_SURPLUS;
        if (d->state == STATE_LATE)
                strings_add(a, &row->below, arena_join(a, "taken from ", d->from, NULL));
        else if (kept_out && record_device_taken(d))
                strings_add(a, &row->below, arena_join(a, "kept from ", kept_out, NULL));
        if (d->stage == STAGE_DEMAND && record_device_taken(d))
                add_use(x, row, i);
        if (*text)
                strings_add(a, &row->below, text);
        for (size_t k = 0; k < x->status->record.n_devices; k++)
                if (x->above[k] == i && (record_device_taken(device(x, k)) || is_waiting(device(x, k))))
                        roster_along(&x->roster, row, x->plan->facts, x->at[k], x->at[i]);
}

/* ---- a rule --------------------------------------------------------------------------------------------------------
 */

/* "0000:42:00.0: ..." is said beside that device. */
static bool said_below(const struct lines *x)
{
        const struct record *r = &x->status->record;

        for (size_t i = 0; i < r->n_devices; i++)
                if (streq(r->devices[i].rule, x->rule->name) && x->rule->kind == REASON_OF_DEVICE &&
                    streq_ptr(x->rule->about, r->devices[i].address))
                        return true;
        return false;
}

/* What is said in place of a device; or NULL, where its devices say all. */
static const char *text_of(const struct lines *x, size_t n_rows)
{
        const struct record_rule *r = x->rule;
        const struct rule *rule = x->plan ? config_find(x->plan->config, r->name) : NULL;
        const struct reason why = reason_about(r->kind, r->message, r->about);
        struct arena *a = x->roster.arena;

        if (r->kind == REASON_NOT_IN_EFFECT)
                return "not in effect yet";
        if (x->status->off_by && r->kind == REASON_OFF)
                return NULL;
        if (r->state == RULE_MISSING && rule && rule->digest == r->digest)
                return plan_lines_missing(a, rule, &why);
        if (r->kind == REASON_TOO_MANY)
                return r->about;
        if (r->state == RULE_OK && n_rows == 0 && rule && !*r->message)
                return rule->sriov && x->plan->rules[rule - x->plan->config->rules].n_matched > 0
                               ? "its virtual functions are there"
                               : plan_lines_none(a, rule);
        return *r->message && !said_below(x) ? r->message : NULL;
}

static void put_rule(struct lines *x, const struct record_rule *rule)
{
        const struct record *r = &x->status->record;
        size_t n_rows = 0;
        const char *text;

        x->rule = rule;
        for (size_t i = 0; i < r->n_devices; i++)
                n_rows += has_row(x, i);
        x->first = roster_add_rule(&x->roster, rule->name, rule->state);
        text = text_of(x, n_rows);
        if (text) {
                x->first->text = domain_less_text(x->roster.one_domain, x->roster.arena, text);
                x->first = NULL;
        }
        for (size_t i = 0; i < r->n_devices; i++)
                if (has_row(x, i))
                        put_device(x, i, n_rows == 1);
}

struct roster status_lines(const struct status *status, const struct plan *plan, const struct pci_name *names,
                           struct arena *a)
{
        struct lines x = {.status = status, .plan = plan, .names = names, .roster = {.arena = a, .last = "TIME"}};

        x.roster.one_domain = true;
        for (size_t i = 0; i < status->record.n_devices; i++)
                x.roster.one_domain &= startswith(status->record.devices[i].address, "0000:");
        if (plan)
                x.roster.one_domain &= domain_is_one(plan->facts);
        find_above(&x);
        for (size_t i = 0; i < status->record.n_rules; i++)
                put_rule(&x, &status->record.rules[i]);
        roster_sum_up(&x.roster);
        return x.roster;
}
