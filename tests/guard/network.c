/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces upon each other, and the routes on them; keyboards; what cannot be seen of a machine. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

static struct interface *new_interface(struct machine *m, enum interface_kind kind, const char *name)
{
        struct interface *i = &m->interfaces[m->n_interfaces++];

        if (m->n_interfaces == COUNT(m->interfaces))
                errx(2, "seed %llu: too many interfaces", (unsigned long long)m->seed);
        *i = (struct interface){.kind = kind, .function = NONE, .master = NONE, .up = true};
        TEXT(i->name, "%s", name);
        TEXT(i->dir, "devices/virtual/net/%s", name);
        return i;
}

static void physical(struct machine *m, int function, const char *below_function)
{
        const struct function *d = &m->functions[function];
        struct interface *i = new_interface(m, PHYSICAL, f("eno%u", m->n_interfaces + 1));

        i->function = function;
        i->up = chance(m, 40);
        TEXT(i->dir, "%s%s/net/%s", d->dir, below_function, i->name);
}

static void functions(struct machine *m)
{
        for (unsigned n = 0; n < m->n_functions; n++) {
                const struct function *d = &m->functions[n];
                const char *driver = d->driver ? d->driver : "";

                if (d->vendor == 0x1af4 && d->device == 0x1041)
                        physical(m, (int)n, f("/virtio%u", m->virtio++));
                else if (d->class == 0x020000 && (strcmp(driver, "i40e") == 0 || strcmp(driver, "e1000e") == 0 ||
                                                  strcmp(driver, "iavf") == 0)) {
                        if (chance(m, 96))
                                physical(m, (int)n, "");
                        if (chance(m, 6))
                                physical(m, (int)n, ""); /* two ports on one function */
                } else if (d->class == 0x0c0330 && d->driver && chance(m, 10))
                        physical(m, (int)n, f("/usb%u/%u-4/%u-4:1.0", 60 + n, 60 + n, 60 + n));
        }
}

/* An interface that is no port of another yet. */
static int free_interface(struct machine *m)
{
        for (unsigned tries = 0; tries < 8 && m->n_interfaces > 0; tries++) {
                unsigned i = below(m, m->n_interfaces);
                const struct interface *at = &m->interfaces[i];

                if (at->master == NONE && at->kind != OVS && at->kind != OVS_INTERNAL && at->kind != TUNNEL &&
                    at->kind != EMPTY_BRIDGE)
                        return (int)i;
        }
        return NONE;
}

static void over(struct machine *m, enum interface_kind kind)
{
        static const char *const names[] = {
                [VLAN] = "vlan", [BOND] = "bond", [BRIDGE] = "br", [TEAM] = "team", [MACVLAN] = "macvlan"};
        bool enslaves = kind == BOND || kind == BRIDGE || kind == TEAM;
        int lower[3];
        unsigned n = 0, wanted = enslaves ? 1 + below(m, 3) : 1;
        struct interface *i;

        while (n < wanted && (lower[n] = free_interface(m)) != NONE) {
                bool twice = false;

                for (unsigned k = 0; k < n; k++)
                        twice |= lower[k] == lower[n];
                if (twice)
                        break;
                n++;
        }
        if (n == 0)
                return;
        i = new_interface(m, kind, f("%s%u", names[kind], m->n_interfaces));
        for (unsigned k = 0; k < n; k++) {
                i->lower[i->n_lower++] = lower[k];
                if (enslaves)
                        m->interfaces[lower[k]].master = (int)(i - m->interfaces);
        }
}

static void open_vswitch(struct machine *m)
{
        int system = (int)m->n_interfaces;
        struct interface *internal;

        new_interface(m, OVS, "ovs-system")->up = false;
        for (unsigned n = 1 + below(m, 2); n > 0; n--) {
                int port = free_interface(m);

                if (port == NONE || port == system)
                        continue;
                m->interfaces[port].master = system;
                m->interfaces[system].lower[m->interfaces[system].n_lower++] = port;
        }
        internal = new_interface(m, OVS_INTERNAL, "ovsbr0");
        internal->master = system;
        m->interfaces[system].lower[m->interfaces[system].n_lower++] = (int)m->n_interfaces - 1;
}

