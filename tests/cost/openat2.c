/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded where programs are counted: some releases of valgrind do not know openat2(2) yet. An openat(2) does, for
 * trees whose links are all relative.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...)
{
        const struct open_how *how;
        const char *path;
        va_list ap;
        int dir;

        if (number != SYS_openat2) {
                errno = ENOSYS;
                return -1;
        }
        va_start(ap, number);
        dir = va_arg(ap, int);
        path = va_arg(ap, const char *);
        how = va_arg(ap, const struct open_how *);
        va_end(ap);
        return openat(dir, path, (int)how->flags, (mode_t)how->mode);
}
