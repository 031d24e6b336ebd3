/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "bus/pci/sriov.h"
#include "ctl/ctl.h"
#include "ctl/lookup.h"
#include "ctl/names.h"
#include "ctl/situation.h"
#include "report/json.h"
#include "report/text.h"
#include "report/types.h"

static bool any_means(const struct listing *list)
{
        for (size_t i = 0; i < list->plan->facts->n_devices; i++)
                if (list->means[i])
                        return true;
        return false;
}

/*
 * One word that names a device, as add takes it, asks for that one; *ret NO_DEVICE where words are to be looked for. 0
 * or the exit status.
 */
static int one_device(struct ctl *c, const struct listing *list, size_t *ret)
{
        const struct strings *words = list->words;
        struct lookup found;
        size_t at;

        *ret = NO_DEVICE;
        if (words->n != 1 || !*words->v[0])
                return 0;
        device_lookup(&c->root, &c->arena, &c->facts, words->v[0], &found);
        *ret = found.device;
        if (found.device == NO_DEVICE && (*words->v[0] == '/' || facts_find_written(&c->facts, words->v[0], &at) ||
                                          (found.is_there && !any_means(list))))
                return ctl_usage("%s", found.why);
        return 0;
}

/* Which virtual functions a device can have, for each. */
static const struct sriov_facts *functions(struct ctl *c)
{
        struct sriov_facts *looked = arena_alloc(&c->arena, c->facts.n_devices * sizeof(*looked));

        for (size_t i = 0; i < c->facts.n_devices; i++)
                if (c->facts.devices[i].bus == &pci_bus && !c->facts.devices[i].parent)
                        pci_sriov_look(&c->root, &c->arena, &c->facts, i, &looked[i]);
        return looked;
}

/* What each offers of virtual GPUs; what another makes is looked at with that. */
static const struct vgpu_facts *vgpus(struct ctl *c)
{
        struct vgpu_facts *looked = arena_alloc(&c->arena, c->facts.n_devices * sizeof(*looked));
        struct vgpu_owner *owners;
        size_t n_owners;

        vgpu_owners_read(&c->root, &c->arena, &owners, &n_owners);
        for (size_t i = 0; i < c->facts.n_devices; i++) {
                if (c->facts.devices[i].parent || c->facts.devices[i].roles & ROLE_BRIDGE)
                        continue;
                vgpu_look(&c->root, &c->arena, &c->facts, i, &looked[i]);
                looked[i].owners = owners;
                looked[i].n_owners = n_owners;
        }
        return looked;
}

static int show_types(struct ctl *c, struct listing *list, size_t device)
{
        if (c->json) {
                json_types(stdout, list, device, &c->arena, &c->diags);
                return 0;
        }
        situation_read(c, &list->now);
        text_types(stdout, list, device, &c->arena);
        return 0;
}

static int show(struct ctl *c, struct listing *list)
{
        size_t device;
        int k;

        listing_prepare(list, &c->arena);
        k = one_device(c, list, &device);
        if (k != 0)
                return k;
        if (c->types)
                return show_types(c, list, device);
        if (c->json) {
                for (size_t i = 0; device != NO_DEVICE && i < c->facts.n_devices; i++)
                        list->means[i] = i == device;
                json_list(stdout, list, &c->diags);
                return 0;
        }
        situation_read(c, &list->now);
        if (device != NO_DEVICE)
                text_device(stdout, list, device, &c->arena);
        else
                text_list(stdout, list, &c->arena);
        return 0;
}

int ctl_list(struct ctl *c)
{
        /* Also of what no rule speaks of, and what a rule for it would have to know. */
        const char *driver = "vfio-pci";
        const struct facts_request request = {.slots = true,
                                              .serials = true,
                                              .parents = true,
                                              .use = true,
                                              .numa = true,
                                              .vgpus = true,
                                              .drivers = &driver,
                                              .n_drivers = 1};
        const struct strings words = {(const char **)(c->argv + 1), (size_t)(c->argc - 1)};
        struct listing list = {.plan = &c->plan, .words = &words, .all = c->all};
        struct pci_name *names;
        int k;

        k = ctl_load_plan(c, &request, true);
        if (k != 0)
                return k;
        names_look_up(&c->root, &c->facts, &c->arena, &names);
        list.names = names;
        list.handovers = plan_handovers(&c->plan, &c->arena);
        list.functions = functions(c);
        list.vgpus = vgpus(c);
        k = show(c, &list);
        if (k != 0)
                return k;
        return c->diags.n_errors > 0 ? EXIT_USAGE : EXIT_SUCCESS;
}
