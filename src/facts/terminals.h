/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Serial ports that the host itself talks through: the kernel's consoles
 * (Documentation/admin-guide/serial-console.rst), its debugger, systemd's debug shell, and whatever else the kernel
 * command line names one for.
 */

#include "base/root.h"

/*
 * Templates of the units that wait for a login on the port that their instance names, NULL behind the last;
 * getty.ttys.serial and systemd-getty-generator(8) ask for the same.
 */
extern const char *const terminals_logins[];

struct terminals {
        const struct root *root;
        struct arena *arena;
        const char *cmdline;   /* NULL: there is none */
        const char **consoles; /* names of those that are on */
        const char **shells;   /* TTYPath= of debug-shell.service, less "/dev/" */
        size_t n_consoles, n_shells;
        const char *unknown;        /* why the host may talk through any port, or NULL */
        const char *shells_unknown; /* the same of debug shells alone */
};

#define TERMINALS_CONSOLE "the kernel's console"

/* What a parameter of the kernel command line gives the host a port for; NULL: for nothing that is known. */
const char *terminals_parameter(const char *name);
void terminals_read(const struct root *root, struct arena *a, const char *cmdline, struct terminals *ret);
/* That a unit has a debug shell on the port, or NULL. */
const char *terminals_shell(const struct terminals *t, const char *name);
/* What the host has the port for, "the kernel's console", or why that cannot be told: *ret_unknown. NULL: nothing. */
const char *terminals_use(const struct terminals *t, const char *name, const char **ret_unknown);
