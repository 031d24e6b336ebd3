/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages, as mm/hugetlb.c reads them from the left: a count is for the size before it. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/judge.h"

/* lib/cmdline.c, memparse(): no sign, no blank in front, and what follows the suffix is nobody's. */
uint64_t judge_bytes(const char *s)
{
        static const char suffixes[] = "KMGTPE";
        const char *suffix;
        char *end;
        uint64_t v;

        if (!isdigit((unsigned char)*s))
                return 0;
        v = strtoull(s, &end, 0);
        suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
        return suffix ? v << 10 * (suffix - suffixes + 1) : v;
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

static void no_size(struct judge *j, const struct token *t)
{
        j->invalid_size = true;
        return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "1G or 2M",
                           "not a size of huge pages here: the kernel ignores it, and the next hugepages= as well");
}

static void without_value(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "hugepagesz=1G hugepages=N",
                           "without a value it does nothing");
}

static struct huge_size *find_size(struct judge *j, uint64_t size)
{
        for (size_t i = 0; i < j->n_sizes; i++)
                if (j->sizes[i].size == size)
                        return &j->sizes[i];
        return NULL;
}

/* A size of its own, which the next count is for. */
static struct huge_size *add_size(struct judge *j, const struct token *t, uint64_t size)
{
        struct huge_size *s = j->n_sizes < SIZES_MAX ? &j->sizes[j->n_sizes++] : &j->sizes[SIZES_MAX - 1];

        s->token = t;
        s->size = size;
        j->current = s;
        return s;
}

void judge_hugepagesz(struct judge *j, const struct token *t)
{
        uint64_t size = judge_bytes(t->value ? t->value : "");
        struct huge_size *s = find_size(j, size);

        if (!t->value)
                return without_value(j, t);
        if (!valid_size(j, size))
                return no_size(j, t);
        j->invalid_size = s && (s != j->default_size || s->count > 0);
        if (j->invalid_size)
                return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "one hugepagesz= with one hugepages=",
                                   "the size is there already: the kernel ignores it, and the next hugepages= as well");
        if (!s)
                s = add_size(j, t, size);
        s->token = t;
        j->current = s;
}

void judge_default_hugepagesz(struct judge *j, const struct token *t)
{
        uint64_t size = judge_bytes(t->value ? t->value : "");
        struct huge_size *s = find_size(j, size);

        if (!t->value)
                return without_value(j, t);
        if (j->default_size) {
                j->invalid_size = true;
                return finding_add(
                        j, t, READER_KERNEL, SEVERITY_WARNING, "one default_hugepagesz=",
                        "a default was given before: the kernel keeps the first, and ignores the next hugepages=");
        }
        if (!valid_size(j, size))
                return no_size(j, t);
        j->invalid_size = false;
        /* If the size is there already, the next count does not belong to it, but to the size before. */
        j->default_size = s ? s : add_size(j, t, size);
        if (j->unnamed.count > 0) {
                j->default_size->count = j->unnamed.count;
                j->default_size->asked = true;
                j->unnamed.count = 0;
        }
}

/* The kernel's "%lu": no sign. */
static bool scan_number(const char *s, unsigned long *ret, int *ret_n)
{
        char first = s[strspn(s, " \t\n\v\f\r")];

        return first != '+' && first != '-' && sscanf(s, "%lu%n", ret, ret_n) == 1;
}

/* "8", or "0:4,1:4": the length that the kernel reads; 0 where it takes nothing of it. */
static size_t count_length(const char *value, uint64_t *ret_count)
{
        const char *c = value;
        int n = 0;

        *ret_count = 0;
        for (;;) {
                unsigned long v;

                if (!scan_number(c, &v, &n))
                        return 0;
                if (c[n] != ':') {
                        if (c != value)
                                return 0;
                        *ret_count = v;
                        return (size_t)n;
                }
                c += n + 1;
                if (!scan_number(c, &v, &n))
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

void judge_hugepages(struct judge *j, const struct token *t)
{
        const char *value = t->value ? t->value : "";
        struct huge_size *s = j->current;
        uint64_t count, before = s->count;
        size_t length = count_length(value, &count);

        if (!t->value)
                return without_value(j, t);
        if (j->invalid_size) {
                j->invalid_size = false;
                return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "hugepagesz=1G hugepages=N",
                                   "follows no valid size: the kernel ignores it");
        }
        if (s == j->counted_last)
                return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "one hugepages= behind each hugepagesz=",
                                   "a second count for one size: the kernel ignores it");
        s->asked = true;
        s->counted = t;
        if (length > 0 || !*value) /* after one that it cannot read the kernel takes another */
                j->counted_last = s;
        if (length == 0) {
                s->count = *value ? 0 : before;
                return finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "hugepages=8 or hugepages=0:4,1:4",
                                   "no count: the kernel reserves nothing");
        }
        s->count = count;
        if (before > 0)
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "one hugepages= for each size",
                            "replaces the count before all sizes, which was for the default size");
        if (value[length])
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "hugepages=8 or hugepages=0:4,1:4",
                            "the kernel reads \"%.*s\" and ignores the rest of the value", (int)length, value);
        finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "", "reserves %" PRIu64 " pages of %s at boot%s", count,
                    s->token ? s->token->value : "the default size",
                    strchr(value, ':') ? "; the kernel reserves none of them if one of the nodes is not online" : "");
}

void judge_hugetlb_cma(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                           "sets memory aside for 1 GiB pages that are made later; it reserves none");
}

void judge_sizes(struct judge *j)
{

        for (size_t i = 0; i < j->n_sizes; i++) {
                const struct huge_size *s = &j->sizes[i];

                /* On x86 the default is 2M where none is named: hugetlb_init() takes the count in front of all sizes.
                 */
                if (s->count > 0 && j->unnamed.count > 0 && !j->default_size && s->size == UINT64_C(2) << 20)
                        finding_add(j, s->token, READER_KERNEL, SEVERITY_WARNING, "one hugepages= for each size",
                                    "the default size: the hugepages= before all sizes replaces the count behind it");
                if (s->asked)
                        continue;
                if (cmdline_name_is(s->token->name, "default_hugepagesz"))
                        finding_add(j, s->token, READER_KERNEL, SEVERITY_INFO, "",
                                    "a program that names no size gets huge pages of this one; it reserves none");
                else
                        finding_add(j, s->token, READER_KERNEL, SEVERITY_WARNING, "hugepagesz=1G hugepages=N",
                                    "a size without a count: no hugepages= follows it, so no such page is reserved at "
                                    "boot");
        }
}

uint64_t judge_pages(const struct judge *j, const struct token **ret)
{
        const struct huge_size *unnamed = &j->unnamed;
        uint64_t bytes = unnamed->count << 21; /* x86's default */

        *ret = unnamed->count > 0 ? unnamed->counted : NULL;
        for (size_t i = 0; i < j->n_sizes; i++) {
                const struct huge_size *s = &j->sizes[i];
                uint64_t all;

                if (s->count == 0)
                        continue;
                if (__builtin_mul_overflow(s->count, s->size, &all) || __builtin_add_overflow(bytes, all, &bytes))
                        bytes = UINT64_MAX;
                if (!*ret || (s->counted && s->counted > *ret))
                        *ret = s->counted;
        }
        return bytes;
}
