/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes virtual functions, in order (Documentation/PCI/pci-iov-howto.rst; drivers/pci/iov.c). The kernel takes no
 * other number than 0 while there are some, so every change takes all of them away. Drivers of the host are kept from
 * new ones until those for guests have their driver_override. No address is written to: virtfnN leads to each.
 */
#include "base/str.h"
#include "bus/pci/sriov-making.h"
#include "bus/pci/sriov.h"
#include "config/driver.h"
#include "facts/match.h"
#include "guard/evidence.h"

#define PROBE "/sys/bus/pci/drivers_probe"
/* PCI_CLASS_NETWORK_ETHERNET of pci_ids.h. */
#define ETHERNET "0200"

/* Settings that go through an interface. */
static bool is_netlink(enum vf_key key)
{
        return key != VF_DRIVER && key != VF_MSIX_VECTORS && key != VF_ATTRIBUTE;
}

static bool needs_interface(const struct sriov *x)
{
        for (size_t i = 0; i < x->n_sections; i++)
                for (int k = 0; k < VF_KEY_MAX_; k++)
                        if (x->sections[i].settings.line[k] && is_netlink((enum vf_key)k))
                                return true;
        return false;
}

/* ---- what stands against it ------------------------------------------------------------------------------------- */

static const char *unfit_for_change(const struct making *m, const struct plan_entry *e, const struct sriov_parent *x)
{
        const struct sriov_facts *is = &x->is;
        const struct evidence *evidence = m->plan->facts->evidence;
        /* What a device is not known to be free for, it is not known to be idle for. */
        const char *unknown = evidence->network_unknown ? evidence->network_unknown : device_of(m)->unseen;

        if (is->enabled > 0 && is->user && x->count == is->enabled)
                return arena_join(m->arena, "in use: ", is->user,
                                  "; the mode of its switch changes only while nobody uses a virtual function, which "
                                  "the next boot does",
                                  NULL);
        if (is->enabled > 0 && is->user)
                return arena_printf(m->arena,
                                    "in use: %s; another number than %u takes all virtual functions away, which the "
                                    "next boot does",
                                    is->user, is->enabled);
        /* The host starts from it; other needs of a network begin once it is set up, which most often is later. */
        if (e->needed && (is->up || is->root || is->disk_used))
                return arena_join(m->arena, "the host needs it: ", e->needed,
                                  is->root        ? ", and its root file system is on it"
                                  : is->disk_used ? ", and a disk that it needs is on it"
                                  : is->early     ? ", and its network is up before they could be made: "
                                              : ", and making virtual functions may interrupt that; a boot makes them "
                                                "before its network is up",
                                  is->root || is->disk_used || !is->early ? NULL : is->early, NULL);
        if (is->disk && evidence_storage_unknown(evidence))
                return arena_join(m->arena, "not cleared: ", is->disk, " is on it; ",
                                  evidence_storage_unknown(evidence), NULL);
        if (is->up && unknown)
                return arena_join(m->arena, "not cleared: ", is->up, " is up; ", unknown, NULL);
        return NULL;
}

/* Each would undo what the other has done. */
static const char *owned_twice(const struct making *m, struct sriov_parent *x)
{
        const char *file = rule_of(m)->file;
        const struct owner *o =
                pci_sriov_owner(m->arena, m->plan->facts, device_of(m), &x->is, rule_of(m)->sriov, x->count);

        x->owner = o;
        if (o && o->unreadable)
                return arena_join(m->arena, "cannot see whether ", o->file, " sets up its virtual functions, as ", file,
                                  " does", NULL);
        return o ? arena_join(m->arena, "both ", o->file, " and ", file,
                              " set up its virtual functions; keep one of the two", NULL)
                 : NULL;
}

