/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image: what a boot image carries of the rules. A sound rule's files go in as they are; a broken one is left out,
 * said, and written down in the image, so that an image can always be built.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/ctl.h"

#define MODPROBE_PATH "/etc/modprobe.d/passthrough.conf"
#define LEFT_OUT_PATH PASSTHROUGH_LIBEXEC "/left-out"
#define FILE_MAX_SIZE ((size_t)4 * 1024 * 1024)

static int copy_rule(struct ctl *c, const struct root *image, const struct rule *rule)
{
        for (size_t i = 0; i < rule->n_files; i++) {
                char *text;
                size_t size;
                int k = root_read_all(&c->root, &c->arena, rule->files[i], FILE_MAX_SIZE, &text, &size);

                if (k == 0)
                        k = root_make_parents(image, rule->files[i]);
                if (k == 0)
                        k = root_replace(image, rule->files[i], text, size);
                if (k < 0)
                        return k;
        }
        return 0;
}

const char *ctl_unfit(struct ctl *c, const struct rule *rule)
{
        const char *driver = rule->driver == DRIVER_AUTO ? "vfio-pci" : rule->driver_name;

        if (rule->invalid)
                return rule->message;
        for (size_t i = 0; driver && i < c->facts.n_modules; i++)
                if (streq(c->facts.modules[i].name, driver) && c->facts.modules[i].state == MODULE_ABSENT)
                        return arena_printf(&c->arena, "driver %s is not there: kernel %s has no such module", driver,
                                            c->facts.kernel);
        return NULL;
}

static bool printed_before(const struct plan *plan, size_t entry)
{
        for (size_t i = 0; i < entry; i++)
                if (streq_ptr(plan->entries[i].driver, plan->entries[entry].driver))
                        return true;
        return false;
}

/* vfio-pci always: what Driver=auto falls back to. What is built in needs no module, and dracut knows that. */
static void print_modules(struct ctl *c)
{
        bool vfio = false;

        for (size_t i = 0; i < c->config.n_rules; i++) {
                const struct rule *rule = &c->config.rules[i];

                if (rule->driver == DRIVER_NATIVE || ctl_unfit(c, rule))
                        continue;
                if (rule->driver == DRIVER_NAMED && !driver_is_vfio(rule->driver_name))
                        puts(rule->driver_name);
                else
                        vfio = true;
        }
        if (vfio)
                puts("vfio-pci\nvfio_iommu_type1");
        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const char *driver = c->plan.entries[i].driver;

                if (driver_is_vfio(driver) && !streq(driver, "vfio-pci") && !printed_before(&c->plan, i))
                        puts(driver);
        }
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
                k = root_make_parents(image, files[i].to);
                if (k == 0)
                        k = root_replace(image, files[i].to, text, (size_t)n);
        }
        return k;
}

/* A module that the image loads has its parameters there. */
static int write_options(struct ctl *c, const struct root *image)
{
        struct needs needs;
        const char *text = "# What passthrough.conf(5) says of these modules.\n";
        int k = ctl_needs(c, &needs);

        if (k < 0 || needs.n_options == 0)
                return k;
        for (size_t i = 0; text && i < needs.n_options; i++)
                text = arena_join(&c->arena, text, needs.options[i].token, "\n", NULL);
        if (!text)
                return -ENOMEM;
        k = root_make_parents(image, MODPROBE_PATH);
        return k == 0 ? root_replace(image, MODPROBE_PATH, text, strlen(text)) : k;
}

/* As they are: what is wrong in them is left out again when they are read. */
static int copy_settings(struct ctl *c, const struct root *image)
{
        struct diags diags = {.arena = &c->arena};
        struct settings_file *files;
        size_t n;
        int k = settings_load(&c->root, &c->arena, &diags, &c->settings);

        diags_print(stderr, &diags);
        if (k == 0)
                k = settings_files(&c->root, &c->arena, &diags, &files, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                k = root_make_parents(image, files[i].path);
                if (k == 0)
                        k = root_replace(image, files[i].path, files[i].text, files[i].size);
        }
        return k == 0 ? write_options(c, image) : k;
}

static int fill(struct ctl *c, const struct root *image)
{
        char *left_out = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&left_out, &size);
        int k = f ? 0 : -ENOMEM;

        for (size_t i = 0; k == 0 && i < c->config.n_rules; i++) {
                const struct rule *rule = &c->config.rules[i];
                const char *why = ctl_unfit(c, rule);

                if (!why) {
                        k = copy_rule(c, image, rule);
                        continue;
                }
                fprintf(f, "%s\t%s\n", rule->name, why);
                fprintf(stderr, "rule %s is left out of the image: %s\n", rule->name, why);
        }
        if (f && fclose(f) != 0)
                k = -ENOMEM;
        if (k == 0)
                k = root_make_parents(image, LEFT_OUT_PATH);
        if (k == 0)
                k = root_replace(image, LEFT_OUT_PATH, left_out, size);
        free(left_out);
        if (k == 0)
                k = copy_settings(c, image);
        if (k == 0)
                k = ctl_write_clearance(c, image);
        return k == 0 ? copy_machine(c, image) : k;
}

int ctl_image(struct ctl *c)
{
        struct facts_request request;
        struct root image = ROOT_INIT;
        int k;

        if (c->argc != (c->modules ? 1 : 2))
                return ctl_usage("image takes %s",
                                 c->modules ? "no argument with --modules" : "the directory of the image");
        k = config_load(&c->root, &c->arena, &c->diags, &c->config);
        if (k == 0)
                k = facts_request_for(&c->config, &c->arena, &request);
        if (k == 0) {
                request.kernel = c->kernel;
                request.identities = request.writers = true;
                /* What is switched off in this boot is for the next ones all the same. */
                c->facts.switches_known = true;
                k = facts_gather(&c->root, &c->arena, &request, &c->facts);
        }
        if (k == 0)
                k = plan_build(&c->config, &c->facts, &c->arena, &c->plan);
        if (k < 0)
                return ctl_fail("image", k);
        if (c->modules) {
                print_modules(c);
                return EXIT_SUCCESS;
        }
        k = root_open(c->argv[1], &image);
        if (k == 0)
                k = fill(c, &image);
        root_close(&image);
        return k < 0 ? ctl_fail(c->argv[1], k) : EXIT_SUCCESS;
}
