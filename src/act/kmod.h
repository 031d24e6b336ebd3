/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Loads kernel modules through libkmod, in this process. The library is opened when the first module is asked for: on a
 * host whose drivers are there, its start-up would cost more than everything else the executor does.
 *
 * Whatever comes along as a dependency or softdep included, each module gets the options of modprobe.d and the kernel
 * command line, then those of driver_options().
 */

#include "base/macro.h"

/* By module name or alias; 0 also where it is there already, or built in. -ENOENT: no such module. */
int kmod_load(const char *name) _must_check_;
/* Loads the modules that serve a device, by its modalias, as udev would: modprobe.d's blacklists hold. -ENOENT:
 * nothing; -EPERM: all of it is blacklisted. */
int kmod_load_alias(const char *alias) _must_check_;
