/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/propose.h"

#include "base/str.h"

void propose_match(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                   const char **ret_why)
{
        const struct bus *bus = facts->devices[devices[0]].bus;

        *ret = *ret_why = NULL;
        for (size_t i = 1; i < n; i++)
                if (facts->devices[devices[i]].bus != bus) {
                        *ret_why = "devices of two buses go into two rules";
                        return;
                }
        bus->propose(a, facts, devices, n, ret, ret_why);
        if (*ret && bus != facts->buses[0].bus)
                *ret = arena_join(a, "Bus=", bus->syntax->name, "\n", *ret, NULL);
}

bool propose_goes_along(const struct facts *facts, size_t device, size_t with)
{
        const struct device *d = &facts->devices[device], *leader = &facts->devices[with];

        return device != with && leader->roles & ROLE_DISPLAY && device_same_make(d, leader) &&
               /* The first of two displays on a card takes the other along. */
               (!(d->roles & ROLE_DISPLAY) || with < device);
}

const char *propose_text(struct arena *a, const struct proposal *p)
{
        const char *text = arena_join(a, p->comment, "[Match]\n", p->match, NULL);

        if (text && (p->expect != 1 || p->n_removable > 0 || p->n_settings > 0))
                text = arena_join(a, text, "[Device]\n", NULL);
        if (text && p->n_removable > 0)
                text = arena_printf(a, "%sExpect=%zu-%zu\n", text, p->expect - MIN(p->expect, p->n_removable),
                                    p->expect);
        else if (text && p->expect != 1)
                text = arena_printf(a, "%sExpect=%zu\n", text, p->expect);
        for (size_t i = 0; text && i < p->n_settings; i++)
                text = arena_join(a, text, p->settings[i], "\n", NULL);
        if (p->functions)
                text = arena_join(a, text, "[SR-IOV]\nVirtualFunctions=", p->functions, "\n", NULL);
        return p->gpus ? arena_join(a, text, p->gpus, NULL) : text;
}
