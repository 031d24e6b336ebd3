/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list ADDRESS: all about one device. */

#include "base/str.h"
#include "plan/propose.h"
#include "report/beside.h"
#include "report/list-next.h"
#include "report/paint.h"
#include "report/screen.h"
#include "report/text.h"
#include "report/vgpu-lines.h"

#define INDENT 2
#define KEYS   14 /* columns of what a line is about */
#define BESIDE 16 /* of a rule's lines */

#define VIRTUAL_MAX 8

struct page {
        struct screen screen;
        const struct listing *list;
        size_t device;
};

static const struct device *device_of(const struct page *p)
{
        return &p->list->plan->facts->devices[p->device];
}

static void put_text(const struct page *p, const char *key, const char *text)
{
        const size_t at = INDENT + KEYS;

        if (!text || !*text)
                return;
        screen_skip(&p->screen, INDENT);
        paint(p->screen.f, BOLD, 0, key);
        screen_skip(&p->screen, KEYS - strlen(key));
        screen_wrap(&p->screen, at, at, text);
}

/* The same, with addresses as they are shown. */
static void put_line(const struct page *p, const char *key, const char *text)
{
        put_text(p, key, text ? listing_text(p->list, p->screen.arena, text) : NULL);
}

static const char *names_text(struct arena *a, const struct strings *names)
{
        const char *text = "";

        for (size_t i = 0; i < names->n; i++)
                text = arena_join(a, text, *text ? ", " : "", names->v[i], NULL);
        return text;
}

static void put_what(const struct page *p)
{
        const struct device *d = device_of(p);
        struct arena *a = p->screen.arena;
        const struct strings nodes = model_nodes(a, p->list->plan->facts, p->device);
        const char *slot = listing_slot(p->list, p->device);
        const char *serial = d->marks[MARK_DISK_SERIAL] ? d->marks[MARK_DISK_SERIAL] : d->marks[MARK_SERIAL];

        screen_skip(&p->screen, INDENT);
        paint(p->screen.f, BOLD, 0, listing_address(p->list, p->device));
        screen_skip(&p->screen, INDENT);
        screen_wrap(&p->screen, 2 * INDENT + screen_columns(listing_address(p->list, p->device)), INDENT + KEYS,
                    model_short(a, d, &p->list->names[p->device]));
        put_line(p, "Name", model_full(a, &p->list->names[p->device]));
        put_line(p, "Class",
                 streq(device_kind(d), d->class) ? d->class
                 : !*d->class                    ? device_kind(d)
                                                 : arena_join(a, device_kind(d), " (", d->class, ")", NULL));
        put_line(p, "ID", d->id);
        put_line(p, "Driver", d->driver_now ? d->driver_now : "none");
        put_line(p, "On it", names_text(a, &nodes));
        put_text(p, "Path", d->bus->syntax->made ? NULL : d->path);
        put_line(p, "Slot", *slot ? slot : NULL);
        put_line(p, "NUMA node", d->numa_node);
        put_line(p, "Serial", serial);
}

/* Another device: "01:00.1  NVIDIA GA102 Audio, snd_hda_intel: free". */
static void put_other(const struct page *p, const char *key, size_t device)
{
        const struct device *d = &p->list->plan->facts->devices[device];
        struct arena *a = p->screen.arena;
        const char *state = d->roles & ROLE_BRIDGE ? "bridge" : list_state_names[listing_state(p->list, device)];

        for (size_t i = 0; i < p->list->handovers[p->device].n_along; i++)
                if (p->list->handovers[p->device].along[i] == device)
                        state = "comes along";
        put_line(p, key,
                 arena_join(a, listing_address(p->list, device), "  ", model_short(a, d, &p->list->names[device]),
                            d->driver_now ? ", " : "", d->driver_now ? d->driver_now : "", ": ", state, NULL));
}

