/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/form.h"

#include "base/str.h"
#include "report/paint.h"

#define INDENT 2
#define TEXT   18 /* the column of it */

static size_t put_label(const struct screen *s, const char *label)
{
        screen_skip(s, INDENT);
        paint(s->f, BOLD, TEXT - INDENT, label);
        return TEXT;
}

void form_put(const struct screen *s, const char *label, const char *text)
{
        screen_wrap(s, put_label(s, label), TEXT, text);
}

size_t form_begin(const struct screen *s, const char *label, const char *text)
{
        size_t at = put_label(s, label);

        fputs(screen_letters(s, text), s->f);
        fflush(s->f);
        return at + screen_columns(text);
}

void form_end(const struct screen *s, size_t at, const char *text)
{
        size_t first = screen_columns(arena_strndup(s->arena, text, strcspn(text, " ")));

        fputc(',', s->f);
        if (at + 2 + first > s->width) {
                fputc('\n', s->f);
                screen_skip(s, TEXT);
                at = TEXT;
        } else {
                fputc(' ', s->f);
                at += 2;
        }
        screen_wrap(s, at, TEXT, text);
}

void form_say(const struct screen *s, const char *text)
{
        screen_skip(s, INDENT);
        screen_wrap(s, INDENT, INDENT, text);
}

const char *form_time(struct arena *a, uint64_t us)
{
        uint64_t tenths = (us + 50000) / 100000, seconds = (us + 500000) / 1000000;

        if (tenths < 100)
                return arena_printf(a, "%u.%u s", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
        if (seconds < 60)
                return arena_printf(a, "%u s", (unsigned)seconds);
        if (seconds < 3600)
                return arena_printf(a, "%u min %u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
        if (seconds < 86400)
                return arena_printf(a, "%u h %u min", (unsigned)(seconds / 3600), (unsigned)(seconds % 3600 / 60));
        return arena_printf(a, "%u d %u h", (unsigned)(seconds / 86400), (unsigned)(seconds % 86400 / 3600));
}

const char *form_size(struct arena *a, uint64_t bytes)
{
        uint64_t kib = (bytes + 1023) / 1024, tenths = (bytes * 10 + 512 * 1024) / (1024 * 1024);

        if (kib < 1024)
                return arena_printf(a, "%u KiB", (unsigned)kib);
        if (tenths < 100)
                return arena_printf(a, "%u.%u MiB", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
        return arena_printf(a, "%u MiB", (unsigned)((tenths + 5) / 10));
}
