/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/export.h"

#include "config/sriov.h"

#include "base/str.h"

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

static void find_devices(const struct plan *plan, const bool *chosen, struct arena *a, struct shown *shown)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *device = &plan->facts->devices[e->device];
                struct shown_device *d;

                if (!chosen[i] || e->action != ACTION_BIND || e->below != NO_ENTRY || !driver_is_vfio(e->driver) ||
                    !device->bus->guest)
                        continue;
                d = arena_grow(a, &shown->devices, shown->n, sizeof(*shown->devices));
                *d = (struct shown_device){.device = device, .entry = e, .name = {"", ""}};
                shown->n++;
        }
}

void export_print_elements(FILE *f, const struct strings *elements)
{
        for (size_t i = 0; i < elements->n; i++)
                fprintf(f, "%s%s", i > 0 ? "\n" : "", elements->v[i]);
}

void export_build(const struct exporter *const *exporters, const struct plan *plan, const bool *chosen, bool iommufd,
                  struct arena *a, struct shown *ret)
{
        struct guest_device *devices;
        struct guest_place *places;

        *ret = (struct shown){.plan = plan};
        find_devices(plan, chosen, a, ret);
        devices = arena_alloc(a, ret->n * sizeof(*devices));
        places = arena_alloc(a, ret->n * sizeof(*places));
        for (size_t i = 0; i < ret->n; i++) {
                const struct rule *rule = &plan->config->rules[ret->devices[i].entry->rule];
                const struct device *d = ret->devices[i].device;

                d->bus->guest(a, d, &devices[i]);
                devices[i].rule = rule->name;
                if (devices[i].interface && rule->sriov)
                        devices[i].vlan = sriov_settings(rule->sriov, d->index).number[VF_VLAN];
        }
        place(ret, devices, places);
        for (; exporters[ret->n_forms]; ret->n_forms++) {
                const struct exporter *x = exporters[ret->n_forms];
                struct shown_form *form = arena_grow(a, &ret->forms, ret->n_forms, sizeof(*ret->forms));

                *form = (struct shown_form){
                        .name = x->name, .heading = x->heading, .asked = x->asked, .print = x->print};
                if (ret->n > 0 && (iommufd || !x->iommufd))
                        x->lines(a, devices, places, ret->n, &form->lines);
        }
}
