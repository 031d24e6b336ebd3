/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB devices by themselves: those that the disks, interfaces and keyboards of a machine are, and some more; and what
 * of them must not be taken. Like closure.c, this shares no line with the product's guard.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "shapes.h"

static struct plug *add(struct machine *m, enum plug_kind kind, const char *name, const char *dir)
{
        struct plug *p = &m->plugs[m->n_plugs++];

        if (m->n_plugs == COUNT(m->plugs))
                errx(2, "seed %llu: too many USB devices", (unsigned long long)m->seed);
        *p = (struct plug){.kind = kind, .seen = true, .speed = 480};
        TEXT(p->name, "%s", name);
        TEXT(p->dir, "%s", dir);
        return p;
}

/* Of one on a root hub that does not tell its speed: it counts as one for USB 3 without peers. */
static void place(struct plug *p)
{
        const char *bus = strstr(p->dir, "/usb"), *from = bus;

        while (from > p->dir && from[-1] != '/')
                from--;
        TEXT(p->socket, "%.*s/usb3:%s", (int)(bus - from), from, strchr(p->name, '-') + 1);
}

static bool has(const struct machine *m, const char *name)
{
        for (unsigned i = 0; i < m->n_plugs; i++)
                if (strcmp(m->plugs[i].name, name) == 0)
                        return true;
        return false;
}

/* What is in ".../usb21/21-3/21-3.2/21-3.2:1.0/host1/..." is on 21-3.2, and 21-3 is a hub. */
static void add_of(struct machine *m, enum plug_kind kind, const char *dir)
{
        const char *bus = strstr(dir, "/usb"), *at = bus ? strchr(bus + 1, '/') : NULL, *end;

        for (; at && (end = strchr(at + 1, '/')); at = end) {
                char name[24];
                const char *next = end + 1;

                TEXT(name, "%.*s", (int)(end - at - 1), at + 1);
                if (!has(m, name))
                        add(m, next[strcspn(next, ":/")] == ':' ? kind : PLUG_HUB, name,
                            f("%.*s", (int)(end - dir), dir));
                if (next[strcspn(next, ":/")] == ':')
                        return;
        }
}

/* By a chance of its own: the rest of the machine stays what it was. */
void make_plugs(struct machine *m)
{
        uint64_t random = m->random;

        m->random = m->seed ^ 0x75736200;
        for (unsigned i = 0; i < m->n_blocks; i++)
                if (m->blocks[i].kind == DISK)
                        add_of(m, PLUG_DISK, m->blocks[i].dir);
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].kind == PHYSICAL)
                        add_of(m, PLUG_NETWORK, m->interfaces[i].dir);
        for (unsigned i = 0; i < m->n_usb; i++)
                if (!m->usb[i].i2c)
                        add(m, PLUG_INPUT, f("%u-1", m->usb[i].bus), m->usb[i].dir)->keyboard = m->usb[i].keyboard;
        for (unsigned i = 0; i < m->n_plugs; i++)
                place(&m->plugs[i]);
        for (unsigned i = 0; i < m->n_plugs; i++)
                if (m->plugs[i].kind == PLUG_DISK && chance(m, 60))
                        TEXT(m->plugs[i].serial, "AA0%u", 1 + below(m, 2));
        for (unsigned i = 0; i < m->n_functions && m->n_boards < COUNT(m->boards); i++)
                if (m->functions[i].class == 0x0c0330 && m->functions[i].driver && chance(m, 60))
                        make_sockets(m, (int)i);
        m->random = random;
}

/* ---- what must not be taken ---------------------------------------------------------------------------------------
 */

static void set(struct plug *p, enum verdict verdict)
{
        if (verdict > p->verdict)
                p->verdict = verdict;
}

void need_plugs(struct machine *m, const char *dir)
{
        for (unsigned i = 0; i < m->n_plugs; i++) {
                size_t n = strlen(m->plugs[i].dir);

                if (strncmp(dir, m->plugs[i].dir, n) == 0 && dir[n] == '/')
                        set(&m->plugs[i], NEEDED);
        }
}

