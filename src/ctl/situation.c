/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/situation.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "act/manager.h"
#include "base/str.h"
#include "facts/iommus.h"
#include "facts/machine.h"
#include "loader/loader.h"
#include "maker/origin.h"
#include "maker/running.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"
#include "state/journal.h"
#include "state/trial.h"

/* What the next boot would make of the config. */
enum ahead {
        AHEAD_UNKNOWN,
        AHEAD_BEHIND, /* apply has something to do */
        AHEAD_READY,
};

/* What this boot has made of it. */
enum here {
        HERE_OTHER, /* it followed another config, or none */
        HERE_SHORT,
        HERE_DONE,
};

struct view {
        struct ctl *c; /* a copy, with the config as it is now */
        struct situation *now;
        struct trial trial;
        struct makers makers;
        struct boot_facts boot;
        struct installed_list images;
        struct needs needs;
        uint64_t digest; /* of the config */
};

/* ---- the config and its plan ---------------------------------------------------------------------------------------
 */

static bool same_rules(const struct config *a, const struct config *b)
{
        if (a->n_rules != b->n_rules)
                return false;
        for (size_t i = 0; i < a->n_rules; i++)
                if (!streq(a->rules[i].name, b->rules[i].name) || a->rules[i].digest != b->rules[i].digest)
                        return false;
        return true;
}

/* The first file with an error, where people have their files. */
static void find_error(struct view *v)
{
        for (size_t i = 0; i < v->c->diags.n && !v->now->file; i++) {
                const struct diag *d = &v->c->diags.v[i];

                if (d->level != DIAG_ERROR || !d->file || !startswith(d->file, "/etc/"))
                        continue;
                v->now->file = d->file;
                v->now->line = d->line;
        }
}

static bool read_config(struct view *v, const struct ctl *of)
{
        struct ctl *c = v->c;

        c->config = (struct config){};
        c->settings = (struct settings){};
        if (config_load(&c->root, &c->arena, bus_syntaxes, &c->diags, &c->config) < 0 ||
            settings_load(&c->root, &c->arena, &c->diags, &c->settings) < 0 ||
            digest_of_config(&c->root, &c->arena, &c->config, &v->digest) < 0)
                return false;
        v->now->errors = c->diags.n_errors > 0;
        v->now->n_rules = c->config.n_rules;
        find_error(v);
        if (of->at_boot && same_rules(&of->config, &c->config)) {
                c->facts = of->facts;
                c->plan = of->plan;
                return true;
        }
        return ctl_make_plan(c, NULL, true) == 0;
}

static bool all_by_udev(const struct view *v)
{
        return config_by_udev(&v->c->config) && v->c->settings.n_pages == 0;
}

static bool is_taken(const struct plan *plan, const struct plan_entry *e)
{
        return streq_ptr(plan->facts->devices[e->device].driver_now, e->driver);
}

static void read_rules(struct view *v)
{
        const struct plan *plan = &v->c->plan;
        struct situation *now = v->now;

        now->by_udev = all_by_udev(v);
        for (size_t i = 0; i < v->c->config.n_rules; i++) {
                enum rule_state state = plan->rules[i].state;

                now->n_refused += state == RULE_REFUSED;
                now->n_missing += state == RULE_MISSING;
                if ((state == RULE_REFUSED || state == RULE_MISSING) && !now->refused)
                        now->refused = v->c->config.rules[i].file;
                /* Of virtual GPUs that are to be made there is no entry yet. */
                if (state == RULE_OK && rule_on_demand(&v->c->config.rules[i]) && !now->idle &&
                    vgpu_fewer(plan, i, &v->c->arena))
                        now->idle = v->c->config.rules[i].name;
        }
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const char *rule = v->c->config.rules[e->rule].name;

                if (e->action == ACTION_BIND && is_taken(plan, e) && !now->rule)
                        now->rule = rule;
                else if (e->action == ACTION_BIND && e->stage == STAGE_DEMAND && !is_taken(plan, e) && !now->idle)
                        now->idle = rule;
                else if (e->action == ACTION_BIND && !is_taken(plan, e) && now->by_udev && !now->waits)
                        now->waits = rule;
        }
        now->reload = now->idle && v->c->root.live && !manager_has_demand(&v->c->root, &v->c->arena, now->idle);
}

/* ---- what the host lacks -------------------------------------------------------------------------------------------
 */

static const char *installer(struct view *v)
{
        static const struct {
                const char *program, *command;
        } known[] = {{"/usr/bin/apt-get", "apt-get install "},
                     {"/usr/bin/dnf", "dnf install "},
                     {"/usr/bin/zypper", "zypper install "}};

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (root_exists(&v->c->root, known[i].program))
                        return arena_join(&v->c->arena, v->c->root.live ? "sudo " : "", known[i].command,
                                          v->makers.maker->name, NULL);
        return NULL;
}

