/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/pick.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/edit.h"
#include "ctl/names.h"
#include "plan/handover.h"
#include "report/listing.h"

/* What a rule would take that names it, and that does not come along with one that is in the list already. */
static size_t find_free(struct ctl *c, const struct handover *handovers, size_t *devices)
{
        bool *along = arena_alloc(&c->arena, c->facts.n_devices * sizeof(*along));
        size_t n = 0;

        for (size_t i = 0; i < c->facts.n_devices; i++) {
                if (handovers[i].action != ACTION_BIND || plan_find(&c->plan, i) || along[i])
                        continue;
                for (size_t a = 0; a < handovers[i].n_along; a++)
                        along[handovers[i].along[a]] = true;
                devices[n++] = i;
        }
        return n;
}

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
        const char *kind = device_kind(d), *files[CONFIG_DIRECTORIES];
        char *name = NULL;
        bool there = true;

        for (unsigned i = 0; there; i++) {
                size_t n = strcspn(kind, " ");

                name = arena_printf(&c->arena, "%.*s%u", (int)n, n > 0 ? kind : "device", i);
                edit_find(c, name, files);
                there = false;
                for (size_t f = 0; f < CONFIG_DIRECTORIES; f++)
                        there |= files[f] != NULL;
        }
        return name;
}

static void print_list(struct ctl *c, const size_t *devices, size_t n)
{
        struct pci_name *names;

        names_look_up(&c->root, &c->facts, &c->arena, &names);
        for (size_t i = 0; i < n; i++) {
                const struct device *d = &c->facts.devices[devices[i]];

                printf("%3zu  %-12s  %s  %-11s  ", i + 1, d->address, d->id, device_kind(d));
                text_name(stdout, &names[devices[i]]);
                putchar('\n');
        }
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
        n = find_free(c, plan_handovers(&c->plan, &c->arena), devices);
        if (n == 0) {
                puts("No device is free; passthroughctl list says why.");
                return EXIT_FAILURE;
        }
        print_list(c, devices, n);
        printf("Which one? [1-%zu] ", n);
        if (!ask(answer, sizeof(answer)) || !str_to_u32(answer, 10, &number) || number == 0 || number > n) {
                puts("nothing is written");
                return EXIT_FAILURE;
        }
        d = &c->facts.devices[devices[number - 1]];
        name = propose_name(c, d);
        printf("The rule's name? [%s] ", name);
        argv = arena_alloc(&c->arena, 4 * sizeof(*argv));
        argv[0] = c->argv[0];
        argv[1] = arena_strdup(&c->arena, ask(answer, sizeof(answer)) ? answer : name);
        argv[2] = arena_strdup(&c->arena, d->address);
        c->argv = argv;
        c->argc = 3;
        return 0;
}
