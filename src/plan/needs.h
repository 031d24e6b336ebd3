/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a config needs of the kernel command line, and of modprobe.d. Pure: what is known of the machine, or what is
 * said of the one that an image is for, comes in; tokens go out.
 */

#include "cmdline/cmdline.h"
#include "config/rule.h"
#include "config/settings.h"
#include "facts/kernel.h"
#include "plan/reserve.h"

struct needs_machine {
        struct cmdline_machine cpu;
        struct kernel_facts kernel;
        const struct memory *memory; /* as the next boot finds it; NULL: another machine's, and so not known */
};

struct need {
        const char *token;
        const char *why;
        const char *from; /* of CommandLine=: "FILE:LINE"; else NULL */
};

struct needs {
        struct need *tokens; /* of the kernel command line, in the order they are to stand there */
        size_t n_tokens;
        bool handover;        /* a rule hands something over, or the host is to have its IOMMU on all the same */
        struct need *refused; /* sizes of huge pages that are not for the command line, as the host would lack memory */
        size_t n_refused;
        const char *unknown;  /* what is not known of the parameters that this machine's IOMMU needs, or NULL */
        struct need *options; /* lines of modprobe.d: "options vfio_pci disable_idle_d3=1" */
        size_t n_options;
};

/* Whether something that a rule hands over goes through the IOMMU. */
bool needs_iommu(const struct config *config);
/* config has the rules that the machine is to go by. */
struct needs needs_build(const struct config *config, const struct settings *settings,
                         const struct needs_machine *machine, struct arena *a);
