/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Numbers as firmware and PCI have them, little endian and anywhere. */

#include <stdint.h>

static inline uint16_t le16(const unsigned char *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const unsigned char *p)
{
        return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const unsigned char *p)
{
        return le32(p) | (uint64_t)le32(p + 4) << 32;
}
