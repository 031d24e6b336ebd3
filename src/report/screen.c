/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/screen.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "report/paint.h"

#define WIDTH_DEFAULT 80U
#define WIDTH_LEAST   40U

static size_t width_of(FILE *f)
{
        const char *columns = getenv("COLUMNS");
        struct winsize size = {};
        uint32_t width = 0;

        if (!isatty(fileno(f)))
                return SCREEN_WIDE;
        if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0)
                width = size.ws_col;
        if (width == 0 && (!columns || !str_to_u32(columns, 10, &width) || width == 0))
                width = WIDTH_DEFAULT;
        return MAX(width, WIDTH_LEAST);
}

struct screen screen_of(FILE *f, struct arena *a)
{
        return (struct screen){.f = f, .arena = a, .width = width_of(f), .utf8 = paint_utf8()};
}

static bool continues(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80;
}

const char *screen_letters(const struct screen *s, const char *text)
{
        static const struct {
                const char *letter, *typed;
        } letters[] = {{"←", "<-"}, {"→", "->"}, {"…", "..."}, {"×", "x"}, {"–", "-"}};
        char *out, *to;

        if (s->utf8)
                return text;
        out = to = arena_alloc(s->arena, strlen(text) + 1); /* none gets longer */
        for (const char *c = text; *c;) {
                const char *typed = "?";

                if ((unsigned char)*c < 0x80) {
                        *to++ = *c++;
                        continue;
                }
                for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
                        if (startswith(c, letters[i].letter))
                                typed = letters[i].typed;
                to = stpcpy(to, typed);
                for (c++; continues(*c);)
                        c++;
        }
        return out;
}

size_t screen_columns(const char *text)
{
        size_t n = 0;

        for (const char *c = text; *c; c++)
                n += !continues(*c);
        return n;
}

/* Between words, or between names that are for one and the same: "PM9A1/PM9A3". */
static char *last_break(char *text)
{
        char *blank = strrchr(text, ' '), *slash = strrchr(text, '/');

        return slash > blank ? slash : blank;
}

/* What is left ends in the middle of something: "Radeon /", "82801IB (ICH9". */
static bool is_torn(const char *text)
{
        size_t n = strlen(text);

        return n == 0 || strchr(" /-,&", text[n - 1]) || (strchr(text, '(') && !strchr(text, ')'));
}

const char *screen_fit(const struct screen *s, const char *text, size_t columns)
{
        const char *sign = screen_letters(s, "…");
        char *cut, *at;

        if (screen_columns(text) <= columns)
                return text;
        cut = arena_strdup(s->arena, text);
        while ((at = last_break(cut))) {
                *at = '\0';
                if (!is_torn(cut) && screen_columns(cut) + 1 + screen_columns(sign) <= columns)
                        return arena_join(s->arena, cut, " ", sign, NULL);
        }
        return sign;
}

void screen_skip(const struct screen *s, size_t columns)
{
        fprintf(s->f, "%*s", (int)columns, "");
}

void screen_wrap(const struct screen *s, size_t at, size_t indent, const char *text)
{
        bool first = true;

        text = screen_letters(s, text);
        while (*text) {
                size_t n = strcspn(text, " ");
                const char *word = arena_strndup(s->arena, text, n);
                size_t columns = screen_columns(word);

                if (!first && at + 1 + columns > s->width) {
                        fputc('\n', s->f);
                        screen_skip(s, indent);
                        at = indent;
                } else if (!first) {
                        fputc(' ', s->f);
                        at++;
                }
                fputs(word, s->f);
                at += columns;
                first = false;
                text += n + (text[n] == ' ');
        }
        fputc('\n', s->f);
}
