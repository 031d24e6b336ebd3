/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host needs, told from the made-up machine itself: from each use down to functions. This is the second
 * opinion on the product's guard, and shares no line with it.
 */
#include <stdio.h>
#include <string.h>

#include "shapes.h"

bool is_bridge(const struct function *f)
{
        return f->class >> 16 == 0x06;
}

static bool is_network(const struct function *d)
{
        return d->class >> 16 == 0x02;
}

static void set(struct function *d, enum verdict verdict)
{
        if (verdict > d->verdict)
                d->verdict = verdict;
}

/* The function, and those that it is behind of (a volume management device) or is a part of, are needed by that use. */
static void need(struct machine *m, int function, unsigned use)
{
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                size_t n = strlen(d->dir);
                const char *dir = m->functions[function].dir;

                if (is_bridge(d) || strncmp(dir, d->dir, n) != 0 || (dir[n] != '\0' && dir[n] != '/'))
                        continue;
                set(d, NEEDED);
                d->uses |= (uint64_t)1 << use;
        }
        if (m->functions[function].physical != NONE)
                need(m, m->functions[function].physical, use);
}

static void need_block(struct machine *m, int block, unsigned use);

static void need_pool(struct machine *m, int pool, unsigned use)
{
        for (unsigned i = 0; i < m->pools[pool].n_members; i++)
                need_block(m, m->pools[pool].members[i], use);
}

static void need_block(struct machine *m, int block, unsigned use)
{
        const struct block *b = &m->blocks[block];

        need_plugs(m, b->dir);
        for (unsigned i = 0; i < b->n_functions; i++)
                need(m, b->functions[i], use);
        for (unsigned i = 0; i < b->n_below; i++)
                need_block(m, b->below[i], use);
        if (b->kind == PARTITION)
                need_block(m, b->disk, use);
        if (b->kind == LOOP) {
                const struct use *mount = &m->uses[b->backing];

                if (mount->on == ON_BLOCK)
                        need_block(m, mount->at, use);
                else
                        need_pool(m, mount->at, use);
        }
}

static void need_interface(struct machine *m, int interface, unsigned use)
{
        const struct interface *i = &m->interfaces[interface];

        need_plugs(m, i->dir);
        if (i->function != NONE)
                need(m, i->function, use);
        for (unsigned k = 0; k < i->n_lower; k++)
                need_interface(m, i->lower[k], use);
}

/* Whether the files say which device is meant. */
static bool resolves(const struct machine *m, const struct use *u)
{
        switch (u->spec) {
        case SPEC_NOWHERE:
                return false;
        case SPEC_PATH:
        case SPEC_MAPPER:
        case SPEC_VOLUME:
                return true;
        case SPEC_CLOSED:
                for (unsigned i = 0; i < m->n_uses; i++)
                        if (m->uses[i].source == BY_CRYPTTAB && strcmp(m->uses[i].where, u->where + 1) == 0)
                                return resolves(m, &m->uses[i]);
                return false;
        default:
                return m->udev_data || m->dev_links;
        }
}

/* Whether disks are, or may be, behind it. */
static bool has_disks(const struct machine *m, unsigned function)
{
        for (unsigned i = 0; i < m->n_blocks; i++)
                for (unsigned k = 0; k < m->blocks[i].n_functions; k++)
                        if (m->blocks[i].functions[k] == (int)function && m->blocks[i].kind != CDROM)
                                return true;
        return false;
}

static bool has_interface(const struct machine *m, unsigned function, bool up)
{
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].function == (int)function && (!up || m->interfaces[i].up))
                        return true;
        return false;
}

static bool from_host(const struct function *d)
{
        return d->made || (d->driver && strcmp(d->driver, "vfio-pci") == 0);
}

/* What is known of storage as a whole. */
static enum verdict storage(const struct machine *m)
{
        enum verdict verdict = FREE;

        if (m->no_mountinfo || m->no_swaps || m->no_block)
                return UNKNOWN;
        for (unsigned i = 0; i < m->n_pools; i++)
                if (m->pools[i].zfs && m->pools[i].mounted && !m->udev_data)
                        return UNKNOWN; /* only the tags say which disks a pool is on */
        for (unsigned i = 0; i < m->n_uses; i++) {
                const struct use *u = &m->uses[i];

                if (u->source < BY_FSTAB || u->source > BY_LUKS || resolves(m, u))
                        continue;
                if (!u->mounted)
                        return UNKNOWN;
                verdict = EITHER; /* the same is seen in use by its mount: the specification leaves it open */
        }
        return verdict;
}

