/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * NVIDIA's sriov-manage, which alone makes the virtual functions of its GPUs. It makes all of them, and takes the GPU
 * from its driver for that. Its exit status says nothing: what is there afterwards counts.
 */

#include "base/diag.h"
#include "bus/bus.h"

struct manage {
        const struct root *root;
        struct arena *arena;
        struct diags *problems;
        const char *program, *arguments; /* "-e 0000:41:00.0" */
        const struct device *parent;
        uint32_t count; /* virtual functions that are needed, at least */
};

/*
 * Runs it until they are there, each with the driver of the parent, and the parent itself has it, too. It is run again
 * where it has done nothing, such as while somebody else holds its lock: some times, and not for longer than about two
 * minutes. One that does not end is left alone. What it has left without a driver gets it back. False: the last problem
 * says why.
 */
bool manage_functions(const struct manage *m) _must_check_;
