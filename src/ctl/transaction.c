/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/transaction.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/program.h"
#include "base/str.h"
#include "ctl/tell.h"
#include "loader/addon.h"
#include "state/applied.h"
#include "state/cleared.h"
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
                x->stopped = "another apply or undo is at work, or a program that one has started";
                return ctl_error("%s", x->stopped);
        }
        return k < 0 ? ctl_fail(UNDO_DIR, k) : 0;
}

bool transaction_has_trial(const struct transaction *x)
{
        return x->trial.state != TRIAL_NONE && x->trial.state != TRIAL_FAILED;
}

int transaction_detect(struct transaction *x)
{
        boot_detect_all(x->c->loaders, &x->c->root, &x->c->arena, &x->facts);
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
        str_arguments(&c->arena, line, &argv, &n);
        if (*argv[0] != '/' && !(argv[0] = program_find(&c->arena, argv[0])))
                return ctl_fail(line, -ENOENT);
        return run(c, label, line, argv);
}

/* The maker goes by the names in /boot; an image may be what such a name leads to. */
static const char *replaced(struct transaction *x, const struct maker *maker, const char *image)
{
        struct ctl *c = x->c;
        const char *line = maker->replaced(&c->root, &c->arena, image), **names;
        size_t n = 0;

        if (line || root_list(&c->root, &c->arena, "/boot", &names, &n) < 0)
                return line;
        for (size_t i = 0; !line && i < n; i++) {
                const char *name = arena_join(&c->arena, "/boot/", names[i], NULL), *path;

                if (file_resolve(&c->root, &c->arena, name, &path) == 0 && streq(path, image))
                        line = maker->replaced(&c->root, &c->arena, name);
        }
        return line;
}

static int run_replaced(struct transaction *x, const struct strings *images)
{
        struct ctl *c = x->c;
        const char *last = "";
        struct makers makers;
        int k = 0;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        for (size_t i = 0; k == 0 && makers.maker->replaced && i < images->n; i++) {
                const char *line = replaced(x, makers.maker, images->v[i]);

                if (line && !streq(line, last))
                        k = transaction_run(c, "Boot images", line);
                last = line ? line : last;
        }
        return k;
}

/* Once images took the place of others. What the maker runs then is others', and boot entries are not theirs. */
static int tell_maker(struct transaction *x, const struct strings *images)
{
        struct ctl *c = x->c;
        struct strings kept = {};
        struct boot_facts before;
        const char *what = "";
        int k, status;

        if (!c->root.live || c->dry_run || images->n == 0)
                return run_replaced(x, images);
        boot_detect(c->loaders, &c->root, &c->arena, &before);
        if (before.unreadable)
                return ctl_fail(before.unreadable, before.error);
        status = run_replaced(x, images);
        k = boot_keep(&c->root, &c->arena, &before, &kept, &what);
        for (size_t i = 0; i < kept.n; i++)
                tell_note(c, arena_join(&c->arena, kept.v[i],
                                        " was changed by what ran for the new boot image; it is put back", NULL));
        return k < 0 ? ctl_fail(what, k) : status;
}

/* Whether what lies there has those tokens, and none of a trial. */
static int judge(struct transaction *x, struct strings tokens, struct boot_verdict *ret)
{
        int k = transaction_detect(x);

        if (k != 0)
                return k;
        boot_verify(&x->facts, tokens, &x->c->arena, ret);
        for (size_t i = 0; i < ret->lacking.n; i++)
                ctl_error("%s", ret->lacking.v[i]);
        return ret->lacking.n > 0 ? EXIT_FAILURE : 0;
}

static int verify(struct transaction *x, struct strings tokens)
{
        struct boot_verdict v;
        int k = judge(x, tokens, &v);

        if (k != 0)
                return k;
        for (size_t i = 0; i < v.notes.n; i++)
                tell_note(x->c, v.notes.v[i]);
        tell_row(x->c, "Boot entries",
                 arena_printf(&x->c->arena, "%zu, verified%s", v.n_entries,
                              tokens.n > 0 ? "" : ": no kernel parameter is needed"));
        return 0;
}

