/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pick.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/edit.h"
#include "ctl/names.h"
#include "plan/handover.h"
#include "report/listing.h"

/* A line without its newline; false: there is none, or it is empty. */
static bool ask(char *answer, size_t size)
{
        fflush(stdout);
        if (!fgets(answer, (int)size, stdin))
                return false;
        answer[strcspn(answer, "\r\n")] = '\0';
        return *answer;
}

/* "display0": the first that no rule has. */
static const char *propose_name(struct ctl *c, const struct device *d)
{
        const char *kind = device_kind(d), *files[CONFIG_PLACES];
        char *name = NULL;
        bool there = true;

        for (unsigned i = 0; there; i++) {
                size_t n = strcspn(kind, " ");

                name = arena_printf(&c->arena, "%.*s%u", (int)n, n > 0 ? kind : "device", i);
                edit_find(c, name, files);
                there = false;
                for (size_t f = 0; f < CONFIG_PLACES; f++)
                        there |= files[f] != NULL;
        }
        return name;
}

/* Numbered, as list has them: what is free, and does not come along with another. */
static size_t print_list(struct ctl *c, size_t *devices)
{
        const struct screen s = screen_of(stdout, &c->arena);
        struct listing list = {.plan = &c->plan, .now = {.live = c->root.live}};
        struct list_table table;
        struct draft_rows rows = {};
        struct pci_name *names;

        names_look_up(&c->root, &c->facts, &c->arena, &names);
        list.names = names;
        list.handovers = plan_handovers(&c->plan, &c->arena);
        listing_prepare(&list, &c->arena);
        table = listing_table(&list, &c->arena);
        for (size_t i = 0; i < table.n; i++) {
                const struct list_row *row = &table.rows[i];
                const char *nodes = *row->cell.nodes ? arena_join(&c->arena, ", ", row->cell.nodes, NULL) : "";
                struct draft_row *slot;

                if (row->state != LIST_FREE)
                        continue;
                slot = arena_grow(&c->arena, &rows.v, rows.n, sizeof(*slot));
                *slot = (struct draft_row){
                        .address = arena_printf(&c->arena, "%2zu  %s", rows.n + 1, listing_address(&list, row->device)),
                        .device = arena_join(&c->arena, row->cell.model, nodes, NULL),
                        .bare = arena_join(&c->arena, row->cell.bare, nodes, NULL),
                        .text = row->driver,
                };
                devices[rows.n++] = row->device;
        }
        draft_rows_put(&s, &rows);
        return rows.n;
}

int pick_arguments(struct ctl *c)
{
        const char *driver = "vfio-pci", *name;
        const struct facts_request request = {
                .slots = true, .serials = true, .use = true, .drivers = &driver, .n_drivers = 1};
        const struct device *d;
        char answer[80], **argv;
        size_t *devices, n;
        uint32_t number;
        int k = ctl_load_plan(c, &request, true);

        if (k != 0)
                return k;
        devices = arena_alloc(&c->arena, c->facts.n_devices * sizeof(*devices));
        n = print_list(c, devices);
        if (n == 0) {
                puts("  No device is free; passthroughctl list says why.");
                return EXIT_FAILURE;
        }
        printf("  Which one? [1-%zu] ", n);
        if (!ask(answer, sizeof(answer)) || !str_to_u32(answer, 10, &number) || number == 0 || number > n) {
                puts("  Nothing is written.");
                return EXIT_FAILURE;
        }
        d = &c->facts.devices[devices[number - 1]];
        name = propose_name(c, d);
        printf("  The rule's name? [%s] ", name);
        argv = arena_alloc(&c->arena, 4 * sizeof(*argv));
        argv[0] = c->argv[0];
        argv[1] = arena_strdup(&c->arena, ask(answer, sizeof(answer)) ? answer : name);
        argv[2] = arena_strdup(&c->arena, d->address);
        c->argv = argv;
        c->argc = 3;
        return 0;
}
