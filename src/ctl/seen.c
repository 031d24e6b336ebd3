/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/seen.h"

#include <search.h>

#include "base/memory.h"
#include "base/str.h"

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct seen_path *)a)->path, ((const struct seen_path *)b)->path);
}

static int before(struct tap *tap, enum asked asked, const char *path)
{
        struct tap *below = ((struct seen *)(void *)tap)->below;

        return below && below->before ? below->before(below, asked, path) : 0;
}

static void after(struct tap *tap, enum asked asked, const char *path, int outcome)
{
        struct seen *s = (struct seen *)(void *)tap;
        const struct seen_path key = {.path = path};
        struct seen_path **slot = tfind(&key, &s->paths, compare), *p;

        if (slot)
                p = *slot;
        else {
                p = arena_alloc(s->arena, sizeof(*p));
                p->path = arena_strdup(s->arena, path);
                if (!tsearch(p, &s->paths, compare))
                        out_of_memory();
        }
        p->asked |= 1U << asked;
        p->error[asked] = outcome;
}

static void made(struct tap *tap, const char *path, const char *line)
{
        struct seen *s = (struct seen *)(void *)tap;
        struct seen_made *m = NULL;

        for (size_t i = 0; i < s->n_made && !m; i++)
                if (streq(s->made[i].path, path))
                        m = &s->made[i];
        if (!m) {
                m = arena_grow(s->arena, &s->made, s->n_made++, sizeof(*m));
                *m = (struct seen_made){arena_strdup(s->arena, path), ""};
        }
        /* Those who ask twice are told the same. */
        if (line && !strstr(m->text, line = arena_join(s->arena, line, "\n", NULL)))
                m->text = arena_join(s->arena, m->text, line, NULL);
}

void seen_open(struct seen *s, struct root *root, struct arena *a)
{
        *s = (struct seen){.tap = {.before = before, .after = after, .made = made}, .below = root->tap, .arena = a};
        root->tap = &s->tap;
}

void seen_end(struct seen *s, struct root *root)
{
        root->tap = s->below;
}

static void keep(void *path)
{
        (void)path; /* the arena has it */
}

void seen_close(struct seen *s)
{
        tdestroy(s->paths, keep);
        s->paths = NULL;
}

struct visit {
        void (*each)(const struct seen_path *path, void *data);
        void *data;
};

static void visit(const void *node, VISIT which, void *closure)
{
        const struct visit *v = closure;

        if (which == postorder || which == leaf)
                v->each(*(const struct seen_path *const *)node, v->data);
}

void seen_each(const struct seen *s, void (*each)(const struct seen_path *path, void *data), void *data)
{
        struct visit v = {each, data};

        twalk_r(s->paths, visit, &v);
}
