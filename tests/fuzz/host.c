/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own files: any bytes as fstab, crypttab, mountinfo, a clearance or what else the guard reads, laid over
 * the machine of $FUZZ_TREE; then what rules that match every guarded class may take of it. The first file is
 * /etc/fstab.
 */
#include <stdlib.h>

#include "base/str.h"
#include "facts/gather.h"
#include "files.h"
#include "guard/evidence.h"
#include "maker/table.h"

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static struct root root;
static struct arena machine;
static struct config config;

static const char greedy[] = "[Match]\nClass=storage network usb\n[Device]\nExpect=0-\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct root nowhere = ROOT_INIT;
        struct diags diags = {.arena = &machine};
        const char *tree = getenv("FUZZ_TREE");

        (void)argc;
        (void)argv;
        if (!tree || root_open(tree, &root) < 0) {
                fputs("FUZZ_TREE must name a machine's tree\n", stderr);
                exit(EXIT_FAILURE);
        }
        files_add("/etc/passthrough.d/greedy.conf", greedy, strlen(greedy));
        CHECK(config_load(&nowhere, &machine, bus_syntaxes, &diags, &config) == 0 && config.n_rules == 1 &&
              diags.n == 0);
        files_clear();
        files_above = true;
        return 0;
}

static void check_plan(const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                CHECK(e->action != ACTION_BIND || !e->needed);
                CHECK(e->reason && *e->reason);
        }
        check_reports(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena a = {};
        struct facts facts = {};
        struct facts_request request;
        struct plan plan;

        files_split(&a, "/etc/fstab", data + (size > 0), size - (size > 0));
        facts_request_for(&config, &a, &request);
        /* Its first bit says whether the host is on its way up, where a clearance counts. */
        request.booting = size > 0 && data[0] & 1;
        CHECK(facts_gather(&root, &a, &sources, &request, &facts) == 0);
        plan_build(&config, &facts, &a, &plan);
        check_plan(&plan);
        files_clear();
        arena_free(&a);
        return 0;
}
