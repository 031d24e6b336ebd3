/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else has a say about the devices that rules take, and about virtual functions that they make. */
#include <strings.h>

#include "base/str.h"
#include "check/row.h"
#include "facts/patterns.h"
#include "plan/ids-effect.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"

static const char *const owner_ids[OWNER_KIND_MAX_] = {
        [OWNER_LINK] = "conflict.networkd",
        [OWNER_NETWORK] = "conflict.networkd",
        [OWNER_NETWORK_MANAGER] = "conflict.NetworkManager",
        [OWNER_MDEVCTL] = "conflict.mdevctl",
        [OWNER_OPERATOR] = "conflict.sriov-operator",
        [OWNER_PROXMOX] = "conflict.pve-nvidia-sriov",
};

static const char *owner_fix(struct checker *c, const struct owner *o, const struct rule *rule)
{
        const char *keep = arena_join(c->arena, ", or the rule: passthroughctl remove ", rule->name, NULL);

        if (o->unreadable)
                return arena_join(c->arena, "see why ", o->file, " cannot be read", NULL);
        switch (o->kind) {
        case OWNER_MDEVCTL:
                return arena_join(c->arena,
                                  "mdevctl undefine its devices (mdevctl list --defined --parent=", o->address, ")",
                                  keep, NULL);
        case OWNER_OPERATOR:
                return arena_join(c->arena, "take ", o->address, " out of the SriovNetworkNodePolicy that has it", keep,
                                  NULL);
        case OWNER_PROXMOX:
                return arena_join(c->arena, "systemctl disable ", str_basename(o->file), keep, NULL);
        default:
                return arena_join(c->arena, "remove the SR-IOV settings from ", o->file, keep, NULL);
        }
}

/* A definition of mdevctl's has a UUID, or a directory of them; a service has neither. */
static const char *vgpu_owner_id(const struct vgpu_owner *o)
{
        return o->uuid || startswith(o->who, "/etc/mdevctl.d") ? owner_ids[OWNER_MDEVCTL] : owner_ids[OWNER_PROXMOX];
}

static const char *vgpu_owner_fix(struct checker *c, const struct vgpu_owner *o)
{
        if (o->uuid)
                return arena_join(c->arena, "mdevctl undefine -u ", o->uuid, " -p ", o->parent, NULL);
        return arena_join(c->arena, "systemctl disable ", str_basename(o->who), NULL);
}

/* Who else sets up virtual functions that a rule makes; whether there is anybody. */
static bool owners(struct checker *c, const char *id)
{
        const struct sriov_plan *s = c->plan->sriov;
        bool any = false;

        for (size_t i = 0; s && i < s->n_parents; i++) {
                const struct sriov_parent *x = &s->parents[i];
                const struct plan_entry *e = &c->plan->entries[x->entry];

                if (!x->owner || !streq(owner_ids[x->owner->kind], id))
                        continue;
                any = true;
                check_row(c, id, CHECK_FAIL, owner_fix(c, x->owner, &c->plan->config->rules[e->rule]), "%s: %s",
                          check_device(c, e)->address, x->refused);
        }
        return any;
}

/* Who else makes virtual GPUs, or the functions that they are made of; whether there is anybody. */
static bool vgpu_owners(struct checker *c, const char *id)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        bool any = false;

        for (size_t i = 0; v && i < v->n_parents; i++) {
                const struct vgpu_parent *x = &v->parents[i];
                const struct plan_entry *e = &c->plan->entries[x->entry];
                const char *fix;

                if (x->trouble != VGPU_OWNED || !streq(id, vgpu_owner_id(x->owner)))
                        continue;
                any = true;
                fix = x->owner->unreadable
                              ? arena_join(c->arena, "see why ", x->owner->who, " cannot be read", NULL)
                              : arena_join(c->arena, vgpu_owner_fix(c, x->owner),
                                           ", or the rule: passthroughctl remove ", check_rule(c, e), NULL);
                check_row(c, id, CHECK_FAIL, fix, "%s: %s", check_device(c, e)->address, x->refused);
        }
        return any;
}

