/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: how a virtual machine gets what the plan hands over, of a rule, around a device, or of each rule. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/vgpu.h"
#include "ctl/ctl.h"
#include "ctl/names.h"
#include "ctl/publish.h"
#include "ctl/show-states.h"
#include "ctl/situation.h"
#include "export/export.h"
#include "plan/hand.h"
#include "report/domain.h"
#include "report/json.h"
#include "report/text.h"
#include "report/vgpu-lines.h"
#include "state/numbers.h"

/* The nodes that iommufd's users open (Documentation/driver-api/vfio.rst), there once a device has its driver. */
#define DEVICE_NODES "/dev/vfio/devices"

/* Of a mediated device, the rule that would make it names its parent. */
static void say_no_rule(struct ctl *c, const struct device *d)
{
        const char *address = domain_less(domain_is_one(&c->facts), d->address);

        if (d->bus->syntax->made && d->parent)
                ctl_error("no rule makes %s; one with [VirtualGPU] does: passthroughctl add NAME %s Type=%s UUID=%s",
                          address, domain_less(domain_is_one(&c->facts), d->parent), d->vgpu, address);
        else
                ctl_error("no rule covers %s; write one first: passthroughctl add NAME %s", address, address);
}

/* The entries that are meant; 0 or the exit status: of EXIT_FAILURE there are none. */
static int choose(struct ctl *c, const struct rule *rule, bool **ret)
{
        size_t device, entry = NO_ENTRY;

        if (!rule) {
                const struct plan_entry *e;
                int k = ctl_find_device(c, c->argv[1], &device);

                if (k != 0)
                        return k;
                e = plan_find(&c->plan, device);
                if (!e) {
                        say_no_rule(c, &c->facts.devices[device]);
                        *ret = arena_alloc(&c->arena, c->plan.n_entries * sizeof(**ret));
                        return EXIT_FAILURE;
                }
                entry = (size_t)(e - c->plan.entries);
        }
        plan_choose(&c->plan, &c->arena, rule ? (size_t)(rule - c->config.rules) : NO_ENTRY, entry, ret);
        return 0;
}

/* Why no virtual machine can have what was chosen, or NULL. */
static const char *reason_against(struct ctl *c, const struct plan_entry *e)
{
        if (e->action == ACTION_REFUSE)
                return arena_join(&c->arena, "refused: ", e->reason, NULL);
        if (e->action == ACTION_KEEP)
                return e->reason;
        if (!export_opens(&c->facts.devices[e->device], e->driver))
                return arena_printf(&c->arena, "it goes to driver %s, through which no virtual machine can use it",
                                    e->driver);
        return NULL;
}

/* A rule's function that has virtual ones stays, and of these those that the rule means for the host. */
static bool stays_by_rule(const struct rule *rule, const struct plan_entry *e)
{
        return rule && (rule->sriov || rule->vgpu) && e->action == ACTION_KEEP;
}

/* Whether it is one of what its rule makes. */
static bool is_made(const struct rule *rule, const struct plan_entry *e, const struct device *d)
{
        return d->parent && (!rule->vgpu || !vgpu_typed(rule->vgpu) || e->action == ACTION_BIND);
}

/* On standard error, as wide as that is. */
static void say(struct ctl *c, const char *text)
{
        const struct screen s = screen_of(stderr, &c->arena);

        screen_wrap(&s, 0, 2, text);
}

