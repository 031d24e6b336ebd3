/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-vgpu: makes the virtual GPUs of a rule, and hands them over. Started by passthrough-vgpu@.service, and
 * for the virtual functions that they are made of by passthrough-vgpu-functions@.service.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "base/str.h"
#include "bind/run.h"
#include "config/sriov.h"
#include "config/vgpu.h"

static const char help[] =
        "passthrough-vgpu [--root=DIR] [--functions|--now] RULE\n\n"
        "Makes the virtual GPUs of a rule of passthrough.d(5), and hands them over. Run by\n"
        "systemd; see passthrough(7).\n\n"
        "  --functions    only the virtual functions that they are made of\n"
        "  --now          the rule as it is now, not as this boot has it; nothing is waited for long\n" COMMON_HELP;

int main(int argc, char *argv[])
{
        enum { OPTION_NOW = OPTION_OWN, OPTION_FUNCTIONS };
        static const struct option options[] = {COMMON_OPTIONS,
                                                {"now", no_argument, NULL, OPTION_NOW},
                                                {"functions", no_argument, NULL, OPTION_FUNCTIONS},
                                                {}};
        int (*run)(const struct root *root, const char *rule) = run_vgpu;
        struct root root = ROOT_INIT;
        const char *dir = NULL;
        int c, k;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-vgpu " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case OPTION_NOW:
                        run = run_vgpu_now;
                        break;
                case OPTION_FUNCTIONS:
                        run = run_vgpu_functions;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (argc - optind != 1) {
                fputs("passthrough-vgpu: takes one rule; see passthrough-vgpu --help\n", stderr);
                return EXIT_USAGE;
        }
        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        k = root_open(dir, &root);
        if (k == 0)
                k = run(&root, argv[optind]);
        root_close(&root);
        if (k < 0)
                fprintf(stderr, "passthrough-vgpu: %s\n", strerror(-k));
        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
