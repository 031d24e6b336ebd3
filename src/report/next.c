/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/next.h"

#include "base/str.h"
#include "report/paint.h"

#define INDENT 2

void next_put(const struct screen *s, const struct next_step *step)
{
        size_t indent = INDENT + strlen("Next: "), at = indent;

        if (!step->command)
                return;
        screen_skip(s, INDENT);
        paint(s->f, BOLD, 0, "Next:");
        fputc(' ', s->f);
        fputs(step->command, s->f);
        at += screen_columns(step->command);
        if (!*step->why) {
                fputc('\n', s->f);
                return;
        }
        if (at + 3 + screen_columns(step->why) <= s->width) {
                fputs("   ", s->f);
                at += 3;
        } else {
                fputc('\n', s->f);
                at = indent;
                screen_skip(s, at);
        }
        screen_wrap(s, at, indent, step->why);
}

/* ---- what it is ----------------------------------------------------------------------------------------------------
 */

/* Each of these is about one part of the state. No command: that part asks for nothing. */
struct asker {
        const struct situation *now;
        enum next_on on;
        struct arena *a;
};

static const struct next_step nothing = {NULL, ""};

const char *next_command(const struct situation *now, struct arena *a, const char *words)
{
        return arena_join(a, now->live ? "sudo " : "", "passthroughctl ", words, NULL);
}

static struct next_step run(const struct asker *x, const char *words, const char *why)
{
        return (struct next_step){next_command(x->now, x->a, words), why};
}

static struct next_step reboot(const struct asker *x, const char *why)
{
        return (struct next_step){x->now->live ? "sudo reboot" : "reboot", why};
}

static struct next_step edit(const struct asker *x, const char *file, const char *why)
{
        if (!x->now->live || !file)
                return nothing;
        return (struct next_step){arena_join(x->a, "sudoedit ", file, NULL), why};
}

static struct next_step of_errors(const struct asker *x)
{
        const struct situation *now = x->now;
        struct next_step step = nothing;

        if (!now->errors)
                return nothing;
        if (x->on != NEXT_ON_BARE)
                step = edit(x, now->file,
                            now->line ? arena_printf(x->a, "line %u has an error; then: passthroughctl plan", now->line)
                                      : "it has an error; then: passthroughctl plan");
        if (step.command)
                return step;
        if (x->on == NEXT_ON_PLAN)
                return run(x, "apply", "once the errors are corrected");
        return run(x, "plan",
                   x->on == NEXT_ON_BARE ? "says what is wrong in the config" : "once the errors are corrected");
}

static const char *before(const struct asker *x, const char *what)
{
        return x->now->until ? arena_join(x->a, what, "; before ", x->now->until, ", or the host goes back", NULL)
                             : what;
}

static const char *now_apply(const struct asker *x)
{
        return x->now->no_trials ? "apply --no-trial" : "apply";
}

static struct next_step of_trial(const struct asker *x)
{
        switch (x->now->way) {
        case WAY_FAILED:
                if (x->on == NEXT_ON_HISTORY)
                        return run(x, "apply --no-trial", "or change a rule, and apply that");
                return run(x, arena_join(x->a, "status --boot=", x->now->tried ? x->now->tried : "-1", NULL),
                           "says what happened in the trial; then change a rule and apply, or apply --no-trial");
        case WAY_CUT_SHORT:
                return run(x, now_apply(x),
                           "the last one was cut short: it begins anew; undo takes back what that has written");
        case WAY_CONFIRM:
                return run(x, "confirm", before(x, "keeps what this boot tries"));
        case WAY_TRYING:
                if (x->on == NEXT_ON_STATUS)
                        return run(x, "confirm", "keeps what this boot tries now; a complete boot keeps it by itself");
                return run(x, "status", "this boot is the trial; it is kept once the boot is complete");
        default:
                return nothing;
        }
}

/* The one device that the screen is about. */
static struct next_step of_device(const struct asker *x)
{
        if (!x->now->one_device)
                return nothing;
        if (x->now->example)
                return run(x, arena_join(x->a, "add ", x->now->example, NULL), "");
        if (x->now->rule)
                return run(x, arena_join(x->a, "show ", x->now->rule, NULL), "for the virtual machine");
        return nothing;
}