static void put_mates(const struct page *p)
{
        const struct facts *facts = p->list->plan->facts;
        const struct device *d = device_of(p);
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(facts, d->group, &first);
        const char *key = d->group == NO_GROUP ? "" : arena_printf(p->screen.arena, "Group %d", d->group);

        if (n == 0 && d->bus->syntax->iommu)
                put_line(p, "Group", "none: nothing keeps it apart from the host's memory");
        if (n == 1)
                put_line(p, key, "alone in its IOMMU group");
        for (size_t i = 0; i < n; i++)
                if (facts->by_group[first + i] != p->device) {
                        put_other(p, key, facts->by_group[first + i]);
                        key = "";
                }
        n = facts_card(facts, p->device, &first);
        key = "Same card";
        for (size_t i = beside_next(facts, p->device, NO_DEVICE); i != NO_DEVICE;
             i = beside_next(facts, p->device, i)) {
                if (d->group != NO_GROUP && facts->devices[i].group == d->group)
                        continue;
                put_other(p, key, i);
                key = "";
        }
        for (size_t i = first; i < first + n; i++)
                if (i != p->device && device_same_card(&facts->devices[i], d) &&
                    (d->group == NO_GROUP || facts->devices[i].group != d->group)) {
                        put_other(p, key, i);
                        key = "";
                }
}

/* It can have virtual GPUs, now or once it is set up. */
static bool has_gpus(const struct page *p)
{
        return p->list->vgpus && types_can_be(device_of(p), &p->list->vgpus[p->device]);
}

/* Some of the virtual functions: of many, the rest has the JSON document. */
static void put_virtual(const struct page *p)
{
        const struct facts *facts = p->list->plan->facts;
        const struct sriov_facts *can = p->list->functions ? &p->list->functions[p->device] : NULL;
        const struct device *d = device_of(p);
        size_t n = 0;

        put_line(p, "SR-IOV", listing_virtual(p->list, p->screen.arena, p->device));
        if (can && can->capable == YES && can->total > 0)
                put_line(p, "",
                         arena_join(p->screen.arena, can->vf_id ? "their ID: " : "", can->vf_id ? can->vf_id : "",
                                    can->vf_id ? "; " : "",
                                    can->autoprobe ? "drivers of the host take new ones (sriov_drivers_autoprobe=1)"
                                                   : "no driver takes new ones by itself (sriov_drivers_autoprobe=0)",
                                    NULL));
        if (can && can->capable == YES && can->total > 0 && can->enabled == 0 && !plan_find(p->list->plan, p->device) &&
            !has_gpus(p) && (!startswith(d->class, "01") || startswith(d->class, "0108")))
                put_line(p, "",
                         arena_join(p->screen.arena, "to have N made at every boot: passthroughctl add NAME ",
                                    listing_address(p->list, p->device), " vfs=N", NULL));
        for (size_t i = 0; i < facts->n_devices; i++) {
                if (!streq_ptr(facts->devices[i].parent, device_of(p)->address))
                        continue;
                if (++n <= VIRTUAL_MAX)
                        put_other(p, "", i);
        }
        if (n > VIRTUAL_MAX)
                put_text(p, "", arena_printf(p->screen.arena, "and %zu more, which list --json has", n - VIRTUAL_MAX));
        if (d->bus->syntax->made)
                return;
        if (d->parent && d->index != UINT32_MAX)
                put_line(p, "SR-IOV", arena_printf(p->screen.arena, "virtual function %u of %s", d->index, d->parent));
        else if (d->parent)
                put_line(p, "SR-IOV", arena_join(p->screen.arena, "a virtual function of ", d->parent, NULL));
}

