/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before udevd starts: what it has to know of devices that appear later. */

#include "act/kmod.h"
#include "base/str.h"
#include "bind/run.h"
#include "bus/pci/sriov.h"
#include "config/sriov.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "plan/hotplug.h"
#include "state/claim-files.h"

/* One that does not load now does not load later either: the process says so when a device appears. */
static void load(struct run *r, const struct strings *modules)
{
        for (size_t i = 0; i < modules->n && r->root->live; i++) {
                char *file = arena_join(&r->arena, "/sys/module/", modules->v[i], NULL);

                for (char *c = file; *c; c++)
                        *c = *c == '-' ? '_' : *c;
                if (!root_exists(r->root, file))
                        (void)!kmod_load(modules->v[i]);
        }
}

/* What would be refused is not made, and nothing is taken here: that all can be seen is good enough. */
static const struct evidence none = {.sees_storage = true, .sees_network = true, .sees_keyboards = true};

static void no_guard(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        (void)root;
        (void)a;
        (void)request;
        facts->evidence = &none;
}

static bool makes_functions(const struct config *config)
{
        for (size_t i = 0; i < config->n_rules; i++)
                if (config->rules[i].sriov && config->rules[i].sriov->kind != VF_COUNT_EXISTING)
                        return true;
        return false;
}

/*
 * Which rules there are takes no device to know, but those whose virtual functions will appear. Where that cannot be
 * known, a process each finds out.
 */
static void look(struct run *r)
{
        static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = no_guard};
        bool makes = makes_functions(&r->config);
        struct facts facts = r->facts;
        struct facts_request request;

        facts_request_for(&r->config, &r->arena, &request);
        if (makes && facts_gather(r->root, &r->arena, &sources, &request, &facts) == 0)
                r->facts = facts;
        facts_read_machine(r->root, &r->arena, initrd_table, &r->facts);
        plan_build(&r->config, &r->facts, &r->arena, &r->plan);
        if (makes)
                pci_sriov(r->root, &r->arena, SRIOV_AT_BOOT, &r->plan);
}

static int build(struct run *r, bool again, const char **ret, struct claims_text *ret_claims)
{
        struct strings modules;
        const bool *out;
        int k = run_read_record(r);

        r->diags.arena = &r->arena;
        r->facts.evidence = &none;
        if (k == 0)
                k = config_load(r->root, &r->arena, bus_syntaxes, &r->diags, &r->config);
        if (k < 0)
                return k;
        look(r);
        out = claim_files_left_out(&r->record, &r->arena, &r->config);
        *ret = hotplug_rules(&r->plan, bus_table, out, &r->arena);
        *ret_claims = claims_udev_host(&r->plan, bus_table, out, claim_files_access(r->root, &r->arena, &r->config),
                                       again, &r->arena);
        modules = hotplug_modules(&r->plan, out, &r->arena);
        load(r, &modules);
        return 0;
}

int run_udev(const struct root *root, const char *unused)
{
        _cleanup_(run_free) struct run r = {.root = root};
        struct claims_text claims = {};
        const char *text = NULL;
        bool again = claim_files_of_image(root, &r.arena), changed;
        int k = facts_read_switches(root, &r.arena, &r.facts), written;

        (void)unused;
        if (k == 0 && !r.facts.off)
                k = build(&r, again, &text, &claims);
        /* What a boot image has left there goes, too, whatever else is wrong, and with it what it did. */
        written = claim_files_put(root, &r.arena, &claims, &changed);
        if (again && !claims.first)
                act_unclaimed(root, &r.arena);
        if (k == 0)
                k = written;
        if (k < 0 || (!text && !root_exists(root, HOTPLUG_RULES)))
                return k;
        return root_replace(root, HOTPLUG_RULES, text ? text : "", text ? strlen(text) : 0);
}