static const char *unfit(const struct making *m, struct sriov_parent *x)
{
        const char *twice;
        const struct plan_entry *e = &m->plan->entries[x->entry];
        const struct device *d = device_of(m);
        const char *why;

        if (d->stuck)
                return d->stuck;
        why = d->roles & ROLE_STORAGE && x->count > 0 ? sriov_nvme_unfit(m, e, d) : NULL;
        if (why)
                return why;
        why = sriov_vgpu_untyped(m, x);
        if (why)
                return why;
        if (x->is.capable != YES)
                return x->is.capable == NO ? "it has no virtual functions: it has no SR-IOV, or the firmware has "
                                             "switched that off"
                                           : "cannot see whether it has virtual functions";
        if (driver_sets_aside(d->driver))
                return arena_join(m->arena, d->driver, " has it, which makes no virtual functions", NULL);
        if (!(d->roles & ROLE_INTERFACES) && x->count > 0 &&
            (needs_interface(rule_of(m)->sriov) || x->mode != ESWITCH_UNSET))
                return "it is no network card, and the rule sets up a network; leave out MACAddress=, VLANId=, "
                       "Eswitch= and the like";
        why = sriov_vgpu_unfit(m, x);
        if (why)
                return why;
        if (x->count > x->is.total)
                return arena_printf(m->arena, "it has at most %u virtual functions, and the rule wants %u", x->is.total,
                                    x->count);
        if (quirks_of(m)->all_only && x->count > 0 && x->count < x->is.total)
                return arena_printf(m->arena,
                                    "its driver makes all %u virtual functions or none, and the rule wants %u; write "
                                    "VirtualFunctions=all",
                                    x->is.total, x->count);
        if (x->mode != ESWITCH_UNSET && rule_of(m)->sriov->kind == VF_COUNT_EXISTING &&
            quirks_of(m)->when == ESWITCH_BEFORE)
                return "the mode of its switch changes only while it has no virtual functions, and "
                       "VirtualFunctions=existing leaves them there; write how many";
        twice = m->aim == SRIOV_NONE ? NULL : owned_twice(m, x);
        return twice ? twice : x->change ? unfit_for_change(m, e, x) : NULL;
}

