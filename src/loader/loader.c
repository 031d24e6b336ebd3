/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/loader.h"

#include "base/str.h"
#include "loader/boot-plan.h"

const char *boot_name(const struct boot_facts *facts)
{
        return facts->loader ? facts->loader->name : "unknown";
}

void boot_verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        *ret = (struct boot_verdict){};
        if (facts->loader)
                facts->loader->verify(facts, tokens, a, ret);
        boot_trial_problems(facts, a, &ret->lacking);
}

void boot_trial_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        struct boot_lines all = {};
        struct span value;

        *ret = (struct boot_lines){};
        if (facts->loader && facts->loader->lines)
                facts->loader->lines(facts, a, &all);
        for (size_t i = 0; i < all.n; i++)
                if (span_value(span_of(all.v[i].text), TRIAL_TOKEN, &value))
                        boot_line_add(a, ret, all.v[i].path, all.v[i].text, all.v[i].entry);
}

void boot_trial_problems(const struct boot_facts *facts, struct arena *a, struct strings *problems)
{
        struct boot_lines lines;

        boot_trial_lines(facts, a, &lines);
        for (size_t i = 0; i < lines.n; i++)
                strings_add(a, problems, arena_join(a, lines.v[i].path, " has the " TRIAL_TOKEN " of a trial", NULL));
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

/* A copy of the files, as the plan makes them. */
static struct boot_file *as_planned(const struct boot_plan *plan, struct arena *a, const struct boot_file *files,
                                    size_t n)
{
        struct boot_file *copy = arena_alloc(a, n * sizeof(*copy));

        for (size_t i = 0; i < n; i++) {
                const struct change *change = changes_find(&plan->changes, files[i].path);

                copy[i] = files[i];
                if (change)
                        copy[i].text = change->new;
        }
        return copy;
}

struct boot_facts boot_as_planned(const struct boot_plan *plan, struct arena *a)
{
        struct boot_facts next = *plan->facts;

        next.entries = as_planned(plan, a, next.entries, next.n_entries);
        next.files = as_planned(plan, a, next.files, next.n_files);
        next.addons = as_planned(plan, a, next.addons, next.n_unified);
        return next;
}

void boot_line_add(struct arena *a, struct boot_lines *lines, const char *path, const char *text, bool entry)
{
        struct boot_line *line = arena_grow(a, &lines->v, lines->n, sizeof(*line));

        *line = (struct boot_line){path, text, entry};
        lines->n++;
}

void boot_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        *ret = (struct boot_lines){};
        if (facts->loader && facts->loader->lines)
                facts->loader->lines(facts, a, ret);
        if (ret->n == 0 && facts->cmdline)
                boot_line_add(a, ret, "/proc/cmdline", facts->cmdline, false);
}

struct boot_kernel *boot_kernel_add(struct arena *a, struct boot_kernels *kernels, const char *where)
{
        struct boot_kernel *kernel = arena_grow(a, &kernels->v, kernels->n, sizeof(*kernel));

        *kernel = (struct boot_kernel){.where = where};
        kernels->n++;
        return kernel;
}

bool boot_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        *ret = (struct boot_kernels){};
        if (!facts->loader || !facts->loader->kernels)
                return false;
        facts->loader->kernels(facts, a, ret);
        return true;
}

/* The line of a file that has the token, or 0: behind a word's beginning, and before its end. */
static unsigned line_of(const char *text, const char *token)
{
        size_t length = strlen(token);
        struct span line;
        unsigned n = 0;

        while (text && span_line(&text, &line)) {
                n++;
                for (const char *at = line.at; (at = memmem(at, line.length - (size_t)(at - line.at), token, length));
                     at++) {
                        const char *end = at + length;
                        bool begins = at == line.at || strchr(" \t=\"'", at[-1]);

                        if (begins && (end == line.at + line.length || strchr(" \t\"'", *end)))
                                return n;
                }
        }
        return 0;
}

static bool search(struct arena *a, const struct boot_file *files, size_t n, const char *path, const char *token,
                   const char **ret)
{
        for (size_t i = n; i-- > 0;) {
                unsigned line = startswith(files[i].path, path) ? line_of(files[i].text, token) : 0;

                if (line == 0)
                        continue;
                *ret = arena_printf(a, "%s:%u", files[i].path, line);
                return true;
        }
        return false;
}

const char *boot_where(const struct boot_facts *facts, struct arena *a, const struct boot_line *line, const char *token)
{
        const char *where = line->path;

        if (!search(a, facts->files, facts->n_files, line->path, token, &where))
                (void)search(a, facts->entries, facts->n_entries, line->path, token, &where);
        return where;
}
