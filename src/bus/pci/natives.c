/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/pci/natives.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

#include "base/str.h"

#define ALIASES_MAX ((size_t)64 * 1024 * 1024)

struct modalias {
        char text[80];
};

/* Documentation of the format: scripts/mod/file2alias.c, do_pci_entry(). */
static struct modalias modalias_of(const struct device *d)
{
        unsigned vendor = 0, device = 0, subvendor = 0, subdevice = 0, class = 0;
        struct modalias m;

        sscanf(d->id, "%4x:%4x", &vendor, &device);
        sscanf(d->subsystem, "%4x:%4x", &subvendor, &subdevice);
        sscanf(d->class, "%6x", &class);
        snprintf(m.text, sizeof(m.text), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", vendor, device, subvendor,
                 subdevice, class >> 16 & 0xff, class >> 8 & 0xff, class & 0xff);
        return m;
}

static bool named_in(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *s = list; s && (s = strstr(s, name)); s += n)
                if ((s == list || s[-1] == ' ') && (s[n] == ',' || s[n] == '\0'))
                        return true;
        return false;
}

/* "alias PATTERN MODULE" */
static void look(const struct root *root, struct arena *a, char *line, const struct modalias *devices, size_t n,
                 const char **ret)
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
                    !root_exists(root, path))
                        continue;
                ret[i] = ret[i] ? arena_join(a, ret[i], ", ", module, NULL) : arena_strdup(a, module);
        }
}

int natives_loaded(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices, size_t n,
                   const char **ret)
{
        struct modalias *modaliases = arena_alloc(a, n * sizeof(*modaliases));
        char *path = arena_join(a, "/lib/modules/", facts->kernel ? facts->kernel : "", "/modules.alias", NULL), *text;
        size_t size;
        int k = 0;

        if (k < 0 || n == 0 || !facts->kernel)
                return k;
        for (size_t i = 0; i < n; i++)
                modaliases[i] = modalias_of(&facts->devices[devices[i]]);
        k = root_read_all(root, a, path, ALIASES_MAX, &text, &size);
        if (k < 0)
                return 0;
        for (char *line; k == 0 && (line = strsep(&text, "\n"));)
                if (startswith(line, "alias pci:"))
                        look(root, a, line, modaliases, n, ret);
        return k;
}
