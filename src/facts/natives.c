/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/natives.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/str.h"

#define ALIASES_MAX ((size_t)64 * 1024 * 1024)

struct modalias {
        char text[80];
};

static bool named_in(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *s = list; s && (s = strstr(s, name)); s += n)
                if ((s == list || s[-1] == ' ') && (s[n] == ',' || s[n] == '\0'))
                        return true;
        return false;
}

/* Most of the aliases are those of other buses. */
static bool of_their_bus(const char *pattern, const struct modalias *devices, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (strncmp(pattern, devices[i].text, strcspn(devices[i].text, ":") + 1) == 0)
                        return true;
        return false;
}

/* "alias PATTERN MODULE" */
static void look(const struct root *root, struct arena *a, char *line, const struct modalias *devices, size_t n,
                 bool loaded, const char **ret)
{
        char *pattern = line + strlen("alias "), *space = strchr(pattern, ' '), path[128];
        const char *module;

        if (!space)
                return;
        *space = '\0';
        module = str_trim(space + 1);
        for (size_t i = 0; i < n; i++) {
                if (fnmatch(pattern, devices[i].text, 0) != 0 || named_in(ret[i], module) ||
                    snprintf(path, sizeof(path), "/sys/module/%s", module) >= (int)sizeof(path) ||
                    (loaded && !root_exists(root, path)))
                        continue;
                ret[i] = ret[i] ? arena_join(a, ret[i], ", ", module, NULL) : arena_strdup(a, module);
        }
}

static void find(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices, size_t n,
                 bool loaded, const char **ret)
{
        struct modalias *modaliases = arena_alloc(a, n * sizeof(*modaliases));
        char *path = arena_join(a, "/lib/modules/", facts->kernel ? facts->kernel : "", "/modules.alias", NULL), *text;
        size_t size;

        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[devices[i]];

                d->bus->alias(d, d->bus->syntax->name, modaliases[i].text, sizeof(modaliases[i].text));
        }
        if (n == 0 || !facts->kernel || root_read_all(root, a, path, ALIASES_MAX, &text, &size) < 0)
                return;
        for (char *line; (line = strsep(&text, "\n"));)
                if (startswith(line, "alias ") && of_their_bus(line + strlen("alias "), modaliases, n))
                        look(root, a, line, modaliases, n, loaded, ret);
}

void natives_loaded(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices,
                    size_t n, const char **ret)
{
        find(root, a, facts, devices, n, true, ret);
}

void natives_known(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices, size_t n,
                   const char **ret)
{
        find(root, a, facts, devices, n, false, ret);
}
