/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/payload.h"

#include "base/str.h"
#include "config/config.h"
#include "facts/gather.h"
#include "state/claim-files.h"
#include "state/cleared.h"
#include "state/fallback.h"
#include "state/worked.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

struct builder {
        const struct root *root;
        struct arena *arena;
        const struct bus_syntax *const *buses;
        const char *kernel;
        struct diags *diags;
        struct applied applied;
        struct payload *payload;
};

/* A rule whose driver that kernel does not have is as good as wrong. */
static void check_driver(struct builder *b, struct rule *rule)
{
        struct module module = {.name = driver_of_rule(rule)};

        if (rule->invalid || !module.name || !b->kernel ||
            root_exists(b->root, arena_join(b->arena, rule->bus->sysfs, "/drivers/", module.name, NULL)))
                return;
        modules_look_up(b->root, b->arena, b->kernel, &module, 1);
        if (module.state != MODULE_ABSENT)
                return;
        rule->invalid = rule->decides = true;
        rule->message =
                arena_printf(b->arena, "driver %s is not there: kernel %s has no such module", module.name, b->kernel);
}

static void add_file(struct builder *b, const char *rule, const char *path, const char *text, size_t size)
{
        struct payload *to = b->payload;
        struct applied_file *f = arena_grow(b->arena, &to->files, to->n_files, sizeof(*to->files));

        *f = (struct applied_file){rule, path, text, size};
        to->n_files++;
}

static void add_applied(struct builder *b, const char *rule)
{
        for (size_t i = 0; i < b->applied.n_files; i++) {
                const struct applied_file *f = &b->applied.files[i];

                if (streq_ptr(f->rule, rule))
                        add_file(b, f->rule, f->path, f->text, f->size);
        }
}

/* In place of a rule that is wrong now, the one that was applied. */
static void mend_rule(struct builder *b, struct rule *rule)
{
        const char *wrong = rule->message;

        if (applied_rule(&b->applied, b->arena, b->buses, rule->name, rule)) {
                rule->applied = true;
                rule->message = wrong;
        }
}

/*
 * A rule that is left out still decides: beside the sound ones the image has its text, with a line that is wrong
 * whatever the others are. One that cannot be read has a line that names no device.
 */
static void add_left_out(struct builder *b, const struct rule *rule)
{
        const char *all = "[Device]\nLeftOut=yes\n";

        for (size_t i = 0; i < rule->n_files && !rule->unread; i++) {
                char *text;
                size_t size;

                if (root_read_all(b->root, b->arena, rule->files[i], FILE_MAX, &text, &size) == 0)
                        all = arena_join(b->arena, all, text, "\n", NULL);
        }
        add_file(b, rule->name,
                 arena_join(b->arena, config_directories[CONFIG_DIRECTORIES - 1], "/", rule->name, ".conf", NULL), all,
                 strlen(all));
}

/* systemd gives the image a credential at each boot. */
static int add_rule(struct builder *b, struct rule *rule)
{
        int k = 0;

        check_driver(b, rule);
        if (rule->credential)
                return 0;
        if (rule->invalid) {
                if (rule->decides)
                        add_left_out(b, rule);
                return 0;
        }
        if (rule->applied)
                add_applied(b, rule->name);
        for (size_t i = 0; k == 0 && !rule->applied && i < rule->n_files; i++) {
                char *text;
                size_t size;

                k = root_read_all(b->root, b->arena, rule->files[i], FILE_MAX, &text, &size);
                if (k == 0)
                        add_file(b, rule->name, rule->files[i], text, size);
        }
        return k;
}