/* The journal keeps no file that this command makes: it makes all of them anew. */
static bool only_copies(const struct undo *u)
{
        for (size_t i = 0; i < u->n_files; i++)
                if (u->files[i].kind == UNDO_GENERATED)
                        return false;
        return u->command;
}

/* What failed before it did anything need not be taken back, and perhaps cannot be. */
static int run_back(struct transaction *x, const char *command)
{
        struct ctl *c = x->c;
        bool told;
        int k = 0;

        if (!c->root.live || c->dry_run)
                return transaction_run(c, "Boot menu", command);
        k = transaction_detect(x);
        told = x->facts.loader && x->facts.loader->has_run;
        if (k == 0 && !(told && x->facts.loader->has_run(&x->facts, &c->arena, command)))
                k = transaction_run(c, "Boot menu", command);
        if (k == 0)
                k = verify(x, (struct strings){});
        if (k == 0 && told && !x->facts.loader->has_run(&x->facts, &c->arena, command))
                return ctl_error("%s has changed nothing", command);
        return k;
}

/* The host boots as before that apply; else undo has yet to be done. */
static int verify_back(struct transaction *x, const struct undo *u, const struct strings *images)
{
        struct strings problems = {};
        const char *still;
        int k;

        if (!x->c->root.live || x->c->dry_run || images->n == 0)
                return 0;
        k = transaction_detect(x);
        still = k == 0 ? boot_still_has(&x->facts, &x->c->arena, u) : NULL;
        if (still)
                strings_add(&x->c->arena, &problems, still);
        if (k == 0)
                boot_trial_problems(&x->facts, &x->c->arena, &problems);
        for (size_t i = 0; i < problems.n; i++)
                ctl_error("%s", problems.v[i]);
        return problems.n > 0 ? EXIT_FAILURE : k;
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

/* For the document, and for what is taken back behind it. */
static void keep_back(struct transaction *x, const struct boot_back *b)
{
        struct arena *a = &x->c->arena;

        strings_append(a, &x->back.restored, &b->restored);
        strings_append(a, &x->back.edited, &b->edited);
        strings_append(a, &x->back.kept, &b->kept);
        strings_append(a, &x->back.left, &b->left);
        x->back.would = b->would;
        x->back.n_would = b->n_would;
}

/* True if what boots is not there to be put back; then that is said. */
static bool is_hidden(struct transaction *x, const struct undo *u)
{
        for (size_t i = 0; i < u->n_files; i++) {
                const char *why = boot_unmounted(&x->facts, &x->c->arena, u->files[i].path);

                if (why) {
                        ctl_error("%s; nothing is taken back", why);
                        return true;
                }
        }
        return false;
}

int transaction_take_back(struct transaction *x, const struct undo *u, bool by_hand)
{
        struct ctl *c = x->c;
        struct boot_back back = {.would = x->back.would, .n_would = x->back.n_would};
        const char *what = UNDO_DIR;
        int k, status = 0;

        if (is_hidden(x, u))
                return EXIT_FAILURE;
        k = boot_take_back(c->loaders, &c->root, &c->arena, u, by_hand ? &x->facts : NULL, &back, &what);
        if (k < 0)
                return ctl_fail(what, k);
        tell_back(c, &back);
        keep_back(x, &back);
        if (u->command && !only_copies(u) && (back.stale || (by_hand && !u->done)))
                status = transaction_run(c, "Boot menu", u->command);
        if (status == 0)
                status = tell_maker(x, &back.images);
        if (status == 0 && only_copies(u))
                status = run_back(x, u->command);
        if (status == 0 && by_hand)
                status = verify_back(x, u, &back.images);
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
                x->stopped = "nothing is written until passthrough.conf asks for less";
                return ctl_error("%s", x->stopped);
        }
        return 0;
}

