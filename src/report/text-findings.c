/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdline check for people: a row for each finding, and at the end the line as it is right to write. */
#include "base/str.h"
#include "report/paint.h"
#include "report/screen.h"
#include "report/text.h"

#define MARGIN 2
#define WORD   9 /* "warning", and what is between it and the token */
#define BELOW  (MARGIN + WORD + 2)

static void put_below(const struct screen *s, size_t margin, const char *head, const char *text)
{
        screen_skip(s, margin);
        fputs(head, s->f);
        screen_wrap(s, margin + strlen(head), margin + strlen(head), text);
}

static void put_finding(const struct screen *s, const struct finding *x)
{
        static const enum colour colours[SEVERITY_MAX_] = {
                [SEVERITY_ERROR] = RED, [SEVERITY_WARNING] = YELLOW, [SEVERITY_INFO] = GREY};
        const char *token = screen_letters(s, x->token);

        screen_skip(s, MARGIN);
        paint(s->f, colours[x->severity], WORD, severity_names[x->severity]);
        paint(s->f, BOLD, 0, token);
        fputc(' ', s->f);
        screen_wrap(s, MARGIN + WORD + screen_columns(token) + 1, BELOW,
                    arena_join(s->arena, "(", reader_names[x->reader], "): ", x->message, NULL));
        if (*x->fix)
                put_below(s, BELOW, "fix: ", x->fix);
}

void text_findings(FILE *f, const struct findings *findings, struct arena *a)
{
        const struct screen s = screen_of(f, a);

        for (size_t i = 0; i < findings->n; i++)
                put_finding(&s, &findings->v[i]);
        if (findings->n == 0)
                put_below(&s, MARGIN, "", "Nothing on this command line has to do with handing over devices.");
        else
                put_below(&s, MARGIN, "",
                          arena_printf(a, "%zu error%s, %zu warning%s.", findings->n_errors,
                                       findings->n_errors == 1 ? "" : "s", findings->n_warnings,
                                       findings->n_warnings == 1 ? "" : "s"));
        if (findings->right)
                put_below(&s, MARGIN, "Corrected: ", *findings->right ? findings->right : "(nothing)");
}