static enum lack iommu_lack(struct view *v)
{
        struct machine machine;
        struct iommus iommus;
        bool described;

        for (size_t i = 0; i < v->c->facts.n_devices; i++)
                if (v->c->facts.devices[i].group != NO_GROUP)
                        return LACK_NOTHING;
        iommus_read(&v->c->root, &v->c->arena, &iommus);
        described = iommus.tables.dmar || iommus.tables.ivrs || iommus.tables.viot;
        if (iommus.n_groups > 0)
                return LACK_NOTHING;
        machine_read(&v->c->root, &v->c->arena, &machine);
        if (!described && (machine.hypervisor || !iommus.tables.known))
                return LACK_UNTOLD;
        if (!described)
                return LACK_FIRMWARE;
        /* A kernel for AMD-Vi takes no token to use it. */
        return iommus.tables.dmar && !strstr(v->c->facts.cmdline ? v->c->facts.cmdline : "", "intel_iommu=")
                       ? LACK_SWITCH
                       : LACK_IOMMU;
}

/* No image of this host gets the rules. */
static bool is_imageless(const struct view *v)
{
        const char *message, *fix;

        return makers_judge(&v->makers, &v->c->arena, &message, &fix) == MAKERS_FAULT;
}

static enum lack lack_of(struct view *v)
{
        enum lack lack;

        if (v->now->by_udev)
                return LACK_NOTHING;
        lack = iommu_lack(v);
        if (lack == LACK_FIRMWARE || !is_imageless(v))
                return lack;
        if (v->makers.program)
                return LACK_PART;
        v->now->install = installer(v);
        return LACK_MAKER;
}

/* ---- the next boot -------------------------------------------------------------------------------------------------
 */

/* Its kernel command line. */
static enum ahead line_ahead(struct view *v)
{
        struct ctl *c = v->c;
        struct journal journal = {.lock = -1};
        struct boot_plan plan;
        struct owned owned = {};
        bool cut_short;

        if (v->boot.unreadable || journal_open(&c->root, &c->arena, false, &journal) != 0)
                return AHEAD_UNKNOWN;
        cut_short = journal_unfinished(&journal);
        journal_owned(&journal, &c->arena, &owned);
        journal_close(&journal);
        if (cut_short)
                return AHEAD_BEHIND;
        if (v->now->by_udev && v->needs.n_tokens == 0 && owned.n_tokens == 0)
                return AHEAD_READY;
        boot_plan_build(&v->boot, &v->needs, &owned, &c->arena, &plan);
        /* What is copied is not written by hand. */
        if (plan.problem && v->boot.loader && v->boot.loader->copies) {
                v->now->mend = plan.problem;
                return AHEAD_BEHIND;
        }
        v->now->line_by_hand = c->root.live && plan.problem;
        if (plan.problem)
                return AHEAD_UNKNOWN;
        for (size_t i = 0; i < plan.changes.n; i++)
                if (!plan.changes.v[i].aside)
                        return AHEAD_BEHIND;
        return plan.changes.command && c->root.live ? AHEAD_BEHIND : AHEAD_READY;
}

/* Of an image that may be looked into by whoever may apply. */
static enum ahead image_ahead(struct view *v, const struct installed *image)
{
        struct ctl *c = v->c;
        struct diags diags = {.arena = &c->arena};
        bool root = c->root.live && geteuid() == 0;
        struct image_digest digest;
        struct payload now;

        if (payload_build(c->initrds, &c->root, &c->arena, &c->config, image->release, &diags, &now) < 0)
                return AHEAD_UNKNOWN;
        if (!origin_read(&c->root, &c->arena, v->makers.maker, image, &now, &digest))
                return now.nothing ? AHEAD_READY : root ? AHEAD_BEHIND : AHEAD_UNKNOWN;
        if (payload_differs(&now, &digest))
                return AHEAD_BEHIND;
        if (!root)
                return AHEAD_READY;
        if (payload_clear(c->sources, &c->root, &c->arena, image->release, &now) < 0)
                return AHEAD_UNKNOWN;
        return payload_differs(&now, &digest) ? AHEAD_BEHIND : AHEAD_READY;
}

static enum ahead images_ahead(struct view *v)
{
        const struct installed_list *list = &v->images;
        enum ahead all = AHEAD_UNKNOWN;
        bool any = false;

        if (v->now->by_udev && (is_imageless(v) || v->now->lost))
                return AHEAD_READY;
        for (size_t i = 0; i < list->n; i++) {
                enum ahead one;

                if (!list->v[i].kernel || !list->v[i].path)
                        continue;
                one = image_ahead(v, &list->v[i]);
                if (one == AHEAD_BEHIND)
                        return one;
                all = any ? MIN(all, one) : one;
                any = true;
        }
        return v->now->lost ? AHEAD_UNKNOWN : all;
}

