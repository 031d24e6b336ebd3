/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status for people: rules, their IOMMU groups as a tree, and when and from whom each device was taken. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"
#include "report/paint.h"
#include "report/text.h"

struct widths {
        int address, class, what, when;
};

struct row {
        char what[96], when[32];
};

static const char *state_of(const struct record_device *d)
{
        return d->state == STATE_NONE ? action_names[d->action] : device_state_names[d->state];
}

static const char *class_of(const struct record_device *d)
{
        const struct bus *bus = bus_named(d->bus);
        const char *name = bus ? bus->kind(d->class) : NULL;

        return name ? name : d->class;
}

static struct row row_of(const struct record_device *d)
{
        struct row r;

        snprintf(r.what, sizeof(r.what), "%s%s%s", state_of(d), *d->driver && record_device_taken(d) ? " to " : "",
                 record_device_taken(d) ? d->driver : "");
        *r.when = '\0';
        if (d->at_us > 0)
                snprintf(r.when, sizeof(r.when), "%" PRIu64 " ms", (d->at_us + 500) / 1000);
        return r;
}

static struct widths measure(const struct record *record)
{
        struct widths w = {};

        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];
                struct row r = row_of(d);

                w.address = MAX(w.address, (int)strlen(d->address));
                w.class = MAX(w.class, (int)strlen(class_of(d)));
                w.what = MAX(w.what, (int)strlen(r.what));
                w.when = MAX(w.when, (int)strlen(r.when));
        }
        return w;
}

static void put_device(FILE *f, const struct status *status, size_t i, const struct widths *w)
{
        const struct record_device *d = &status->record.devices[i];
        const char *kept_out = status->kept_out ? status->kept_out[i] : NULL, *gap = "  ";
        struct row r = row_of(d);

        fprintf(f, "%-*s  %-9s  %-*s  ", w->address, d->address, d->id, w->class, class_of(d));
        paint(f, colour_of(state_of(d)), w->what, r.what);
        fprintf(f, "  %*s", w->when, r.when);
        if (*d->from) {
                fprintf(f, "%staken from %s", gap, d->from);
                gap = "; ";
        } else if (kept_out && record_device_taken(d)) {
                fprintf(f, "%skept from %s", gap, kept_out);
                gap = "; ";
        }
        if (*d->reason && !(record_device_taken(d) && streq(d->reason, PLAN_MATCHED)))
                fprintf(f, "%s%s", gap, d->reason);
        fputc('\n', f);
}

/* Whether a device before i is of its rule and group: all of these are shown with the first. */
static bool shown(const struct record *r, size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (streq(r->devices[j].rule, r->devices[i].rule) && r->devices[j].group == r->devices[i].group)
                        return true;
        return false;
}

/* Whether behind i comes one more of its rule: of its group, or the first of another. */
static bool more_of_group(const struct record *r, size_t i)
{
        for (size_t j = i + 1; j < r->n_devices; j++)
                if (streq(r->devices[j].rule, r->devices[i].rule) && r->devices[j].group == r->devices[i].group)
                        return true;
        return false;
}

static bool more_groups(const struct record *r, size_t i)
{
        for (size_t j = i + 1; j < r->n_devices; j++)
                if (streq(r->devices[j].rule, r->devices[i].rule) && !shown(r, j))
                        return true;
        return false;
}

static void put_group(FILE *f, const struct status *status, size_t first, const struct widths *w)
{
        const struct record *record = &status->record;
        const struct record_device *d = &record->devices[first];
        bool more = more_groups(record, first);

        fputs(branch(more ? BRANCH : LAST_BRANCH), f);
        if (d->group == NO_GROUP)
                fputs("no IOMMU group\n", f);
        else
                fprintf(f, "IOMMU group %d\n", d->group);
        for (size_t i = first; i < record->n_devices; i++) {
                if (!streq(record->devices[i].rule, d->rule) || record->devices[i].group != d->group)
                        continue;
                fputs(branch(more ? TRUNK : NO_TRUNK), f);
                fputs(branch(more_of_group(record, i) ? BRANCH : LAST_BRANCH), f);
                put_device(f, status, i, w);
        }
}

/* "0000:42:00.0: ..." is said beside that device. */
static bool said_below(const struct record *r, const struct record_rule *rule)
{
        for (size_t i = 0; i < r->n_devices; i++)
                if (streq(r->devices[i].rule, rule->name) && startswith(rule->message, r->devices[i].address))
                        return true;
        return false;
}