static bool is_up(const struct machine *m, const struct plug *p)
{
        size_t n = strlen(p->dir);

        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (strncmp(m->interfaces[i].dir, p->dir, n) == 0 && m->interfaces[i].up)
                        return true;
        return false;
}

static void judge_disk(const struct machine *m, struct plug *p, enum verdict storage, unsigned scope)
{
        bool blind = m->no_mountinfo || m->no_swaps || m->no_block;

        for (unsigned i = 0; i < m->n_pools; i++)
                blind |= m->pools[i].zfs && m->pools[i].mounted && !m->udev_data;
        if (blind)
                set(p, UNKNOWN);
        else if (storage == UNKNOWN) /* something is declared that is not here: it may be on what nobody has seen */
                set(p, p->seen && m->udev_data ? EITHER : UNKNOWN);
        else
                set(p, storage);
        if (scope & (ALL_STORAGE | STORAGE_OPEN) || (m->n_shaped > 0 && !p->seen))
                set(p, EITHER);
}

static void judge_network(const struct machine *m, struct plug *p, bool uplink, unsigned scope)
{
        for (unsigned i = 0; i < m->n_uses; i++) {
                if (m->uses[i].source != BY_ROUTE || !m->uses[i].is_default || !is_up(m, p))
                        continue;
                if (m->interfaces[m->uses[i].at].kind == TUNNEL)
                        set(p, UNKNOWN);
                if (m->interfaces[m->uses[i].at].kind == OVS_INTERNAL)
                        set(p, EITHER);
        }
        if (m->no_route || m->no_net)
                set(p, UNKNOWN);
        else if (!uplink)
                set(p, UNKNOWN);
        if (scope & (ALL_NETWORK | NETWORK_OPEN))
                set(p, scope & ALL_NETWORK && !m->uplink_none && p->kind == PLUG_NETWORK ? UNKNOWN : EITHER);
}

static bool goes_by_ppp(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_interfaces && !m->no_net; i++)
                if (strncmp(m->interfaces[i].name, "ppp", 3) == 0)
                        return true;
        return false;
}

/* Its maker's own kind may be anything, and what a driver has made of it is a terminal. */
static void judge_serial(const struct machine *m, struct plug *p, bool uplink, unsigned scope)
{
        judge_network(m, p, uplink, scope);
        if (goes_by_ppp(m))
                set(p, UNKNOWN);
        if (m->no_mountinfo || m->no_swaps || m->no_block || scope)
                set(p, EITHER);
        for (unsigned i = 0; i < m->n_pools; i++)
                if (m->pools[i].zfs && m->pools[i].mounted && !m->udev_data)
                        set(p, EITHER);
}

/* No report says what these are. */
static bool wants_fido(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_shaped; i++)
                for (size_t k = 0; k < STEPS_MAX && m->shaped[i].shape->steps[k]; k++)
                        if (strstr(m->shaped[i].shape->steps[k], "fido2-device="))
                                return true;
        return false;
}

static void judge_input(const struct machine *m, struct plug *p, unsigned scope)
{
        if (scope & USB_OPEN)
                set(p, EITHER);
        if (wants_fido(m))
                set(p, UNKNOWN);
        if (p->keyboard && passphrase_conceivable(m) && !m->ps2_keyboard)
                set(p, EITHER); /* which of them stays is left open */
}

/* What it is plugged into carries the line as well. */
static void doubt_controller(struct machine *m, const struct plug *p)
{
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                size_t n = strlen(d->dir);

                if (!is_bridge(d) && strncmp(p->dir, d->dir, n) == 0 && p->dir[n] == '/' && d->verdict < UNKNOWN)
                        d->verdict = UNKNOWN;
        }
}