/* Whether not all that the rule makes is there; what there could be instead is another rule's. */
static bool say_not_made(struct ctl *c, const struct rule *rule, const bool *chosen)
{
        const struct plan_rule *state = &c->plan.rules[rule - c->config.rules];
        const char *fewer = vgpu_fewer(&c->plan, (size_t)(rule - c->config.rules), &c->arena);
        bool parent = false, made = false;

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];

                made |= chosen[i] && is_made(rule, e, &c->facts.devices[e->device]);
                parent |= chosen[i];
        }
        if (made && !fewer)
                return false;
        if (state->state == RULE_REFUSED)
                say(c, arena_join(&c->arena, rule->name, ": refused: ",
                                  domain_less_text(domain_is_one(&c->facts), &c->arena, state->message), NULL));
        else if (made)
                say(c, arena_join(&c->arena, rule->name, ": ", fewer, NULL));
        else if (parent && rule_on_demand(rule))
                say(c, arena_join(&c->arena, rule->name,
                                  ": its virtual GPUs are not there yet; systemctl start passthrough@", rule->name,
                                  ".service makes them", NULL));
        else if (parent)
                say(c, arena_join(&c->arena, rule->name, ": its virtual ", rule->vgpu ? "GPUs" : "functions",
                                  " are not there yet; a boot with the rule makes them, or passthroughctl bind ",
                                  rule->name, " now", NULL));
        return parent;
}

/* Whether something of what was chosen is not to be had, on standard error. */
static bool say_missing(struct ctl *c, const struct rule *rule, const bool *chosen)
{
        bool missing = false, one_domain = domain_is_one(&c->facts);

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const char *why = chosen[i] && !stays_by_rule(rule, e) ? reason_against(c, e) : NULL;

                if (!why)
                        continue;
                missing = true;
                say(c, arena_join(&c->arena, c->config.rules[e->rule].name, ": ",
                                  domain_less(one_domain, c->facts.devices[e->device].address), " ",
                                  domain_less_text(one_domain, &c->arena, why), NULL));
        }
        if (rule) {
                const struct plan_rule *state = &c->plan.rules[rule - c->config.rules];

                if (state->state == RULE_MISSING || state->state == RULE_SKIPPED) {
                        missing = true;
                        say(c, arena_join(&c->arena, rule->name, ": ", rule_state_names[state->state], ": ",
                                          domain_less_text(one_domain, &c->arena, state->message), NULL));
                } else if (rule->sriov || rule->vgpu)
                        missing |= say_not_made(c, rule, chosen);
        }
        return missing;
}

/* "DRIVER has ADDRESS, ..." of those of the rule that a guest cannot have yet, or NULL. */
static const char *find_early(struct ctl *c, const struct shown *shown, size_t rule, bool *ret_demand)
{
        const char *text = NULL;

        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *s = &shown->devices[i];
                const char *now = show_driver(c, s->device);
                bool claimed = s->device->bus->syntax->taken_by;

                if (s->entry->rule != rule || streq_ptr(now, s->entry->driver))
                        continue;
                *ret_demand = s->entry->stage == STAGE_DEMAND;
                text = arena_join(&c->arena, text ? text : "", text ? ", " : "",
                                  now       ? now
                                  : claimed ? "the host"
                                            : "no driver",
                                  " has ", domain_less(domain_is_one(&c->facts), s->device->address), NULL);
        }
        return text;
}

/* It is to have its driver by now: the guest cannot have it before. */
static bool warn_early(struct ctl *c, const struct shown *shown)
{
        bool any = false;

        for (size_t r = 0; r < c->config.n_rules; r++) {
                bool demand = false;
                const char *rule = c->config.rules[r].name, *text = find_early(c, shown, r, &demand), *how;

                if (!text)
                        continue;
                any = true;
                how = demand ? arena_join(&c->arena, "systemctl start passthrough@", rule, ".service does it", NULL)
                             : arena_join(&c->arena, "a boot with the rule does it, or passthroughctl bind ", rule,
                                          " now", NULL);
                say(c, arena_printf(&c->arena, "%s is not handed over yet: %s; %s", rule, text, how));
        }
        return any;
}

