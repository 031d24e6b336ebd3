/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "bus/usb/usb.h"
#include "facts/claim.h"
#include "facts/facts.h"

#define DESCRIPTORS_MAX ((size_t)1024 * 1024)
#define MAJOR           189U /* Documentation/admin-guide/devices.txt */
#define INPUTS          "/sys/class/input"
#define HUB             "09"

/* One line of a file, or NULL; strings of devices have up to 126 characters of UTF-16. */
static const char *attribute(const struct root *root, struct arena *a, const char *dir, const char *name)
{
        char text[512];

        if (root_read(root, arena_join(a, dir, "/", name, NULL), text, sizeof(text)) <= 0)
                return NULL;
        text[strcspn(text, "\n")] = '\0';
        return str_printable(a, str_trim(text));
}

static const char *link_name(const struct root *root, struct arena *a, const char *dir, const char *name)
{
        char target[PATH_MAX];

        if (root_readlink(root, arena_join(a, dir, "/", name, NULL), target, sizeof(target)) <= 0)
                return NULL;
        return str_printable(a, str_basename(target));
}

/* Where a link in a directory that is so deep leads, "/sys/devices/..."; NULL: elsewhere. */
static char *devices_path(const struct root *root, struct arena *a, const char *link, const char *up)
{
        char target[PATH_MAX];

        if (root_readlink(root, link, target, sizeof(target)) > 0 && startswith(target, up) &&
            !strstr(target + strlen(up), ".."))
                return arena_join(a, "/sys/devices/", target + strlen(up), NULL);
        return NULL;
}

/* ---- what it is ----------------------------------------------------------------------------------------------------
 */

struct classes {
        struct arena *arena;
        const char *text; /* of struct usb_device */
        char best[7];     /* says most of what the device is */
        unsigned roles;
};

static void add_class(void *context, const char *class)
{
        struct classes *x = context;
        const char *word = arena_join(x->arena, arena_strndup(x->arena, class, 2), " ", NULL);

        x->roles |= usb_roles(class);
        if (!*x->best || usb_says_more(class, x->best))
                snprintf(x->best, sizeof(x->best), "%s", class);
        if (!x->text || !strstr(x->text, word))
                x->text = arena_join(x->arena, x->text ? x->text : "", word, NULL);
}

/* All that the device could do, in any configuration; where that cannot be read, what its interfaces do now. */
static void gather_classes(const struct root *root, struct arena *a, struct device *d, struct usb_device *u)
{
        struct classes all = {.arena = a};
        size_t size;
        char *data;
        bool read = root_look(root, a, arena_join(a, d->sysfs, "/descriptors", NULL), &data, &size) == SOURCE_READ &&
                    size <= DESCRIPTORS_MAX &&
                    usb_read_descriptors((const unsigned char *)data, size, add_class, &all) && all.text;

        if (!read) {
                all = (struct classes){.arena = a};
                for (size_t i = 0; i < u->n_interfaces; i++)
                        if (*u->interfaces[i].class)
                                add_class(&all, u->interfaces[i].class);
                        else
                                all.roles |= ROLE_GUARDED;
        }
        u->whole = read;
        u->classes = all.text;
        /* The hub driver takes what calls itself one, whatever its interfaces are (drivers/usb/core/hub.c). */
        all.roles |= usb_roles(d->class) & ROLE_BRIDGE;
        d->roles = read ? all.roles : all.roles | ROLE_GUARDED | usb_roles(d->class);
        if (d->roles & ROLE_BRIDGE)
                snprintf(all.best, sizeof(all.best), HUB);
        if (!*all.best)
                snprintf(all.best, sizeof(all.best), "%s", d->class);
        d->called = usb_kind(all.best);
        memcpy(u->best, all.best, sizeof(u->best));
        if (d->identified)
                snprintf(d->class, sizeof(d->class), "%.2s", all.best);
}

/*
 * The kernel lets nobody read a device's strings while it is busy with what is plugged into it, or with itself
 * (drivers/usb/core/sysfs.c, usb_string_attr()): udev, which knows the serial numbers of those that it has seen, waits
 * for no hub, nor for another device that is one of these.
 */
static bool may_wait(const struct facts_request *request, const struct device *d)
{
        if (!request->asked || streq(request->asked, d->address))
                return true;
        return !d->marks[MARK_SERIAL] && !startswith(d->class, HUB);
}