/* What it is made of, as a virtual GPU; or which ones it has, or can have. */
static void put_vgpus(const struct page *p)
{
        const struct device *d = device_of(p);
        struct arena *a = p->screen.arena;
        size_t of = listing_vgpu_of(p->list, p->device);

        if (device_is_vgpu(d)) {
                const char *name =
                        vgpu_type_name(of == NO_DEVICE || !p->list->vgpus ? NULL : &p->list->vgpus[of], d->vgpu);

                put_line(p, "Type", streq(name, d->vgpu) ? name : arena_join(a, name, " (", d->vgpu, ")", NULL));
                put_line(
                        p, "Virtual GPU",
                        arena_join(a, "of ", d->parent, ", made by ", listing_vgpu_owner(p->list, a, p->device), NULL));
        }
        if (d->parent)
                return;
        put_line(p, "Virtual GPUs", listing_vgpus(p->list, a, p->device));
        if (has_gpus(p) && p->list->vgpus[p->device].kind == VGPU_NONE)
                put_line(p, "Virtual GPUs",
                         arena_join(a, "what it can have: passthroughctl list --types ",
                                    listing_address(p->list, p->device), NULL));
        else if (has_gpus(p))
                put_line(p, "",
                         arena_join(a, "which types fit: passthroughctl list --types ",
                                    listing_address(p->list, p->device), NULL));
}

/* The rule that there is, or the one that would name it. */
static void put_rule(const struct page *p)
{
        const struct plan *plan = p->list->plan;
        const struct plan_entry *e = plan_find(plan, p->device);
        const char *match, *why, *key = "A rule";
        struct arena *a = p->screen.arena;

        if (e) {
                put_line(p, "Rule",
                         arena_join(a, plan->config->rules[e->rule].name, ", ", plan->config->rules[e->rule].file,
                                    NULL));
                return;
        }
        if (device_of(p)->roles & ROLE_BRIDGE)
                return;
        propose_match(a, plan->facts, &p->device, 1, &match, &why);
        if (!match) {
                put_line(p, key, arena_join(a, "cannot name it: ", why, NULL));
                return;
        }
        put_line(p, key, "for it, which holds when bus numbers change:");
        match = arena_join(a, "[Match]\n", match, NULL);
        for (size_t n; *match; match += n + (match[n] == '\n')) {
                n = strcspn(match, "\n");
                screen_skip(&p->screen, INDENT + BESIDE);
                fprintf(p->screen.f, "%.*s\n", (int)n, match);
        }
}

static void put_handover(const struct page *p)
{
        const struct plan_entry *e = plan_find(p->list->plan, p->device);
        enum list_state state = listing_state(p->list, p->device);
        const char *reason = p->list->handovers[p->device].reason, *text = list_state_names[state];

        if (e && e->action == ACTION_BIND)
                reason = e->stage == STAGE_DEMAND
                                 ? arena_join(p->screen.arena, "to ", e->driver, ", by passthrough@",
                                              p->list->plan->config->rules[e->rule].name, ".service", NULL)
                                 : arena_join(p->screen.arena, "to ", e->driver, ", stage ", stages[e->stage].name,
                                              NULL);
        else if (e && e->action == ACTION_KEEP && p->list->plan->config->rules[e->rule].sriov && !device_of(p)->parent)
                reason = "the rule makes virtual functions of it, and leaves it to the host";
        else if (e && e->action == ACTION_KEEP && p->list->plan->config->rules[e->rule].vgpu && !device_of(p)->parent)
                reason = "the rule makes virtual GPUs of it, and leaves it to the host";
        if (*reason && (state == LIST_HELD || state == LIST_REFUSED || e))
                text = arena_join(p->screen.arena, text, ": ", reason, NULL);
        put_line(p, "Handover", text);
}

void text_device(FILE *f, const struct listing *list, size_t device, struct arena *a)
{
        const struct page p = {.screen = screen_of(f, a), .list = list, .device = device};

        put_what(&p);
        put_mates(&p);
        put_virtual(&p);
        put_vgpus(&p);
        put_handover(&p);
        put_rule(&p);
        fputc('\n', f);
        list_next_of(&p.screen, list, device);
}
