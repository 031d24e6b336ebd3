/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/edit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "bus/pci/sriov.h"
#include "ctl/names.h"
#include "plan/displays.h"
#include "report/domain.h"
#include "report/json.h"

int edit_look(struct ctl *c)
{
        struct facts_request all = {.slots = true, .serials = true, .parents = true, .use = true, .vgpus = true};
        int k;

        c->facts = (struct facts){};
        k = facts_gather(&c->root, &c->arena, c->sources, &all, &c->facts);
        return k < 0 ? ctl_fail("reading this machine's facts", k) : 0;
}

void edit_find(struct ctl *c, const char *name, const char *ret[static CONFIG_PLACES])
{
        ret[CONFIG_DIRECTORIES] = config_credential(&c->root, &c->arena, name);
        for (size_t i = 0; i < CONFIG_DIRECTORIES; i++) {
                char *path = arena_join(&c->arena, config_directories[i], "/", name, ".conf", NULL), target[PATH_MAX];
                /* A link that leads nowhere is there, too. */
                ret[i] = root_readlink(&c->root, path, target, sizeof(target)) >= 0 || root_exists(&c->root, path)
                                 ? path
                                 : NULL;
        }
}

struct draft *edit_add(struct edit *e, const char *name, const struct proposal *proposal)
{
        struct arena *a = &e->c->arena;
        struct draft *d = arena_grow(a, &e->drafts, e->n, sizeof(*d));

        if (!d)
                return NULL;
        *d = (struct draft){.name = name, .proposal = *proposal, .state = ""};
        d->path = arena_join(a, RULES_DIR "/", name, ".conf", NULL);
        d->text = propose_text(a, proposal);
        e->n++;
        return d->path && d->text ? d : NULL;
}

/* ---- the plan ------------------------------------------------------------------------------------------------------
 */

/* Facts and plan for a config, as the next boot finds them; passthrough=off and the like are this boot's. */
static int plan_for(const struct edit *e, const struct config *config)
{
        struct ctl *c = e->c;
        struct facts_request request;
        int k;

        facts_request_for(config, &c->arena, &request);
        request.builtin = request.writers = request.parents = true; /* of all devices, for the last display */
        c->facts = (struct facts){.switches_known = true};
        k = facts_gather(&c->root, &c->arena, c->sources, &request, &c->facts);
        if (k < 0)
                return k;
        facts_as_at_boot(&c->facts);
        plan_build(config, &c->facts, &c->arena, &c->plan);
        pci_sriov(&c->root, &c->arena, SRIOV_AT_BOOT, &c->plan);
        vgpu_plan_without(&c->root, &c->arena, VGPU_AT_BOOT, &e->gone, &c->plan);
        return 0;
}

int edit_plan(struct edit *e)
{
        struct ctl *c = e->c;
        struct config_draft *drafts = arena_alloc(&c->arena, e->n * sizeof(*drafts));
        size_t n = 0;
        int k;

        for (size_t i = 0; i < e->n; i++)
                if (!e->drafts[i].why)
                        drafts[n++] = (struct config_draft){e->drafts[i].path, e->drafts[i].text};
        c->diags = (struct diags){.arena = &c->arena};
        k = config_load_with(&c->root, &c->arena, bus_syntaxes, drafts, n, &c->diags, &c->config);
        if (k == 0)
                k = plan_for(e, &c->config);
        return k < 0 ? ctl_fail("the plan", k) : 0;
}

size_t edit_rule(const struct edit *e, const struct draft *d)
{
        const struct rule *rule = config_find(&e->c->config, d->name);

        return rule ? (size_t)(rule - e->c->config.rules) : SIZE_MAX;
}

/* The plan of the rules that are there already, on the same facts. */
static void plan_before(const struct edit *e, struct config *config, struct plan *ret)
{
        struct ctl *c = e->c;

        config->rules = arena_alloc(&c->arena, c->config.n_rules * sizeof(*config->rules));
        for (size_t r = 0; r < c->config.n_rules; r++) {
                bool new = false;

                for (size_t i = 0; i < e->n; i++)
                        new |= !e->drafts[i].why &&streq(e->drafts[i].name, c->config.rules[r].name);
                if (!new)
                        config->rules[config->n_rules++] = c->config.rules[r];
        }
        plan_build(config, &c->facts, &c->arena, ret);
        pci_sriov(&c->root, &c->arena, SRIOV_AT_BOOT, ret);
        vgpu_plan_without(&c->root, &c->arena, VGPU_AT_BOOT, &e->gone, ret);
}

