/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image: what a boot image carries of the rules. A sound rule's files go in as they are; of a broken one those that
 * were last applied. Where there are none it is left out, said, and written down in the image, so that an image can
 * always be built.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl/image.h"
#include "facts/kernel.h"
#include "maker/payload.h"
#include "state/claim-files.h"
#include "state/cleared.h"
#include "state/worked.h"

#define MODPROBE_PATH   "/etc/modprobe.d/passthrough.conf"
#define LEFT_OUT_PATH   PASSTHROUGH_LIBEXEC "/left-out"
#define AS_APPLIED_PATH PASSTHROUGH_LIBEXEC "/as-applied"

/* What is built in needs no module, and the maker knows that. What no boot takes needs none there. */
struct strings image_modules(struct ctl *c)
{
        const char **modules = NULL;
        size_t n = 0;

        if (payload_has_driver(&c->config, DRIVER_VFIO_PCI))
                driver_add_modules(DRIVER_VFIO_PCI, &c->arena, &modules, &n);
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (!c->config.rules[i].invalid && !rule_on_demand(&c->config.rules[i]))
                        driver_add_modules(driver_of_rule(&c->config.rules[i]), &c->arena, &modules, &n);
        /* Driver=auto may have another one. */
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (!c->config.rules[c->plan.entries[i].rule].bus->taken_by && c->plan.entries[i].stage != STAGE_DEMAND)
                        driver_add_modules(c->plan.entries[i].driver, &c->arena, &modules, &n);
        return (struct strings){modules, n};
}

static int copy_machine(struct ctl *c, const struct root *image)
{
        static const struct {
                const char *from, *to;
        } files[] = {
                {"/etc/hostname", IMAGE_MACHINE "/hostname"},
                {"/etc/machine-id", IMAGE_MACHINE "/machine-id"},
                {PRODUCT_UUID, IMAGE_MACHINE "/product_uuid"},
        };
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(files); i++) {
                char text[256];
                ssize_t n = root_read(&c->root, files[i].from, text, sizeof(text));

                if (n <= 0)
                        continue;
                k = root_replace(image, files[i].to, text, (size_t)n);
        }
        if (k == 0 && c->facts.tags)
                k = root_replace(image, IMAGE_MACHINE "/tags", c->facts.tags, strlen(c->facts.tags));
        return k;
}

/* A module that the image loads has its parameters there. */
static int write_options(struct ctl *c, const struct root *image)
{
        struct needs needs = ctl_needs(c);
        const char *text = "# The settings of passthrough.conf(5) for these modules.\n";

        if (needs.n_options == 0)
                return 0;
        for (size_t i = 0; i < needs.n_options; i++)
                text = arena_join(&c->arena, text, needs.options[i].token, "\n", NULL);
        return root_replace(image, MODPROBE_PATH, text, strlen(text));
}

/* Nobody else may be there to tell: a kernel's update builds the image. */
static void say_fallen(struct ctl *c)
{
        const char **worked = worked_find(&c->root, &c->arena, &c->plan);

        for (size_t i = 0; i < c->config.n_rules; i++)
                if (worked[i])
                        fprintf(stderr, "rule %s\n", worked[i]);
}

/* Rules that are not in the image, or not as they are now, and why. */
static int write_reasons(struct ctl *c, const struct root *image, bool quiet)
{
        const char *left_out = "", *applied = "";
        int k;

        for (size_t i = 0; i < c->config.n_rules; i++) {
                const struct rule *rule = &c->config.rules[i];
                const char **list = rule->invalid ? &left_out : &applied;

                if ((!rule->invalid && !rule->applied) || rule->credential)
                        continue;
                if (!quiet)
                        fprintf(stderr, "rule %s is %s: %s\n", rule->name,
                                rule->invalid ? "left out of the image" : "in the image as it was last applied",
                                rule->message);
                *list = arena_join(&c->arena, *list, rule->name, "\t", rule->message, "\n", NULL);
        }
        k = root_replace(image, LEFT_OUT_PATH, left_out, strlen(left_out));
        return k == 0 && *applied ? root_replace(image, AS_APPLIED_PATH, applied, strlen(applied)) : k;
}

