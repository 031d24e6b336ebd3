/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules come to: their modules, their groups, what the guard holds back, and the devices themselves. */

#include "base/str.h"
#include "check/row.h"

static void module_row(struct checker *c, const struct check_module *m, bool iommufd)
{
        static const char missing[] =
                "install all of that kernel's modules (Debian: linux-image, not -cloud; Fedora: kernel-modules), "
                "or a kernel with CONFIG_VFIO_PCI";
        const char *name = m->module.name, *kernel = c->plan->facts->kernel;
        const char *id = row_id(c, "module", name);

        if (m->module.state == MODULE_BUILTIN)
                row(c, id, CHECK_PASS, "", "built in (/lib/modules/%s/modules.builtin)", kernel);
        else if (m->loaded)
                row(c, id, CHECK_PASS, "", "loaded (/sys/module has it)");
        else if (m->module.state == MODULE_LOADABLE)
                row(c, id, CHECK_PASS, "", "can be loaded (/lib/modules/%s/modules.dep)", kernel);
        else if (m->module.state == MODULE_REGISTERED)
                row(c, id, CHECK_PASS, "", "there (/sys/bus/pci/drivers/%s)", name);
        else if (m->module.state == MODULE_UNKNOWN)
                row(c, id, CHECK_SKIP, "", "not loaded, and the module lists of kernel %s are not there",
                    kernel ? kernel : "(which one is not known)");
        else if (streq(name, "vfio_iommu_type1") && iommufd)
                row(c, id, CHECK_WARN, missing,
                    "kernel %s has no such module: only programs that use iommufd can open devices", kernel);
        else
                row(c, id, CHECK_FAIL, missing,
                    "kernel %s has no such module: modules.dep and modules.builtin do not name it", kernel);
}

void check_modules(struct checker *c)
{
        const struct check_facts *f = c->facts;
        bool iommufd = false;

        for (size_t i = 0; i < f->n_modules; i++)
                iommufd |= streq(f->modules[i].module.name, "iommufd") &&
                           (f->modules[i].loaded || f->modules[i].module.state == MODULE_LOADABLE ||
                            f->modules[i].module.state == MODULE_BUILTIN);
        for (size_t i = 0; i < f->n_modules; i++)
                if (!streq(f->modules[i].module.name, "iommufd"))
                        module_row(c, &f->modules[i], iommufd);
}

/* "0000:42:00.0: WHY; 0000:42:00.1: WHY" of what a rule is refused for that reason. "" where nothing is. */
static const char *refusals(struct checker *c, size_t rule, enum refusal refusal)
{
        const char *text = "";

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];

                if (e->rule == rule && e->action == ACTION_REFUSE && e->refusal == refusal && entry_taken(e) &&
                    !e->derived)
                        text = arena_join(c->arena, text, *text ? "; " : "", entry_function(c, e)->address, ": ",
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
                const struct device *d = entry_function(c, e);

                if (e->rule != rule || !entry_taken(e) || d->group == NO_GROUP)
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
                n += c->plan->entries[i].rule == rule && entry_taken(&c->plan->entries[i]);
        return n;
}

static void group_row(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        const struct plan_rule *state = &c->plan->rules[r];
        const char *id = row_id(c, "group", rule->name), *against = refusals(c, r, REFUSAL_GROUP),
                   *groups = groups_of(c, r);

        if (rule->invalid)
                row(c, id, CHECK_FAIL, "correct the rule, see passthrough.d(5)", "the rule is invalid: %s",
                    rule->message);
        else if (state->state == RULE_SKIPPED)
                row(c, id, CHECK_SKIP, "", "the rule is skipped: %s", state->message);
        else if (rule->driver == DRIVER_NATIVE)
                row(c, id, CHECK_SKIP, "", "the rule leaves its devices to the host");
        else if (*against)
                row(c, id, CHECK_FAIL,
                    c->live ? "IOMMUGroup=complete takes the others along; or put the card into another slot, see "
                              "passthroughctl list for the groups"
                            : "see iommu.enabled",
                    "%s", against);
        else if (state->state == RULE_MISSING)
                row(c, id, CHECK_FAIL, "see passthroughctl list for what is there, and correct [Match] or Expect=",
                    "the rule's devices are missing: %s", state->message);
        else if (taken_of(c, r) == 0)
                row(c, id, CHECK_SKIP, "", "no device here matches the rule");
        else if (!*groups)
                row(c, id, CHECK_SKIP, "", "no device of the rule has an IOMMU group, and its driver wants none");
        else
                row(c, id, CHECK_PASS, "", "whole, as in /sys/kernel/iommu_groups: %s", groups);
}

