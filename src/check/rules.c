/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules come to: their modules, their groups, and what the guard holds back. */

#include "base/str.h"
#include "check/row.h"
#include "guard/evidence.h"
#include "plan/remedy.h"
#include "plan/sriov.h"

#define INSTALL "install all of that kernel's modules (Debian: linux-image, not -cloud; Fedora: kernel-modules), "

static void module_row(struct checker *c, const struct module *m, bool iommufd)
{
        const char *name = m->name, *kernel = c->plan->facts->kernel;
        const char *missing = streq(name, "mdev") ? INSTALL "or a kernel with CONFIG_VFIO_MDEV"
                                                  : INSTALL "or a kernel with CONFIG_VFIO_PCI";
        const char *id = check_row_id(c, "module", name);

        if (m->state == MODULE_BUILTIN)
                check_row(c, id, CHECK_PASS, "", "built in (/lib/modules/%s/modules.builtin)", kernel);
        else if (m->loaded)
                check_row(c, id, CHECK_PASS, "", "loaded (/sys/module has it)");
        else if (m->state == MODULE_LOADABLE)
                check_row(c, id, CHECK_PASS, "", "can be loaded (/lib/modules/%s/modules.dep)", kernel);
        else if (m->state == MODULE_REGISTERED)
                check_row(c, id, CHECK_PASS, "", "there (%s)", m->directory);
        else if (m->state == MODULE_UNKNOWN)
                check_row(c, id, CHECK_UNKNOWN, "", "not loaded, and the module lists of kernel %s are not there",
                          kernel ? kernel : "(which one is not known)");
        else if (streq(name, "vfio_iommu_type1") && iommufd)
                check_row(c, id, CHECK_WARN, missing,
                          "kernel %s has no such module: only programs that use iommufd can open devices", kernel);
        else if (streq(name, "vfio_mdev"))
                check_row(c, id, CHECK_WARN, INSTALL "if virtual machines cannot open the mediated devices",
                          "kernel %s has no such module, which kernels before Linux 6.0 have for mediated devices",
                          kernel);
        else
                check_row(c, id, CHECK_FAIL, missing,
                          "kernel %s has no such module: modules.dep and modules.builtin do not name it", kernel);
}

void check_modules(struct checker *c)
{
        const struct check_facts *f = c->facts;
        bool iommufd = false;

        for (size_t i = 0; i < f->n_modules; i++)
                iommufd |= streq(f->modules[i].name, "iommufd") &&
                           (f->modules[i].loaded || f->modules[i].state == MODULE_LOADABLE ||
                            f->modules[i].state == MODULE_BUILTIN);
        for (size_t i = 0; i < f->n_modules; i++)
                if (!streq(f->modules[i].name, "iommufd"))
                        module_row(c, &f->modules[i], iommufd);
}

/* The rule is refused that device, for itself. */
static bool is_refused(const struct plan_entry *e, size_t rule, enum refusal refusal)
{
        return e->rule == rule && e->action == ACTION_REFUSE && REASON_REFUSAL(e->kind) == refusal && check_taken(e) &&
               !e->derived;
}

/* "0000:42:00.0: WHY; 0000:42:00.1: WHY" of what a rule is refused for that reason. "" where nothing is. */
static const char *refusals(struct checker *c, size_t rule, enum refusal refusal)
{
        const char *text = "";

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];

                if (is_refused(e, rule, refusal))
                        text = arena_join(c->arena, text, *text ? "; " : "", check_device(c, e)->address, ": ",
                                          e->reason, NULL);
        }
        return text;
}

/* "group 15: 0000:42:00.0, 0000:42:00.1; group 16: 0000:43:00.0" */
static const char *groups_of(struct checker *c, size_t rule)
{
        const char *text = "";
        int group = NO_GROUP;

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];
                const struct device *d = check_device(c, e);

                if (e->rule != rule || !check_taken(e) || d->group == NO_GROUP)
                        continue;
                text = d->group == group ? arena_join(c->arena, text, ", ", d->address, NULL)
                                         : arena_printf(c->arena, "%s%sgroup %d: %s", text, *text ? "; " : "", d->group,
                                                        d->address);
                group = d->group;
        }
        return text;
}

