/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo: an apply taken back; a trial first, where there is one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/attempt.h"
#include "ctl/edit.h"

static int list(const struct transaction *x)
{
        const struct journal *j = &x->journal;

        if (transaction_has_trial(x))
                printf("trial  %s  %s\n", x->trial.when, trial_state_names[x->trial.state]);
        for (size_t i = j->n; i-- > 0;) {
                const struct undo *u = &j->v[i];

                printf("%u  %s  %s%s\n", u->number, u->when, u->boot, u->done ? "" : "  (cut short)");
                for (size_t f = 0; f < u->n_files; f++)
                        if (u->files[f].kind != UNDO_SEEN)
                                printf("     %s\n", u->files[f].path);
        }
        if (j->n == 0 && x->trial.state == TRIAL_NONE)
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

static int undo(struct transaction *x, uint32_t number)
{
        const struct journal *j = &x->journal;
        size_t first = 0;

        /* It stands on all of them. */
        if (transaction_has_trial(x)) {
                int k = attempt_drop(x, NULL);

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
                int k = transaction_take_back(x, &j->v[i], true);

                if (k != 0)
                        return k;
                printf("apply %u is undone\n", j->v[i].number);
        }
        say_rest(x->c);
        return x->left ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ctl_undo(struct ctl *c)
{
        _cleanup_(transaction_close) struct transaction x = TRANSACTION_INIT(c);
        uint32_t number = 0;
        int k;

        if (c->argc > 2 || (c->list && c->argc > 1))
                return ctl_usage("undo takes one number at most, and --list none");
        if (c->argc == 2 && (!str_to_u32(c->argv[1], 10, &number) || number == 0))
                return ctl_usage("\"%s\" is no number of an apply; undo --list has those there are", c->argv[1]);
        c->dry_run = c->list;
        k = transaction_open(&x);
        if (k != 0 || c->list)
                return k != 0 ? k : list(&x);
        k = transaction_detect(&x);
        return k != 0 ? k : undo(&x, number);
}