/* What the words do not tell, for people. */
static void say_notes(struct ctl *c, const struct shown *shown)
{
        for (size_t i = 0; !c->json && i < shown->n_forms; i++) {
                if (shown->forms[i].only_for && shown->forms[i].lines.n == 0)
                        continue;
                for (size_t k = 0; k < shown->forms[i].notes.n; k++)
                        say(c, arena_join(&c->arena, c->config.rules[shown->devices[0].entry->rule].name, ": ",
                                          shown->forms[i].notes.v[k], NULL));
        }
}

/* virsh attach-device reads one device from a file. */
static void warn_several(struct ctl *c, const char *name, const struct shown *shown)
{
        if (c->format && !c->json && streq(c->format, "libvirt") && shown->n > 1)
                say(c, arena_printf(&c->arena,
                                    "%s: %zu devices, an element each: virsh attach-device takes one a file, virsh "
                                    "edit all of them",
                                    name, shown->n));
}

/* Behind what people copy, while a virtual machine cannot have it. */
static void put_next(struct ctl *c)
{
        if (c->json || c->format)
                return;
        putchar('\n');
        situation_put(c, NEXT_ON_SHOW);
}

/* The devices are there, and this form has none of them. */
static bool lacks_form(struct ctl *c, const char *name, const struct shown *shown)
{
        const struct shown_form *form = &shown->forms[0];

        if (!c->format || c->json || shown->n == 0 || !form->only_for || form->lines.n > 0)
                return false;
        (void)ctl_error("%s has no %s, which is what --format=%s is for", name, form->only_for, c->format);
        return true;
}

static void find_names(const struct pci_name *names, struct shown *shown)
{
        for (size_t i = 0; i < shown->n; i++)
                shown->devices[i].name = names[shown->devices[i].entry->device];
}

/* The form that was asked for, alone; else those that are for everybody, or for programs all. */
static void keep_form(const struct ctl *c, struct shown *shown)
{
        size_t n = 0;

        if (!c->format && c->json)
                return;
        for (size_t i = 0; i < shown->n_forms; i++)
                if (c->format ? streq(shown->forms[i].name, c->format) : !shown->forms[i].asked)
                        shown->forms[n++] = shown->forms[i];
        shown->n_forms = n;
}

/* As links_find() will name them once they are taken; a number that cannot be told is no link. */
static void number_links(struct ctl *c, size_t rule, const char **links)
{
        size_t *devices = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*devices)), n = 0;
        uint32_t *given = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*given));
        struct numbers numbers;

        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (links[i] && c->plan.entries[i].rule == rule)
                        devices[n++] = c->plan.entries[i].device;
        if (numbers_read(&c->root, &c->arena, &numbers) == 0)
                numbers_assign(&numbers, &c->arena, &c->facts, c->config.rules[rule].name, devices, n, given);
        else
                given = NULL;
        n = 0;
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (links[i] && c->plan.entries[i].rule == rule)
                        links[i] = given ? arena_printf(&c->arena, "%s.d/%u", links[i], given[n++]) : NULL;
}

/* Beside the entries: the links of those whose nodes udev names. */
static const char *const *find_links(struct ctl *c)
{
        const char **links = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*links));

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];

                if (e->action == ACTION_BIND && c->facts.devices[e->device].bus->syntax->taken_by)
                        links[i] = arena_join(&c->arena, "/dev/passthrough/", c->config.rules[e->rule].name, NULL);
        }
        for (size_t r = 0; r < c->config.n_rules; r++)
                if (c->config.rules[r].bus->taken_by && c->config.rules[r].expect_max > 1)
                        number_links(c, r, links);
        return links;
}

/* Beside the rules: those whose devices were chosen, and the one that was named. */
static bool *rules_of(struct ctl *c, const struct rule *rule, const bool *chosen)
{
        bool *rules = arena_alloc(&c->arena, c->config.n_rules * sizeof(*rules));

        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (chosen[i])
                        rules[c->plan.entries[i].rule] = true;
        if (rule)
                rules[rule - c->config.rules] = true;
        return rules;
}

