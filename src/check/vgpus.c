/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that rules make virtual GPUs of, and what of that is the administrator's: NVIDIA's services and modes. */
#include "base/str.h"
#include "check/row.h"
#include "config/vgpu.h"
#include "plan/vgpu.h"

#define HOST_DRIVER "install NVIDIA's vGPU host driver, the vgpu-kvm package of its vGPU software"

bool check_makes_vgpus(const struct rule *rule)
{
        return rule->vgpu && vgpu_typed(rule->vgpu);
}

bool check_has_vgpus(const struct checker *c, size_t rule)
{
        const struct vgpu_plan *v = c->plan->vgpu;

        for (size_t i = 0; v && i < v->n_parents; i++)
                if (c->plan->entries[v->parents[i].entry].rule == rule)
                        return true;
        return false;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* "0000:41:00.4 is in group 41 with 0000:41:00.0", of a virtual function that is to be one; "" where all are apart. */
static const char *shared(struct checker *c, const struct vgpu_parent *x, size_t *ret_functions)
{
        const struct facts *facts = c->plan->facts;
        const char *text = "";

        for (size_t i = 0; i < x->is.n_carriers; i++) {
                const struct device *d = &facts->devices[x->is.carriers[i].device];

                if (x->is.carriers[i].index == UINT32_MAX)
                        continue;
                ++*ret_functions;
                for (size_t k = 0; d->group != NO_GROUP && !*text && k < facts->n_devices; k++)
                        if (&facts->devices[k] != d && facts->devices[k].bus == d->bus &&
                            facts->devices[k].group == d->group && !(facts->devices[k].roles & ROLE_BRIDGE))
                                text = arena_printf(c->arena, "%s is in group %d with %s", d->address, d->group,
                                                    facts->devices[k].address);
        }
        return text;
}

void check_vgpu_groups(struct checker *c, size_t rule, const char *id)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        size_t functions = 0;

        for (size_t i = 0; i < v->n_parents; i++) {
                const char *text =
                        c->plan->entries[v->parents[i].entry].rule == rule ? shared(c, &v->parents[i], &functions) : "";

                if (*text) {
                        check_row(c, id, CHECK_FAIL, CHECK_ACS, "%s" CHECK_APART, text);
                        return;
                }
        }
        if (functions > 0 && c->live)
                check_row(c, id, CHECK_PASS, "",
                          "the %zu virtual functions that can be virtual GPUs each have a group of their own",
                          functions);
        else
                check_row(c, id, CHECK_SKIP, "",
                          "its devices stay with the host, and the groups of virtual GPUs show once these are there");
}

/* ---- parents ----------------------------------------------------------------------------------------------------- */

static bool is_nvidia(const struct device *d)
{
        return startswith(d->id, "10de:");
}

/* "NVIDIA A40-8Q, A40-4Q", as the rule has them. */
static const char *types_of(struct checker *c, const struct rule *rule)
{
        const char *text = "";

        for (size_t i = 0; i < rule->vgpu->n_sections; i++)
                text = arena_join(c->arena, text, i > 0 ? ", " : "", rule->vgpu->sections[i].type, NULL);
        return text;
}

/* Its driver offers none: who makes it offer some. */
static void none_row(struct checker *c, const char *id, const struct device *d, const struct rule *rule,
                     const struct vgpu_facts *is)
{
        if (!d->driver_now && !d->bus->syntax->made)
                check_row(c, id, CHECK_FAIL,
                          is_nvidia(d) ? HOST_DRIVER ", or load its module" : "load the driver that has virtual GPUs",
                          "it has no driver, so nothing offers virtual GPUs of it");
        else if (is->managed && !is->manage)
                check_row(c, id, CHECK_FAIL, HOST_DRIVER,
                          "NVIDIA's sriov-manage, which makes its virtual functions, is not in /usr/lib/nvidia");
        else if (is->managed && is->enabled == 0)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "whether its driver offers %s shows once its virtual functions are there, which the rule "
                          "makes",
                          types_of(c, rule));
        else if (is->managed)
                check_row(c, id, CHECK_FAIL,
                          "see what nvidia-vgpud says, which tells the driver its types: journalctl -u nvidia-vgpud",
                          "its %u virtual functions are there, and offer no types", is->enabled);
        else
                check_row(c, id, CHECK_FAIL,
                          is_nvidia(d) ? HOST_DRIVER
                                       : "load a driver that does: passthroughctl list --types shows which devices "
                                         "offer some",
                          "its driver%s%s offers no virtual GPUs", d->driver_now ? ", " : "",
                          d->driver_now ? arena_join(c->arena, d->driver_now, ",", NULL) : "");
}

