/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/lines.h"

#include <stdio.h>

#include "base/str.h"
#include "ctl/tell.h"
#include "facts/machine.h"
#include "state/journal.h"
#include "validate/machine.h"

#define RUNNING "/proc/cmdline"

struct judged {
        struct ctl *c;
        const struct boot_plan *plan;
        const struct needs *needs;
        const struct cmdline_machine *machine;
        struct boot_lines now, then;
        struct findings *findings; /* of each of then */
        struct refused_tokens *refused;
};

static const struct need *need_of(const struct needs *needs, const char *token)
{
        for (size_t i = 0; i < needs->n_tokens; i++)
                if (streq(needs->tokens[i].token, token))
                        return &needs->tokens[i];
        return NULL;
}

/* passthrough.conf answers for its tokens wherever they stand. See cmdline_refuses(). */
static bool is_added(const struct judged *x, size_t line, const struct need *need, const char *token)
{
        return need && (need->from || line >= x->now.n || !span_has(span_of(x->now.v[line].text), token));
}

static bool is_for_rescue(const struct judged *x, size_t line)
{
        for (size_t i = 0; i < x->findings[line].n; i++)
                if (x->findings[line].v[i].harm == HARM_ANSWER && !need_of(x->needs, x->findings[line].v[i].token))
                        return true;
        return false;
}

/* Another entry boots as usual: this one is for those who choose it. */
static bool beside_another(const struct judged *x, size_t line)
{
        for (size_t i = 0; i < x->then.n; i++)
                if (i != line && x->then.v[i].entry && x->then.v[line].entry && !is_for_rescue(x, i))
                        return true;
        return false;
}

static const char *where(const struct judged *x, size_t line, const struct need *need, const char *token)
{
        struct arena *a = &x->c->arena;

        if (need && need->from)
                return need->from;
        if (is_added(x, line, need, token))
                return arena_join(a, "apply adds it to ", x->then.v[line].path, NULL);
        return boot_where(x->plan->facts, a, &x->then.v[line], token);
}

/* A token that several lines have is told once. */
static void add(struct arena *a, struct refused_token **list, size_t *n, const struct finding *f, const char *at)
{
        struct refused_token *slot;

        for (slot = *list; slot < *list + *n; slot++)
                if (streq(slot->finding.token, f->token) && streq(slot->finding.message, f->message)) {
                        if (!strstr(slot->where, at))
                                slot->where = arena_join(a, slot->where, ", ", at, NULL);
                        return;
                }
        slot = arena_grow(a, list, *n, sizeof(*slot));
        *slot = (struct refused_token){*f, at};
        ++*n;
}

static void judge(struct judged *x, size_t line)
{
        const struct findings *findings = &x->findings[line];
        /* Whoever boots the host for rescue does so once. */
        bool once = streq(x->then.v[line].path, RUNNING);

        for (size_t i = 0; i < findings->n; i++) {
                const struct finding *f = &findings->v[i];
                const struct need *need = need_of(x->needs, f->token);
                struct refused_tokens *r = x->refused;
                bool added = is_added(x, line, need, f->token);

                if (f->severity == SEVERITY_WARNING && need && need->from)
                        add(&x->c->arena, &r->doubts, &r->n_doubts, f, need->from);
                if (!cmdline_refuses(f, x->machine, &x->c->arena, added, x->needs->handover) ||
                    (f->harm == HARM_ANSWER && !added && (once || beside_another(x, line))))
                        continue;
                add(&x->c->arena, &r->v, &r->n, f, where(x, line, need, f->token));
        }
}

/* Where nothing can be planned, what apply would add is to be judged all the same. */
static void add_wanted(struct judged *x)
{
        for (size_t i = 0; i < x->then.n; i++) {
                struct boot_line *line = &x->then.v[i];
                struct span text = {line->text, strcspn(line->text, "\n")};
                struct strings missing = {};

                if (!x->plan->problem && !streq(line->path, RUNNING))
                        continue;
                for (size_t t = 0; t < x->needs->n_tokens; t++)
                        if (!span_has(text, x->needs->tokens[t].token))
                                strings_add(&x->c->arena, &missing, x->needs->tokens[t].token);
                line->text = span_with(&x->c->arena, text, missing);
        }
}

void lines_judge(struct ctl *c, const struct boot_plan *plan, const struct needs *needs,
                 const struct cmdline_machine *machine, struct refused_tokens *ret)
{
        struct boot_facts next = boot_as_planned(plan, &c->arena);
        struct cmdline_machine here = *machine;
        struct judged x = {.c = c, .plan = plan, .needs = needs, .machine = &here, .refused = ret};

        *ret = (struct refused_tokens){};
        here.unsafe_interrupts |= c->settings.unsafe_interrupts == SETTING_YES;
        boot_lines(plan->facts, &c->arena, &x.now);
        boot_lines(&next, &c->arena, &x.then);
        add_wanted(&x);
        x.findings = arena_alloc(&c->arena, (x.then.n + 1) * sizeof(*x.findings));
        for (size_t i = 0; i < x.then.n; i++) {
                machine_look_for_init(&c->root, &c->arena, x.then.v[i].text, &here);
                cmdline_judge(x.then.v[i].text, &here, &c->arena, &x.findings[i]);
        }
        for (size_t i = 0; i < x.then.n; i++)
                judge(&x, i);
}

void lines_judge_next(struct ctl *c, const struct needs *needs, struct refused_tokens *ret)
{
        struct journal journal = {.lock = -1};
        struct boot_plan plan;
        struct boot_facts boot;
        struct owned owned = {};
        struct cmdline_machine machine;

        *ret = (struct refused_tokens){};
        boot_detect(c->loaders, &c->root, &c->arena, &boot);
        if (boot.unreadable || journal_open(&c->root, &c->arena, false, &journal) != 0)
                return;
        journal_owned(&journal, &c->arena, &owned);
        journal_close(&journal);
        boot_plan_build(&boot, needs, &owned, &c->arena, &plan);
        validate_machine_of(&c->root, &c->arena, &c->facts, &machine);
        lines_judge(c, &plan, needs, &machine, ret);
}

/* What stands between the message and its fix. */
static const char *right(const struct refused_token *r)
{
        return *r->finding.fix ? "; right: " : "";
}

void lines_say(const struct refused_tokens *refused)
{
        for (size_t i = 0; i < refused->n; i++) {
                const struct refused_token *r = &refused->v[i];

                ctl_error("%s: %s: %s%s%s", r->where, r->finding.token, r->finding.message, right(r), r->finding.fix);
        }
}

void lines_tell_doubts(struct ctl *c, const struct refused_tokens *refused)
{
        for (size_t i = 0; i < refused->n_doubts; i++) {
                const struct refused_token *r = &refused->doubts[i];

                tell_note(c, arena_join(&c->arena, r->where, ": ", r->finding.token, ": ", r->finding.message, right(r),
                                        r->finding.fix, NULL));
        }
}
