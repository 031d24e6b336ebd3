/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A host as those see it who make no system call: they ask here. */

#include "loader/esp.h"
#include "loader/pe.h"

/* What a file lies on. */
struct probe_disk {
        bool there;
        const char *type; /* of the file system, or NULL */
        bool hardware;    /* a disk, or a partition of one */
        bool layered;     /* LVM, RAID and the like */
};

struct probe {
        struct arena *arena;
        const struct root *root; /* for probe.c alone */
        const char *unreadable;  /* what text() or list() failed at, or NULL */
        bool thorough;           /* copies are read and compared, not their size and time alone */

        bool (*exists)(const struct probe *p, const char *path);
        /* *ret: NULL where the file is not there. 0 or -errno. */
        int (*text)(struct probe *p, const char *path, const char **ret);
        /* The same of a file in which NUL bytes end strings: they become newlines. */
        int (*strings)(struct probe *p, const char *path, const char **ret);
        /* An absent directory is empty. 0 or -errno. */
        int (*list)(struct probe *p, const char *path, const char ***ret, size_t *ret_n);
        /* True if a command is to be found. */
        bool (*program)(const struct probe *p, const char *name);
        /*
         * What a command says that does nothing else; NULL: it is not there, it fails, or this is another host, whose
         * commands are not run.
         */
        const char *(*says)(struct probe *p, const char *command);
        struct probe_disk (*disk)(struct probe *p, const char *path);
        /* pe.h; one that is not there is not valid. */
        int (*pe)(struct probe *p, const char *path, bool whole, struct pe_file *ret);
        /* esp.h */
        int (*esp_open)(struct probe *p, struct boot_esp *x, struct esp *ret);
        int (*esp_compare)(const struct esp *e, struct esp_copy *copy);
        void (*esp_close)(struct esp *e, const struct boot_esp *x);
};

/* Lives as long as the arena. */
struct probe *probe_of(const struct root *root, struct arena *a);
