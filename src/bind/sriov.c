/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual functions of a rule: made once their parents are ready, set up, and then bound. */
#include "act/sriov.h"
#include "base/str.h"
#include "bind/making.h"
#include "bus/pci/sriov.h"
#include "report/log.h"

static bool means(const struct rule *rule)
{
        return rule->sriov;
}

static void plan(struct run *r)
{
        pci_sriov(r->root, &r->arena, SRIOV_NOW, &r->plan);
}

static void plan_none(struct run *r)
{
        pci_sriov(r->root, &r->arena, SRIOV_NONE, &r->plan);
}

static size_t count(const struct run *r)
{
        return r->plan.sriov->n_parents;
}

static struct making_parent parent_at(const struct run *r, size_t parent)
{
        const struct sriov_parent *x = &r->plan.sriov->parents[parent];

        return (struct making_parent){.entry = x->entry, .waits = x->waits, .refused = x->refused};
}

static enum sriov_end act(struct run *r, size_t parent, enum sriov_phase phase, struct diags *problems)
{
        return act_sriov(r->root, &r->plan, parent, phase, MAKING_PATIENCE, &r->arena, problems);
}

static enum making_end make(struct run *r, size_t parent, struct diags *problems)
{
        const struct sriov_parent *x = &r->plan.sriov->parents[parent];
        const struct plan_entry *e = &r->plan.entries[x->entry];
        const char *address = r->facts.devices[e->device].address, *rule = r->config.rules[e->rule].name;

        if (act(r, parent, SRIOV_MAKE, problems) != SRIOV_DONE)
                return MAKING_FAILED;
        if (x->change)
                log_line(r->root, LOG_LEVEL_INFO, LOG_RULE, rule, address, "%s: %s: virtual functions are made", rule,
                         address);
        return act(r, parent, SRIOV_SET, problems) == SRIOV_USELESS ? MAKING_PARTLY : MAKING_DONE;
}

/* Drivers of the host get the rest. */
static void finish(struct run *r, size_t parent, struct diags *problems)
{
        act(r, parent, SRIOV_END, problems);
}

static const struct making making = {
        .what = "virtual functions",
        .means = means,
        .plan = plan,
        .count = count,
        .parent = parent_at,
        .make = make,
        .finish = finish,
        .take = run_take,
        .fewer = sriov_fewer,
};

int run_sriov(const struct root *root, const char *rule)
{
        return making_run(root, &making, rule, MAKING_IN_BOOT);
}

int run_sriov_now(const struct root *root, const char *rule)
{
        return making_run(root, &making, rule, MAKING_BY_HAND);
}

int run_sriov_none(const struct root *root, const char *rule)
{
        static const struct making none = {.plan = plan_none, .count = count, .parent = parent_at};
        _cleanup_(run_free) struct run r = {.root = root};
        _cleanup_(close_fd) int lock = -1;
        struct diags problems = {.arena = &r.arena};
        int k = record_lock(root, 0, &lock), end = RUN_DONE;

        making_is_by_hand();
        if (k == 0)
                k = making_look(&r, &none);
        for (size_t i = 0; k == 0 && i < count(&r); i++) {
                const char *address = making_address(&r, &none, i, rule), *refused = parent_at(&r, i).refused;
                size_t first = problems.n;

                if (!address)
                        continue;
                if (refused)
                        diag_add(&problems, DIAG_ERROR, NULL, 0, "its virtual functions stay: %s", refused);
                else
                        act(&r, i, SRIOV_MAKE, &problems);
                act(&r, i, SRIOV_END, &problems);
                making_say(root, rule, address, &problems, first);
                end = problems.n > first ? RUN_UNSATISFIED : end;
        }
        return k < 0 ? k : end;
}
