/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm, and trial: what there is, and what its services do. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl/attempt.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "report/json-changes.h"

static uint32_t complete_applies(const struct transaction *x)
{
        uint32_t n = 0;

        for (size_t i = 0; i < x->journal.n; i++)
                n += x->journal.v[i].done;
        return n;
}

/* The menu that is made now is one without the trial. */
static int forget_source(struct transaction *x)
{
        const struct oneshot *once = x->facts.loader ? x->facts.loader->once : NULL;
        int k = once && once->source ? file_remove(&x->c->root, once->source) : 0;

        return k < 0 ? ctl_fail(once->source, k) : 0;
}

/* What was booted takes the image's place; what only other kernels boot with is built now. */
static int take_over(struct transaction *x)
{
        struct trial t = x->trial;
        int k = transaction_detect(x);

        if (k == 0)
                k = forget_source(x);
        /* What undo brings back is the menu without the trial. */
        if (k == 0)
                k = attempt_clear(x);
        if (k == 0)
                k = transaction_prepare(x);
        for (size_t i = 0; k == 0 && t.image && i < x->images.n_jobs; i++)
                if (streq(x->images.jobs[i].image->path, t.target))
                        x->images.jobs[i].tried = t.image;
        return k == 0 ? transaction_carry_out(x) : k;
}

static int would_keep(struct transaction *x)
{
        int k = transaction_prepare(x);

        if (k != 0)
                return k;
        x->changed = true;
        for (size_t i = 0; i < x->plan.changes.n; i++)
                tell_row(x->c, x->plan.changes.v[i].new ? "Would write" : "Would remove", x->plan.changes.v[i].path);
        tell_say(x->c, "The trial would be kept.");
        return EXIT_SUCCESS;
}

static int keep(struct transaction *x)
{
        int k = transaction_load(x);

        if (k == 0 && x->config != x->trial.config) {
                ctl_error("the rules have changed since this trial was made; sudo passthroughctl "
                          "apply tries them as they are now");
                return EXIT_FAILURE;
        }
        if (k == 0 && x->c->dry_run)
                return would_keep(x);
        x->trial.applies = complete_applies(x);
        if (k == 0)
                k = attempt_record(x, TRIAL_ACCEPTED);
        if (k == 0)
                k = take_over(x);
        if (k != 0) {
                (void)!attempt_drop(x, "it was booted, and could not be kept");
                return EXIT_FAILURE;
        }
        x->changed = true;
        k = attempt_drop(x, NULL);
        if (k == 0)
                tell_say(x->c, "The trial is kept: this boots from now on.");
        return k;
}

static int open_trial(struct transaction *x)
{
        return x->c->root.live ? transaction_open(x)
                               : ctl_usage("a trial belongs to the running host; --root= names another");
}

/* *ret_why: why nothing is kept. */
static int confirm(struct transaction *x, const char **ret_why)
{
        struct ctl *c = x->c;
        const struct trial *t = &x->trial;

        *ret_why = "";
        if (t->state == TRIAL_NONE) {
                *ret_why = "there is no trial";
                tell_say(c, "Nothing to confirm: there is no trial.");
                return EXIT_SUCCESS;
        }
        if (t->state == TRIAL_FAILED)
                *ret_why = arena_join(&c->arena, "the trial of ", t->when, " failed: ", t->why ? t->why : "", NULL);
        else if (t->state == TRIAL_MAKING)
                *ret_why = "the apply that was to make the trial was cut short; passthroughctl apply begins anew";
        else if (!trial_is_here(&c->root, &c->arena, t))
                *ret_why = "this boot is not the trial; the next one is";
        if (**ret_why) {
                ctl_error("%s", *ret_why);
                return EXIT_FAILURE;
        }
        if (!c->automatic || !t->by_hand)
                return keep(x);
        tell_say(c,
                 arena_printf(&c->arena,
                              "The boot is complete; passthroughctl confirm keeps it, or it is taken back %u minutes "
                              "after its start.",
                              t->seconds / 60));
        return EXIT_SUCCESS;
}

int ctl_confirm(struct ctl *c)
{
        _cleanup_(transaction_close) struct transaction x = TRANSACTION_INIT(c);
        struct tried tried;
        struct trial trial;
        int out = -1, k = open_trial(&x), status;

        if (k == 0 && c->json)
                k = ctl_aside(&out);
        if (k != 0)
                return k;
        trial = x.trial;
        tried = (struct tried){.trial = &trial, .here = trial_is_here(&c->root, &c->arena, &trial)};
        status = confirm(&x, &tried.message);
        tried.changed = x.changed;
        if (c->json)
                k = ctl_aside_end(out);
        if (c->diags.n_errors > 0)
                tried.message = "the config has errors";
        if (c->json)
                json_confirmed(stdout, &tried);
        if (!c->json && !c->automatic)
                situation_put(c, NEXT_ON_CONFIRM);
        return k != 0 ? k : status;
}

