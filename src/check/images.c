/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot images, and what makes them. */
#include "base/str.h"
#include "check/row.h"
#include "config/config.h"

static void tool_row(struct checker *c)
{
        static const enum check_status status[] = {
                [MAKERS_NO_FAULT] = CHECK_PASS, [MAKERS_DOUBT] = CHECK_WARN, [MAKERS_FAULT] = CHECK_FAIL};
        const char *message, *fix;
        enum makers_fault fault = makers_judge(&c->facts->makers, c->arena, &message, &fix);

        /* From the initrd on udev would claim it; without, the host has it first, and the rules are in effect. */
        if (fault == MAKERS_FAULT && config_by_udev(c->plan->config))
                fault = MAKERS_DOUBT;
        if (c->facts->running.carried)
                check_row(c, "image.tool", CHECK_SKIP, "", "the boot image is part of a unified kernel image");
        else
                check_row(c, "image.tool", status[fault], fix, "%s", message);
}

/* systemd reads credentials: where it does not run in the image, their rules wait for the host. */
static void credentials_row(struct checker *c)
{
        const struct maker *maker = c->facts->makers.maker;
        const char *names = "";

        for (size_t i = 0; i < c->plan->config->n_rules; i++) {
                const struct rule *rule = &c->plan->config->rules[i];

                if (rule->credential && !rule->invalid && !rule_on_demand(rule) && !rule->bus->taken_by)
                        names = arena_join(c->arena, names, *names ? ", " : "", rule->name, NULL);
        }
        if (!*names)
                check_row(c, "image.credentials", CHECK_SKIP, "", "no rule for the image comes as a credential");
        else if (!maker->initrd || !*maker->initrd->units)
                check_row(c, "image.credentials", CHECK_WARN, "write the rule as a file in /etc/passthrough.d",
                          "no image of %s reads credentials: what they hand over waits for the host: %s", maker->name,
                          names);
        else
                check_row(c, "image.credentials", CHECK_PASS, "", "an image with systemd reads them: %s", names);
}

static void image_row(struct checker *c, const struct check_image *x)
{
        const char *id = check_row_id(c, "image", x->release);
        const char *fix = c->facts->makers.maker->command(c->arena, x->release, NULL);
        /* apply stops before the images if it cannot change the kernel command line. */
        const char *apply = c->facts->loader_problem ? fix : "passthroughctl apply";
        if (x->read && x->stale) {
                check_row(c, id, CHECK_WARN, apply, "%s is stale: %s", x->path, x->stale);
                check_row_brief(c, "stale: %s", x->stale);
        } else if (c->plan->config->n_rules == 0)
                check_row(c, id, CHECK_SKIP, "", "there are no rules for it to have");
        else if (!x->path && !x->kernel)
                check_row(c, id, CHECK_SKIP, "",
                          "neither a kernel nor a boot image of this release is found in /boot or on the ESP");
        else if (!x->path && x->lost)
                check_row(c, id, CHECK_WARN, fix, "%s", x->lost);
        else if (!x->path)
                check_row(c, id, CHECK_WARN, fix,
                          "a kernel of this release is in /boot or on the ESP, and no boot image");
        else if (x->read)
                check_row(c, id, CHECK_PASS, "", "%s was built from this config", x->path);
        else if (x->made < c->facts->config_changed) {
                check_row(c, id, CHECK_WARN, apply, "%s was built before the config was changed: %s is newer", x->path,
                          c->facts->config_newest);
                check_row_brief(c, "older than %s", c->facts->config_newest);
        } else
                check_row(c, id, CHECK_PASS, "", "%s is newer than the rules", x->path);
}

/* The image that boots the rules is not known, or not built here. */
static void lost_row(struct checker *c)
{
        const struct running *x = &c->facts->running;
        const char *id = check_row_id(c, "image", x->of ? x->of : "unknown");
        /* On the host itself udev claims what such rules name. */
        enum check_status status = config_by_udev(c->plan->config) ? CHECK_WARN : CHECK_FAIL;

        if (x->in_line)
                check_row(c, id, CHECK_UNKNOWN, "", "this boot has the rules; whether the next one has, is unknown: %s",
                          x->lost);
        else
                check_row(c, id, status, x->fix, "%s", x->lost);
}

static void esp_row(struct checker *c, const struct check_esp *x)
{
        const char *id = check_row_id(c, "esp", x->uuid);

        if (c->plan->config->n_rules == 0 && c->in->needs->n_tokens == 0) {
                check_row(c, id, CHECK_SKIP, "", "there are no rules for it to have");
                return;
        }
        if (x->unread)
                check_row(c, id, CHECK_UNKNOWN, "sudo passthroughctl check", "what is on this ESP only root can read");
        else if (x->wrong.n == 0)
                check_row(c, id, CHECK_PASS, "",
                          "each boot entry has the kernel parameters, and each boot image is that of /boot");
        /* Each says what to do. */
        for (size_t i = 0; !x->unread && i < x->wrong.n; i++)
                check_row(c, id, CHECK_FAIL, "passthroughctl apply --no-trial, once that is mended", "%s",
                          x->wrong.v[i]);
}

void check_images(struct checker *c)
{
        const struct running *running = &c->facts->running;
        bool lost = running->lost && c->plan->config->n_rules > 0;

        tool_row(c);
        credentials_row(c);
        if (lost)
                lost_row(c);
        for (size_t i = 0; i < c->facts->n_esps; i++)
                esp_row(c, &c->facts->esps[i]);
        for (size_t i = 0; i < c->facts->n_images; i++)
                if (!lost || !streq_ptr(c->facts->images[i].release, running->of))
                        image_row(c, &c->facts->images[i]);
}
