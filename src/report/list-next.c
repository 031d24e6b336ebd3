/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/list-next.h"

#include "base/str.h"
#include "config/config.h"
#include "plan/propose.h"
#include "report/headings.h"

static void put(const struct screen *s, const char *command, const char *why)
{
        next_put(s, &(struct next_step){command, why});
}

/* What changes this host takes root. */
static const char *command(const struct screen *s, const struct listing *list, const char *words)
{
        return arena_join(s->arena, list->live ? "sudo " : "", "passthroughctl ", words, NULL);
}

/* ---- add -----------------------------------------------------------------------------------------------------------
 */

/* "gpu0", or the first of the kind that no rule has yet. */
static const char *name_for(const struct screen *s, const struct listing *list, size_t device)
{
        static const char *const names[HEADING_MAX_] = {
                [HEADING_GRAPHICS] = "gpu",  [HEADING_STORAGE] = "disk", [HEADING_NETWORK] = "nic",
                [HEADING_USB] = "usb",       [HEADING_AUDIO] = "audio",  [HEADING_ACCELERATORS] = "accel",
                [HEADING_SERIAL] = "serial", [HEADING_OTHER] = "device", [HEADING_SYSTEM] = "device",
        };
        enum heading heading = heading_of(&list->plan->facts->devices[device]);

        for (unsigned n = 0;; n++) {
                const char *name = arena_printf(s->arena, "%s%u", names[heading], n);

                if (!config_find(list->plan->config, name))
                        return name;
        }
}

/* Whether others of its group come along that no display takes along unasked. */
static bool takes_group(const struct listing *list, size_t device)
{
        const struct handover *h = &list->handovers[device];

        for (size_t i = 0; i < h->n_along; i++)
                if (!propose_goes_along(list->plan->facts, h->along[i], device))
                        return true;
        return false;
}

static const char *add_of(const struct screen *s, const struct listing *list, size_t device)
{
        return arena_join(s->arena, "add ", name_for(s, list, device), " ", listing_address(list, device),
                          takes_group(list, device) ? " IOMMUGroup=complete" : "", NULL);
}

/* Free, and best alone. */
static size_t example(const struct listing *list, const struct list_table *t)
{
        size_t found = NO_DEVICE;

        for (size_t i = 0; i < t->n; i++)
                if (t->rows[i].state == LIST_FREE &&
                    (found == NO_DEVICE || (takes_group(list, found) && !takes_group(list, t->rows[i].device))))
                        found = t->rows[i].device;
        return found;
}

/* ---- what is on its way --------------------------------------------------------------------------------------------
 */

/* Whether that said all: something has to happen before a rule is one. */
static bool put_urgent(const struct screen *s, const struct listing *list)
{
        if (list->errors)
                put(s, command(s, list, "plan"), "once the files named above are corrected");
        else if (list->way == WAY_FAILED)
                put(s, command(s, list, "status"), "says why the trial of the rules was taken back");
        else if (list->way == WAY_CONFIRM)
                put(s, command(s, list, "confirm"), "keeps what this boot tries");
        else
                return false;
        return true;
}

static void put_waiting(const struct screen *s, const struct listing *list)
{
        if (list->way == WAY_TRIAL)
                put(s, list->live ? "sudo reboot" : "reboot", "tries the rules once");
        else if (list->way == WAY_APPLIED)
                put(s, list->live ? "sudo reboot" : "reboot", "carries the rules out");
        else
                put(s, command(s, list, "apply"), "has the next boot carry the rules out");
}

static size_t first_in(const struct listing *list, const struct list_table *t, enum list_state state)
{
        for (size_t i = 0; i < t->n; i++)
                if (t->rows[i].state == state && plan_find(list->plan, t->rows[i].device))
                        return t->rows[i].device;
        return NO_DEVICE;
}

static void put_show(const struct screen *s, const struct listing *list, size_t device)
{
        const char *rule = list->plan->config->rules[plan_find(list->plan, device)->rule].name;

        put(s, command(s, list, arena_join(s->arena, "show ", rule, NULL)), "for the virtual machine");
}

static void put_why(const struct screen *s, const struct listing *list, size_t device)
{
        if (list->plan->facts->devices[device].group == NO_GROUP)
                put(s, command(s, list, "check"), "says why there is no IOMMU group");
        else
                put(s, command(s, list, arena_join(s->arena, "list ", listing_address(list, device), NULL)),
                    "says all about that device");
}

void list_next(const struct screen *s, const struct listing *list, const struct list_table *t)
{
        size_t free_one = example(list, t), over = first_in(list, t, LIST_HANDED_OVER);

        if (put_urgent(s, list))
                return;
        if (t->of_state[LIST_NEXT_BOOT] > 0)
                put_waiting(s, list);
        else if (t->of_state[LIST_REFUSED] > 0)
                put(s, command(s, list, "plan"), "says what a refused rule can do");
        else if (over != NO_DEVICE)
                put_show(s, list, over);
        else if (free_one != NO_DEVICE)
                put(s, command(s, list, "add NAME ADDRESS"),
                    arena_join(s->arena, "e.g. ", add_of(s, list, free_one), NULL));
        else if (t->n == 0)
                put(s, command(s, list, "list"), "shows all devices");
        else
                put_why(s, list, t->rows[0].device);
}

void list_next_of(const struct screen *s, const struct listing *list, size_t device)
{
        enum list_state state = listing_state(list, device);
        bool companion = list->under[device] != NO_DEVICE && !list->plan->facts->devices[device].parent;

        if (put_urgent(s, list))
                return;
        if (state == LIST_FREE)
                put(s, command(s, list, add_of(s, list, companion ? list->under[device] : device)), "");
        else if (state == LIST_NEXT_BOOT)
                put_waiting(s, list);
        else if (state == LIST_HANDED_OVER)
                put_show(s, list, device);
        else if (plan_find(list->plan, device))
                put(s, command(s, list, "plan"), "says more of the rule");
        else if (list->plan->facts->devices[device].group == NO_GROUP)
                put(s, command(s, list, "check"), "says why there is no IOMMU group");
        else
                put(s, command(s, list, "list"), "shows which devices are free");
}
