/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads a module by name, or by alias, through the real libkmod, from a directory of modules that is given; what the
 * kernel would be asked to insert is printed, with its options. libkmod finds these functions before the C library's.
 * "index FILE KEY VALUE..." writes what depmod would (libkmod/libkmod-index.c): no two keys begin alike.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "act/kmod.h"

static const char *release;

int uname(struct utsname *u)
{
        memset(u, 0, sizeof(*u));
        snprintf(u->release, sizeof(u->release), "%s", release);
        return 0;
}

long syscall(long number, ...)
{
        char link[32], path[PATH_MAX] = "";
        const char *options;
        va_list ap;
        int fd;

        va_start(ap, number);
        fd = va_arg(ap, int);
        options = va_arg(ap, const char *);
        va_end(ap);
        if (number != SYS_finit_module)
                abort();
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (readlink(link, path, sizeof(path) - 1) < 0)
                abort();
        printf("%s:%s%s\n", strrchr(path, '/') + 1, *options && *options != ' ' ? " " : "", options);
        if (strstr(path, "broken")) {
                errno = ENOEXEC;
                return -1;
        }
        return 0;
}

static void put(FILE *f, uint32_t number)
{
        number = htonl(number);
        if (fwrite(&number, sizeof(number), 1, f) != 1)
                abort();
}

#define FIRST 'a'
#define LAST  'z'

static int write_index(int n, char *words[])
{
        FILE *f = fopen(words[0], "w");
        uint32_t offset = 12 + 2 + (LAST - FIRST + 1) * 4;

        if (!f)
                return 1;
        put(f, 0xb007f457);
        put(f, 0x00020001);
        put(f, n > 1 ? 0x20000000 | 12 : 0);
        fputc(FIRST, f);
        fputc(LAST, f);
        for (char c = FIRST; c <= LAST; c++) {
                uint32_t child = 0;

                for (int i = 1; i + 1 < n; i += 2)
                        if (words[i][0] == c) {
                                child = 0xc0000000 | offset;
                                offset += (uint32_t)(strlen(words[i]) + 8 + strlen(words[i + 1]) + 1);
                        }
                put(f, child);
        }
        for (char c = FIRST; c <= LAST; c++)
                for (int i = 1; i + 1 < n; i += 2)
                        if (words[i][0] == c) {
                                fwrite(words[i] + 1, strlen(words[i]), 1, f);
                                put(f, 1);
                                put(f, 0);
                                fwrite(words[i + 1], strlen(words[i + 1]) + 1, 1, f);
                        }
        return fclose(f) == 0 ? 0 : 1;
}

int main(int argc, char *argv[])
{
        int k;

        if (argc > 2 && strcmp(argv[1], "index") == 0)
                return write_index(argc - 2, argv + 2);
        if (argc != 4)
                return 2;
        release = argv[1];
        k = strcmp(argv[2], "alias") == 0 ? kmod_load_alias(argv[3]) : kmod_load(argv[3]);
        printf("%s\n", k == 0 ? "0" : strerror(-k));
        return 0;
}
