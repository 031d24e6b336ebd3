/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that rules make virtual functions of: what the kernel's log says against it. */
#include "base/str.h"
#include "check/row.h"
#include "plan/sriov.h"

static const struct {
        const char *says, *fix;
} causes[] = {
        {"not enough MMIO resources",
         "switch SR-IOV (and Above 4G Decoding) on in the firmware setup; if they are, add pci=realloc to the kernel "
         "command line"},
        {"out of range of",
         "make fewer virtual functions, or switch ARI on in the firmware setup; if it is, add pci=assign-busses to the "
         "kernel command line"},
        {"Safe Mode", "install ice's DDP package (Debian: firmware-misc-nonfree; ice/ddp/ice.pkg below /lib/firmware) "
                      "and reload ice"},
};

static void device_row(struct checker *c, const struct device *d)
{
        const struct strings *lines = &c->facts->complaints.lines;
        const char *id = check_row_id(c, "sriov", d->address);

        if (!c->facts->complaints.known) {
                check_row(c, id, CHECK_UNKNOWN, "",
                          "the kernel's log (/dev/kmsg) cannot be read, which says what is against virtual functions");
                return;
        }
        /* The last line counts: what was said before may be mended. */
        for (size_t i = lines->n; i-- > 0;)
                for (size_t k = 0; strstr(lines->v[i], d->address) && k < ARRAY_SIZE(causes); k++)
                        if (strstr(lines->v[i], causes[k].says)) {
                                check_row(c, id, CHECK_FAIL, causes[k].fix, "the kernel's log: %s", lines->v[i]);
                                return;
                        }
        check_row(c, id, CHECK_PASS, "", "the kernel's log has nothing against its virtual functions");
}

void check_functions(struct checker *c)
{
        const struct sriov_plan *s = c->plan->sriov;

        for (size_t i = 0; s && i < s->n_parents; i++)
                device_row(c, check_device(c, &c->plan->entries[s->parents[i].entry]));
}