/* What the draft takes away from a rule that was fine without it, or NULL. */
static const char *harm(const struct edit *e, size_t rule, const struct plan *before)
{
        const struct plan *now = &e->c->plan;

        for (size_t b = 0; b < before->config->n_rules; b++) {
                const struct rule *other = config_find(now->config, before->config->rules[b].name);
                const struct plan_rule *state = other ? &now->rules[other - now->config->rules] : NULL;
                const char *taken = NULL;

                if (!state || before->rules[b].state != RULE_OK || state->state == RULE_OK)
                        continue;
                for (size_t i = 0; i < before->n_entries && !taken; i++) {
                        const struct plan_entry *mine = plan_find(now, before->entries[i].device);

                        if (before->entries[i].rule == b && mine && mine->rule == rule)
                                taken = now->facts->devices[mine->device].address;
                }
                if (!taken && e->n > 1)
                        continue;
                return arena_printf(&e->c->arena, "%s%s%srule %s would be %s: %s", taken ? "it takes " : "",
                                    taken ? taken : "", taken ? " away, and " : "", other->name,
                                    rule_state_names[state->state], state->message);
        }
        return NULL;
}

/* Which earlier rules decide all that the draft is about, or NULL. */
static const char *decided_by(const struct edit *e, size_t rule)
{
        const struct plan *plan = &e->c->plan;
        const char *text = "";

        if ((plan->rules[rule].state != RULE_MISSING && plan->rules[rule].state != RULE_OK) ||
            plan->rules[rule].n_matched > 0)
                return NULL;
        for (size_t i = 0; i < plan->n_shadows; i++)
                if (plan->shadows[i].rule == rule)
                        text = arena_printf(&e->c->arena, "%s%srule %s decides %s", text, *text ? ", " : "",
                                            plan->config->rules[plan->shadows[i].by].name,
                                            plan->facts->devices[plan->shadows[i].device].address);
        return *text ? text : NULL;
}

/* Why its own lines are no rule for all that it was made for, though what can be removed may be missing; or NULL. */
static const char *unmatched(const struct edit *e, const struct draft *d, size_t rule)
{
        const struct plan *plan = &e->c->plan;
        size_t n = plan->rules[rule].n_matched, named = d->proposal.expect;

        for (size_t i = 0; i < plan->n_shadows; i++)
                n += plan->shadows[i].rule == rule;
        if (e->import || n >= named)
                return NULL;
        return named == 1 ? "the lines of [Match] that add would write do not match the device; write the rule by hand"
                          : arena_printf(&e->c->arena,
                                         "the lines of [Match] that add would write match %zu of these %zu devices; "
                                         "write the rule by hand",
                                         n, named);
}

/* Whether the draft is another now, or is not written: it has a why. */
static bool judge(struct edit *e, struct draft *d, const struct plan *before)
{
        struct arena *a = &e->c->arena;
        size_t rule = edit_rule(e, d);
        const struct plan_rule *state = &e->c->plan.rules[rule];
        const char *by = decided_by(e, rule), *text;

        d->state = rule_state_names[state->state];
        if (state->state == RULE_OK && !by) {
                d->why = unmatched(e, d, rule);
                if (!d->why)
                        d->why = harm(e, rule, before);
                return d->why;
        }
        if (by) {
                d->settled = true;
                d->why = arena_join(
                        a, by,
                        "; of two rules for a device the first by name decides, so this one would have no effect",
                        NULL);
                return true;
        }
        if (state->state == RULE_MISSING && e->import && state->n_matched > 0) {
                d->proposal.expect = state->n_matched;
                text = propose_text(a, &d->proposal);
                if (!streq(text, d->text)) {
                        d->text = text;
                        return true;
                }
        }
        for (size_t i = 0; i < e->c->plan.n_entries; i++)
                d->company |= e->c->plan.entries[i].rule == rule && reason_is_company(e->c->plan.entries[i].kind);
        d->no_group = state->why.kind == REASON_NO_GROUP;
        d->why = *state->message ? state->message : d->state;
        return true;
}

/* What a rule has taken along until now, and the draft names. */
static void note_companions(const struct edit *e, struct draft *d, size_t rule, const struct plan *before)
{
        const struct plan *now = &e->c->plan;

        for (size_t i = 0; i < before->n_entries; i++) {
                const struct plan_entry *was = &before->entries[i], *is = plan_find(now, was->device);

                if (is && is->rule == rule && is->leader == NO_ENTRY && was->leader != NO_ENTRY)
                        strings_add(
                                &e->c->arena, &d->notes,
                                arena_printf(&e->c->arena, "Rule %s takes %s along already; from now on %s decides it.",
                                             before->config->rules[was->rule].name,
                                             now->facts->devices[was->device].address, now->config->rules[rule].name));
        }
}

