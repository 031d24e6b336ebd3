/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hugepages: what passthrough.conf asks for, written where the host can give it. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "config/settings-edit.h"
#include "ctl/kept.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "report/json-changes.h"

#define SETTINGS_PATH "/etc/passthrough.conf"
#define DROPINS       "/passthrough.conf.d/"
#define RIGHT         "write SIZE=COUNT, such as 1G=64, or SIZE=NODE:COUNT,..., such as 1G=0:32,1:32"

struct set {
        struct ctl *c;
        struct settings asked; /* by the arguments alone */
        struct memory memory;
        const char *old, *new; /* the file's text; old "": there is none */
        bool there;
        struct paged done;
};

/* The sizes are read as passthrough.conf has them. 0 or the exit status. */
static int read_arguments(struct set *x)
{
        struct ctl *c = x->c;
        struct diags diags = {.arena = &c->arena};
        struct settings_file file = {.path = "", .text = ""};

        for (int i = 1; i < c->argc; i++) {
                const char *arg = c->argv[i], *equals = strchr(arg, '=');
                char *value = arena_strdup(&c->arena, equals ? equals + 1 : "");

                for (const char *s = arg; *s; s++)
                        if ((unsigned char)*s <= ' ')
                                return ctl_usage("\"%s\" is not understood; " RIGHT, arg);
                if (!*value)
                        return ctl_usage("\"%s\" has no number after a \"=\"; " RIGHT, arg);
                for (char *s = value; *s; s++)
                        *s = *s == ',' ? ' ' : *s;
                file.text = arena_printf(&c->arena, "%s[HugePages]\nSize=%.*s\n%s=%s\n", file.text, (int)(equals - arg),
                                         arg, strchr(value, ':') ? "Nodes" : "Count", value);
        }
        file.size = strlen(file.text);
        settings_read(&c->arena, &diags, &file, 1, &x->asked);
        if (diags.n_errors == 0)
                return 0;
        return ctl_usage("%s; " RIGHT, diags.v[0].message);
}

/* The file as it is. 0 or the exit status. */
static int read_file(struct set *x)
{
        struct ctl *c = x->c;
        char target[PATH_MAX], *text;
        size_t size;
        int k = root_read_all(&c->root, &c->arena, SETTINGS_PATH, SOURCE_MAX, &text, &size);
        bool link = root_readlink(&c->root, SETTINGS_PATH, target, sizeof(target)) > 0;

        x->old = "";
        if (k == -ENOENT && !link)
                return 0;
        if (k == 0 && size > 0) {
                x->old = text;
                x->there = true;
                return 0;
        }
        if (k < 0 && !link)
                return ctl_fail(SETTINGS_PATH, k);
        ctl_error("" SETTINGS_PATH " masks those of /run and /usr/lib; remove it first, or write the section by hand");
        return EXIT_FAILURE;
}

/* What all files say once ours has the new text. */
static int read_settings(struct set *x, const char *text, struct settings *ret)
{
        struct ctl *c = x->c;
        struct diags diags = {.arena = &c->arena};
        struct settings_file *files, *all;
        size_t n, at = 0;
        int k = settings_files(&c->root, &c->arena, &diags, &files, &n);

        if (k < 0)
                return ctl_fail(SETTINGS_PATH, k);
        all = arena_alloc(&c->arena, (n + 1) * sizeof(*all));
        for (size_t i = 0; i < n && !strstr(files[i].path, DROPINS); i++)
                if (!streq(files[i].path, SETTINGS_PATH))
                        all[at++] = files[i];
        all[at++] = (struct settings_file){SETTINGS_PATH, arena_strdup(&c->arena, text), strlen(text)};
        for (size_t i = 0; i < n; i++)
                if (strstr(files[i].path, DROPINS))
                        all[at++] = files[i];
        settings_read(&c->arena, &diags, all, at, ret);
        if (diags.n_errors == 0)
                return 0;
        diags_print(stderr, &diags);
        c->diags = diags;
        x->done.message = "the config has errors";
        return EXIT_USAGE;
}

static const struct huge_pages *pages_of_size(const struct settings *settings, uint64_t size)
{
        for (size_t i = 0; i < settings->n_pages; i++)
                if (settings->pages[i].size == size)
                        return &settings->pages[i];
        return NULL;
}

/* A drop-in is read later, and wins. */
static int check_effect(struct set *x, const struct settings *settings)
{
        struct arena *a = &x->c->arena;

        for (size_t i = 0; i < x->asked.n_pages; i++) {
                const struct huge_pages *asked = &x->asked.pages[i], *is = pages_of_size(settings, asked->size);

                if (is && streq(settings_pages_line(a, is), settings_pages_line(a, asked)))
                        continue;
                x->done.message = arena_printf(
                        a, "a drop-in in passthrough.conf.d has the last word on pages of %s; change them there",
                        asked->name);
                ctl_error("nothing is written: %s", x->done.message);
                return EXIT_FAILURE;
        }
        return 0;
}

