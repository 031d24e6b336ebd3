/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB sockets: the two root hubs of a controller, which count their ports alike or not and whose ports are peers or are
 * not; a hub on both of them; and what is plugged in, twins with one serial number among it. What Path= calls a socket
 * is known here by construction (drivers/usb/core/port.c, find_and_link_peer()); no file is read for it.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define PORTS    4
#define HUB_PORT 1 /* of USB 2 */

/* The port for USB 3 of the socket that USB 2 has under that number. */
static unsigned other(unsigned port, unsigned shift)
{
        return (port - 1 + shift) % PORTS + 1;
}

static const char *root_of(const struct machine *m, const struct usb_board *b, bool usb3)
{
        return f("%s/usb%u", m->functions[b->controller].dir, b->bus + usb3);
}

static const char *hub_name(const struct usb_board *b, bool usb3)
{
        return f("%u-%u", b->bus + usb3, usb3 ? other(HUB_PORT, b->shift) : HUB_PORT);
}

/* What Path= has of the hub's place, behind the controller. */
static const char *hub_place(const struct usb_board *b, bool usb3)
{
        return !usb3 || b->peers ? f("%u", HUB_PORT) : f("usb3:%u", other(HUB_PORT, b->shift));
}

static struct plug *add(struct machine *m, enum plug_kind kind, bool usb3)
{
        struct plug *p = &m->plugs[m->n_plugs++];

        if (m->n_plugs == COUNT(m->plugs))
                errx(2, "seed %llu: too many USB devices", (unsigned long long)m->seed);
        *p = (struct plug){.kind = kind, .seen = kind != PLUG_DISK, .speed = usb3 ? 5000 : 480};
        return p;
}

static void place(struct machine *m, const struct usb_board *b, struct plug *p, const char *place)
{
        TEXT(p->socket, "%s/%s", m->functions[b->controller].address, place);
}

static void fill(struct machine *m, struct plug *p)
{
        static const char *const serials[] = {"", "AA01", "AA01", "AA02"};

        TEXT(p->serial, "%s", serials[below(m, COUNT(serials))]);
        if (p->kind == PLUG_SERIAL)
                TEXT(p->port, "ttyUSB%u", (unsigned)(p - m->plugs));
}

static enum plug_kind any_kind(struct machine *m)
{
        static const enum plug_kind kinds[] = {PLUG_DISK, PLUG_DISK, PLUG_SERIAL, PLUG_AUDIO};

        return kinds[below(m, COUNT(kinds))];
}

/* At the socket that the root hub for USB 2 has under that number, through either of its ports. */
static void plug_in(struct machine *m, const struct usb_board *b, unsigned socket)
{
        bool usb3 = chance(m, 45);
        unsigned port = usb3 ? other(socket, b->shift) : socket;
        struct plug *p = add(m, any_kind(m), usb3);

        TEXT(p->name, "%u-%u", b->bus + usb3, port);
        TEXT(p->dir, "%s/%s", root_of(m, b, usb3), p->name);
        place(m, b, p, usb3 && !b->peers ? f("usb3:%u", port) : f("%u", socket));
        fill(m, p);
}

/* The same of a hub; where no port of its half for USB 3 has a peer, those of equal number are. */
static void plug_in_hub(struct machine *m, const struct usb_board *b, unsigned socket)
{
        bool usb3 = chance(m, 45);
        unsigned port = usb3 && b->hub_peers ? other(socket, b->hub_shift) : socket;
        struct plug *p = add(m, any_kind(m), usb3);

        TEXT(p->name, "%s.%u", hub_name(b, usb3), port);
        TEXT(p->dir, "%s/%s/%s", root_of(m, b, usb3), hub_name(b, usb3), p->name);
        place(m, b, p, f("%s.%u", hub_place(b, usb3), socket));
        fill(m, p);
}

static void add_hub(struct machine *m, const struct usb_board *b, bool usb3)
{
        struct plug *p = add(m, PLUG_HUB, usb3);

        TEXT(p->name, "%s", hub_name(b, usb3));
        TEXT(p->dir, "%s/%s", root_of(m, b, usb3), p->name);
        place(m, b, p, hub_place(b, usb3));
}

void make_sockets(struct machine *m, int controller)
{
        struct usb_board *b = &m->boards[m->n_boards];

        *b = (struct usb_board){.controller = controller,
                                .bus = 200 + 2 * m->n_boards++,
                                .peers = chance(m, 75),
                                .shift = below(m, PORTS),
                                .hub = chance(m, 70),
                                .hub_shift = below(m, PORTS)};
        b->hub_peers = b->peers && chance(m, 60);
        for (unsigned socket = b->hub ? HUB_PORT + 1 : HUB_PORT; socket <= PORTS; socket++)
                if (chance(m, 40))
                        plug_in(m, b, socket);
        if (!b->hub)
                return;
        add_hub(m, b, false);
        add_hub(m, b, true);
        for (unsigned socket = 1; socket <= PORTS; socket++)
                if (chance(m, 40))
                        plug_in_hub(m, b, socket);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

struct half {
        char hub[24], interface[32], dir[240];
};

/* Ports are in the directory of the hub's interface, and each leads to its peer. */
static void write_peers(const struct half halves[2], unsigned shift)
{
        for (unsigned port = 1; port <= PORTS; port++) {
                char path[2][400];

                for (unsigned i = 0; i < 2; i++)
                        TEXT(path[i], "%s/%s/%s-port%u", halves[i].dir, halves[i].interface, halves[i].hub,
                             i ? other(port, shift) : port);
                link_sys(f("%s/peer", path[0]), path[1]);
                link_sys(f("%s/peer", path[1]), path[0]);
        }
}

void write_sockets(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_boards; i++) {
                const struct usb_board *b = &m->boards[i];
                struct half roots[2], hubs[2];

                for (unsigned k = 0; k < 2; k++) {
                        TEXT(roots[k].hub, "usb%u", b->bus + k);
                        TEXT(roots[k].interface, "%u-0:1.0", b->bus + k);
                        TEXT(roots[k].dir, "%s", root_of(m, b, k));
                        TEXT(hubs[k].hub, "%s", hub_name(b, k));
                        TEXT(hubs[k].interface, "%s:1.0", hubs[k].hub);
                        TEXT(hubs[k].dir, "%s/%s", roots[k].dir, hubs[k].hub);
                        put(f("sys/%s/speed", roots[k].dir), "%u\n", k ? 5000 : 480);
                }
                if (b->peers)
                        write_peers(roots, b->shift);
                if (b->hub && b->hub_peers)
                        write_peers(hubs, b->hub_shift);
        }
}
