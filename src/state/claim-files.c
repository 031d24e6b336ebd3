/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/claim-files.h"

#include <errno.h>

#include "act/await.h"
#include "base/str.h"
#include "state/cleared.h"
#include "state/links.h"

static const char *number(struct arena *a, const struct node_number *n)
{
        return n->set ? arena_printf(a, "%u", n->to) : NULL;
}

const struct claims_access *claim_files_access(const struct root *root, struct arena *a, const struct config *config)
{
        struct claims_access *access = arena_alloc(a, config->n_rules * sizeof(*access));
        struct diags problems = {.arena = a};

        for (size_t i = 0; i < config->n_rules; i++) {
                struct nodes n = {};

                if (!config->rules[i].bus->taken_by || config->rules[i].invalid)
                        continue;
                links_access(root, a, &config->rules[i], &problems, &n);
                access[i] = (struct claims_access){.owner = number(a, &n.owner),
                                                   .group = number(a, &n.group),
                                                   .mode = n.mode.set ? arena_printf(a, "%04o", n.mode.to) : NULL};
        }
        return access;
}

/* Though the rule was edited since, another event of what it holds is to leave it there. */
static bool holds_claimed(const struct record *record, const struct rule *rule)
{
        for (size_t i = 0; i < record->n_devices && rule->bus->taken_by; i++)
                if (streq(record->devices[i].rule, rule->name) && record_device_held(&record->devices[i]))
                        return true;
        return false;
}

const bool *claim_files_left_out(const struct record *record, struct arena *a, const struct config *config)
{
        bool *out = arena_alloc(a, config->n_rules * sizeof(*out));

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct record_rule *known = record_find(record, config->rules[i].name);

                out[i] = record->rescued || ((record->host || rule_on_demand(&config->rules[i])) &&
                                             !(known && known->digest == config->rules[i].digest) &&
                                             !holds_claimed(record, &config->rules[i]));
        }
        return out;
}

bool claim_files_of_image(const struct root *root, struct arena *a)
{
        char *text;
        size_t size;
        int k = root_read_all(root, a, CLAIMS_UDEV "/" CLAIMS_FIRST, CLAIMS_MAX, &text, &size);

        return k == 0 ? !strstr(text, CLAIMS_ASK) : k != -ENOENT;
}

static int put(const struct root *root, struct arena *a, const char *path, const char *text, bool *ret)
{
        char *old;
        size_t size;
        int k = root_read_all(root, a, path, CLAIMS_MAX, &old, &size);

        if (k < 0 && k != -ENOENT)
                old = NULL;
        if (text ? k == 0 && streq(old, text) : k == -ENOENT)
                return 0;
        *ret = true;
        return text ? root_replace(root, path, text, strlen(text)) : root_unlink(root, path, 0);
}

int claim_files_put(const struct root *root, struct arena *a, const struct claims_text *text, bool *ret)
{
        int k;

        *ret = false;
        k = put(root, a, CLAIMS_UDEV "/" CLAIMS_FIRST, text->first, ret);
        if (k == 0)
                k = put(root, a, CLAIMS_UDEV "/" CLAIMS_LAST, text->last, ret);
        return k == 0 ? put(root, a, CLAIMS_NETWORK, text->network, ret) : k;
}

int claim_files_renew(const struct root *root, struct arena *a, const struct plan *plan,
                      const struct bus_source *const *buses, const struct record *record)
{
        struct claims_text text = claims_udev_host(plan, buses, claim_files_left_out(record, a, plan->config),
                                                   claim_files_access(root, a, plan->config), false, a);
        bool changed;
        int k = claim_files_put(root, a, &text, &changed);

        if (k == 0 && changed)
                await_reload(root);
        return k;
}

struct claims_text claim_files_image(const struct root *root, struct arena *a, const struct plan *plan,
                                     const struct bus_source *const *buses)
{
        const char **links = arena_alloc(a, plan->n_entries * sizeof(*links));
        struct clearance clearance = cleared_now(plan, a);

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const char *name = plan->config->rules[e->rule].bus->taken_by && e->action == ACTION_BIND
                                           ? links_known(root, a, plan, i)
                                           : NULL;

                links[i] = name ? arena_join(a, CLAIM_LINKS "/", name, NULL) : NULL;
        }
        return claims_udev_image(plan, buses, &clearance, links, claim_files_access(root, a, plan->config), a);
}

uint64_t claim_files_hash(const struct claims_text *text)
{
        uint64_t h = STR_HASH_START;

        if (!text->first)
                return 0;
        h = str_hash(h, text->first, strlen(text->first));
        return str_hash(h, text->last, strlen(text->last));
}

int claim_files_pack(const struct root *image, const struct claims_text *text)
{
        int k = 0;

        if (text->first)
                k = root_replace(image, CLAIMS_IMAGE "/" CLAIMS_FIRST, text->first, strlen(text->first));
        if (k == 0 && text->last)
                k = root_replace(image, CLAIMS_IMAGE "/" CLAIMS_LAST, text->last, strlen(text->last));
        return k;
}