static size_t taken_of(const struct checker *c, size_t rule)
{
        size_t n = 0;

        for (size_t i = 0; i < c->plan->n_entries; i++)
                n += c->plan->entries[i].rule == rule && check_taken(&c->plan->entries[i]);
        return n;
}

/* What would have the rule ok, tried; else who could. */
static const char *group_fix(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        const struct remedy remedy = remedy_find(c->plan, r, c->arena);
        const char *settings = remedy_settings(&remedy);

        if (settings)
                return arena_join(c->arena, "write ", settings, " below [Device] of ", rule->file,
                                  "; passthroughctl list ADDRESS shows what shares the group", NULL);
        return arena_join(c->arena, "put the card into another slot, or leave it to the host: passthroughctl remove ",
                          rule->name, NULL);
}

/* The rule takes nothing: not even virtual functions of what it leaves to the host. */
static bool stays(const struct checker *c, size_t rule)
{
        const struct rule *r = &c->plan->config->rules[rule];

        return !check_makes_vgpus(r) && r->driver == DRIVER_NATIVE && (!r->sriov || taken_of(c, rule) == 0);
}

static void group_row(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        const struct plan_rule *state = &c->plan->rules[r];
        const char *id = check_row_id(c, "group", rule->name), *against = refusals(c, r, REFUSAL_GROUP),
                   *groups = groups_of(c, r);

        if (rule->invalid)
                check_row(c, id, CHECK_FAIL, "correct the rule, see passthrough.d(5)", "the rule is invalid: %s",
                          rule->message);
        else if (state->state == RULE_SKIPPED)
                check_row(c, id, CHECK_SKIP, "", "the rule is skipped: %s", state->message);
        else if (stays(c, r))
                check_row(c, id, CHECK_SKIP, "", "the rule leaves its devices to the host");
        else if (check_has_vgpus(c, r))
                check_vgpu_groups(c, r, id);
        else if (*against && rule->sriov)
                check_row(c, id, CHECK_FAIL, CHECK_ACS, "%s" CHECK_APART, against);
        else if (*against) {
                check_row(c, id, CHECK_FAIL, c->live ? group_fix(c, r) : "see iommu.enabled", "%s", against);
                if (!c->live)
                        check_row_brief(c, "no device of the rule has an IOMMU group");
        } else if (state->state == RULE_MISSING)
                check_row(c, id, CHECK_FAIL,
                          check_makes_vgpus(rule)
                                  ? "load the driver that offers virtual GPUs, or correct [Match] or Expect=; "
                                    "passthroughctl list --types shows what is there"
                                  : "see passthroughctl list for what is there, and correct [Match] or Expect=",
                          "the rule's devices are missing: %s", state->message);
        else if (taken_of(c, r) == 0)
                check_row(c, id, CHECK_SKIP, "", "no device here matches the rule");
        else if (rule->bus->taken_by)
                check_row(c, id, CHECK_SKIP, "", "its devices are not handed over through the IOMMU");
        else if (!*groups)
                check_row(c, id, CHECK_SKIP, "", "no device of the rule has an IOMMU group, and its driver wants none");
        else
                check_row(c, id, CHECK_PASS, "", "whole, as in /sys/kernel/iommu_groups: %s", groups);
}

/* Why it is not known of devices that are refused for another reason: "0000:04:00.0: WHY". "" where it is known. */
static const char *not_known(struct checker *c, size_t rule)
{
        const char *text = "";

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];

                if (e->rule == rule && e->action == ACTION_REFUSE && e->unknown && check_taken(e))
                        text = arena_join(c->arena, text, *text ? "; " : "", check_device(c, e)->address, ": ",
                                          e->unknown, NULL);
        }
        return text;
}

/* Some of its devices are refused before anybody asks. */
static bool is_weighed(const struct checker *c, size_t rule)
{
        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];

                if (e->rule == rule && e->action == ACTION_REFUSE && !e->weighed && check_taken(e))
                        return false;
        }
        return true;
}