/* The page that was asked for, or NULL. */
static const struct exporter *page_asked(const struct ctl *c)
{
        for (size_t i = 0; c->format && exporter_table[i]; i++)
                if (exporter_table[i]->page && streq(exporter_table[i]->name, c->format))
                        return exporter_table[i];
        return NULL;
}

/* Whether it tells of what is refused and missing itself. */
static bool asks_for_all(const struct ctl *c)
{
        return page_asked(c) && page_asked(c)->all;
}

/* What the consumer of a page has no words for. */
static bool say_cannot(struct ctl *c, const struct shown *shown)
{
        bool one_domain = domain_is_one(&c->facts), any = false;

        for (size_t i = 0; i < shown->n_forms; i++)
                for (size_t k = 0; k < shown->forms[i].cannot.n; k++) {
                        any = true;
                        say(c, domain_less_text(one_domain, &c->arena, shown->forms[i].cannot.v[k]));
                }
        return any;
}

/* rules: beside those of the config, which a page is about. */
static void build_forms(struct ctl *c, const bool *rules, const bool *chosen, struct shown *ret)
{
        export_build(exporter_table,
                     &(struct export_request){
                             .plan = &c->plan,
                             .chosen = chosen,
                             .links = find_links(c),
                             .vfio = show_vfio(c),
                             .states = show_states(c),
                             .rules = rules,
                             .format = c->format,
                             .iommufd = root_exists(&c->root, DEVICE_NODES),
                     },
                     &c->arena, ret);
}

/* Tells what a build has; whether something is not to be had. */
static bool tell(struct ctl *c, const struct pci_name *names, struct shown *shown, bool *early)
{
        find_names(names, shown);
        keep_form(c, shown);
        if (asks_for_all(c))
                return false;
        *early |= warn_early(c, shown);
        say_notes(c, shown);
        return say_cannot(c, shown);
}

/* What there is to show of a rule, or (NULL) of what was chosen; *ret_missing: and what is not to be had. */
static void build(struct ctl *c, const struct rule *rule, const bool *chosen, const struct pci_name *names,
                  struct shown *ret, bool *ret_missing, bool *early)
{
        build_forms(c, rules_of(c, rule, chosen), chosen, ret);
        *ret_missing = !asks_for_all(c) && say_missing(c, rule, chosen);
        *ret_missing |= tell(c, names, ret, early);
}

static void print(const struct ctl *c, const struct shown *shown, struct arena *a)
{
        if (!c->format)
                text_show(stdout, shown, a);
        for (size_t i = 0; c->format && i < shown->n_forms; i++)
                shown->forms[i].print(stdout, &shown->forms[i].lines);
}

/* Nobody reads a file again once it is stale: it has what is there now. */
static void keep_handed(struct ctl *c, bool *chosen)
{
        const enum shown_state *states = show_states(c);

        for (size_t i = 0; i < c->plan.n_entries; i++)
                chosen[i] &= states[i] == SHOWN_BOUND || states[i] == SHOWN_LATE;
}

