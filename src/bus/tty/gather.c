/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "bus/tty/tty.h"
#include "facts/claim.h"
#include "facts/facts.h"
#include "facts/terminals.h"

/* Where the class's link leads, "/sys/devices/..."; NULL: no hardware is behind it. */
static const char *sysfs_path(const struct root *root, struct arena *a, const char *name)
{
        static const char up[] = "../../devices/";
        char *link = arena_join(a, TTY_CLASS "/", name, NULL), target[PATH_MAX];

        if (root_readlink(root, link, target, sizeof(target)) <= 0 || !startswith(target, up) ||
            startswith(target, "../../devices/virtual/"))
                return NULL;
        return arena_join(a, "/sys/devices/", target + sizeof(up) - 1, NULL);
}

/* "type" is PORT_UNKNOWN (include/uapi/linux/serial_core.h): no UART is there. Without the file there is one. */
static bool is_placeholder(const struct root *root, struct arena *a, const char *sysfs)
{
        char text[16];

        return root_read(root, arena_join(a, sysfs, "/type", NULL), text, sizeof(text)) > 0 && streq(text, "0");
}

/* The last part of where a link leads, or NULL. */
static const char *leads_to(const struct root *root, struct arena *a, const char *path, const char *link)
{
        char target[PATH_MAX];

        if (root_readlink(root, arena_join(a, path, "/", link, NULL), target, sizeof(target)) <= 0)
                return NULL;
        return arena_strdup(a, str_basename(target));
}

/*
 * The driver of what the port is on. Since Linux 6.5 two devices of the bus serial-base are in between, which say
 * nothing (drivers/tty/serial/serial_base_bus.c).
 */
static const char *driver_of(const struct root *root, struct arena *a, const char *sysfs)
{
        char *path = arena_strdup(a, sysfs), *end = strstr(path, "/tty/"), *next = end;
        const char *driver = NULL;

        /* The port's own name may be that of a directory above, "ttyUSB0/tty/ttyUSB0". */
        while (next && (next = strstr(next + 1, "/tty/")))
                end = next;
        for (unsigned i = 0; end && !driver && i < 4; i++, end = strrchr(path, '/')) {
                *end = '\0';
                if (!streq_ptr(leads_to(root, a, path, "subsystem"), "serial-base"))
                        driver = leads_to(root, a, path, "driver");
        }
        return driver;
}

/* The device of another bus that the port is on, or NULL; *ret_rest: of its path, what is below that. */
static const struct device *carrier_of(const struct facts *gathered, struct arena *a, const char *sysfs,
                                       const char **ret_rest)
{
        const struct device *found = NULL;

        *ret_rest = sysfs;
        for (const char *at = sysfs; *at;) {
                size_t n = strcspn(at, "/"), device = facts_find(gathered, arena_strndup(a, at, n));

                at += n + (at[n] == '/');
                if (device != NO_DEVICE) {
                        found = &gathered->devices[device];
                        *ret_rest = at;
                }
        }
        return found;
}

/*
 * Which of the ports of its device it is, whatever its name: by USB's interface and the port on that, "1.0.0", or by
 * what serial-base counts, "0.1". Kernels before 6.5 have nothing of the kind for PCI: its name.
 */
static const char *port_on(const struct root *root, struct arena *a, const struct device *d, const struct device *c,
                           const char *rest)
{
        const char *prefix = arena_join(a, c->address, ":", NULL), *port = NULL;
        char text[16];

        for (const char *at = rest; *at;) {
                size_t n = strcspn(at, "/");

                if (startswith(at, prefix))
                        port = arena_strndup(a, at + strlen(prefix), n - strlen(prefix));
                at += n + (at[n] == '/');
        }
        if (port && root_read(root, arena_join(a, TTY_CLASS "/", d->address, "/device/port_number", NULL), text,
                              sizeof(text)) > 0)
                port = arena_join(a, port, ".", str_printable(a, text), NULL);
        return port ? port : d->address;
}

/* ---- what people call it -------------------------------------------------------------------------------------------
 */

/* By "type", as in include/uapi/linux/serial_core.h; other makes go without a name. */
static const char *const makes[] = {
        [1] = "8250", [2] = "16450", [3] = "16550", [4] = "16550A", [8] = "16750", [10] = "16950"};

/* A number of its files in hex or decimal; 0: none, or it does not show. */
static uint32_t number_of(const struct root *root, struct arena *a, const struct device *d, const char *name)
{
        char text[32];
        uint32_t n;
        bool hex;

        if (root_read(root, arena_join(a, d->sysfs, "/", name, NULL), text, sizeof(text)) <= 0)
                return 0;
        hex = startswith(text, "0x");
        return str_to_u32(text + (hex ? 2 : 0), hex ? 16 : 10, &n) ? n : 0;
}

