/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/show.h"

#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "report/paint.h"
#include "report/text.h"

/*
 * Slots in the guest that neither QEMU's machines nor libvirt fill by themselves: they begin at the bottom, and q35
 * has devices of its own from 0x1a on.
 */
static const unsigned char guest_slots[] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                            0x19, 0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08};

/* Devices are in the order of their addresses. A guest looks for further functions only where there is a function 0. */
static void place(struct shown *shown)
{
        size_t n_slots = 0;

        for (size_t i = 0, n; i < shown->n; i += n) {
                struct shown_device *card = &shown->devices[i];

                for (n = 1; i + n < shown->n && device_same_card(card->device, card[n].device); n++)
                        ;
                if (n == 1 || n_slots == ARRAY_SIZE(guest_slots))
                        continue;
                for (size_t k = 0; k < n; k++) {
                        card[k].placed = true;
                        card[k].slot = guest_slots[n_slots];
                        card[k].function = card->guest.function == 0 ? card[k].guest.function : (unsigned)k;
                }
                card->multifunction = true;
                n_slots++;
        }
}

static int qemu(const struct shown *shown, bool iommufd, struct arena *a, struct strings *ret)
{
        if (iommufd) {
                strings_add(a, ret, "-object");
                strings_add(a, ret, "iommufd,id=iommufd0");
        }
        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *d = &shown->devices[i];
                char where[48] = "";

                if (d->placed)
                        snprintf(where, sizeof(where), ",addr=0x%02x.%u%s", d->slot, d->function,
                                 d->multifunction ? ",multifunction=on" : "");
                strings_add(a, ret, "-device");
                strings_add(a, ret,
                            arena_join(a, "vfio-pci,", d->guest.qemu, iommufd ? ",iommufd=iommufd0" : "", where, NULL));
        }
        return 0;
}

/* managed='no': the driver is there already, and libvirt is not to give the device back to the host. */
static int libvirt(const struct shown *shown, struct arena *a, struct strings *ret)
{
        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *d = &shown->devices[i];
                char where[128] = "";

                if (d->placed)
                        snprintf(where, sizeof(where),
                                 "  <address type='pci' domain='0x0000' bus='0x00' slot='0x%02x' function='0x%x'%s/>\n",
                                 d->slot, d->function, d->multifunction ? " multifunction='on'" : "");
                strings_add(a, ret,
                            arena_printf(a,
                                         "<hostdev mode='subsystem' type='%s' managed='no'>\n"
                                         "  <source>\n"
                                         "    %s\n"
                                         "  </source>\n"
                                         "%s</hostdev>\n",
                                         d->guest.type, d->guest.libvirt, where));
        }
        return 0;
}

void shown_build(const struct plan *plan, const bool *chosen, bool iommufd, struct arena *a, struct shown *ret)
{
        struct shown shown = {.plan = plan};

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *device = &plan->facts->devices[e->device];
                struct shown_device *d;

                if (!chosen[i] || e->action != ACTION_BIND || !driver_is_vfio(e->driver) || !device->bus->guest)
                        continue;
                d = arena_grow(a, &shown.devices, shown.n, sizeof(*shown.devices));
                *d = (struct shown_device){.device = device, .entry = e, .name = {"", ""}};
                device->bus->guest(a, device, &d->guest);
                shown.n++;
        }
        place(&shown);
        qemu(&shown, false, a, &shown.qemu);
        if (iommufd)
                qemu(&shown, true, a, &shown.qemu_iommufd);
        libvirt(&shown, a, &shown.libvirt);
        *ret = shown;
}

/* As lines of a shell's command. */
static void put_arguments(FILE *f, const struct strings *list)
{
        for (size_t i = 0; i < list->n; i += 2)
                fprintf(f, "  %s %s%s\n", list->v[i], list->v[i + 1], i + 2 < list->n ? " \\" : "");
}

void text_show(FILE *f, const struct shown *shown)
{
        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *d = &shown->devices[i];

                paint(f, BOLD, 12, d->device->address);
                fprintf(f, "  %s  ", d->device->id);
                text_name(f, &d->name);
                fputc('\n', f);
        }
        paint(f, BOLD, 0, "\nQEMU");
        fputc('\n', f);
        put_arguments(f, &shown->qemu);
        if (shown->qemu_iommufd.n > 0) {
                paint(f, BOLD, 0, "\nQEMU 9.0 and later, through iommufd");
                fputc('\n', f);
                put_arguments(f, &shown->qemu_iommufd);
        }
        paint(f, BOLD, 0, "\nlibvirt, in <devices>");
        fputc('\n', f);
        for (size_t i = 0; i < shown->libvirt.n; i++)
                fputs(shown->libvirt.v[i], f);
}
