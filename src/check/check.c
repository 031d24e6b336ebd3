/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/check.h"

#include <errno.h>

#include "base/str.h"
#include "check/judge.h"

const char *const check_status_names[CHECK_MAX_] = {"pass", "warn", "fail", "skip"};

int row(struct checker *c, const char *id, enum check_status status, const char *fix, const char *format, ...)
{
        struct check *check = arena_grow(c->arena, &c->checks->v, c->checks->n, sizeof(*check));
        char *name = arena_strdup(c->arena, id), *right = arena_strdup(c->arena, fix), *message;
        va_list ap;

        va_start(ap, format);
        message = arena_vprintf(c->arena, format, ap);
        va_end(ap);
        str_make_printable(name);
        str_make_printable(right);
        str_make_printable(message);
        *check = (struct check){.id = name, .status = status, .message = message, .fix = right};
        c->checks->n++;
        c->checks->n_failed += status == CHECK_FAIL;
        c->checks->n_warnings += status == CHECK_WARN;
        return 0;
}

const char *row_id(struct checker *c, const char *kind, const char *name)
{
        return arena_join(c->arena, kind, ".", name, NULL);
}

const struct plan_entry *taken_at(const struct checker *c, const char *address)
{
        size_t device = facts_find(c->plan->facts, address);
        const struct plan_entry *e = device == NO_DEVICE ? NULL : plan_find(c->plan, device);

        return e && entry_taken(e) ? e : NULL;
}

static int check_trial(struct checker *c)
{
        const struct trial *t = &c->facts->trial;
        const char *id = "trial.bootloader", *without = "passthroughctl apply --no-trial";

        if (t->state == TRIAL_FAILED)
                return row(c, id, CHECK_WARN, "change the config, and passthroughctl apply",
                           "the trial of %s failed: %s", t->when, t->why ? t->why : "it is not known why");
        if (!c->facts->live)
                return row(c, id, CHECK_SKIP, "", "whether a config can be tried in one boot shows on the host alone");
        if (c->facts->trial_problem)
                return row(c, id, CHECK_WARN, without, "a changed config cannot be tried in one boot first: %s",
                           c->facts->trial_problem);
        if (!c->facts->watchdog)
                return row(c, id, CHECK_WARN, "enable the mainboard's watchdog, or load its driver",
                           "a changed config is tried in one boot first; there is no watchdog, and a trial that hangs "
                           "without a panic has to be reset by hand");
        return row(c, id, CHECK_PASS, "", "a changed config is tried in one boot first");
}

int check_build(const struct check_input *input, struct arena *a, struct checks *ret)
{
        struct checker c = {.in = input, .facts = input->facts, .plan = input->plan, .arena = a, .checks = ret};
        static int (*const steps[])(struct checker *) = {
                check_iommu,  check_cmdline_rows, check_modules, check_rules,   check_pages,
                check_images, check_conflicts,    check_trial,   check_devices,
        };
        bool unclosed;
        int k = 0;

        *ret = (struct checks){};
        c.live = c.facts->iommus.n_groups > 0;
        if (c.plan->facts->cmdline)
                cmdline_split(a, c.plan->facts->cmdline, &c.tokens, &c.n_tokens, &unclosed);
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(steps); i++)
                k = steps[i](&c);
        return k;
}