/* ---- what its services do, and what there is -----------------------------------------------------------------------
 */

static int fail(struct transaction *x, const char *why)
{
        ctl_error("the trial of %s failed: %s%s", x->trial.when, why,
                  journal_unfinished(&x->journal) ? "" : "; the config that was applied before it is in effect");
        return attempt_drop(x, why);
}

/* Of a boot that has left nothing behind: its initrd can write nowhere, and no panic does. */
static const char *not_up(struct transaction *x)
{
        return arena_printf(&x->c->arena,
                            "it was booted, and did not come up: it waited %u min for a passphrase or a file system, "
                            "panicked, or was reset",
                            x->trial.seconds / 60);
}

/* At the beginning of each boot. */
static int settle(struct transaction *x)
{
        struct trial *t = &x->trial;
        struct ctl *c = x->c;
        int k;

        if (t->state == TRIAL_NONE)
                return 0;
        if (trial_is_here(&c->root, &c->arena, t))
                return t->state == TRIAL_PENDING ? attempt_record(x, TRIAL_RUNNING) : 0;
        if (!trial_is_old(&c->root, t))
                return 0;
        switch (t->state) {
        case TRIAL_MAKING:
                return attempt_drop(x, NULL);
        case TRIAL_PENDING:
                k = transaction_detect(x);
                if (k != 0 || oneshot_pending(c->loaders, &x->facts, &c->root, &c->arena))
                        return k;
                return fail(x, not_up(x));
        case TRIAL_RUNNING:
                return fail(x, "it came up, and the host was reset before it was kept");
        case TRIAL_ACCEPTED:
                if (complete_applies(x) > t->applies)
                        return attempt_drop(x, NULL);
                return fail(x, journal_unfinished(&x->journal)
                                       ? "the host was reset while it was being kept; passthroughctl apply takes "
                                         "back what was written"
                                       : "the host was reset before it was kept");
        default:
                return 0;
        }
}

/* Success has systemd reboot. */
static int revert(struct transaction *x)
{
        struct trial *t = &x->trial;

        if ((t->state != TRIAL_RUNNING && t->state != TRIAL_PENDING) || !trial_is_here(&x->c->root, &x->c->arena, t))
                return EXIT_FAILURE;
        return fail(x, t->by_hand ? "nobody confirmed it in time" : "its boot was not complete in time");
}

/* A kernel has come or gone; what no apply has made yet is for the first one to make. */
static int follow_kernels(struct transaction *x)
{
        struct ctl *c = x->c;
        struct boot_file off;
        int k = transaction_detect(x);

        if (k != 0 || !x->facts.loader || !x->facts.loader->off || !x->facts.off.text)
                return k;
        journal_owned(&x->journal, &c->arena, &x->owned);
        off = x->facts.loader->off(&x->facts, &c->arena, &x->owned);
        if (off.path && !streq(off.text, x->facts.off.text))
                k = file_write(&c->root, off.path, off.text, strlen(off.text), NULL);
        return k < 0 ? ctl_fail(off.path, k) : 0;
}

bool ctl_time_valid(const char *text, uint32_t *ret)
{
        static const struct {
                const char *unit;
                uint32_t seconds;
        } units[] = {{"", 1}, {"s", 1}, {"sec", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"hour", 3600}};
        size_t n = strspn(text, "0123456789");
        char number[8];

        if (n == 0 || n >= sizeof(number))
                return false;
        memcpy(number, text, n);
        number[n] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (streq(text + n, units[i].unit) && str_to_u32(number, 10, ret)) {
                        *ret = *ret <= 24 * 3600 ? *ret * units[i].seconds : 0;
                        return *ret >= 60 && *ret <= 24 * 3600;
                }
        return false;
}

int ctl_trial(struct ctl *c)
{
        _cleanup_(transaction_close) struct transaction x = TRANSACTION_INIT(c);
        const struct trial *t = &x.trial;
        int k;

        c->dry_run |= !c->service;
        k = open_trial(&x);
        if (k != 0)
                return k;
        if (c->service)
                return streq(c->service, "settle")   ? settle(&x)
                       : streq(c->service, "revert") ? revert(&x)
                                                     : follow_kernels(&x);
        if (c->json)
                json_trial(stdout, &(struct tried){.trial = t, .here = trial_is_here(&c->root, &c->arena, t)});
        else if (t->state == TRIAL_NONE)
                puts("no trial");
        else
                printf("trial of %s: %s%s%s\n", t->when, trial_state_names[t->state], t->why ? ": " : "",
                       t->why ? t->why : "");
        return EXIT_SUCCESS;
}
