/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/logins.h"

#include <spawn.h>
#include <sys/wait.h>

#include "base/str.h"
#include "facts/terminals.h"

#define EARLY "/run/systemd/generator.early/"

/* The generator leaves the mask out then, as it asks the record. */
static void reload(void)
{
        char *argv[] = {"systemctl", "daemon-reload", NULL}, *environment[] = {NULL};
        pid_t pid;
        int status;

        if (posix_spawn(&pid, "/usr/bin/systemctl", NULL, NULL, argv, environment) == 0)
                waitpid(pid, &status, 0);
}

bool logins_unmask(const struct root *root, struct arena *a, const char *port)
{
        bool masked = false;

        for (size_t i = 0; terminals_logins[i]; i++)
                masked |= root_unlink(root, arena_join(a, EARLY, terminals_logins[i], port, ".service", NULL), 0) == 0;
        if (masked && root->live)
                reload();
        return masked;
}
