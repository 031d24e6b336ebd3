/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/ssh.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

/* sudo takes the variables away, and leaves the ancestors (proc_pid_stat(5): "PID (NAME) STATE PARENT"). */
bool ssh_in_use(const struct root *root)
{
        int pid = getpid();

        if (getenv("SSH_CONNECTION") || getenv("SSH_TTY"))
                return true;
        for (unsigned depth = 0; pid > 1 && depth < 64; depth++) {
                char path[64], text[1024], *name, *end;

                snprintf(path, sizeof(path), "/proc/%d/stat", pid);
                if (root_read(root, path, text, sizeof(text)) <= 0 || !(name = strchr(text, '(')) ||
                    !(end = strrchr(text, ')')))
                        return false;
                *end = '\0';
                if (startswith(name + 1, "sshd"))
                        return true;
                if (sscanf(end + 1, " %*c %d", &pid) != 1)
                        return false;
        }
        return false;
}
