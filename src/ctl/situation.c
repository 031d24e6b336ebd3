/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/situation.h"

#include "maker/makers.h"
#include "maker/origin.h"
#include "state/trial.h"

/* Whether every image of this host is what would be built now; one of which that is not known is not. */
static bool images_ready(struct ctl *c)
{
        struct makers makers;
        struct installed_list list;
        size_t n = 0;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        installed_look(c->loaders, &makers, &c->root, &c->arena, &list);
        for (size_t i = 0; i < list.n; i++) {
                const char *stale = NULL;
                bool known = false;

                if (!list.v[i].path)
                        continue;
                if (origin_judge(&c->root, &c->arena, &makers, &list.v[i], &c->config, &known, &stale) < 0 || !known ||
                    stale)
                        return false;
                n++;
        }
        return n > 0;
}

enum way situation_way(struct ctl *c, bool waits)
{
        struct trial trial;

        trial_read(&c->root, &c->arena, &trial);
        if (trial.state == TRIAL_FAILED)
                return WAY_FAILED;
        if (trial.state == TRIAL_RUNNING && trial.by_hand)
                return WAY_CONFIRM;
        if (trial.state == TRIAL_PENDING)
                return WAY_TRIAL;
        return waits && images_ready(c) ? WAY_APPLIED : WAY_UNKNOWN;
}

void situation_read(struct ctl *c, struct situation *ret)
{
        *ret = (struct situation){.live = c->root.live, .errors = c->diags.n_errors > 0, .n_rules = c->config.n_rules};
        for (size_t i = 0; i < c->config.n_rules; i++) {
                ret->n_refused += c->plan.rules[i].state == RULE_REFUSED;
                ret->n_missing += c->plan.rules[i].state == RULE_MISSING;
        }
        ret->way = situation_way(c, ret->n_rules > 0);
}
