/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/against.h"

#include "base/str.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"

const char *const against_way_names[] = {"gains", "loses", "changes"};

static uint32_t makes(const struct plan *plan, const struct plan_entry *e)
{
        uint32_t n = 0;

        for (size_t i = 0; plan->sriov && i < plan->sriov->n_parents; i++)
                if (&plan->entries[plan->sriov->parents[i].entry] == e && !plan->sriov->parents[i].refused)
                        n += plan->sriov->parents[i].count;
        for (size_t i = 0; plan->vgpu && i < plan->vgpu->n_parents; i++)
                if (&plan->entries[plan->vgpu->parents[i].entry] == e && !plan->vgpu->parents[i].refused)
                        n += plan->vgpu->parents[i].count;
        return n;
}

static struct against_fate fate_of(const struct plan *plan, size_t at)
{
        const struct plan_entry *e = at == NO_DEVICE ? NULL : plan_find(plan, at);

        return (struct against_fate){e, e ? makes(plan, e) : 0};
}

static bool is_taken(const struct against_fate *f)
{
        return f->entry && f->entry->action == ACTION_BIND;
}

static bool stays(const struct against_fate *f)
{
        return !f->entry || f->entry->action == ACTION_KEEP;
}

static const struct rule *rule_of(const struct plan *plan, const struct against_fate *f)
{
        return &plan->config->rules[f->entry->rule];
}

/* Which rule leaves a device to the host, or to which stage, is no change of the device. What it makes is of a kind. */
static bool fares_alike(const struct against *x, const struct against_change *c)
{
        const struct against_fate *before = &c->before, *after = &c->after;

        if (before->makes != after->makes ||
            (before->makes > 0 && rule_of(x->before, before)->digest != rule_of(x->after, after)->digest))
                return false;
        if (stays(before) || stays(after))
                return stays(before) && stays(after);
        return before->entry->action == after->entry->action && before->entry->stage == after->entry->stage &&
               streq_ptr(before->entry->driver, after->entry->driver) &&
               streq(rule_of(x->before, before)->name, rule_of(x->after, after)->name);
}

static enum against_way way_of(const struct against_change *c)
{
        bool was = is_taken(&c->before), is = is_taken(&c->after);

        if ((was && !is) || c->after.makes < c->before.makes)
                return AGAINST_LOSES;
        return (is && !was) || c->after.makes > c->before.makes ? AGAINST_GAINS : AGAINST_CHANGES;
}

void against_compare(const struct plan *before, const struct plan *after, struct arena *a, struct against *ret)
{
        *ret = (struct against){.before = before, .after = after};
        for (size_t i = 0; i < after->facts->n_devices; i++) {
                size_t at = facts_find(before->facts, after->facts->devices[i].address);
                struct against_change c = {i, fate_of(before, at), fate_of(after, i), AGAINST_CHANGES};

                if (fares_alike(ret, &c))
                        continue;
                c.way = way_of(&c);
                ret->n_ways[c.way]++;
                *(struct against_change *)arena_grow(a, &ret->changes, ret->n++, sizeof(*ret->changes)) = c;
        }
}

bool against_follows(const struct against *x, const struct against_change *c)
{
        bool loses = c->way == AGAINST_LOSES;
        const struct plan *plan = loses ? x->before : x->after;
        const struct plan_entry *e = loses ? c->before.entry : c->after.entry;
        const char *leader;

        if (!e || e->leader == NO_ENTRY)
                return false;
        leader = plan->facts->devices[plan->entries[e->leader].device].address;
        for (size_t i = 0; i < x->n; i++)
                if (x->changes[i].way == c->way &&
                    streq(x->after->facts->devices[x->changes[i].device].address, leader))
                        return true;
        return false;
}

const char *against_text(struct arena *a, const struct plan *plan, const struct against_fate *fate)
{
        const struct plan_entry *e = fate->entry;
        const char *rule = e ? plan->config->rules[e->rule].name : NULL;

        if (fate->makes > 0)
                return arena_printf(a, "%u made of it, by %s", fate->makes, rule);
        if (stays(fate))
                return "stays with the host";
        if (e->action == ACTION_REFUSE)
                return arena_join(a, "refused to ", rule, ": ", e->reason, NULL);
        return arena_join(a, e->driver && *e->driver ? e->driver : "handed over", ", by ", rule, NULL);
}
