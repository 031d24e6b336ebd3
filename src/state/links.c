/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/links.h"

#include <errno.h>
#include <stdlib.h>

#include "base/recfile.h"
#include "base/str.h"
#include "config/driver.h"
#include "config/vgpu.h"
#include "facts/match.h"
#include "facts/users.h"
#include "state/numbers.h"

struct finder {
        const struct root *root;
        struct arena *arena;
        const struct plan *plan;
        const struct rule *rule; /* NULL: it is gone, and what it had with it */
        struct diags *problems;
        struct nodes nodes;
};

static void find_user(struct finder *s, const char *key, enum user_kind kind, const char *name, struct node_number *ret)
{
        int k = name ? user_find(s->root, s->arena, kind, name, &ret->to) : USER_NOBODY;

        ret->set = k == 0;
        if (k == 0 || !name)
                return;
        diag_add(s->problems, DIAG_ERROR, NULL, 0, "%s=%s: %s; the device is bound, and its nodes stay as they are",
                 key, name,
                 k < 0          ? strerror(-k)
                 : kind == USER ? "this host has no such user"
                                : "this host has no such group");
}

/* All or nothing: with an owner unknown, a mode that is meant for it would be for somebody else. */
static void find_access(struct finder *s)
{
        const struct node_access *access = &s->rule->node;
        const char *mode = node_access_mode(access);
        struct nodes *n = &s->nodes;
        size_t before = s->problems->n;

        find_user(s, "Owner", USER, access->owner, &n->owner);
        find_user(s, "Group", GROUP, access->group, &n->group);
        if (mode)
                n->mode = (struct node_number){.set = true, .to = (uint32_t)strtoul(mode, NULL, 8)};
        if (s->problems->n > before)
                n->owner.set = n->group.set = n->mode.set = false;
}

/* What it matches has links; what comes along is its company. */
static bool matched(const struct finder *s, size_t device)
{
        const struct plan_entry *e = plan_find(s->plan, device);

        return s->rule && e && e->leader == NO_ENTRY && &s->plan->config->rules[e->rule] == s->rule;
}

static void find_devices(struct finder *s, const struct record *record)
{
        const struct facts *facts = s->plan->facts;

        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];
                size_t at = facts_find(facts, d->address);
                struct node_device *x;

                if (!streq(d->rule, s->nodes.rule) || !record_device_taken(d) || at == NO_DEVICE ||
                    record_carrier(record, d) != d)
                        continue;
                x = arena_grow(s->arena, &s->nodes.devices, s->nodes.n, sizeof(*s->nodes.devices));
                *x = (struct node_device){.device = &facts->devices[at],
                                          .vfio = driver_is_vfio(d->driver) || device_is_vgpu(&facts->devices[at]),
                                          .name = matched(s, at) ? s->nodes.rule : NULL};
                s->nodes.n++;
        }
}

/* A number that cannot be kept in mind could be another device's tomorrow: then there is no link. */
static bool number(struct finder *s, const char *rule, const size_t *devices, size_t n, uint32_t *ret)
{
        _cleanup_(close_fd) int lock = -1;
        struct numbers numbers;
        int k = numbers_lock(s->root, &lock);

        if (k == 0)
                k = numbers_read(s->root, s->arena, &numbers);
        if (k == 0)
                numbers_assign(&numbers, s->arena, s->plan->facts, rule, devices, n, ret);
        if (k == 0 && numbers.changed)
                k = numbers_write(s->root, s->arena, &numbers);
        if (k != 0)
                diag_add(s->problems, DIAG_ERROR, NULL, 0, "no links: %s: %s", NUMBERS_PATH,
                         k == RECFILE_MALFORMED ? "it cannot be read; remove it, and devices are numbered anew"
                                                : strerror(-k));
        return k == 0;
}

static const char *numbered(struct finder *s, const char *rule, uint32_t n)
{
        return arena_printf(s->arena, "%s.d/%u", rule, n);
}

static void number_devices(struct finder *s)
{
        size_t *devices = arena_alloc(s->arena, s->nodes.n * sizeof(*devices)), n = 0;
        uint32_t *given = arena_alloc(s->arena, s->nodes.n * sizeof(*given));
        bool done;

        for (size_t i = 0; i < s->nodes.n; i++)
                if (s->nodes.devices[i].name)
                        devices[n++] = (size_t)(s->nodes.devices[i].device - s->plan->facts->devices);
        done = number(s, s->nodes.rule, devices, n, given);
        n = 0;
        for (size_t i = 0; i < s->nodes.n; i++)
                if (s->nodes.devices[i].name)
                        s->nodes.devices[i].name = done ? numbered(s, s->nodes.rule, given[n++]) : NULL;
}

const char *links_name(const struct root *root, struct arena *a, const struct plan *plan, size_t entry,
                       struct diags *problems)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct rule *rule = &plan->config->rules[e->rule];
        struct finder s = {.root = root, .arena = a, .plan = plan, .problems = problems};
        uint32_t n;

        if (rule->expect_max == 1)
                return rule->name;
        return number(&s, rule->name, &e->device, 1, &n) ? numbered(&s, rule->name, n) : NULL;
}

const char *links_known(const struct root *root, struct arena *a, const struct plan *plan, size_t entry)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct rule *rule = &plan->config->rules[e->rule];
        struct finder s = {.root = root, .arena = a, .plan = plan};
        struct numbers numbers;
        uint32_t n = 0;
        size_t n_known;

        if (rule->expect_max == 1)
                return rule->name;
        if (numbers_read(root, a, &numbers) != 0)
                return NULL;
        n_known = numbers.n;
        numbers_assign(&numbers, a, plan->facts, rule->name, &e->device, 1, &n);
        return numbers.n == n_known ? numbered(&s, rule->name, n) : NULL;
}

void links_access(const struct root *root, struct arena *a, const struct rule *rule, struct diags *problems,
                  struct nodes *nodes)
{
        struct finder s = {.root = root, .arena = a, .rule = rule, .problems = problems};

        find_access(&s);
        nodes->owner = s.nodes.owner;
        nodes->group = s.nodes.group;
        nodes->mode = s.nodes.mode;
}

/* What a rule makes is who its index says, of one parent. Of several parents, names would be twice there. */
static void number_by_index(struct finder *s)
{
        for (size_t i = 0; i < s->nodes.n; i++) {
                struct node_device *x = &s->nodes.devices[i];
                uint32_t index = match_made_index(s->rule, s->plan->facts, x->device);

                x->name = x->name && s->rule->expect_max == 1 && index != UINT32_MAX ? numbered(s, s->nodes.rule, index)
                                                                                     : NULL;
        }
}

/* One that is the only one of its rule needs no number. */
static bool makes_many(const struct rule *rule)
{
        return rule->sriov || (rule->vgpu && (rule->expect_max > 1 || vgpu_count(rule->vgpu) > 1));
}

struct nodes links_find(const struct root *root, struct arena *a, const struct plan *plan, const struct record *record,
                        const char *rule, struct diags *problems)
{
        const struct rule *found = config_find(plan->config, rule);
        struct finder s = {.root = root,
                           .arena = a,
                           .plan = plan,
                           .rule = found && !found->invalid ? found : NULL,
                           .problems = problems,
                           .nodes = {.rule = rule}};

        s.nodes.claimed = found && found->bus->taken_by;
        find_devices(&s, record);
        if (s.rule && s.nodes.n > 0) {
                find_access(&s);
                if (makes_many(s.rule))
                        number_by_index(&s);
                else if (s.rule->expect_max > 1)
                        number_devices(&s);
        }
        return s.nodes;
}