/* Makes and removes virtual GPUs of each card of NVIDIA's. */
static void vgpu_manager(struct checker *c)
{
        static const char id[] = "conflict.vgpu-device-manager";
        const struct vgpu_plan *v = c->plan->vgpu;
        const struct nvidia_host *n = &c->facts->nvidia;
        const char *devices = "";

        for (size_t i = 0; v && i < v->n_parents; i++) {
                const struct device *d = check_device(c, &c->plan->entries[v->parents[i].entry]);

                if (startswith(d->id, "10de:"))
                        devices = arena_join(c->arena, devices, *devices ? ", " : "", d->address, NULL);
        }
        if (!*devices)
                return;
        if (n->manager)
                check_row(c, id, CHECK_FAIL,
                          "kubectl label node NODE --overwrite nvidia.com/gpu.deploy.vgpu-device-manager=false, or "
                          "remove the rule",
                          "the GPU operator's vgpu-device-manager is here (%s): it makes and removes virtual GPUs of "
                          "each card of NVIDIA's, and rules make some of %s",
                          n->manager, devices);
        else if (n->unreadable)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "whether the GPU operator's vgpu-device-manager is here cannot be seen: %s cannot be read",
                          n->unreadable);
        else
                check_row(c, id, CHECK_PASS, "", "the GPU operator's vgpu-device-manager is not here");
}

/* Rules do; also those for virtual GPUs. */
static bool makes_functions(const struct checker *c, bool vgpus)
{
        const struct vgpu_plan *v = c->plan->vgpu;

        for (size_t i = 0; vgpus && v && i < v->n_parents; i++)
                if (v->parents[i].is.managed)
                        return true;
        return c->plan->sriov && c->plan->sriov->n_parents > 0;
}

