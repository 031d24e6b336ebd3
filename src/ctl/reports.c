/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "ctl/ids-say.h"
#include "ctl/lines.h"
#include "ctl/names.h"
#include "ctl/situation.h"
#include "plan/displays.h"
#include "plan/strays.h"
#include "report/json.h"
#include "report/text.h"
#include "state/worked.h"

void ctl_plan_hugepages(struct ctl *c)
{
        struct memory memory;

        memory_read(&c->root, &c->arena, &memory);
        if (!c->facts.in_initrd)
                memory_as_at_boot(&memory);
        c->plan.huge = reserve_plan(&c->settings, &memory, c->facts.off ? c->facts.off_by : NULL, &c->arena);
}

static enum plan_images images_now(struct ctl *c)
{
        struct makers makers;
        struct status_image *images;
        size_t n, n_old = 0, n_unknown = 0;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        if (status_images(c->loaders, &makers, &c->root, &c->arena, &c->plan, &images, &n) < 0)
                return PLAN_IMAGES_UNKNOWN;
        for (size_t i = 0; i < n; i++) {
                n_old += images[i].stale != NULL;
                n_unknown += !images[i].known && !images[i].stale;
        }
        if (n_old > 0)
                return n_old == n ? PLAN_IMAGES_OLD : PLAN_IMAGES_SOME;
        return n == 0 ? PLAN_IMAGES_NONE : n_unknown > 0 ? PLAN_IMAGES_UNKNOWN : PLAN_IMAGES_READY;
}

static void show_plan(struct ctl *c, const struct ids *ids, const char *const *worked)
{
        struct situation now;
        struct pci_name *names;

        names_look_up_planned(&c->root, &c->plan, &c->arena, &names);
        text_plan(stdout, &c->plan, names, worked, c->steps, &c->arena);
        if (displays_none_left(&c->plan, NO_ENTRY))
                puts(DISPLAYS_NONE_LEFT);
        ids_note(c, ids, stdout);
        situation_read(c, &now);
        text_plan_end(stdout, &c->plan, images_now(c), &now, &c->arena);
}

bool ctl_falls_short(const struct ctl *c)
{
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (c->plan.rules[i].state == RULE_REFUSED || c->plan.rules[i].state == RULE_MISSING)
                        return true;
        /* A device that is refused need not be its rule's: another may sit where that one was. */
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (c->plan.entries[i].action == ACTION_REFUSE)
                        return true;
        for (size_t i = 0; i < c->plan.huge.n; i++)
                if (c->plan.huge.entries[i].action == HUGE_REFUSE)
                        return true;
        return false;
}

int ctl_plan_here(struct ctl *c)
{
        static const struct facts_request all;
        const struct facts_request displays = {.config = &c->config, .parents = true}; /* what each device is */
        struct refused_tokens refused;
        struct needs needs;
        const char **worked;
        struct ids ids;
        int k;

        ids_look(c, &ids);
        /* They may mean any device. */
        k = ctl_load_plan(c, ids.n_lines > 0 ? &all : c->json ? NULL : &displays, true);
        if (k != 0)
                return k;
        needs = ctl_needs(c);
        ctl_plan_hugepages(c);
        worked = worked_find(&c->root, &c->arena, &c->plan);
        if (c->json) {
                json_plan(stdout, &c->plan, worked, NULL, &c->diags);
                ids_note(c, &ids, stderr);
        } else
                show_plan(c, &ids, worked);
        fflush(stdout);
        lines_judge_next(c, &needs, &refused);
        lines_say(&refused);
        if (refused.n > 0)
                fputs("passthroughctl: apply writes nothing until the kernel command line is corrected\n", stderr);
        if (c->diags.n_errors > 0)
                return EXIT_USAGE;
        return ctl_falls_short(c) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void show_status(struct ctl *c, const struct status *status)
{
        struct situation situation;
        struct pci_name *names;
        struct status_now now = {.plan = &c->plan, .situation = &situation};

        names_look_up(&c->root, &c->facts, &c->arena, &names);
        now.names = names;
        situation_read(c, &situation);
        text_status(stdout, status, &now, &c->arena);
}

/* The plan of this moment, with who has what open, where a rule of Stage=demand asks for it; *ret: NULL where not. */
static int plan_now(struct ctl *c, struct plan **ret)
{
        const struct facts_request request = {.busy = true};
        struct facts *facts = arena_alloc(&c->arena, sizeof(*facts));
        bool any = false;
        int k;

        *ret = NULL;
        for (size_t i = 0; i < c->config.n_rules; i++)
                any |= rule_on_demand(&c->config.rules[i]);
        if (!any)
                return 0;
        k = facts_gather(&c->root, &c->arena, c->sources, &request, facts);
        /* Without privileges not all of it shows. */
        if (k < 0 || facts->evidence->busy_unknown)
                return k;
        *ret = arena_alloc(&c->arena, sizeof(**ret));
        plan_build(&c->config, facts, &c->arena, *ret);
        return 0;
}

int ctl_status(struct ctl *c)
{
        struct makers makers;
        struct status status;
        struct plan *now;
        const char *strays;
        int k;

        if (c->boot && !streq(c->boot, "0"))
                return ctl_history(c);
        /* Also of devices that no rule speaks of any more. */
        k = ctl_load_plan(c, &(struct facts_request){}, false);

        if (k != 0)
                return k;
        vgpu_plan(&c->root, &c->arena, VGPU_NOW, &c->plan);
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        k = plan_now(c, &now);
        if (k < 0)
                return ctl_fail("/proc", k);
        k = status_build(c->loaders, &makers, &c->root, &c->arena, &c->plan, now, &status);
        if (k == RECFILE_MALFORMED) {
                fputs("passthroughctl: " RECORD_PATH " cannot be read, so it is unknown what this boot did\n", stderr);
        } else if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        if (c->json)
                json_status(stdout, &status, &c->diags);
        else if (k == 0)
                show_status(c, &status);
        strays = strays_text(&c->plan, &c->arena);
        if (strays)
                (void)ctl_error("without a rule a VFIO driver has %s; passthroughctl add --from=running writes one",
                                strays);
        return c->diags.n_errors > 0 ? EXIT_USAGE : status.satisfied ? EXIT_SUCCESS : EXIT_FAILURE;
}
