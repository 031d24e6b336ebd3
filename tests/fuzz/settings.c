/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: any bytes as passthrough.conf(5), then the huge pages that they ask of a machine with two nodes. */
#include "config/settings.h"

#include "base/str.h"
#include "files.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static struct huge_pool pools[] = {{.size = 2 * MIB, .known = true, .pages = 3}, {.size = GIB, .known = true}};
static struct memory_node nodes[] = {
        {.node = 0, .memory = {.total = 2 * GIB, .pools = pools, .n_pools = ARRAY_SIZE(pools)}},
        {.node = 1, .memory = {.total = 6 * GIB, .pools = pools, .n_pools = ARRAY_SIZE(pools)}},
};
static const struct memory memory = {
        .machine = {.total = 8 * GIB, .pools = pools, .n_pools = ARRAY_SIZE(pools)},
        .nodes = nodes,
        .n_nodes = ARRAY_SIZE(nodes),
};

static void check_settings(const struct settings *s, const struct diags *diags)
{
        size_t defaults = 0;

        CHECK(s->invalid == (diags->n_errors > 0));
        for (size_t i = 0; i < diags->n; i++)
                for (const char *c = diags->v[i].message; *c; c++)
                        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
        for (size_t i = 0; i < s->n_command_line; i++) {
                const char *token = s->command_line[i];
                size_t quotes = 0;

                CHECK(*token && !streq(token, "--"));
                for (const char *c = token; *c; c++) {
                        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f && (*c != ' ' || quotes % 2));
                        quotes += *c == '"';
                }
                CHECK(quotes % 2 == 0);
        }
        for (size_t i = 0; i < s->n_pages; i++) {
                const struct huge_pages *pages = &s->pages[i];

                CHECK(pages->size && (pages->size & (pages->size - 1)) == 0 && *pages->name);
                CHECK(i == 0 || s->pages[i - 1].size > pages->size);
                CHECK(pages->has_count != (pages->n_nodes > 0));
                for (size_t n = 0; n < pages->n_nodes; n++)
                        for (size_t m = 0; m < n; m++)
                                CHECK(pages->nodes[n].node != pages->nodes[m].node);
                defaults += pages->is_default;
        }
        CHECK(defaults <= 1);
}

/* What is written leaves the host its share. */
static void check_plan(const struct huge_plan *plan)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < plan->n; i++) {
                const struct huge_entry *e = &plan->entries[i];

                CHECK(e->reason && *e->reason && e->action != HUGE_SKIP);
                if (e->action != HUGE_WRITE)
                        continue;
                CHECK(e->asked > e->there && e->asked <= 4096 && startswith(e->target, "/sys/") && *e->value);
                sum += (e->asked - e->there) * (streq(e->size, "1G") ? GIB : 2 * MIB);
        }
        CHECK(sum <= 8 * GIB - reserve_for_host(8 * GIB, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena a = {};
        struct diags diags = {.arena = &a};
        struct root root = ROOT_INIT;
        struct settings settings;
        struct facts facts = {};
        struct config config = {};
        struct plan plan;

        files_split(&a, "/etc/passthrough.conf", data, size);
        CHECK(settings_load(&root, &a, &diags, &settings) == 0);
        files_clear();
        check_settings(&settings, &diags);
        plan_build(&config, &facts, &a, &plan);
        plan.huge = reserve_plan(&settings, &memory, NULL, &a);
        check_plan(&plan.huge);
        check_reports(&plan);
        arena_free(&a);
        return 0;
}
