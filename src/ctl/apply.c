/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: kernel command line and boot images brought in line with the config. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/apply.h"
#include "report/json.h"

int apply_load(struct apply *p)
{
        struct ctl *c = p->c;
        int k = ctl_load_config(c);

        if (k != 0)
                return k;
        if (c->diags.n_errors > 0) {
                fprintf(stderr, "passthroughctl: nothing is written before that is put right\n");
                return EXIT_USAGE;
        }
        p->needs = ctl_needs(c);
        k = digest_of_config(&c->root, &c->arena, &c->config, &p->config);
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
        struct payload payload;
        struct content now;
        struct boot_op *op;
        char *old = NULL, *new = NULL;
        int k = payload_build(&c->root, &c->arena, &c->config, NULL, &diags, &payload);

        if (k == 0)
                k = content_read(&c->root, &c->arena, APPLIED_PATH, &now, &old);
        if (k == 0)
                new = applied_format(&c->arena, &(struct applied){true, payload.files, payload.n_files});
        if (k < 0 || streq_ptr(old, new))
                return k;
        op = arena_grow(&c->arena, &p->plan.ops, p->plan.n_ops, sizeof(*p->plan.ops));
        *op = (struct boot_op){.path = APPLIED_PATH, .old = old, .new = new};
        p->plan.n_ops++;
        return 0;
}

static int plan(struct apply *p)
{
        struct ctl *c = p->c;
        int k = 0;

        journal_owned(&p->journal, &c->arena, &p->owned);

        if (k == 0)
                k = boot_plan_build(&p->facts, &p->needs, &p->owned, &c->arena, &p->plan);
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

        while (from < to && span_line(&from, &line))
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
                printf("then run: %s\n", plan->command);
}

static int verify(struct apply *p)
{
        struct ctl *c = p->c;
        struct boot_verdict v;
        int k = apply_detect(p);

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
                k = apply_run(p->c, p->plan.command);
        /* Where nothing is run what it would have made is not there to be looked at. */
        if (k == 0 && p->line && (p->c->root.live || !p->plan.command))
                k = verify(p);
        return k == 0 && p->c->root.live ? images_build(p->c, &p->images) : k;
}

int apply_carry_out(struct apply *p)
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
                (void)!apply_take_back(p, p->undo, false);
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
                printf("%sto be run on that system: %s\n", p->line ? "" : "still ", p->plan.command);
        if (!c->root.live || p->images.n_jobs == 0)
                images_print(c, &p->images);
}

static int tell_or_do(struct apply *p)
{
        struct ctl *c = p->c;
        bool trial = c->root.live && !c->no_trial && trial_needed(p);
        int k = EXIT_SUCCESS;

        if (!p->line)
                puts("the command line: nothing to do");
        if (c->dry_run) {
                print_plan(p);
                images_print(c, &p->images);
                if (trial)
                        puts("the next boot would try this; what there is would stay until that boot is complete");
                return p->images.left ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        if (trial)
                return trial_make(p);
        if (p->plan.n_ops > 0 || p->line || (c->root.live && p->images.n_jobs > 0))
                k = apply_carry_out(p);
        if (k == EXIT_SUCCESS)
                say_rest(p);
        return k == EXIT_SUCCESS && p->images.left ? EXIT_FAILURE : k;
}

/* An apply that was cut short, by a power cut while a trial was kept, say, is taken back before anything is built on
 * it. */
static int finish_last(struct apply *p)
{
        const struct undo *last = journal_unfinished(&p->journal);
        int k;

        if (!last)
                return 0;
        if (p->c->dry_run) {
                puts("the last apply was cut short; it would be taken back first");
                return 0;
        }
        puts("the last apply was cut short; it is taken back first");
        k = apply_detect(p);
        if (k == 0)
                k = apply_take_back(p, last, true);
        p->journal.n--;
        return k == 0 && p->left ? EXIT_FAILURE : k;
}

int apply_prepare(struct apply *p)
{
        int k = finish_last(p);

        if (k == 0)
                k = apply_detect(p);
        if (k == 0)
                k = plan(p);
        if (k != 0)
                return k;
        if (p->facts.path != BOOT_UNKNOWN)
                printf("this host boots from %s (%s)\n", boot_path_names[p->facts.path], p->facts.found);
        for (size_t i = 0; i < p->plan.n_notes; i++)
                printf("note: %s\n", p->plan.notes[i]);
        if (p->plan.problem) {
                fprintf(stderr, "passthroughctl: %s\n", p->plan.problem);
                return EXIT_FAILURE;
        }
        return images_find(p->c, &p->facts, &p->images);
}

static int apply(struct apply *p)
{
        bool settled = false;
        int k = apply_load(p);

        if (k == 0)
                k = apply_open(p);
        /* Also where a trial leaves nothing else to do. */
        if (k == 0 && !p->c->dry_run)
                k = finish_last(p);
        if (k == 0)
                k = trial_look(p, &settled);
        if (k != 0 || settled)
                return k;
        k = apply_prepare(p);
        return k == 0 ? tell_or_do(p) : k;
}

/* What it says on its way, and what the programs say that it runs, is then for standard error. */
static int apply_json(struct apply *p)
{
        struct applying done = {.plan = &p->plan, .trial = &p->trial};
        _cleanup_(close_fd) int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        int status;

        if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return ctl_fail("apply", -errno);
        status = apply(p);
        fflush(stdout);
        if (dup2(out, STDOUT_FILENO) < 0)
                return ctl_fail("apply", -errno);
        done.images = p->images.jobs;
        done.n_images = p->images.n_jobs;
        done.written = p->undo && status == EXIT_SUCCESS;
        done.message = p->plan.problem ? p->plan.problem : "";
        json_applying(stdout, &done);
        return status;
}

int ctl_apply(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = APPLY_INIT(c);

        return c->json ? apply_json(&p) : apply(&p);
}
