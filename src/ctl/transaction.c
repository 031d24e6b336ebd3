/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "ctl/tell.h"
#include "state/applied.h"
#include "validate/machine.h"

void transaction_close(struct transaction *x)
{
        journal_close(&x->journal);
}

int transaction_open(struct transaction *x)
{
        int k;

        trial_read(&x->c->root, &x->c->arena, &x->trial);
        k = journal_open(&x->c->root, &x->c->arena, !x->c->dry_run, &x->journal);
        if (k == JOURNAL_BUSY) {
                ctl_error("another apply or undo is at work, or a program that one has started");
                return EXIT_FAILURE;
        }
        return k < 0 ? ctl_fail(UNDO_DIR, k) : 0;
}

bool transaction_has_trial(const struct transaction *x)
{
        return x->trial.state != TRIAL_NONE && x->trial.state != TRIAL_FAILED;
}

int transaction_detect(struct transaction *x)
{
        boot_detect(x->c->loaders, &x->c->root, &x->c->arena, &x->facts);
        return x->facts.unreadable ? ctl_fail(x->facts.unreadable, x->facts.error) : 0;
}

static int run(struct ctl *c, const char *label, const char *line, const char *const *argv)
{
        struct telling t = tell_begin(c, label, line);
        const char *said;
        int k = program_run(argv, &c->arena, &said);

        tell_end(c, &t, k == 0 ? NULL : "failed after", "");
        if (k < 0)
                return ctl_fail(line, k);
        if (k > 0)
                tell_output(said);
        if (k > 0)
                return ctl_error("%s failed with status %d", line, k);
        return 0;
}

int transaction_run(struct ctl *c, const char *label, const char *line)
{
        const char **argv;
        size_t n;

        if (!c->root.live || c->dry_run) {
                tell_row(c, label,
                         arena_join(&c->arena, c->root.live ? "would run " : "to be run on that system: ", line, NULL));
                return 0;
        }
        str_words(&c->arena, line, &argv, &n);
        if (*argv[0] != '/' && !(argv[0] = program_find(&c->arena, argv[0])))
                return ctl_fail(line, -ENOENT);
        return run(c, label, line, argv);
}

/* Once images took the place of others. */
static int tell_maker(struct transaction *x, const struct strings *images)
{
        struct ctl *c = x->c;
        const char *last = "";
        struct makers makers;
        int k = 0;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        for (size_t i = 0; k == 0 && makers.maker->replaced && i < images->n; i++) {
                const char *line = makers.maker->replaced(&c->root, &c->arena, images->v[i]);

                if (line && !streq(line, last))
                        k = transaction_run(c, "Boot images", line);
                last = line ? line : last;
        }
        return k;
}

static void tell_back(struct ctl *c, const struct boot_back *b)
{
        bool dry = c->dry_run;

        for (size_t i = 0; i < b->restored.n; i++)
                tell_row(c, dry ? "Would put back" : "Put back", b->restored.v[i]);
        for (size_t i = 0; i < b->edited.n; i++)
                tell_row(c, dry ? "Would edit" : "Edited",
                         arena_join(&c->arena, b->edited.v[i], ": only the added parameters go, it was changed since",
                                    NULL));
        for (size_t i = 0; i < b->kept.n; i++)
                tell_row(c, dry ? "Would leave" : "Left",
                         arena_join(&c->arena, b->kept.v[i], " as it is: it was built anew since", NULL));
        for (size_t i = 0; i < b->left.n; i++)
                ctl_error("%s", b->left.v[i]);
}

static void append(struct arena *a, struct strings *to, const struct strings *from)
{
        for (size_t i = 0; i < from->n; i++)
                strings_add(a, to, from->v[i]);
}

/* For the document, and for what is taken back behind it. */
static void keep_back(struct transaction *x, const struct boot_back *b)
{
        struct arena *a = &x->c->arena;

        append(a, &x->back.restored, &b->restored);
        append(a, &x->back.edited, &b->edited);
        append(a, &x->back.kept, &b->kept);
        append(a, &x->back.left, &b->left);
        x->back.would = b->would;
        x->back.n_would = b->n_would;
}