/* Why nothing at all shows of what the host needs, or NULL. */
static const char *nothing_read(struct checker *c)
{
        const struct evidence *e = c->plan->facts->evidence;

        return evidence_storage_unknown(e) && e->network_unknown
                       ? arena_join(c->arena, evidence_storage_unknown(e), "; ", e->network_unknown, NULL)
                       : NULL;
}

/* Of some device it is not known whether the host needs it. */
static bool is_in_doubt(const struct checker *c, size_t rule)
{
        for (size_t i = 0; i < c->plan->n_entries; i++)
                if (is_refused(&c->plan->entries[i], rule, REFUSAL_HOST) && reason_is_doubt(c->plan->entries[i].kind))
                        return true;
        return false;
}

/* What shows can be left to the host, where the rule is then ok; what is not known has to be read first. */
static const char *guard_fix(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        struct remedy remedy;

        if (is_in_doubt(c, r))
                return "run it as root, or see to what is named; or leave these devices to the host";
        remedy = remedy_find(c->plan, r, c->arena);
        if (remedy.n_devices > 0 && remedy.expect == 0)
                return "leave these to the host: passthroughctl add NAME ADDRESS Driver=native, with a name that sorts "
                       "before this rule's";
        return arena_join(c->arena,
                          "if other devices are meant, name them by Path= or Serial=; else leave these to the host: "
                          "passthroughctl remove ",
                          rule->name, NULL);
}

/* Nothing else is wrong with it. */
static bool owned_twice(const struct checker *c, size_t rule)
{
        const struct sriov_plan *s = c->plan->sriov;
        bool any = false;

        for (size_t i = 0; s && i < s->n_parents; i++) {
                const struct sriov_parent *x = &s->parents[i];

                if (c->plan->entries[x->entry].rule != rule || !x->refused)
                        continue;
                if (!x->owner)
                        return false;
                any = true;
        }
        return any;
}

static void guard_row(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        const char *id = check_row_id(c, "guard", rule->name), *against = refusals(c, r, REFUSAL_HOST),
                   *unknown = not_known(c, r);
        size_t n = taken_of(c, r);

        if (rule->sriov && owned_twice(c, r)) {
                check_row(c, id, CHECK_SKIP, "", "somebody else sets up its virtual functions, see conflict");
                return;
        }
        if (check_has_vgpus(c, r)) {
                check_row(c, id, CHECK_SKIP, "", "the rule takes nothing from the host, see vgpu for what it makes");
                return;
        }
        if ((rule->sriov || rule->vgpu) && c->plan->rules[r].state == RULE_REFUSED) {
                check_row(c, id, CHECK_FAIL,
                          arena_join(c->arena, "correct ", rule->file, ", or remove it: passthroughctl remove ",
                                     rule->name, NULL),
                          "%s", c->plan->rules[r].message);
                return;
        }
        if (rule->invalid || c->plan->rules[r].state == RULE_SKIPPED || stays(c, r) || n == 0)
                check_row(c, id, CHECK_SKIP, "", "the rule takes nothing, see group.%s", rule->name);
        else if (*against)
                check_row(c, id, CHECK_FAIL, guard_fix(c, r), "%s", against);
        else if (*unknown || nothing_read(c))
                check_row(c, id, CHECK_UNKNOWN, "", "whether the host needs %s is not known: %s",
                          n == 1 ? "the device" : "them", *unknown ? unknown : nothing_read(c));
        else if (!is_weighed(c, r))
                check_row(c, id, CHECK_SKIP, "", "the rule is refused for another reason, see its devices");
        else if (n == 1)
                check_row(c, id, CHECK_PASS, "", "the host does not need its device, as far as can be seen now");
        else
                check_row(c, id, CHECK_PASS, "", "the host needs none of its %zu devices, as far as can be seen now",
                          n);
}

void check_rules(struct checker *c)
{
        for (size_t r = 0; r < c->plan->config->n_rules; r++)
                group_row(c, r);
        for (size_t r = 0; r < c->plan->config->n_rules; r++)
                guard_row(c, r);
}
