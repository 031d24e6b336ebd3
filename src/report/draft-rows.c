/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/draft-rows.h"

#include "guard/evidence.h"
#include "plan/sriov.h"
#include "report/brief.h"
#include "report/domain.h"
#include "report/headings.h"
#include "report/paint.h"
#include "report/vgpu-lines.h"

#define INDENT       2
#define GAP          2
#define DEVICE_LEAST 24 /* columns that a device keeps where the words beside it can be broken */
#define TEXT_MOST    40 /* columns that these words get at most, then */

/* ---- what is said --------------------------------------------------------------------------------------------------
 */

static const char *driver_text(struct arena *a, const struct device *d, const struct plan_entry *e)
{
        if (d->bus->syntax->driverless)
                return d->driver_now ? arena_join(a, "keeps driver ", d->driver_now, NULL) : "";
        if (streq_ptr(d->driver_now, e->driver))
                return arena_join(a, e->driver, " has it already", NULL);
        return arena_join(a, d->driver_now ? d->driver_now : "no driver", " → ", e->driver,
                          d->roles & ROLE_BOOT_DISPLAY ? ", boot display" : "", NULL);
}

/* "its audio", of a function of the same card. */
static const char *part_of_card(const struct device *d)
{
        switch (heading_of(d)) {
        case HEADING_AUDIO:
                return "its audio";
        case HEADING_USB:
                return "its USB";
        case HEADING_GRAPHICS:
                return "its second display";
        default:
                return "same card";
        }
}

static const char *along_text(struct arena *a, const struct device *d, const struct device *leader,
                              const struct plan_entry *e)
{
        bool part = device_same_make(d, leader) && (leader->roles & ROLE_DISPLAY || d->group != leader->group);
        const char *why = part                    ? part_of_card(d)
                          : e->leader == e->below ? "it is below the other"
                          : d->group != NO_GROUP  ? arena_printf(a, "same IOMMU group (%d)", d->group)
                                                  : "same card";

        return arena_join(a, "comes along: ", why, NULL);
}

/* How many virtual functions its rule makes. */
static uint32_t count_of(const struct plan *plan, const struct plan_entry *e)
{
        for (size_t i = 0; plan->sriov && i < plan->sriov->n_parents; i++)
                if (&plan->entries[plan->sriov->parents[i].entry] == e && !plan->sriov->parents[i].refused)
                        return plan->sriov->parents[i].count;
        return 0;
}

static uint32_t count_of_gpus(const struct plan *plan, const struct plan_entry *e)
{
        const struct vgpu_parent *x = vgpu_parent_of(plan, (size_t)(e - plan->entries));

        return x && !x->refused && !x->fewer ? x->count : 0;
}

static const char *gets(struct arena *a, uint32_t n, const char *what)
{
        return arena_printf(a, "gets %u %s%s", n, what, n == 1 ? "" : "s");
}

static const char *text_of(const struct listing *list, struct arena *a, const struct plan_entry *e)
{
        const struct plan *plan = list->plan;
        const struct device *d = &plan->facts->devices[e->device];

        if (e->action == ACTION_KEEP && count_of_gpus(plan, e) > 0)
                return gets(a, count_of_gpus(plan, e), "virtual GPU");
        if (e->action == ACTION_KEEP && count_of(plan, e) > 0)
                return gets(a, count_of(plan, e), "virtual function");
        if (e->action == ACTION_KEEP)
                return "stays with the host";
        if (e->action == ACTION_REFUSE)
                return e->kind == REASON_FOREIGN ? arena_printf(a, "same IOMMU group (%d)", d->group) : "";
        return e->leader == NO_ENTRY ? driver_text(a, d, e)
                                     : along_text(a, d, &plan->facts->devices[plan->entries[e->leader].device], e);
}

static void add_row(const struct listing *list, struct arena *a, const struct plan_entry *e, struct draft_rows *rows)
{
        const struct device *d = &list->plan->facts->devices[e->device];
        const char *model = model_short(a, d, &list->names[e->device]);
        struct strings nodes = model_nodes(a, list->plan->facts, e->device);
        const char *on = nodes.n == 0   ? ""
                         : nodes.n == 1 ? arena_join(a, ", ", nodes.v[0], NULL)
                                        : arena_printf(a, ", %s and %zu more", nodes.v[0], nodes.n - 1);
        struct draft_row *row = arena_grow(a, &rows->v, rows->n, sizeof(*row));

        *row = (struct draft_row){
                .address = listing_address(list, e->device),
                .device = arena_join(a, model, on, NULL),
                .bare = arena_join(a, model_bare(a, model, &list->names[e->device]), on, NULL),
                .text = text_of(list, a, e),
        };
        rows->n++;
}

/* A virtual function that is or becomes a virtual GPU: its card's row says so. */
static bool is_told(const struct plan *plan, const struct plan_entry *e)
{
        const struct vgpu *vgpu = plan->config->rules[e->rule].vgpu;

        return vgpu && vgpu_typed(vgpu) && plan->facts->devices[e->device].parent;
}

