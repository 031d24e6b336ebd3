/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/paint.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

static bool coloured(FILE *f)
{
        const char *systemd = getenv("SYSTEMD_COLORS"), *none = getenv("NO_COLOR");
        bool on;

        if (systemd)
                return !str_to_bool(systemd, &on) || on; /* also names of palettes, as "16" */
        return !(none && *none) && isatty(fileno(f)) && !streq_ptr(getenv("TERM"), "dumb");
}

void paint(FILE *f, enum colour colour, int width, const char *s)
{
        static const char *const codes[] = {"", "\033[1m", "\033[32m", "\033[33m", "\033[31m", "\033[90m"};

        if (colour != PLAIN && coloured(f))
                fprintf(f, "%s%-*s\033[0m", codes[colour], width, s);
        else
                fprintf(f, "%-*s", width, s);
}

/* As the locale's name has it, of one that is not installed here. */
static bool named_utf8(void)
{
        static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
        }
        return false;
}

bool paint_utf8(void)
{
        /* The program's own stays "C": what it reads from files does not depend on who looks. */
        locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
        bool is;

        if (locale == (locale_t)0)
                return named_utf8();
        is = streq(nl_langinfo_l(CODESET, locale), "UTF-8");
        freelocale(locale);
        return is;
}
