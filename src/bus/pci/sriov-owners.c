/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether somebody else sets up the virtual functions that a rule makes. Pure. */
#include <strings.h>

#include "base/str.h"
#include "bus/pci/sriov.h"
#include "facts/patterns.h"

struct owned {
        struct arena *arena;
        const struct facts *facts;
        const struct device *device;
        const struct sriov_facts *is;
        const struct sriov *sriov;
        uint32_t count;
};

/* An interface that does not show is nobody's yet. */
static enum tristate list_is(struct arena *a, const char *list, const struct strings *texts)
{
        return texts->n > 0 && patterns_mean(a, list, texts) ? YES : NO;
}

static enum tristate key_is(const struct owned *x, const struct owner_match *m)
{
        const struct device *d = x->device;
        struct strings one = {};

        if (!*m->value)
                return YES;
        if (strcasecmp(m->key, "Name") == 0 || strcasecmp(m->key, "OriginalName") == 0)
                return list_is(x->arena, m->value, &x->is->names);
        if (strcasecmp(m->key, "MACAddress") == 0 || strcasecmp(m->key, "PermanentMACAddress") == 0)
                return list_is(x->arena, m->value, &x->is->macs);
        if (strcasecmp(m->key, "Path") == 0)
                strings_add(x->arena, &one, arena_join(x->arena, d->bus->syntax->name, "-", d->address, NULL));
        else if (strcasecmp(m->key, "Driver") == 0 && d->driver_now)
                strings_add(x->arena, &one, d->driver_now);
        else if (strcasecmp(m->key, "Type") == 0 && startswith(d->class, "0200"))
                strings_add(x->arena, &one, "ether");
        else
                return UNKNOWN;
        return list_is(x->arena, m->value, &one);
}

/* All of its conditions hold; one without any is about every interface. */
static enum tristate is_about(const struct owned *x, const struct owner *o)
{
        enum tristate all = YES;

        for (size_t i = 0; i < o->n_matches && all != NO; i++) {
                enum tristate is = key_is(x, &o->matches[i]);

                all = is == YES ? all : is;
        }
        return all;
}

/* That of the device, or of a virtual function that is for guests. */
static bool is_address(const struct owned *x, const char *address)
{
        if (streq(address, x->device->address))
                return true;
        for (size_t i = 0; i < x->facts->n_devices; i++) {
                const struct device *vf = &x->facts->devices[i];
                const char *driver;

                if (streq(vf->address, address) && streq_ptr(vf->parent, x->device->address))
                        return vf->index == UINT32_MAX || sriov_driver(x->sriov, vf->index, &driver) != DRIVER_NATIVE;
        }
        for (uint32_t i = 0; i < x->count; i++) {
                const char *there = pci_sriov_forecast(x->arena, x->device, x->is, i), *driver;

                if (streq_ptr(there, address))
                        return sriov_driver(x->sriov, i, &driver) != DRIVER_NATIVE;
        }
        return false;
}

static bool is_owner(const struct owned *x, const struct owner *o)
{
        switch (o->kind) {
        case OWNER_PROXMOX:
                return streq(o->address, x->device->address) ||
                       (streq(o->address, "ALL") && startswith(x->device->id, "10de:"));
        case OWNER_OPERATOR:
                return streq(o->address, x->device->address);
        case OWNER_MDEVCTL:
                return is_address(x, o->address);
        default:
                return o->claims && is_about(x, o) != NO;
        }
}

/* Of systemd's files the first that matches has the interface, and others behind it say nothing. */
static bool is_last(const struct owned *x, const struct owner *o)
{
        return (o->kind == OWNER_LINK || o->kind == OWNER_NETWORK) && is_about(x, o) == YES;
}

const struct owner *pci_sriov_owner(struct arena *a, const struct facts *facts, const struct device *d,
                                    const struct sriov_facts *is, const struct sriov *sriov, uint32_t count)
{
        const struct owned x = {a, facts, d, is, sriov, count};
        bool over[OWNER_KIND_MAX_] = {};

        for (size_t i = 0; is->owners && i < is->owners->n; i++) {
                const struct owner *o = &is->owners->v[i];

                if (over[o->kind])
                        continue;
                if (o->unreadable || is_owner(&x, o))
                        return o;
                over[o->kind] = is_last(&x, o);
        }
        return NULL;
}
