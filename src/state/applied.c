/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/applied.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/config.h"
#include "config/keys.h"

#define FIRST_LINE "passthrough-applied 1"
#define LAST_LINE  "end"
#define SIZE_LIMIT ((size_t)64 * 1024 * 1024)

/* "SIZE RULE PATH", then so many bytes and a newline; passthrough.conf has "-" for RULE. */
static int parse_file(struct arena *a, char **text, size_t *left, char *line, struct applied *applied)
{
        struct applied_file *f = arena_grow(a, &applied->files, applied->n_files, sizeof(*applied->files));
        const char *size = strsep(&line, " "), *rule = line ? strsep(&line, " ") : NULL;
        uint32_t n;

        if (!rule || !line || *line != '/' || str_to_u32(size, 10, &n) < 0 || n >= *left || (*text)[n] != '\n')
                return -EBADMSG;
        *f = (struct applied_file){streq(rule, "-") ? NULL : rule, line, *text, n};
        (*text)[n] = '\0';
        *text += n + 1;
        *left -= n + 1;
        applied->n_files++;
        return 0;
}

static int parse(struct arena *a, char *text, size_t size, struct applied *ret)
{
        struct applied applied = {.there = true};
        bool first = true;

        for (;;) {
                char *line = text, *eol = memchr(text, '\n', size);
                int k;

                if (!eol)
                        return -EBADMSG;
                *eol = '\0';
                size -= (size_t)(eol + 1 - text);
                text = eol + 1;
                if (first) {
                        first = false;
                        if (!streq(line, FIRST_LINE))
                                return -EBADMSG;
                        continue;
                }
                if (streq(line, LAST_LINE))
                        break;
                k = parse_file(a, &text, &size, line, &applied);
                if (k < 0)
                        return k;
        }
        *ret = applied;
        return 0;
}

void applied_read(const struct root *root, struct arena *a, struct applied *ret)
{
        char *text;
        size_t size;
        int k = root_read_all(root, a, APPLIED_PATH, SIZE_LIMIT, &text, &size);

        *ret = (struct applied){};
        if (k == 0)
                k = parse(a, text, size, ret);
}

char *applied_format(struct arena *a, const struct applied *applied)
{
        char *text = arena_strdup(a, FIRST_LINE "\n");

        for (size_t i = 0; text && i < applied->n_files; i++) {
                const struct applied_file *f = &applied->files[i];

                text = arena_printf(a, "%s%zu %s %s\n%s\n", text, f->size, f->rule ? f->rule : "-", f->path, f->text);
        }
        return text ? arena_join(a, text, LAST_LINE "\n", NULL) : NULL;
}

int applied_rule(const struct applied *applied, struct arena *a, const char *name, struct rule *ret)
{
        struct diags diags = {.arena = a};
        struct rule rule = RULE_INIT;
        int k = 0;

        for (size_t i = 0; k == 0 && i < applied->n_files; i++) {
                const struct applied_file *f = &applied->files[i];
                char *copy;

                if (!f->rule || !streq(f->rule, name))
                        continue;
                if (rule.n_files == 0) {
                        rule.name = f->rule;
                        rule.file = f->path;
                        rule.digest = STR_HASH_START;
                }
                copy = arena_strndup(a, f->text, f->size);
                k = config_add_file(a, f->path, copy, f->size, &diags, &rule);
        }
        if (k == 0 && rule.n_files > 0)
                keys_check(&diags, &rule);
        if (k == 0 && (rule.n_files == 0 || diags.n_errors > 0))
                return APPLIED_NO_RULE;
        if (k == 0)
                *ret = rule;
        return k;
}

int applied_settings(const struct applied *applied, struct arena *a, struct settings *ret)
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
        return settings_read(a, &diags, files, n, ret);
}
