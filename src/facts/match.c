/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/match.h"

#include <fnmatch.h>
#include <stdio.h>
#include <strings.h>

#include "base/str.h"

static enum tristate match_address(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return strpbrk(word, "*?[") ? fnmatch(word, d->address, 0) == 0 : streq(word, d->address);
}

static enum tristate match_path(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return streq(word, d->path);
}

static enum tristate match_slot(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return d->slot ? streq(word, d->slot) : UNKNOWN;
}

static bool half_fits(const char *word, const char *id, size_t n)
{
        return (n == 1 && *word == '*') || (n == 4 && strncmp(word, id, 4) == 0);
}

static enum tristate fits_id(const char *word, const char *id)
{
        const char *colon = strchr(word, ':');

        if (!*id)
                return UNKNOWN;
        return half_fits(word, id, (size_t)(colon - word)) && half_fits(colon + 1, id + 5, strlen(colon + 1));
}

static enum tristate match_id(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return fits_id(word, d->id);
}

static enum tristate match_subsystem(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return fits_id(word, d->subsystem);
}

static enum tristate match_class(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return startswith(d->class, word);
}

static enum tristate match_serial(const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        if (!d->pcie_serial && !d->disk_serial)
                return UNKNOWN;
        return (d->pcie_serial && strcasecmp(word, d->pcie_serial) == 0) ||
               (d->disk_serial && streq(word, d->disk_serial));
}

static enum tristate match_parent(const char *word, const struct facts *facts, const struct device *d)
{
        size_t i = d->parent ? facts_find(facts, d->parent) : NO_DEVICE;
        const struct device *parent;

        if (i == NO_DEVICE)
                return d->parent ? UNKNOWN : NO;
        parent = &facts->devices[i];
        for (size_t k = 0; k < parent->n_interfaces; k++)
                if (streq(word, parent->interfaces[k]))
                        return YES;
        return streq(word, parent->address) || streq(word, parent->path);
}

static enum tristate match_virtual_function(const char *word, const struct facts *facts, const struct device *d)
{
        unsigned low, high;

        (void)facts;
        if (!d->parent)
                return NO;
        if (d->vf_index == UINT32_MAX || sscanf(word, "%u-%u", &low, &high) != 2)
                return UNKNOWN;
        return d->vf_index >= low && d->vf_index <= high;
}

static enum tristate match_host(const char *word, const struct facts *facts, const struct device *d)
{
        (void)d;
        if (!facts->hostname && !facts->machine_id)
                return UNKNOWN;
        return (facts->hostname && fnmatch(word, facts->hostname, 0) == 0) ||
               (facts->machine_id && fnmatch(word, facts->machine_id, 0) == 0);
}

static enum tristate match_product(const char *word, const struct facts *facts, const struct device *d)
{
        (void)d;
        return facts->product ? fnmatch(word, facts->product, 0) == 0 : UNKNOWN;
}

static enum tristate (*const matchers[MATCH_MAX_])(const char *, const struct facts *, const struct device *) = {
        [MATCH_ADDRESS] = match_address,
        [MATCH_PATH] = match_path,
        [MATCH_SLOT] = match_slot,
        [MATCH_ID] = match_id,
        [MATCH_SUBSYSTEM] = match_subsystem,
        [MATCH_CLASS] = match_class,
        [MATCH_SERIAL] = match_serial,
        [MATCH_PARENT] = match_parent,
        [MATCH_VIRTUAL_FUNCTION] = match_virtual_function,
        [MATCH_HOST] = match_host,
        [MATCH_PRODUCT] = match_product,
};

static enum tristate fits(const struct rule *rule, enum match_key key, const struct facts *facts,
                          const struct device *d)
{
        const struct words *list = &rule->match[key];

        if (list->n == 0)
                return YES;
        for (size_t i = 0; i < list->n; i++) {
                enum tristate fit = matchers[key](list->v[i], facts, d);

                if (fit == YES)
                        return list->negate ? NO : YES;
                if (fit == UNKNOWN)
                        return UNKNOWN;
        }
        return list->negate ? YES : NO;
}

static bool holds(const struct rule *rule, enum match_key key, const struct facts *facts, const struct device *d)
{
        return fits(rule, key, facts, d) == YES;
}

enum tristate match_machine(const struct rule *rule, const struct facts *facts)
{
        enum tristate host = fits(rule, MATCH_HOST, facts, NULL), product = fits(rule, MATCH_PRODUCT, facts, NULL);

        if (host == NO || product == NO)
                return NO;
        return host == YES && product == YES ? YES : UNKNOWN;
}

bool match_place(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        return rule->bus == d->bus && holds(rule, MATCH_ADDRESS, facts, d) && holds(rule, MATCH_PATH, facts, d);
}

bool match_apart_from_place(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        static const enum match_key others[] = {MATCH_ID,     MATCH_SUBSYSTEM, MATCH_CLASS,
                                                MATCH_SERIAL, MATCH_PARENT,    MATCH_VIRTUAL_FUNCTION};

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                /* An NVMe disk tells its own only while its driver has it. */
                bool mute = others[i] == MATCH_SERIAL && !d->pcie_serial && !d->disk_serial;

                if (!mute && !holds(rule, others[i], facts, d))
                        return false;
        }
        return rule->bus == d->bus && d->identified;
}

bool match_device(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        if (rule->bus != d->bus || !d->identified)
                return false;
        for (int key = 0; key < MATCH_MAX_; key++)
                if (key != MATCH_HOST && key != MATCH_PRODUCT && !holds(rule, (enum match_key)key, facts, d))
                        return false;
        return true;
}
