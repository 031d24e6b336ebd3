/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/displays.h"

bool displays_none_left(const struct plan *plan, size_t rule)
{
        bool any = false;

        for (size_t i = 0; i < plan->facts->n_devices; i++) {
                const struct device *d = &plan->facts->devices[i];
                const struct plan_entry *e;

                if (!d->identified)
                        return false;
                if (!(d->roles & ROLE_DISPLAY))
                        continue;
                e = plan_find(plan, i);
                if (!e || e->action != ACTION_BIND)
                        return false;
                any |= rule == NO_ENTRY || e->rule == rule;
        }
        return any;
}
