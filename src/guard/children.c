/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver of a device that no other evidence speaks of gives the host. */
#include "base/str.h"
#include "guard/parts.h"

static bool carries(const struct evidence *evidence, size_t device, enum node_kind kind)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == kind && guard_reached(&evidence->nodes[i], device))
                        return true;
        return false;
}

/*
 * What a driver has made of the device for the host: the name of a directory that its class has below it; or NULL. What
 * is on disks, interfaces, terminals and buses of USB is known by other evidence.
 */
static const char *child(const struct graph *g, size_t device, const char *dir, unsigned depth)
{
        static const char *const classes[] = {"net", "block", "input", "tty", "sound", "dma", "wwan", "tpm", "rtc"};
        const char **names, *found = NULL, *class = str_basename(dir);
        size_t n;

        if (root_look_in(g->root, g->arena, dir, &names, &n) == SOURCE_UNREADABLE)
                return "something that cannot be read";
        for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
                if (streq(class, classes[c]))
                        /* What the evidence has of these is judged by their uses. */
                        return n == 0 || (c < 2 && carries(g->evidence, device, c ? NODE_BLOCK : NODE_INTERFACE))
                                       ? NULL
                                       : classes[c];
        /* Buses and their devices have a number in their names, or an address; attributes do not. */
        for (size_t i = 0; i < n && !found && depth < 8; i++) {
                bool is_class = false;

                for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
                        is_class |= streq(names[i], classes[c]);
                if (is_class || (strpbrk(names[i], "0123456789") && !guard_speaks_for_itself(g, device, names[i])))
                        found = child(g, device, arena_join(g->arena, dir, "/", names[i], NULL), depth + 1);
        }
        return found;
}

/* For a kind of device that no other evidence covers, and that a driver has. */
const char *guard_children(const struct graph *g, size_t device)
{
        const struct device *d = &g->facts->devices[device];
        const char *what;

        if (!d->driver || driver_sets_aside(d->driver) || d->bus->interfaces)
                return NULL;
        /* One of the keyboards is judged together with the others. */
        for (size_t i = 0; i < g->evidence->n_keyboards; i++)
                if (guard_reached(&g->evidence->nodes[g->evidence->keyboards[i]], device))
                        return NULL;
        if (streq(d->driver, "ccp"))
                what = "the keys that are sealed to the firmware's TPM";
        else if (streq(d->driver, "thunderbolt"))
                what = "what is plugged into its ports";
        else if (d->roles & (ROLE_SERIAL | ROLE_BRIDGE | ROLE_STORAGE | ROLE_NETWORK | ROLE_USB) ||
                 !(d->roles & (ROLE_GUARDED | ROLE_OBSCURE)))
                return NULL;
        else
                what = child(g, device, d->sysfs, 0);
        return what ? arena_printf(g->arena,
                                   "driver %s has it and gives the host %s, which may be needed; if not, unbind it "
                                   "from %s first",
                                   d->driver, what, d->driver)
                    : NULL;
}

/* From when on what is plugged in has shown, in milliseconds: drivers/usb/core/hub.c waits up to 2000 for it. */
#define SETTLED 3000

/* A root hub, of which nothing is below but its own interface (Documentation/ABI/testing/sysfs-bus-usb). */
static bool is_empty(const struct graph *g, const char *hub)
{
        const char **names, *power = arena_join(g->arena, hub, "/power/connected_duration", NULL);
        char text[32];
        uint32_t since;
        size_t n;

        if (root_read(g->root, power, text, sizeof(text)) <= 0 || !str_to_u32(text, 10, &since) || since < SETTLED ||
            root_look_in(g->root, g->arena, hub, &names, &n) != SOURCE_READ)
                return false;
        for (size_t i = 0; i < n; i++)
                if (strchr("123456789", *names[i]) && strchr(names[i], '-') && !endswith(names[i], "-0:1.0"))
                        return false;
        return true;
}

bool guard_idle(const struct graph *g, size_t device)
{
        const struct device *d = &g->facts->devices[device];
        const char **names;
        size_t n, buses = 0;

        if (!(d->roles & ROLE_USB))
                return d->roles & ROLE_GUARDED && (!d->driver || !child(g, device, d->sysfs, 0));
        if (!d->driver || root_look_in(g->root, g->arena, d->sysfs, &names, &n) != SOURCE_READ)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!startswith(names[i], "usb") || !strpbrk(names[i], "0123456789"))
                        continue;
                if (!is_empty(g, arena_join(g->arena, d->sysfs, "/", names[i], NULL)))
                        return false;
                buses++;
        }
        return buses > 0;
}