static struct next_step of_firmware(const struct asker *x)
{
        if (x->now->lack != LACK_FIRMWARE)
                return nothing;
        if (x->on != NEXT_ON_CHECK)
                return run(x, "check", "says why there is no IOMMU");
        if (!x->now->live)
                return nothing;
        return (struct next_step){"sudo systemctl reboot --firmware-setup",
                                  "to enable the IOMMU there (VT-d of Intel, AMD-Vi of AMD)"};
}

static struct next_step of_iommu(const struct asker *x)
{
        if (x->now->lack != LACK_SWITCH && x->now->lack != LACK_IOMMU && x->now->lack != LACK_UNTOLD)
                return nothing;
        if (x->on != NEXT_ON_CHECK)
                return run(x, "check", "says why there is no IOMMU");
        if (x->now->lack == LACK_SWITCH)
                return edit(x, "/etc/passthrough.conf", "write IOMMU=on below [Host]; then: passthroughctl apply");
        if (x->now->lack == LACK_IOMMU && x->now->live)
                return (struct next_step){"sudo dmesg", "look for DMAR, AMD-Vi and IOMMU"};
        return nothing;
}

static struct next_step of_maker(const struct asker *x)
{
        if (x->now->lack == LACK_MAKER && x->on == NEXT_ON_CHECK && x->now->install)
                return (struct next_step){x->now->install, "makes the boot images; then: passthroughctl apply"};
        if ((x->now->lack == LACK_MAKER || x->now->lack == LACK_PART) && x->on != NEXT_ON_CHECK)
                return run(x, "check", "says why no boot image would get the rules");
        return nothing;
}

static struct next_step of_apply(const struct asker *x)
{
        const struct situation *now = x->now;
        const char *what = now->by_udev       ? "puts the rules into the boot images, too"
                           : now->n_rules > 0 ? "puts the rules into the next boot"
                                              : "brings the next boot in line with the config";
        struct next_step step = of_maker(x);

        if (step.command)
                return step;
        if (now->mend && x->on != NEXT_ON_CHECK)
                return run(x, "check", now->mend);
        if (now->line_by_hand)
                return run(x, "cmdline",
                           "prints the kernel parameters; add them by hand, build the boot images anew, and reboot");
        if (now->failing && x->on == NEXT_ON_CHECK)
                return run(x, now_apply(x), "once what fails above is mended as it says");
        if (x->on == NEXT_ON_APPLY && !now->live)
                return reboot(x, "that system, once what is said above has been run there");
        if (now->no_trials)
                return run(x, "apply --no-trial", arena_join(x->a, what, "; trials are not possible here", NULL));
        if (x->on == NEXT_ON_APPLY && !now->dry_run)
                return run(x, "check", "says what apply lacks");
        return run(x, "apply", what);
}

/* On the way into the next boot. */
static struct next_step of_way(const struct asker *x)
{
        const struct situation *now = x->now;
        unsigned minutes = now->seconds / 60;

        switch (now->way) {
        case WAY_TRIAL:
                return reboot(x, arena_printf(x->a,
                                              now->by_hand ? "tries this once; confirm it in that boot within %u min, "
                                                             "or it is taken back"
                                                           : "tries this once; a boot that is not complete within %u "
                                                             "min is taken back",
                                              minutes));
        case WAY_APPLIED:
                if (now->waits)
                        return run(x, arena_join(x->a, "bind ", now->waits, NULL),
                                   "hands it over now; the next boot does so by itself");
                return reboot(x, now->n_rules > 0 ? "boots with the rules" : "boots without the rules");
        case WAY_OFF:
                return reboot(x, "boots with the rules; in this boot they were switched off");
        case WAY_OFF_FOR_GOOD:
                return run(x, "cmdline check", "says what switches the rules off");
        case WAY_BEHIND:
                return of_apply(x);
        case WAY_UNKNOWN:
                /* Without rules there is something to do only after these. */
                return now->n_rules > 0 || x->on == NEXT_ON_REMOVE || x->on == NEXT_ON_HUGEPAGES ? of_apply(x)
                                                                                                 : nothing;
        default:
                return nothing;
        }
}