struct draft_rows draft_rows_of(const struct listing *list, struct arena *a, size_t rule)
{
        const struct plan *plan = list->plan;
        struct draft_rows rows = {};

        for (size_t i = 0; i < plan->n_entries; i++) {
                if (plan->entries[i].rule != rule || plan->entries[i].leader != NO_ENTRY ||
                    is_told(plan, &plan->entries[i]))
                        continue;
                add_row(list, a, &plan->entries[i], &rows);
                for (size_t k = 0; k < plan->n_entries; k++)
                        if (plan->entries[k].rule == rule && plan->entries[k].leader == i)
                                add_row(list, a, &plan->entries[k], &rows);
        }
        return rows;
}

/* ---- how it looks --------------------------------------------------------------------------------------------------
 */

static const char *device_text(const struct screen *s, const struct draft_row *row, size_t columns)
{
        const char *text = screen_letters(s, row->device);

        return screen_columns(text) <= columns ? text : screen_fit(s, screen_letters(s, row->bare), columns);
}

/* Words beside a device that find no room go on below themselves; names give way before that. */
static size_t device_columns(const struct screen *s, const struct draft_rows *rows, size_t address)
{
        size_t device = 0, text = 0, used = 0, fixed = INDENT + address + 2 * GAP, left;

        for (size_t i = 0; i < rows->n; i++) {
                device = MAX(device, screen_columns(device_text(s, &rows->v[i], SCREEN_WIDE)));
                text = MAX(text, screen_columns(screen_letters(s, rows->v[i].text)));
        }
        text = MIN(text, (size_t)TEXT_MOST);
        left = s->width > fixed + text ? s->width - fixed - text : 0;
        left = MAX(left, (size_t)DEVICE_LEAST);
        device = MIN(device, left);
        for (size_t i = 0; i < rows->n; i++)
                used = MAX(used, screen_columns(device_text(s, &rows->v[i], device)));
        return used;
}

void draft_rows_put(const struct screen *s, const struct draft_rows *rows)
{
        size_t address = 0, device, at;

        for (size_t i = 0; i < rows->n; i++)
                address = MAX(address, strlen(rows->v[i].address));
        device = device_columns(s, rows, address);
        at = INDENT + address + GAP + device + GAP;
        for (size_t i = 0; i < rows->n; i++) {
                const char *text = device_text(s, &rows->v[i], device);

                screen_skip(s, INDENT);
                paint(s->f, BOLD, (int)address, rows->v[i].address);
                screen_skip(s, GAP);
                fputs(text, s->f);
                if (*rows->v[i].text)
                        screen_skip(s, GAP + device - screen_columns(text));
                screen_wrap(s, at, at, rows->v[i].text);
        }
}

/* ---- why not -------------------------------------------------------------------------------------------------------
 */

/* "0000:03:00.0 ← nvme0n1p2 ← /": what it is for comes first, then the way there, as far as that says more. */
static const char *needed_text(struct arena *a, const struct reason *why)
{
        const char *way = "", *ending = why->more + strcspn(why->more, ";"), *end = ending;
        const char *at = why->more + strcspn(why->more, " ");
        bool held = streq(why->about, USE_HELD);

        /* The links between the device and the use. */
        end -= strlen(why->about) + strlen(PLAN_ARROW);
        while (at < end) {
                const char *link = at + strlen(PLAN_ARROW);

                at = strstr(link, PLAN_ARROW);
                way = arena_join(a, arena_strndup(a, link, (size_t)(at - link)), *way ? PLAN_ARROW : "", way, NULL);
        }
        return arena_join(a, held ? "it is in use" : "the host needs it, for ",
                          !held && streq(why->about, USE_DEFAULT_ROUTE) ? "the " : "", held ? "" : why->about,
                          *way ? " (" : "", way, *way ? ")" : "", ending, NULL);
}

/* A setting that would do has a question or the next step of its own. */
static const char *short_text(struct arena *a, const struct reason *why)
{
        switch (why->kind) {
        case REASON_NEEDED:
        case REASON_KEYBOARD:
                return needed_text(a, why);
        case REASON_COMPANY:
        case REASON_BOOT_DISPLAY:
        case REASON_MAYBE_BOOT_DISPLAY:
                return brief_why(a, why->text);
        default:
                return why->text;
        }
}

struct draft_reason draft_reason(const struct listing *list, struct arena *a, size_t rule)
{
        const struct plan *plan = list->plan;
        const struct plan_rule *state = &plan->rules[rule];
        const char *named = NULL;
        size_t n_named = 0;

        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->entries[i].rule == rule && plan->entries[i].leader == NO_ENTRY &&
                    plan->entries[i].kind != REASON_FOREIGN && !is_told(plan, &plan->entries[i])) {
                        named = plan->facts->devices[plan->entries[i].device].address;
                        n_named++;
                }
        if (!state->device)
                return (struct draft_reason){NULL, listing_text(list, a, state->message)};
        return (struct draft_reason){
                n_named == 1 && streq(named, state->device) ? NULL : domain_less(list->one_domain, state->device),
                listing_text(list, a, short_text(a, &state->why))};
}
