/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/lvm-label.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/root.h"

enum {
        SECTOR = 512,
        LABEL_SECTORS = 4, /* the label is in one of the first */
        LABEL_OFFSET = 20, /* in it, where what follows it begins */
        LABEL_TYPE = 24,
        PV_AREAS = 32 + 8, /* behind the UUID and the size: data areas, then metadata areas, each list ends with 0 */
        AREA = 16,         /* offset and size, in bytes */
        MDA_MAGIC = 4,
        MDA_START = 24,
        MDA_TEXT = 40, /* where the text is in the area, and its size */
        MDA_SIZE = 48,
};

static const char magic[16] = {' ', 'L', 'V', 'M', '2', ' ', 'x', '[', '5', 'A', '%', 'r', '0', 'N', '*', '>'};

/* Where the first metadata area is, 0 if it cannot be told. */
static uint64_t metadata_area(const unsigned char *sector)
{
        size_t at = le32(sector + LABEL_OFFSET);

        if (at > SECTOR - PV_AREAS)
                return 0;
        for (at += PV_AREAS; at + AREA <= SECTOR && le64(sector + at) != 0; at += AREA)
                ;
        at += AREA;
        return at + AREA <= SECTOR ? le64(sector + at) : 0;
}

/* "GROUP {" is how the text begins. */
static bool name(const char *text, size_t size, char ret[static LVM_NAME_MAX])
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-";
        size_t n = 0;

        while (n < size && text[n] && strchr(letters, text[n]))
                n++;
        if (n == 0 || n >= LVM_NAME_MAX || n + 2 > size || text[n] != ' ' || text[n + 1] != '{')
                return false;
        memcpy(ret, text, n);
        ret[n] = '\0';
        return true;
}

bool lvm_label_group(const char *device, char ret[static LVM_NAME_MAX])
{
        _cleanup_(close_fd) int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        unsigned char sectors[LABEL_SECTORS * SECTOR], header[SECTOR];
        char text[LVM_NAME_MAX + 2];
        uint64_t area = 0;
        ssize_t n;

        *ret = '\0';
        if (fd < 0 || pread(fd, sectors, sizeof(sectors), 0) != (ssize_t)sizeof(sectors))
                return false;
        for (size_t i = 0; i < LABEL_SECTORS && area == 0; i++) {
                const unsigned char *sector = sectors + i * SECTOR;

                if (memcmp(sector, "LABELONE", 8) == 0 && memcmp(sector + LABEL_TYPE, "LVM2 001", 8) == 0)
                        area = metadata_area(sector);
        }
        if (area == 0 || pread(fd, header, sizeof(header), (off_t)area) != (ssize_t)sizeof(header) ||
            memcmp(header + MDA_MAGIC, magic, sizeof(magic)) != 0 || le64(header + MDA_START) != area)
                return false;
        if (le64(header + MDA_TEXT) == 0 && le64(header + MDA_SIZE) == 0)
                return true;
        n = pread(fd, text, sizeof(text), (off_t)(area + le64(header + MDA_TEXT)));
        return n > 0 && name(text, (size_t)n, ret);
}
