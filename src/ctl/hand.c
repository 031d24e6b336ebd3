/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/hand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "report/json.h"

static int find_device(struct hand *h, const char *name)
{
        const struct ctl *c = h->c;
        struct pci_address at;

        if (pci_address_parse(name, &at) < 0) {
                const char **names = arena_alloc(&h->c->arena, (c->config.n_rules + 1) * sizeof(*names)), *nearest;

                for (size_t i = 0; names && i < c->config.n_rules; i++)
                        names[i] = c->config.rules[i].name;
                nearest = names ? str_nearest(name, names, c->config.n_rules) : NULL;
                if (nearest)
                        return ctl_usage("there is no rule \"%s\"; is \"%s\" meant?", name, nearest);
                return ctl_usage("\"%s\" is neither a rule nor the address of a PCI device", name);
        }
        h->device = facts_find_at(&c->facts, &at);
        return h->device == NO_DEVICE ? ctl_usage("there is no PCI device at %s", name) : 0;
}

int hand_open(struct hand *h)
{
        struct ctl *c = h->c;
        const char *name = c->argv[1];
        bool release = streq(c->argv[0], "release");
        const struct rule *rule;
        int k = record_lock(&c->root, PATIENCE);

        if (k == -EBUSY) {
                fputs("passthroughctl: another run has been at it for 10 s; \"systemctl status 'passthrough*'\" may "
                      "show "
                      "it\n",
                      stderr);
                return EXIT_FAILURE;
        }
        if (k < 0)
                return ctl_fail(PASSTHROUGH_RUN "/lock", k);
        h->lock = k;
        k = record_read(&c->root, &c->arena, &h->record);
        if (k < 0 && k != -ENOENT && k != -EBADMSG)
                return ctl_fail(RECORD_PATH, k);
        /* What was taken may be of a rule that is gone. */
        k = ctl_load_plan(c, &(struct facts_request){.busy = true, .config = release ? NULL : &c->config}, false);
        if (k != 0)
                return k;
        rule = config_find(&c->config, name);
        if (rule && rule->invalid) {
                fprintf(stderr, "passthroughctl: rule %s: %s\n", name, rule->message);
                return EXIT_USAGE;
        }
        if (!rule && !(release && record_find(&h->record, name)))
                return find_device(h, name);
        h->rule = name;
        return 0;
}

void hand_close(struct hand *h)
{
        close_fd(&h->lock);
}

void hand_tell(struct hand *h, const struct outcome *o)
{
        if (!o->text)
                return;
        h->bad |= o->bad;
        log_outcome(&h->c->root, o, true);
        if (o->bad)
                fprintf(stderr, "%s\n", o->text);
        else if (!h->c->json)
                puts(o->text);
}

void hand_tell_rule(struct hand *h, const char *rule, const char *state, const char *message)
{
        h->bad = true;
        log_rule_state(&h->c->root, &h->c->arena,
                       &(struct record_rule){.name = rule, .state = state, .message = message}, true);
        fprintf(stderr, "%s: %s: %s\n", rule, state, message);
}

int hand_finish(struct hand *h, int k)
{
        struct status document = {.record = h->document, .ran = true};

        if (k >= 0)
                k = record_write(&h->c->root, &h->record);
        if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        if (h->c->json && json_status(stdout, &document) < 0)
                return ctl_fail(h->c->argv[0], -ENOMEM);
        return h->bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