int transaction_take_back(struct transaction *x, const struct undo *u, bool by_hand)
{
        struct ctl *c = x->c;
        struct boot_back back = {.would = x->back.would, .n_would = x->back.n_would};
        const char *what = UNDO_DIR;
        int k, status = 0;

        k = boot_take_back(c->loaders, &c->root, &c->arena, u, by_hand ? &x->facts : NULL, &back, &what);
        if (k < 0)
                return ctl_fail(what, k);
        tell_back(c, &back);
        keep_back(x, &back);
        if (u->command && (back.stale || (by_hand && !u->done)))
                status = transaction_run(c, "Boot menu", u->command);
        if (status == 0)
                status = tell_maker(x, &back.images);
        if (status == 0)
                k = journal_remove(&c->root, &c->arena, u);
        x->left |= back.left.n > 0;
        return k < 0 ? ctl_fail(UNDO_DIR, k) : status;
}

int transaction_load(struct transaction *x)
{
        struct ctl *c = x->c;
        int k = ctl_load_config(c);

        if (k != 0)
                return k;
        if (c->diags.n_errors > 0) {
                ctl_error("nothing is written until that is corrected");
                return EXIT_USAGE;
        }
        x->needs = ctl_needs(c);
        k = digest_of_config(&c->root, &c->arena, &c->config, &x->config);
        if (k < 0)
                return ctl_fail("apply", k);
        ctl_say_refused(&x->needs);
        if (x->needs.n_refused > 0) {
                ctl_error("nothing is written until passthrough.conf asks for less");
                return EXIT_FAILURE;
        }
        return 0;
}

/* The config as it is applied, for images that are built while it is wrong. */
static int plan_applied(struct transaction *x)
{
        struct ctl *c = x->c;
        struct diags diags = {.arena = &c->arena};
        struct payload payload;
        struct applied before;
        const char *now;
        char *old, *new;
        size_t size;
        int k = payload_build(c->initrds, &c->root, &c->arena, &c->config, NULL, &diags, &payload);

        if (k < 0)
                return k;
        applied_read(&c->root, &c->arena, &before);
        new = applied_format(&c->arena, &(struct applied){true, payload.files, payload.n_files});
        if (before.there && streq(applied_format(&c->arena, &before), new))
                return 0;
        k = content_read(&c->root, &c->arena, APPLIED_PATH, &now, &old, &size);
        if (k < 0)
                return k;
        changes_add(&x->plan.changes, &c->arena,
                    (struct change){.path = APPLIED_PATH, .old = old, .new = new, .aside = true});
        return 0;
}

static int plan(struct transaction *x)
{
        struct ctl *c = x->c;
        int k = 0;

        journal_owned(&x->journal, &c->arena, &x->owned);
        boot_plan_build(&x->facts, &x->needs, &x->owned, &c->arena, &x->plan);
        x->line = x->plan.changes.n > 0 || (x->plan.changes.command && c->root.live);
        if (!x->plan.problem)
                k = plan_applied(x);
        return k < 0 ? ctl_fail("apply", k) : 0;
}

/* By a power cut while a trial was kept, say: nothing is built on it. */
int transaction_finish_last(struct transaction *x)
{
        const struct undo *last = journal_unfinished(&x->journal);
        int k;

        if (!last)
                return 0;
        x->changed = true;
        if (x->c->dry_run) {
                tell_say(x->c, "The last apply was cut short; it would be taken back first.");
                return 0;
        }
        tell_say(x->c, "The last apply was cut short; it is taken back first.");
        k = transaction_detect(x);
        if (k == 0)
                k = transaction_take_back(x, last, true);
        x->journal.n--;
        return k == 0 && x->left ? EXIT_FAILURE : k;
}

/* The lines as they would be: an error in one of them is a problem of the plan. */
static int judge_lines(struct transaction *x)
{
        struct ctl *c = x->c;
        struct cmdline_machine machine;
        int k;

        if (x->plan.problem || !x->facts.loader)
                return 0;
        k = validate_machine(&c->root, &c->arena, c->sources, &machine);
        if (k < 0)
                return ctl_fail("reading this machine's facts", k);
        lines_judge(c, &x->plan, &x->needs, &machine, &x->refused);
        lines_tell_doubts(c, &x->refused);
        if (x->refused.n == 0)
                return 0;
        lines_say(&x->refused);
        boot_plan_refuse(&x->plan, "nothing is written until the kernel command line is corrected; then run "
                                   "passthroughctl apply again");
        return 0;
}

