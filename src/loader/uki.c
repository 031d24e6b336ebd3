/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified kernel images: kernel, initrd and command line are one signed file, and nothing is written. */
#include "base/str.h"
#include "loader/grub.h"

static int detect(struct detector *d, struct claim *ret)
{
        const struct boot_facts *f = d->facts;

        if (d->probe->exists(d->probe, BOOT_EFIVARS "/StubInfo" BOOT_EFI_VENDOR))
                ret->what = "this boot was one of such an image (StubInfo)";
        else if (f->ukis.n > 0 && f->n_entries == 0 && !grub_has_menu(d->probe))
                ret->what = f->ukis.v[0];
        ret->certain = ret->what;
        return 0;
}

static bool plan(struct boot_planner *p)
{
        struct boot_verdict verdict;

        boot_verify(p->facts, p->plan->tokens, p->arena, &verdict);
        if (verdict.lacking.n == 0)
                return true;
        return boot_plan_problem(
                p,
                arena_join(p->arena,
                           "a unified kernel image carries its own command line, so nothing is written here; it needs "
                           "an addon, as\n  ukify build --cmdline='",
                           span_with(p->arena, span_of(""), p->plan->tokens),
                           "' --output=passthrough.addon.efi\nmakes one, signed where Secure Boot is on, in ",
                           p->facts->ukis.n ? p->facts->ukis.v[0] : "/boot/efi/EFI/Linux/NAME.efi", ".extra.d/", NULL));
}

const struct loader loader_uki = {
        .name = "a unified kernel image",
        .unified = true,
        /* An addon has the line, or an image that is built anew, which is signed anew. */
        .line_pcrs = BOOT_PCR(4) | BOOT_PCR(11) | BOOT_PCR(12),
        .initrd_pcrs = BOOT_PCR(4) | BOOT_PCR(9) | BOOT_PCR(11),
        .detect = detect,
        .plan = plan,
        .verify = boot_verify_running,
};
