/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule on the host: whether it has what it was to have, and what it can still be given. */
#include "act/await.h"
#include "base/str.h"
#include "bind/run.h"
#include "guard/evidence.h"
#include "maker/payload.h"
#include "maker/table.h"
#include "plan/claims-udev.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"
#include "report/log.h"
#include "report/outcome.h"

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

/* Once in a boot: the host's config is another than its boot image was built from. */
static void log_image(struct run *r)
{
        struct payload now;
        const char *differs;
        int k = payload_build(initrd_table, r->root, &r->arena, &r->config, r->facts.kernel,
                              &(struct diags){.arena = &r->arena}, &now);

        if (k < 0) {
                log_line(r->root, LOG_LEVEL_WARNING, LOG_IMAGE, NULL, NULL,
                         "this boot's image cannot be compared with the config: %s", strerror(-k));
                return;
        }
        differs = payload_differs(&now, &r->record.image);
        if (differs && !r->record.image.known && r->record.done[STAGE_ROOT])
                differs = "its stage \"initrd\" did not run";
        /* One that ran and does not say what it was built from is of a time before images did. */
        if (differs && (r->record.image.known || !r->record.done[STAGE_INITRD]))
                log_line(r->root, LOG_LEVEL_WARNING, LOG_IMAGE, NULL, NULL,
                         "this boot's image is stale: %s; build it anew: passthroughctl apply", differs);
}

/* The host's first service fixes the host's plan: rules that the image did not have, or had in an older text, join it.
 */
static int join_host_plan(struct run *r)
{
        if (r->record.host)
                return 0;
        for (size_t i = 0; i < r->config.n_rules; i++)
                if (!run_same_text(r, &r->config.rules[i]) && !rule_on_demand(&r->config.rules[i]))
                        record_merge(&r->record, &r->arena, &r->plan, r->results, STAGE_INITRD,
                                     r->config.rules[i].name);
        r->record.host = true;
        log_image(r);
        return record_write(r->root, &r->arena, &r->record);
}

/* Whether virtual functions or GPUs that the rule makes wait to be taken. */
static bool some_wait(struct run *r, const struct rule *rule)
{
        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct plan_entry *e = &r->plan.entries[i];
                const struct record_device *x = record_find_device(&r->record, r->facts.devices[e->device].address);

                if (&r->config.rules[e->rule] == rule && e->action == ACTION_BIND &&
                    r->facts.devices[e->device].parent && !(x && record_device_taken(x)))
                        return true;
        }
        return false;
}

static int bind_late(struct run *r, size_t rule)
{
        bool *chosen = arena_alloc(&r->arena, r->plan.n_entries * sizeof(*chosen));
        _cleanup_(close_fd) int fd = -1;
        struct record what = {};
        size_t n_ops;
        int k;

        for (size_t i = 0; i < r->plan.n_entries; i++)
                chosen[i] = r->plan.entries[i].rule == rule;
        run_give_back_begun(r, r->config.rules[rule].name, chosen);
        record_begin(&r->record, &r->plan, chosen, r->results);
        n_ops = record_merge(&r->record, &r->arena, &r->plan, r->results, STAGE_INITRD, r->config.rules[rule].name);
        k = run_begin(r, n_ops, &fd);
        if (k < 0)
                return k;
        act_take(r->root, &r->plan, &(struct act_choice){.rule = rule}, &r->arena, r->results);
        record_end(&r->record, &r->arena, &r->plan, chosen, r->results, &what);
        what.ops = r->record.ops + n_ops;
        what.n_ops = r->record.n_ops - n_ops;
        k = run_end(r, fd, &what);
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (chosen[i])
                        run_log_device(r, i);
        return k;
}

/*
 * Whether the rule is worth a second look: a device that was not there may have appeared. Not where one was refused:
 * the image may have known what this host does not, that it is another device than the one recorded, say.
 */
static bool may_be_late(const struct run *r, const struct record_rule *rule)
{
        for (size_t i = 0; i < r->record.n_devices; i++)
                if (streq(r->record.devices[i].rule, rule->name) && r->record.devices[i].action == ACTION_REFUSE)
                        return false;
        return rule->state == RULE_OK || rule->state == RULE_MISSING;
}

/* Whether the rule has all virtual functions or GPUs that it is to make. */
static int settle_made(struct run *r, const struct rule *rule)
{
        size_t i = rule ? (size_t)(rule - r->config.rules) : 0;
        const char *why = rule ? sriov_fewer(&r->plan, i, &r->arena) : NULL;

        if (rule && !why)
                why = vgpu_fewer(&r->plan, i, &r->arena);
        if (!why)
                return RUN_DONE;
        log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, rule->name, NULL, "%s: %s", rule->name, why);
        return RUN_UNSATISFIED;
}

