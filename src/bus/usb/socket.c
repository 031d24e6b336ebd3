/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which socket a device is plugged into. A controller has two root hubs, one for USB 2 and one for USB 3, and a hub for
 * both appears on each of them; the kernel knows which of their ports are one socket, and calls them peers
 * (drivers/usb/core/port.c, find_and_link_peer()). Where the firmware tells where ports are, peers go by that alone and
 * may have other numbers; where it does not, those of equal number are peers. The USB 2 port gives the socket its name.
 *
 * A USB 3 port of the root hub that has no peer is no socket of the other half's: it is "usb3:PORT". Behind a hub,
 * where the half for USB 2 may come after the one for USB 3, a port without a peer is that of equal number, as the
 * kernel would have it.
 */
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "bus/usb/usb.h"

/* Root hubs of USB 3 run at 5000 Mbit/s or more; one that does not say so is taken for none that others know. */
static bool is_usb3(const struct root *root, struct arena *a, const char *root_hub)
{
        char text[32];
        uint32_t speed;

        return root_read(root, arena_join(a, root_hub, "/speed", NULL), text, sizeof(text)) <= 0 ||
               (!strchr(text, '.') && (!str_to_u32(text, 10, &speed) || speed >= 5000));
}

/* "usb1-port2" is "2", "1-2.3-port4" is "2.3.4"; NULL: it is the name of no port. */
static const char *ports_of(struct arena *a, const char *port)
{
        const char *number = strstr(port, "-port"), *hub = strchr(port, '-');
        const char *ports;

        if (!number)
                return NULL;
        ports = startswith(port, "usb") || hub == number
                        ? arena_strdup(a, number + strlen("-port"))
                        : arena_join(a, arena_strndup(a, hub + 1, (size_t)(number - hub - 1)), ".",
                                     number + strlen("-port"), NULL);
        return usb_is_address(arena_join(a, "1-", ports, NULL)) ? ports : NULL;
}

static const char *directory_above(struct arena *a, const char *sysfs)
{
        const char *slash = strrchr(sysfs, '/');

        return arena_strndup(a, sysfs, slash ? (size_t)(slash - sysfs) : 0);
}

/*
 * The link to the peer of the port that a device is plugged into. The port is there before the device, in the directory
 * of the hub's interface; the device's own link to it comes behind its event (drivers/usb/core/hub.c,
 * usb_new_device()).
 */
static const char *peer_link(struct arena *a, const char *sysfs, const char *ports)
{
        const char *above = directory_above(a, sysfs), *hub = str_basename(above), *last = strrchr(ports, '.');
        const char *interface = !last && startswith(hub, "usb") ? arena_join(a, hub + strlen("usb"), "-0:1.0", NULL)
                                                                : arena_join(a, hub, ":1.0", NULL);

        return arena_join(a, above, "/", interface, "/", hub, "-port", last ? last + 1 : ports, "/peer", NULL);
}

/* Of a device below a root hub of USB 3, whose ports are "2.3". */
static const char *usb3_ports(const struct root *root, struct arena *a, const char *sysfs, const char *ports)
{
        const char *peer = NULL, *last = strrchr(ports, '.');
        char target[PATH_MAX];

        if (root_readlink(root, peer_link(a, sysfs, ports), target, sizeof(target)) > 0)
                peer = ports_of(a, str_basename(target));
        if (peer)
                return peer;
        if (!last)
                return arena_join(a, "usb3:", ports, NULL);
        return arena_join(
                a, usb3_ports(root, a, directory_above(a, sysfs), arena_strndup(a, ports, (size_t)(last - ports))),
                last, NULL);
}

const char *usb_socket(const struct root *root, struct arena *a, const struct device *d, const char **ret_controller)
{
        const char *dash = strchr(d->address, '-'), *number = arena_strndup(a, d->address, (size_t)(dash - d->address));
        const char *name = arena_join(a, "/usb", number, "/", NULL), *hub = strstr(d->sysfs, name), *start = hub;
        const char *ports = dash + 1, *root_hub;

        *ret_controller = NULL;
        while (start && start > d->sysfs && start[-1] != '/')
                start--;
        if (!start)
                return d->address;
        root_hub = arena_strndup(a, d->sysfs, (size_t)(hub - d->sysfs) + strlen(name) - 1);
        *ret_controller = arena_strndup(a, start, (size_t)(hub - start));
        if (is_usb3(root, a, root_hub))
                ports = usb3_ports(root, a, d->sysfs, ports);
        return arena_join(a, *ret_controller, "/", ports, NULL);
}
