/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/against.h"

#include "base/str.h"

static const struct plan_entry *entry_of(const struct plan *plan, const char *address)
{
        size_t at = facts_find(plan->facts, address);

        return at == NO_DEVICE ? NULL : plan_find(plan, at);
}

static bool stays(const struct plan_entry *e)
{
        return !e || e->action == ACTION_KEEP;
}

/* Which rule leaves a device to the host, or to which stage, is no change of the device. */
static bool fares_alike(const struct against *x, const struct against_change *c)
{
        if (stays(c->before) || stays(c->after))
                return stays(c->before) && stays(c->after);
        return c->before->action == c->after->action && c->before->stage == c->after->stage &&
               streq_ptr(c->before->driver, c->after->driver) &&
               streq(x->before->config->rules[c->before->rule].name, x->after->config->rules[c->after->rule].name);
}

void against_compare(const struct plan *before, const struct plan *after, struct arena *a, struct against *ret)
{
        *ret = (struct against){.before = before, .after = after};
        for (size_t i = 0; i < after->facts->n_devices; i++) {
                const char *address = after->facts->devices[i].address;
                struct against_change c = {i, entry_of(before, address), plan_find(after, i)};

                if (!fares_alike(ret, &c))
                        *(struct against_change *)arena_grow(a, &ret->changes, ret->n++, sizeof(*ret->changes)) = c;
        }
}

const char *against_text(struct arena *a, const struct plan *plan, const struct plan_entry *e)
{
        const char *rule = e ? plan->config->rules[e->rule].name : NULL;

        if (stays(e))
                return "stays with the host";
        if (e->action == ACTION_REFUSE)
                return arena_join(a, "refused to ", rule, ": ", e->reason, NULL);
        return arena_join(a, e->driver && *e->driver ? e->driver : "handed over", ", by ", rule, NULL);
}
