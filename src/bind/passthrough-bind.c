/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthrough-bind: the executor that units, hooks and udev rules run. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/options.h"
#include "base/str.h"
#include "bind/run.h"

static const char help[] =
        "passthrough-bind [--root=DIR] --stage=initrd|root|udev|host\n"
        "passthrough-bind [--root=DIR] --rule=NAME\n"
        "passthrough-bind [--root=DIR] --hotplug=ADDRESS\n"
        "passthrough-bind [--root=DIR] --rescue[=now]\n"
        "passthrough-bind [--root=DIR] --deadline\n\n"
        "Carries out this boot's plan. Units and initramfs hooks run it; by hand, use passthroughctl(8).\n\n"
        "  --stage=STAGE  does what the config has for that stage; udev: writes rules for devices that\n"
        "                 appear later; host: reserves huge pages that an older boot image lacks\n"
        "  --rule=NAME    on the host: succeeds if the rule is satisfied, and takes late what an\n"
        "                 older boot image lacks\n"
        "  --hotplug=ADDRESS  on the host: takes a device that has appeared, if a rule says so\n"
        "  --rescue       in an initrd: waits for the root file system; if none is found, gives\n"
        "                 storage, network and USB controllers back; now: without waiting, as where the\n"
        "                 boot has stopped in a shell\n"
        "  --deadline     in an initrd without systemd that a trial boots: leaves a process behind\n"
        "                 that reboots once the trial's time is over, and prints its number\n" COMMON_HELP;

static int usage(const char *message, const char *what)
{
        fprintf(stderr, "passthrough-bind: %s%s; see passthrough-bind --help\n", message, what);
        return EXIT_USAGE;
}

/* What is done, and with what; run NULL: by passthrough-demand. */
struct job {
        int (*run)(const struct root *root, const char *argument);
        const char *argument;
};

/* False: no stage of that name is run by itself. */
static bool find_stage(const char *name, struct job *ret)
{
        static const struct job jobs[] = {
                {run_stage, "initrd"}, {run_stage, "root"}, {NULL, "udev"}, {run_host, "host"}};

        for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
                if (streq(jobs[i].argument, name)) {
                        *ret = jobs[i];
                        return true;
                }
        return false;
}

static int carry_out(const struct job *job, const char *dir)
{
        struct root root = ROOT_INIT;
        int k = root_open(dir, &root);

        if (k < 0) {
                fprintf(stderr, "passthrough-bind: %s: %s\n", dir ? dir : "/", strerror(-k));
                return EXIT_FAILURE;
        }
        k = job->run(&root, job->argument);
        root_close(&root);
        if (k < 0)
                fprintf(stderr, "passthrough-bind: %s\n", strerror(-k));
        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool is_address(const char *text)
{
        struct arena a = {};
        bool is = false;
        size_t none;

        for (size_t i = 0; bus_table[i]; i++)
                is |= bus_table[i]->bus->find(NULL, 0, text, &none);
        for (size_t i = 0; bus_syntaxes[i]; i++)
                is |= bus_syntaxes[i]->right[MATCH_PORT] &&
                      bus_syntaxes[i]->parse(MATCH_PORT, &a, text, &(struct words){});
        arena_free(&a);
        return is;
}

/* Beside this program; in no boot image, where all it could look at is not there yet. */
static int ask_demand(const char *dir, const char *option, const char *argument)
{
        struct arena a = {};
        char path[PATH_MAX], *argv[] = {"passthrough-demand", arena_join(&a, "--root=", dir ? dir : "/", NULL),
                                        arena_join(&a, option, argument, NULL), NULL};
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[n < 0 ? 0 : n] = '\0';
        path[str_basename(path) - path] = '\0';
        execv(arena_join(&a, n < 0 ? PASSTHROUGH_LIBEXEC "/" : path, "passthrough-demand", NULL), argv);
        fprintf(stderr, "passthrough-bind: passthrough-demand: %s\n", strerror(errno));
        return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
        enum { OPTION_STAGE = OPTION_OWN, OPTION_RULE, OPTION_HOTPLUG, OPTION_RESCUE, OPTION_DEADLINE };
        static const struct option options[] = {
                COMMON_OPTIONS,
                {"stage", required_argument, NULL, OPTION_STAGE},
                {"rule", required_argument, NULL, OPTION_RULE},
                {"hotplug", required_argument, NULL, OPTION_HOTPLUG},
                {"rescue", optional_argument, NULL, OPTION_RESCUE},
                {"deadline", no_argument, NULL, OPTION_DEADLINE},
                {},
        };
        const char *dir = NULL, *demand = NULL;
        struct job job = {};
        int c, n_jobs = 0;

        for (; (c = getopt_long(argc, argv, "h", options, NULL)) >= 0; n_jobs += c >= OPTION_OWN) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-bind " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case OPTION_STAGE:
                        if (!find_stage(optarg, &job))
                                return usage("--stage= is initrd, root, udev or host, not ", optarg);
                        if (!job.run)
                                demand = "--stage=";
                        break;
                case OPTION_RULE:
                        demand = "--rule=";
                        job.argument = optarg;
                        break;
                case OPTION_HOTPLUG:
                        if (!is_address(optarg))
                                return usage("--hotplug= is the address of a PCI device, not ", optarg);
                        demand = "--hotplug=";
                        job.argument = optarg;
                        break;
                case OPTION_RESCUE:
                        if (optarg && !streq(optarg, "now"))
                                return usage("--rescue= is now, not ", optarg);
                        job = (struct job){run_rescue, optarg};
                        break;
                case OPTION_DEADLINE:
                        job = (struct job){run_deadline, NULL};
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (optind < argc)
                return usage("takes no argument: ", argv[optind]);
        if (n_jobs != 1)
                return usage("one of --stage=, --rule=, --hotplug=, --rescue and --deadline is needed", "");
        return demand ? ask_demand(dir, demand, job.argument) : carry_out(&job, dir);
}
