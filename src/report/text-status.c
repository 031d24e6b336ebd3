/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status for people: a line for each rule, and what became of what was applied. */
#include "base/str.h"
#include "report/domain.h"
#include "report/status-lines.h"
#include "report/text-pages.h"
#include "report/text.h"

#define MARGIN 2

static void put_text(const struct screen *s, const char *text)
{
        screen_skip(s, MARGIN);
        screen_wrap(s, MARGIN, MARGIN, text);
}

static size_t n_not_idle(const struct record *record)
{
        size_t n = 0;

        for (size_t i = 0; i < record->n_rules; i++)
                n += record->rules[i].state != RULE_IDLE;
        return n;
}

static void put_head(const struct screen *s, const struct status *status)
{
        const struct record *record = &status->record;
        const char *text = NULL;

        if (status->boot)
                text = arena_join(s->arena, "Boot ", status->boot,
                                  status->ran ? ", by the journal:" : " has left no line about any rule.", NULL);
        else if (status->off_by)
                text = arena_join(s->arena, "Nothing was handed over in this boot: ", status->off_by,
                                  " on the kernel command line.", NULL);
        else if (!status->ran && n_not_idle(record) > 0)
                text = "Nothing was handed over in this boot: it had no plan.";
        else if (record->n_rules == 0)
                text = "No rules, in this boot or now.";
        if (!text)
                return;
        put_text(s, text);
        if (record->n_rules > 0)
                fputc('\n', s->f);
}

/* ---- the end -------------------------------------------------------------------------------------------------------
 */

/* It was made for its rule, and no driver was kept from it. */
static bool is_vgpu(const struct status *status, size_t i, enum device_state state)
{
        return state == STATE_BOUND && status->vgpus && status->vgpus[i];
}

/* "1 of 3 rules in effect, 1 device handed over before any native driver." */
static void put_summary(const struct screen *s, const struct status *status)
{
        static const struct {
                enum device_state state;
                const char *text;
        } kinds[] = {
                {STATE_BOUND, "handed over before any native driver"},
                {STATE_LATE, "taken from a native driver"},
                {STATE_REFUSED, "refused"},
                {STATE_FAILED, "failed"},
                {STATE_BEGUN, "begun and not finished"},
                {STATE_SKIPPED, "left or given back to the host"},
        };
        const struct record *record = &status->record;
        const char *text, *what;
        size_t n_ok = 0, n_vgpus = 0, n_rules = n_not_idle(record), n_idle = record->n_rules - n_rules;

        for (size_t i = 0; i < record->n_devices; i++)
                n_vgpus += is_vgpu(status, i, record->devices[i].state);
        for (size_t i = 0; i < record->n_rules; i++)
                n_ok += record_satisfied(record, &record->rules[i]);
        text = arena_printf(s->arena, "%zu of %zu rule%s in effect", n_ok, n_rules, n_rules == 1 ? "" : "s");
        if (n_idle > 0)
                text = n_rules > 0 ? arena_printf(s->arena, "%s, %zu idle", text, n_idle)
                                   : arena_printf(s->arena, "%zu rule%s idle", n_idle, n_idle == 1 ? "" : "s");
        if (n_vgpus > 0)
                text = arena_printf(s->arena, "%s, %zu virtual GPU%s made", text, n_vgpus, n_vgpus == 1 ? "" : "s");
        what = " device";
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
                size_t n = 0;

                for (size_t i = 0; i < record->n_devices; i++)
                        n += record->devices[i].state == kinds[k].state && !is_vgpu(status, i, kinds[k].state);
                if (n == 0)
                        continue;
                text = arena_printf(s->arena, "%s, %zu%s%s %s", text, n, what, *what && n > 1 ? "s" : "",
                                    kinds[k].text);
                what = "";
        }
        if (record->n_rules > 0)
                put_text(s, arena_join(s->arena, text, ".", NULL));
}

static bool is_first_with(const struct status *status, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (streq_ptr(status->images[k].stale, status->images[i].stale))
                        return false;
        return status->images[i].stale;
}

/* Images that are not what would be built now, by why. */
static void put_images(const struct screen *s, const struct status *status)
{
        bool any = false;

        for (size_t i = 0; i < status->n_images; i++) {
                const char *names = "";
                size_t n = 0;

                if (!is_first_with(status, i))
                        continue;
                for (size_t k = i; k < status->n_images; k++) {
                        const struct status_image *x = &status->images[k];

                        if (!streq_ptr(x->stale, status->images[i].stale))
                                continue;
                        names = arena_join(s->arena, names, n++ > 0 ? ", " : "", *x->release ? x->release : x->path,
                                           NULL);
                }
                any = true;
                put_text(s, arena_join(s->arena, n == 1 ? "Boot image " : "Boot images ", names,
                                       n == 1 ? " is stale: " : " are stale: ", status->images[i].stale, ".", NULL));
        }
        if (status->stale && !any)
                put_text(s, arena_join(s->arena, "The image of this boot is stale: ", status->stale, ".", NULL));
}

/* The minute in which it was made. */
static const char *minute(struct arena *a, const char *when)
{
        return strlen(when) == strlen("2026-11-29 18:27:04") ? arena_strndup(a, when, strlen("2026-11-29 18:27"))
                                                             : when;
}

static void put_trial(const struct screen *s, const struct trial *t, bool here, const char *until)
{
        struct arena *a = s->arena;

        if (!until)
                until = arena_printf(a, "%u min after its start", t->seconds / 60);
        else
                until = arena_join(a, "at ", until, NULL);
        switch (t->state) {
        case TRIAL_PENDING:
        case TRIAL_RUNNING:
        case TRIAL_ACCEPTED:
                put_text(s, !here ? arena_join(a, "The next boot is the trial of what was applied at ",
                                               minute(a, t->when), ".", NULL)
                                  : arena_join(a, "This boot is the trial. ",
                                               t->by_hand ? "Only passthroughctl confirm keeps it"
                                                          : "It is kept once the boot is complete",
                                               "; otherwise it is taken back ", until, ".", NULL));
                break;
        case TRIAL_FAILED:
                put_text(s, arena_join(a, "The trial of ", minute(a, t->when), " failed and was taken back: ",
                                       t->why ? t->why : "it is not known why", ". The old state is running.", NULL));
                break;
        default:
                break;
        }
}

void text_status(FILE *f, const struct status *status, const struct status_now *now, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        const struct roster lines = status_lines(status, now->plan, now->names, a);

        put_head(&s, status);
        roster_put(&s, &lines);
        if (lines.n > 0)
                fputc('\n', f);
        if (status->record.n_pools > 0) {
                pages_put_record(&s, &status->record);
                fputc('\n', f);
        }
        put_summary(&s, status);
        put_images(&s, status);
        put_trial(&s, &status->trial, status->trial_here, now->situation ? now->situation->until : NULL);
        for (size_t i = 0; i < status->n_notes; i++)
                put_text(&s, status->notes[i]);
        if (now->situation) {
                const struct next_step next =
                        next_step(now->situation, status->boot ? NEXT_ON_HISTORY : NEXT_ON_STATUS, a);

                next_put(&s, &next);
        }
}
