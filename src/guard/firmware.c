/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The partition that the firmware booted from, where UEFI tells: an EFI system partition need neither be mounted nor
 * stand in fstab to be the one that the next boot begins on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/str.h"
#include "guard/storage.h"

/* UEFI Specification, 3.1.3 (load options), 10.3.5.1 (hard drive node), 3.3 (globally defined variables). */
#define VARIABLE "/sys/firmware/efi/efivars/Boot%s-8be4df61-93ca-11d2-aa0d-00e098032b8c"

enum {
        VARIABLE_ATTRIBUTES = 4, /* in front of each variable's value (Documentation/filesystems/efivarfs.rst) */
        OPTION_LIST_LENGTH = VARIABLE_ATTRIBUTES + 4,
        OPTION_DESCRIPTION = OPTION_LIST_LENGTH + 2,
        NODE_MEDIA = 4,
        NODE_HARD_DRIVE = 1,
        HARD_DRIVE_LENGTH = 42,
        SIGNATURE_MBR = 1,
        SIGNATURE_GUID = 2,
};

/* Without UEFI, and of an entry that was taken out since, there is none. */
static ssize_t read_variable(struct graph *g, const char *name, unsigned char *buf, size_t size)
{
        _cleanup_(close_fd) int fd = -1;
        char path[128];
        ssize_t n;

        snprintf(path, sizeof(path), VARIABLE, name);
        fd = root_open_at(g->root, path, O_RDONLY | O_NONBLOCK);
        n = fd < 0 ? fd : pread(fd, buf, size, 0);
        if (n < 0 && fd != -ENOENT && fd != -ENOTDIR)
                guard_unknown(g, &g->evidence->storage_unknown, "%s cannot be read", path);
        return n;
}

/* "PARTUUID=..." of the first hard drive node in a load option. */
static bool partition(const unsigned char *option, size_t size, char *ret, size_t ret_size)
{
        size_t at = OPTION_DESCRIPTION, end;

        while (at + 2 <= size && le16(option + at) != 0)
                at += 2;
        at += 2;
        end = at + (size >= OPTION_DESCRIPTION ? le16(option + OPTION_LIST_LENGTH) : 0);
        for (size_t length; at + 4 <= size && at + 4 <= end; at += length) {
                const unsigned char *node = option + at, *g = node + 24;

                length = le16(node + 2);
                if (length < 4 || at + length > size)
                        return false;
                if (node[0] != NODE_MEDIA || node[1] != NODE_HARD_DRIVE || length != HARD_DRIVE_LENGTH)
                        continue;
                if (node[41] == SIGNATURE_GUID)
                        snprintf(ret, ret_size, "PARTUUID=%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", le32(g),
                                 le16(g + 4), le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
                else if (node[41] == SIGNATURE_MBR)
                        snprintf(ret, ret_size, "PARTUUID=%08x-%02x", le32(g), le32(node + 4));
                return node[41] == SIGNATURE_GUID || node[41] == SIGNATURE_MBR;
        }
        return false;
}

void guard_firmware(struct graph *g)
{
        unsigned char current[8], option[4096];
        char name[8], spec[64];
        ssize_t n = read_variable(g, "Current", current, sizeof(current));

        if (n < VARIABLE_ATTRIBUTES + 2)
                return;
        snprintf(name, sizeof(name), "%04X", le16(current + VARIABLE_ATTRIBUTES));
        n = read_variable(g, name, option, sizeof(option));
        /* A partition that is no longer there booted this host from a stick that was pulled. */
        if (n >= 0 && partition(option, (size_t)n, spec, sizeof(spec)) &&
            guard_use_spec(g, spec, "the firmware booted from it") == 0)
                guard_unknown(g, &g->evidence->missing, "the firmware booted from %s, which is on no disk here", spec);
}
