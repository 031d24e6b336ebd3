/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/cell.h"

#include "base/str.h"

/* What it is says more than who made it; the end of a name says least. */
static const char *model_text(const struct screen *s, const struct cell_device *d, size_t columns)
{
        const char *model = screen_letters(s, d->model), *bare = screen_letters(s, d->bare);
        const char *cut = screen_fit(s, model, columns), *sign = screen_letters(s, "…");
        size_t vendor = screen_columns(model) - screen_columns(bare);

        if (cut == model)
                return model;
        if (screen_columns(bare) <= columns || screen_columns(cut) <= vendor + screen_columns(sign))
                return screen_fit(s, bare, columns);
        return cut;
}

const char *cell_device(const struct screen *s, const struct cell_device *d, size_t columns)
{
        const char *nodes = *d->nodes ? arena_join(s->arena, ", ", d->nodes, NULL) : "";
        size_t n = screen_columns(nodes);

        if (n + strlen("...") > columns)
                return model_text(s, d, columns);
        return arena_join(s->arena, model_text(s, d, columns > n ? columns - n : 0), screen_letters(s, nodes), NULL);
}

void cell_put(const struct screen *s, enum colour colour, size_t columns, const char *text)
{
        text = screen_letters(s, text);
        paint(s->f, colour, 0, text);
        screen_skip(s, columns > screen_columns(text) ? columns - screen_columns(text) : 0);
        screen_skip(s, CELL_GAP);
}

void cell_widen(const struct screen *s, size_t *width, const char *text)
{
        size_t columns = screen_columns(screen_letters(s, text));

        *width = MAX(*width, columns);
}