static void gather_strings(const struct root *root, struct arena *a, struct device *d)
{
        d->marks[MARK_SERIAL] = attribute(root, a, d->sysfs, "serial");
        d->said_vendor = attribute(root, a, d->sysfs, "manufacturer");
        d->said_model = attribute(root, a, d->sysfs, "product");
}

static void gather_identity(const struct root *root, struct arena *a, struct device *d)
{
        const char *vendor = attribute(root, a, d->sysfs, "idVendor"), *class;
        const char *product = attribute(root, a, d->sysfs, "idProduct");

        class = attribute(root, a, d->sysfs, "bDeviceClass");
        d->identified = vendor && product && class && strlen(vendor) == 4 && strlen(product) == 4 && strlen(class) == 2;
        if (d->identified) {
                snprintf(d->id, sizeof(d->id), "%.4s:%.4s", vendor, product);
                snprintf(d->class, sizeof(d->class), "%s", class);
        }
}

/* ---- who has it ----------------------------------------------------------------------------------------------------
 */

static void add_interface(const struct root *root, struct arena *a, struct usb_device *u, const char *dir,
                          const char *name)
{
        struct usb_interface *i = arena_grow(a, &u->interfaces, u->n_interfaces++, sizeof(*u->interfaces));
        const char *class = attribute(root, a, dir, "bInterfaceClass"),
                   *sub = attribute(root, a, dir, "bInterfaceSubClass"),
                   *protocol = attribute(root, a, dir, "bInterfaceProtocol");

        *i = (struct usb_interface){.name = name, .driver = link_name(root, a, dir, "driver")};
        if (class && strlen(class) == 2)
                snprintf(i->class, sizeof(i->class), "%.2s%.2s%.2s", class, sub ? sub : "", protocol ? protocol : "");
}

static void gather_interfaces(const struct root *root, struct arena *a, struct device *d, struct usb_device *u)
{
        const char **names, *prefix = arena_join(a, d->address, ":", NULL);
        size_t n;

        if (root_list(root, a, d->sysfs, &names, &n) < 0) {
                d->stuck = "its interfaces cannot be read";
                d->stuck_kind = REASON_UNIDENTIFIED;
                return;
        }
        for (size_t i = 0; i < n; i++)
                if (startswith(names[i], prefix))
                        add_interface(root, a, u, arena_join(a, d->sysfs, "/", names[i], NULL), names[i]);
}

/* A driver that an interface had when udev found it; the database has interfaces by their names. */
static const char *taken_from(const struct root *root, struct arena *a, const struct usb_interface *i)
{
        return claim_property(a, claim_entry(root, a, arena_join(a, "+usb:", i->name, NULL)), CLAIM_FROM);
}

/* What udev's database has of it, its serial number too: the entry, or NULL. */
static const char *gather_known(const struct root *root, struct arena *a, struct device *d, struct usb_device *u)
{
        const char *bus = attribute(root, a, d->sysfs, "busnum"), *device = attribute(root, a, d->sysfs, "devnum");
        const char *entry, *serial;
        uint32_t b, n;

        if (!bus || !device || !str_to_u32(bus, 10, &b) || !str_to_u32(device, 10, &n) || b == 0 || n == 0)
                return NULL;
        u->bus = b;
        u->device = n;
        u->node = arena_printf(a, "/dev/bus/usb/%03u/%03u", u->bus, u->device);
        entry = claim_entry(root, a, arena_printf(a, "c%u:%u", MAJOR, (u->bus - 1) * 128 + u->device - 1));
        serial = claim_property(a, entry, "ID_SERIAL_SHORT");
        if (claim_is_of_another(a, entry, d->id, serial))
                return NULL;
        d->marks[MARK_SERIAL] = serial;
        return entry;
}

static void gather_claim(const struct root *root, struct arena *a, struct device *d, const struct usb_device *u,
                         const char *entry)
{
        if (claim_is_of_another(a, entry, d->id, d->marks[MARK_SERIAL]))
                return;
        d->claim = claim_property(a, entry, CLAIM_RULE);
        for (size_t i = 0; i < u->n_interfaces && d->claim && !d->claim_from; i++)
                d->claim_from = taken_from(root, a, &u->interfaces[i]);
}