/* What a block device is on is not judged, unless it is for something else. */
static void leave_open(struct machine *m, int block)
{
        enum verdict plugs[COUNT(m->plugs)];
        uint64_t before[COUNT(m->functions)];
        enum verdict was[COUNT(m->functions)];

        for (unsigned n = 0; n < m->n_functions; n++) {
                before[n] = m->functions[n].uses;
                was[n] = m->functions[n].verdict;
        }
        for (unsigned n = 0; n < m->n_plugs; n++)
                plugs[n] = m->plugs[n].verdict;
        need_block(m, block, OVS_USE - 1);
        for (unsigned n = 0; n < m->n_plugs; n++)
                if (m->plugs[n].verdict != plugs[n])
                        m->plugs[n].verdict = plugs[n] > EITHER ? plugs[n] : EITHER;
        for (unsigned n = 0; n < m->n_functions; n++) {
                m->functions[n].uses = before[n];
                if (m->functions[n].verdict != was[n])
                        m->functions[n].verdict = was[n] > EITHER ? was[n] : EITHER;
        }
}

static void storage_verdicts(struct machine *m)
{
        enum verdict all = storage(m);

        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                bool is_storage = d->class >> 16 == 0x01 || has_disks(m, i);

                if (is_storage)
                        set(d, from_host(d) && all == UNKNOWN ? EITHER : all);
                else if (d->class == 0x0c0330 && all != FREE)
                        set(d, EITHER); /* no disk is seen there, and one may be plugged in */
                if (d->class >> 16 == 0x01 && !d->driver)
                        set(d, UNKNOWN);
                if (d->class == 0x010400)
                        set(d, EITHER); /* its disks go with it, and are functions of their own */
        }
        /* An exported pool; what tells it from an imported one without a mount is not in these files. */
        for (unsigned i = 0; i < m->n_pools; i++)
                for (unsigned k = 0; k < m->pools[i].n_members && m->pools[i].zfs && !m->pools[i].mounted; k++)
                        leave_open(m, m->pools[i].members[k]);
}

static bool on_hardware(const struct machine *m, int interface)
{
        const struct interface *i = &m->interfaces[interface];

        if (i->kind == PHYSICAL)
                return true;
        for (unsigned k = 0; k < i->n_lower; k++)
                if (on_hardware(m, i->lower[k]))
                        return true;
        return false;
}

static bool is_declared(const struct machine *m, unsigned interface)
{
        const struct interface *i = &m->interfaces[interface];

        if (i->declared != UNDECLARED && i->declared != IN_A_COMMENT && i->declared != EXCLUDED)
                return true;
        if (i->declared == EXCLUDED)
                return false;
        return m->networkd_all || (m->network_manager && i->kind == PHYSICAL);
}

/* Whether something says on which interface the host answers, or that it does on none. */
static bool uplink_known(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_ROUTE && (m->uses[i].is_default || on_hardware(m, m->uses[i].at)))
                        return true;
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if ((m->interfaces[i].kind == OVS || is_declared(m, i)) && on_hardware(m, (int)i))
                        return true;
        return m->uplink_none;
}

static void network_verdicts(struct machine *m)
{
        bool any_tunnel = false, any_internal = false, ppp = false;

        for (unsigned i = 0; i < m->n_uses; i++) {
                if (m->uses[i].source != BY_ROUTE || !m->uses[i].is_default)
                        continue;
                any_tunnel |= m->interfaces[m->uses[i].at].kind == TUNNEL;
                any_internal |= m->interfaces[m->uses[i].at].kind == OVS_INTERNAL;
        }
        for (unsigned i = 0; i < m->n_interfaces && !m->no_net; i++)
                ppp |= strncmp(m->interfaces[i].name, "ppp", 3) == 0;
        /* It goes over some line. */
        if (ppp && m->serial != NONE)
                set(&m->functions[m->serial], UNKNOWN);
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                bool blind = m->no_route || m->no_net;

                if (blind && from_host(d))
                        set(d, EITHER);
                else if (is_network(d) && blind && d->driver)
                        set(d, UNKNOWN);
                else if (blind && has_interface(m, i, false))
                        set(d, m->no_net ? EITHER : UNKNOWN);
                else if (blind && (is_network(d) || d->class == 0x0c0330))
                        set(d, EITHER);
                if (is_network(d) && d->driver && !from_host(d) && !has_interface(m, i, false))
                        set(d, UNKNOWN);
                if (!blind && !uplink_known(m) && !from_host(d) &&
                    (is_network(d) || d->class >> 8 == 0x0c03 || has_interface(m, i, false)))
                        set(d, UNKNOWN);
                if (any_tunnel && has_interface(m, i, true))
                        set(d, m->no_net && !is_network(d) ? EITHER : UNKNOWN);
                if (any_internal && has_interface(m, i, true))
                        set(d, EITHER);
                if (d->enabled > 0)
                        set(d, EITHER); /* its virtual functions would go */
        }
}

