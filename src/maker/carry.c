/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/carry.h"

#include <errno.h>

#include "base/str.h"
#include "config/config.h"
#include "facts/gather.h"
#include "state/trial.h"

#define FILE_MAX  ((size_t)16 * 1024 * 1024)
#define MODULES_D "/usr/lib/dracut/modules.d"

struct carrier {
        const struct root *root;
        struct arena *arena;
        const char *kernel;
        struct diags *diags;
        struct applied applied;
        struct carried *carried;
};

/* A rule whose driver that kernel does not have is as good as wrong. */
static int check_driver(struct carrier *c, struct rule *rule)
{
        struct module module = {.name = rule->driver == DRIVER_AUTO ? "vfio-pci" : rule->driver_name};
        char *registered;
        int k;

        if (rule->invalid || !module.name || !c->kernel)
                return 0;
        registered = arena_join(c->arena, "/sys/bus/pci/drivers/", module.name, NULL);
        if (root_exists(c->root, registered))
                return 0;
        k = modules_look_up(c->root, c->arena, c->kernel, &module, 1);
        if (k < 0 || module.state != MODULE_ABSENT)
                return k;
        rule->invalid = true;
        rule->message =
                arena_printf(c->arena, "driver %s is not there: kernel %s has no such module", module.name, c->kernel);
        return 0;
}

static void add_file(struct carrier *c, const char *rule, const char *path, const char *text, size_t size)
{
        struct carried *to = c->carried;
        struct applied_file *f = arena_grow(c->arena, &to->files, to->n_files, sizeof(*to->files));

        *f = (struct applied_file){rule, path, text, size};
        to->n_files++;
}

static void add_applied(struct carrier *c, const char *rule)
{
        for (size_t i = 0; i < c->applied.n_files; i++) {
                const struct applied_file *f = &c->applied.files[i];

                if (streq_ptr(f->rule, rule))
                        add_file(c, f->rule, f->path, f->text, f->size);
        }
}

static int add_rule(struct carrier *c, struct rule *rule)
{
        const char *wrong = rule->message;
        int k = 0;

        if (rule->invalid) {
                k = applied_rule(&c->applied, c->arena, rule->name, rule);
                if (k < 0)
                        return k == -ENOENT ? 0 : k;
                rule->applied = true;
                rule->message = wrong;
        }
        k = check_driver(c, rule);
        if (k < 0 || rule->invalid)
                return k;
        if (rule->applied) {
                add_applied(c, rule->name);
                return 0;
        }
        for (size_t i = 0; k == 0 && i < rule->n_files; i++) {
                char *text;
                size_t size;

                k = root_read_all(c->root, c->arena, rule->files[i], FILE_MAX, &text, &size);
                if (k == 0)
                        add_file(c, rule->name, rule->files[i], text, size);
        }
        return k;
}

static int add_rules(struct carrier *c, const struct config *config)
{
        struct config *to = &c->carried->config;
        int k = 0;

        to->rules = arena_alloc(c->arena, config->n_rules * sizeof(*to->rules));
        for (size_t i = 0; k == 0 && i < config->n_rules; i++) {
                to->rules[i] = config->rules[i];
                to->n_rules++;
                k = add_rule(c, &to->rules[i]);
        }
        return k;
}

/* ---- a config whose trial has failed, or is still to come ----------------------------------------------------------
 */

static int hold_back_rule(struct carrier *c, struct rule *rule, const char *name)
{
        int k = applied_rule(&c->applied, c->arena, name, rule);

        if (k == -ENOENT)
                rule->invalid = true;
        else if (k < 0)
                return k;
        rule->applied = !rule->invalid;
        rule->message = c->carried->held_back;
        k = check_driver(c, rule);
        if (k == 0 && !rule->invalid)
                add_applied(c, name);
        return k;
}

/* Rules that were applied, and are not among those of now, are in it as well. */
static int hold_back_rules(struct carrier *c, const struct config *config)
{
        struct config *to = &c->carried->config;
        int k = 0;

        to->rules = arena_alloc(c->arena, (config->n_rules + c->applied.n_files) * sizeof(*to->rules));
        for (size_t i = 0; k == 0 && i < config->n_rules; i++) {
                to->rules[i] = config->rules[i];
                to->n_rules++;
                k = hold_back_rule(c, &to->rules[i], config->rules[i].name);
        }
        for (size_t i = 0; k == 0 && i < c->applied.n_files; i++) {
                const char *name = c->applied.files[i].rule;

                if (!name || config_find(to, name))
                        continue;
                to->n_rules++;
                k = hold_back_rule(c, &to->rules[to->n_rules - 1], name);
        }
        return k;
}

static int hold_back_settings(struct carrier *c)
{
        struct settings_file *files;
        size_t n;
        int k = 0;

        applied_settings(&c->applied, c->arena, &files, &n);

        if (k == 0)
                k = settings_read(c->arena, &(struct diags){.arena = c->arena}, files, n, &c->carried->settings);
        if (k == 0)
                add_applied(c, NULL);
        return k;
}

static int look_at_trial(struct carrier *c, const struct trial *trial, const struct config *config)
{
        uint64_t id;
        int k = digest_of_config(c->root, c->arena, config, &id);

        if (k == 0 && id == trial->config)
                c->carried->held_back = trial->state == TRIAL_FAILED ? "the trial of this config failed"
                                                                     : "the trial of this config is still to come";
        return k;
}

