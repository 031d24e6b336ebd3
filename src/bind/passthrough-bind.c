/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthrough-bind: the executor that units, hooks and udev rules run. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/options.h"
#include "base/str.h"
#include "bind/run.h"

static const char help[] =
        "passthrough-bind [--root=DIR] --stage=initrd|root|udev|host\n"
        "passthrough-bind [--root=DIR] --rule=NAME\n"
        "passthrough-bind [--root=DIR] --hotplug=ADDRESS\n"
        "passthrough-bind [--root=DIR] --rescue\n\n"
        "Carries out this boot's plan. Run by units and initramfs hooks; for work by hand there is\n"
        "passthroughctl(8).\n\n"
        "  --stage=STAGE  what the config has for that stage of the boot; udev: rules for devices that\n"
        "                 appear later; host: huge pages that an older boot image did not know of\n"
        "  --rule=NAME    on the host: succeeds where the rule is satisfied, and takes late what an\n"
        "                 older boot image did not know of\n"
        "  --hotplug=ADDRESS  on the host: takes a device that has appeared, where a rule says so\n"
        "  --rescue       in an initrd: waits for the root file system; where none is found, gives\n"
        "                 storage, network and USB controllers back\n" COMMON_HELP;

static int usage(const char *message, const char *what)
{
        fprintf(stderr, "passthrough-bind: %s%s; see passthrough-bind --help\n", message, what);
        return EXIT_USAGE;
}

enum job {
        JOB_NONE,
        JOB_STAGE,
        JOB_HOST,
        JOB_UDEV,
        JOB_RULE,
        JOB_ARRIVAL,
        JOB_RESCUE,
};

struct order {
        const char *root;
        enum job job;
        unsigned n_jobs; /* one is allowed */
        enum stage stage;
        const char *rule;
        struct pci_address at;
};

static void set_job(struct order *o, enum job job)
{
        o->job = job;
        o->n_jobs++;
}

/* False: there is no such stage. */
static bool set_stage(struct order *o, const char *name)
{
        static const enum job jobs[STAGE_MAX_] = {
                [STAGE_INITRD] = JOB_STAGE, [STAGE_ROOT] = JOB_STAGE, [STAGE_HOST] = JOB_HOST};

        o->stage = stage_named(name);
        set_job(o, streq(name, "udev") ? JOB_UDEV : o->stage == STAGE_MAX_ ? JOB_NONE : jobs[o->stage]);
        return o->job != JOB_NONE;
}

static int carry_out(const struct order *o, const struct root *root)
{
        switch (o->job) {
        case JOB_STAGE:
                return run_stage(root, o->stage);
        case JOB_HOST:
                return run_host(root);
        case JOB_UDEV:
                return run_udev(root);
        case JOB_RULE:
                return run_rule(root, o->rule);
        case JOB_ARRIVAL:
                return run_arrival(root, &o->at);
        case JOB_RESCUE:
                return run_rescue(root);
        case JOB_NONE:
                break;
        }
        return 0;
}

static int run(const struct order *o)
{
        struct root root = ROOT_INIT;
        int k = root_open(o->root, &root);

        if (k < 0) {
                fprintf(stderr, "passthrough-bind: %s: %s\n", o->root ? o->root : "/", strerror(-k));
                return EXIT_FAILURE;
        }
        k = carry_out(o, &root);
        root_close(&root);
        if (k < 0)
                fprintf(stderr, "passthrough-bind: %s\n", strerror(-k));
        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
        enum { OPTION_STAGE = OPTION_OWN, OPTION_RULE, OPTION_HOTPLUG, OPTION_RESCUE };
        static const struct option options[] = {
                COMMON_OPTIONS,
                {"stage", required_argument, NULL, OPTION_STAGE},
                {"rule", required_argument, NULL, OPTION_RULE},
                {"hotplug", required_argument, NULL, OPTION_HOTPLUG},
                {"rescue", no_argument, NULL, OPTION_RESCUE},
                {},
        };
        struct order o = {};
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-bind " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        o.root = optarg;
                        break;
                case OPTION_STAGE:
                        if (!set_stage(&o, optarg))
                                return usage("--stage= is initrd, root, udev or host, not ", optarg);
                        break;
                case OPTION_RULE:
                        o.rule = optarg;
                        set_job(&o, JOB_RULE);
                        break;
                case OPTION_HOTPLUG:
                        if (pci_address_parse(optarg, &o.at) < 0)
                                return usage("--hotplug= is the address of a PCI device, not ", optarg);
                        set_job(&o, JOB_ARRIVAL);
                        break;
                case OPTION_RESCUE:
                        set_job(&o, JOB_RESCUE);
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (optind < argc)
                return usage("takes no argument: ", argv[optind]);
        if (o.n_jobs != 1)
                return usage("one of --stage=, --rule=, --hotplug= and --rescue is needed", "");
        return run(&o);
}
