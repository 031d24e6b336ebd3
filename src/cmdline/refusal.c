/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which errors keep apply from writing a line. */
#include "base/str.h"
#include "cmdline/cmdline.h"

bool cmdline_was_booted_with(const struct cmdline_machine *machine, struct arena *a, const char *token, bool late)
{
        struct token *tokens;
        bool unclosed;
        size_t n;

        if (!machine->booted)
                return false;
        cmdline_split(a, machine->booted, &tokens, &n, &unclosed);
        while (n-- > 0)
                if (tokens[n].late == late && streq(tokens[n].text, token))
                        return true;
        return false;
}

bool cmdline_refuses(const struct finding *f, const struct cmdline_machine *machine, struct arena *a, bool added,
                     bool handover)
{
        switch (f->harm) {
        case HARM_NONE:
                return false;
        case HARM_ITSELF:
                return added;
        case HARM_HANDOVER:
                return handover;
        case HARM_IOMMU:
                return handover &&
                       !(machine->groups == KNOWN_YES && cmdline_was_booted_with(machine, a, f->token, false));
        case HARM_ANSWER:
        case HARM_BOOT:
                return true;
        }
        return true;
}