/* One page about all rules. */
static int show_page(struct ctl *c, const struct pci_name *names)
{
        bool *chosen = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*chosen));
        bool *rules = arena_alloc(&c->arena, c->config.n_rules * sizeof(*rules)), missing = false, early = false;
        const char *file = publish_file(c, page_asked(c));
        struct shown shown;
        int k = 0;

        for (size_t r = 0; r < c->config.n_rules; r++) {
                bool *of;

                rules[r] = true;
                if (c->config.rules[r].invalid)
                        continue;
                plan_choose(&c->plan, &c->arena, r, NO_ENTRY, &of);
                for (size_t i = 0; i < c->plan.n_entries; i++)
                        chosen[i] |= of[i];
                missing |= !file && !asks_for_all(c) && say_missing(c, &c->config.rules[r], of);
        }
        if (file && !page_asked(c)->states)
                keep_handed(c, chosen);
        build_forms(c, rules, chosen, &shown);
        missing |= tell(c, names, &shown, &early);
        if (file)
                k = publish_page(c, page_asked(c), &shown);
        else
                print(c, &shown, &c->arena);
        return k != 0 ? k : missing ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int show_each(struct ctl *c, const struct pci_name *names)
{
        struct shown *all = arena_alloc(&c->arena, c->config.n_rules * sizeof(*all));
        bool missing = false, any = false, early = false;

        for (size_t r = 0; r < c->config.n_rules; r++) {
                const struct rule *rule = &c->config.rules[r];
                bool *chosen, lacks;

                if (rule->invalid)
                        continue;
                plan_choose(&c->plan, &c->arena, r, NO_ENTRY, &chosen);
                build(c, rule, chosen, names, &all[r], &lacks, &early);
                missing |= lacks;
                if (c->json || all[r].n == 0)
                        continue;
                printf("%s# %s\n", any ? "\n" : "", rule->name);
                any = true;
                print(c, &all[r], &c->arena);
        }
        if (c->json)
                json_show_all(stdout, &c->plan, all, &c->diags);
        if (early && any)
                put_next(c);
        return missing ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int show_all(struct ctl *c, const struct pci_name *names)
{
        int k = !c->json && page_asked(c) ? show_page(c, names) : show_each(c, names);

        if (c->config.n_rules == 0)
                fputs("passthroughctl: there is no rule; passthroughctl add writes one\n", stderr);
        return c->diags.n_errors > 0 ? EXIT_USAGE : c->config.n_rules == 0 ? EXIT_FAILURE : k;
}

static int show_one(struct ctl *c, const struct pci_name *names)
{
        const struct rule *rule = config_find(&c->config, c->argv[1]);
        struct shown shown;
        bool *chosen, missing = false, early = false;
        int k;

        k = choose(c, rule, &chosen);
        if (k == EXIT_USAGE || (k != 0 && !c->json))
                return k;
        if (k != 0 || (rule && rule->invalid))
                build_forms(c, rules_of(c, rule, chosen), chosen, &shown);
        else
                build(c, rule, chosen, names, &shown, &missing, &early);
        if (c->json)
                json_show(stdout, &c->plan, rules_of(c, rule, chosen), &shown, &c->diags);
        /* What is wrong has been said. */
        if (k != 0 || (rule && rule->invalid))
                return k != 0 ? k : EXIT_USAGE;
        if (!c->json && (shown.n > 0 || asks_for_all(c)))
                print(c, &shown, &c->arena);
        missing |= lacks_form(c, c->argv[1], &shown);
        warn_several(c, c->argv[1], &shown);
        if (early && shown.n > 0)
                put_next(c);
        if (asks_for_all(c))
                return EXIT_SUCCESS;
        if (shown.n == 0 && !missing)
                fprintf(stderr, "passthroughctl: %s hands nothing over\n", c->argv[1]);
        return missing || shown.n == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int show(struct ctl *c)
{
        struct facts_request request;
        struct pci_name *names;
        int k;

        request = (struct facts_request){.numa = true, .machine = true};
        /* A page is for consumers that know devices by their ID, and may take those of no rule, too. */
        if (!page_asked(c))
                request.config = &c->config;
        k = ctl_load_plan(c, &request, true);
        if (k != 0)
                return k;
        names_look_up(&c->root, &c->facts, &c->arena, &names);
        return c->all ? show_all(c, names) : show_one(c, names);
}

int ctl_show(struct ctl *c)
{
        int k;

        if (c->all ? c->argc > 1 : c->argc < 2)
                return ctl_misused("show", c->all ? "show --all takes no argument"
                                                  : "show takes a rule or an address, or --all");
        k = publish_check(c, page_asked(c));
        if (k != 0)
                return k;
        return c->follow ? publish_follow(c, publish_file(c, page_asked(c)), show) : show(c);
}
