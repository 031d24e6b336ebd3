/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline/finding.h"

#include "base/str.h"

const char *const arch_names[ARCH_MAX_] = {"unknown", "x86", "arm64", "POWER", "RISC-V", "another architecture"};

static const char *printable(char *s)
{
        str_without_controls(s);
        return s;
}

void finding_add(struct judge *j, const struct token *t, enum cmdline_reader reader, enum severity severity,
                 const char *fix, const char *format, ...)
{
        struct finding *f = arena_grow(j->arena, &j->findings->v, j->findings->n, sizeof(*f));
        va_list ap;

        va_start(ap, format);
        *f = (struct finding){.token = printable(arena_strdup(j->arena, t ? t->text : "")),
                              .reader = reader,
                              .severity = severity,
                              .harm = severity == SEVERITY_ERROR ? HARM_ITSELF : HARM_NONE,
                              .message = printable(arena_vprintf(j->arena, format, ap)),
                              .fix = printable(arena_strdup(j->arena, fix))};
        va_end(ap);
        j->findings->n++;
        if (t && streq(fix, "remove it"))
                finding_right(j, t, "");
        j->findings->n_errors += severity == SEVERITY_ERROR;
        j->findings->n_warnings += severity == SEVERITY_WARNING;
}

void finding_right(struct judge *j, const struct token *t, const char *text)
{
        j->right[t - j->tokens] = text;
}

void finding_harms(struct judge *j, enum harm harm)
{
        struct finding *f = &j->findings->v[j->findings->n - 1];

        if (f->severity == SEVERITY_ERROR)
                f->harm = harm;
}
