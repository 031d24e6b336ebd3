/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded: a kernel that finds no more than $SHORT_PAGES huge pages, and takes the write of more for a success. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t write(int fd, const void *data, size_t size)
{
        ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
        char link[64], path[PATH_MAX] = "", text[32] = "";
        const char *most = getenv("SHORT_PAGES");

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (most && size < sizeof(text) && readlink(link, path, sizeof(path) - 1) > 0 &&
            strstr(path, "/nr_hugepages")) {
                memcpy(text, data, size);
                if (strtoull(text, NULL, 10) > strtoull(most, NULL, 10))
                        return real(fd, most, strlen(most)) < 0 ? -1 : (ssize_t)size;
        }
        return real(fd, data, size);
}
