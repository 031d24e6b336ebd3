/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line: any bytes as /proc/cmdline. */
#include "facts/facts.h"

#include <stdlib.h>

#include "base/str.h"
#include "files.h"

static void read_switches(struct arena *a, const void *line, size_t size, struct facts *ret)
{
        struct root root = ROOT_INIT;

        *ret = (struct facts){};
        files_add("/proc/cmdline", line, size);
        CHECK(facts_read_switches(&root, a, ret) == 0);
        files_clear();
        CHECK(ret->off == (ret->off_by != NULL));
        CHECK(!ret->kdump || ret->off);
        for (size_t i = 0; i < ret->skip.n; i++)
                CHECK(*ret->skip.v[i] && !strchr(ret->skip.v[i], ','));
}

/* Where no quote is open, what stands behind a blank is a token of its own, whatever is before. */
static void read_with(struct arena *a, const uint8_t *line, size_t size, const char *token, struct facts *ret)
{
        char *longer = malloc(size + strlen(token) + 2);

        CHECK(longer);
        memcpy(longer, line, size);
        longer[size] = ' ';
        strcpy(longer + size + 1, token);
        read_switches(a, longer, size + 1 + strlen(token), ret);
        free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct facts plain, off, on, kdump, skip;
        struct arena a = {};
        size_t quotes = 0;

        read_switches(&a, data, size, &plain);
        for (size_t i = 0; i < size; i++)
                quotes += data[i] == '"';
        if (quotes % 2 == 0 && (size == 0 || !memchr(data, '\0', size))) {
                read_with(&a, data, size, "passthrough=off", &off);
                CHECK(off.off);
                read_with(&a, data, size, "elfcorehdr=0x1", &kdump);
                CHECK(kdump.off && kdump.kdump);
                read_with(&a, data, size, "passthrough=on", &on);
                CHECK(on.off == plain.kdump && on.kdump == plain.kdump);
                read_with(&a, data, size, "passthrough.skip=,a,,b", &skip);
                CHECK(skip.skip.n == plain.skip.n + 2 && streq(skip.skip.v[skip.skip.n - 1], "b"));
                CHECK(skip.off == plain.off);
        }
        arena_free(&a);
        return 0;
}
