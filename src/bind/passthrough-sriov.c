/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-sriov: makes the virtual functions of a rule, sets them up and hands them over. Started by
 * passthrough-sriov@.service.
 */
#include "base/options.h"
#include "bind/making-main.h"
#include "bind/run.h"

static const char help[] =
        "passthrough-sriov [--root=DIR] [--now|--none] RULE\n\n"
        "Makes the virtual functions of a rule of passthrough.d(5), sets them up and hands them\n"
        "over. Run by systemd; see passthrough(7).\n\n"
        "  --now          the rule as it is now, not as this boot has it; nothing is waited for long\n"
        "  --none         they go away, unless somebody uses one\n" COMMON_HELP;

int main(int argc, char *argv[])
{
        static const struct making_program program = {
                .name = "passthrough-sriov",
                .help = help,
                .run = run_sriov,
                .now = run_sriov_now,
                .own = "none",
                .run_own = run_sriov_none,
        };

        return making_main(argc, argv, &program);
}
