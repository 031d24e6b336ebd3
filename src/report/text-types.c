/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list --types for people: below each device the types that it offers. */
#include "report/cell.h"
#include "report/list-next.h"
#include "report/types.h"
#include "report/vgpu-lines.h"

#define MARGIN     2
#define TYPES      4  /* where the types begin */
#define ID_MOST    16 /* of a longer ID the name goes further to the right */
#define NAME_LEAST 12

struct columns {
        size_t address, id, name, memory, fits;
};

static const char *memory_of(struct arena *a, const struct vgpu_type *t)
{
        uint32_t mib = vgpu_framebuffer(t);

        return mib == 0          ? "-"
               : mib % 1024 == 0 ? arena_printf(a, "%u GiB", mib / 1024)
                                 : arena_printf(a, "%u MiB", mib);
}

static const char *fits_of(struct arena *a, const struct types_row *row)
{
        return !row->counted             ? "?"
               : row->least == row->most ? arena_printf(a, "%u", row->most)
                                         : arena_printf(a, "%u to %u", row->least, row->most);
}

static struct columns columns_of(const struct screen *s, const struct listing *list, const struct types_of *found,
                                 size_t n)
{
        struct columns c = {strlen("ADDRESS"), strlen("TYPE"), strlen("NAME"), strlen("FRAMEBUFFER"), strlen("FIT")};
        size_t fixed, left;

        for (size_t i = 0; i < n; i++) {
                cell_widen(s, &c.address, listing_address(list, found[i].device));
                for (size_t t = 0; t < found[i].n; t++) {
                        const struct types_row *row = &found[i].rows[t];

                        cell_widen(s, &c.id, row->type->id);
                        cell_widen(s, &c.name, row->type->name);
                        cell_widen(s, &c.memory, memory_of(s->arena, row->type));
                        cell_widen(s, &c.fits, fits_of(s->arena, row));
                }
        }
        c.id = MIN(c.id, (size_t)ID_MOST);
        fixed = TYPES + c.id + CELL_GAP + CELL_GAP + c.memory + CELL_GAP + c.fits;
        left = s->width > fixed ? s->width - fixed : 0;
        left = MAX(left, (size_t)NAME_LEAST);
        c.name = MIN(c.name, left);
        return c;
}

static void put_right(const struct screen *s, enum colour colour, size_t columns, const char *text)
{
        screen_skip(s, columns > screen_columns(text) ? columns - screen_columns(text) : 0);
        paint(s->f, colour, 0, text);
}

static void put_cells(const struct screen *s, const struct columns *c, enum colour colour, const char *id,
                      const char *name, const char *memory, const char *fits)
{
        screen_skip(s, TYPES);
        cell_put(s, colour, c->id, id);
        cell_put(s, colour, c->name, screen_fit(s, name, c->name));
        put_right(s, colour, c->memory, memory);
        screen_skip(s, CELL_GAP);
        put_right(s, colour, c->fits, fits);
        fputc('\n', s->f);
}

static void put_line(const struct screen *s, const char *text)
{
        screen_skip(s, TYPES);
        screen_wrap(s, TYPES, TYPES + CELL_GAP, text);
}

/* Definitions of others, which may have nothing there now. */
static void put_definitions(const struct screen *s, const struct listing *list, const struct types_of *x)
{
        for (size_t i = 0; i < x->is->n_owners; i++) {
                const struct vgpu_owner *o = &x->is->owners[i];

                if (listing_vgpu_owner_of(list, o, x->device))
                        put_line(s, arena_join(s->arena,
                                               o->unreadable  ? "cannot be read: "
                                               : o->automatic ? "made at each boot: "
                                                              : "made by hand: ",
                                               o->type ? vgpu_type_name(x->is, o->type) : "", o->type ? ", by " : "",
                                               o->who, NULL));
        }
}

static void put_parent(const struct screen *s, const struct listing *list, const struct columns *c,
                       const struct types_of *x)
{
        const struct device *d = &list->plan->facts->devices[x->device];
        const size_t at = MARGIN + c->address + CELL_GAP;
        const char *made = listing_vgpus(list, s->arena, x->device);

        screen_skip(s, MARGIN);
        cell_put(s, BOLD, c->address, listing_address(list, x->device));
        screen_wrap(s, at, at,
                    arena_join(s->arena, model_short(s->arena, d, &list->names[x->device]),
                               d->driver_now          ? ", driver "
                               : d->bus->syntax->made ? ""
                                                      : ", no driver",
                               d->driver_now ? d->driver_now : "", NULL));
        for (size_t i = 0; i < x->n; i++) {
                const struct types_row *row = &x->rows[i];

                put_cells(s, c, PLAIN, row->type->id, row->type->name, memory_of(s->arena, row->type),
                          fits_of(s->arena, row));
        }
        if (x->none)
                put_line(s, x->none); /* a command in it takes whole addresses */
        if (made && !startswith(made, "can "))
                put_line(s, listing_text(list, s->arena, made));
        put_definitions(s, list, x);
        fputc('\n', s->f);
}

static void put_count(const struct screen *s, const char *who, const struct types_of *found, size_t n)
{
        size_t offering = 0;
        bool shared = false;
        const char *text;

        for (size_t i = 0; i < n; i++) {
                offering += found[i].n > 0 || found[i].kind == VGPU_PLAIN;
                for (size_t t = 0; t < found[i].n; t++)
                        shared |= found[i].rows[t].most > 0;
        }
        text = offering == 0   ? arena_join(s->arena, who, " virtual GPUs", NULL)
               : offering == 1 ? "1 device offers virtual GPUs"
                               : arena_printf(s->arena, "%zu devices offer virtual GPUs", offering);
        screen_skip(s, MARGIN);
        screen_wrap(s, MARGIN, MARGIN,
                    arena_join(s->arena, text, shared ? ". Each that is made takes room from all types." : ".", NULL));
}

void text_types(FILE *f, const struct listing *list, size_t one, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        size_t n;
        const struct types_of *found = types_find(list, one, a, &n);
        const struct columns c = columns_of(&s, list, found, n);
        bool any = false;

        for (size_t i = 0; i < n; i++)
                any |= found[i].n > 0;
        if (any) {
                put_cells(&s, &c, BOLD, "TYPE", "NAME", "FRAMEBUFFER", "FIT");
                fputc('\n', f);
        }
        for (size_t i = 0; i < n; i++)
                put_parent(&s, list, &c, &found[i]);
        put_count(&s,
                  one != NO_DEVICE                    ? "This device offers no"
                  : list->words && list->words->n > 0 ? "No such device here offers"
                                                      : "No device here offers",
                  found, n);
        list_next_types(&s, list, found, n);
}
