/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mediated device is made for its rule, with the driver that serves it, and goes when it is given back. */
#include "base/str.h"
#include "bus/mdev/mdev.h"
#include "plan/ops.h"
#include "plan/planner.h"

void mdev_take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);

        ops_add(p->arena, ops, OP_VERIFY, arena_join(p->arena, MDEV_DEVICES "/", d->address, "/driver", NULL),
                e->driver, "virtual machines open it through that driver");
}

/* The write waits for whoever has it open (drivers/vfio/mdev/mdev_sysfs.c, remove_store()). */
void mdev_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        const char *dir = arena_join(a, MDEV_DEVICES "/", d->address, NULL);
        struct op *op = ops_add(a, ops, OP_WRITE, arena_join(a, dir, "/remove", NULL), "1", "it goes away");

        op->task = arena_join(a, "removing ", d->address, NULL);
        /* One that no driver serves has none to be without. */
        if (*driver)
                ops_add(a, ops, OP_VERIFY, arena_join(a, dir, "/driver", NULL), driver, "it must not be there any more")
                        ->flags = OP_GONE;
}
