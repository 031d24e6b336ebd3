/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: kernel command line and boot images brought in line with the config. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/attempt.h"
#include "ctl/ids-say.h"
#include "ctl/sealed.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "report/json.h"
#include "state/applied.h"

static void tell_lines(struct ctl *c, const char *mark, const char *from, const char *to)
{
        struct span line;

        while (from < to && span_line(&from, &line))
                if (line.length > 0 && *line.at != '#')
                        tell_row(c, "",
                                 arena_join(&c->arena, mark, arena_strndup(&c->arena, line.at, line.length), NULL));
}

/* What is between the lines that both begin with, and those that both end with. */
static void tell_change(struct ctl *c, const struct change *change)
{
        const char *old = change->old ? change->old : "", *new = change->new ? change->new : "";
        size_t n = strlen(old), m = strlen(new), head = 0, same = 0, tail = 0;

        while (old[same] && old[same] == new[same])
                if (old[same++] == '\n')
                        head = same;
        for (size_t i = 1; i <= n - head && i <= m - head && old[n - i] == new[m - i]; i++)
                if (i < n - head && i < m - head && old[n - i - 1] == '\n' && new[m - i - 1] == '\n')
                        tail = i;
        tell_row(c, change->new ? "Would write" : "Would remove", change->path);
        tell_lines(c, "- ", old + head, old + n - tail);
        tell_lines(c, "+ ", new + head, new + m - tail);
}

static void tell_changes(const struct transaction *x)
{
        const struct changes *changes = &x->plan.changes;

        if (x->plan.spare)
                tell_row(x->c, "Would write", x->plan.spare->path);
        for (size_t i = 0; i < changes->n; i++)
                if (!streq(changes->v[i].path, APPLIED_PATH))
                        tell_change(x->c, &changes->v[i]);
}

static bool has(const struct strings *list, const char *s)
{
        for (size_t i = 0; i < list->n; i++)
                if (streq(list->v[i], s))
                        return true;
        return false;
}

static bool is_owned(const struct owned *owned, const char *token)
{
        for (size_t i = 0; i < owned->n_tokens; i++)
                if (streq(owned->tokens[i].token, token))
                        return true;
        return false;
}

/* "+ intel_iommu=on iommu=pt - pcie_aspm=off", of all lines together. */
static const char *line_change(struct transaction *x)
{
        const struct changes *changes = &x->plan.changes;
        struct arena *a = &x->c->arena;
        struct strings more = {}, less = {};
        const char *text = "";

        for (size_t i = 0; i < changes->added.n; i++)
                strings_add(a, &more, changes->added.v[i]);
        for (size_t i = 0; i < changes->n; i++)
                for (size_t t = 0; t < changes->v[i].added.n; t++)
                        if (!has(&more, changes->v[i].added.v[t]) && !is_owned(&x->owned, changes->v[i].added.v[t]))
                                strings_add(a, &more, changes->v[i].added.v[t]);
        for (size_t i = 0; i < x->owned.n_tokens; i++)
                if (!has(&x->plan.tokens, x->owned.tokens[i].token) && !has(&less, x->owned.tokens[i].token))
                        strings_add(a, &less, x->owned.tokens[i].token);
        for (size_t i = 0; i < more.n; i++)
                text = arena_join(a, text, i == 0 ? "+ " : " ", more.v[i], NULL);
        for (size_t i = 0; i < less.n; i++)
                text = arena_join(a, text, i > 0 ? " " : *text ? "  - " : "- ", less.v[i], NULL);
        return *text ? text : "no parameter more or less";
}

static void tell_menu(struct transaction *x)
{
        struct ctl *c = x->c;

        if (x->plan.changes.command)
                tell_row(c, "Boot menu",
                         arena_join(&c->arena, c->root.live ? "would run " : "to be run on that system: ",
                                    x->plan.changes.command, NULL));
}

/* In the order in which it is done. */
static void tell_work(struct transaction *x)
{
        bool last = x->facts.loader && x->facts.loader->copies;

        if (!last)
                tell_menu(x);
        rebuild_print(x->c, &x->images);
        if (last)
                tell_menu(x);
}

/* What nothing of this says: of another system, what has to be run there. */
static void say_rest(struct transaction *x)
{
        if (!x->c->root.live)
                tell_work(x);
        else if (x->images.n_jobs == 0 && !x->images.carries.any)
                rebuild_print(x->c, &x->images);
}

static int tell(struct transaction *x, bool trial)
{
        struct ctl *c = x->c;
        int k = EXIT_SUCCESS;

        tell_changes(x);
        tell_work(x);
        if (trial)
                k = attempt_would_make(x);
        else if (c->root.live && x->changed)
                k = rebuild_check_room(c, &x->images, NULL);
        return x->images.left ? EXIT_FAILURE : k;
}