/*
 * What did not show before the host's first service may show now, and udev has had its answer: it asks once more, and
 * the rule's service is started anew where the answer is another.
 */
static void ask_again(struct run *r, const struct rule *rule)
{
        for (size_t i = 0; i < r->record.n_devices && rule && rule->bus->taken_by; i++) {
                const struct record_device *x = &r->record.devices[i];
                size_t device = facts_find(&r->facts, x->address);

                if (streq(x->rule, rule->name) && x->action == ACTION_REFUSE && x->kind == REASON_NO_CLEARANCE &&
                    device != NO_DEVICE)
                        await_ask(r->root, &r->arena, &r->facts.devices[device]);
        }
}

/*
 * The reason is logged where it is not satisfied; where nothing is left to do, it is no matter that nothing can be
 * recorded. enum run_end or -errno.
 */
static int settle_alone(struct run *r, const char *name, int recorded)
{
        const struct record_rule *known = record_find(&r->record, name);
        const struct rule *rule = config_find(&r->config, name);
        const char *why = NULL;
        int k;

        if (known && record_satisfied(&r->record, known) && run_still_bound(r, known) &&
            !(rule && (rule->sriov || rule->vgpu) && some_wait(r, rule)))
                return settle_made(r, rule);
        if (recorded < 0)
                return recorded;
        if (!known)
                why = "this boot's plan has no such rule";
        else if (!rule || !run_same_text(r, rule))
                why = "its text changed since this boot's plan was made";
        else if (r->record.rescued && may_be_late(r, known))
                why = "this boot found its root file system only after devices were given back, and takes nothing more";
        if (why || !may_be_late(r, known)) {
                if (!why) {
                        run_log_rule(r, known);
                        ask_again(r, rule);
                } else
                        log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, name, NULL, "%s: %s", name, why);
                k = run_give_back_begun(r, name, NULL) ? record_write(r->root, &r->arena, &r->record) : 0;
                return k < 0 ? k : RUN_UNSATISFIED;
        }
        k = bind_late(r, (size_t)(rule - r->config.rules));
        if (k < 0)
                return k;
        return record_satisfied(&r->record, record_find(&r->record, name)) ? settle_made(r, rule) : RUN_UNSATISFIED;
}

/* A device below another is handed over with that one: the other's rule comes first. */
static int settle(struct run *r, const char *name, int recorded)
{
        const struct rule *rule = config_find(&r->config, name);
        size_t own = rule ? (size_t)(rule - r->config.rules) : NO_ENTRY, before = NO_ENTRY;

        for (size_t i = 0; i <= r->plan.n_entries && rule; i++) {
                const struct plan_entry *e = i < r->plan.n_entries ? &r->plan.entries[i] : NULL;
                size_t below = e ? (e->rule == own ? e->below : NO_ENTRY) : r->plan.rules[own].below;
                size_t other = below == NO_ENTRY ? own : r->plan.entries[below].rule;

                if (other != own && other != before && !rule_on_demand(&r->config.rules[other]))
                        (void)!settle_alone(r, r->config.rules[other].name, recorded);
                before = other;
        }
        return settle_alone(r, name, recorded);
}

/* Where the rule's text is another since, what its devices have stays as it is. */
static bool settle_nodes(struct run *r, const char *name)
{
        const struct rule *rule = config_find(&r->config, name);

        return !rule || !run_same_text(r, rule) || run_nodes(r, name);
}

static bool is_claimed(const struct rule *rule)
{
        return rule->bus->taken_by;
}

/*
 * At the start of a boot udev may have yet to come to what it is to claim. Nothing is held meanwhile. Without its rules
 * for that it claims nothing.
 */
static int wait_for_udev(const struct root *root, const char *rule)
{
        bool claimed = false;
        int k = root_exists(root, CLAIMS_UDEV "/" CLAIMS_FIRST) ? run_ask(root, rule, is_claimed, &claimed) : 0;

        if (claimed)
                await_queue(root);
        return k;
}

static int run(const struct root *root, const char *rule, bool nodes)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        int k = run_switches(&r, rule);

        if (k != RUN_DONE)
                return k;
        k = wait_for_udev(root, rule);
        if (k == 0)
                k = record_lock(root, 0, &lock);
        if (k == 0)
                k = run_read_record(&r);
        if (k == 0)
                k = run_load(&r, true, STAGE_HOST);
        if (k == 0)
                k = settle(&r, rule, join_host_plan(&r));
        if (k < 0)
                return k;
        return !nodes || settle_nodes(&r, rule) ? k : RUN_UNSATISFIED;
}

int run_settle(const struct root *root, const char *rule)
{
        return run(root, rule, true);
}

int run_take(const struct root *root, const char *rule)
{
        return run(root, rule, false);
}
