/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare DRIVER ADDRESS...: the least work that hands functions over. It knows what to do beforehand, plans nothing,
 * tells nobody and gives nothing back: what a benchmark holds the executor against.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int put(int fd, const char *text)
{
        size_t n = strlen(text);

        return fd >= 0 && write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

static int hand_over(int probe, const char *driver, const char *address)
{
        char path[PATH_MAX], target[PATH_MAX];
        const char *name;
        ssize_t n;
        int fd, k;

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", address);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        k = put(fd, driver);
        if (fd >= 0)
                close(fd);
        if (k < 0 || put(probe, address) < 0)
                return -1;

        snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return -1;
        target[n] = '\0';
        name = strrchr(target, '/');
        return name && strcmp(name + 1, driver) == 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
        int probe = open("/sys/bus/pci/drivers_probe", O_WRONLY | O_CLOEXEC);

        for (int i = 2; i < argc; i++)
                if (hand_over(probe, argv[1], argv[i]) < 0) {
                        perror(argv[i]);
                        return 1;
                }
        return 0;
}
