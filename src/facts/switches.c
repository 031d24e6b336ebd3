/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/facts.h"

#define CMDLINE_MAX ((size_t)64 * 1024)

static void add_skipped(struct arena *a, const char *names, struct words *skip)
{
        char *rest = arena_strdup(a, names);

        for (char *name; (name = strsep(&rest, ","));)
                if (*name)
                        str_add(a, &skip->v, &skip->n, name);
}

static void read_switch(struct arena *a, const struct token *t, struct facts *facts)
{
        bool on;

        if (cmdline_name_is(t->name, "passthrough.skip") && t->value)
                add_skipped(a, t->value, &facts->skip);
        else if (cmdline_name_is(t->name, "passthrough.trial") && t->value && strchr(t->value, ':')) {
                if (!str_to_u32(strchr(t->value, ':') + 1, 10, &facts->trial))
                        facts->trial = 0;
        } else if (cmdline_name_is(t->name, "passthrough")) {
                /* Who writes passthrough=of wants out: only what clearly means on is on. */
                facts->off = t->value && !(str_to_bool(t->value, &on) && on);
                facts->off_by = facts->off ? arena_join(a, t->name, "=", t->value, NULL) : NULL;
        }
        facts->kdump |= streq(t->name, "elfcorehdr") && t->value;
}

int facts_read_switches(const struct root *root, struct arena *a, struct facts *facts)
{
        struct token *tokens;
        size_t size, n;
        bool unclosed;
        char *line;
        int k = root_read_all(root, a, "/proc/cmdline", CMDLINE_MAX, &line, &size);

        facts->switches_known = true;
        if (k < 0)
                return k == -ENOENT || k == -ENOTDIR ? 0 : k;
        facts->cmdline = line;
        cmdline_split(a, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++)
                read_switch(a, &tokens[i], facts);
        if (facts->kdump) {
                facts->off = true;
                facts->off_by = "elfcorehdr= (a kdump kernel)";
        }
        return 0;
}
