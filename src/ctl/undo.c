/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo: an apply taken back; a trial first, where there is one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "ctl/apply.h"
#include "ctl/edit.h"

void apply_close(struct apply *p)
{
        journal_close(&p->journal);
}

int apply_open(struct apply *p)
{
        int k = 0;

        trial_read(&p->c->root, &p->c->arena, &p->trial);

        if (k == 0)
                k = journal_open(&p->c->root, &p->c->arena, !p->c->dry_run, &p->journal);

        if (k == -EWOULDBLOCK) {
                fprintf(stderr,
                        "passthroughctl: another apply or undo is at work, or a program that one has started\n");
                return EXIT_FAILURE;
        }
        return k < 0 ? ctl_fail(UNDO_DIR, k) : 0;
}

int apply_detect(struct apply *p)
{
        const char *what;
        int k = boot_detect(&p->c->root, &p->c->arena, &p->facts, &what);

        return k < 0 ? ctl_fail(what, k) : 0;
}

static int run(const char *line, const char *const *argv)
{
        int k;

        printf("running %s\n", line);
        fflush(stdout);
        k = program_run(argv);
        if (k < 0)
                return ctl_fail(line, k);
        if (k > 0)
                fprintf(stderr, "passthroughctl: %s: failed with status %d\n", line, k);
        return k > 0 ? EXIT_FAILURE : 0;
}

int apply_run(struct ctl *c, const char *line)
{
        const char **argv;
        size_t n;

        if (!c->root.live) {
                printf("to be run on that system: %s\n", line);
                return 0;
        }
        str_words(&c->arena, line, &argv, &n);
        if (*argv[0] != '/' && !(argv[0] = program_find(&c->arena, argv[0])))
                return ctl_fail(line, -ENOENT);
        return run(line, argv);
}

static void tell_back(const struct boot_back *b)
{
        for (size_t i = 0; i < b->n_restored; i++)
                printf("put back %s\n", b->restored[i]);
        for (size_t i = 0; i < b->n_edited; i++)
                printf("took the tokens out of %s, which has been changed since\n", b->edited[i]);
        for (size_t i = 0; i < b->n_kept; i++)
                printf("left %s as it is: it was built anew since\n", b->kept[i]);
        for (size_t i = 0; i < b->n_left; i++)
                fprintf(stderr, "passthroughctl: %s\n", b->left[i]);
}

int apply_take_back(struct apply *p, const struct undo *u, bool by_hand)
{
        struct ctl *c = p->c;
        struct boot_back back = {};
        const char *what = UNDO_DIR;
        int k, status = 0;

        k = boot_take_back(&c->root, &c->arena, u, by_hand ? &p->facts : NULL, &back, &what);
        if (k < 0)
                return ctl_fail(what, k);
        tell_back(&back);
        if (u->command && (back.stale || (by_hand && !u->done)))
                status = apply_run(c, u->command);
        if (status == 0)
                k = journal_remove(&c->root, &c->arena, u);
        p->left |= back.n_left > 0;
        return k < 0 ? ctl_fail(UNDO_DIR, k) : status;
}

static int list(const struct apply *p)
{
        const struct journal *j = &p->journal;

        if (p->trial.state != TRIAL_NONE && p->trial.state != TRIAL_FAILED)
                printf("trial  %s  %s\n", p->trial.when, trial_state_names[p->trial.state]);
        for (size_t i = j->n; i-- > 0;) {
                const struct undo *u = &j->v[i];

                printf("%u  %s  %s%s\n", u->number, u->when, u->boot, u->done ? "" : "  (cut short)");
                for (size_t f = 0; f < u->n_files; f++)
                        if (u->files[f].kind != UNDO_SEEN)
                                printf("     %s\n", u->files[f].path);
        }
        if (j->n == 0 && p->trial.state == TRIAL_NONE)
                puts("nothing to undo");
        return EXIT_SUCCESS;
}

/* What an apply takes is not all that carries rules out. */
static void say_rest(struct ctl *c)
{
        const char **names;
        size_t n;

        if (root_list(&c->root, &c->arena, RULES_DIR, &names, &n) == 0 && n > 0)
                puts("note: the rules are as they were, and one that no boot image has is carried out late, once the "
                     "host is up: passthroughctl remove NAME takes it away");
}

static int undo(struct apply *p, uint32_t number)
{
        const struct journal *j = &p->journal;
        size_t first = 0;

        /* It stands on all of them. */
        if (p->trial.state != TRIAL_NONE && p->trial.state != TRIAL_FAILED) {
                int k = trial_drop(p, NULL);

                if (k != 0)
                        return k;
                puts("the trial is taken back");
                if (number == 0)
                        return EXIT_SUCCESS;
        }
        if (j->n == 0) {
                puts("nothing to undo");
                return EXIT_SUCCESS;
        }
        while (first < j->n && j->v[first].number != number)
                first++;
        if (number == 0)
                first = j->n - 1;
        if (first == j->n)
                return ctl_usage("there is no apply %u; undo --list has those there are", number);
        /* The later ones stand on it. */
        for (size_t i = j->n; i-- > first;) {
                int k = apply_take_back(p, &j->v[i], true);

                if (k != 0)
                        return k;
                printf("apply %u is undone\n", j->v[i].number);
        }
        say_rest(p->c);
        return p->left ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ctl_undo(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = APPLY_INIT(c);
        uint32_t number = 0;
        int k;

        if (c->argc > 2 || (c->list && c->argc > 1))
                return ctl_usage("undo takes one number at most, and --list none");
        if (c->argc == 2 && (str_to_u32(c->argv[1], 10, &number) < 0 || number == 0))
                return ctl_usage("\"%s\" is no number of an apply; undo --list has those there are", c->argv[1]);
        c->dry_run = c->list;
        k = apply_open(&p);
        if (k != 0 || c->list)
                return k != 0 ? k : list(&p);
        k = apply_detect(&p);
        return k != 0 ? k : undo(&p, number);
}
