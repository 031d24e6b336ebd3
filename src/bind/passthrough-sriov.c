/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-sriov: makes the virtual functions of a rule, sets them up and hands them over. Started by
 * passthrough-sriov@.service.
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
        "passthrough-sriov [--root=DIR] [--now|--none] RULE\n\n"
        "Makes the virtual functions of a rule of passthrough.d(5), sets them up and hands them\n"
        "over. Run by systemd; see passthrough(7).\n\n"
        "  --now          the rule as it is now, not as this boot has it; nothing is waited for long\n"
        "  --none         they go away, unless somebody uses one\n" COMMON_HELP;

int main(int argc, char *argv[])
{
        enum { OPTION_NOW = OPTION_OWN, OPTION_NONE };
        static const struct option options[] = {
                COMMON_OPTIONS, {"now", no_argument, NULL, OPTION_NOW}, {"none", no_argument, NULL, OPTION_NONE}, {}};
        int (*run)(const struct root *root, const char *rule) = run_sriov;
        struct root root = ROOT_INIT;
        const char *dir = NULL;
        int c, k;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-sriov " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case OPTION_NOW:
                        run = run_sriov_now;
                        break;
                case OPTION_NONE:
                        run = run_sriov_none;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (argc - optind != 1) {
                fputs("passthrough-sriov: takes one rule; see passthrough-sriov --help\n", stderr);
                return EXIT_USAGE;
        }
        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        k = root_open(dir, &root);
        if (k == 0)
                k = run(&root, argv[optind]);
        root_close(&root);
        if (k < 0)
                fprintf(stderr, "passthrough-sriov: %s\n", strerror(-k));
        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