/* What tells that it is this one is for who looks first, or looks from elsewhere. */
static void tell_loader(struct transaction *x)
{
        const char *name = x->facts.loader->name;

        if (x->c->dry_run || !x->c->root.live)
                name = arena_join(&x->c->arena, name, " (", x->facts.found, ")", NULL);
        tell_row(x->c, "Boot loader", name);
}

int transaction_prepare(struct transaction *x)
{
        int k = transaction_finish_last(x);

        if (k == 0)
                k = transaction_detect(x);
        if (k == 0)
                k = plan(x);
        if (k == 0)
                k = judge_lines(x);
        if (k != 0)
                return k;
        if (x->facts.loader)
                tell_loader(x);
        for (size_t i = 0; i < x->plan.notes.n; i++)
                tell_note(x->c, x->plan.notes.v[i]);
        if (x->plan.problem) {
                ctl_error("%s", x->plan.problem);
                return EXIT_FAILURE;
        }
        return rebuild_find(x->c, &x->facts, &x->images);
}

static int verify(struct transaction *x)
{
        struct boot_verdict v;
        int k = transaction_detect(x);

        if (k != 0)
                return k;
        boot_verify(&x->facts, x->plan.tokens, &x->c->arena, &v);
        for (size_t i = 0; i < v.notes.n; i++)
                tell_note(x->c, v.notes.v[i]);
        for (size_t i = 0; i < v.lacking.n; i++)
                ctl_error("%s", v.lacking.v[i]);
        if (v.lacking.n > 0)
                return EXIT_FAILURE;
        tell_row(x->c, "Boot entries",
                 arena_printf(&x->c->arena, "%zu, verified%s", v.n_entries,
                              x->plan.tokens.n > 0 ? "" : ": no kernel parameter is needed"));
        return 0;
}

/* 0 or the exit status; what is written so far is in the journal. */
static int carry_out(struct transaction *x)
{
        const char *what = "apply";
        int k = boot_write(&x->c->root, &x->c->arena, &x->plan, &what);

        if (k < 0)
                return ctl_fail(what, k);
        for (size_t i = 0; i < x->plan.changes.n; i++)
                if (!streq(x->plan.changes.v[i].path, APPLIED_PATH))
                        tell_row(x->c, x->plan.changes.v[i].new ? "Wrote" : "Removed", x->plan.changes.v[i].path);
        if (x->plan.changes.command && x->c->root.live)
                k = transaction_run(x->c, "Boot menu", x->plan.changes.command);
        /* Where nothing is run what it would have made is not there to be looked at. */
        if (k == 0 && x->line && (x->c->root.live || !x->plan.changes.command))
                k = verify(x);
        if (k == 0 && x->c->root.live)
                k = rebuild_run(x->c, &x->images);
        return k == 0 && x->c->root.live ? tell_maker(x, &x->plan.changes.images) : k;
}

int transaction_carry_out(struct transaction *x)
{
        struct ctl *c = x->c;
        int k = c->root.live ? rebuild_check_room(c, &x->images) : 0;

        if (k != 0)
                return k;
        if (c->root.live)
                k = rebuild_add(c, &x->images, &x->plan.changes);
        if (k == 0)
                k = journal_begin(&c->root, &c->arena, &x->journal, &x->plan.changes, &x->undo);
        if (k < 0)
                return ctl_fail(UNDO_DIR, k);
        k = carry_out(x);
        if (k != 0) {
                ctl_error("what was written is taken back");
                (void)!transaction_take_back(x, x->undo, false);
                return EXIT_FAILURE;
        }
        k = journal_done(&c->root, &c->arena, x->undo);
        if (k == 0 && c->root.live)
                k = journal_forget_images(&c->root, &c->arena, &x->journal);
        return k < 0 ? ctl_fail(UNDO_DIR, k) : EXIT_SUCCESS;
}