/* The config as it is applied, for images that are built while it is wrong. */
static int plan_applied(struct transaction *x, const struct payload *payload)
{
        struct ctl *c = x->c;
        struct applied before;
        const char *now;
        char *old, *new;
        size_t size;
        int k;

        applied_read(&c->root, &c->arena, &before);
        new = applied_format(&c->arena,
                             &(struct applied){.there = true, .files = payload->files, .n_files = payload->n_files});
        if (before.there && streq(applied_format(&c->arena, &before), new))
                return 0;
        k = content_read(&c->root, &c->arena, APPLIED_PATH, &now, &old, &size);
        if (k < 0)
                return k;
        changes_add(&x->plan.changes, &c->arena,
                    (struct change){.path = APPLIED_PATH, .old = old, .new = new, .aside = true});
        return 0;
}

/* If no boot image is built here, the root stage of one reads the host's own. */
static int plan_clearance(struct transaction *x, const struct payload *payload)
{
        struct ctl *c = x->c;
        struct facts facts;
        struct plan plan;
        const char *now;
        char *old, *new;
        size_t size;
        int k;

        if (!c->root.live || !x->facts.loader || !x->facts.loader->image)
                return 0;
        k = payload_plan(c->sources, &c->root, &c->arena, NULL, payload, &facts, &plan);
        if (k < 0)
                return k;
        switch (cleared_anew(&c->root, &c->arena, &plan, &new)) {
        case CLEARED_AS_BEFORE:
                return 0;
        case CLEARED_UNKNOWN_MACHINE:
                tell_note(c, "the host cannot record which devices it can spare: the firmware reports no UUID "
                             "(product_uuid)");
                return 0;
        case CLEARED_ANEW:
                break;
        }
        k = content_read(&c->root, &c->arena, CLEARANCE_PATH, &now, &old, &size);
        if (k == 0)
                changes_add(&x->plan.changes, &c->arena,
                            (struct change){.path = CLEARANCE_PATH, .old = old, .new = new});
        return k;
}

static int plan(struct transaction *x)
{
        struct ctl *c = x->c;
        struct diags diags = {.arena = &c->arena};
        struct payload payload;
        int k = 0;

        journal_owned(&x->journal, &c->arena, &x->owned);
        boot_plan_build(&x->facts, &x->needs, &x->owned, &c->arena, &x->plan);
        x->line = x->plan.changes.n > 0 || (x->plan.changes.command && c->root.live);
        if (!x->plan.problem)
                k = payload_build(c->initrds, &c->root, &c->arena, &c->config, NULL, &diags, &payload);
        if (k == 0 && !x->plan.problem)
                k = plan_applied(x, &payload);
        if (k == 0 && !x->plan.problem)
                k = plan_clearance(x, &payload);
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
        const char *problem;
        int k = transaction_finish_last(x);

        if (k == 0)
                k = transaction_detect(x);
        if (k == 0)
                k = plan(x);
        if (k == 0)
                k = judge_lines(x);
        if (k != 0)
                return k;
        problem = rebuild_look(x->c, &x->facts, &x->images);
        if (problem && !x->plan.problem)
                boot_plan_refuse(&x->plan, arena_join(&x->c->arena, problem, "; nothing is written", NULL));
        if (x->facts.loader)
                tell_loader(x);
        for (size_t i = 0; i < x->plan.notes.n; i++)
                tell_note(x->c, x->plan.notes.v[i]);
        if (x->plan.problem) {
                ctl_error("%s", x->plan.problem);
                if (problem || !x->facts.loader)
                        rebuild_by_hand(x->c, &x->images, &x->facts, x->plan.tokens);
                return EXIT_FAILURE;
        }
        k = rebuild_find(x->c, &x->facts, &x->images);
        if (k == 0)
                carry_plan(x->c, &x->images.carries, &x->plan);
        if (k == 0 && x->c->root.live)
                rebuild_move(x->c, &x->images, &x->plan);
        if (k == 0 && x->images.n_jobs > 0 && x->facts.loader && x->facts.loader->copies)
                x->plan.changes.command = x->facts.loader->copies;
        return k;
}

