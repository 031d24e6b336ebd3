/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GPUs of a rule: made once their parents are ready, after the virtual functions that some of them are made
 * of. passthrough-vgpu-functions@.service makes those alone, before somebody else divides the GPU.
 */
#include "act/vgpu.h"
#include "base/str.h"
#include "bind/making.h"
#include "bus/mdev/vgpu.h"
#include "report/log.h"

static bool means(const struct rule *rule)
{
        return rule->vgpu && vgpu_typed(rule->vgpu);
}

/* Given back by hand, it stays away until it is bound by hand, or the next boot. */
static bool is_released(const struct run *r, const struct vgpu_op *x)
{
        const struct vgpu_plan *v = r->plan.vgpu;

        for (size_t i = 0; i < v->n_devices; i++) {
                const struct vgpu_device *d = &v->devices[i];
                const struct record_device *known = d->address ? record_find_device(&r->record, d->address) : NULL;

                if (d->parent == x->parent && d->index == x->index)
                        return known && known->action == ACTION_KEEP && known->state == STATE_SKIPPED;
        }
        return false;
}

static void plan(struct run *r)
{
        struct vgpu_plan *v = arena_alloc(&r->arena, sizeof(*v));
        size_t n = 0;

        vgpu_plan(r->root, &r->arena, VGPU_NOW, &r->plan);
        *v = *r->plan.vgpu;
        for (size_t i = 0; i < v->n_ops; i++)
                if (making_now() || !is_released(r, &v->ops[i]))
                        v->ops[n++] = v->ops[i];
        v->n_ops = n;
        r->plan.vgpu = v;
}

static size_t count(const struct run *r)
{
        return r->plan.vgpu->n_parents;
}

static bool has_ops(const struct run *r, size_t parent, enum vgpu_phase phase)
{
        for (size_t i = 0; i < r->plan.vgpu->n_ops; i++)
                if (r->plan.vgpu->ops[i].parent == parent && r->plan.vgpu->ops[i].phase == phase)
                        return true;
        return false;
}

/* One whose virtual functions can be made is ready for that. */
static struct making_parent parent_at(const struct run *r, size_t parent)
{
        const struct vgpu_parent *x = &r->plan.vgpu->parents[parent];

        return (struct making_parent){.entry = x->entry,
                                      .waits = has_ops(r, parent, VGPU_FUNCTIONS) ? NULL : x->waits,
                                      .refused = x->refused};
}

/* One that has none, and can have none, is not waited for. */
static struct making_parent parent_of_functions(const struct run *r, size_t parent)
{
        struct making_parent x = parent_at(r, parent);

        if (r->plan.vgpu->parents[parent].is.total == 0)
                x.waits = NULL;
        return x;
}

static const char *address_of(const struct run *r, size_t parent)
{
        return r->facts.devices[r->plan.entries[r->plan.vgpu->parents[parent].entry].device].address;
}

static enum vgpu_end act(struct run *r, size_t parent, enum vgpu_phase phase, struct diags *problems)
{
        const struct plan_entry *e = &r->plan.entries[r->plan.vgpu->parents[parent].entry];
        const char *rule = r->config.rules[e->rule].name, *address = address_of(r, parent);
        enum vgpu_end end;

        if (!has_ops(r, parent, phase))
                return VGPU_DONE;
        end = act_vgpu(r->root, &r->plan, parent, phase, MAKING_PATIENCE, &r->arena, problems);
        if (end != VGPU_FAILED)
                log_line(r->root, LOG_LEVEL_INFO, LOG_RULE, rule, address, "%s: %s: virtual %s are made", rule, address,
                         phase == VGPU_FUNCTIONS ? "functions" : "GPUs");
        return end;
}

static enum making_end make_functions(struct run *r, size_t parent, struct diags *problems)
{
        return act(r, parent, VGPU_FUNCTIONS, problems) == VGPU_DONE ? MAKING_DONE : MAKING_FAILED;
}

static enum making_end make_gpus(struct run *r, size_t parent, struct diags *problems)
{
        const struct vgpu_parent *x = &r->plan.vgpu->parents[parent];
        enum vgpu_end end = act(r, parent, VGPU_MAKE, problems);

        if (end == VGPU_DONE)
                return MAKING_DONE;
        return end == VGPU_FAILED && x->here == 0 ? MAKING_FAILED : MAKING_PARTLY;
}

static enum making_end make(struct run *r, size_t parent, struct diags *problems);

static const struct making making = {
        .what = "virtual GPUs",
        .means = means,
        .plan = plan,
        .count = count,
        .parent = parent_at,
        .make = make,
        .take = run_rule,
        .fewer = vgpu_fewer,
};

/* What can be made of virtual functions shows only once they are there. */
static enum making_end look_again(const struct root *root, const char *rule, const char *address,
                                  struct diags *problems)
{
        _cleanup_(run_free) struct run r = {.root = root};
        enum making_end end = MAKING_FAILED;
        int k = making_look_until_ready(&r, &making, rule);

        if (k < 0)
                diag_add(problems, DIAG_ERROR, NULL, 0, "%s", strerror(-k));
        for (size_t i = 0; k == 0 && i < count(&r); i++) {
                const struct vgpu_parent *x = &r.plan.vgpu->parents[i];

                if (!streq(address_of(&r, i), address))
                        continue;
                if (!x->refused && !x->waits)
                        end = make_gpus(&r, i, problems);
                if (x->refused || x->waits || x->fewer)
                        diag_add(problems, DIAG_ERROR, NULL, 0, "%s%s", x->waits ? "waits for " : "",
                                 x->refused ? x->refused
                                 : x->waits ? x->waits
                                            : x->fewer);
                if (x->fewer && end == MAKING_DONE)
                        end = MAKING_PARTLY;
        }
        return end;
}

static enum making_end make(struct run *r, size_t parent, struct diags *problems)
{
        const struct plan_entry *e = &r->plan.entries[r->plan.vgpu->parents[parent].entry];

        if (!has_ops(r, parent, VGPU_FUNCTIONS))
                return make_gpus(r, parent, problems);
        if (make_functions(r, parent, problems) != MAKING_DONE)
                return MAKING_FAILED;
        return look_again(r->root, r->config.rules[e->rule].name, address_of(r, parent), problems);
}

static bool has_functions(const struct run *r, const char *rule)
{
        for (size_t i = 0; i < count(r); i++)
                if (making_address(r, &making, i, rule) && has_ops(r, i, VGPU_FUNCTIONS))
                        return false;
        return true;
}

int run_vgpu(const struct root *root, const char *rule)
{
        return making_run(root, &making, rule, MAKING_IN_BOOT);
}

int run_vgpu_now(const struct root *root, const char *rule)
{
        return making_run(root, &making, rule, MAKING_BY_HAND);
}

/* All of them or none: what is short of that goes away again. */
int run_vgpu_on_demand(const struct root *root, const char *rule)
{
        int k = run_may_make(root, rule), back;

        if (k != RUN_DONE)
                return k;
        k = making_run(root, &making, rule, MAKING_ON_DEMAND);
        back = k == RUN_DONE ? RUN_DONE : run_give_back_rule(root, rule);
        return k >= 0 && back < 0 ? back : k;
}

int run_vgpu_functions(const struct root *root, const char *rule)
{
        static const struct making functions = {
                .what = "virtual functions",
                .means = means,
                .plan = plan,
                .count = count,
                .parent = parent_of_functions,
                .make = make_functions,
                .idle = has_functions,
        };

        return making_run(root, &functions, rule, MAKING_IN_BOOT);
}