static void route(struct machine *m, int interface, bool is_default)
{
        struct use *u = new_use(m, BY_ROUTE, ON_INTERFACE, interface, is_default ? "default route" : "a route");

        u->is_default = is_default;
        u->ipv6 = chance(m, 30);
        m->interfaces[interface].up = true;
}

static void declare(struct machine *m)
{
        m->networkd_all = chance(m, 4);
        m->network_manager = chance(m, 4);
        for (unsigned i = 0; i < m->n_interfaces; i++) {
                struct interface *at = &m->interfaces[i];

                TEXT(at->mac, "52:54:00:00:%02x:%02x", i, below(m, 256));
                if (at->kind <= BRIDGE && chance(m, 12))
                        at->declared = (enum declaration)(1 + below(m, DECLARATION_MAX_ - 1));
                else if ((m->networkd_all || m->network_manager) && chance(m, 60))
                        at->declared = EXCLUDED;
        }
}

int add_interface(struct machine *m, int function)
{
        int at = (int)m->n_interfaces;

        physical(m, function, "");
        TEXT(m->interfaces[at].mac, "52:54:00:00:%02x:%02x", at, below(m, 256));
        return at;
}

/* The uplink is a NIC's; without one, the host has a word for that. */
void make_quiet_network(struct machine *m, bool uplink)
{
        int at = add_interface(m, (int)m->n_functions - 1);

        m->uplink_none = !uplink;
        if (uplink)
                route(m, at, true);
}

void make_network(struct machine *m)
{
        functions(m);
        m->uplink_none = chance(m, 50);
        for (unsigned n = below(m, 4); n > 0; n--)
                over(m, (enum interface_kind)(VLAN + below(m, 5)));
        if (chance(m, 6))
                open_vswitch(m);
        if (m->n_interfaces > 0 && (m->nfs_root || chance(m, 75))) {
                int on = free_interface(m);

                if (on != NONE)
                        route(m, on, true);
                if (chance(m, 30) && (on = free_interface(m)) != NONE)
                        route(m, on, false);
                m->iscsi = on != NONE && chance(m, 8);
        }
        if (chance(m, 10)) {
                new_interface(m, EMPTY_BRIDGE, "virbr0");
                route(m, (int)m->n_interfaces - 1, false);
        }
        if (chance(m, 5)) {
                new_interface(m, TUNNEL, chance(m, 50) ? "ppp0" : "wg0");
                route(m, (int)m->n_interfaces - 1, true);
        }
        declare(m);
}

void make_people(struct machine *m)
{
        m->ps2_keyboard = chance(m, 15);
        for (unsigned i = 0; i < m->n_functions && m->n_usb < COUNT(m->usb); i++) {
                const struct function *d = &m->functions[i];
                struct usb_device *u = &m->usb[m->n_usb];

                if (d->class != 0x0c0330 || !d->driver || !chance(m, 45))
                        continue;
                *u = (struct usb_device){.controller = (int)i, .bus = 40 + i, .port = 1, .keyboard = chance(m, 65)};
                TEXT(u->dir, "%s/usb%u/%u-1", d->dir, u->bus, u->bus);
                m->n_usb++;
        }
        if (m->serial != NONE && chance(m, 40))
                new_use(m, BY_CONSOLE, ON_FUNCTION, m->serial, "");
}

void make_gaps(struct machine *m)
{
        m->no_mountinfo = chance(m, 1);
        m->no_swaps = chance(m, 1);
        m->no_block = chance(m, 1);
        m->no_route = chance(m, 1);
        m->no_net = chance(m, 1);
}
