/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The programs that make devices of others, and hand them over: passthrough-sriov, passthrough-vgpu. */

#include "base/root.h"

struct making_program {
        const char *name, *help;
        int (*run)(const struct root *root, const char *rule);
        /* --now, and an option that this program has alone. */
        int (*now)(const struct root *root, const char *rule);
        const char *own;
        int (*run_own)(const struct root *root, const char *rule);
        /* --demand, or NULL. */
        int (*on_demand)(const struct root *root, const char *rule);
};

/* Its main(): the exit status. */
int making_main(int argc, char *argv[], const struct making_program *program);
