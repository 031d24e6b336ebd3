/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: greedy ones that take every device of a class, and random ones; which of them decides a function. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

static const struct {
        const char *name, *prefix[2];
} classes[] = {
        {"storage", {"01"}}, {"nvme", {"0108"}},     {"network", {"02"}},
        {"usb", {"0c03"}},   {"display", {"03"}},    {"audio", {"0401", "0403"}},
        {"serial", {"07"}},  {"multimedia", {"04"}}, {"010601", {"010601"}},
        {"0c", {"0c"}},      {"ff", {"ff"}},         {"00", {"00"}},
        {"0106", {"0106"}},
};

static void line(struct rule *r, const char *what)
{
        TEXT(r->match[r->n_match++], "%s", what);
}

static const struct function *some_function(struct machine *m)
{
        const struct function *d;

        do
                d = &m->functions[below(m, m->n_functions)];
        while (is_bridge(d) && !chance(m, 5));
        return d;
}

static void random_match(struct machine *m, struct rule *r)
{
        const struct function *d = some_function(m);

        switch (below(m, 7)) {
        case 0:
                line(r, f("Address=%s", d->address));
                break;
        case 1:
                line(r, f("Address=%s.*", d->slot));
                break;
        case 2:
                line(r, "Address=*:0[0-3]:*");
                break;
        case 3:
                line(r, f("Path=%s", d->path));
                break;
        case 4:
                line(r, f("ID=%04x:%04x", d->vendor, d->device));
                break;
        case 5:
                line(r, f("ID=%04x:*", d->vendor));
                line(r, "Class=!06");
                break;
        default:
                line(r, f("Class=%s", classes[below(m, COUNT(classes))].name));
        }
}

static struct rule *new_rule(struct machine *m)
{
        struct rule *r = &m->rules[m->n_rules++];

        *r = (struct rule){
                .complete = chance(m, 65),
                .slot = chance(m, 25),
                .match_only = chance(m, 30),
                .native = chance(m, 4),
                .allow_boot_display = chance(m, 20),
                .stage_root = chance(m, 85),
        };
        if (m->n_capable > 0 && chance(m, 55)) {
                static const char *const counts[] = {"1", "2", "4", "8", "all", "existing"};

                r->virtual = counts[below(m, COUNT(counts))];
                r->native = true;
                r->slot = false;
        }
        return r;
}

/* Blank-separated names of classes and prefixes of their number. */
static bool class_fits(const char *words, unsigned class)
{
        char hex[8], copy[64], *word, *rest = copy;

        TEXT(hex, "%06x", class);
        TEXT(copy, "%s", words);
        while ((word = strsep(&rest, " "))) {
                const char *const plain[2] = {word, NULL}, *const *prefix = plain;

                for (size_t i = 0; i < COUNT(classes); i++)
                        if (strcmp(word, classes[i].name) == 0)
                                prefix = classes[i].prefix;
                for (unsigned i = 0; i < 2 && prefix[i]; i++)
                        if (strncmp(hex, prefix[i], strlen(prefix[i])) == 0)
                                return true;
        }
        return false;
}

static bool line_fits(const char *what, const struct function *d)
{
        const char *value = strchr(what, '=') + 1;
        char id[12];

        switch (*what) {
        case 'A':
                return fnmatch(value, d->address, 0) == 0;
        case 'P':
                return strcmp(value, d->path) == 0;
        case 'I':
                TEXT(id, "%04x:%04x", d->vendor, d->device);
                return fnmatch(value, id, 0) == 0;
        default:
                return *value == '!' ? d->class >> 16 != 0x06 : class_fits(value, d->class);
        }
}

static bool rule_fits(const struct rule *r, const struct function *d)
{
        for (unsigned i = 0; i < r->n_match; i++)
                if (!line_fits(r->match[i], d))
                        return false;
        return true;
}

/* A rule that makes virtual functions matches what they are of. */
static const struct function *meant(const struct machine *m, const struct rule *r, const struct function *d)
{
        return r->virtual && d->physical != NONE ? &m->functions[d->physical] : d;
}

void make_rules(struct machine *m)
{
        bool greedy = chance(m, 50);

        if (m->n_shaped > 0) {
                struct rule *r = new_rule(m);

                line(r, "Address=0000:60:*.0");
                r->native = false;
                r->virtual = NULL;
                r->stage_root = chance(m, 50);
        }
        if (greedy) {
                /* Everything that a rule can name. */
                static const char *const all[] = {"storage", "0c03 0c04", "network",
                                                  "display", "04",        "ff 07 09 00 0c80"};

                for (unsigned n = 0; n < COUNT(all); n++)
                        line(new_rule(m), f("Class=%s", all[n]));
        } else
                for (unsigned n = 1 + below(m, 5); n > 0; n--)
                        random_match(m, new_rule(m));
        for (unsigned i = 0; i < m->n_functions; i++)
                for (unsigned r = 0; r < m->n_rules && m->functions[i].rule == NONE; r++)
                        if (rule_fits(&m->rules[r], meant(m, &m->rules[r], &m->functions[i])))
                                m->functions[i].rule = (int)r;
        for (unsigned i = 0; i < m->n_functions; i++) {
                struct function *d = &m->functions[i];

                d->made = d->physical != NONE && !d->driver && d->rule != NONE && m->rules[d->rule].virtual;
        }
}