static enum ahead ahead_of(struct view *v)
{
        enum ahead line = line_ahead(v), images = line == AHEAD_BEHIND ? AHEAD_BEHIND : images_ahead(v);

        if (line == AHEAD_BEHIND || images == AHEAD_BEHIND)
                return AHEAD_BEHIND;
        return line == AHEAD_READY && images == AHEAD_READY ? AHEAD_READY : AHEAD_UNKNOWN;
}

/* ---- this boot -----------------------------------------------------------------------------------------------------
 */

static bool booted_with(const struct view *v)
{
        const char *line = v->c->facts.cmdline ? v->c->facts.cmdline : "";

        for (size_t i = 0; i < v->needs.n_tokens; i++)
                if (!span_has((struct span){line, strcspn(line, "\n")}, v->needs.tokens[i].token))
                        return false;
        return true;
}

/* Whether the rule's devices still have what they were given. */
static bool holds(const struct view *v, const struct record *record, const char *rule)
{
        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];
                size_t at = facts_find(&v->c->facts, d->address);

                if (streq(d->rule, rule) && record_device_taken(d) && !(d->below && *d->below) &&
                    (at == NO_DEVICE || !streq_ptr(v->c->facts.devices[at].driver_now, d->driver)))
                        return false;
        }
        return true;
}

static bool has_other_rules(const struct view *v, const struct record *record)
{
        for (size_t i = 0; i < record->n_rules; i++)
                if (!config_find(&v->c->config, record->rules[i].name))
                        return true;
        return false;
}

static enum here here_by_record(struct view *v, const struct record *record)
{
        enum here here = HERE_DONE;

        if (!booted_with(v) || has_other_rules(v, record))
                return HERE_OTHER;
        for (size_t i = 0; i < v->c->config.n_rules; i++) {
                const struct rule *rule = &v->c->config.rules[i];
                const struct record_rule *was = record_find(record, rule->name);
                enum rule_state state = v->c->plan.rules[i].state;

                if (state == RULE_INVALID || state == RULE_SKIPPED || rule_on_demand(rule))
                        continue;
                if (!was || was->digest != rule->digest)
                        return HERE_OTHER;
                if (record_satisfied(record, was) && holds(v, record, rule->name))
                        continue;
                here = HERE_SHORT;
                if (!v->now->unmet)
                        v->now->unmet = rule->name;
        }
        return here;
}

/* Of a boot that has no record: whether the devices are where the rules want them. */
static bool here_by_devices(const struct view *v)
{
        const struct plan *plan = &v->c->plan;

        for (size_t i = 0; i < v->c->config.n_rules; i++)
                if (plan->rules[i].state == RULE_OK && !rule_on_demand(&v->c->config.rules[i]) &&
                    (vgpu_fewer(plan, i, &v->c->arena) || sriov_fewer(plan, i, &v->c->arena)))
                        return false;
        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->entries[i].action == ACTION_BIND && plan->entries[i].stage != STAGE_DEMAND &&
                    !is_taken(plan, &plan->entries[i]))
                        return false;
        return true;
}

static enum here here_of(struct view *v, enum ahead ahead)
{
        struct record record;
        int k = record_read(&v->c->root, &v->c->arena, &record);

        if (k == 0) {
                for (size_t i = 0; i < record.n_devices; i++)
                        v->now->held |= record_device_held(&record.devices[i]);
                return here_by_record(v, &record);
        }
        if (v->now->n_rules == 0 || (ahead == AHEAD_UNKNOWN && here_by_devices(v)))
                return booted_with(v) || ahead == AHEAD_UNKNOWN ? HERE_DONE : HERE_OTHER;
        return HERE_OTHER;
}

/* ---- how far it all is ---------------------------------------------------------------------------------------------
 */

/* "18:42": OnBootSec= of the unit that takes it back, as far as this machine's clock tells. */
static const char *time_until(struct view *v)
{
        char text[64], when[16];
        double up;
        time_t now = time(NULL), at;
        struct tm tm;

        if (!v->c->root.live || root_read(&v->c->root, "/proc/uptime", text, sizeof(text)) <= 0 ||
            sscanf(text, "%lf", &up) != 1 || up < 0 || up > v->trial.seconds)
                return NULL;
        at = now - (time_t)up + (time_t)v->trial.seconds;
        strftime(when, sizeof(when), "%H:%M", localtime_r(&at, &tm));
        return arena_strdup(&v->c->arena, when);
}

/* As journalctl(1) has it: a boot's ID without its dashes. NULL: it is none. */
static const char *boot_of(struct view *v, const char *id)
{
        char *plain = arena_strdup(&v->c->arena, id ? id : ""), *to = plain;

        for (const char *c = plain; *c; c++)
                if (*c != '-')
                        *to++ = *c;
        *to = '\0';
        return strlen(plain) == 32 && plain[strspn(plain, "0123456789abcdef")] == '\0' ? plain : NULL;
}

