/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/content.h"

#include <errno.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/str.h"

#define SIZE_LIMIT ((size_t)64 * 1024 * 1024)

static const char *text_of(struct arena *a, uint64_t size, uint64_t hash)
{
        return arena_printf(a, "%" PRIu64 ":%016" PRIx64, size, hash);
}

bool content_valid(const char *s)
{
        size_t n = strspn(s, "0123456789");

        return n > 0 && s[n] == ':' && strlen(s + n + 1) == 16 && strspn(s + n + 1, "0123456789abcdef") == 16;
}

const char *content_of(struct arena *a, const char *data, size_t size)
{
        return data ? text_of(a, size, str_hash(STR_HASH_START, data, size)) : NULL;
}

int content_measure(const struct root *root, struct arena *a, const char *path, const char **ret)
{
        uint64_t size, hash;
        int k = file_hash(root, path, &size, &hash);

        if (k < 0 && k != -ENOENT && k != -ENOTDIR)
                return k;
        *ret = k == 0 ? text_of(a, size, hash) : NULL;
        return 0;
}

int content_read(const struct root *root, struct arena *a, const char *path, const char **ret, char **ret_data,
                 size_t *ret_size)
{
        int k = root_read_all(root, a, path, SIZE_LIMIT, ret_data, ret_size);

        if (k < 0 && k != -ENOENT && k != -ENOTDIR)
                return k;
        if (k < 0) {
                *ret_data = NULL;
                *ret_size = 0;
        }
        *ret = content_of(a, *ret_data, *ret_size);
        return 0;
}
