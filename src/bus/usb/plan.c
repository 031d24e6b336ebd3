/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hands a USB device over and gives it back, in the order it is done. Interfaces have no driver_override, so what
 * keeps the host's drivers away is udev: an "add" of the device asks it to claim the device, or to let go of it
 * (Documentation/ABI/testing/sysfs-uevent).
 */
#include "base/str.h"
#include "bus/usb/usb.h"
#include "plan/planner.h"

#define PROBE "/sys/bus/usb/drivers_probe"
#define ADD   "add"

struct way {
        struct arena *arena;
        const struct device *d;
        struct ops *ops;
};

/* A write to a file of the device. */
static void add(const struct way *w, const char *file, const char *value, const char *why)
{
        struct op *op = ops_add(w->arena, w->ops, OP_WRITE,
                                arena_join(w->arena, USB_DEVICES "/", w->d->address, "/", file, NULL), value, why);

        op->file = arena_join(w->arena, w->d->sysfs, "/", file, NULL);
}

/* The same of one of its interfaces. */
static struct op *add_at(const struct way *w, const struct usb_interface *i, const char *file, const char *value,
                         const char *why)
{
        struct op *op = ops_add(w->arena, w->ops, OP_WRITE,
                                arena_join(w->arena, USB_DEVICES "/", i->name, "/", file, NULL), value, why);

        op->file = arena_join(w->arena, w->d->sysfs, "/", i->name, "/", file, NULL);
        return op;
}

/* Linux has it since 5.11. */
static void add_inhibit(const struct way *w, const char *value, const char *why)
{
        const struct usb_device *u = usb_of(w->d);

        for (size_t i = 0; i < u->n_inputs; i++)
                ops_add(w->arena, w->ops, OP_WRITE, arena_join(w->arena, u->inputs[i], "/inhibited", NULL), value, why)
                        ->flags = OP_OPTIONAL;
}

static void add_unbinds(const struct way *w)
{
        const struct usb_device *u = usb_of(w->d);

        for (size_t i = 0; i < u->n_interfaces; i++) {
                const struct usb_interface *interface = &u->interfaces[i];
                struct op *op;

                if (!interface->driver || streq(interface->driver, usb_syntax.taken_by))
                        continue;
                op = add_at(w, interface, "driver/unbind", interface->name,
                            arena_join(w->arena, interface->driver, " has it", NULL));
                op->task = arena_join(w->arena, "unbinding ", interface->name, " from ", interface->driver, NULL);
        }
}

void usb_take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);
        const struct rule *rule = &p->config->rules[e->rule];
        const struct way w = {.arena = p->arena, .d = d, .ops = ops};
        /* In the next boot it appears while udev has the rules for it. */
        bool at_boot = !d->driver && d->driver_now;

        if (d->driver && !streq(d->driver, e->driver)) {
                add_inhibit(&w, "1", "what is typed on it is not for the host");
                add_unbinds(&w);
        }
        for (size_t i = 0; i < rule->n_attributes; i++)
                add(&w, rule->attributes[i].name, rule->attributes[i].value, "Attribute=");
        if (!at_boot)
                add(&w, "uevent", ADD, "udev is asked for it: it claims the device and keeps drivers of the host away");
}

/* The record says by then that it is given back. Interfaces are those of this moment. */
void usb_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        const struct way w = {.arena = a, .d = d, .ops = ops};
        const struct usb_device *u = usb_of(d);

        (void)driver;
        add(&w, "uevent", ADD, "udev is asked again, and lets go of it");
        add_inhibit(&w, "0", "what is typed on it is for the host again");
        for (size_t i = 0; i < u->n_interfaces; i++) {
                struct op *op = add_at(&w, &u->interfaces[i], "uevent", ADD, "udev loads its module");

                op->flags = OP_OPTIONAL;
                op = ops_add(a, ops, OP_WRITE, PROBE, u->interfaces[i].name, "binds it");
                op->flags = OP_SHARED | OP_OPTIONAL; /* no driver of the host need have it */
                op->task = arena_join(a, "binding ", u->interfaces[i].name, NULL);
        }
}
