/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "bus/pci/sriov.h"
#include "ctl/lookup.h"
#include "report/screen.h"
#include "state/fallback.h"
#include "state/trial.h"

static void say(struct arena *a, const char *text)
{
        struct screen s = screen_of(stderr, a);

        screen_wrap(&s, 0, 2, text);
}

static int complain(int status, const char *command, const char *format, va_list ap)
{
        struct arena a = {};
        const char *text = arena_vprintf(&a, format, ap);

        if (command)
                text = arena_join(&a, text, " (see passthroughctl help", *command ? " " : "", command, ")", NULL);
        say(&a, arena_join(&a, "passthroughctl: ", text, NULL));
        arena_free(&a);
        return status;
}

int ctl_error(const char *format, ...)
{
        va_list ap;
        int k;

        va_start(ap, format);
        k = complain(EXIT_FAILURE, NULL, format, ap);
        va_end(ap);
        return k;
}

int ctl_usage(const char *format, ...)
{
        va_list ap;
        int k;

        va_start(ap, format);
        k = complain(EXIT_USAGE, NULL, format, ap);
        va_end(ap);
        return k;
}

int ctl_misused(const char *command, const char *format, ...)
{
        va_list ap;
        int k;

        va_start(ap, format);
        k = complain(EXIT_USAGE, command, format, ap);
        va_end(ap);
        return k;
}

int ctl_fail(const char *what, int error)
{
        if ((error == -EACCES || error == -EPERM) && geteuid() != 0)
                return ctl_error("%s: %s; this needs root, as with sudo", what, strerror(-error));
        return ctl_error("%s: %s", what, strerror(-error));
}

void ctl_say_diags(struct ctl *c)
{
        for (size_t i = 0; i < c->diags.n; i++) {
                const struct diag *d = &c->diags.v[i];
                const char *line = d->line ? arena_printf(&c->arena, ":%u", d->line) : "";

                say(&c->arena, arena_join(&c->arena, d->file ? d->file : "", d->file ? line : "", d->file ? ": " : "",
                                          d->level == DIAG_WARNING ? "warning: " : "", d->message, NULL));
        }
}

int ctl_aside(int *ret_out)
{
        int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

        if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                return ctl_fail("standard output", -errno);
        *ret_out = out;
        return 0;
}

int ctl_aside_end(int out)
{
        int k;

        fflush(stdout);
        k = dup2(out, STDOUT_FILENO) < 0 ? -errno : 0;
        close(out);
        return k < 0 ? ctl_fail("standard output", k) : 0;
}

int ctl_load_config(struct ctl *c)
{
        int k = config_load(&c->root, &c->arena, bus_syntaxes, &c->diags, &c->config);

        if (k < 0)
                return ctl_fail("reading passthrough.d", k);
        k = settings_load(&c->root, &c->arena, &c->diags, &c->settings);
        if (k < 0)
                return ctl_fail("reading passthrough.conf", k);
        ctl_say_diags(c);
        c->loaded = true;
        return 0;
}

/* After a failed trial the next boot is not of the config that is there. */
static int hold_back(struct ctl *c)
{
        struct fallback fallback;
        int k = fallback_find(&c->root, &c->arena, bus_syntaxes, &c->config, &fallback);

        if (k < 0 || !fallback.failed)
                return k;
        ctl_error("%s: the next boot follows what was applied before it, until the rules change", fallback.why);
        c->config = fallback.config;
        c->settings = fallback.settings;
        return 0;
}

int ctl_make_plan(struct ctl *c, const struct facts_request *request, bool boot)
{
        struct facts_request needed;
        int k;

        facts_request_for(&c->config, &c->arena, &needed);
        if (request) {
                needed.machine |= request->machine;
                needed.slots |= request->slots;
                needed.serials |= request->serials;
                needed.parents |= request->parents;
                needed.numa |= request->numa;
                needed.busy |= request->busy;
                needed.use |= request->use;
                needed.vgpus |= request->vgpus;
                needed.identities |= request->identities;
                needed.config = request->config;
        }
        for (size_t i = 0; request && i < request->n_drivers; i++)
                facts_request_driver(&needed, &c->arena, request->drivers[i]);
        needed.builtin |= boot;
        needed.writers |= boot && !needed.busy;
        k = facts_gather(&c->root, &c->arena, c->sources, &needed, &c->facts);
        c->at_boot = k == 0 && boot;
        if (c->at_boot)
                facts_as_at_boot(&c->facts);
        if (k == 0)
                plan_build(&c->config, &c->facts, &c->arena, &c->plan);
        if (c->at_boot) {
                pci_sriov(&c->root, &c->arena, SRIOV_AT_BOOT, &c->plan);
                vgpu_plan(&c->root, &c->arena, VGPU_AT_BOOT, &c->plan);
        }
        return k < 0 ? ctl_fail("reading this machine's facts", k) : 0;
}

int ctl_load_plan(struct ctl *c, const struct facts_request *request, bool boot)
{
        int k = ctl_load_config(c);

        if (k != 0)
                return k;
        if (boot)
                k = hold_back(c);
        return k < 0 ? ctl_fail(TRIAL_PATH, k) : ctl_make_plan(c, request, boot);
}

static const char *rule_of_promised(const struct ctl *c, const struct vgpu_device *v)
{
        return c->config.rules[c->plan.entries[c->plan.vgpu->parents[v->parent].entry].rule].name;
}

int ctl_find_device(struct ctl *c, const char *name, size_t *ret)
{
        if (!facts_find_written(&c->facts, name, ret)) {
                const char **names = arena_alloc(&c->arena, (c->config.n_rules + 1) * sizeof(*names)), *nearest;

                for (size_t i = 0; names && i < c->config.n_rules; i++)
                        names[i] = c->config.rules[i].name;
                nearest = names ? str_nearest(name, names, c->config.n_rules) : NULL;
                if (nearest)
                        return ctl_usage("there is no rule \"%s\"; is \"%s\" meant?", name, nearest);
                return ctl_usage(
                        "\"%s\" is neither a rule nor the address of a device; passthroughctl status shows the "
                        "rules, passthroughctl list the addresses",
                        name);
        }
        if (*ret != NO_DEVICE)
                return 0;
        for (size_t i = 0; c->plan.vgpu && i < c->plan.vgpu->n_devices; i++)
                if (c->plan.vgpu->devices[i].address && strcasecmp(c->plan.vgpu->devices[i].address, name) == 0) {
                        const char *rule = rule_of_promised(c, &c->plan.vgpu->devices[i]);

                        return ctl_usage(
                                "%s is not there yet; rule %s makes it in a boot, or passthroughctl bind %s now", name,
                                rule, rule);
                }
        return ctl_usage("%s", lookup_absent(&c->arena, name));
}
