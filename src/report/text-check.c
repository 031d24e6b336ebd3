/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check for people: what passes in one line, what does not in a row each with the fix below it. */
#include "base/str.h"
#include "report/domain.h"
#include "report/paint.h"
#include "report/text.h"

#define MARGIN 2
#define GAP    2

/* As the rows say it, and as the line that sums them up does. */
static const char *const words[CHECK_MAX_] = {"pass", "warn", "fail", "skip", "unknown"};
static const enum colour colours[CHECK_MAX_] = {
        [CHECK_PASS] = GREEN, [CHECK_WARN] = YELLOW, [CHECK_FAIL] = RED, [CHECK_SKIP] = GREY, [CHECK_UNKNOWN] = YELLOW};

struct sheet {
        const struct screen *screen;
        const struct checks *checks;
        const struct check_view *view;
        bool one_domain; /* of domain.h */
        size_t status;   /* how wide */
};

static bool is_bad(const struct check *x)
{
        return x->status == CHECK_WARN || x->status == CHECK_FAIL || x->status == CHECK_UNKNOWN;
}

static size_t kind_length(const char *id)
{
        return strcspn(id, ".");
}

static bool is_kind(const struct check *x, const char *kind)
{
        return kind_length(x->id) == strlen(kind) && startswith(x->id, kind);
}

static const char *name_of(const struct check *x)
{
        return x->id + kind_length(x->id) + 1;
}

static const char *text_of(const struct check *x)
{
        return x->brief ? x->brief : x->message;
}

/* ---- what passes ---------------------------------------------------------------------------------------------------
 */

/* What the rows of these kinds are about, and what one and many of it are called where they are counted. */
static const struct area {
        const char *kinds[2];
        const char *name, *one;
} areas[] = {
        {{"firmware", NULL}, "firmware", NULL},
        {{"iommu", NULL}, "IOMMU", NULL},
        {{"cmdline", NULL}, "kernel command line", NULL},
        {{"module", NULL}, "kernel modules", NULL},
        {{"group", "guard"}, "rules", "rule"},
        {{"sriov", NULL}, "virtual functions", NULL},
        {{"vgpu", NULL}, "virtual GPUs", NULL},
        {{"hugepages", NULL}, "huge pages", NULL},
        {{"image", NULL}, "boot images", NULL},
        {{"conflict", NULL}, "other programs", NULL},
        {{"trial", NULL}, "trial boot", NULL},
        {{"device", NULL}, "devices", "device"},
        {{"cloudpods", NULL}, "Cloudpods", NULL},
        {{"kubevirt", NULL}, "KubeVirt", NULL},
        {{"nova", NULL}, "Nova", NULL},
        {{"proxmox", NULL}, "Proxmox", NULL},
};

static bool is_about(const struct area *area, const struct check *x)
{
        return is_kind(x, area->kinds[0]) || (area->kinds[1] && is_kind(x, area->kinds[1]));
}

/* Some row of the area passes, of that name where one is given, and none says otherwise. */
static bool passes(const struct checks *checks, const struct area *area, const char *name)
{
        bool any = false;

        for (size_t i = 0; i < checks->n; i++) {
                const struct check *x = &checks->v[i];

                if (!is_about(area, x) || (name && !streq(name_of(x), name)))
                        continue;
                if (is_bad(x))
                        return false;
                any |= x->status == CHECK_PASS;
        }
        return any;
}

/* How many rules or devices pass: each has a row of the area's last kind. */
static size_t count_of(const struct checks *checks, const struct area *area)
{
        const char *kind = area->kinds[1] ? area->kinds[1] : area->kinds[0];
        size_t n = 0;

        for (size_t i = 0; i < checks->n; i++)
                n += is_kind(&checks->v[i], kind) && passes(checks, area, name_of(&checks->v[i]));
        return n;
}

static const char *area_text(const struct sheet *t, const struct area *area)
{
        size_t n;

        if (!area->one)
                return passes(t->checks, area, NULL) ? area->name : NULL;
        n = count_of(t->checks, area);
        return n > 0 ? arena_printf(t->screen->arena, "%zu %s", n, n == 1 ? area->one : area->name) : NULL;
}

