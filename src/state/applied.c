/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/applied.h"

#include <stdlib.h>

#include "base/recfile.h"
#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

static const struct field fields[] = {
        {FIELD(BYTES, applied_file, text)},
        {FIELD(TEXT, applied_file, rule), .names = (const char *const[]){"-"}},
        {FIELD(TEXT, applied_file, path)},
};

static const struct record_type types[] = {{LIST(applied, files), FIELDS(fields)}};

static const struct recfile format = {
        .first = "passthrough-applied 1",
        .separator = ' ',
        .ended = true,
        .max = (size_t)64 * 1024 * 1024,
        RECORD_TYPES(applied, types),
};

void applied_read(const struct root *root, struct arena *a, struct applied *ret)
{
        int k = recfile_read(root, a, &format, APPLIED_PATH, ret);

        ret->there = k == 0;
        ret->unknown = k != 0 && k != RECFILE_ABSENT;
}

char *applied_format(struct arena *a, const struct applied *applied)
{
        size_t size;

        return recfile_format(a, &format, applied, &size);
}

bool applied_rule(const struct applied *applied, struct arena *a, const struct bus_syntax *const *buses,
                  const char *name, struct rule *ret)
{
        struct config_text *texts = NULL;
        struct diags diags = {.arena = a};
        struct rule rule;
        size_t n = 0;

        for (size_t i = 0; i < applied->n_files; i++) {
                const struct applied_file *f = &applied->files[i];
                struct config_text *text;

                if (!f->rule || !streq(f->rule, name))
                        continue;
                text = arena_grow(a, &texts, n++, sizeof(*texts));
                *text = (struct config_text){f->path, f->text, f->size};
        }
        if (n == 0)
                return false;
        config_parse_rule(a, buses, name, texts, n, &diags, &rule);
        if (diags.n_errors > 0)
                return false;
        *ret = rule;
        return true;
}

void applied_settings(const struct applied *applied, struct arena *a, struct settings *ret)
{
        struct diags diags = {.arena = a};
        struct settings_file *files = NULL;
        size_t n = 0;

        for (size_t i = 0; i < applied->n_files; i++) {
                const struct applied_file *f = &applied->files[i];
                struct settings_file *slot;

                if (f->rule)
                        continue;
                slot = arena_grow(a, &files, n++, sizeof(*files));
                *slot = (struct settings_file){f->path, arena_strndup(a, f->text, f->size), f->size};
        }
        settings_read(a, &diags, files, n, ret);
}
