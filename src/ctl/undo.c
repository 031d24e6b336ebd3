/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo: an apply taken back; a trial first, where there is one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/attempt.h"
#include "ctl/edit.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "report/json-changes.h"

static int list(const struct transaction *x)
{
        const struct journal *j = &x->journal;

        if (x->c->json) {
                json_undos(stdout, j, transaction_has_trial(x) ? &x->trial : NULL);
                return EXIT_SUCCESS;
        }
        if (j->n == 0 && !transaction_has_trial(x)) {
                tell_say(x->c, "Nothing to undo.");
                situation_put(x->c, NEXT_ON_UNDO);
                return EXIT_SUCCESS;
        }
        puts("  APPLY  WHEN                 BOOT LOADER");
        if (transaction_has_trial(x))
                printf("  trial  %s  %s\n", x->trial.when,
                       x->trial.state == TRIAL_MAKING ? "(cut short)" : trial_state_names[x->trial.state]);
        for (size_t i = j->n; i-- > 0;) {
                const struct undo *u = &j->v[i];

                printf("  %5u  %s  %s%s\n", u->number, u->when, u->boot, u->done ? "" : " (cut short)");
                for (size_t f = 0; f < u->n_files; f++)
                        if (u->files[f].kind != UNDO_SEEN)
                                printf("         %s\n", u->files[f].path);
        }
        tell_step(x->c, "undo", "takes back the first in this list; undo N takes back N and all above it");
        return EXIT_SUCCESS;
}

/* What an apply takes is not all that carries rules out. */
static void say_rest(struct ctl *c)
{
        const char **names;
        size_t n;

        if (root_list(&c->root, &c->arena, RULES_DIR, &names, &n) == 0 && n > 0)
                tell_note(c,
                          "the rules stay. Without a boot image that has them their devices are taken late, once the "
                          "host is up; passthroughctl remove NAME removes a rule");
}

static void say_undone(struct transaction *x, const char *what, const char *how)
{
        x->changed = true;
        tell_say(x->c, arena_join(&x->c->arena, what, x->c->dry_run ? " would be " : " is ", how, ".", NULL));
}

/* 0 or the exit status. */
static int take_back(struct transaction *x, size_t first, struct undone *done)
{
        const struct journal *j = &x->journal;
        unsigned *applies = arena_alloc(&x->c->arena, j->n * sizeof(*applies));

        done->applies = applies;
        /* The later ones stand on it. */
        for (size_t i = j->n; i-- > first;) {
                int k = transaction_take_back(x, &j->v[i], true);

                if (k != 0)
                        return k;
                applies[done->n_applies++] = j->v[i].number;
                say_undone(x, arena_printf(&x->c->arena, "Apply %u", j->v[i].number), "undone");
        }
        say_rest(x->c);
        return x->left ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int undo(struct transaction *x, uint32_t number, struct undone *done)
{
        const struct journal *j = &x->journal;
        size_t first = 0;

        /* It stands on all of them. */
        if (transaction_has_trial(x)) {
                int k = attempt_drop(x, NULL);

                if (k != 0)
                        return k;
                done->trial = true;
                say_undone(x, "The trial", "taken back");
                if (number == 0)
                        return EXIT_SUCCESS;
        }
        if (j->n == 0) {
                tell_say(x->c, "Nothing to undo.");
                return EXIT_SUCCESS;
        }
        while (first < j->n && j->v[first].number != number)
                first++;
        if (number == 0)
                first = j->n - 1;
        if (first == j->n)
                return ctl_usage("there is no apply %u; undo --list shows the numbers", number);
        return take_back(x, first, done);
}

static int run(struct transaction *x, uint32_t number)
{
        struct undone done = {.back = &x->back};
        bool json = x->c->json, nothing = x->journal.n == 0 && !transaction_has_trial(x);
        int out = -1, k = json ? ctl_aside(&out) : 0, status;

        if (k != 0)
                return k;
        status = transaction_detect(x);
        if (status == 0)
                status = undo(x, number, &done);
        done.changed = x->changed;
        if (json)
                k = ctl_aside_end(out);
        if (json && status != EXIT_USAGE)
                json_undone(stdout, &done);
        if (!json && !(nothing && x->c->dry_run))
                situation_put(x->c, NEXT_ON_UNDO);
        return k != 0 ? k : status;
}

int ctl_undo(struct ctl *c)
{
        _cleanup_(transaction_close) struct transaction x = TRANSACTION_INIT(c);
        uint32_t number = 0;
        int k;

        if (c->list && c->argc > 1)
                return ctl_usage("undo --list takes no number");
        if (c->argc == 2 && (!str_to_u32(c->argv[1], 10, &number) || number == 0))
                return ctl_usage("\"%s\" is not the number of an apply; undo --list shows the numbers", c->argv[1]);
        c->dry_run |= c->list;
        k = transaction_open(&x);
        if (k != 0)
                return k;
        return c->list ? list(&x) : run(&x, number);
}
