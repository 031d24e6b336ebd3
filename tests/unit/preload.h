/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For what is preloaded into a program to be the kernel's part below a directory. */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of an open file, below root; NULL: it is not there. Good until the next call. */
static const char *path_below(const char *root, int fd)
{
        static char path[PATH_MAX];
        char link[64];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (!root || n < 0)
                return NULL;
        path[n] = '\0';
        n = (ssize_t)strlen(root);
        return strncmp(path, root, (size_t)n) == 0 && path[n] == '/' ? path + n : NULL;
}
