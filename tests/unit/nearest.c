/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest name, as base/str.c finds it and as its definition has it, on many made-up names. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define NAMES   12
#define LONGEST 70

static unsigned long long state = 1;

static unsigned next(unsigned n)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (unsigned)(state >> 32) % n;
}

static bool same(char a, char b)
{
        return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b) || (b >= 'A' && b <= 'Z' && b - 'A' + 'a' == a);
}

/* Damerau-Levenshtein, every cell of it. */
static size_t distance(const char *a, const char *b)
{
        size_t na = strlen(a), nb = strlen(b), d[LONGEST + 3][LONGEST + 3];

        for (size_t i = 0; i <= na; i++)
                for (size_t j = 0; j <= nb; j++) {
                        if (i == 0 || j == 0) {
                                d[i][j] = i + j;
                                continue;
                        }
                        d[i][j] = d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
                        d[i][j] = MIN(d[i][j], d[i - 1][j] + 1);
                        d[i][j] = MIN(d[i][j], d[i][j - 1] + 1);
                        if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
                }
        return d[na][nb];
}

/* The first of the nearest, with at most one letter in so many wrong; what is beyond 64 letters is no name. */
static const char *nearest(const char *s, const char *const *names, size_t n, size_t letters)
{
        size_t len = strlen(s), best = SIZE_MAX;
        const char *found = NULL;

        for (size_t i = 0; i < n; i++) {
                size_t d, clen = strlen(names[i]);

                if (len == 0 || len > 64 || clen > 64)
                        continue;
                d = distance(s, names[i]);
                if (d < best && d * letters <= MAX(len, clen)) {
                        best = d;
                        found = names[i];
                }
        }
        return found;
}

static void make(char *s)
{
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABC_-.0\xc3\xff";
        size_t n = next(8) ? next(24) : next(LONGEST + 1), kinds = 1 + next(sizeof(alphabet) - 1);

        for (size_t i = 0; i < n; i++)
                s[i] = alphabet[next((unsigned)kinds)];
        s[n] = '\0';
}

/* A slip or several: a letter lost, doubled, changed, in another case, or two of them swapped. */
static void spoil(char *s, const char *from)
{
        strcpy(s, from);
        for (unsigned slips = next(7); slips > 0; slips--) {
                size_t n = strlen(s), at = n > 0 ? next((unsigned)n) : 0;
                char c = s[at];

                switch (n > 0 && n < LONGEST ? next(5) : 5) {
                case 0:
                        memmove(s + at, s + at + 1, n - at);
                        break;
                case 1:
                        memmove(s + at + 1, s + at, n - at + 1);
                        break;
                case 2:
                        s[at] = "xyz.A"[next(5)];
                        break;
                case 3:
                        s[at] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
                        break;
                case 4:
                        if (at + 1 < n) {
                                s[at] = s[at + 1];
                                s[at + 1] = c;
                        }
                        break;
                default:
                        break;
                }
        }
}

int main(int argc, char *argv[])
{
        unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000, found = 0;
        char names[NAMES][LONGEST + 2], s[LONGEST + 2];
        const char *all[NAMES];

        for (unsigned long round = 0; round < rounds; round++) {
                size_t n = 1 + next(NAMES), letters = 1 + next(6);
                const char *is, *right;

                for (size_t i = 0; i < n; i++) {
                        if (i > 0 && next(2))
                                spoil(names[i], names[next((unsigned)i)]);
                        else
                                make(names[i]);
                        all[i] = names[i];
                }
                spoil(s, names[next((unsigned)n)]);
                is = str_nearest_within(s, all, n, letters);
                right = nearest(s, all, n, letters);
                if (is != right) {
                        printf("round %lu: nearest to \"%s\", a letter in %zu: \"%s\", expected \"%s\"\n", round, s,
                               letters, is ? is : "none", right ? right : "none");
                        return EXIT_FAILURE;
                }
                found += right != NULL;
        }
        printf("%lu of %lu names have a nearest one\n", found, rounds);
        return found > rounds / 4 && found < rounds - rounds / 20 ? EXIT_SUCCESS : EXIT_FAILURE;
}
