/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/str.h"
#include "facts/facts.h"

#define CMDLINE_MAX ((size_t)64 * 1024)

/* The value of token where its name is name, '-' and '_' being the same as in the kernel's parameq(); else NULL. */
static char *value_of(char *token, const char *name)
{
        size_t n = strlen(name);

        for (size_t i = 0; i < n; i++)
                if (token[i] != name[i] && !(token[i] == '-' && name[i] == '_'))
                        return NULL;
        return token[n] == '=' ? token + n + 1 : token[n] == '\0' ? token + n : NULL;
}

/* Quotes hide blanks and mean nothing else here: as next_arg() in lib/cmdline.c, where they stand in front. */
static char *next_token(char **s)
{
        char *token, *out;
        bool quoted = false;

        *s += strspn(*s, " \t\n");
        if (!**s)
                return NULL;
        for (token = out = *s; **s && (quoted || !strchr(" \t\n", **s)); (*s)++) {
                if (**s == '"')
                        quoted = !quoted;
                else
                        *out++ = **s;
        }
        if (**s)
                (*s)++;
        *out = '\0';
        return token;
}

static int add_skipped(struct arena *a, char *names, struct words *skip)
{
        for (char *name; (name = strsep(&names, ","));) {
                const char **slot;

                if (!*name)
                        continue;
                slot = arena_grow(a, &skip->v, skip->n, sizeof(*skip->v));
                if (!slot)
                        return -ENOMEM;
                *slot = name;
                skip->n++;
        }
        return 0;
}

int facts_read_switches(const struct root *root, struct arena *a, struct facts *facts)
{
        char *line;
        size_t size;
        int k = root_read_all(root, a, "/proc/cmdline", CMDLINE_MAX, &line, &size);

        facts->switches_known = true;
        if (k == -ENOENT || k == -ENOTDIR)
                return 0;
        if (k < 0)
                return k;

        for (char *token; (token = next_token(&line));) {
                char *value;
                bool on;

                if ((value = value_of(token, "passthrough.skip"))) {
                        k = add_skipped(a, value, &facts->skip);
                        if (k < 0)
                                return k;
                } else if ((value = value_of(token, "passthrough"))) {
                        /* Who writes passthrough=of wants out: only what clearly means on is on. */
                        facts->off = value[-1] == '=' && !(str_to_bool(value, &on) == 0 && on);
                        facts->off_by = facts->off ? token : NULL;
                }
                facts->kdump |= startswith(token, "elfcorehdr=");
        }
        if (facts->kdump) {
                facts->off = true;
                facts->off_by = "elfcorehdr= (a kdump kernel)";
        }
        return 0;
}
