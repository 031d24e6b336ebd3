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

/*
 * The kernel makes the names of slots different where the firmware has not, by a number in the order it finds them
 * ("0", "0-1", "0-2"): those name nothing that stays (drivers/pci/slot.c, make_slot_name).
 */
static bool lasting_slot(const struct facts *facts, const char *slot)
{
        const char *dash = strrchr(slot, '-');
        size_t n = strlen(slot);

        if (!*slot || (dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1)))
                return false;
        for (size_t i = 0; i < facts->n_devices; i++) {
                const char *other = facts->devices[i].marks[MARK_SLOT];

                if (other && strncmp(other, slot, n) == 0 && other[n] == '-')
                        return false;
        }
        return true;
}

static bool fits(const struct clearance_device *r, const struct device *d, enum fit how)
{
        switch (how) {
        case FIT_PCIE_SERIAL:
                return same(r->marks[MARK_SERIAL], d->marks[MARK_SERIAL]);
        case FIT_DISK_SERIAL:
                return *r->marks[MARK_DISK_SERIAL] && d->marks[MARK_DISK_SERIAL] &&
                       streq(r->marks[MARK_DISK_SERIAL], d->marks[MARK_DISK_SERIAL]);
        case FIT_PATH:
                return same(r->marks[MARK_FIRMWARE], d->marks[MARK_FIRMWARE]) || streq(r->path, d->path);
        case FIT_SLOT:
                return same(r->marks[MARK_SLOT], d->marks[MARK_SLOT]);
        case FIT_MAX_:
                break;
        }
        return false;
}

size_t identity_find(const struct facts *facts, const struct clearance_device *r, enum fit *ret_how, const char **why)
{
        for (enum fit how = 0; how < FIT_MAX_; how++) {
                size_t found = NO_DEVICE, n = 0;

                if (how == FIT_SLOT && !lasting_slot(facts, r->marks[MARK_SLOT]))
                        continue;
                for (size_t i = 0; i < facts->n_devices; i++)
                        if (facts->devices[i].identified && !contradicts(r, &facts->devices[i]) &&
                            fits(r, &facts->devices[i], how)) {
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
