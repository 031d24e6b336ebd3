/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: kernel command line and boot images brought in line with the config. undo: taken back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "boot/act.h"
#include "ctl/ctl.h"
#include "ctl/images.h"

struct apply {
        struct ctl *c;
        struct journal journal;
        struct needs needs;
        struct boot_facts facts;
        struct boot_plan plan;
        bool line; /* something is to be done about the command line */
        struct images images;
        const struct undo *undo;
};

static void apply_close(struct apply *p)
{
        journal_close(&p->journal);
}

static int open_journal(struct apply *p)
{
        int k = journal_open(&p->c->root, &p->c->arena, !p->c->dry_run, &p->journal);

        if (k == -EWOULDBLOCK) {
                fprintf(stderr,
                        "passthroughctl: another apply or undo is at work, or a program that one has started\n");
                return EXIT_FAILURE;
        }
        return k < 0 ? ctl_fail(UNDO_DIR, k) : 0;
}

static int detect(struct apply *p)
{
        const char *what;
        int k = boot_detect(&p->c->root, &p->c->arena, &p->facts, &what);

        return k < 0 ? ctl_fail(what, k) : 0;
}

/* ---- taking back ---------------------------------------------------------------------------------------------------
 */

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

static int run_line(struct ctl *c, const char *line)
{
        const char **argv;
        size_t n;

        if (!c->root.live) {
                printf("to be run on that system: %s\n", line);
                return 0;
        }
        return str_words(&c->arena, line, &argv, &n) < 0 ? ctl_fail(line, -ENOMEM) : run(line, argv);
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

/* One apply; 0 or the exit status. */
static int take_back(struct apply *p, const struct undo *u, bool by_hand)
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
                status = run_line(c, u->command);
        if (status == 0)
                k = journal_remove(&c->root, &c->arena, u);
        if (k < 0)
                return ctl_fail(UNDO_DIR, k);
        return status == 0 && back.n_left > 0 ? EXIT_FAILURE : status;
}

static int list(const struct journal *j)
{
        for (size_t i = j->n; i-- > 0;) {
                const struct undo *u = &j->v[i];

                printf("%u  %s  %s%s\n", u->number, u->when, u->boot, u->done ? "" : "  (cut short)");
                for (size_t f = 0; f < u->n_files; f++)
                        if (u->files[f].kind != UNDO_SEEN)
                                printf("     %s\n", u->files[f].path);
        }
        if (j->n == 0)
                puts("nothing to undo");
        return EXIT_SUCCESS;
}

static int undo(struct apply *p, uint32_t number)
{
        const struct journal *j = &p->journal;
        size_t first = 0;

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
                int k = take_back(p, &j->v[i], true);

                if (k != 0)
                        return k;
                printf("apply %u is undone\n", j->v[i].number);
        }
        return EXIT_SUCCESS;
}

int ctl_undo(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = {.c = c, .journal = {.lock = -1}};
        uint32_t number = 0;
        int k;

        if (c->argc > 2 || (c->list && c->argc > 1))
                return ctl_usage("undo takes one number at most, and --list none");
        if (c->argc == 2 && (str_to_u32(c->argv[1], 10, &number) < 0 || number == 0))
                return ctl_usage("\"%s\" is no number of an apply; undo --list has those there are", c->argv[1]);
        c->dry_run = c->list;
        k = open_journal(&p);
        if (k != 0 || c->list)
                return k != 0 ? k : list(&p.journal);
        k = detect(&p);
        return k != 0 ? k : undo(&p, number);
}

/* ---- apply ---------------------------------------------------------------------------------------------------------
 */

static int load(struct apply *p)
{
        struct ctl *c = p->c;
        int k = ctl_load_config(c);

        if (k != 0)
                return k;
        if (c->diags.n_errors > 0) {
                fprintf(stderr, "passthroughctl: nothing is written before that is put right\n");
                return EXIT_USAGE;
        }
        k = ctl_needs(c, &p->needs);
        if (k < 0)
                return ctl_fail("apply", k);
        ctl_say_refused(&p->needs);
        if (p->needs.n_refused > 0) {
                fprintf(stderr,
                        "passthroughctl: nothing is written before passthrough.conf asks for what can be had\n");
                return EXIT_FAILURE;
        }
        return 0;
}

