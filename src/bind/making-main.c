/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind/making-main.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "base/str.h"
#include "bind/run.h"
#include "config/sriov.h"
#include "config/vgpu.h"

int making_main(int argc, char *argv[], const struct making_program *program)
{
        enum { OPTION_NOW = OPTION_OWN, OPTION_PROGRAM, OPTION_DEMAND };
        const struct option options[] = {COMMON_OPTIONS,
                                         {"now", no_argument, NULL, OPTION_NOW},
                                         {program->own, no_argument, NULL, OPTION_PROGRAM},
                                         {program->on_demand ? "demand" : NULL, no_argument, NULL, OPTION_DEMAND},
                                         {}};
        int (*run)(const struct root *root, const char *rule) = program->run;
        struct root root = ROOT_INIT;
        const char *dir = NULL;
        int c, k;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(program->help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        printf("%s " PASSTHROUGH_VERSION "\n", program->name);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case OPTION_NOW:
                        run = program->now;
                        break;
                case OPTION_PROGRAM:
                        run = program->run_own;
                        break;
                case OPTION_DEMAND:
                        run = program->on_demand;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (argc - optind != 1) {
                fprintf(stderr, "%s: takes one rule; see %s --help\n", program->name, program->name);
                return EXIT_USAGE;
        }
        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        k = root_open(dir, &root);
        if (k == 0)
                k = run(&root, argv[optind]);
        root_close(&root);
        if (k < 0)
                fprintf(stderr, "%s: %s\n", program->name, strerror(-k));
        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