/* "serial port, 16550A at 0x2f8" */
static const char *called_by_chip(const struct root *root, struct arena *a, const struct device *d)
{
        uint32_t type = number_of(root, a, d, "type"), port = number_of(root, a, d, "port");
        uint32_t at = port ? port : number_of(root, a, d, "iomem_base");
        const char *make = type < ARRAY_SIZE(makes) ? makes[type] : NULL, *text = "serial port";

        if (make)
                text = arena_join(a, text, ", ", make, NULL);
        return at ? arena_printf(a, make ? "%s at 0x%x" : "%s, at 0x%x", text, at) : text;
}

/* "FT232R USB UART, port 0": port has the configuration, the interface and mostly the port on that, "1.0.0". */
static const char *called_by_adapter(struct arena *a, const struct device *c, const char *port)
{
        const char *interface = strchr(port, '.') + 1, *last = strchr(interface, '.');

        port = last && streq(last, ".0")     ? arena_strndup(a, interface, (size_t)(last - interface))
               : startswith(interface, "0.") ? last + 1
                                             : interface;
        return c->said_model ? arena_join(a, c->said_model, ", port ", port, NULL)
                             : arena_join(a, "serial port ", port, " of ", c->address, NULL);
}

/* What it is on, or NULL. */
static const struct device *gather_place(const struct root *root, struct arena *a, const struct facts *gathered,
                                         struct device *d)
{
        const char *rest, *port;
        const struct device *c = carrier_of(gathered, a, d->sysfs, &rest);

        d->path = d->address;
        d->said_model = called_by_chip(root, a, d);
        if (!c)
                return NULL;
        port = port_on(root, a, d, c, rest);
        d->below = c->address;
        d->path = arena_join(a, c->path, ":", port, NULL);
        memcpy(d->id, c->id, sizeof(d->id));
        d->said_vendor = c->said_vendor;
        if (c->bus->syntax->taken_by && strchr(port, '.'))
                d->said_model = called_by_adapter(a, c, port);
        return c;
}

/* carrier: what it is on, or NULL. */
static const char *claim_of(const struct root *root, struct arena *a, const char *sysfs, const struct device *carrier)
{
        char numbers[32];
        const char *entry;

        if (root_read(root, arena_join(a, sysfs, "/dev", NULL), numbers, sizeof(numbers)) <= 0)
                return NULL;
        entry = claim_entry(root, a, arena_join(a, "c", numbers, NULL));
        if (carrier && carrier->identified && claim_is_of_another(a, entry, carrier->id, carrier->marks[MARK_SERIAL]))
                return NULL;
        return claim_property(a, entry, CLAIM_RULE);
}

static void gather_port(const struct root *root, struct arena *a, const struct facts *gathered,
                        const struct terminals *terminals, struct device *d)
{
        struct tty_port *port = arena_alloc(a, sizeof(*port));
        const struct device *carrier;

        *port = (struct tty_port){.node = arena_join(a, "/dev/", d->address, NULL)};
        port->use = terminals_use(terminals, d->address, &port->unknown);
        d->own = port;
        carrier = gather_place(root, a, gathered, d);
        d->identified = d->detailed = true;
        d->roles = tty_bus.roles(d->class);
        d->group = NO_GROUP;
        d->index = UINT32_MAX;
        d->claim = claim_of(root, a, d->sysfs, carrier);
        d->driver = d->claim ? tty_syntax.taken_by : driver_of(root, a, d->sysfs);
        d->driver_now = d->driver;
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct terminals terminals;
        const char **names;
        size_t n;
        int k = root_list(root, a, TTY_CLASS, &names, &n);

        (void)request;
        if (k < 0)
                return k;
        terminals_read(root, a, facts->cmdline, &terminals);
        facts->devices = arena_alloc(a, n * sizeof(*facts->devices));
        for (size_t i = 0; i < n; i++) {
                struct device *d = &facts->devices[facts->n_devices];
                const char *sysfs = tty_is_name(names[i]) ? sysfs_path(root, a, names[i]) : NULL;

                if (!sysfs || is_placeholder(root, a, sysfs))
                        continue;
                *d = (struct device){.bus = &tty_bus, .address = names[i], .sysfs = sysfs};
                gather_port(root, a, facts->gathered, &terminals, d);
                facts->n_devices++;
        }
        return 0;
}

const struct bus_source tty_source = {.bus = &tty_bus, .gather = gather};