/* The config as it is applied, for images that are built while it is wrong. */
static int plan_applied(struct apply *p)
{
        struct ctl *c = p->c;
        struct diags diags = {.arena = &c->arena};
        struct carried carried;
        struct content now;
        struct boot_op *op;
        char *old = NULL, *new = NULL;
        int k = carry_build(&c->root, &c->arena, &c->config, NULL, &diags, &carried);

        if (k == 0)
                k = content_read(&c->root, &c->arena, APPLIED_PATH, &now, &old);
        if (k == 0)
                new = applied_format(&c->arena, &(struct applied){true, carried.files, carried.n_files});
        if (k < 0 || streq_ptr(old, new))
                return k;
        op = arena_grow(&c->arena, &p->plan.ops, p->plan.n_ops, sizeof(*p->plan.ops));
        if (!op || !new)
                return -ENOMEM;
        *op = (struct boot_op){.path = APPLIED_PATH, .old = old, .new = new};
        p->plan.n_ops++;
        return 0;
}

static int plan(struct apply *p)
{
        struct ctl *c = p->c;
        struct boot_owned owned;
        int k = journal_owned(&p->journal, &c->arena, &owned);

        if (k == 0)
                k = boot_plan_build(&p->facts, &p->needs, &owned, &c->arena, &p->plan);
        p->line = p->plan.n_ops > 0 || (p->plan.command && c->root.live);
        if (k == 0 && !p->plan.problem)
                k = plan_applied(p);
        return k < 0 ? ctl_fail("apply", k) : 0;
}

static size_t count_lines(const char *s, size_t n)
{
        size_t lines = 0;

        for (size_t i = 0; i < n; i++)
                lines += s[i] == '\n';
        return lines;
}

static void print_lines(char mark, const char *from, const char *to)
{
        struct span line;

        while (from < to && text_line(&from, &line))
                printf("%c%.*s\n", mark, (int)line.length, line.at);
}

/* What is between the lines that both begin with, and those that both end with. */
static void print_op(const struct boot_op *op)
{
        const char *old = op->old ? op->old : "", *new = op->new ? op->new : "";
        size_t n = strlen(old), m = strlen(new), head = 0, same = 0, tail = 0;

        while (old[same] && old[same] == new[same])
                if (old[same++] == '\n')
                        head = same;
        for (size_t i = 1; i <= n - head && i <= m - head && old[n - i] == new[m - i]; i++)
                if (i < n - head && i < m - head && old[n - i - 1] == '\n' && new[m - i - 1] == '\n')
                        tail = i;
        printf("--- %s\n+++ %s\n@@ line %zu @@\n", op->old ? op->path : "/dev/null", op->new ? op->path : "/dev/null",
               count_lines(old, head) + 1);
        print_lines('-', old + head, old + n - tail);
        print_lines('+', new + head, new + m - tail);
}

static void print_plan(const struct apply *p)
{
        const struct boot_plan *plan = &p->plan;

        for (size_t i = 0; i < plan->n_ops; i++)
                if (!streq(plan->ops[i].path, APPLIED_PATH))
                        print_op(&plan->ops[i]);
        if (plan->command)
                printf("then run: %s\n", plan->command->line);
}

static int verify(struct apply *p)
{
        struct ctl *c = p->c;
        struct boot_verdict v;
        int k = detect(p);

        if (k != 0)
                return k;
        k = boot_verify(&p->facts, p->plan.tokens, p->plan.n_tokens, &c->arena, &v);
        if (k < 0)
                return ctl_fail("apply", k);
        for (size_t i = 0; i < v.n_notes; i++)
                printf("note: %s\n", v.notes[i]);
        for (size_t i = 0; i < v.n_lacking; i++)
                fprintf(stderr, "passthroughctl: %s\n", v.lacking[i]);
        if (v.n_lacking > 0)
                return EXIT_FAILURE;
        printf("verified in %zu boot entr%s:", v.n_entries, v.n_entries == 1 ? "y" : "ies");
        for (size_t i = 0; i < p->plan.n_tokens; i++)
                printf(" %s", p->plan.tokens[i]);
        puts(p->plan.n_tokens > 0 ? "" : " no token is needed");
        return 0;
}

