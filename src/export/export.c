/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/export.h"

#include "base/str.h"
#include "config/sriov.h"

/*
 * Slots in the guest that neither QEMU's machines nor libvirt fill by themselves: they begin at the bottom, and q35
 * has devices of its own from 0x1a on.
 */
static const unsigned char guest_slots[] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                            0x19, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08};

/*
 * Functions of one card are functions of one slot in the guest, too. Devices are in the order of their addresses, and a
 * guest looks for further functions only where there is a function 0.
 */
static void place(const struct shown *shown, const struct guest_device *devices, struct guest_place *ret)
{
        size_t n_slots = 0;

        for (size_t i = 0, n; i < shown->n; i += n) {
                for (n = 1;
                     i + n < shown->n && device_same_card(shown->devices[i].device, shown->devices[i + n].device); n++)
                        ;
                if (n == 1 || n_slots == ARRAY_SIZE(guest_slots))
                        continue;
                for (size_t k = 0; k < n; k++)
                        ret[i + k] = (struct guest_place){
                                .chosen = true,
                                .multifunction = k == 0,
                                .slot = guest_slots[n_slots],
                                .function = devices[i].function == 0 ? devices[i + k].function : (unsigned)k,
                        };
                n_slots++;
        }
}

bool export_opens(const struct device *d, const char *driver)
{
        /* A virtual GPU is opened through the driver that has made it. */
        return d->bus->guest && ((d->vgpu && !streq(d->vgpu, "0")) || driver_is_vfio(driver) ||
                                 streq_ptr(driver, d->bus->syntax->taken_by));
}

static const char *subsystem_of(const struct device *d)
{
        struct detail details[DETAILS_MAX];
        size_t n = d->bus->describe ? d->bus->describe(d, details) : 0;

        for (size_t i = 0; i < n; i++)
                if (streq(details[i].name, "subsystem") && details[i].value && *details[i].value)
                        return details[i].value;
        return NULL;
}

static void find_devices(const struct export_request *request, struct arena *a, struct shown *shown)
{
        const struct plan *plan = request->plan;

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *device = &plan->facts->devices[e->device];
                struct shown_device *d;

                if (!request->chosen[i] || e->action != ACTION_BIND || e->below != NO_ENTRY ||
                    !export_opens(device, e->driver))
                        continue;
                d = arena_grow(a, &shown->devices, shown->n, sizeof(*shown->devices));
                *d = (struct shown_device){.device = device,
                                           .entry = e,
                                           .name = {"", ""},
                                           .state = request->states[i],
                                           .subsystem = subsystem_of(device),
                                           .vfio = request->vfio[i]};
                shown->n++;
        }
}

void export_print_elements(FILE *f, const struct strings *elements)
{
        for (size_t i = 0; i < elements->n; i++)
                fprintf(f, "%s%s", i > 0 ? "\n" : "", elements->v[i]);
}

void export_print_page(FILE *f, const struct strings *lines)
{
        for (size_t i = 0; i < lines->n; i++)
                fprintf(f, "%s\n", lines->v[i]);
}

/* As its bus describes it, and what its rule says of it. */
static void describe(const struct export_request *request, const struct shown_device *s, struct arena *a,
                     struct guest_device *ret)
{
        const struct plan *plan = request->plan;
        const struct rule *rule = &plan->config->rules[s->entry->rule];
        const char *link = request->links[s->entry - plan->entries];

        s->device->bus->guest(a, plan->facts, s->device, link, ret);
        ret->rule = rule->name;
        if (ret->interface && rule->sriov)
                ret->vlan = sriov_settings(rule->sriov, s->device->index).number[VF_VLAN];
}

static void make_page(const struct export_request *request, const struct shown *shown,
                      const struct guest_device *devices, const struct exporter *x, struct arena *a,
                      struct shown_form *ret)
{
        struct page_item *items = arena_alloc(a, shown->n * sizeof(*items));
        struct page page = {.plan = request->plan,
                            .rules = request->rules,
                            .chosen = request->chosen,
                            .states = request->states,
                            .items = items};

        for (size_t r = 0; r < request->plan->config->n_rules; r++)
                for (size_t i = 0; i < shown->n; i++)
                        if (shown->devices[i].entry->rule == r)
                                items[page.n++] = (struct page_item){&devices[i], &shown->devices[i]};
        x->page(a, &page, &ret->lines, &ret->cannot);
}

void export_build(const struct exporter *const *exporters, const struct export_request *request, struct arena *a,
                  struct shown *ret)
{
        struct guest_device *devices;
        struct guest_place *places;

        *ret = (struct shown){.plan = request->plan};
        find_devices(request, a, ret);
        devices = arena_alloc(a, ret->n * sizeof(*devices));
        places = arena_alloc(a, ret->n * sizeof(*places));
        for (size_t i = 0; i < ret->n; i++)
                describe(request, &ret->devices[i], a, &devices[i]);
        place(ret, devices, places);
        for (; *exporters; exporters++) {
                const struct exporter *x = *exporters;
                struct shown_form *form;

                if (x->page && !streq_ptr(request->format, x->name))
                        continue;
                form = arena_grow(a, &ret->forms, ret->n_forms++, sizeof(*ret->forms));
                *form = (struct shown_form){.name = x->name,
                                            .heading = x->heading,
                                            .asked = x->asked,
                                            .only_for = x->only_for,
                                            .all = x->all,
                                            .print = x->page ? export_print_page : x->print};
                if (x->page && (ret->n > 0 || x->all))
                        make_page(request, ret, devices, x, a, form);
                if (x->page || ret->n == 0 || (x->iommufd && !request->iommufd))
                        continue;
                x->lines(a, devices, places, ret->n, &form->lines);
                if (x->notes)
                        x->notes(a, devices, ret->n, &form->notes);
        }
}
