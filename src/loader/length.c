/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the lines that the kernel gets fit: what is beyond COMMAND_LINE_SIZE is cut without a word, by GRUB on x86 by
 * whole tokens (grub-core/lib/cmdline.c), else by the kernel. Its own tokens the boot loader puts in front.
 */
#include "loader/length.h"

#include "base/str.h"
#include "cmdline/cmdline.h"

#define LONGEST (CMDLINE_SIZE - 1)
#define NEAR    128 /* fewer characters left than these are few */

enum length_fit length_fits(size_t characters)
{
        return characters > LONGEST          ? LENGTH_TOO_LONG
               : characters + NEAR > LONGEST ? LENGTH_NEARLY_TOO_LONG
                                             : LENGTH_FITS;
}

const char *length_text(struct arena *a, const char *what, size_t characters)
{
        return arena_printf(
                a,
                length_fits(characters) == LENGTH_TOO_LONG
                        ? "%s: the line has %zu characters, and the kernel takes %d: the last tokens are lost"
                        : "%s: the line has %zu characters of the %d that the kernel takes",
                what, characters, LONGEST);
}

void length_add(struct arena *a, struct lengths *lengths, const char *what, size_t characters)
{
        struct length *length = arena_grow(a, &lengths->v, lengths->n, sizeof(*length));

        *length = (struct length){what, characters};
        lengths->n++;
}

const char *length_problem(struct boot_plan *plan, struct arena *a)
{
        const struct boot_facts *facts = plan->facts;
        struct boot_facts next = boot_as_planned(plan, a);
        struct lengths now = {}, then = {};

        if (!facts->loader->lengths)
                return NULL;
        facts->loader->lengths(facts, a, &now);
        facts->loader->lengths(&next, a, &then);
        for (size_t i = 0; i < then.n; i++) {
                const struct length *line = &then.v[i];
                enum length_fit fit = length_fits(line->characters);
                const char *text;

                if (fit == LENGTH_FITS)
                        continue;
                text = length_text(a, line->what, line->characters);
                /* What was too long before is told; what makes a line longer than that is not done. */
                if (fit == LENGTH_TOO_LONG && line->characters > now.v[i].characters)
                        return arena_join(a, text, "; nothing is written", NULL);
                strings_add(a, &plan->notes, text);
        }
        return NULL;
}