static const char *trouble_fix(struct checker *c, const struct device *d, const struct rule *rule,
                               enum vgpu_trouble trouble)
{
        switch (trouble) {
        case VGPU_NO_TYPE:
                return arena_join(c->arena, "write a Type= that passthroughctl list --types ", d->address,
                                  " shows into ", rule->file, NULL);
        case VGPU_INSTANCE:
                return arena_join(c->arena, "nvidia-smi -i ", d->address, " -mig 1, then nvidia-smi mig -i ",
                                  d->address, " -cgi PROFILE -C, with a profile of nvidia-smi mig -lgip", NULL);
        case VGPU_UNLIKE:
                return arena_join(c->arena, "nvidia-smi vgpu -i ", d->address,
                                  " -shm 1, while none of its virtual GPUs is there", NULL);
        case VGPU_FULL:
                return arena_join(c->arena, "ask for fewer in ", rule->file,
                                  ", by Count= or UUID=; passthroughctl list --types ", d->address, " shows what fits",
                                  NULL);
        default:
                return arena_join(c->arena, "correct ", rule->file, ", or remove it: passthroughctl remove ",
                                  rule->name, NULL);
        }
}

/* What the plan says, less what the fix has. */
static const char *trouble_text(const struct vgpu_parent *x)
{
        if (x->trouble == VGPU_INSTANCE)
                return "a type that the rule has is one of a GPU instance, and none is free";
        if (x->trouble == VGPU_UNLIKE)
                return "the rule has unlike sizes, which stand beside each other in heterogeneous mode alone; whether "
                       "that is on does not show";
        return x->refused ? x->refused : x->fewer;
}

static void parent_row(struct checker *c, const struct vgpu_parent *x)
{
        const struct plan_entry *e = &c->plan->entries[x->entry];
        const struct rule *rule = &c->plan->config->rules[e->rule];
        const struct device *d = check_device(c, e);
        const char *id = check_row_id(c, "vgpu", d->address);

        if (x->trouble == VGPU_OWNED)
                check_row(c, id, CHECK_SKIP, "", "somebody else makes virtual GPUs of it, see conflict");
        else if (x->trouble != VGPU_FINE)
                check_row(c, id, x->refused || x->fewer ? CHECK_FAIL : CHECK_WARN, trouble_fix(c, d, rule, x->trouble),
                          "%s", trouble_text(x));
        else if (x->is.kind == VGPU_NONE)
                none_row(c, id, d, rule, &x->is);
        else
                check_row(c, id, CHECK_PASS, "", "its driver offers %s", types_of(c, rule));
}

/* ---- services ---------------------------------------------------------------------------------------------------- */

static void service_row(struct checker *c, enum nvidia_service service)
{
        const struct nvidia_host *n = &c->facts->nvidia;
        const char *name = nvidia_service_name(service), *id = check_row_id(c, "vgpu", name),
                   *unit = arena_join(c->arena, name, ".service", NULL);

        if (n->services[service] == UNIT_ENABLED)
                check_row(c, id, CHECK_PASS, "", "%s is enabled", unit);
        else if (n->container)
                check_row(c, id, CHECK_SKIP, "", "the GPU operator of Kubernetes has it in a container (%s)",
                          n->container);
        else if (n->services[service] == UNIT_UNREADABLE)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "whether %s is enabled cannot be seen: a directory of units cannot be read", unit);
        else if (n->services[service] == UNIT_MASKED)
                check_row(c, id, CHECK_FAIL, arena_join(c->arena, "systemctl unmask ", unit, NULL),
                          "%s is masked, and NVIDIA's virtual GPUs need it", unit);
        else if (n->services[service] == UNIT_ABSENT)
                check_row(c, id, CHECK_FAIL, HOST_DRIVER, "%s is not installed, and NVIDIA's virtual GPUs need it",
                          unit);
        else
                check_row(c, id, CHECK_WARN, arena_join(c->arena, "systemctl enable --now ", unit, NULL),
                          "%s is not enabled: no target wants it, and NVIDIA's virtual GPUs need it", unit);
}

void check_vgpus(struct checker *c)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        bool nvidia = false;

        for (size_t i = 0; v && i < v->n_parents; i++) {
                parent_row(c, &v->parents[i]);
                nvidia |= is_nvidia(check_device(c, &c->plan->entries[v->parents[i].entry]));
        }
        for (size_t i = 0; nvidia && i < NVIDIA_SERVICE_MAX_; i++)
                service_row(c, i);
}
