/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "bus/usb/usb.h"
#include "facts/facts.h"

/* One line of a device's file, or NULL. */
static const char *attribute(const struct root *root, struct arena *a, const struct device *d, const char *name)
{
        char text[256];

        if (root_read(root, arena_join(a, d->sysfs, "/", name, NULL), text, sizeof(text)) <= 0)
                return NULL;
        text[strcspn(text, "\n")] = '\0';
        return str_printable(a, text);
}

static char *sysfs_path(const struct root *root, struct arena *a, const char *name)
{
        static const char up[] = "../../../devices/";
        char *link = arena_join(a, USB_DEVICES "/", name, NULL), target[PATH_MAX];

        if (root_readlink(root, link, target, sizeof(target)) > 0 && startswith(target, up) &&
            !strstr(target + sizeof(up) - 1, ".."))
                return arena_join(a, "/sys/devices/", target + sizeof(up) - 1, NULL);
        return link;
}

/* ".../0000:00:14.0/usb1/1-2/1-2.3" and "2.3" become "0000:00:14.0/2.3". */
static const char *socket_of(struct arena *a, const struct device *d)
{
        const char *bus = strstr(d->sysfs, "/usb"), *start = bus;

        while (start && start > d->sysfs && start[-1] != '/')
                start--;
        return start ? arena_join(a, arena_strndup(a, start, (size_t)(bus - start)), "/", strchr(d->address, '-') + 1,
                                  NULL)
                     : d->address;
}

static void gather_device(const struct root *root, struct arena *a, struct device *d)
{
        struct usb_device *u = arena_alloc(a, sizeof(*u));
        const char *vendor, *product, *class;

        *u = (struct usb_device){};
        d->own = u;
        d->sysfs = sysfs_path(root, a, d->address);
        d->path = socket_of(a, d);
        vendor = attribute(root, a, d, "idVendor");
        product = attribute(root, a, d, "idProduct");
        class = attribute(root, a, d, "bDeviceClass");
        d->identified = vendor && product && class && strlen(vendor) == 4 && strlen(product) == 4;
        if (d->identified) {
                snprintf(d->id, sizeof(d->id), "%.4s:%.4s", vendor, product);
                snprintf(d->class, sizeof(d->class), "%s", class);
        }
        d->marks[MARK_SERIAL] = attribute(root, a, d, "serial");
        d->roles = usb_bus.roles(d->class);
        d->detailed = true;
        d->group = NO_GROUP;
        d->index = UINT32_MAX;
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, USB_DEVICES, &names, &n);

        (void)request;
        if (k < 0)
                return k == -ENOENT ? 0 : k;
        facts->devices = arena_alloc(a, n * sizeof(*facts->devices));
        for (size_t i = 0; i < n; i++) {
                struct device *d = &facts->devices[facts->n_devices];

                if (!usb_is_address(names[i]))
                        continue;
                *d = (struct device){.bus = &usb_bus, .address = names[i]};
                gather_device(root, a, d);
                facts->n_devices++;
        }
        return 0;
}

const struct bus_source usb_source = {.bus = &usb_bus, .gather = gather};
