/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/match.h"

#include <fnmatch.h>

#include "base/str.h"
#include "config/vgpu.h"
#include "facts/uuid.h"

static enum tristate fits_host(const char *word, const struct facts *facts)
{
        if (!facts->hostname && !facts->machine_id)
                return UNKNOWN;
        return (facts->hostname && fnmatch(word, facts->hostname, 0) == 0) ||
               (facts->machine_id && fnmatch(word, facts->machine_id, 0) == 0);
}

/* Each of the tags by itself; whoever has none does not fit. */
static enum tristate fits_tag(const char *word, const struct facts *facts)
{
        char tag[256];

        if (!facts->tags)
                return UNKNOWN;
        for (const char *t = facts->tags; *t; t += strspn(t, ":")) {
                size_t n = strcspn(t, ":");

                if (n < sizeof(tag)) {
                        memcpy(tag, t, n);
                        tag[n] = '\0';
                        if (fnmatch(word, tag, 0) == 0)
                                return YES;
                }
                t += n;
        }
        return NO;
}

static enum tristate fits_word(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        if (key == MATCH_HOST)
                return fits_host(word, facts);
        if (key == MATCH_PRODUCT)
                return facts->product ? fnmatch(word, facts->product, 0) == 0 : UNKNOWN;
        if (key == MATCH_TAG)
                return fits_tag(word, facts);
        return d->bus->match(key, word, facts, d);
}

static enum tristate fits(const struct rule *rule, enum match_key key, const struct facts *facts,
                          const struct device *d)
{
        const struct words *list = &rule->match[key];

        if (list->n == 0)
                return YES;
        for (size_t i = 0; i < list->n; i++) {
                enum tristate fit = fits_word(key, list->v[i], facts, d);

                if (fit == YES)
                        return list->negate ? NO : YES;
                if (fit == UNKNOWN)
                        return UNKNOWN;
        }
        return list->negate ? YES : NO;
}

static bool half_fits(const char *word, const char *id, size_t n)
{
        return (n == 1 && *word == '*') || (n == 4 && strncmp(word, id, 4) == 0);
}

enum tristate match_id(const char *word, const char *id)
{
        const char *colon = strchr(word, ':');

        if (!*id)
                return UNKNOWN;
        return half_fits(word, id, (size_t)(colon - word)) && half_fits(colon + 1, id + 5, strlen(colon + 1));
}

static bool same_bus(const struct rule *rule, const struct device *d)
{
        return rule->bus == d->bus->syntax;
}

static bool holds(const struct rule *rule, enum match_key key, const struct facts *facts, const struct device *d)
{
        return fits(rule, key, facts, d) == YES;
}

enum tristate match_machine(const struct rule *rule, const struct facts *facts)
{
        enum tristate host = fits(rule, MATCH_HOST, facts, NULL), product = fits(rule, MATCH_PRODUCT, facts, NULL),
                      tag = fits(rule, MATCH_TAG, facts, NULL);

        if (host == NO || product == NO || tag == NO)
                return NO;
        return host == YES && product == YES && tag == YES ? YES : UNKNOWN;
}

/* As passthrough.skip= is typed in a hurry, '-' and '_' are the same. */
bool match_is_skipped(const struct words *skip, const char *rule)
{
        for (size_t i = 0; i < skip->n; i++) {
                const char *a = skip->v[i], *b = rule;

                while (*a && (*a == *b || (strchr("-_", *a) && *b && strchr("-_", *b)))) {
                        a++;
                        b++;
                }
                if (!*a && !*b)
                        return true;
        }
        return false;
}

bool match_place(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        return same_bus(rule, d) && holds(rule, MATCH_ADDRESS, facts, d) && holds(rule, MATCH_PATH, facts, d);
}

bool match_apart_from_place(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        static const enum match_key others[] = {MATCH_ID,     MATCH_SUBSYSTEM,        MATCH_CLASS, MATCH_SERIAL,
                                                MATCH_PARENT, MATCH_VIRTUAL_FUNCTION, MATCH_PORT};

        if (!same_bus(rule, d) || !d->identified)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                enum tristate fit = fits(rule, others[i], facts, d);

                /* An NVMe disk tells its serial number only while its driver has it. */
                if (fit == NO || (fit == UNKNOWN && others[i] != MATCH_SERIAL))
                        return false;
        }
        return true;
}

const struct device *match_maker(const struct facts *facts, const struct device *d)
{
        while (d && d->parent) {
                size_t parent = facts_find(facts, d->parent);

                d = parent == NO_DEVICE ? NULL : &facts->devices[parent];
        }
        return d;
}

uint32_t match_made_index(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        const struct device *parent = match_maker(facts, d);
        char uuid[VGPU_UUID_SIZE];

        if (!d->bus->syntax->made)
                return d->index;
        for (uint32_t i = 0; parent && i < vgpu_count(rule->vgpu); i++)
                if (uuid_of(rule, facts, parent, i, uuid) && streq(d->address, uuid))
                        return i;
        return UINT32_MAX;
}

bool match_makes(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        if (!d->parent || !(rule->sriov || rule->vgpu))
                return false;
        return !d->bus->syntax->made || (rule->vgpu && match_made_index(rule, facts, d) != UINT32_MAX);
}

/* What is to match for a rule to decide the device; NULL: that is not here. */
static const struct device *judged(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        return match_makes(rule, facts, d) ? match_maker(facts, d) : d;
}

/* Every key but those of the machine. unnamed: the name that Port= means is not known. */
static enum tristate fits_all(const struct rule *rule, const struct facts *facts, const struct device *d, bool unnamed)
{
        enum tristate all = YES;

        for (int key = 0; key < MATCH_MAX_; key++) {
                enum tristate fit = YES;

                if (unnamed && key == MATCH_PORT && rule->match[key].n > 0)
                        fit = UNKNOWN;
                else if (!match_of_machine((enum match_key)key))
                        fit = fits(rule, (enum match_key)key, facts, d);
                if (fit == NO)
                        return NO;
                if (fit == UNKNOWN)
                        all = UNKNOWN;
        }
        return all;
}

bool match_device(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        d = judged(rule, facts, d);
        return d && same_bus(rule, d) && d->identified && fits_all(rule, facts, d, false) == YES;
}

bool match_may(const struct rule *rule, const struct facts *facts, const struct device *d)
{
        d = judged(rule, facts, d);
        return d && same_bus(rule, d) && d->identified && match_machine(rule, facts) != NO &&
               fits_all(rule, facts, d, false) != NO;
}

enum tristate match_on(const struct rule *rule, const struct facts *facts, const struct device *carrier)
{
        return fits_all(rule, facts, carrier, true);
}
