/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules: any bytes as passthrough.d(5), then the plan that they make of a machine, which is the one of $FUZZ_TREE. */
#include <stdlib.h>

#include "base/str.h"
#include "config/sriov.h"
#include "facts/gather.h"
#include "facts/match.h"
#include "files.h"
#include "guard/evidence.h"
#include "maker/table.h"

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static struct arena machine;
static struct facts facts;

/* Everything that any rule could ask for. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        static const char *drivers[] = {"vfio-pci", "no-such-driver"};
        struct facts_request request = {
                .slots = true,
                .serials = true,
                .parents = true,
                .use = true,
                .variants = true,
                .builtin = true,
                .drivers = drivers,
                .n_drivers = ARRAY_SIZE(drivers),
        };
        const char *tree = getenv("FUZZ_TREE");
        struct root root;

        (void)argc;
        (void)argv;
        sriov_keys_used = &sriov_keys;
        if (!tree || root_open(tree, &root) < 0 || facts_gather(&root, &machine, &sources, &request, &facts) < 0) {
                fputs("FUZZ_TREE must name a machine's tree\n", stderr);
                exit(EXIT_FAILURE);
        }
        CHECK(facts.n_devices > 40);
        root_close(&root);
        return 0;
}

/* What is said can be printed, and an invalid rule says why. */
static void check_config(const struct config *config, const struct diags *diags)
{
        size_t errors = 0;

        for (size_t i = 0; i < diags->n; i++) {
                errors += diags->v[i].level == DIAG_ERROR;
                CHECK(*diags->v[i].message);
                for (const char *c = diags->v[i].message; *c; c++)
                        CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
        CHECK(errors == diags->n_errors);
        for (size_t r = 0; r < config->n_rules; r++) {
                const struct rule *rule = &config->rules[r];

                CHECK(rule->invalid == (rule->message != NULL));
                CHECK(!rule->invalid || diags->n_errors > 0);
                CHECK(rule->invalid || rule_name_valid(rule->name));
                /* Names that are none may look alike once they can be printed. */
                CHECK(r == 0 || rule->invalid || strcmp(config->rules[r - 1].name, rule->name) != 0);
        }
}

static bool taken(const struct plan *plan, size_t device)
{
        const struct plan_entry *e = plan_find(plan, device);

        return e && e->action == ACTION_BIND && (driver_is_vfio(e->driver) || streq(e->driver, "pci-stub"));
}

/* What must never happen, whatever the rules say. */
static void check_bind(const struct plan *plan, const struct plan_entry *e)
{
        const struct device *d = &facts.devices[e->device];
        const struct rule *rule = &plan->config->rules[e->rule];
        struct arena said = {};
        struct reason why = {};
        size_t first, n = driver_is_vfio(e->driver) ? facts_group(&facts, d->group, &first) : 0;

        CHECK(!rule->invalid && plan->rules[e->rule].state != RULE_SKIPPED &&
              plan->rules[e->rule].state != RULE_INVALID);
        CHECK(plan->rules[e->rule].n_matched <= rule->expect_max);
        CHECK(rule->driver != DRIVER_NATIVE && *e->driver);
        CHECK(e->stage == STAGE_INITRD || e->stage == STAGE_ROOT);
        CHECK(!(d->roles & ROLE_BRIDGE) && !e->needed);
        CHECK(!d->bus->refuse(&said, rule, d, &why));
        arena_free(&said);
        CHECK(!driver_is_vfio(e->driver) || e->below != NO_ENTRY || (d->group != NO_GROUP && !d->group_stranger));
        for (size_t i = 0; i < n; i++)
                CHECK(facts.devices[facts.by_group[first + i]].roles & ROLE_BYSTANDER ||
                      taken(plan, facts.by_group[first + i]));
        if (e->leader == NO_ENTRY)
                CHECK(match_device(rule, &facts, d));
        else
                CHECK(e->leader < plan->n_entries && plan->entries[e->leader].action == ACTION_BIND);
}

/* What is taken can be given back, and that it was is looked at last. */
static void check_back(const struct ops *back)
{
        CHECK(back->n > 0 && back->v[back->n - 1].kind == OP_VERIFY && back->v[back->n - 1].flags & OP_GONE);
        for (size_t i = 0; i < back->n; i++)
                CHECK(startswith(back->v[i].target, "/sys/bus/pci/") && back->v[i].why &&
                      (back->v[i].kind != OP_WRITE || *back->v[i].value));
}

/* What goes along with what it is below is neither taken nor given back itself. */
static void check_below(const struct plan *plan, const struct plan_entry *e)
{
        const struct plan_entry *carrier = &plan->entries[e->below];

        CHECK(e->below < plan->n_entries && carrier->action == ACTION_BIND && carrier->below == NO_ENTRY);
        CHECK(facts_is_below(&facts, e->device, carrier->device) && e->stage == carrier->stage && e->back.n == 0);
        for (size_t i = 0; i < plan->ops.n; i++)
                CHECK(plan->ops.v[i].kind == OP_HIDE || plan->ops.v[i].entry != (size_t)(e - plan->entries));
}

static void check_plan(const struct plan *plan)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                CHECK(e->device < facts.n_devices && e->rule < plan->config->n_rules);
                CHECK(i == 0 || plan->entries[i - 1].device < e->device);
                CHECK(e->reason && *e->reason);
                if (e->action == ACTION_BIND) {
                        check_bind(plan, e);
                        if (e->below == NO_ENTRY)
                                check_back(&e->back);
                        else
                                check_below(plan, e);
                } else
                        CHECK(e->action != ACTION_REFUSE || plan->rules[e->rule].state != RULE_OK);
        }
        for (size_t i = 0; i < plan->ops.n; i++) {
                const struct op *op = &plan->ops.v[i];

                CHECK(op->entry < plan->n_entries && plan->entries[op->entry].action == ACTION_BIND);
                CHECK(op->kind == OP_LOAD ? !strchr(op->target, '/')
                      : op->kind == OP_HIDE
                              ? startswith(op->target, "/run/udev/") || startswith(op->target, "/etc/lvm/")
                              : startswith(op->target, "/sys/bus/pci/"));
                CHECK(!strstr(op->target, "/.") && op->why);
                CHECK(op->kind != OP_WRITE || *op->value);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena a = {};
        struct diags diags = {.arena = &a};
        struct root root = ROOT_INIT;
        struct facts_request request;
        struct config config;
        struct plan plan;

        files_split(&a, "/etc/passthrough.d/50-fuzz.conf", data, size);
        CHECK(config_load(&root, &a, bus_syntaxes, &diags, &config) == 0);
        files_clear();
        check_config(&config, &diags);
        facts_request_for(&config, &a, &request);
        plan_build(&config, &facts, &a, &plan);
        check_plan(&plan);
        check_reports(&plan);
        arena_free(&a);
        return 0;
}
