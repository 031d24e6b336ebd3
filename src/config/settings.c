/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files apply, and what they make together; what a line says is in settings-keys.c. */
#include "config/settings.h"

#include <errno.h>

#include "base/str.h"
#include "config/files.h"
#include "config/settings-keys.h"

static const struct config_kind kind = {"passthrough.conf", "drop-ins NAME.conf"};

/* The file that is read later wins. */
static const char *const directories[] = {"/usr/lib", "/run", "/etc"};

static void add_file(struct arena *a, struct settings_file **files, size_t *n, const struct settings_file *file)
{
        struct settings_file *slot = arena_grow(a, files, *n, sizeof(**files));

        *slot = *file;
        (*n)++;
}

/* passthrough.conf itself: one that is masked masks those that are read before it. */
static int main_files(const struct root *root, struct arena *a, struct diags *diags, struct settings_file **files,
                      size_t *n)
{
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                struct settings_file file = {.path = arena_join(a, directories[i], "/passthrough.conf", NULL)};
                int k = config_file_read(root, a, file.path, &kind, diags, &file.text, &file.size);

                if (k == CONFIG_READ_MASKED)
                        *n = 0;
                else if (k == CONFIG_READ_OK)
                        add_file(a, files, n, &file);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int dropins(const struct root *root, struct arena *a, struct diags *diags, struct settings_file **files,
                   size_t *n)
{
        struct config_files found = {};
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(directories); i++) {
                const char *directory = arena_join(a, directories[i], "/passthrough.conf.d", NULL);

                config_files_collect(root, a, directory, ARRAY_SIZE(directories) - i, &kind, diags, &found, NULL);
        }
        if (k < 0)
                return k;
        config_files_keep_first(&found);
        for (size_t i = 0; i < found.n; i++) {
                struct settings_file file = {.path = found.v[i].path};

                k = config_file_read(root, a, file.path, &kind, diags, &file.text, &file.size);
                if (k == CONFIG_READ_ABSENT)
                        diag_add(diags, DIAG_ERROR, file.path, 0, "cannot be read: %s", strerror(ENOENT));
                else if (k == CONFIG_READ_OK)
                        add_file(a, files, n, &file);
                if (k < 0)
                        return k;
        }
        return 0;
}

int settings_files(const struct root *root, struct arena *a, struct diags *diags, struct settings_file **ret,
                   size_t *ret_n)
{
        struct settings_file *files = NULL;
        size_t n = 0;
        int k = main_files(root, a, diags, &files, &n);

        if (k == 0)
                k = dropins(root, a, diags, &files, &n);
        if (k < 0)
                return k;
        *ret = files;
        *ret_n = n;
        return 0;
}

/* The last file that speaks of a size decides it; where it is wrong, nothing does. */
static bool decides(const struct settings_parser *p, size_t section)
{
        const struct settings_section *s = &p->sections[section];

        if (s->broken)
                return false;
        for (size_t i = section + 1; i < p->n_sections; i++)
                if (p->sections[i].pages.size == s->pages.size)
                        return false;
        return true;
}

static void check_default(struct settings_parser *p, struct settings_section *s, struct settings_section **one)
{
        if (!s->pages.is_default)
                return;
        if (!*one) {
                *one = s;
                return;
        }
        (*one)->pages.is_default = s->pages.is_default = false;
        diag_add(p->diags, DIAG_ERROR, s->file, s->default_line,
                 "Default=yes, which Size=%s has already (%s:%u); keep one of them", (*one)->pages.name, (*one)->file,
                 (*one)->default_line);
}

static void merge_pages(struct settings_parser *p)
{
        struct settings *settings = p->settings;
        struct settings_section *one = NULL;

        for (size_t i = 0; i < p->n_sections; i++) {
                if (decides(p, i))
                        check_default(p, &p->sections[i], &one);
        }
        for (size_t i = 0; i < p->n_sections; i++) {
                struct huge_pages *slot;

                if (!decides(p, i))
                        continue;
                slot = arena_grow(p->arena, &settings->pages, settings->n_pages, sizeof(*settings->pages));
                for (; slot > settings->pages && slot[-1].size < p->sections[i].pages.size; slot--)
                        *slot = slot[-1];
                *slot = p->sections[i].pages;
                settings->n_pages++;
        }
}

void settings_read(struct arena *a, struct diags *diags, const struct settings_file *files, size_t n,
                   struct settings *ret)
{
        struct settings settings = {};
        struct settings_parser p = {.arena = a, .diags = diags, .settings = &settings};
        size_t errors = diags->n_errors;

        for (size_t i = 0; i < n; i++)
                settings_parse(&p, &files[i]);
        merge_pages(&p);
        settings.invalid = diags->n_errors > errors;
        *ret = settings;
}

int settings_load(const struct root *root, struct arena *a, struct diags *diags, struct settings *ret)
{
        struct settings settings;
        struct settings_file *files;
        size_t n, errors = diags->n_errors;
        int k = settings_files(root, a, diags, &files, &n);

        if (k < 0)
                return k;
        settings_read(a, diags, files, n, &settings);
        settings.invalid = diags->n_errors > errors;
        *ret = settings;
        return 0;
}