/* What a row of the shapes withholds for sure, and what it leaves open. */
static void shape_verdicts(struct machine *m, const struct shaped *s)
{
        unsigned scope = s->shape->scope;

        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                bool disks = d->class >> 16 == 0x01 || has_disks(m, i), net = has_interface(m, i, false);

                if (scope & (ALL_STORAGE | STORAGE_OPEN) && disks)
                        set(d, scope & ALL_STORAGE && !from_host(d) ? UNKNOWN : EITHER);
                if (scope & (ALL_NETWORK | NETWORK_OPEN) &&
                    (is_network(d) || net)) /* Uplink=none has a row of its own */
                        set(d, scope & ALL_NETWORK && !m->uplink_none && d->driver && !from_host(d) ? UNKNOWN : EITHER);
                if (scope && d->class >> 8 == 0x0c03)
                        set(d, EITHER);
                if (s->axis == NETWORK && is_network(d) && !d->driver)
                        set(d, EITHER); /* its configuration may name an interface that is not here, and be of this */
        }
        for (unsigned i = 0; i < s->n_subjects; i++) {
                if (s->axis == PEOPLE && i == 0)
                        need_block(m, s->at[i], SHAPE_USE);
                else if (s->axis <= ROOT && !s->shape->open)
                        need_block(m, s->at[i], SHAPE_USE);
                else if (s->axis <= ROOT)
                        leave_open(m, s->at[i]);
        }
}

bool passphrase_possible(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_shaped; i++)
                if (m->shaped[i].shape->asks)
                        return true;
        for (unsigned i = 0; i < m->n_uses; i++)
                if (m->uses[i].source == BY_LUKS || (m->uses[i].source == BY_CRYPTTAB && !m->uses[i].key_file))
                        return true;
        return false;
}

static bool may_be_encrypted(const struct shape *shape)
{
        static const char *const words[] = {"luks", "crypt", "zfs", "bcachefs", "tcrypt"};

        for (size_t i = 0; i < STEPS_MAX && shape->steps[i]; i++)
                for (size_t k = 0; k < COUNT(words); k++)
                        if (strstr(shape->steps[i], words[k]))
                                return true;
        return false;
}

/* An encrypted volume or pool below / may ask though no table says so (systemd-gpt-auto-generator(8), zfs-load-key(8)).
 */
bool passphrase_conceivable(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_pools; i++)
                if (m->pools[i].zfs && m->pools[i].mounted)
                        return true;
        for (unsigned i = 0; i < m->n_blocks; i++)
                if (strncmp(m->blocks[i].dm_uuid, "CRYPT", 5) == 0)
                        return true;
        for (unsigned i = 0; i < m->n_shaped; i++)
                if (m->shaped[i].axis != PEOPLE && may_be_encrypted(m->shaped[i].shape))
                        return true;
        return passphrase_possible(m);
}

bool has_keyboard(const struct machine *m, int function)
{
        if (m->virtio_keyboard == function)
                return true;
        for (unsigned i = 0; i < m->n_usb; i++)
                if (m->usb[i].keyboard && m->usb[i].controller == function)
                        return true;
        return false;
}

bool keyboards_left(const struct machine *m, const bool bound[])
{
        unsigned keyboards = 0;

        if (!passphrase_possible(m) || m->ps2_keyboard)
                return true;
        for (unsigned i = 0; i < m->n_functions; i++) {
                if (!has_keyboard(m, (int)i))
                        continue;
                if (!bound[i])
                        return true;
                keyboards++;
        }
        return keyboards == 0;
}

/* Where a rule may take every keyboard, which of them stays is left open. */
static void keyboard_verdicts(struct machine *m)
{
        if (!passphrase_possible(m) || m->ps2_keyboard)
                return;
        for (unsigned i = 0; i < m->n_functions; i++) {
                bool alone = has_keyboard(m, (int)i);

                for (unsigned k = 0; k < m->n_functions && alone; k++)
                        if (same_company(m, i, k) && m->functions[k].rule != NONE)
                                alone = false;
                if (alone)
                        return; /* this one stays in any case */
        }
        for (unsigned i = 0; i < m->n_functions; i++)
                if (has_keyboard(m, (int)i))
                        set(&m->functions[i], EITHER);
}

