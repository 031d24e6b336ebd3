/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the lines that the kernel gets fit: what is beyond COMMAND_LINE_SIZE is cut without a word, by GRUB on x86 by
 * whole tokens (grub-core/lib/cmdline.c), else by the kernel. Its own tokens the boot loader puts in front.
 */
#include <errno.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "loader/loader.h"

#define LONGEST (CMDLINE_SIZE - 1)
#define NEAR    128 /* fewer characters left than these are few */

struct line {
        const char *what;
        size_t length;
};

struct lines {
        struct line *v;
        size_t n;
};

const char *line_too_long(struct arena *a, const char *what, size_t length)
{
        return arena_printf(a, "%s: the line has %zu characters, and the kernel takes %d: the last tokens are lost",
                            what, length, LONGEST);
}

const char *line_nearly_too_long(struct arena *a, const char *what, size_t length)
{
        return arena_printf(a, "%s: the line has %zu characters of the %d that the kernel takes", what, length,
                            LONGEST);
}

enum line_fit line_fits(size_t length)
{
        return length > LONGEST ? LINE_TOO_LONG : length + NEAR > LONGEST ? LINE_NEARLY_TOO_LONG : LINE_FITS;
}

static void add(struct arena *a, struct lines *lines, const char *what, size_t length)
{
        struct line *line = arena_grow(a, &lines->v, lines->n, sizeof(*line));

        *line = (struct line){what, length};
        lines->n++;
}

/* Of those that are known before a command is run; the same ones, in the same order, whatever the files say. */
static void collect(const struct boot_facts *facts, struct arena *a, struct lines *ret)
{
        bool grub = facts->path == BOOT_DEBIAN_GRUB || facts->path == BOOT_GRUB2;
        bool entries = facts->path == BOOT_GRUB2_BLS || facts->path == BOOT_ENTRIES;
        const char *line = facts->kernel_cmdline.text;
        size_t length;

        *ret = (struct lines){};
        if (grub) {
                grub_settings_length(facts, a, &length);
                add(a, ret, "GRUB_CMDLINE_LINUX", length);
                return;
        }
        for (size_t i = 0; entries && i < facts->n_entries; i++)
                if (entry_is_ours(facts, &facts->entries[i]))
                        add(a, ret, facts->entries[i].path, entry_length(facts, &facts->entries[i]));
        if (entries)
                add(a, ret, BOOT_KERNEL_CMDLINE, line ? span_characters(line) : 0);
}

static void put(const struct boot_plan *plan, struct boot_file *file)
{
        for (size_t i = 0; i < plan->n_ops; i++)
                if (file->path && streq(plan->ops[i].path, file->path))
                        file->text = plan->ops[i].new;
}

/* A copy of the files, as the plan makes them. */
static void put_all(const struct boot_plan *plan, struct arena *a, struct boot_file **files, size_t n)
{
        struct boot_file *copy = arena_alloc(a, n * sizeof(*copy));

        for (size_t i = 0; i < n; i++) {
                copy[i] = (*files)[i];
                put(plan, &copy[i]);
        }
        *files = copy;
}

void boot_plan_lengths(struct boot_plan *plan, struct arena *a)
{
        struct boot_facts next = *plan->facts;
        struct lines now, then;

        put_all(plan, a, &next.entries, next.n_entries);

        put_all(plan, a, &next.defaults, next.n_defaults);
        put(plan, &next.dropin);
        put(plan, &next.grubenv);
        put(plan, &next.kernel_cmdline);
        collect(plan->facts, a, &now);
        collect(&next, a, &then);
        for (size_t i = 0; i < then.n; i++) {
                const struct line *line = &then.v[i];
                enum line_fit fit = line_fits(line->length);
                const char *text;

                if (fit == LINE_FITS)
                        continue;
                text = fit == LINE_TOO_LONG ? line_too_long(a, line->what, line->length)
                                            : line_nearly_too_long(a, line->what, line->length);
                /* What was too long before is told; what makes a line longer than that is not done. */
                if (text && fit == LINE_TOO_LONG && line->length > now.v[i].length) {
                        plan->problem = arena_join(a, text, "; nothing is written", NULL);
                        return;
                }
                str_add(a, &plan->notes, &plan->n_notes, text);
        }
}
