/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * EFI system partitions that no path leads to: a program mounts each of them, copies kernels to it, and unmounts it
 * again. On the running host the partition is mounted where no other process sees it, for as long as it is looked at;
 * of another system it is what that has below ESP_MOUNTS.
 */

#include "base/root.h"

#define ESP_MOUNTS "/var/tmp/espmounts"
#define ESP_BY     "/dev/disk/by-uuid"

struct probe;

/* What became of a copy of one of the host's files. */
enum esp_copied {
        ESP_SAME,
        ESP_OTHER,  /* it is none of what that file is now */
        ESP_ABSENT, /* it is named, and not there */
        ESP_ALONE,  /* there is no such file any more */
        ESP_COPIED_MAX_,
};

struct esp_copy {
        const char *path, *source;
        enum esp_copied state;
};

enum esp_kind {
        ESP_UNKNOWN,
        ESP_SYSTEMD_BOOT,
        ESP_GRUB,
        ESP_KIND_MAX_,
};

struct boot_esp {
        const char *uuid;
        bool unread;         /* it has not been looked at: nothing else is known */
        const char *problem; /* why what is on it does not count, behind its name; or NULL */
        enum esp_kind kind;
        struct boot_file *files; /* entries, or the menu */
        size_t n_files;
        struct esp_copy *copies; /* of boot images */
        size_t n_copies;
};

/* One that is being looked at. */
struct esp {
        struct probe *probe; /* asked for its files; NULL: it cannot be looked at, and its problem says why */
        struct probe *host;
        struct root root;
        bool told; /* a capture has told its kind and copies */
};

/* x has its UUID. 0, or -errno where it is not known whether it is there. */
int esp_open(struct probe *host, struct boot_esp *x, struct esp *ret) _must_check_;
/* 0 or -errno. */
int esp_compare(const struct esp *e, struct esp_copy *copy) _must_check_;
/* A capture gets what x has. */
void esp_close(struct esp *e, const struct boot_esp *x);
