/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/hand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/tell.h"
#include "report/domain.h"
#include "report/json.h"
#include "state/links.h"

/* What is wrong with it has been said. */
static int is_invalid(struct hand *h, const struct rule *rule)
{
        struct record_rule invalid = {
                .name = rule->name, .file = rule->file, .state = RULE_INVALID, .message = rule->message};

        h->document.rules = &invalid;
        h->document.n_rules = 1;
        if (h->c->json)
                json_status(stdout, &(struct status){.record = h->document, .ran = true}, &h->c->diags);
        return EXIT_USAGE;
}

int hand_open(struct hand *h)
{
        struct ctl *c = h->c;
        const char *name = c->argv[1];
        bool release = streq(c->argv[0], "release");
        const struct rule *rule;
        int k = c->dry_run ? 0 : record_lock(&c->root, PATIENCE, &h->lock);

        if (k == RECORD_BUSY)
                return ctl_error("another run has been at work for 10 s; systemctl status 'passthrough*' may show it");
        if (k < 0)
                return ctl_fail(PASSTHROUGH_RUN "/lock", k);
        k = record_read(&c->root, &c->arena, &h->record);
        if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        /* What was taken may be of a rule that is gone. */
        k = ctl_load_plan(
                c, &(struct facts_request){.busy = true, .identities = true, .config = release ? NULL : &c->config},
                false);
        if (k != 0)
                return k;
        rule = config_find(&c->config, name);
        if (rule && rule->invalid)
                return is_invalid(h, rule);
        if (!rule && !(release && record_find(&h->record, name)))
                return ctl_find_device(c, name, &h->device);
        h->rule = name;
        return 0;
}

void hand_close(struct hand *h)
{
        close_fd(&h->lock);
}

void hand_tell(struct hand *h, const struct outcome *o)
{
        const char *text;

        if (!o->text)
                return;
        text = domain_less_text(domain_is_one(&h->c->facts), &h->c->arena, o->text);
        h->bad |= o->bad;
        if (!h->c->dry_run)
                outcome_log(&h->c->root, o, true);
        if (o->bad)
                ctl_error("%s", text);
        else if (!h->c->json)
                tell_say(h->c, text);
}

void hand_tell_rule(struct hand *h, const struct record_rule *rule)
{
        struct outcome o = outcome_of_rule(&h->c->arena, rule);

        hand_tell(h, &o);
}

void hand_complain(struct hand *h, const char *rule, const char *text)
{
        text = arena_join(&h->c->arena, rule, ": ", text, NULL);
        hand_tell(h,
                  &(struct outcome){
                          .level = LOG_LEVEL_ERROR, .message_id = LOG_RULE, .rule = rule, .text = text, .bad = true});
}

void hand_nodes(struct hand *h, const char *rule)
{
        struct ctl *c = h->c;
        struct diags problems = {.arena = &c->arena};
        struct nodes nodes;

        if (c->dry_run)
                return;
        nodes = links_find(&c->root, &c->arena, &c->plan, &h->record, rule, &problems);
        act_nodes(&c->root, &c->arena, &nodes, &problems);
        for (size_t i = 0; i < problems.n; i++)
                hand_complain(h, rule, problems.v[i].message);
}

int hand_finish(struct hand *h, int k)
{
        struct status document = {.record = h->document, .ran = true};

        if (k >= 0)
                k = record_write(&h->c->root, &h->c->arena, &h->record);
        if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        if (h->c->json)
                json_status(stdout, &document, &h->c->diags);
        return h->bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
