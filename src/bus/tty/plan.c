/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a port is handed over and given back: udev decides at its event, so it gets one. */
#include "base/str.h"
#include "bus/tty/tty.h"
#include "plan/ops.h"
#include "plan/planner.h"

static void ask_udev(struct arena *a, const struct device *d, const char *why, struct ops *ops)
{
        ops_add(a, ops, OP_WRITE, arena_join(a, TTY_CLASS "/", d->address, "/uevent", NULL), "add", why)->file =
                arena_join(a, d->sysfs, "/uevent", NULL);
}

void tty_take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct device *d = entry_device(p, &p->plan->entries[entry]);

        ask_udev(p->arena, d, "udev gives the port to the rule at its next event", ops);
}

void tty_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        (void)driver;
        ask_udev(a, d, "udev gives the port to the host at its next event", ops);
}