void judge_plugs(struct machine *m, enum verdict storage, bool uplink)
{
        unsigned scope = 0;

        for (unsigned i = 0; i < m->n_shaped; i++)
                scope |= m->shaped[i].shape->scope;
        for (unsigned i = 0; i < m->n_plugs; i++) {
                struct plug *p = &m->plugs[i];

                switch (p->kind) {
                case PLUG_DISK:
                        judge_disk(m, p, storage, scope);
                        break;
                case PLUG_NETWORK:
                        judge_network(m, p, uplink, scope);
                        break;
                case PLUG_SERIAL:
                        judge_serial(m, p, uplink, scope);
                        if (goes_by_ppp(m))
                                doubt_controller(m, p);
                        break;
                case PLUG_INPUT:
                        judge_input(m, p, scope);
                        break;
                case PLUG_HUB:
                        set(p, NEEDED);
                        break;
                default:
                        break;
                }
                /* Nobody can see that it has what is there. */
                if (p->verdict == NEEDED && p->kind == PLUG_NETWORK && m->no_net)
                        p->verdict = UNKNOWN;
                if (p->verdict == NEEDED && p->kind == PLUG_DISK && m->no_block)
                        p->verdict = UNKNOWN;
        }
        m->card_port = goes_by_ppp(m) ? UNKNOWN : FREE;
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_CONSOLE)
                        m->card_port = NEEDED;
}

/* ---- files --------------------------------------------------------------------------------------------------------
 */

static const struct {
        const char *class, *driver;
} kinds[PLUG_KIND_MAX_] = {
        [PLUG_DISK] = {"08", "usb-storage"}, [PLUG_NETWORK] = {"02", "cdc_ether"},   [PLUG_INPUT] = {"03", "usbhid"},
        [PLUG_SERIAL] = {"ff", "ftdi_sio"},  [PLUG_AUDIO] = {"01", "snd-usb-audio"}, [PLUG_HUB] = {"09", "hub"},
};

static void descriptors(const struct plug *p)
{
        unsigned class;
        uint8_t d[18 + 9 + 9] = {18, 1, 0, 2, 0,  0, 0, 64, 0x6d, 0x04, 0x1c, 0xc3, 0, 1, 1, 2,
                                 3,  1, 9, 2, 18, 0, 1, 1,  0,    0x80, 50,   9,    4, 0, 0, 0};

        sscanf(kinds[p->kind].class, "%x", &class);
        d[18 + 9 + 5] = (uint8_t) class;
        put_bytes(f("sys/%s/descriptors", p->dir), d, sizeof(d));
}

static void write_plug(const struct machine *m, const struct plug *p)
{
        char interface[300], tty[400];

        TEXT(interface, "%s/%s:1.0", p->dir, p->name);
        if (p->kind != PLUG_INPUT) {
                put(f("sys/%s/idVendor", p->dir), "046d\n");
                put(f("sys/%s/idProduct", p->dir), "c31c\n");
                put(f("sys/%s/bDeviceClass", p->dir), p->kind == PLUG_HUB ? "09\n" : "00\n");
                link_sys(f("bus/usb/devices/%s", p->name), p->dir);
        }
        descriptors(p);
        put(f("sys/%s/speed", p->dir), "%u\n", p->speed);
        if (*p->serial)
                put(f("sys/%s/serial", p->dir), "%s\n", p->serial);
        put(f("sys/%s/bInterfaceClass", interface), "%s\n", kinds[p->kind].class);
        if (p->seen) {
                make_dirs(f("sys/bus/usb/drivers/%s", kinds[p->kind].driver));
                link_sys(f("%s/driver", interface), f("bus/usb/drivers/%s", kinds[p->kind].driver));
        }
        if (*p->port) {
                TEXT(tty, "%s/%s/tty/%s", interface, p->port, p->port);
                put(f("sys/%s/dev", tty), "188:%u\n", (unsigned)(p - m->plugs));
                link_sys(f("class/tty/%s", p->port), tty);
        }
}

void write_plugs(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_plugs; i++)
                write_plug(m, &m->plugs[i]);
        write_sockets(m);
}
