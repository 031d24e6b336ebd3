/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/domain.h"

#include "base/str.h"

#define DOMAIN "0000:"

bool domain_is_one(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].bus == facts->buses[0].bus && !startswith(facts->devices[i].address, DOMAIN))
                        return false;
        return true;
}

const char *domain_less(bool one, const char *address)
{
        return address + (one && startswith(address, DOMAIN) ? strlen(DOMAIN) : 0);
}

const char *domain_less_text(bool one, struct arena *a, const char *text)
{
        const char *at, *found;

        if (!one)
                return text;
        for (at = text; (found = strstr(at, DOMAIN)); at = found) {
                char *before = arena_strndup(a, text, (size_t)(found - text));
                size_t n = strlen(before);

                found += strlen(DOMAIN);
                /* No part of a longer number, nor of a file's name. */
                if (strcspn(found, ":") != 2 || (n > 0 && strchr("0123456789abcdef:/@", before[n - 1])))
                        continue;
                text = arena_join(a, before, found, NULL);
                found = text + n;
        }
        return text;
}
