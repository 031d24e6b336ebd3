/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.alias, modules.builtin.modinfo and the lists of files beside them: depmod(8). */
#include "guard/aliases.h"

#include <fnmatch.h>

#include "guard/fields.h"
#include "guard/source.h"

#define LOADABLE "alias "
#define BUILT_IN ".alias="

struct lists {
        char *alias, *dep, *builtin, *modinfo;
        size_t modinfo_size;
};

static bool read_lists(struct graph *g, struct lists *l)
{
        const char *dir = g->facts->kernel ? arena_join(g->arena, "/lib/modules/", g->facts->kernel, NULL) : NULL;

        return dir && guard_read(g, arena_join(g->arena, dir, "/modules.alias", NULL), &l->alias) == SOURCE_READ &&
               guard_read(g, arena_join(g->arena, dir, "/modules.dep", NULL), &l->dep) == SOURCE_READ &&
               guard_read(g, arena_join(g->arena, dir, "/modules.builtin", NULL), &l->builtin) == SOURCE_READ &&
               guard_bytes(g, arena_join(g->arena, dir, "/modules.builtin.modinfo", NULL), &l->modinfo,
                           &l->modinfo_size) == SOURCE_READ;
}

/* Module names are equal where they differ in '-' and '_' only. */
static bool is_module(const char *file, const char *end, const char *name)
{
        const char *slash = memrchr(file, '/', (size_t)(end - file));

        for (file = slash ? slash + 1 : file; *name && file < end; file++, name++)
                if (*file != *name && !(strchr("-_", *file) && strchr("-_", *name)))
                        return false;
        return !*name && startswith(file, ".ko");
}

/* "kernel/drivers/usb/serial/ftdi_sio.ko.xz: kernel/...", a line each. */
static bool add_file(struct graph *g, const char *list, const char *name, struct strings *ret)
{
        const char *line, *end;

        while ((line = guard_line(&list, &end))) {
                const char *colon = memchr(line, ':', (size_t)(end - line));

                end = colon ? colon : end;
                if (is_module(line, end, name)) {
                        strings_add(g->arena, ret, arena_strndup(g->arena, line, (size_t)(end - line)));
                        return true;
                }
        }
        return false;
}

bool aliases_modules(struct graph *g, const char *modalias, struct strings *ret)
{
        struct lists l;
        const char *rest, *line, *end;

        *ret = (struct strings){};
        if (!read_lists(g, &l))
                return false;
        for (rest = l.alias; (line = guard_line(&rest, &end));) {
                char *pattern, *name;

                /* The rest is of other buses. */
                if (!startswith(line, LOADABLE) || strncmp(line + strlen(LOADABLE), modalias, strcspn(modalias, ":")))
                        continue;
                pattern = arena_strndup(g->arena, line + strlen(LOADABLE), (size_t)(end - line) - strlen(LOADABLE));
                name = strrchr(pattern, ' ');
                if (!name)
                        return false;
                *name++ = '\0';
                if (fnmatch(pattern, modalias, 0) == 0 && !add_file(g, l.dep, name, ret))
                        return false;
        }
        /* "usb_storage.alias=usb:v...", each with a NUL behind it. */
        for (char *at = l.modinfo; at < l.modinfo + l.modinfo_size; at += strlen(at) + 1) {
                char *alias = strstr(at, BUILT_IN);

                if (!alias || fnmatch(alias + strlen(BUILT_IN), modalias, 0) != 0)
                        continue;
                if (!add_file(g, l.builtin, arena_strndup(g->arena, at, (size_t)(alias - at)), ret))
                        return false;
        }
        return true;
}