/* Those that have nothing to do with any other rule. */
static void owners_alone(struct checker *c)
{
        static const char *const ids[][2] = {
                {"conflict.NetworkManager", "no profile of NetworkManager sets up virtual functions that a rule makes"},
                {"conflict.sriov-operator", "no file in /etc/sriov-operator is about virtual functions of a rule"},
                {"conflict.pve-nvidia-sriov", "no pve-nvidia-sriov@ unit makes virtual functions that a rule makes"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                bool any = owners(c, ids[i][0]);

                any |= vgpu_owners(c, ids[i][0]);
                if (!any && makes_functions(c, streq(ids[i][0], owner_ids[OWNER_PROXMOX])))
                        check_row(c, ids[i][0], CHECK_PASS, "", "%s", ids[i][1]);
        }
}

static void driverctl(struct checker *c)
{
        static const char id[] = "conflict.driverctl";
        bool any = false;

        for (size_t i = 0; i < c->facts->rivals.n_driverctl; i++) {
                const struct override *o = &c->facts->rivals.driverctl[i];
                const struct plan_entry *e = check_taken_at(c, o->address);
                const char *fix = arena_join(c->arena, "driverctl unset-override ", o->address, NULL);

                if (!e)
                        continue;
                any = true;
                if (streq(o->driver, e->driver))
                        check_row(c, id, CHECK_WARN, fix,
                                  "%s has %s too, by an address that may come to mean another device (rule %s)",
                                  o->file, o->driver, check_rule(c, e));
                else
                        check_row(c, id, CHECK_FAIL, fix, "%s gives %s the driver %s, and rule %s gives it %s", o->file,
                                  o->address, *o->driver ? o->driver : "(none)", check_rule(c, e), e->driver);
        }
        if (!any)
                check_row(c, id, CHECK_PASS, "", "no file in /etc/driverctl.d is about a device of a rule");
}

const char *check_then_rebuild(struct checker *c, const char *fix)
{
        return arena_join(c->arena, fix, ", then ", c->facts->makers.maker->command(c->arena, NULL, NULL), NULL);
}

static const char *ids_row_id(const struct ids_line *line)
{
        return line->cmdline ? "conflict.cmdline" : line->image ? "conflict.initramfs" : "conflict.modprobe";
}

static void ids_row(struct checker *c, const struct ids_effect *e)
{
        const char *id = ids_row_id(e->line);
        const char *text = ids_text(e, c->arena);
        const char *fix =
                e->line->cmdline ? e->fix : arena_join(c->arena, check_then_rebuild(c, e->fix), ids_instead(e), NULL);

        if (text)
                check_row(c, id, ids_take(e) ? CHECK_FAIL : CHECK_WARN, fix, "%s", text);
        else
                check_row(c, id, CHECK_WARN, fix, "%s: \"%s\" takes every device with these IDs; %s", e->line->file,
                          e->line->text, e->ruled ? "at present a rule has each of them" : "none is there now");
}

static void modprobe_row(struct checker *c, const struct modprobe_line *m)
{
        static const char id[] = "conflict.modprobe";
        const char *fix = check_then_rebuild(c, arena_join(c->arena, "remove the line from ", m->file, NULL));

        if (m->kind == MODPROBE_BLACKLIST)
                check_row(c, id, CHECK_WARN, fix, "%s: \"%s\": only programs that load the module by its name get it",
                          m->file, m->line);
        else
                check_row(
                        c, id, CHECK_WARN, fix,
                        "%s: \"%s\": modprobe runs that in place of loading the module, though not for the rules' sake",
                        m->file, m->line);
}

static void modprobe(struct checker *c)
{
        struct ids_effect *effects;
        size_t n = ids_effects(c->plan, &c->facts->ids, c->arena, &effects), of_cmdline = 0, elsewhere = 0;

        for (size_t i = 0; i < c->facts->rivals.n_modprobe; i++)
                modprobe_row(c, &c->facts->rivals.modprobe[i]);
        for (size_t i = 0; i < n; i++) {
                ids_row(c, &effects[i]);
                of_cmdline += effects[i].line->cmdline;
                elsewhere += effects[i].line->cmdline || effects[i].line->image;
        }
        if (c->facts->rivals.n_modprobe + n == elsewhere)
                check_row(
                        c, "conflict.modprobe", CHECK_PASS, "",
                        "no ids= of vfio-pci or pci-stub, and no blacklist or install of vfio modules, in modprobe.d");
        if (of_cmdline == 0)
                check_row(c, "conflict.cmdline", CHECK_PASS, "",
                          "no ids= of vfio-pci or pci-stub on the kernel command line");
}

/* How many definitions are on parents that rules make virtual GPUs of, and beside theirs. */
static size_t beside(const struct checker *c)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        size_t n = 0;

        for (size_t i = 0; v && i < v->n_parents; i++)
                for (size_t k = 0; k < v->parents[i].is.n_owners; k++) {
                        const struct vgpu_owner *o = &v->parents[i].is.owners[k];
                        size_t on = o->uuid ? facts_find(c->plan->facts, o->parent) : NO_DEVICE;
                        const struct device *d = on == NO_DEVICE ? NULL : &c->plan->facts->devices[on],
                                            *parent = check_device(c, &c->plan->entries[v->parents[i].entry]);

                        n += d && (d == parent || streq_ptr(d->parent, parent->address));
                }
        return n;
}

static void mdevctl(struct checker *c)
{
        static const char id[] = "conflict.mdevctl";
        bool any = owners(c, id);
        size_t n = beside(c);

        any |= vgpu_owners(c, id);
        for (size_t i = 0; i < c->facts->owners.n; i++) {
                const struct owner *o = &c->facts->owners.v[i];
                const struct plan_entry *e =
                        o->kind == OWNER_MDEVCTL && o->address ? check_taken_at(c, o->address) : NULL;

                if (!e)
                        continue;
                any = true;
                check_row(
                        c, id, CHECK_FAIL,
                        arena_printf(
                                c->arena,
                                "mdevctl undefine its devices (mdevctl list --defined --parent=%s), or remove the rule",
                                o->address),
                        "%s defines mediated devices, which need the native driver of %s, and rule %s gives it %s",
                        o->file, o->address, check_rule(c, e), e->driver);
        }
        if (!any && n > 0)
                check_row(c, id, CHECK_PASS, "",
                          "%zu definition%s in /etc/mdevctl.d %s on a parent that a rule makes virtual GPUs of, with "
                          "room for both: %s",
                          n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
                          n == 1 ? "its device stays its own" : "their devices stay their own");
        else if (!any)
                check_row(c, id, CHECK_PASS, "", "no directory in /etc/mdevctl.d is a parent that a rule takes");
}

