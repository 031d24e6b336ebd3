/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sealed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/attempt.h"
#include "ctl/edit.h"
#include "ctl/tell.h"
#include "facts/ssh.h"

int sealed_gather(struct ctl *c, struct luks_list *ret)
{
        const struct facts_request request = {.use = true}; /* of all devices, whatever the rules come to */
        struct facts facts = {.switches_known = true};

        int k = facts_gather(&c->root, &c->arena, c->sources, &request, &facts);

        *ret = (struct luks_list){};
        if (k == 0)
                luks_gather(&c->root, &c->arena, &facts, ret);
        return k;
}

const char *sealed_predict(struct ctl *c, const struct boot_facts *boot)
{
        if (boot->loader && boot->loader->predicts)
                return arena_join(&c->arena, "apply does that: ", boot->loader->copies, NULL);
        return root_exists(&c->root, "/usr/bin/sdbootutil")
                       ? "after apply and before the reboot: sdbootutil update-predictions"
                       : "after apply and before the reboot: systemd-pcrlock make-policy";
}

/* A trial has a line of its own. The host's clearance is measured by nobody. */
static bool line_changes(struct transaction *x)
{
        for (size_t i = 0; i < x->plan.changes.n; i++)
                if (!x->plan.changes.v[i].aside && !streq(x->plan.changes.v[i].path, CLEARANCE_PATH))
                        return true;
        return x->plan.changes.command || (x->c->root.live && !x->c->no_trial && attempt_needed(x));
}

/* Nobody who could type it need be there. Another system's processes tell nothing of who works here. */
static bool must_ask(const struct ctl *c, const struct seal_verdict *v)
{
        return v->state == SEAL_UNKNOWN || (c->root.live ? ssh_in_use(&c->root) : getenv("SSH_CONNECTION") != NULL);
}

static bool can_ask(const struct ctl *c)
{
        return !c->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* 0 or the exit status. */
static int ask(struct transaction *x)
{
        struct ctl *c = x->c;

        if (c->yes)
                return 0;
        if (!can_ask(c)) {
                x->stopped = "nothing is written, as nobody can be asked here; apply --yes goes on";
                return ctl_error("%s", x->stopped);
        }
        if (c->dry_run) {
                tell_note(c, "apply asks before it goes on");
                return 0;
        }
        fputs("  Go on", stdout);
        if (edit_yes())
                return 0;
        tell_say(c, "Nothing is written.");
        return EXIT_FAILURE;
}

static int judge(struct transaction *x, const struct luks *l, uint32_t pcrs, bool *ret_ask)
{
        struct ctl *c = x->c;
        struct seal_verdict v = seals_judge(l, pcrs, sealed_predict(c, &x->facts), &c->arena);

        if (v.state == SEAL_HOLDS)
                return 0;
        if (!x->asked)
                x->asked = v.asked;
        if (v.state == SEAL_LOCKS) {
                x->stopped = arena_join(&c->arena, v.what, ". Nothing is written; ", v.fix, NULL);
                return ctl_error("%s", x->stopped);
        }
        *ret_ask |= must_ask(c, &v);
        tell_note(c, v.what);
        tell_row(c, v.state == SEAL_UNKNOWN ? "To find out" : "Seal it anew", v.fix);
        return 0;
}

int sealed_allow(struct transaction *x)
{
        /* An addon's line and its initrd go into the same registers. */
        uint32_t pcrs = seals_changed(&x->facts, line_changes(x) || x->images.carries.changes, x->images.n_jobs > 0);
        struct luks_list list = {};
        bool asks = false;
        int k = pcrs ? sealed_gather(x->c, &list) : 0;

        if (k < 0)
                return ctl_fail("reading this machine's facts", k);
        for (size_t i = 0; i < list.n; i++)
                if (judge(x, &list.v[i], pcrs, &asks) != 0)
                        k = EXIT_FAILURE;
        return k == 0 && asks ? ask(x) : k;
}
