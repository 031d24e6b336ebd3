/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/checks.h"

#include "check/consumers.h"
#include "check/row.h"

static void check_trial(struct checker *c)
{
        const struct trial *t = &c->facts->trial;
        const char *id = "trial.bootloader", *without = "passthroughctl apply --no-trial";

        for (size_t i = 0; i < c->facts->of_trial.n; i++) {
                const struct boot_line *line = &c->facts->of_trial.v[i];
                bool ours = line->entry || streq(line->path, BOOT_KERNEL_CMDLINE);

                check_row(c, check_row_id(c, "trial", str_basename(line->path)), CHECK_FAIL,
                          ours ? "passthroughctl apply takes them out"
                               : "take " TRIAL_TOKEN " and what is behind it out of that file",
                          "%s has the tokens of a trial (" TRIAL_TOKEN "), so each such boot may be reset", line->path);
                if (ours)
                        check_row_by_apply(c);
        }
        if (t->state == TRIAL_FAILED)
                check_row(c, id, CHECK_WARN, "change the config, and passthroughctl apply",
                          "the trial of %s failed: %s", t->when, t->why ? t->why : "it is not known why");
        else if (!c->facts->live)
                check_row(c, id, CHECK_SKIP, "", "trial boots can be checked only on the host itself");
        else if (c->facts->loader_problem)
                check_row(c, id, CHECK_WARN,
                          "add what passthroughctl cmdline prints to the kernel command line by hand, build the boot "
                          "images anew, and reboot",
                          "%s; apply cannot change its kernel command line", c->facts->loader_problem);
        else if (c->facts->trial_problem)
                check_row(c, id, CHECK_WARN, without, "%s, so no trial boot is possible", c->facts->trial_problem);
        else if (!c->facts->watchdog)
                check_row(c, id, CHECK_WARN, "enable the mainboard's watchdog, or load its driver",
                          "a trial boot that hangs ends only when you reset the host: there is no hardware watchdog");
        else
                check_row(c, id, CHECK_PASS, "", "apply boots a changed config once, as a trial");
}

void check_build(const struct check_input *input, struct arena *a, struct checks *ret)
{
        struct checker c = {.in = input, .facts = input->facts, .plan = input->plan, .arena = a, .checks = ret};
        static void (*const steps[])(struct checker *) = {
                check_iommu,     check_kernel_tokens, check_modules, check_rules,  check_functions,
                check_vgpus,     check_reservations,  check_images,  check_sealed, check_conflicts,
                check_hand_made, check_meddlers,      check_offload, check_trial,  check_devices,
        };
        bool unclosed;

        *ret = (struct checks){};
        c.live = c.facts->iommus.n_groups > 0;
        if (c.plan->facts->cmdline)
                cmdline_split(a, c.plan->facts->cmdline, &c.tokens, &c.n_tokens, &unclosed);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                steps[i](&c);
        if (input->consumer)
                input->consumer->rows(&c);
}