static int build_images(struct transaction *x)
{
        int k = rebuild_run(x->c, &x->images);

        if (k == 0)
                k = carry_verify(x->c, &x->images.carries);
        return k == 0 ? tell_maker(x, &x->plan.changes.images) : k;
}

/* The menu first: with an older image it boots as well. */
static int carry_out_menu(struct transaction *x)
{
        int k = x->plan.changes.command ? transaction_run(x->c, "Boot menu", x->plan.changes.command) : 0;
        struct boot_verdict v;

        if (k == 0 && x->line)
                k = verify(x, x->plan.tokens);
        if (k == 0)
                k = build_images(x);
        /* Once more, behind all that others ran. */
        return k == 0 && x->images.n_jobs > 0 ? judge(x, x->plan.tokens, &v) : k;
}

/* All that is copied is there before; built: the images are. */
static int carry_out_copied(struct transaction *x, bool built)
{
        int k = built ? rebuild_moved(x->c, &x->images) : build_images(x);

        if (k == 0 && x->plan.changes.command)
                k = transaction_run(x->c, "Boot menu", x->plan.changes.command);
        return k == 0 && x->plan.changes.command ? verify(x, x->plan.tokens) : k;
}

/* 0 or the exit status; what is written so far is in the journal. */
static int carry_out(struct transaction *x)
{
        bool copies = x->facts.loader && x->facts.loader->copies;
        bool moves = copies && x->facts.loader->image_name && x->c->root.live;
        const char *what = "apply";
        int k = moves ? build_images(x) : 0; /* an entry that loads one comes behind it */

        if (k != 0)
                return k;
        k = boot_write(&x->c->root, &x->c->arena, &x->plan, &what);
        if (k < 0)
                return ctl_fail(what, k);
        if (x->plan.spare)
                tell_row(x->c, "Wrote", x->plan.spare->path);
        for (size_t i = 0; i < x->plan.changes.n; i++)
                if (!streq(x->plan.changes.v[i].path, APPLIED_PATH))
                        tell_row(x->c, x->plan.changes.v[i].new ? "Wrote" : "Removed", x->plan.changes.v[i].path);
        if (x->c->root.live)
                return copies ? carry_out_copied(x, moves) : carry_out_menu(x);
        /* Where nothing is run what it would have made is not there to be looked at. */
        return x->line && !x->plan.changes.command ? verify(x, x->plan.tokens) : 0;
}

static int make_addon(struct ctl *c, const struct boot_signer *signer, struct change *change)
{
        struct telling t = tell_begin(c, "Addon", str_basename(change->path));
        const char *wrong;
        int k = addon_make(&c->root, &c->arena, signer, change, &wrong);
        size_t n = wrong ? strcspn(wrong, "\n") : 0;

        tell_end(c, &t, k == 0 && !wrong ? "made in" : "failed after", "");
        if (k < 0)
                return ctl_fail(change->path, k);
        if (!wrong)
                return 0;
        tell_output(wrong + n + (wrong[n] != '\0'));
        return ctl_error("%s: %.*s; nothing is written", change->path, (int)n, wrong);
}

/* Before anything is written: a program makes them, which may fail. */
static int make_addons(struct transaction *x)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < x->plan.changes.n; i++) {
                struct change *change = &x->plan.changes.v[i];

                if (!change->packed || !change->new)
                        continue;
                if (x->c->root.live)
                        k = carry_make(x->c, &x->images.carries, change);
                if (k == 0 && x->c->root.live)
                        k = make_addon(x->c, &x->facts.signer, change);
                else if (k == 0)
                        k = ctl_error("%s is made on that system alone, by ukify; nothing is written", change->path);
        }
        return k;
}

int transaction_carry_out(struct transaction *x)
{
        struct ctl *c = x->c;
        int k = c->root.live ? rebuild_check_room(c, &x->images, NULL) : 0;

        if (k == 0)
                k = make_addons(x);
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
