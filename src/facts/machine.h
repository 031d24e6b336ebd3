/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "cmdline/cmdline.h"

/* The hardware that a kernel runs on; what does not show stays unknown. */
struct machine {
        struct cmdline_machine cmdline; /* what of it a kernel command line is judged for */
        const char *hypervisor;         /* what says that this is a virtual machine, or NULL */
        bool bare_metal;                /* nothing of the kind where it would show */
};

void machine_read(const struct root *root, struct arena *a, struct machine *ret);

/* The programs that init= of a line names, each looked for. */
void machine_look_for_init(const struct root *root, struct arena *a, const char *line, struct cmdline_machine *machine);