/* A driver of the host on any interface, or of the whole device; else what a claim counts as. */
static void gather_driver(const struct root *root, struct arena *a, struct device *d, const struct usb_device *u)
{
        const char *whole = link_name(root, a, d->sysfs, "driver");

        if (whole && !streq(whole, "usb"))
                d->driver = whole;
        for (size_t i = 0; i < u->n_interfaces && !d->driver; i++)
                if (u->interfaces[i].driver && !streq(u->interfaces[i].driver, usb_syntax.taken_by))
                        d->driver = u->interfaces[i].driver;
        if (!d->driver && d->claim)
                d->driver = usb_syntax.taken_by;
        d->driver_now = d->driver;
}

/* usbip-host (tools/usb/usbip) has all of it, and no interface is left: another machine may be at work on it. */
static void gather_exported(struct arena *a, struct device *d)
{
        if (!streq_ptr(d->driver, "usbip-host"))
                return;
        d->stuck = arena_join(
                a,
                "driver usbip-host has it, for another machine; take it back first: usbip unbind --busid=", d->address,
                NULL);
        d->stuck_kind = REASON_EXPORTED;
}

static void gather_authorized(const struct root *root, struct arena *a, struct device *d, struct usb_device *u)
{
        char *text;
        size_t size;
        enum source state = root_look(root, a, arena_join(a, d->sysfs, "/authorized", NULL), &text, &size);

        if (state == SOURCE_UNREADABLE) {
                d->stuck = "its file authorized cannot be read, which says whether somebody blocks it";
                d->stuck_kind = REASON_UNIDENTIFIED;
        }
        u->blocked = state == SOURCE_READ && startswith(text, "0");
}

static void gather_device(const struct root *root, struct arena *a, const struct facts_request *request,
                          struct device *d)
{
        struct usb_device *u = arena_alloc(a, sizeof(*u));
        const char *link = arena_join(a, USB_DEVICES "/", d->address, NULL), *entry;

        *u = (struct usb_device){};
        d->own = u;
        d->sysfs = devices_path(root, a, link, "../../../devices/");
        if (!d->sysfs)
                d->sysfs = link;
        d->path = usb_socket(root, a, d, &d->below);
        gather_identity(root, a, d);
        gather_interfaces(root, a, d, u);
        gather_classes(root, a, d, u);
        entry = gather_known(root, a, d, u);
        if (may_wait(request, d))
                gather_strings(root, a, d);
        gather_claim(root, a, d, u, entry);
        gather_driver(root, a, d, u);
        gather_authorized(root, a, d, u);
        gather_exported(a, d);
        u->speed = attribute(root, a, d->sysfs, "speed");
        d->detailed = true;
        d->group = NO_GROUP;
        d->index = UINT32_MAX;
}

/* What is typed on it does not count while "inhibited" is set there. */
static void gather_inputs(const struct root *root, struct arena *a, struct facts *facts)
{
        const char **names;
        size_t n;

        root_look_in(root, a, INPUTS, &names, &n);
        for (size_t i = 0; i < n; i++) {
                const char *link = arena_join(a, INPUTS "/", names[i], NULL);
                const char *path = startswith(names[i], "input") ? devices_path(root, a, link, "../../devices/") : NULL;

                for (size_t k = 0; path && k < facts->n_devices; k++) {
                        const struct device *d = &facts->devices[k];
                        struct usb_device *u = (struct usb_device *)d->own;

                        if (startswith(path, arena_join(a, d->sysfs, "/", d->address, ":", NULL)))
                                str_add(a, &u->inputs, &u->n_inputs, link);
                }
        }
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, USB_DEVICES, &names, &n);

        if (k < 0)
                return k == -ENOENT ? 0 : k;
        facts->devices = arena_alloc(a, n * sizeof(*facts->devices));
        for (size_t i = 0; i < n; i++) {
                struct device *d = &facts->devices[facts->n_devices];

                if (!usb_is_address(names[i]))
                        continue;
                *d = (struct device){.bus = &usb_bus, .address = names[i]};
                gather_device(root, a, request, d);
                facts->n_devices++;
        }
        gather_inputs(root, a, facts);
        return 0;
}

const struct bus_source usb_source = {.bus = &usb_bus, .gather = gather};
