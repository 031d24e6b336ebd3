/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/row.h"

#include "base/str.h"

const char *const check_status_names[CHECK_MAX_] = {"pass", "warn", "fail", "skip", "skip"};

void check_row(struct checker *c, const char *id, enum check_status status, const char *fix, const char *format, ...)
{
        struct check *check = arena_grow(c->arena, &c->checks->v, c->checks->n, sizeof(*check));
        char *name = arena_strdup(c->arena, id), *right = arena_strdup(c->arena, fix), *message;
        va_list ap;

        va_start(ap, format);
        message = arena_vprintf(c->arena, format, ap);
        va_end(ap);
        str_make_printable(name);
        str_make_printable(right);
        str_make_printable(message);
        *check = (struct check){.id = name, .status = status, .message = message, .fix = right};
        c->checks->n++;
        c->checks->n_failed += status == CHECK_FAIL;
        c->checks->n_by_hand += status == CHECK_FAIL;
        c->checks->n_warnings += status == CHECK_WARN;
        c->checks->n_unknown += status == CHECK_UNKNOWN;
}

void check_row_brief(struct checker *c, const char *format, ...)
{
        char *brief;
        va_list ap;

        va_start(ap, format);
        brief = arena_vprintf(c->arena, format, ap);
        va_end(ap);
        str_make_printable(brief);
        c->checks->v[c->checks->n - 1].brief = brief;
}

void check_row_by_apply(struct checker *c)
{
        c->checks->n_by_hand -= c->checks->v[c->checks->n - 1].status == CHECK_FAIL;
}

const char *check_row_id(struct checker *c, const char *kind, const char *name)
{
        return arena_join(c->arena, kind, ".", name, NULL);
}

const struct plan_entry *check_taken_at(const struct checker *c, const char *address)
{
        size_t device = facts_find(c->plan->facts, address);
        const struct plan_entry *e = device == NO_DEVICE ? NULL : plan_find(c->plan, device);

        return e && check_taken(e) ? e : NULL;
}
