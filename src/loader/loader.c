/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/loader.h"

#include "base/str.h"

const char *boot_name(const struct boot_facts *facts)
{
        return facts->loader ? facts->loader->name : "unknown";
}

void boot_verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        *ret = (struct boot_verdict){};
        if (facts->loader)
                facts->loader->verify(facts, tokens, a, ret);
}

void boot_verify_running(const struct boot_facts *facts, struct strings tokens, struct arena *a,
                         struct boot_verdict *ret)
{
        const char *line = facts->cmdline ? facts->cmdline : "";

        ret->n_entries = 1;
        for (size_t i = 0; i < tokens.n; i++)
                if (!span_has((struct span){line, strcspn(line, "\n")}, tokens.v[i]))
                        strings_add(a, &ret->lacking, arena_printf(a, "the running kernel has no %s", tokens.v[i]));
}

const char *boot_text(const struct boot_facts *facts, const char *path)
{
        for (size_t i = 0; i < facts->n_files; i++)
                if (streq(facts->files[i].path, path))
                        return facts->files[i].text;
        return NULL;
}

int boot_read(struct detector *d, const char *path, bool edited)
{
        struct boot_facts *f = d->facts;
        struct boot_file *file = arena_grow(d->probe->arena, &f->files, f->n_files, sizeof(*f->files));

        *file = (struct boot_file){.path = path, .edited = edited};
        f->n_files++;
        return d->probe->text(d->probe, path, &file->text);
}