/* 0 or the exit status; what is written so far is in the journal. */
static int carry_out(struct apply *p)
{
        const char *what = "apply";
        int k = boot_write(&p->c->root, &p->c->arena, &p->plan, &what);

        if (k < 0)
                return ctl_fail(what, k);
        for (size_t i = 0; i < p->plan.n_ops; i++)
                if (!streq(p->plan.ops[i].path, APPLIED_PATH))
                        printf("%s %s\n", p->plan.ops[i].new ? "wrote" : "removed", p->plan.ops[i].path);
        if (p->plan.command && p->c->root.live)
                k = run(p->plan.command->line, p->plan.command->argv);
        /* Where nothing is run what it would have made is not there to be looked at. */
        if (k == 0 && p->line && (p->c->root.live || !p->plan.command))
                k = verify(p);
        return k == 0 && p->c->root.live ? images_build(p->c, &p->images) : k;
}

static int do_it(struct apply *p)
{
        struct ctl *c = p->c;
        int k = c->root.live ? images_check_room(c, &p->images) : 0;

        if (k != 0)
                return k;
        if (c->root.live)
                k = images_add_to_plan(c, &p->images, &p->plan);
        if (k == 0)
                k = journal_begin(&c->root, &c->arena, &p->journal, &p->plan, &p->undo);
        if (k < 0)
                return ctl_fail(UNDO_DIR, k);
        k = carry_out(p);
        if (k != 0) {
                fprintf(stderr, "passthroughctl: this is taken back\n");
                (void)!take_back(p, p->undo, false);
                return EXIT_FAILURE;
        }
        k = journal_done(&c->root, &c->arena, p->undo);
        if (k == 0 && c->root.live)
                k = journal_forget_images(&c->root, &c->arena, &p->journal);
        return k < 0 ? ctl_fail(UNDO_DIR, k) : EXIT_SUCCESS;
}

/* What nothing of this says: of another system, what has to be run there. */
static void say_rest(struct apply *p)
{
        struct ctl *c = p->c;

        if (p->plan.command && !c->root.live)
                printf("%sto be run on that system: %s\n", p->line ? "" : "still ", p->plan.command->line);
        if (!c->root.live || p->images.n_jobs == 0)
                images_print(c, &p->images);
}

static int tell_or_do(struct apply *p)
{
        int k = EXIT_SUCCESS;

        if (!p->line)
                puts("the command line: nothing to do");
        if (p->c->dry_run) {
                print_plan(p);
                images_print(p->c, &p->images);
                return p->images.left ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        if (p->plan.n_ops > 0 || p->line || (p->c->root.live && p->images.n_jobs > 0))
                k = do_it(p);
        if (k == EXIT_SUCCESS)
                say_rest(p);
        return k == EXIT_SUCCESS && p->images.left ? EXIT_FAILURE : k;
}

/* An apply that was cut short is taken back before anything is built on it. */
static int finish_last(struct apply *p)
{
        const struct undo *last = p->journal.n > 0 ? &p->journal.v[p->journal.n - 1] : NULL;
        int k;

        if (!last || last->done)
                return 0;
        if (p->c->dry_run) {
                puts("the last apply was cut short; it would be taken back first");
                return 0;
        }
        puts("the last apply was cut short; it is taken back first");
        k = detect(p);
        if (k == 0)
                k = take_back(p, last, true);
        p->journal.n--;
        return k;
}

int ctl_apply(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = {.c = c, .journal = {.lock = -1}};
        int k;

        if (c->trial)
                return ctl_usage("%s: trials are not built yet in this version", c->trial);
        if (c->json)
                return ctl_usage("apply has no --json yet");
        k = load(&p);
        if (k == 0)
                k = open_journal(&p);
        if (k == 0)
                k = finish_last(&p);
        if (k == 0)
                k = detect(&p);
        if (k == 0)
                k = plan(&p);
        if (k != 0)
                return k;
        if (p.facts.path != BOOT_UNKNOWN)
                printf("this host boots from %s (%s)\n", boot_path_names[p.facts.path], p.facts.found);
        for (size_t i = 0; i < p.plan.n_notes; i++)
                printf("note: %s\n", p.plan.notes[i]);
        if (p.plan.problem) {
                fprintf(stderr, "passthroughctl: %s\n", p.plan.problem);
                return EXIT_FAILURE;
        }
        k = images_find(c, &p.facts, &p.images);
        return k == 0 ? tell_or_do(&p) : k;
}