static bool is_asked(const struct set *x, const char *size)
{
        for (size_t i = 0; i < x->asked.n_pages; i++)
                if (streq(x->asked.pages[i].name, size))
                        return true;
        return false;
}

/* What was refused before is no reason against another size. */
static int check_room(struct set *x, const struct settings *before, const struct settings *after)
{
        struct arena *a = &x->c->arena;
        struct huge_plan was = reserve_plan(before, &x->memory, NULL, a);

        x->done.plan = reserve_plan(after, &x->memory, NULL, a);
        for (size_t i = 0; i < x->done.plan.n; i++) {
                const struct huge_entry *e = &x->done.plan.entries[i];

                if (e->action != HUGE_REFUSE || (!is_asked(x, e->size) && reserve_refused(&was, e->size)))
                        continue;
                x->done.message =
                        arena_printf(a, "%" PRIu64 " page%s of %s%s%s: %s", e->asked, e->asked == 1 ? "" : "s", e->size,
                                     e->by_node ? " on " : "", e->by_node ? e->place : "", e->reason);
                ctl_error("nothing is written: %s", x->done.message);
                return EXIT_FAILURE;
        }
        return 0;
}

static int keep_old(struct set *x)
{
        struct ctl *c = x->c;
        const char *copy;
        struct stat st;
        int k = kept_choose(c, "passthrough.conf", &x->done.kept);

        copy = arena_join(&c->arena, x->done.kept, "/passthrough.conf", NULL);
        if (k == 0)
                k = file_stat(&c->root, SETTINGS_PATH, &st);
        if (k == 0)
                k = file_make_parents(&c->root, copy);
        return k == 0 ? file_write(&c->root, copy, x->old, strlen(x->old), &st) : k;
}

static int write_file(struct set *x)
{
        struct ctl *c = x->c;
        const char *path;
        int k = file_resolve(&c->root, &c->arena, SETTINGS_PATH, &path);

        if (k == 0 && x->there)
                k = keep_old(x);
        if (k == 0)
                k = file_make_parents(&c->root, path);
        if (k == 0)
                k = file_write(&c->root, path, x->new, strlen(x->new), NULL);
        return k < 0 ? ctl_fail(SETTINGS_PATH, k) : 0;
}

static uint64_t bytes_asked(const struct settings *settings)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < settings->n_pages; i++) {
                sum += settings->pages[i].count * settings->pages[i].size;
                for (size_t n = 0; n < settings->pages[i].n_nodes; n++)
                        sum += settings->pages[i].nodes[n].count * settings->pages[i].size;
        }
        return sum;
}

static void tell(struct set *x, const struct settings *after)
{
        struct ctl *c = x->c;
        struct arena *a = &c->arena;
        uint64_t total = x->memory.machine.total;
        bool dry = c->dry_run;

        for (size_t i = 0; i < x->asked.n_pages; i++)
                tell_row(c, "Huge pages",
                         arena_join(a, x->asked.pages[i].name, " ", settings_pages_line(a, &x->asked.pages[i]), NULL));
        if (total > 0)
                tell_row(c, "Memory",
                         arena_join(a, reserve_bytes(a, bytes_asked(after)), " of ", reserve_bytes(a, total),
                                    "; the host keeps at least ", reserve_bytes(a, reserve_for_host(total, true)),
                                    NULL));
        if (!x->done.changed)
                tell_row(c, "Settings", SETTINGS_PATH " asks for this already: nothing to do");
        else
                tell_row(c, dry ? "Would write" : "Wrote", SETTINGS_PATH);
        if (x->done.kept)
                tell_row(c, dry ? "Would keep" : "Kept", arena_join(a, "the old one in ", x->done.kept, NULL));
}

static int run(struct set *x)
{
        struct ctl *c = x->c;
        struct settings before, after;
        int k = read_file(x);

        if (k == 0)
                k = read_settings(x, x->old, &before);
        if (k != 0)
                return k;
        x->new = x->old;
        for (size_t i = 0; i < x->asked.n_pages; i++)
                x->new = settings_with_pages(&c->arena, x->new, &x->asked.pages[i]);
        memory_read(&c->root, &c->arena, &x->memory);
        memory_as_at_boot(&x->memory);
        k = read_settings(x, x->new, &after);
        if (k == 0)
                k = check_effect(x, &after);
        if (k == 0)
                k = check_room(x, &before, &after);
        if (k == 0 && !streq(x->new, x->old)) {
                x->done.changed = true;
                k = write_file(x);
        }
        if (k == 0 && !c->json)
                tell(x, &after);
        return k;
}

int ctl_hugepages(struct ctl *c)
{
        struct set x = {.c = c, .done = {.file = SETTINGS_PATH, .message = ""}};
        int k = read_arguments(&x);

        if (k != 0)
                return k;
        k = run(&x);
        x.done.changed &= k == 0;
        x.done.reserve = reserve_for_host(x.memory.machine.total, true);
        if (c->json)
                json_paged(stdout, &x.done, &c->diags);
        if (!c->json && k != EXIT_USAGE)
                situation_put(c, NEXT_ON_HUGEPAGES);
        return k;
}
