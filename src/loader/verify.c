/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what the boot loader will hand to the kernel has the tokens. */
#include <errno.h>

#include "base/str.h"
#include "loader/loader.h"

static void verify_entry(const struct boot_facts *facts, const struct boot_file *entry, const char *const *tokens,
                         size_t n_tokens, struct arena *a, struct boot_verdict *v)
{
        v->n_entries++;
        for (size_t i = 0; i < n_tokens; i++)
                if (!entry_has(facts, entry, tokens[i]))
                        str_add(a, &v->lacking, &v->n_lacking, arena_printf(a, "%s has no %s", entry->path, tokens[i]));
}

int boot_verify(const struct boot_facts *facts, const char *const *tokens, size_t n_tokens, struct arena *a,
                struct boot_verdict *ret)
{
        *ret = (struct boot_verdict){};
        if (facts->path == BOOT_DEBIAN_GRUB || facts->path == BOOT_GRUB2)
                return grub_verify(facts, tokens, n_tokens, a, ret);
        if (facts->path == BOOT_GRUB2_BLS || facts->path == BOOT_ENTRIES)
                for (size_t i = 0; i < facts->n_entries; i++)
                        if (entry_is_ours(facts, &facts->entries[i]))
                                verify_entry(facts, &facts->entries[i], tokens, n_tokens, a, ret);
        if (facts->path == BOOT_IMAGE || facts->path == BOOT_UKI) {
                const char *line = facts->cmdline ? facts->cmdline : "";

                ret->n_entries = 1;
                for (size_t i = 0; i < n_tokens; i++)
                        if (!span_has((struct span){line, strcspn(line, "\n")}, tokens[i]))
                                str_add(a, &ret->lacking, &ret->n_lacking,
                                        arena_printf(a, "the running kernel has no %s", tokens[i]));
        }
        return 0;
}
