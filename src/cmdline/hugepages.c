/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages, as mm/hugetlb.c reads them from the left: a count is for the size before it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/judge.h"

/* lib/cmdline.c, memparse(). What follows the suffix is nobody's. */
static uint64_t memory_size(const char *s, const char **ret_end)
{
        static const char suffixes[] = "KMGTPE";
        char *end;
        uint64_t v = strtoull(s, &end, 0);
        const char *suffix = *end ? strchr(suffixes, *end >= 'a' ? *end - 'a' + 'A' : *end) : NULL;

        if (end != s && suffix && *suffix) {
                v <<= 10 * (suffix - suffixes + 1);
                end++;
        }
        *ret_end = end;
        return v;
}

static bool valid_size(const struct judge *j, uint64_t size)
{
        static const uint64_t arm[] = {UINT64_C(64) << 10, UINT64_C(32) << 20, UINT64_C(512) << 20, UINT64_C(16) << 30};

        if (size == UINT64_C(2) << 20 || size == UINT64_C(1) << 30)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(arm); i++)
                if (size == arm[i])
                        return j->machine->vendor == CPU_UNKNOWN || j->machine->vendor == CPU_OTHER;
        return false;
}

static int no_size(struct judge *j, const struct token *t)
{
        j->invalid_size = true;
        return say(j, t, READER_KERNEL, SEVERITY_ERROR, "1G or 2M",
                   "no size of huge pages here: the kernel ignores it, and the next hugepages= as well");
}

static int add_size(struct judge *j, const struct token *t, uint64_t size)
{
        for (size_t i = 0; i < j->n_sizes; i++)
                if (j->sizes[i].size == size) {
                        j->current = i;
                        return 0;
                }
        if (j->n_sizes == SIZES_MAX)
                return 0;
        j->current = j->n_sizes;
        j->sizes[j->n_sizes].token = t;
        j->sizes[j->n_sizes].size = size;
        j->n_sizes++;
        return 0;
}

int judge_hugepagesz(struct judge *j, const struct token *t)
{
        const char *end;
        uint64_t size = memory_size(t->value ? t->value : "", &end);

        if (!t->value || !valid_size(j, size))
                return no_size(j, t);
        j->invalid_size = false;
        for (size_t i = 0; i < j->n_sizes; i++)
                if (j->sizes[i].size == size && (j->sizes[i].counted || !j->sizes[i].is_default)) {
                        j->invalid_size = true;
                        return say(j, t, READER_KERNEL, SEVERITY_ERROR, "one hugepagesz= with one hugepages=",
                                   "the size is there already: the kernel ignores it, and the next hugepages= as well");
                }
        return add_size(j, t, size);
}

int judge_default_hugepagesz(struct judge *j, const struct token *t)
{
        const char *end;
        uint64_t size = memory_size(t->value ? t->value : "", &end);

        if (j->default_set) {
                j->invalid_size = true;
                return say(j, t, READER_KERNEL, SEVERITY_WARNING, "one default_hugepagesz=",
                           "a default was given before: the kernel keeps the first, and ignores the next hugepages=");
        }
        if (!t->value || !valid_size(j, size))
                return no_size(j, t);
        j->invalid_size = false;
        j->default_set = true;
        add_size(j, t, size);
        /* A count in front of all sizes is the default size's. */
        j->sizes[j->current].counted |= j->default_counted;
        j->sizes[j->current].is_default = true;
        return 0;
}

/* "8", or "0:4,1:4": the length that the kernel reads; 0 where it takes nothing of it. */
static size_t count_length(const char *value, uint64_t *ret_count)
{
        const char *c = value;
        int n = 0;

        *ret_count = 0;
        for (;;) {
                unsigned long v;

                if (sscanf(c, "%lu%n", &v, &n) != 1 || *c == '-')
                        return 0;
                if (c[n] != ':') {
                        if (c != value)
                                return 0;
                        *ret_count = v;
                        return (size_t)n;
                }
                c += n + 1;
                if (sscanf(c, "%lu%n", &v, &n) != 1 || *c == '-')
                        return 0;
                *ret_count += v;
                c += n;
                if (*c != ',')
                        return (size_t)(c - value);
                c++;
                if (!*c)
                        return (size_t)(c - value);
        }
}

int judge_hugepages(struct judge *j, const struct token *t)
{
        const char *value = t->value ? t->value : "";
        bool *counted = j->n_sizes == 0 ? &j->default_counted : &j->sizes[j->current].counted;
        uint64_t count;
        size_t length = count_length(value, &count);
        int k;

        if (j->invalid_size) {
                j->invalid_size = false;
                return say(j, t, READER_KERNEL, SEVERITY_ERROR, "hugepagesz=1G hugepages=N",
                           "follows no valid size: the kernel ignores it");
        }
        if (*counted)
                return say(j, t, READER_KERNEL, SEVERITY_ERROR, "one hugepages= behind each hugepagesz=",
                           "a second count for one size: the kernel ignores it");
        *counted = true;
        if (length == 0)
                return say(j, t, READER_KERNEL, SEVERITY_ERROR, "hugepages=8 or hugepages=0:4,1:4",
                           "no count: the kernel reserves nothing");
        if (value[length]) {
                k = say(j, t, READER_KERNEL, SEVERITY_WARNING, "hugepages=8 or hugepages=0:4,1:4",
                        "of the value the kernel reads \"%.*s\" and ignores the rest", (int)length, value);
                if (k < 0)
                        return k;
        }
        return say(j, t, READER_KERNEL, SEVERITY_INFO, "", "reserves %" PRIu64 " pages of %s at boot%s", count,
                   j->n_sizes > 0 ? j->sizes[j->current].token->value : "the default size",
                   strchr(value, ':') ? "; the kernel takes none of it where one of the nodes is not online" : "");
}

int judge_hugetlb_cma(struct judge *j, const struct token *t)
{
        return say(j, t, READER_KERNEL, SEVERITY_INFO, "",
                   "sets memory aside that 1 GiB pages can be made of later; it reserves none");
}

int judge_sizes(struct judge *j)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < j->n_sizes; i++)
                if (!j->sizes[i].counted)
                        k = say(j, j->sizes[i].token, READER_KERNEL, SEVERITY_WARNING, "hugepagesz=1G hugepages=N",
                                "a size without a count: no hugepages= follows it, so no such page is reserved at "
                                "boot");
        return k;
}