static void put_status(const struct sheet *t, enum check_status status, const char *word)
{
        screen_skip(t->screen, MARGIN);
        paint(t->screen->f, colours[status], 0, word);
        screen_skip(t->screen, t->status - strlen(word));
}

static void put_passed(const struct sheet *t)
{
        const char *text = "", *count;
        size_t n = 0, indent = MARGIN + t->status;

        for (size_t i = 0; i < t->checks->n; i++)
                n += t->checks->v[i].status == CHECK_PASS;
        for (size_t i = 0; i < ARRAY_SIZE(areas); i++) {
                const char *area = area_text(t, &areas[i]);

                if (area)
                        text = arena_join(t->screen->arena, text, *text ? ", " : "", area, NULL);
        }
        if (n == 0)
                return;
        put_status(t, CHECK_PASS, "ok");
        count = arena_printf(t->screen->arena, "(%zu check%s)", n, n == 1 ? "" : "s");
        if (*text && indent + screen_columns(text) + GAP + strlen(count) <= t->screen->width) {
                fprintf(t->screen->f, "%s%*s%s\n", text, GAP, "", count);
                return;
        }
        screen_wrap(t->screen, indent, indent, arena_join(t->screen->arena, text, *text ? " " : "", count, NULL));
}

/* ---- what does not -------------------------------------------------------------------------------------------------
 */

static void put_row(const struct sheet *t, const struct check *x, const char *text, size_t more)
{
        const struct screen *s = t->screen;
        size_t indent = MARGIN + t->status + GAP;
        const char *id = screen_letters(s, domain_less_text(t->one_domain, s->arena, x->id));

        text = domain_less_text(t->one_domain, s->arena, text);
        if (more > 0)
                id = arena_printf(s->arena, "%s and %zu more", id, more);
        put_status(t, x->status, words[x->status]);
        paint(s->f, BOLD, 0, id);
        screen_skip(s, GAP);
        screen_wrap(s, MARGIN + t->status + screen_columns(id) + GAP, indent, text);
        if (!*x->fix)
                return;
        screen_skip(s, indent);
        /* A command in it may be another program's, which takes whole addresses. */
        text = arena_join(s->arena, "fix: ", x->fix, NULL);
        screen_wrap(s, indent, indent + strlen("fix: "), text);
}

static bool says_the_same(const struct check *a, const struct check *b)
{
        return a->status == b->status && kind_length(a->id) == kind_length(b->id) &&
               strncmp(a->id, b->id, kind_length(a->id)) == 0 && streq(text_of(a), text_of(b)) && streq(a->fix, b->fix);
}

/* Many devices that have the same are one row. */
static void put_bad(const struct sheet *t, size_t i)
{
        const struct check *x = &t->checks->v[i];
        size_t more = 0;

        for (size_t j = 0; j < i; j++)
                if (says_the_same(&t->checks->v[j], x))
                        return;
        for (size_t j = i + 1; j < t->checks->n; j++)
                more += says_the_same(&t->checks->v[j], x) && !streq(t->checks->v[j].id, x->id);
        put_row(t, x, text_of(x), more);
}

static void put_count(const struct sheet *t)
{
        const struct checks *c = t->checks;
        const char *text;

        text = arena_printf(t->screen->arena, "%zu failed, %zu warning%s", c->n_failed, c->n_warnings,
                            c->n_warnings == 1 ? "" : "s");
        if (c->n_unknown > 0)
                text = arena_printf(t->screen->arena, "%s, %zu unknown", text, c->n_unknown);
        text = arena_join(t->screen->arena, text, t->view->all ? "." : ". All rows: check --all", NULL);
        screen_skip(t->screen, MARGIN);
        screen_wrap(t->screen, MARGIN, MARGIN, text);
}

void text_checks(FILE *f, const struct checks *checks, const struct check_view *view, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        struct sheet t = {.screen = &s, .checks = checks, .view = view, .status = strlen("warn") + GAP};

        t.one_domain = domain_is_one(view->plan->facts);
        if (checks->n_unknown > 0)
                t.status = strlen("unknown") + GAP;
        if (!view->all)
                put_passed(&t);
        for (size_t i = 0; i < checks->n; i++)
                if (view->all)
                        put_row(&t, &checks->v[i], checks->v[i].message, 0);
                else if (is_bad(&checks->v[i]))
                        put_bad(&t, i);
        put_count(&t);
}
