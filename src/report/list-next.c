/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/list-next.h"

#include "base/str.h"
#include "config/config.h"
#include "plan/propose.h"
#include "report/headings.h"

/* "gpu0": the first of these that no rule has yet. */
static const char *numbered(const struct screen *s, const struct listing *list, const char *kind)
{
        for (unsigned n = 0;; n++) {
                const char *name = arena_printf(s->arena, "%s%u", kind, n);

                if (!config_find(list->plan->config, name))
                        return name;
        }
}

static const char *name_for(const struct screen *s, const struct listing *list, size_t device)
{
        static const char *const names[HEADING_MAX_] = {
                [HEADING_GRAPHICS] = "gpu",  [HEADING_STORAGE] = "disk", [HEADING_NETWORK] = "nic",
                [HEADING_USB] = "usb",       [HEADING_AUDIO] = "audio",  [HEADING_ACCELERATORS] = "accel",
                [HEADING_SERIAL] = "serial", [HEADING_OTHER] = "device", [HEADING_SYSTEM] = "device",
        };

        return numbered(s, list, names[heading_of(&list->plan->facts->devices[device])]);
}

/* Whether others of its group come along that no display takes along unasked. */
static bool takes_group(const struct listing *list, size_t device)
{
        const struct handover *h = &list->handovers[device];

        for (size_t i = 0; i < h->n_along; i++)
                if (!propose_goes_along(list->plan->facts, h->along[i], device))
                        return true;
        return false;
}

/* "05:00.0"; where one rule cannot name it alone, with those that are on the same: "ttyUSB1 ttyUSB2"; else NULL. */
static const char *together(const struct screen *s, const struct listing *list, size_t device)
{
        const struct facts *facts = list->plan->facts;
        size_t *all = arena_alloc(s->arena, facts->n_devices * sizeof(*all)), n = 0;
        const char *match, *why, *text = "";

        propose_match(s->arena, facts, &device, 1, &match, &why);
        if (match || !facts->devices[device].below)
                return match ? listing_address(list, device) : NULL;
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].bus == facts->devices[device].bus &&
                    streq_ptr(facts->devices[i].below, facts->devices[device].below)) {
                        text = arena_join(s->arena, text, n > 0 ? " " : "", listing_address(list, i), NULL);
                        all[n++] = i;
                }
        propose_match(s->arena, facts, all, n, &match, &why);
        return match ? text : NULL;
}

/* What add takes for it; NULL for none. */
static const char *added(const struct screen *s, const struct listing *list, size_t device)
{
        const char *addresses = device == NO_DEVICE ? NULL : together(s, list, device);

        if (!addresses)
                return NULL;
        return arena_join(s->arena, name_for(s, list, device), " ", addresses,
                          takes_group(list, device) ? " IOMMUGroup=complete" : "", NULL);
}

/* Free, and best alone. */
static size_t first_free(const struct listing *list, const struct list_table *t)
{
        size_t found = NO_DEVICE;

        for (size_t i = 0; i < t->n; i++)
                if (t->rows[i].state == LIST_FREE &&
                    (found == NO_DEVICE || (takes_group(list, found) && !takes_group(list, t->rows[i].device))))
                        found = t->rows[i].device;
        return found;
}

/* The rule that a device is handed over by; NULL for none. */
static const char *over_by(const struct listing *list, size_t device)
{
        const struct plan_entry *e = plan_find(list->plan, device);

        return e && listing_state(list, device) == LIST_HANDED_OVER ? list->plan->config->rules[e->rule].name : NULL;
}

/* Where there is nothing to do, what more there is to know. */
static struct next_step more_of(const struct screen *s, const struct listing *list, size_t device)
{
        const struct device *d = &list->plan->facts->devices[device];

        if (d->bus->syntax->iommu && d->group == NO_GROUP)
                return (struct next_step){next_command(&list->now, s->arena, "check"),
                                          "says why there is no IOMMU group"};
        return (struct next_step){
                next_command(&list->now, s->arena, arena_join(s->arena, "list ", listing_address(list, device), NULL)),
                "says all about that device"};
}

void list_next(const struct screen *s, const struct listing *list, const struct list_table *t)
{
        struct situation now = list->now;
        struct next_step step;

        now.example = added(s, list, first_free(list, t));
        now.rule = NULL;
        for (size_t i = 0; i < t->n && !now.rule; i++)
                now.rule = over_by(list, t->rows[i].device);
        step = next_step(&now, NEXT_ON_LIST, s->arena);
        if (!step.command && t->n > 0)
                step = more_of(s, list, t->rows[0].device);
        else if (!step.command)
                step = (struct next_step){next_command(&now, s->arena, "list"), "shows all devices"};
        next_put(s, &step);
}

static bool can_have_gpus(const struct listing *list, size_t device)
{
        const struct device *d = &list->plan->facts->devices[device];

        return !d->parent && list->vgpus && types_can_be(d, &list->vgpus[device]);
}

void list_next_of(const struct screen *s, const struct listing *list, size_t device)
{
        bool companion = list->under[device] != NO_DEVICE && !list->plan->facts->devices[device].parent;
        struct situation now = list->now;
        struct next_step step;

        now.one_device = true;
        now.rule = over_by(list, device);
        now.example = listing_state(list, device) == LIST_FREE
                              ? added(s, list, companion ? list->under[device] : device)
                              : NULL;
        step = next_step(&now, NEXT_ON_LIST, s->arena);
        if (!step.command && can_have_gpus(list, device))
                step = (struct next_step){
                        next_command(&now, s->arena,
                                     arena_join(s->arena, "list --types ", listing_address(list, device), NULL)),
                        "shows the virtual GPUs that it can have"};
        if (!step.command)
                step = (struct next_step){next_command(&now, s->arena, "list"), "shows which devices are free"};
        next_put(s, &step);
}

/* What a device can have that no rule has yet: "add vgpu0 41:00.0 Type=nvidia-558", or with Count= alone; or NULL. */
static const char *offered(const struct screen *s, const struct listing *list, const struct types_of *found, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (found[i].kind == VGPU_PLAIN && !plan_find(list->plan, found[i].device))
                        return arena_join(s->arena, "add ", numbered(s, list, "vgpu"), " ",
                                          listing_address(list, found[i].device),
                                          " Count=", arena_printf(s->arena, "%u", MAX(found[i].is->enabled, 1u)), NULL);
                for (size_t t = 0; t < found[i].n && !plan_find(list->plan, found[i].device); t++)
                        if (found[i].rows[t].most > 0)
                                return arena_join(s->arena, "add ", numbered(s, list, "vgpu"), " ",
                                                  listing_address(list, found[i].device),
                                                  " Type=", found[i].rows[t].type->id, NULL);
        }
        return NULL;
}

void list_next_types(const struct screen *s, const struct listing *list, const struct types_of *found, size_t n)
{
        const char *add = offered(s, list, found, n);
        struct next_step step = {};

        if (add)
                step = (struct next_step){next_command(&list->now, s->arena, add),
                                          strstr(add, " Count=")
                                                  ? "writes a rule for that many at each boot"
                                                  : "writes a rule for one at each boot; Count= for more"};
        else
                step = next_step(&list->now, NEXT_ON_LIST, s->arena);
        if (!step.command)
                step = (struct next_step){next_command(&list->now, s->arena, "list"), "shows all devices"};
        next_put(s, &step);
}
