/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diag.h"

#include <errno.h>

#include "base/str.h"

void diag_add(struct diags *d, enum diag_level level, const char *file, unsigned line, const char *format, ...)
{
        struct diag *entry = arena_grow(d->arena, &d->v, d->n, sizeof(*d->v));
        char *message, *printable = NULL;
        va_list ap;

        va_start(ap, format);
        message = arena_vprintf(d->arena, format, ap);
        va_end(ap);
        if (file)
                printable = arena_strdup(d->arena, file);
        str_make_printable(message);
        if (printable)
                str_make_printable(printable);
        *entry = (struct diag){.level = level, .file = printable, .line = line, .message = message};
        d->n++;
        d->n_errors += level == DIAG_ERROR;
}

void diag_print(FILE *f, const struct diag *d)
{
        if (d->file && d->line)
                fprintf(f, "%s:%u: ", d->file, d->line);
        else if (d->file)
                fprintf(f, "%s: ", d->file);
        fprintf(f, "%s%s", d->level == DIAG_WARNING ? "warning: " : "", d->message);
}

void diags_print(FILE *f, const struct diags *d)
{
        for (size_t i = 0; i < d->n; i++) {
                diag_print(f, &d->v[i]);
                fputc('\n', f);
        }
}