static const char *waits_for(const struct making *m, const struct sriov_parent *x)
{
        const struct sriov *sriov = rule_of(m)->sriov;
        const struct plan_entry *e = &m->plan->entries[x->entry];

        /* udev's workers look at its disks, and are soon done. */
        if (device_of(m)->roles & ROLE_STORAGE && e->needed && e->by_process)
                return arena_join(m->arena, "its users: ", e->needed, NULL);

        if (!device_of(m)->driver)
                return "a driver";
        if (sriov->kind == VF_COUNT_EXISTING && x->is.enabled == 0)
                return "virtual functions that its driver makes";
        /* Who has it where nobody sees it would be interrupted, too. */
        if (!x->is.interface && (needs_interface(sriov) || sriov->eswitch == ESWITCH_SWITCHDEV ||
                                 quirks_of(m)->wants_up || (x->change && startswith(device_of(m)->class, ETHERNET))))
                return "its network interface, which another network namespace may have";
        return NULL;
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

static void make(const struct making *m, const struct sriov_parent *x)
{
        const struct sriov *sriov = rule_of(m)->sriov;
        const struct sriov_quirks *quirks = quirks_of(m);
        const char *count = arena_printf(m->arena, "%u", x->count);
        struct sriov_op *op;

        if (quirks->wants_up && !x->is.up && x->is.interface)
                add(m, SRIOV_MAKE, ALL,
                    (struct op){.kind = OP_NETLINK,
                                .target = x->is.interface,
                                .value = "up",
                                .why = "its driver makes none while it is down"})
                        ->net = SRIOV_NET_UP;
        for (size_t i = 0; i < sriov->n_attributes && x->count > 0; i++)
                add_write(m, SRIOV_MAKE, ALL, sriov->attributes[i].name, sriov->attributes[i].value, "Attribute=");
        sriov_vgpu_before(m, x);
        if (x->is.autoprobe)
                add_write(m, SRIOV_MAKE, ALL, "sriov_drivers_autoprobe", "0",
                          "drivers of the host leave new virtual functions alone");
        if (x->is.enabled > 0 && x->count > 0)
                add_write(m, SRIOV_MAKE, ALL, "sriov_numvfs", "0", "another number only goes from none");
        sriov_mode_before(m, x);
        sriov_nvme_before(m, x);
        op = add_write(m, SRIOV_MAKE, ALL, "sriov_numvfs", count,
                       x->count == 0   ? "takes them away"
                       : quirks->flaps ? "makes them; its link goes down meanwhile"
                                       : "makes them");
        add(m, SRIOV_MAKE, ALL,
            (struct op){.kind = OP_COUNT,
                        .target = op->op.target,
                        .value = count,
                        .why = "drivers may make fewer, and say that they have made all"});
}

static const char *address_text(struct arena *a, const uint8_t mac[6])
{
        return arena_printf(a, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* The same in every boot and of no other host: locally administered, of one interface. False: it has no such parent. */
static bool derive(const struct making *m, const struct sriov_parent *x, uint32_t index, uint8_t mac[6])
{
        const char *id = m->plan->facts->machine_id, *text;
        uint64_t h = STR_HASH_START;

        if (!id || !x->is.permanent)
                return false;
        text = arena_printf(m->arena, "passthrough %u %s %s", index, x->is.permanent, id);
        h = str_hash(str_hash(h, text, strlen(text)), text, strlen(text));
        for (size_t i = 0; i < 6; i++)
                mac[i] = (uint8_t)(h >> 8 * i);
        mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
        return true;
}

static void add_netlink(const struct making *m, const struct sriov_parent *x, uint32_t index, enum vf_key key,
                        const struct vf_settings *s, const char *value)
{
        struct sriov_op *op = add(m, SRIOV_SET, index,
                                  (struct op){.kind = OP_NETLINK,
                                              .flags = OP_OPTIONAL,
                                              .target = interface_of(x),
                                              .value = arena_printf(m->arena, "vf %u %s", index, value),
                                              .why = "[VirtualFunction]"});

        op->setting = key;
        op->settings = *s;
}

static const char *on(uint32_t flag)
{
        return flag ? "on" : "off";
}

/* One message for each: the kernel stops at the first that it refuses (net/core/rtnetlink.c, do_setvfinfo()). */
static void set_through_interface(const struct making *m, const struct sriov_parent *x, uint32_t index)
{
        static const char *const states[] = {"auto", "enable", "disable"};
        struct vf_settings s = sriov_settings(rule_of(m)->sriov, index);
        const uint32_t *n = s.number;

        /* Without an address to set, what is set says so by failing. */
        if (s.line[VF_MAC_ADDRESS])
                add_netlink(m, x, index, VF_MAC_ADDRESS, &s,
                            s.derive && !derive(m, x, index, s.mac)
                                    ? "mac derive"
                                    : arena_join(m->arena, "mac ", address_text(m->arena, s.mac), NULL));
        if (s.line[VF_VLAN])
                add_netlink(
                        m, x, index, VF_VLAN, &s,
                        arena_printf(m->arena, "vlan %u qos %u proto %s", n[VF_VLAN], n[VF_QUALITY_OF_SERVICE],
                                     s.line[VF_VLAN_PROTOCOL] && n[VF_VLAN_PROTOCOL] == 0x88a8 ? "802.1ad" : "802.1Q"));
        if (s.line[VF_MAC_SPOOF_CHECK])
                add_netlink(m, x, index, VF_MAC_SPOOF_CHECK, &s,
                            arena_join(m->arena, "spoofchk ", on(n[VF_MAC_SPOOF_CHECK]), NULL));
        if (s.line[VF_TRUST])
                add_netlink(m, x, index, VF_TRUST, &s, arena_join(m->arena, "trust ", on(n[VF_TRUST]), NULL));
        if (s.line[VF_LINK_STATE])
                add_netlink(m, x, index, VF_LINK_STATE, &s,
                            arena_join(m->arena, "state ", states[n[VF_LINK_STATE]], NULL));
        if (s.line[VF_MIN_TX_RATE] || s.line[VF_MAX_TX_RATE])
                add_netlink(
                        m, x, index, VF_MAX_TX_RATE, &s,
                        arena_printf(m->arena, "max_tx_rate %u min_tx_rate %u", n[VF_MAX_TX_RATE], n[VF_MIN_TX_RATE]));
}

/* A function's number of vectors changes only while no driver has it; mlx5 and ice. */
static void set_files(const struct making *m, uint32_t index)
{
        struct vf_settings s = sriov_settings(rule_of(m)->sriov, index);

        if (s.line[VF_MSIX_VECTORS])
                add_write(m, SRIOV_SET, index, "sriov_vf_msix_count",
                          arena_printf(m->arena, "%u", s.number[VF_MSIX_VECTORS]), "MSIXVectors=")
                        ->op.flags = OP_OPTIONAL;
        for (size_t i = 0; i < s.n_attributes; i++)
                add_write(m, startswith(s.attributes[i].name, "power/") ? SRIOV_END : SRIOV_SET, index,
                          s.attributes[i].name, s.attributes[i].value, "Attribute=")
                        ->op.flags = OP_OPTIONAL;
}

static bool is_there(const struct making *m, uint32_t index)
{
        const struct facts *facts = m->plan->facts;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (streq_ptr(facts->devices[i].parent, device_of(m)->address) && facts->devices[i].index == index)
                        return true;
        return false;
}

static void promise(const struct making *m, const struct sriov_parent *x, uint32_t index)
{
        struct sriov_function *f =
                arena_grow(m->arena, &m->sriov->functions, m->sriov->n_functions++, sizeof(*m->sriov->functions));
        const char *name = NULL;
        enum driver_choice choice = sriov_driver(rule_of(m)->sriov, index, &name);

        *f = (struct sriov_function){.parent = m->parent,
                                     .index = index,
                                     .address = pci_sriov_forecast(m->arena, device_of(m), &x->is, index),
                                     .id = x->is.vf_id,
                                     .driver = choice == DRIVER_AUTO ? DRIVER_VFIO_PCI : name};
}

/* What drivers_probe and unbind get is the name that virtfnN leads to then. */
static const char *name_of(const struct making *m, uint32_t index, const char *address)
{
        return address ? address : arena_printf(m->arena, "virtfn%u", index);
}

static void add_probe(const struct making *m, enum sriov_phase phase, const struct sriov_function *f)
{
        add(m, phase, f->index,
            (struct op){
                    .kind = OP_WRITE, .target = PROBE, .value = name_of(m, f->index, f->address), .why = "binds it"});
}

/* Those that stay while the mode of the switch changes. */
static void unbind(const struct making *m, const struct sriov_parent *x)
{
        for (uint32_t i = 0; i < x->is.enabled; i++)
                if (x->is.bound[i])
                        add_write(m, SRIOV_MAKE, i, "driver/unbind",
                                  name_of(m, i, pci_sriov_forecast(m->arena, device_of(m), &x->is, i)),
                                  "the mode changes while none has a driver");
}

static void take(const struct making *m, const struct sriov_function *f, bool first)
{
        const char *modules[DRIVER_MODULES_MAX];
        size_t n = first ? driver_modules(f->driver, modules) : 0;
        struct sriov_op *op;

        for (size_t i = 0; i < n; i++)
                add(m, SRIOV_BIND, ALL,
                    (struct op){.kind = OP_LOAD,
                                .target = modules[i],
                                .value = driver_options(modules[i]),
                                .why = "virtual machines open them through it"});
        add_write(m, SRIOV_BIND, f->index, "driver_override", f->driver, "no other driver may bind it from here on");
        add_probe(m, SRIOV_BIND, f);
        op = add_write(m, SRIOV_BIND, f->index, "driver", f->driver,
                       "drivers_probe succeeds whether a driver bound or not");
        op->op.kind = OP_VERIFY;
}

static void operations(const struct making *m, const struct sriov_parent *x)
{
        size_t first = m->sriov->n_functions;
        bool loaded = false;

        if (x->change && rule_of(m)->sriov->kind == VF_COUNT_EXISTING)
                unbind(m, x);
        else if (x->change)
                make(m, x);
        sriov_mode_after(m, x);
        sriov_nvme_after(m, x);
        for (uint32_t i = 0; i < x->count; i++) {
                set_through_interface(m, x, i);
                set_files(m, i);
                if ((x->change && m->aim != SRIOV_AT_BOOT) || !is_there(m, i))
                        promise(m, x, i);
        }
        for (size_t i = first; i < m->sriov->n_functions; i++)
                if (m->sriov->functions[i].driver) {
                        take(m, &m->sriov->functions[i], !loaded);
                        loaded = true;
                }
        if (x->change && x->is.autoprobe && rule_of(m)->sriov->kind != VF_COUNT_EXISTING)
                add_write(m, SRIOV_END, ALL, "sriov_drivers_autoprobe", "1", "as it was");
        for (size_t i = first; i < m->sriov->n_functions; i++)
                if (!m->sriov->functions[i].driver)
                        add_probe(m, SRIOV_END, &m->sriov->functions[i]);
}

/* ---- parents ----------------------------------------------------------------------------------------------------- */

static void refuse(const struct making *m, const char *why)
{
        struct plan_rule *state = &m->plan->rules[m->plan->entries[m->sriov->parents[m->parent].entry].rule];

        m->sriov->parents[m->parent].refused = why;
        if (state->state != RULE_REFUSED) {
                state->device = device_of(m)->address;
                state->why = reason_say(REASON_OTHER, why);
        }
        /* The others of the rule go on; each that is not fit is named. */
        state->message = arena_join(m->arena, state->state == RULE_REFUSED ? state->message : "",
                                    state->state == RULE_REFUSED ? "; " : "", device_of(m)->address, ": ", why, NULL);
        state->state = RULE_REFUSED;
}

static void say(const struct making *m, const struct sriov_parent *x)
{
        struct plan_rule *state = &m->plan->rules[m->plan->entries[x->entry].rule];

        const char *mode = x->mode == ESWITCH_SWITCHDEV ? ", in switchdev mode" : "";

        if (!x->change || x->count == 0 || state->state != RULE_OK)
                return;
        if (rule_of(m)->sriov->kind == VF_COUNT_EXISTING) {
                if (!*state->message)
                        state->message =
                                arena_join(m->arena, "changes the mode of the switch of ", device_of(m)->address, NULL);
                return;
        }
        state->message =
                arena_printf(m->arena, "%s%s%u %sof %s%s", state->message, *state->message ? ", " : "makes ", x->count,
                             *state->message ? "" : "virtual functions ", device_of(m)->address, mode);
}

static void add_parent(struct making *m, size_t entry, const struct sriov_facts *looked)
{
        const struct sriov *sriov = m->plan->config->rules[m->plan->entries[entry].rule].sriov;
        struct sriov_parent *x =
                arena_grow(m->arena, &m->sriov->parents, m->sriov->n_parents, sizeof(*m->sriov->parents));
        const char *why;

        m->parent = m->sriov->n_parents++;
        *x = (struct sriov_parent){.entry = entry, .is = *looked};
        if (m->aim == SRIOV_AT_BOOT && !has_its_own(m)) {
                x->is.enabled = 0;
                x->is.eswitch = ESWITCH_UNSET;
                x->is.user = NULL;
                x->is.up = x->is.early ? x->is.up : NULL;
                x->is.autoprobe = true;
        }
        if (quirks_of(m)->max > 0)
                x->is.total = MIN(x->is.total, quirks_of(m)->max);
        x->count = sriov->kind == VF_COUNT_NUMBER ? sriov->count
                   : sriov->kind == VF_COUNT_ALL  ? x->is.total
                                                  : x->is.enabled;
        if (m->aim == SRIOV_NONE && has_its_own(m))
                x->count = x->is.enabled;
        else if (m->aim == SRIOV_NONE)
                x->count = 0;
        if (x->count > 0 && m->aim != SRIOV_NONE && x->is.eswitch != sriov->eswitch)
                x->mode = sriov->eswitch;
        x->change = x->count != x->is.enabled || (x->mode != ESWITCH_UNSET && x->is.enabled > 0);
        why = unfit(m, x);
        if (why) {
                refuse(m, why);
                return;
        }
        x->waits = m->aim != SRIOV_NOW ? NULL : waits_for(m, x);
        if (x->waits)
                return;
        operations(m, x);
        say(m, x);
}

void pci_sriov_plan(struct plan *plan, const struct sriov_facts *looked, enum sriov_aim aim, struct arena *a)
{
        struct sriov_plan *sriov = arena_alloc(a, sizeof(*sriov));
        struct making m = {.arena = a, .plan = plan, .sriov = sriov, .aim = aim};

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct rule *rule = &plan->config->rules[e->rule];
                bool fit = plan->rules[e->rule].state == RULE_OK || plan->rules[e->rule].state == RULE_REFUSED;

                /* Of more than the rule expects nobody knows which one is meant. */
                fit &= plan->rules[e->rule].n_matched <= rule->expect_max;
                if (rule->sriov && rule->bus == &pci_syntax && !rule->invalid && fit && e->action == ACTION_KEEP &&
                    !plan->facts->devices[e->device].parent && match_machine(rule, plan->facts) == YES)
                        add_parent(&m, i, &looked[i]);
        }
        plan->sriov = sriov;
}

void pci_sriov(const struct root *root, struct arena *a, enum sriov_aim aim, struct plan *plan)
{
        struct owners *owners = arena_alloc(a, sizeof(*owners));
        struct sriov_facts *looked;
        bool any = false;

        looked = arena_alloc(a, plan->n_entries * sizeof(*looked));
        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->config->rules[plan->entries[i].rule].sriov) {
                        if (!any)
                                owners_read(root, a, owners);
                        any = true;
                        pci_sriov_look(root, a, plan->facts, plan->entries[i].device, &looked[i]);
                        looked[i].owners = owners;
                }
        pci_sriov_plan(plan, looked, aim, a);
}
