/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gettys.h"

#include "base/str.h"
#include "facts/match.h"
#include "facts/terminals.h"
#include "state/record.h"

/* udev makes the link for each port that it has for a rule: see plan/claims-udev.c. */
static const char condition[] = "# Made by passthrough-generator from passthrough.d(5)\n"
                                "[Unit]\n"
                                "ConditionPathExists=!/dev/passthrough/.tty/%I\n";

static bool on_this_bus(const struct rule *rule)
{
        return rule->bus && rule->bus->on_others;
}

/* Whether a device of another kind than its name tells has to fit, too. */
static bool asks_more(const struct rule *rule)
{
        return rule->match[MATCH_ID].n > 0 || rule->match[MATCH_PATH].n > 0 || rule->match[MATCH_SERIAL].n > 0;
}

static bool fits(const struct rule *rule, const char *port)
{
        const struct words *list = &rule->match[MATCH_PORT];

        return list->n == 0 || (str_index(port, list->v, list->n) >= 0) != list->negate;
}

/*
 * Whether the rule that decides about the port by its name alone takes it. One that may leave it to the host, by what
 * is not looked at here, does.
 */
static bool is_taken(const struct config *config, const struct facts *facts, const char *port)
{
        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *rule = &config->rules[i];
                enum tristate here = match_machine(rule, facts);

                if (rule->invalid && rule->decides && rule->unread)
                        return false;
                if (!on_this_bus(rule) || !fits(rule, port))
                        continue;
                if (rule->invalid) {
                        if (rule->decides)
                                return false;
                        continue;
                }
                if (here == NO || match_is_skipped(&facts->skip, rule->name))
                        continue;
                /* While one of Stage=demand is started, the link in /dev keeps a login away. */
                if (rule->driver == DRIVER_NATIVE || rule_on_demand(rule))
                        return false;
                /* One that names more than it expects takes none of them, if they are all there. */
                if (!asks_more(rule) && here == YES)
                        return rule->match[MATCH_PORT].negate || rule->match[MATCH_PORT].n <= rule->expect_max;
        }
        return false;
}

/* One that was given back by hand has its login again, until the next boot. */
static bool is_released(const struct record *record, const char *port)
{
        const struct record_device *d = record_find_device(record, port);

        return d && d->action == ACTION_KEEP;
}

static void mask(struct units *early, struct arena *a, const char *port)
{
        for (size_t i = 0; terminals_logins[i]; i++) {
                const char *unit = arena_join(a, terminals_logins[i], port, ".service", NULL);

                if (!units_have(early, unit))
                        units_mask(early, unit);
        }
}

int gettys_mask(const struct root *root, struct arena *a, const struct config *config, const struct facts *facts,
                struct units *early, struct units *normal)
{
        struct terminals terminals;
        struct record record = {};
        size_t n = 0;
        int k;

        for (size_t i = 0; i < config->n_rules; i++)
                n += on_this_bus(&config->rules[i]) && !config->rules[i].invalid &&
                     config->rules[i].driver != DRIVER_NATIVE;
        if (n == 0)
                return 0;
        for (size_t i = 0; terminals_logins[i]; i++)
                units_write(normal, arena_join(a, terminals_logins[i], ".service.d/50-passthrough.conf", NULL),
                            condition);
        /* A record that is broken says of no port that it was given back. */
        k = record_read(root, a, &record);
        if (k < 0)
                return k;
        terminals_read(root, a, facts->cmdline, &terminals);
        for (size_t i = 0; i < config->n_rules; i++)
                for (size_t w = 0; on_this_bus(&config->rules[i]) && w < config->rules[i].match[MATCH_PORT].n; w++) {
                        const char *port = config->rules[i].match[MATCH_PORT].v[w], *unknown;

                        if (is_taken(config, facts, port) && !is_released(&record, port) &&
                            !terminals_use(&terminals, port, &unknown) && !unknown)
                                mask(early, a, port);
                }
        return 0;
}
