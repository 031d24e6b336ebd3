/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For a program that looks at partitions which nobody has mounted (fsopen(2), fsconfig(2), fsmount(2)): preloaded into
 * it, a link to a directory is such a partition, and a file is one that cannot be mounted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char source[PATH_MAX];

static long configure(unsigned command, const char *value)
{
        struct stat st;

        if (command == FSCONFIG_SET_STRING && !realpath(value, source))
                return -1;
        if (command != FSCONFIG_CMD_CREATE)
                return 0;
        if (stat(source, &st) < 0)
                return -1;
        errno = EIO;
        return S_ISDIR(st.st_mode) ? 0 : -1;
}

long syscall(long number, ...)
{
        static long (*next)(long, ...);
        long x[6];
        va_list ap;

        va_start(ap, number);
        for (size_t i = 0; i < 6; i++)
                x[i] = va_arg(ap, long);
        va_end(ap);
        switch (number) {
        case SYS_fsopen:
                errno = EPERM;
                return geteuid() ? -1 : open("/", O_PATH | O_CLOEXEC);
        case SYS_fsconfig:
                return configure((unsigned)x[1], (const char *)x[3]);
        case SYS_fsmount:
                return open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
        default:
                if (!next)
                        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
                return next(number, x[0], x[1], x[2], x[3], x[4], x[5]);
        }
}