/*
 * Whether a file is about an interface, or (name NULL) a function whose interface does not show: all of its keys that
 * name one hold, and there is one.
 */
static bool network_matches(struct checker *c, const struct owner *f, const char *path, const char *name,
                            const char *mac)
{
        bool any = false;

        for (size_t i = 0; i < f->n_matches; i++) {
                const char *key = f->matches[i].key, *value = f->matches[i].value, *text = NULL;

                if (strcasecmp(key, "Name") == 0 || strcasecmp(key, "OriginalName") == 0)
                        text = name;
                else if (strcasecmp(key, "MACAddress") == 0 || strcasecmp(key, "PermanentMACAddress") == 0)
                        text = mac;
                else if (strcasecmp(key, "Path") == 0)
                        text = path;
                else
                        continue;
                if (!text || !patterns_mean(c->arena, value, &(struct strings){.v = &text, .n = 1}))
                        return false;
                any = true;
        }
        return any;
}

static void network_row(struct checker *c, const struct owner *f, size_t entry, const char *name)
{
        const struct plan_entry *e = &c->plan->entries[entry];
        const struct device *d = check_device(c, e);
        const char *what = name ? name : d->address;

        if (f->claims)
                check_row(c, "conflict.networkd", CHECK_FAIL,
                          arena_join(c->arena, "remove the SR-IOV settings from ", f->file, NULL),
                          "%s makes virtual functions of %s, and rule %s takes %s: vfio-pci refuses a function that "
                          "has any",
                          f->file, what, check_rule(c, e), d->address);
        else
                check_row(c, "conflict.networkd", CHECK_WARN,
                          arena_join(c->arena, "remove ", f->file, ", or have it name another interface", NULL),
                          "%s configures %s, which rule %s takes from the host (%s)", f->file, what, check_rule(c, e),
                          d->address);
}

/* The first interface of that entry which the file is about; a function without one is known by its path alone. */
static bool network_names(struct checker *c, const struct owner *f, size_t entry, const char **ret_name)
{
        const struct device *d = check_device(c, &c->plan->entries[entry]);
        const struct inspection *shows = &c->facts->devices[entry].shows;
        const char *path = arena_join(c->arena, d->bus->syntax->name, "-", d->address, NULL);

        *ret_name = NULL;
        for (size_t i = 0; i < shows->n_interfaces; i++)
                if (network_matches(c, f, path, shows->interfaces[i].name, shows->interfaces[i].mac)) {
                        *ret_name = shows->interfaces[i].name;
                        return true;
                }
        return shows->n_interfaces == 0 && network_matches(c, f, path, NULL, NULL);
}

static void networkd(struct checker *c)
{
        const char *name;
        bool any = owners(c, "conflict.networkd");

        for (size_t i = 0; i < c->facts->owners.n; i++) {
                const struct owner *f = &c->facts->owners.v[i];

                /* What a distribution has below /usr is about every interface. */
                if ((f->kind != OWNER_LINK && f->kind != OWNER_NETWORK) || !startswith(f->file, "/etc/"))
                        continue;
                for (size_t e = 0; e < c->plan->n_entries; e++)
                        if (check_taken(&c->plan->entries[e]) &&
                            check_device(c, &c->plan->entries[e])->roles & ROLE_INTERFACES &&
                            network_names(c, f, e, &name)) {
                                any = true;
                                network_row(c, f, e, name);
                        }
        }
        if (!any)
                check_row(c, "conflict.networkd", CHECK_PASS, "",
                          "no file in /etc/systemd/network is about an interface of a device that a rule takes");
}

void check_conflicts(struct checker *c)
{
        driverctl(c);
        modprobe(c);
        mdevctl(c);
        networkd(c);
        owners_alone(c);
        vgpu_manager(c);
}
