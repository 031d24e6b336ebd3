/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the sections of a unified kernel image, or of an addon to one, say (Microsoft's "PE Format"; ukify(1)). A
 * captured machine has a line in place of such a file.
 */

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/root.h"

/* Bytes of a file; none: there is no such section, or more than one. */
struct pe_section {
        uint32_t at, size;
};

struct pe_file {
        bool valid;               /* it is such a file, as far as it was read */
        bool is_signed;           /* it has a signature; whose is unknown */
        const char *stub;         /* the version of systemd's stub in it, or NULL */
        const char *release;      /* the kernel's, or NULL */
        const char *line;         /* .cmdline, or NULL: it has none */
        struct pe_section initrd; /* of a captured machine none */
        const char *content;      /* content.h of all of it, where that was asked for */
};

/* 0 or -errno; one that is no such file is not valid. whole: its content, too. */
int pe_read(const struct root *root, struct arena *a, const char *path, bool whole, struct pe_file *ret) _must_check_;
/* A section of such a file, in memory; -EFBIG where it is larger than what may be held there. */
int pe_section_read(const struct root *root, struct arena *a, const char *path, struct pe_section section,
                    char **ret) _must_check_;
/* Likewise, as a file of its own. */
int pe_section_copy(const struct root *root, const char *path, struct pe_section section, const char *to) _must_check_;

/* Tells whether a name ends so, on a file system that knows no case. */
static inline bool pe_is_named(const char *name, const char *end)
{
        size_t n = strlen(name), m = strlen(end);

        return n > m && strcasecmp(name + n - m, end) == 0;
}