static void guard_row(struct checker *c, size_t r)
{
        const struct rule *rule = &c->plan->config->rules[r];
        const char *id = row_id(c, "guard", rule->name), *against = refusals(c, r, REFUSAL_HOST);
        size_t n = taken_of(c, r);

        if (rule->invalid || c->plan->rules[r].state == RULE_SKIPPED || rule->driver == DRIVER_NATIVE || n == 0)
                row(c, id, CHECK_SKIP, "", "the rule takes nothing, see group.%s", rule->name);
        else if (*against)
                row(c, id, CHECK_FAIL,
                    "leave these to the host: name the devices that are meant by Path= or Serial=, or give the "
                    "host's own to a rule with Driver=native before this one",
                    "%s", against);
        else
                row(c, id, CHECK_PASS, "", "the host needs none of its %zu device%s, as far as it shows now", n,
                    n == 1 ? "" : "s");
}

void check_rules(struct checker *c)
{
        for (size_t r = 0; r < c->plan->config->n_rules; r++)
                group_row(c, r);
        for (size_t r = 0; r < c->plan->config->n_rules; r++)
                guard_row(c, r);
}

/* What is said of a device: the worst of it counts, and its fix. */
struct verdict {
        enum check_status status;
        const char *message, *fix;
};

static void add(struct checker *c, struct verdict *v, enum check_status status, const char *fix, const char *message)
{
        static const int rank[CHECK_MAX_] = {[CHECK_PASS] = 0, [CHECK_SKIP] = 0, [CHECK_WARN] = 1, [CHECK_FAIL] = 2};

        v->message = arena_join(c->arena, v->message, *v->message ? "; " : "", message, NULL);
        if (*fix && rank[status] > 0)
                v->fix = arena_join(c->arena, v->fix, *v->fix ? "; " : "", fix, NULL);
        if (rank[status] > rank[v->status])
                v->status = status;
}

static void judge_driver(struct checker *c, const struct plan_entry *e, const struct check_device *x, struct verdict *v)
{
        if (streq_ptr(x->driver, e->driver)) {
                add(c, v, CHECK_PASS, "", arena_printf(c->arena, "%s has it now", e->driver));
                return;
        }
        if (e->action == ACTION_BIND) {
                add(c, v, CHECK_PASS, "",
                    arena_printf(c->arena, "driver now: %s, %s from the next boot on", x->driver ? x->driver : "none",
                                 e->driver));
                return;
        }
        add(c, v, CHECK_PASS, "", arena_printf(c->arena, "driver now: %s", x->driver ? x->driver : "none"));
}

/* All functions of its slot go with it: VFIO can then reset them together. */
static bool slot_taken(const struct checker *c, size_t device)
{
        size_t first, n = facts_card(c->plan->facts, device, &first);

        for (size_t i = first; i < first + n; i++) {
                const struct plan_entry *e = plan_find(c->plan, i);

                if (!e || e->action != ACTION_BIND)
                        return false;
        }
        return true;
}

static void judge_reset(struct checker *c, const struct plan_entry *e, const struct check_device *x, struct verdict *v)
{
        if (!driver_is_vfio(e->driver) || x->reset == UNKNOWN)
                return;
        if (x->reset == YES) {
                add(c, v, CHECK_PASS, "",
                    x->reset_method ? arena_join(c->arena, "reset by ", x->reset_method, " (reset_method)", NULL)
                                    : "it can be reset (its file reset is there)");
                return;
        }
        add(c, v, CHECK_WARN,
            x->reset_method ? "echo default > its reset_method"
            : slot_taken(c, e->device)
                    ? "stop and start a virtual machine with it before relying on it: VFIO resets the whole "
                      "slot, where the card lets it"
                    : "hand over all functions of its slot, so that they can be reset together",
            arena_join(c->arena, "no reset of its own (",
                       x->reset_method ? "its reset_method is empty" : "it has no file reset_method",
                       "): a virtual machine that stops may leave it unusable until the host reboots", NULL));
}

static void judge_display(struct checker *c, const struct plan_entry *e, const struct check_device *x,
                          struct verdict *v)
{
        const struct device *d = entry_function(c, e);
        const char *evidence = x->framebuffer ? x->framebuffer : "boot_vga=1";