/* WAY_UNKNOWN: it has none, or one that the next apply drops. */
static enum way way_of_trial(struct view *v)
{
        const struct trial *t = &v->trial;
        bool here = trial_is_here(&v->c->root, &v->c->arena, t);

        if (t->config != v->digest)
                return WAY_UNKNOWN;
        v->now->by_hand = t->by_hand;
        v->now->seconds = t->seconds;
        switch (t->state) {
        case TRIAL_FAILED:
                v->now->tried = boot_of(v, t->own);
                return WAY_FAILED;
        case TRIAL_PENDING:
        case TRIAL_RUNNING:
        case TRIAL_ACCEPTED:
                if (!here)
                        return t->state == TRIAL_PENDING ? WAY_TRIAL : WAY_UNKNOWN;
                v->now->until = time_until(v);
                return t->by_hand ? WAY_CONFIRM : WAY_TRYING;
        default:
                return WAY_UNKNOWN;
        }
}

/* The switch is in each line that the host may boot with. */
static bool off_for_good(struct view *v)
{
        struct boot_lines lines;

        boot_lines(&v->boot, &v->c->arena, &lines);
        for (size_t i = 0; i < lines.n; i++)
                if (!span_has((struct span){lines.v[i].text, strcspn(lines.v[i].text, "\n")}, v->c->facts.off_by))
                        return false;
        return v->boot.loader && lines.n > 0;
}

/* Nobody is at it any more. An apply that begins while the lock is looked at would find it taken: that is done last. */
static bool is_cut_short(struct view *v)
{
        const struct ctl *c = v->c;
        struct journal journal = {.lock = -1};
        bool is = v->trial.state == TRIAL_MAKING;

        if (!is && journal_open(&c->root, &v->c->arena, false, &journal) == 0) {
                is = journal_unfinished(&journal);
                journal_close(&journal);
        }
        return is && !journal_busy(&c->root);
}

static enum way way_of(struct view *v)
{
        enum way trial = way_of_trial(v);
        enum ahead ahead;
        enum here here;

        v->now->held = v->c->facts.trial > 0;
        if (trial != WAY_UNKNOWN)
                return trial;
        if (is_cut_short(v))
                return WAY_CUT_SHORT;
        ahead = ahead_of(v);
        here = here_of(v, ahead);
        if (ahead == AHEAD_BEHIND)
                return WAY_BEHIND;
        if (v->c->facts.off && v->now->n_rules > 0)
                return off_for_good(v) ? WAY_OFF_FOR_GOOD : WAY_OFF;
        if (here == HERE_OTHER)
                return ahead == AHEAD_READY ? WAY_APPLIED : WAY_UNKNOWN;
        if (here == HERE_SHORT)
                return WAY_SHORT;
        return ahead == AHEAD_UNKNOWN && v->now->n_rules == 0 ? WAY_UNKNOWN : WAY_DONE;
}

static void look(struct view *v, const struct ctl *of)
{
        struct ctl *c = v->c;
        struct situation *now = v->now;
        const struct boot_facts *boot;
        struct running running;

        trial_read(&c->root, &c->arena, &v->trial);
        if (!read_config(v, of))
                return;
        read_rules(v);
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &v->makers);
        boot_detect(c->loaders, &c->root, &c->arena, &v->boot);
        v->needs = ctl_needs(c);
        boot = v->boot.unreadable ? NULL : &v->boot;
        installed_find(&c->root, &c->arena, &v->makers, boot, &v->images);
        running_find(&c->root, &c->arena, &v->makers, boot, &v->images, &c->config, &running);
        now->lost = now->n_rules > 0 ? running.lost : NULL;
        now->lack = lack_of(v);
        now->no_trials =
                c->root.live && !v->boot.unreadable && v->boot.loader && oneshot_problem(&v->boot, &c->root, &c->arena);
        if (!now->errors)
                now->way = way_of(v);
}

void situation_read(struct ctl *c, struct situation *ret)
{
        struct ctl here = *c;
        struct view v = {.c = &here, .now = ret};

        *ret = (struct situation){.live = c->root.live, .dry_run = c->dry_run && !c->list};
        here.diags = (struct diags){.arena = &here.arena};
        here.facts = (struct facts){};
        here.plan = (struct plan){};
        look(&v, c);
        c->arena = here.arena;
}

void situation_put(struct ctl *c, enum next_on on)
{
        struct situation now;
        struct next_step step;
        struct screen s;

        situation_read(c, &now);
        s = screen_of(stdout, &c->arena);
        step = next_step(&now, on, &c->arena);
        next_put(&s, &step);
}
