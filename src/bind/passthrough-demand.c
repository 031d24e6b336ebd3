/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-demand: what passthrough-bind does on a host that is up, where more is to be looked at than a boot image
 * has room for. It is called by passthrough-bind, which has read the options, by udev, for --claim=, and by services of
 * Stage=demand that stop, for --give-back= and --cut-short=.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bind/run.h"
#include "config/sriov.h"
#include "config/vgpu.h"

int main(int argc, char *argv[])
{
        static const struct {
                const char *option;
                int (*run)(const struct root *root, const char *argument);
        } runs[] = {{"--rule=", run_service},
                    {"--hotplug=", run_arrival},
                    {"--stage=", run_udev},
                    {"--claim=", run_claim},
                    {"--give-back=", run_give_back_rule},
                    {"--cut-short=", run_give_back_cut_short}};
        struct root root = ROOT_INIT;
        const char *what = argc > 1 ? argv[argc - 1] : "";
        int k = argc == 2                                     ? root_open(NULL, &root)
                : argc == 3 && startswith(argv[1], "--root=") ? root_open(argv[1] + strlen("--root="), &root)
                                                              : -EINVAL;

        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(runs); i++)
                if (startswith(what, runs[i].option)) {
                        k = runs[i].run(&root, what + strlen(runs[i].option));
                        root_close(&root);
                        if (k < 0)
                                fprintf(stderr, "passthrough-bind: %s\n", strerror(-k));
                        return k == RUN_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
                }
        if (k < 0)
                fprintf(stderr, "passthrough-bind: %s: %s\n", argc > 1 ? argv[1] : "", strerror(-k));
        return EXIT_FAILURE;
}
