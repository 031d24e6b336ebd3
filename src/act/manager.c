/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/manager.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

static enum manager_state state_named(const char *text)
{
        static const struct {
                const char *name;
                enum manager_state state;
        } names[] = {
                {"initializing", MANAGER_STARTING}, {"starting", MANAGER_STARTING}, {"running", MANAGER_UP},
                {"degraded", MANAGER_UP},           {"maintenance", MANAGER_UP},    {"stopping", MANAGER_STOPPING},
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (startswith(text, names[i].name))
                        return names[i].state;
        return MANAGER_UNKNOWN;
}

enum manager_state manager_state(const struct root *root)
{
        char *argv[] = {"systemctl", "is-system-running", NULL}, *environment[] = {NULL}, text[64];
        posix_spawn_file_actions_t files;
        int ends[2], status;
        ssize_t n = 0;
        pid_t pid;

        if (!root->live)
                return MANAGER_UP;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return MANAGER_UNKNOWN;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
        if (posix_spawn(&pid, "/usr/bin/systemctl", &files, NULL, argv, environment) != 0)
                pid = -1;
        posix_spawn_file_actions_destroy(&files);
        close(ends[1]);
        if (pid > 0) {
                n = read(ends[0], text, sizeof(text) - 1);
                waitpid(pid, &status, 0);
        }
        close(ends[0]);
        text[MAX(n, 0)] = '\0';
        return state_named(text);
}