static int tell_or_do(struct transaction *x)
{
        struct ctl *c = x->c;
        bool trial = c->root.live && !c->no_trial && attempt_needed(x);
        bool any = x->plan.changes.n > 0 || x->line || (c->root.live && x->images.n_jobs > 0);
        int k = EXIT_SUCCESS;

        tell_row(c, "Command line", x->line ? line_change(x) : "nothing to do");
        if (c->dry_run) {
                x->changed |= any;
                return tell(x, trial);
        }
        if (trial) {
                k = attempt_make(x);
                x->changed |= x->trial.state == TRIAL_PENDING;
                return k;
        }
        if (any)
                k = transaction_carry_out(x);
        if (k == EXIT_SUCCESS)
                say_rest(x);
        return k == EXIT_SUCCESS && x->images.left ? EXIT_FAILURE : k;
}

static int apply(struct transaction *x)
{
        bool settled = false, had;
        int k = transaction_load(x);

        if (k == 0)
                k = transaction_open(x);
        /* Also where a trial leaves nothing else to do. */
        if (k == 0 && !x->c->dry_run)
                k = transaction_finish_last(x);
        had = x->trial.state != TRIAL_NONE;
        if (k == 0)
                k = attempt_look(x, &settled);
        x->changed |= had && x->trial.state == TRIAL_NONE;
        if (k != 0 || settled)
                return k;
        k = transaction_prepare(x);
        if (k == 0)
                k = ids_refuse(x);
        if (k == 0)
                k = sealed_allow(x);
        if (k == 0)
                k = tell_or_do(x);
        if (k == 0)
                tell_handovers(x->c);
        return k;
}

/* Whether the next boot does, or tries, what this one does not; earlier runs may have written it. */
static bool awaits_boot(const struct transaction *x, const struct situation *now, int status)
{
        const char *line = x->facts.cmdline ? x->facts.cmdline : "";

        if (status != EXIT_SUCCESS)
                return false;
        if (now->way == WAY_APPLIED || now->way == WAY_TRIAL || x->undo || (x->c->dry_run && x->changed))
                return true;
        for (size_t i = 0; i < x->plan.tokens.n; i++)
                if (!span_has((struct span){line, strcspn(line, "\n")}, x->plan.tokens.v[i]))
                        return true;
        return false;
}

/* The end of the screen. */
static void say_end(struct transaction *x, int status)
{
        struct ctl *c = x->c;
        bool trial = status == EXIT_SUCCESS && x->trial.seconds > 0 && !trial_is_here(&c->root, &c->arena, &x->trial);
        struct screen s = screen_of(stdout, &c->arena);
        struct situation now;
        struct next_step step;

        situation_read(c, &now);
        x->reboot = awaits_boot(x, &now, status);
        if (status == EXIT_FAILURE && x->trial.state != TRIAL_FAILED && !now.line_by_hand &&
            (c->no_trial || !now.no_trials)) {
                tell_step(c, "check", "says what stands in the way, and what to do");
                return;
        }
        if (trial && x->changed)
                attempt_note(x);
        step = next_step(&now, NEXT_ON_APPLY, &c->arena);
        next_put(&s, &step);
        if (trial)
                attempt_say(x);
}

static int run(struct transaction *x)
{
        int status = apply(x);

        say_end(x, status);
        return status;
}

/* What it says on its way, and what the programs say that it runs, is then for standard error. */
static int apply_json(struct transaction *x)
{
        struct applying done = {.plan = &x->plan, .trial = &x->trial, .refused = &x->refused};
        int out, status, k = ctl_aside(&out);

        if (k != 0)
                return k;
        status = run(x);
        k = ctl_aside_end(out);
        if (k != 0)
                return k;
        done.images = x->images.jobs;
        done.n_images = x->images.n_jobs;
        done.written = x->undo && status == EXIT_SUCCESS;
        done.changed = x->changed || done.written;
        done.reboot = x->reboot;
        done.message = x->c->diags.n_errors > 0 ? "the config has errors"
                       : x->plan.problem        ? x->plan.problem
                       : x->stopped             ? x->stopped
                                                : "";
        if (x->plan.problem && x->images.running.build && running_problem(&x->images.running))
                done.message = arena_join(&x->c->arena, done.message,
                                          "; the boot image is built by: ", x->images.running.build, NULL);
        json_applying(stdout, &done, &x->c->diags);
        return status;
}

int ctl_apply(struct ctl *c)
{
        _cleanup_(transaction_close) struct transaction x = TRANSACTION_INIT(c);

        return c->json ? apply_json(&x) : run(&x);
}
