/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthrough-cmdline: what a kernel command line does, as each of its readers takes it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/captured.h"
#include "base/options.h"
#include "base/recfile.h"
#include "base/str.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "validate/findings.h"

static const char help[] = "passthrough-cmdline [OPTIONS] [check]\n\n"
                           "Judges a kernel command line as the kernel, its modules, kmod and dracut read it.\n\n"
                           "  --cmdline=STRING  this one, not the one this machine was booted with\n"
                           "  --json            one JSON document instead of text\n" COMMON_HELP
                           "\nExit status: 0 no error is found; 1 one is; 2 usage error.\n";

static int usage(const char *message, const char *what)
{
        fprintf(stderr, "passthrough-cmdline: %s%s; see passthrough-cmdline --help\n", message, what);
        return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
        enum { OPTION_CMDLINE = OPTION_OWN, OPTION_JSON };
        static const struct option options[] = {
                COMMON_OPTIONS,
                {"cmdline", required_argument, NULL, OPTION_CMDLINE},
                {"json", no_argument, NULL, OPTION_JSON},
                {},
        };
        static const struct facts_sources sources = {
                .buses = bus_table, .initrds = initrd_table, .guard = guard_gather};
        struct captured captured;
        struct arena arena = {};
        const char *dir = NULL, *line = NULL;
        struct root root = ROOT_INIT;
        bool json = false;
        int c, k;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-cmdline " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case OPTION_CMDLINE:
                        line = optarg;
                        break;
                case OPTION_JSON:
                        json = true;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (argc - optind > 1 || (argc - optind == 1 && !streq(argv[optind], "check")))
                return usage("the only command is check, not ", argv[optind + (argc - optind > 1)]);
        k = root_open(dir, &root);
        if (k < 0) {
                fprintf(stderr, "passthrough-cmdline: %s: %s\n", dir ? dir : "/", strerror(-k));
                return EXIT_USAGE;
        }
        k = captured_open(&root, &arena, &captured);
        if (k != 0 && k != RECFILE_ABSENT) {
                fprintf(stderr, "passthrough-cmdline: " CAPTURED_PATH ": %s\n", strerror(k < 0 ? -k : EBADMSG));
                return EXIT_USAGE;
        }
        k = findings_print(&root, &sources, line, json, "passthrough-cmdline");
        root_close(&root);
        arena_free(&arena);
        if (fflush(stdout) != 0 || ferror(stdout)) {
                perror("passthrough-cmdline: writing the answer");
                k = EXIT_FAILURE;
        }
        return k;
}
