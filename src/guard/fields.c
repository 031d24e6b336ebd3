/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/fields.h"

#include <stdio.h>

#include "base/str.h"

const char *guard_line(const char **text, const char **ret_end)
{
        const char *line = *text;

        if (!*line)
                return NULL;
        *ret_end = strchrnul(line, '\n');
        *text = **ret_end ? *ret_end + 1 : *ret_end;
        return line;
}

/* As the kernel and fstab(5) write blanks. */
static void unescape(char *s)
{
        char *out = s;

        while (*s) {
                unsigned v;

                if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3 && sscanf(s + 1, "%3o", &v) == 1) {
                        *out++ = (char)v;
                        s += 4;
                } else
                        *out++ = *s++;
        }
        *out = '\0';
}

bool guard_fields(struct arena *a, const char **text, const char ***ret, size_t *ret_n)
{
        const char *end, *line = guard_line(text, &end);

        if (!line)
                return false;
        str_words(a, arena_strndup(a, line, (size_t)(end - line)), ret, ret_n);
        for (size_t i = 0; i < *ret_n; i++)
                unescape((char *)(*ret)[i]);
        return true;
}