static void display_verdicts(struct machine *m)
{
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];

                if (d->boot_vga == 1)
                        set(d, d->rule == NONE ? EITHER : m->rules[d->rule].allow_boot_display ? FREE : NEEDED);
        }
}

/* By its class it is one that has disks. */
static bool is_controller(const struct function *d)
{
        return d->class >> 16 == 0x01 || d->class >> 8 == 0x0c03 || d->class >> 8 == 0x0c04;
}

/* The rule means the function itself: by its address, path or whole ID, or its slot by its address. */
static bool is_named(const struct rule *r)
{
        for (unsigned i = 0; i < r->n_match; i++) {
                const char *wild = strchr(r->match[i], '*'), *dot = strchr(r->match[i], '.');

                if (*r->match[i] != 'C' && (!wild || (dot && wild > dot)))
                        return true;
        }
        return false;
}

/* Classes that say nothing go by a name alone; virtio input, and USB where nobody sees a keyboard, are left open. */
static void class_verdicts(struct machine *m)
{
        bool none = passphrase_conceivable(m) && !m->ps2_keyboard;

        for (unsigned i = 0; i < m->n_functions; i++)
                none &= !has_keyboard(m, (int)i);
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];
                unsigned base = d->class >> 16;

                if (base == 0x00 || base == 0x05 || base == 0x0b || base == 0xff)
                        set(d, d->rule != NONE && !is_named(&m->rules[d->rule]) ? UNKNOWN : FREE);
                if (has_keyboard(m, (int)i) && (m->virtio_keyboard == (int)i || passphrase_conceivable(m)))
                        set(d, EITHER);
                if (none && (d->class >> 8 == 0x0c03 || d->class >> 8 == 0x0980))
                        set(d, EITHER);
        }
}

/* Without /sys/class/net or /sys/class/block nobody can see that a function of another class has what is there. */
static void forget(struct machine *m)
{
        for (unsigned n = 0; n < m->n_functions; n++) {
                struct function *d = &m->functions[n];
                bool shows_net = !m->no_net || is_network(d), hides_disks = m->no_block && !is_controller(d);
                bool shows = ((d->uses >> OVS_USE & 1) || (d->uses >> DECLARED_USE & 1)) && shows_net;

                shows |= d->uses >> SHAPE_USE & 1;
                for (unsigned i = 0; i < m->n_uses; i++) {
                        enum source source = m->uses[i].source;

                        if (d->uses >> i & 1)
                                shows |= source == BY_CONSOLE || (source == BY_ROUTE ? shows_net : !hides_disks);
                }
                if (d->uses && !shows)
                        d->verdict = EITHER;
                if (d->verdict == UNKNOWN && hides_disks && !is_network(d) && !has_interface(m, n, false))
                        d->verdict = EITHER;
        }
}

void judge_machine(struct machine *m)
{
        storage_verdicts(m);
        network_verdicts(m);
        keyboard_verdicts(m);
        display_verdicts(m);
        for (unsigned i = 0; i < m->n_uses; i++)
                switch (m->uses[i].on) {
                case ON_NOTHING:
                        break;
                case ON_BLOCK:
                        need_block(m, m->uses[i].at, i);
                        break;
                case ON_POOL:
                        need_pool(m, m->uses[i].at, i);
                        break;
                case ON_INTERFACE:
                        need_interface(m, m->uses[i].at, i);
                        break;
                case ON_FUNCTION:
                        need(m, m->uses[i].at, i);
                }
        /* Every port of Open vSwitch is used, whatever is routed over it. */
        for (unsigned i = 0; i < m->n_interfaces; i++)
                for (unsigned k = 0; k < m->interfaces[i].n_lower && m->interfaces[i].kind == OVS; k++)
                        need_interface(m, m->interfaces[i].lower[k], OVS_USE);
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (is_declared(m, i))
                        need_interface(m, (int)i, DECLARED_USE);
        for (unsigned i = 0; i < m->n_shaped; i++)
                shape_verdicts(m, &m->shaped[i]);
        forget(m);
        class_verdicts(m);
        judge_plugs(m, storage(m), uplink_known(m));
}
