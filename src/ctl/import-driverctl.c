/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What driverctl(8) hands over: a file for each device, with the name of its driver. */
#include "base/str.h"
#include "config/driver.h"
#include "ctl/import.h"
#include "facts/rivals.h"

static void read_override(struct import *m, const struct override *o)
{
        size_t device;

        if (!facts_find_written(&m->edit.c->facts, o->address, &device))
                import_note(m, "%s is left alone: it is about no PCI device", o->file);
        else if (device == NO_DEVICE)
                import_note(m, "%s is left alone: there is no such device here", o->file);
        else if (!*o->driver || streq(o->driver, "none") || strpbrk(o->driver, " \t\r\n"))
                import_note(m, "%s is left alone: it names no driver", o->file);
        else
                import_device(m, o->file, "driverctl", device, streq(o->driver, DRIVER_VFIO_PCI) ? NULL : o->driver);
}

int import_driverctl(struct import *m)
{
        struct rivals theirs = {};

        rivals_read_driverctl(&m->edit.c->root, &m->edit.c->arena, &theirs);
        for (size_t i = 0; i < theirs.n_driverctl; i++)
                read_override(m, &theirs.driverctl[i]);
        return 0;
}
