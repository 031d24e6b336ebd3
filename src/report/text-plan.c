/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan for people: a line for each rule, and how far it is on its way into the next boot. */

#include "base/str.h"
#include "report/making.h"
#include "report/plan-lines.h"
#include "report/text-pages.h"
#include "report/text.h"

#define MARGIN 2

void text_plan_rule(FILE *f, const struct plan *plan, size_t rule, const struct pci_name *names, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        const struct roster lines = plan_lines_of(plan, rule, names, a);

        roster_put(&s, &lines);
        fputc('\n', f);
}

static void put_text(const struct screen *s, const char *text)
{
        screen_skip(s, MARGIN);
        screen_wrap(s, MARGIN, MARGIN, text);
}

/* ---- each step -----------------------------------------------------------------------------------------------------
 */

static void put_step(const struct screen *s, enum stage stage, enum op_kind kind, const char *target, const char *value,
                     const char *why)
{
        const size_t at = MARGIN + strlen("initrd  verify  ");

        /* A whole file that is written has no room here; --json has it. */
        if (!value || strchr(value, '\n'))
                value = "";
        fprintf(s->f, "%*s%-6s  %-6s  ", MARGIN, "", stages[stage].name, op_names[kind]);
        fputs(screen_letters(s, target), s->f);
        if (*value && at + screen_columns(target) + CELL_GAP + screen_columns(value) > s->width) {
                fputc('\n', s->f);
                screen_skip(s, at);
        } else if (*value)
                screen_skip(s, CELL_GAP);
        fprintf(s->f, "%s\n", screen_letters(s, value));
        if (why && *why) {
                screen_skip(s, at + CELL_GAP);
                screen_wrap(s, at + CELL_GAP, at + CELL_GAP, why);
        }
}

static size_t put_huge_steps(const struct screen *s, const struct huge_plan *huge, bool show)
{
        size_t n = 0;

        for (size_t i = 0; i < huge->n; i++) {
                const struct huge_entry *e = &huge->entries[i];

                if (e->action != HUGE_WRITE)
                        continue;
                n++;
                if (show)
                        put_step(s, STAGE_INITRD, OP_WRITE, e->target, e->value, e->reason);
        }
        return n;
}

static void put_making(const struct screen *s, const struct plan *plan, bool late)
{
        const struct op *op;

        for (size_t at = 0; (op = making_next(plan, late, &at));)
                put_step(s, op->stage, op->kind, op->target, op->value, op->why);
}

static void put_steps(const struct screen *s, const struct plan *plan)
{
        bool made = false;

        if (plan->ops.n + put_huge_steps(s, &plan->huge, false) == 0 && !making_next(plan, false, &(size_t){0}) &&
            !making_next(plan, true, &(size_t){0}))
                return;
        screen_skip(s, MARGIN);
        paint(s->f, BOLD, 0, "Operations, in order:");
        fputc('\n', s->f);
        for (size_t i = 0; i <= plan->ops.n; i++) {
                const struct op *op = i < plan->ops.n ? &plan->ops.v[i] : NULL;

                if (i == plan_initrd_ops(plan))
                        put_huge_steps(s, &plan->huge, true);
                if (!made && (!op || op->stage == STAGE_HOST)) {
                        put_making(s, plan, false);
                        made = true;
                }
                if (op)
                        put_step(s, op->stage, op->kind, op->target, op->value, op->why);
        }
        put_making(s, plan, true);
        fputc('\n', s->f);
}

/* ---- the whole -----------------------------------------------------------------------------------------------------
 */

void text_plan(FILE *f, const struct plan *plan, const struct pci_name *names, const char *const *worked, bool steps,
               struct arena *a)
{
        const struct screen s = screen_of(f, a);
        const struct roster lines = plan_lines(plan, names, worked, a);

        if (plan->facts->off && plan->config->n_rules + plan->huge.n > 0) {
                put_text(&s, arena_join(a, "Nothing is handed over: ", plan->facts->off_by,
                                        " on the kernel command line.", NULL));
                fputc('\n', f);
        }
        if (plan->config->n_rules == 0)
                put_text(&s, "No rules: every device stays with the host. A rule is a file NAME.conf in "
                             "/etc/passthrough.d; passthroughctl add writes one, see passthrough.d(5).");
        roster_put(&s, &lines);
        fputc('\n', f);
        if (plan->huge.n > 0) {
                pages_put_plan(&s, &plan->huge);
                fputc('\n', f);
        }
        if (steps)
                put_steps(&s, plan);
}

/* "1 rule ok, 2 not, 1 skipped." */
static const char *count(const struct plan *plan, struct arena *a, size_t *ret_ok)
{
        size_t n = plan->config->n_rules, ok = 0, skipped = 0;

        for (size_t i = 0; i < n; i++) {
                ok += plan->rules[i].state == RULE_OK;
                skipped += plan->rules[i].state == RULE_SKIPPED;
        }
        *ret_ok = ok;
        if (n == ok)
                return arena_printf(a, n == 1 ? "%zu rule ok." : "All %zu rules ok.", n);
        return arena_join(a, arena_printf(a, ok == 1 ? "%zu rule ok" : "%zu rules ok", ok),
                          n > ok + skipped ? arena_printf(a, ", %zu not", n - ok - skipped) : "",
                          skipped ? arena_printf(a, ", %zu skipped", skipped) : "", ".", NULL);
}

static const char *way_there(enum plan_images images, const struct situation *now)
{
        if (now->way == WAY_TRIAL)
                return " The next boot tries the rules once.";
        if (now->way == WAY_CONFIRM)
                return " This boot tries the rules.";
        if (now->by_udev && images != PLAN_IMAGES_READY)
                return " The host itself does this in each boot, without a boot image.";
        if (now->lost && images != PLAN_IMAGES_NONE)
                return " Whether the next boot does this is unknown: passthroughctl check says why.";
        switch (images) {
        case PLAN_IMAGES_READY:
                return " Every boot image has it.";
        case PLAN_IMAGES_OLD:
                return " The next boot does none of this yet: the boot images are older than the rules.";
        case PLAN_IMAGES_SOME:
                return " Some boot images are older than the rules: passthroughctl status names them.";
        case PLAN_IMAGES_UNKNOWN:
                return " The boot images cannot be read here.";
        default:
                return " No boot image was found here.";
        }
}

void text_plan_end(FILE *f, const struct plan *plan, enum plan_images images, const struct situation *now,
                   struct arena *a)
{
        const struct screen s = screen_of(f, a);
        const struct next_step next = next_step(now, NEXT_ON_PLAN, a);
        size_t ok;

        if (plan->config->n_rules > 0) {
                const char *text = count(plan, a, &ok);

                put_text(&s, ok > 0 ? arena_join(a, text, way_there(images, now), NULL) : text);
        }
        next_put(&s, &next);
}