static int write_clearance(struct ctl *c, const struct root *image, bool quiet)
{
        int k = cleared_write(&c->root, &c->arena, &c->plan, image);

        if (k == CLEARED_UNKNOWN_MACHINE && !quiet)
                fputs("cannot record which devices this host can spare: the firmware reports no UUID (product_uuid)\n",
                      stderr);
        return k < 0 ? k : 0;
}

/* What udev claims in the initrd, and of what all else is built. */
static int write_digest(struct ctl *c, const struct root *image, struct image_digest digest)
{
        struct claims_text claims = claim_files_image(&c->root, &c->arena, &c->plan, c->sources->buses);
        const char *text;
        int k = claim_files_pack(image, &claims);

        if (k < 0)
                return k;
        digest.has_clearance = cleared_hash(&c->root, &c->arena, &c->plan, &digest.clearance);
        digest.clearance += claim_files_hash(&claims);
        text = digest_format(&c->arena, &digest);
        return root_replace(image, DIGEST_PATH, text, strlen(text));
}

int image_fill(struct ctl *c, const struct root *image, const struct payload *payload, bool quiet)
{
        /* It says that all the rest is there, and so comes last. */
        int k = file_remove(image, DIGEST_PATH);

        if (k == 0)
                k = write_reasons(c, image, quiet);
        if (!quiet)
                say_fallen(c);
        if (payload->settings_applied && !quiet)
                fputs("passthrough.conf is in the image as it was last applied\n", stderr);
        for (size_t i = 0; k == 0 && i < payload->n_files; i++)
                k = root_replace(image, payload->files[i].path, payload->files[i].text, payload->files[i].size);
        if (k == 0)
                k = write_options(c, image);
        if (k == 0)
                k = write_clearance(c, image, quiet);
        if (k == 0)
                k = copy_machine(c, image);
        return k == 0 ? write_digest(c, image, payload->digest) : k;
}

/* Rules and settings as the image has them; the rest of the work goes by these. */
static int load(struct ctl *c, struct payload *ret)
{
        struct kernel_facts kernel = {.release = c->kernel};
        struct diags settings = {.arena = &c->arena};
        int k = config_load(&c->root, &c->arena, bus_syntaxes, &c->diags, &c->config);

        if (k == 0 && !kernel.release)
                kernel_read(&c->root, &c->arena, NULL, &kernel);
        if (k == 0)
                k = payload_build(c->initrds, &c->root, &c->arena, &c->config, kernel.release, &settings, ret);
        if (k < 0)
                return k;
        if (!c->modules)
                diags_print(stderr, &settings);
        c->config = ret->config;
        c->settings = ret->settings;
        return 0;
}

int ctl_image(struct ctl *c)
{
        struct root image = ROOT_INIT;
        struct payload payload;
        int k;

        if (c->argc != (c->modules ? 1 : 2))
                return ctl_usage("image takes %s",
                                 c->modules ? "no argument with --modules" : "the directory of the image");
        k = load(c, &payload);
        if (k == 0)
                k = payload_plan(c->sources, &c->root, &c->arena, c->kernel, &payload, &c->facts, &c->plan);
        if (k < 0)
                return ctl_fail("image", k);
        if (c->modules) {
                struct strings modules = image_modules(c);

                for (size_t i = 0; i < modules.n; i++)
                        puts(modules.v[i]);
                return EXIT_SUCCESS;
        }
        k = root_open(c->argv[1], &image);
        if (k == 0)
                k = image_fill(c, &image, &payload, false);
        root_close(&image);
        return k < 0 ? ctl_fail(c->argv[1], k) : EXIT_SUCCESS;
}