static struct next_step of_refused(const struct asker *x)
{
        const struct situation *now = x->now;

        if (now->n_refused + now->n_missing == 0)
                return nothing;
        if (x->on != NEXT_ON_PLAN)
                return run(x, "plan",
                           now->n_refused > 0 ? "says what a refused rule can do" : "says which device is missing");
        return edit(x, now->refused, "changes the rule, as said above");
}

/* What this boot has made of the rules. */
static struct next_step of_boot(const struct asker *x)
{
        if (x->now->way != WAY_SHORT)
                return nothing;
        if (x->on == NEXT_ON_RELEASE && x->now->unmet)
                return run(x, arena_join(x->a, "bind ", x->now->unmet, NULL), "hands it over again");
        if (x->on != NEXT_ON_STATUS)
                return run(x, "status", "says what this boot did not do, and why");
        if (!x->now->unmet || x->now->n_refused + x->now->n_missing > 0)
                return nothing;
        return run(x, arena_join(x->a, "bind ", x->now->unmet, NULL), "tries it again, without a boot");
}

/* Its service is started by whoever wants its devices. */
static struct next_step of_idle(const struct asker *x)
{
        const struct situation *now = x->now;

        if (!now->idle || (now->rule && x->on != NEXT_ON_STATUS && x->on != NEXT_ON_RELEASE) ||
            x->on == NEXT_ON_HISTORY)
                return nothing;
        if (now->reload)
                return (struct next_step){
                        "sudo systemctl daemon-reload",
                        arena_join(x->a, "has passthrough@", now->idle, ".service give back what it takes", NULL)};
        return (struct next_step){
                arena_join(x->a, now->live ? "sudo " : "", "systemctl start passthrough@", now->idle, ".service", NULL),
                "takes its devices; stopping it gives them back"};
}

static struct next_step of_rest(const struct asker *x)
{
        const struct situation *now = x->now;

        if (now->rule)
                return x->on == NEXT_ON_SHOW
                               ? nothing
                               : run(x, arena_join(x->a, "show ", now->rule, NULL), "for the virtual machine");
        if (now->failing && x->on == NEXT_ON_CHECK && (now->n_rules > 0 || now->lack > LACK_PART))
                return run(x, "check", "once what fails above is mended as it says");
        if (x->on != NEXT_ON_LIST)
                return run(x, "list", "shows which devices are free");
        if (now->example)
                return run(x, "add NAME ADDRESS", arena_join(x->a, "e.g. add ", now->example, NULL));
        return nothing;
}

/* After undo the rules are there all the same: it does not ask for an apply again. */
static struct next_step of_undo(const struct asker *x)
{
        const struct situation *now = x->now;

        if (x->on != NEXT_ON_UNDO)
                return nothing;
        if (now->dry_run)
                return run(x, "undo", "does this");
        if (now->way != WAY_BEHIND && now->way != WAY_UNKNOWN)
                return nothing;
        if (now->held || !now->live)
                return reboot(x, "boots as before; rules stay until they are removed");
        return now->n_rules > 0 ? run(x, "plan", "shows the rules, which stay until they are removed") : nothing;
}

/* No boot would do anything. Without an IOMMU that does not show yet: the rules have it switched on. */
static struct next_step of_vain(const struct asker *x)
{
        const struct situation *now = x->now;
        bool waits = now->way == WAY_BEHIND || now->way == WAY_UNKNOWN;

        if (!waits || now->n_rules == 0 || now->n_refused + now->n_missing < now->n_rules || now->lack == LACK_SWITCH)
                return nothing;
        return of_refused(x);
}

/* In this order: who asks first is heard. */
struct next_step next_step(const struct situation *now, enum next_on on, struct arena *a)
{
        static struct next_step (*const askers[])(const struct asker *x) = {
                of_errors, of_trial,   of_undo, of_device, of_firmware, of_vain,
                of_way,    of_refused, of_boot, of_iommu,  of_idle,     of_rest,
        };
        struct asker x = {now, on, a};
        struct next_step step = nothing;

        for (size_t i = 0; i < ARRAY_SIZE(askers) && !step.command; i++)
                step = askers[i](&x);
        return step;
}
