/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list for people: a tree of the IOMMU groups on a terminal, else a line for each device. */
#include "report/listing.h"

#include <unistd.h>

#include "base/str.h"
#include "report/paint.h"
#include "report/text.h"

/* What stands between a device and what is said of it. */
#define INDENT "              "

/* What becomes of it: as a word, and how that is painted. */
struct verdict {
        const char *word;
        enum colour colour;
};

static bool never(const struct listing *list, size_t device)
{
        return list->plan->facts->devices[device].roles & ROLE_BRIDGE && !plan_find(list->plan, device);
}

/* The plan's word where a rule speaks of the device, else whether one could take it. */
static struct verdict verdict_of(const struct listing *list, size_t device)
{
        enum action action = list->handovers[device].action;

        if (plan_find(list->plan, device))
                return (struct verdict){action_names[action], colour_of(action_names[action])};
        if (never(list, device))
                return (struct verdict){"never", GREY};
        return action == ACTION_BIND ? (struct verdict){"possible", BOLD} : (struct verdict){"no", GREY};
}

void text_name(FILE *f, const struct pci_name *name)
{
        fprintf(f, "%s%s%s", name->vendor, *name->vendor && *name->device ? " " : "", name->device);
}

static const char *kind_of(const struct device *d)
{
        return d->roles & ROLE_BRIDGE ? "bridge" : device_kind(d);
}

/* What comes along, or the reason why not; nothing where that is what anybody would expect. */
static void put_details(FILE *f, const struct listing *list, size_t device, const char *before, const char *after)
{
        const struct handover *h = &list->handovers[device];

        if (h->action != ACTION_BIND && *h->reason && !never(list, device))
                fprintf(f, "%s%s%s", before, h->reason, after);
        for (size_t i = 0; i < h->n_along; i++)
                fprintf(f, "%s%s%s", i == 0 ? before : " ", i == 0 ? "with " : "",
                        list->plan->facts->devices[h->along[i]].address);
        if (h->n_along > 0)
                fputs(after, f);
}

static void put_lines(FILE *f, const struct listing *list)
{
        const struct facts *facts = list->plan->facts;

        paint(f, BOLD, 0,
              "ADDRESS       ID         CLASS        GROUP  DRIVER            RULE              HANDOVER  PATH"
              "                   NAME");
        fputc('\n', f);
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *e = plan_find(list->plan, i);
                struct verdict verdict = verdict_of(list, i);
                char group[16] = "-";

                if (d->group != NO_GROUP)
                        snprintf(group, sizeof(group), "%d", d->group);
                fprintf(f, "%-12s  %s  %-11s  %-5s  %-16s  %-16s  ", d->address, d->id, kind_of(d), group,
                        d->driver_now ? d->driver_now : "-", e ? list->plan->config->rules[e->rule].name : "-");
                paint(f, verdict.colour, 8, verdict.word);
                fprintf(f, "  %-21s  ", d->path);
                text_name(f, &list->names[i]);
                fputc('\n', f);
                put_details(f, list, i, INDENT, "\n");
        }
}

static void put_branch(FILE *f, const struct listing *list, size_t device, bool last)
{
        const struct device *d = &list->plan->facts->devices[device];
        const struct plan_entry *e = plan_find(list->plan, device);
        struct verdict verdict = verdict_of(list, device);

        fputs(branch(last ? LAST_BRANCH : BRANCH), f);
        paint(f, e ? BOLD : d->roles & ROLE_BRIDGE ? GREY : PLAIN, 12, d->address);
        fprintf(f, "  %s  %-11s  %-16s  %-21s  ", d->id, kind_of(d), d->driver_now ? d->driver_now : "-", d->path);
        text_name(f, &list->names[device]);
        if (d->roles & ROLE_BRIDGE && !e) {
                fputc('\n', f);
                return;
        }
        fprintf(f, "\n%s%*s", branch(last ? NO_TRUNK : TRUNK), 13, "");
        if (e)
                fprintf(f, "rule %s: ", list->plan->config->rules[e->rule].name);
        paint(f, verdict.colour, 0, verdict.word);
        put_details(f, list, device, list->handovers[device].action == ACTION_BIND ? ", " : ": ", "");
        fputc('\n', f);
}

static void put_group(FILE *f, const struct listing *list, int group, size_t first, size_t n)
{
        char heading[32] = "No IOMMU group";

        if (n == 0)
                return;
        if (group != NO_GROUP)
                snprintf(heading, sizeof(heading), "IOMMU group %d", group);
        paint(f, BOLD, 0, heading);
        fputc('\n', f);
        for (size_t i = 0; i < n; i++)
                put_branch(f, list, list->plan->facts->by_group[first + i], i + 1 == n);
}

static void put_tree(FILE *f, const struct listing *list)
{
        const struct facts *facts = list->plan->facts;
        size_t first, n_alone = facts_group(facts, NO_GROUP, &first);

        for (size_t i = n_alone, n; i < facts->n_devices; i += n) {
                int group = facts->devices[facts->by_group[i]].group;

                n = facts_group(facts, group, &first);
                put_group(f, list, group, first, n);
        }
        put_group(f, list, NO_GROUP, 0, n_alone);
}

void text_list(FILE *f, const struct listing *list)
{
        if (isatty(fileno(f)))
                put_tree(f, list);
        else
                put_lines(f, list);
}
