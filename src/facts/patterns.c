/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/patterns.h"

#include <fnmatch.h>

/* Of a name, only what it is compared with decides whether a dash is one. */
static bool pattern_is(struct arena *a, const char *pattern, const char *text)
{
        char *address = arena_strdup(a, pattern);

        for (char *c = address; *c; c++)
                *c = *c == '-' ? ':' : *c;
        return fnmatch(pattern, text, FNM_CASEFOLD) == 0 || fnmatch(address, text, FNM_CASEFOLD) == 0;
}

bool patterns_mean(struct arena *a, const char *list, const struct strings *texts)
{
        bool negated = *list == '!', found = false;
        const char **words;
        size_t n;

        str_words(a, list + negated, &words, &n);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < texts->n; k++)
                        found |= pattern_is(a, words[i], texts->v[k]);
        return found != negated;
}
