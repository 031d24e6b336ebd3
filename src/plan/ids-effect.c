/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/ids-effect.h"

#include "base/str.h"
#include "plan/handover.h"

struct effects {
        const struct plan *plan;
        const struct ids *ids;
        struct arena *arena;
        const struct handover *handovers; /* once they are asked for */
};

static bool means(const struct ids_line *line, struct arena *a, const struct device *d)
{
        char *rest = arena_strdup(a, line->value);

        if (d->roles & ROLE_BRIDGE || !d->bus->dynamic_id)
                return false;
        for (char *word; (word = strsep(&rest, ","));)
                if (*word && d->bus->dynamic_id(word, d))
                        return true;
        return false;
}

/* "the host needs it: 0000:02:00.0 ← eno1 ← default route", or NULL. */
static const char *need(struct effects *x, size_t device)
{
        const struct handover *h;

        if (!x->handovers)
                x->handovers = plan_handovers(x->plan, x->arena);
        h = &x->handovers[device];
        return h->action != ACTION_BIND && (h->why.kind == REASON_NEEDED || h->why.kind == REASON_KEYBOARD) ? h->reason
                                                                                                            : NULL;
}

static void look_at(struct effects *x, size_t device, struct ids_effect *e)
{
        const struct plan_entry *entry = plan_find(x->plan, device);
        const struct device *d = &x->plan->facts->devices[device];
        const char *why;

        if (entry && entry->action == ACTION_BIND) {
                e->ruled = true;
                return;
        }
        e->others = arena_join(x->arena, e->others ? e->others : "", e->others ? ", " : "", d->address, " (", d->id,
                               ")", NULL);
        why = need(x, device);
        if (why)
                e->needed = arena_join(x->arena, e->needed ? e->needed : "", e->needed ? "; " : "", why, NULL);
}

static const struct ids_loader *loader_of(const struct ids *ids, const char *driver)
{
        for (size_t i = 0; i < ids->n_loaders; i++)
                if (streq(ids->loaders[i].driver, driver))
                        return &ids->loaders[i];
        return NULL;
}

static const struct ids_driver *driver_of(const struct ids *ids, const char *name)
{
        size_t i = 0;

        while (i + 1 < IDS_DRIVERS && !streq(ids->drivers[i].name, name))
                i++;
        return &ids->drivers[i];
}

/* The kernel's own driver reads the command line, and nothing else. */
static void find_loader(struct effects *x, struct ids_effect *e)
{
        const struct ids_loader *loader = loader_of(x->ids, e->line->driver);
        const struct ids_driver *d = driver_of(x->ids, e->line->driver);
        const char *from = streq(e->line->file, IDS_CMDLINE) ? "the kernel command line" : e->line->file;

        e->fix = arena_join(x->arena, "remove \"", e->line->text, "\" from ", from, NULL);
        if (e->line->cmdline && d->builtin)
                e->by = arena_join(x->arena, d->name, " is built into kernel ", d->builtin, NULL);
        else if (e->line->cmdline && d->unknown)
                e->by = arena_join(x->arena, d->name, " may be built into the kernel (unknown)", NULL);
        else if (d->builtin && !d->module)
                e->idle = arena_join(x->arena, d->name, " is built into the kernel, which does not read it", NULL);
        else if (!loader)
                e->idle = arena_join(x->arena, "passthrough loads ", e->line->driver,
                                     " with an empty ids=, and no line that it knows of loads it first", NULL);
        else if (!loader->text)
                e->by = arena_join(x->arena, loader->file, " may load ", e->line->driver, " first: it cannot be read",
                                   NULL);
        else {
                e->by = arena_join(x->arena, loader->file, " loads ", e->line->driver, " first: \"", loader->text, "\"",
                                   NULL);
                /* It may bring them itself. */
                if (!streq(loader->text, e->line->text))
                        e->fix = arena_join(x->arena, e->fix, ", or \"", loader->text, "\" from ", loader->file, NULL);
        }
}

size_t ids_effects(const struct plan *plan, const struct ids *ids, struct arena *a, struct ids_effect **ret)
{
        struct effects x = {.plan = plan, .ids = ids, .arena = a};

        *ret = arena_alloc(a, ids->n_lines * sizeof(**ret));
        for (size_t i = 0; i < ids->n_lines; i++) {
                struct ids_effect *e = &(*ret)[i];

                e->line = &ids->lines[i];
                for (size_t d = 0; d < plan->facts->n_devices; d++)
                        if (means(e->line, a, &plan->facts->devices[d]))
                                look_at(&x, d, e);
                find_loader(&x, e);
        }
        return ids->n_lines;
}

const char *ids_text(const struct ids_effect *e, struct arena *a)
{
        const char *start = arena_join(a, e->line->file, ": \"", e->line->text, "\"", NULL);
        const char *others = e->others ? arena_join(a, e->others, ", which no rule hands over", e->needed ? "; " : "",
                                                    e->needed ? e->needed : "", NULL)
                                       : NULL;

        if (ids_take(e))
                return arena_join(a, start, " takes ", others, "; ", e->by, NULL);
        if (e->by || (!others && !e->ruled))
                return NULL;
        return arena_join(a, start, " does nothing: ", e->idle, "; it can go", others ? ". It means " : "",
                          others ? others : "", NULL);
}