/* What the plan has for a draft, before another plan takes its place. */
static void keep_rows(struct edit *e, struct draft *d)
{
        struct ctl *c = e->c;
        struct listing list = {.plan = &c->plan};
        size_t rule = edit_rule(e, d);

        if (!e->names)
                names_look_up(&c->root, &c->facts, &c->arena, &e->names);
        list.names = e->names;
        list.one_domain = e->one_domain = domain_is_one(&c->facts);
        d->rows = draft_rows_of(&list, &c->arena, rule);
        if (!d->why)
                return;
        d->of = (struct draft_reason){NULL, listing_text(&list, &c->arena, d->why)};
        if (streq(d->why, c->plan.rules[rule].message))
                d->of = draft_reason(&list, &c->arena, rule);
        d->reason = d->of.address ? arena_join(&c->arena, d->of.address, ": ", d->of.text, NULL) : d->of.text;
}

/* Whether a draft has fallen out or is another now: the rest may depend on it. */
static bool judge_all(struct edit *e)
{
        struct config config = {};
        struct plan before;
        bool changed = false;

        plan_before(e, &config, &before);
        for (size_t i = 0; i < e->n; i++) {
                struct draft *d = &e->drafts[i];

                if (d->why)
                        continue;
                changed |= judge(e, d, &before);
                keep_rows(e, d);
                e->n_left += d->why && (!d->settled || !e->import);
        }
        for (size_t i = 0; i < e->n && !changed; i++)
                if (!e->drafts[i].why) {
                        size_t rule = edit_rule(e, &e->drafts[i]);

                        note_companions(e, &e->drafts[i], rule, &before);
                        if (displays_none_left(&e->c->plan, rule))
                                strings_add(&e->c->arena, &e->drafts[i].notes, DISPLAYS_NONE_LEFT);
                }
        return changed;
}

/* Whether some draft is no rule. Of several that are taken over the others are judged without it. */
static bool leave_invalid(struct edit *e)
{
        bool any = false;

        for (size_t i = 0; i < e->n; i++) {
                struct draft *d = &e->drafts[i];
                const struct rule *rule = d->why ? NULL : config_find(&e->c->config, d->name);

                if (!rule || !rule->invalid)
                        continue;
                any = true;
                d->state = rule_state_names[RULE_INVALID];
                d->why = d->reason = rule->message;
                e->n_left++;
        }
        return any;
}

static void document(const struct edit *e, bool written)
{
        struct added *added = arena_alloc(&e->c->arena, e->n * sizeof(*added));

        for (size_t i = 0; i < e->n; i++) {
                const struct draft *d = &e->drafts[i];

                added[i] = (struct added){.name = d->name,
                                          .file = d->path,
                                          .text = d->text,
                                          .state = d->state,
                                          .message = d->why,
                                          .written = written && !d->why};
        }
        json_added(stdout, added, e->n, &e->c->diags);
}

int edit_judge(struct edit *e)
{
        bool said = false, changed = true;

        while (changed) {
                int k = edit_plan(e);

                if (k != 0)
                        return k;
                if (!said && !e->quiet)
                        ctl_say_diags(e->c);
                said = true;
                if (!leave_invalid(e))
                        changed = judge_all(e);
                else if (!e->import) {
                        if (e->c->json && !e->quiet)
                                document(e, false);
                        return EXIT_USAGE;
                }
        }
        return 0;
}

/* ---- the files -----------------------------------------------------------------------------------------------------
 */

static bool any(const struct edit *e)
{
        for (size_t i = 0; i < e->n; i++)
                if (!e->drafts[i].why)
                        return true;
        return false;
}

/* All of them or none. */
static int write_all(struct edit *e)
{
        const struct root *root = &e->c->root;
        bool made = !root_exists(root, RULES_DIR);
        int k = file_make_parents(root, RULES_DIR "/.");
        const char *what = RULES_DIR;

        for (size_t i = 0; k == 0 && i < e->n; i++) {
                const struct draft *d = &e->drafts[i];

                if (d->why)
                        continue;
                what = d->path;
                k = file_write(root, d->path, d->text, strlen(d->text), NULL);
                for (size_t j = i; k < 0 && j-- > 0;)
                        if (!e->drafts[j].why)
                                (void)!file_remove(root, e->drafts[j].path);
        }
        if (k < 0 && made)
                (void)!file_remove_directory(root, RULES_DIR);
        return k < 0 ? ctl_fail(what, k) : 0;
}

int edit_write(struct edit *e, bool *ret_written)
{
        int k = 0;

        *ret_written = false;
        if (any(e) && !e->c->dry_run) {
                if (!edit_agreed(e))
                        return EXIT_FAILURE;
                k = write_all(e);
                *ret_written = k == 0;
        }
        if (*ret_written)
                edit_say_written(e);
        if (e->c->json)
                document(e, *ret_written);
        return k != 0 || e->n_left > 0 || e->asks ? EXIT_FAILURE : EXIT_SUCCESS;
}