static void put_rule(FILE *f, const struct status *status, const struct record_rule *rule, const struct widths *w)
{
        const struct record *record = &status->record;

        paint(f, BOLD, 0, rule->name);
        fputs(": ", f);
        paint(f, colour_of(rule_state_names[rule->state]), 0, rule_state_names[rule->state]);
        if (*rule->message && !said_below(record, rule))
                fprintf(f, ": %s", rule->message);
        if (*rule->file) {
                fputs("  ", f);
                paint(f, GREY, 0, rule->file);
        }
        fputc('\n', f);
        for (size_t i = 0; i < record->n_devices; i++)
                if (streq(record->devices[i].rule, rule->name) && !shown(record, i))
                        put_group(f, status, i, w);
        fputc('\n', f);
}

static void put_pools(FILE *f, const struct record *r)
{
        if (r->n_pools > 0)
                fputs("Huge pages:\n", f);
        for (size_t i = 0; i < r->n_pools; i++) {
                const struct record_pool *x = &r->pools[i];
                char place[32] = "the machine", pages[64];

                if (*x->node)
                        snprintf(place, sizeof(place), "node %s", x->node);
                snprintf(pages, sizeof(pages), "%" PRIu64 " of %" PRIu64, x->got, x->asked);
                put_pool(f, x->size, place, pages, pool_state_names[x->state], x->reason);
        }
}

static void put_images(FILE *f, const struct status *status)
{
        bool any = false;

        if (status->stale) {
                paint(f, YELLOW, 0, "stale");
                fprintf(f, ": the image of this boot: %s\n", status->stale);
        }
        for (size_t i = 0; i < status->n_images; i++) {
                const struct status_image *x = &status->images[i];

                if (!x->stale)
                        continue;
                any = true;
                paint(f, YELLOW, 0, "stale");
                fprintf(f, ": %s, which kernel %s would boot with: %s\n", x->path, x->release, x->stale);
        }
        if (any)
                fputs("To build them anew: passthroughctl apply\n", f);
}

static void put_count(FILE *f, const char **gap, size_t n, const char *what)
{
        if (n == 0)
                return;
        fprintf(f, "%s%zu %s", *gap, n, what);
        *gap = ", ";
}

static void put_summary(FILE *f, const struct record *record)
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
        const char *gap = "Devices: ";

        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
                size_t n = 0;

                for (size_t i = 0; i < record->n_devices; i++)
                        n += record->devices[i].state == kinds[k].state;
                put_count(f, &gap, n, kinds[k].text);
        }
        if (streq(gap, ", "))
                fputs(".\n", f);
}

static void put_head(FILE *f, const struct status *status)
{
        const struct record *record = &status->record;

        if (status->boot)
                fprintf(f, status->ran ? "Boot %s, by the journal:\n\n" : "Boot %s has left no line about any rule.\n",
                        status->boot);
        else if (status->off_by)
                fprintf(f, "Nothing was handed over in this boot: %s on the kernel command line.\n\n", status->off_by);
        else if (!status->ran && record->n_rules > 0)
                fputs("Nothing was handed over in this boot: it had no plan.\n\n", f);
        else if (record->n_rules == 0)
                fputs("No rules, in this boot or now: every device is with the host.\n", f);
}

static void put_trial(FILE *f, const struct trial *t, bool here)
{
        switch (t->state) {
        case TRIAL_PENDING:
        case TRIAL_RUNNING:
        case TRIAL_ACCEPTED:
                paint(f, YELLOW, 0, "trial");
                if (!here)
                        fprintf(f, " of %s: the next boot is it\n", t->when);
                else
                        fprintf(f,
                                " of %s: this boot is it; %s keeps it, and %u min after its start it is taken back\n",
                                t->when, t->by_hand ? "passthroughctl confirm" : "its being complete", t->seconds / 60);
                break;
        case TRIAL_FAILED:
                paint(f, RED, 0, "trial");
                fprintf(f, " of %s: failed: %s; what was applied before it is in effect until the config changes\n",
                        t->when, t->why ? t->why : "it is not known why");
                break;
        default:
                break;
        }
}

void text_status(FILE *f, const struct status *status)
{
        const struct record *record = &status->record;
        struct widths w = measure(record);

        put_head(f, status);
        for (size_t i = 0; i < record->n_rules; i++)
                put_rule(f, status, &record->rules[i], &w);
        put_summary(f, record);
        put_pools(f, record);
        put_images(f, status);
        put_trial(f, &status->trial, status->trial_here);
        for (size_t i = 0; i < status->n_notes; i++)
                fprintf(f, "%s\n", status->notes[i]);
}
