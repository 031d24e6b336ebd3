/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-vgpu: makes the virtual GPUs of a rule, and hands them over. Started by passthrough-vgpu@.service, and
 * for the virtual functions that they are made of by passthrough-vgpu-functions@.service; for a rule of Stage=demand by
 * passthrough@.service.
 */
#include "base/options.h"
#include "bind/making-main.h"
#include "bind/run.h"

static const char help[] =
        "passthrough-vgpu [--root=DIR] [--demand|--functions|--now] RULE\n\n"
        "Makes the virtual GPUs of a rule of passthrough.d(5), and hands them over. Run by\n"
        "systemd; see passthrough(7).\n\n"
        "  --demand       the rule as it is now, all of it or nothing: a service of Stage=demand starts\n"
        "  --functions    only the virtual functions that they are made of\n"
        "  --now          the rule as it is now, not as this boot has it; nothing is waited for long\n" COMMON_HELP;

int main(int argc, char *argv[])
{
        static const struct making_program program = {
                .name = "passthrough-vgpu",
                .help = help,
                .run = run_vgpu,
                .now = run_vgpu_now,
                .own = "functions",
                .run_own = run_vgpu_functions,
                .on_demand = run_vgpu_on_demand,
        };

        return making_main(argc, argv, &program);
}