static int add_rules(struct builder *b, const struct config *config)
{
        struct config *to = &b->payload->config;
        int k = 0;

        to->rules = arena_alloc(b->arena, config->n_rules * sizeof(*to->rules));
        for (; k == 0 && to->n_rules < config->n_rules; to->n_rules++) {
                struct rule *rule = &to->rules[to->n_rules];

                *rule = config->rules[to->n_rules];
                if (rule->invalid && !rule->credential)
                        mend_rule(b, rule);
                k = add_rule(b, rule);
        }
        /* Whether a credential of that name comes at the next boot, nobody knows now. */
        for (size_t i = 0; k == 0 && i < config->n_masks; i++)
                add_file(b, NULL, config->masks[i], "", 0);
        return k;
}

/* If none were applied yet, they go as they are: whoever reads them leaves out again what is wrong in them. */
static int add_settings(struct builder *b)
{
        struct settings_file *files;
        size_t n, errors = b->diags->n_errors, before = b->payload->n_files;
        int k = settings_files(b->root, b->arena, b->diags, &files, &n);

        if (k < 0)
                return k;
        for (size_t i = 0; i < n; i++)
                add_file(b, NULL, files[i].path, arena_strndup(b->arena, files[i].text, files[i].size), files[i].size);
        settings_read(b->arena, b->diags, files, n, &b->payload->settings);
        if (b->diags->n_errors == errors || !b->applied.there)
                return 0;
        b->payload->settings_applied = true;
        b->payload->n_files = before;
        add_applied(b, NULL);
        applied_settings(&b->applied, b->arena, &b->payload->settings);
        return 0;
}

/* All as it was last applied. */
static int add_fallback(struct builder *b, const struct fallback *f)
{
        int k = 0;

        b->payload->config = f->config;
        b->payload->settings = f->settings;
        for (size_t i = 0; k == 0 && i < f->config.n_rules; i++)
                k = add_rule(b, &f->config.rules[i]);
        add_applied(b, NULL);
        return k;
}

/* One of Stage=demand is for a boot only where a later rule might take in its place what it decides. */
static bool is_for_boot(const struct payload *p, const char *name)
{
        const struct rule *rule = name ? config_find(&p->config, name) : NULL;

        if (!rule || !rule_on_demand(rule))
                return true;
        for (const struct rule *r = rule + 1; r < p->config.rules + p->config.n_rules; r++)
                if (!r->invalid && r->bus == rule->bus && r->driver != DRIVER_NATIVE && !rule_on_demand(r))
                        return true;
        return false;
}

static bool is_nothing(const struct payload *p)
{
        for (size_t i = 0; i < p->n_files; i++)
                if (p->files[i].size > 0 && is_for_boot(p, p->files[i].rule))
                        return false;
        for (size_t i = 0; i < p->config.n_rules; i++)
                if (is_for_boot(p, p->config.rules[i].name))
                        return false;
        return true;
}

bool payload_has_driver(const struct config *config, const char *driver)
{
        bool any = false, found = false;

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *rule = &config->rules[i];

                any |= !rule->credential;
                found |= !rule->credential && !rule->invalid && !rule_on_demand(rule) &&
                         streq_ptr(driver_of_rule(rule), driver);
        }
        return any ? found : streq(driver, DRIVER_VFIO_PCI);
}

static uint64_t hash_config(const struct payload *p)
{
        uint64_t h = STR_HASH_START;

        for (size_t i = 0; i < p->n_files; i++) {
                const struct applied_file *f = &p->files[i];

                if (!is_for_boot(p, f->rule))
                        continue;
                h = digest_string(digest_string(h, f->rule ? f->rule : ""), f->path);
                h = str_hash(str_hash(h, &f->size, sizeof(f->size)), f->text, f->size);
        }
        for (size_t i = 0; i < p->config.n_rules; i++) {
                const struct rule *rule = &p->config.rules[i];
                const char *driver = driver_of_rule(rule);

                if (!rule->credential && rule->invalid)
                        h = digest_string(digest_string(h, "left out"), rule->name);
                if (rule->credential && !rule->invalid && driver && !payload_has_driver(&p->config, driver))
                        h = digest_string(digest_string(h, "driver"), driver);
        }
        return h;
}