        if (!x->framebuffer && !(d->roles & ROLE_BOOT_DISPLAY))
                return;
        /* vfio-pci moves the firmware's framebuffer away from VGA controllers alone (vfio_pci_core.c). */
        if (x->framebuffer && !(d->roles & ROLE_VGA)) {
                add(c, v, CHECK_WARN, "add initcall_blacklist=sysfb_init to the kernel command line and reboot",
                    arena_join(c->arena, "the firmware's framebuffer is on it (", evidence,
                               "), and vfio-pci does not move that away from a display that is no VGA controller",
                               NULL));
                return;
        }
        add(c, v, CHECK_WARN,
            "have the firmware boot on another display (setup: primary display), or do without a screen of the "
            "host",
            arena_join(c->arena, "the firmware's picture is on it (", evidence,
                       "): the host has no screen once it is taken", NULL));
}

/* Functions behind VMD reach memory under the controller's own number (pci_real_dma_dev()): one group for all. */
static void judge_vmd(struct checker *c, const struct plan_entry *e, const struct check_device *x, struct verdict *v)
{
        const struct device *d = entry_function(c, e);
        size_t vmd = x->vmd ? facts_find(c->plan->facts, x->vmd) : NO_DEVICE;
        int group = vmd == NO_DEVICE ? NO_GROUP : c->plan->facts->devices[vmd].group;

        if (!x->vmd || (d->group != NO_GROUP && d->group != group))
                return;
        add(c, v, CHECK_FAIL,
            "switch VMD off in the firmware setup for that slot, or hand over the VMD controller as a whole",
            d->group == NO_GROUP
                    ? arena_printf(c->arena, "it is behind the VMD controller %s and has no IOMMU group", x->vmd)
                    : arena_printf(c->arena, "it is behind the VMD controller %s and shares group %d with it", x->vmd,
                                   group));
}

/* What the host will set for it, held against the host. */
static void judge_settings(struct checker *c, const struct plan_entry *e, const struct check_device *x,
                           struct verdict *v)
{
        const struct rule *rule = &c->plan->config->rules[e->rule];

        if (rule->reset_method && e->leader == NO_ENTRY && x->reset != UNKNOWN && !x->reset_method)
                add(c, v, CHECK_FAIL, "leave ResetMethod= out, or run kernel 5.15 or later",
                    arena_join(c->arena, "ResetMethod=", rule->reset_method,
                               " cannot be set: it has no file reset_method, and it will stay with the host", NULL));
        if (x->no_owner && driver_is_vfio(e->driver))
                add(c, v, CHECK_WARN, "make the user, or correct Owner=",
                    arena_join(c->arena, "Owner=", rule->node.owner,
                               ": this host has no such user, and who may open the device will not be set", NULL));
        if (x->no_group && driver_is_vfio(e->driver))
                add(c, v, CHECK_WARN, "make the group, or correct Group=",
                    arena_join(c->arena, "Group=", rule->node.group,
                               ": this host has no such group, and who may open the device will not be set", NULL));
}

static void device_row(struct checker *c, size_t entry)
{
        const struct plan_entry *e = &c->plan->entries[entry];
        const struct check_device *x = &c->facts->devices[entry];
        const char *id = row_id(c, "device", entry_function(c, e)->address);
        struct verdict v = {.message = "", .fix = ""};

        if (e->action == ACTION_REFUSE && (e->derived || e->refusal != REFUSAL_OTHER)) {
                v.status = CHECK_SKIP;
                add(c, &v, CHECK_PASS, "",
                    arena_printf(c->arena, "refused, see %s.%s",
                                 !e->derived && e->refusal == REFUSAL_HOST ? "guard" : "group", entry_rule(c, e)));
        } else if (e->action == ACTION_REFUSE)
                add(c, &v, CHECK_FAIL,
                    arena_join(c->arena, "see rule ", entry_rule(c, e), ", and passthroughctl plan", NULL),
                    arena_join(c->arena, "refused: ", e->reason, NULL));
        judge_driver(c, e, x, &v);
        judge_reset(c, e, x, &v);
        judge_settings(c, e, x, &v);
        judge_display(c, e, x, &v);
        judge_vmd(c, e, x, &v);
        row(c, id, v.status, v.fix, "%s", v.message);
}

void check_devices(struct checker *c)
{
        for (size_t i = 0; i < c->plan->n_entries; i++)
                if (entry_taken(&c->plan->entries[i]) && c->plan->rules[c->plan->entries[i].rule].state != RULE_SKIPPED)
                        device_row(c, i);
}