/* Where none were applied yet they go as they are: what is wrong in them is left out again by whoever reads them. */
static int add_settings(struct carrier *c)
{
        struct settings_file *files;
        size_t n, errors = c->diags->n_errors;
        int k = settings_files(c->root, c->arena, c->diags, &files, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *text = arena_strndup(c->arena, files[i].text, files[i].size);

                add_file(c, NULL, files[i].path, text, files[i].size);
        }
        if (k == 0)
                k = settings_read(c->arena, c->diags, files, n, &c->carried->settings);
        if (k < 0 || c->diags->n_errors == errors || !c->applied.there)
                return k;
        c->carried->settings_applied = true;
        c->carried->n_files -= n;
        applied_settings(&c->applied, c->arena, &files, &n);
        if (k == 0)
                k = settings_read(c->arena, &(struct diags){.arena = c->arena}, files, n, &c->carried->settings);
        if (k == 0)
                add_applied(c, NULL);
        return k;
}

static uint64_t digest_config(const struct carried *c)
{
        uint64_t h = STR_HASH_START;

        for (size_t i = 0; i < c->n_files; i++) {
                const struct applied_file *f = &c->files[i];

                h = digest_string(digest_string(h, f->rule ? f->rule : ""), f->path);
                h = str_hash(str_hash(h, &f->size, sizeof(f->size)), f->text, f->size);
        }
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (c->config.rules[i].invalid)
                        h = digest_string(digest_string(h, "left out"), c->config.rules[i].name);
        return h;
}

static void hash_program(struct carrier *c, const char *path)
{
        uint64_t *h = &c->carried->digest.programs;
        char *text;
        size_t size;
        int k = root_read_all(c->root, c->arena, path, FILE_MAX, &text, &size);

        *h = digest_string(*h, path);
        if (k == 0)
                *h = str_hash(str_hash(*h, &size, sizeof(size)), text, size);
}

static void hash_module(struct carrier *c, const char *name)
{
        const char *dir = arena_join(c->arena, MODULES_D "/", name, NULL), **names;
        size_t n;
        int k = root_list(c->root, c->arena, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++)
                hash_program(c, arena_join(c->arena, dir, "/", names[i], NULL));
}

static int digest_programs(struct carrier *c)
{
        static const char *const programs[] = {PASSTHROUGH_LIBEXEC "/passthrough-bind",
                                               "/usr/lib/systemd/system-generators/passthrough-generator"};
        const char **names;
        size_t n = 0;
        int k = root_list(c->root, c->arena, MODULES_D, &names, &n);

        c->carried->digest.programs = STR_HASH_START;
        k = 0;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(programs); i++)
                hash_program(c, programs[i]);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (strlen(names[i]) > 2 && streq(names[i] + 2, "passthrough"))
                        hash_module(c, names[i]);
        return k;
}

int carry_hold_back(const struct root *root, struct arena *a, struct carried *ret)
{
        struct carried carried = {};
        struct diags diags = {.arena = a};
        struct carrier c = {.root = root, .arena = a, .diags = &diags, .carried = &carried};
        struct config config;
        struct trial trial;
        int k = 0;

        trial_read(root, a, &trial);

        *ret = (struct carried){};
        if (k < 0 || !trial_holds_back(root, a, &trial))
                return k;
        k = config_load(root, a, &diags, &config);
        if (k == 0)
                k = look_at_trial(&c, &trial, &config);
        if (k < 0 || !carried.held_back)
                return k;
        applied_read(root, a, &c.applied);
        if (k == 0)
                k = hold_back_rules(&c, &config);
        if (k == 0)
                k = hold_back_settings(&c);
        if (k == 0)
                *ret = carried;
        return k;
}

int carry_build(const struct root *root, struct arena *a, const struct config *config, const char *kernel,
                struct diags *diags, struct carried *ret)
{
        struct carried carried = {};
        struct carrier c = {.root = root, .arena = a, .kernel = kernel, .diags = diags, .carried = &carried};
        struct trial trial;
        int k = 0;

        applied_read(root, a, &c.applied);

        if (k == 0)
                trial_read(root, a, &trial);
        if (k == 0 && trial_holds_back(root, a, &trial))
                k = look_at_trial(&c, &trial, config);
        if (k == 0)
                k = carried.held_back ? hold_back_rules(&c, config) : add_rules(&c, config);
        if (k == 0)
                k = carried.held_back ? hold_back_settings(&c) : add_settings(&c);
        if (k == 0)
                k = digest_programs(&c);
        if (k < 0)
                return k;
        carried.nothing = carried.n_files == 0 && carried.config.n_rules == 0;
        carried.digest.config = digest_config(&carried);
        carried.digest.known = true;
        *ret = carried;
        return 0;
}

const char *carry_differs(const struct image_digest *image, const struct carried *now)
{
        if (!image->known)
                return now->nothing ? NULL : "it was built without the rules";
        if (image->config != now->digest.config)
                return "it was built from another config";
        if (image->programs != now->digest.programs && !now->nothing)
                return "it was built with other programs of passthrough";
        if (image->has_clearance && now->digest.has_clearance && image->clearance != now->digest.clearance)
                return "a rule has got another device since it was built, or the host needs other devices or was "
                       "booted "
                       "with another root= or the like";
        if (image->has_clearance && now->forgotten)
                return "the host has no clearance of its own any more";
        return NULL;
}
