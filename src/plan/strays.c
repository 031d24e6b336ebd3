/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/strays.h"

size_t strays_next(const struct plan *plan, size_t after)
{
        for (size_t i = after == NO_DEVICE ? 0 : after + 1; i < plan->facts->n_devices; i++)
                /* No rule takes a mediated device over; whoever made it may need it. */
                if (driver_is_vfio(plan->facts->devices[i].driver_now) && !plan_find(plan, i) &&
                    !plan->facts->devices[i].bus->syntax->made)
                        return i;
        return NO_DEVICE;
}

const char *strays_text(const struct plan *plan, struct arena *a)
{
        const char *text = NULL;

        for (size_t i = strays_next(plan, NO_DEVICE); i != NO_DEVICE; i = strays_next(plan, i))
                text = arena_join(a, text ? text : "", text ? ", " : "", plan->facts->devices[i].address, NULL);
        return text;
}
