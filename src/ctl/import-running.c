/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VFIO driver has now, whoever gave it that, and no rule speaks of. */
#include "base/str.h"
#include "config/driver.h"
#include "ctl/import.h"

int import_running(struct import *m)
{
        struct ctl *c = m->edit.c;
        bool *ruled;
        size_t n;
        int k = edit_plan(&m->edit); /* of the rules there are */

        if (k != 0)
                return k;
        n = c->facts.n_devices;
        ruled = arena_alloc(&c->arena, n * sizeof(*ruled));
        for (size_t i = 0; i < n; i++)
                ruled[i] = plan_find(&c->plan, i);
        k = edit_look(c);
        for (size_t i = 0; k == 0 && i < c->facts.n_devices; i++) {
                const struct device *d = &c->facts.devices[i];

                if (!driver_is_vfio(d->driver_now) || (i < n && ruled[i]))
                        continue;
                import_device(m, arena_printf(&c->arena, "%s, which %s had", d->address, d->driver_now), "running", i,
                              streq(d->driver_now, DRIVER_VFIO_PCI) ? NULL : d->driver_now);
        }
        return k;
}