static uint64_t hash_program(struct builder *b, uint64_t h, const char *path)
{
        char *text;
        size_t size;

        h = digest_string(h, path);
        if (root_read_all(b->root, b->arena, path, FILE_MAX, &text, &size) == 0)
                h = str_hash(str_hash(h, &size, sizeof(size)), text, size);
        return h;
}

static uint64_t hash_programs(struct builder *b, const struct initrd *const *initrds)
{
        static const char *const programs[] = {PAYLOAD_BIND, PAYLOAD_GENERATOR};
        uint64_t h = STR_HASH_START;

        for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
                h = hash_program(b, h, programs[i]);
        for (; *initrds; initrds++) {
                const char **parts;
                size_t n;

                maker_parts(b->root, b->arena, *initrds, &parts, &n);
                for (size_t i = 0; i < n; i++)
                        h = hash_program(b, h, parts[i]);
        }
        return h;
}

int payload_build(const struct initrd *const *initrds, const struct root *root, struct arena *a,
                  const struct config *config, const char *kernel, struct diags *diags, struct payload *ret)
{
        struct payload payload = {};
        struct builder b = {.root = root,
                            .arena = a,
                            .buses = config->buses,
                            .kernel = kernel,
                            .diags = diags,
                            .payload = &payload};
        struct fallback fallback;
        int k = fallback_find(root, a, config->buses, config, &fallback);

        applied_read(root, a, &b.applied);
        if (k == 0 && fallback.why)
                k = add_fallback(&b, &fallback);
        else if (k == 0) {
                k = add_rules(&b, config);
                if (k == 0)
                        k = add_settings(&b);
        }
        if (k < 0)
                return k;
        payload.nothing = is_nothing(&payload);
        payload.digest = (struct image_digest){
                .known = true, .config = hash_config(&payload), .programs = hash_programs(&b, initrds)};
        *ret = payload;
        return 0;
}

const char *payload_differs(const struct payload *now, const struct image_digest *image)
{
        if (!image->known)
                return now->nothing ? NULL : "it was built without the rules";
        if (image->config != now->digest.config)
                return "it was built from another config";
        if (image->programs != now->digest.programs && !now->nothing)
                return "it was built with other programs of passthrough";
        if (image->has_clearance && now->digest.has_clearance && image->clearance != now->digest.clearance)
                return "a rule has got another device since it was built, or the host needs other devices or was "
                       "booted with another root= or the like";
        if (image->has_clearance && now->forgotten)
                return "the host has no clearance of its own any more";
        return image->lacks && *image->lacks ? image->lacks : NULL;
}

int payload_plan(const struct facts_sources *sources, const struct root *root, struct arena *a, const char *kernel,
                 const struct payload *payload, struct facts *ret_facts, struct plan *ret)
{
        struct facts_request request;
        int k;

        facts_request_for(&payload->config, a, &request);
        request.kernel = kernel;
        request.identities = request.writers = true;
        /* What is switched off in this boot is for the next ones all the same. */
        *ret_facts = (struct facts){.switches_known = true};
        k = facts_gather(root, a, sources, &request, ret_facts);
        if (k == 0)
                plan_build(&payload->config, ret_facts, a, ret);
        return k;
}

int payload_clear(const struct facts_sources *sources, const struct root *root, struct arena *a, const char *kernel,
                  struct payload *payload)
{
        struct arena own = {};
        struct facts facts;
        struct plan plan;
        int k = payload_plan(sources, root, &own, kernel, payload, &facts, &plan);

        if (k == 0) {
                struct claims_text claims = claim_files_image(root, &own, &plan, sources->buses);

                payload->digest.has_clearance = cleared_hash(root, &own, &plan, &payload->digest.clearance);
                payload->digest.clearance += claim_files_hash(&claims);
                payload->forgotten = payload->digest.has_clearance && !root_exists(root, CLEARANCE_PATH);
                payload->fallen = worked_find(root, a, &plan);
        }
        arena_free(&own);
        return k;
}
