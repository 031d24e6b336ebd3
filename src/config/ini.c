/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ini.h"

#include "base/str.h"

#define SHOWN 40 /* of a line that is quoted in a message */

/*
 * Joins a line with those that continue it, in place: each backslash and newline become blanks. Comment lines between
 * are passed over, as systemd does. Returns the text behind; *lines counts what was read.
 */
static char *logical_line(char *line, unsigned *lines)
{
        char *end = line, *out = line;

        for (*lines = 0;;) {
                char *eol = strchrnul(end, '\n');
                size_t n = (size_t)(eol - end);
                size_t blank = strspn(end, " \t");
                bool comment = *lines > 0 && (end[blank] == '#' || end[blank] == ';');
                bool more, last = *eol == '\0';

                if (n > 0 && end[n - 1] == '\r')
                        n--;
                more = !comment && n > 0 && end[n - 1] == '\\';
                (*lines)++;
                if (!comment) {
                        memmove(out, end, n);
                        out += n;
                        if (more)
                                out[-1] = ' ';
                }
                end = last ? eol : eol + 1;
                if (last || !(more || comment)) {
                        if (out != end)
                                *out = '\0';
                        return last ? NULL : end;
                }
        }
}

static void parse_line(const char *file, unsigned number, char *line, const char **section, struct diags *diags,
                       const struct ini_handler *h)
{
        char *equals, *key, *value;

        line = str_trim(line);
        if (!*line || *line == '#' || *line == ';')
                return;

        if (*line == '[') {
                size_t n = strlen(line);

                if (line[n - 1] != ']') {
                        diag_add(diags, DIAG_ERROR, file, number, "section \"%.*s\" does not end with \"]\"", SHOWN,
                                 line);
                        return;
                }
                line[n - 1] = '\0';
                *section = line + 1;
                h->section(h->data, number, *section);
                return;
        }

        equals = strchr(line, '=');
        if (!equals) {
                diag_add(diags, DIAG_ERROR, file, number, "\"%.*s\" is not understood; write [Section] or Key=Value",
                         SHOWN, line);
                return;
        }
        *equals = '\0';
        key = str_trim(line);
        value = str_trim(equals + 1);
        if (!*key) {
                diag_add(diags, DIAG_ERROR, file, number, "no key before \"=\"; write Key=Value");
                return;
        }
        h->assign(h->data, number, *section, key, value);
}

void ini_parse(const char *file, char *text, size_t size, struct diags *diags, const struct ini_handler *h)
{
        const char *section = NULL;
        char *nul = memchr(text, '\0', size);
        unsigned number = 1;

        if (nul) {
                for (const char *c = text; c < nul; c++)
                        number += *c == '\n';
                diag_add(diags, DIAG_ERROR, file, number, "a NUL byte; this is not a text file");
                return;
        }
        if (startswith(text, "\xef\xbb\xbf"))
                text += 3; /* a byte order mark */

        for (char *line = text, *next; line; line = next) {
                unsigned lines;

                next = logical_line(line, &lines);
                parse_line(file, number, line, &section, diags, h);
                number += lines;
        }
}
