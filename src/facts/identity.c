/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses change when a card is added or removed, so devices that were recorded are looked for by what stays,
 * strongest first: serial number; firmware path or bridge path, with the ID; slot, with the ID. Never by ID alone.
 */
#include "facts/identity.h"

#include <strings.h>

#include "base/str.h"

const char *const fit_names[FIT_MAX_] = {"its serial number", "its serial number", "its path", "its slot"};

static bool same(const char *recorded, const char *now)
{
        return *recorded && now && strcasecmp(recorded, now) == 0;
}

bool identity_is_number(const char *serial)
{
        return serial[strspn(serial, "0- ")] && serial[strspn(serial, "fF- ")];
}

/* Ports of one card may share theirs: then the function's number tells. */
const char *identity_mark(const struct facts *facts, const struct device *d, enum mark mark)
{
        const char *text = d->marks[mark];

        if ((mark != MARK_SERIAL && mark != MARK_DISK_SERIAL) || !text)
                return text;
        if (!identity_is_number(text))
                return NULL;
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *other = &facts->devices[i];

                if (other != d && streq(other->id, d->id) && same(text, other->marks[mark]) &&
                    (mark != MARK_SERIAL || !device_same_card(d, other)))
                        return NULL;
        }
        return text;
}

const char *identity_word(const struct facts *facts, const struct device *d)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+@/&{}=,~()[]";
        const char *serial = identity_mark(facts, d, MARK_SERIAL);

        return serial && *serial && !serial[strspn(serial, plain)] ? serial : NULL;
}

/* A serial number that both have and that differs: somebody else, wherever it sits. */
static bool contradicts(const struct clearance_device *r, const struct device *d)
{
        if (!streq(r->id, d->id))
                return true;
        if (*r->marks[MARK_SERIAL] && !same(r->marks[MARK_SERIAL], d->marks[MARK_SERIAL]))
                return true; /* also where it has none any more */
        return *r->marks[MARK_DISK_SERIAL] && d->marks[MARK_DISK_SERIAL] &&
               !streq(r->marks[MARK_DISK_SERIAL], d->marks[MARK_DISK_SERIAL]);
}

static bool same_slot(const struct facts *facts, const struct clearance_device *r, const struct device *d)
{
        const char *slot = r->marks[MARK_SLOT];

        return same(slot, d->marks[MARK_SLOT]) && (!d->bus->lasting_slot || d->bus->lasting_slot(facts, slot));
}

static bool fits(const struct facts *facts, const struct clearance_device *r, const struct device *d, enum fit how)
{
        switch (how) {
        case FIT_PCIE_SERIAL:
                return same(r->marks[MARK_SERIAL], d->marks[MARK_SERIAL]) &&
                       identity_is_number(r->marks[MARK_SERIAL]) &&
                       (!d->bus->same_function || d->bus->same_function(r->path, d));
        case FIT_DISK_SERIAL:
                return identity_is_number(r->marks[MARK_DISK_SERIAL]) && *r->marks[MARK_DISK_SERIAL] &&
                       d->marks[MARK_DISK_SERIAL] && streq(r->marks[MARK_DISK_SERIAL], d->marks[MARK_DISK_SERIAL]);
        case FIT_PATH:
                return same(r->marks[MARK_FIRMWARE], d->marks[MARK_FIRMWARE]) || streq(r->path, d->path);
        case FIT_SLOT:
                return same_slot(facts, r, d);
        case FIT_MAX_:
                break;
        }
        return false;
}

bool identity_may_be(const struct clearance_device *r, const struct device *d)
{
        return d->identified && streq(r->id, d->id) &&
               (streq(r->path, d->path) || same(r->marks[MARK_FIRMWARE], d->marks[MARK_FIRMWARE]) ||
                same(r->marks[MARK_SERIAL], d->marks[MARK_SERIAL]) ||
                same(r->marks[MARK_DISK_SERIAL], d->marks[MARK_DISK_SERIAL]));
}

size_t identity_find(const struct facts *facts, const struct clearance_device *r, enum fit *ret_how, const char **why)
{
        for (enum fit how = 0; how < FIT_MAX_; how++) {
                size_t found = NO_DEVICE, n = 0;

                for (size_t i = 0; i < facts->n_devices; i++)
                        if (facts->devices[i].identified && !contradicts(r, &facts->devices[i]) &&
                            fits(facts, r, &facts->devices[i], how)) {
                                found = i;
                                n++;
                        }
                /* Twins may share a serial number: the next mark may tell them apart. */
                if (n == 1) {
                        *ret_how = how;
                        return found;
                }
                if (n > 1)
                        *why = "more than one device could be it";
        }
        return NO_DEVICE;
}
