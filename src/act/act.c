/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/act.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "act/kmod.h"
#include "act/sysfs.h"
#include "base/str.h"

const char *const device_state_names[STATE_MAX_] = {"", "bound", "late", "refused", "failed", "skipped"};

struct actor {
        const struct root *root;
        struct sysfs sysfs;
        const struct plan *plan;
        struct arena *arena;
        struct result *results;
};

uint64_t act_now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static const struct device *device_of(const struct actor *w, size_t entry)
{
        return &w->plan->facts->devices[w->plan->entries[entry].device];
}

static void fail(struct actor *w, size_t entry, const char *format, ...) _printf_(3, 4);
static void fail(struct actor *w, size_t entry, const char *format, ...)
{
        struct result *r = &w->results[entry];
        va_list ap;

        va_start(ap, format);
        r->error = arena_vprintf(w->arena, format, ap);
        va_end(ap);
        r->state = STATE_FAILED;
        r->at_us = act_now();
}

/* Gives the device back as it was found: its override, then whatever driver of the host matches it. */
static void put_back(struct actor *w, size_t entry)
{
        const struct device *d = device_of(w, entry);
        char *link = arena_printf(w->arena, "/sys/bus/pci/devices/%s/driver", d->address);
        char *unbind = arena_printf(w->arena, "%s/unbind", link ? link : "");
        char *override = arena_printf(w->arena, "/sys/bus/pci/devices/%s/driver_override", d->address);
        char driver[NAME_MAX + 1];
        int k;
        /* "\n" clears; a write of nothing would change nothing. */
        k = sysfs_write(&w->sysfs, override, d->driver_override ? d->driver_override : "\n");
        sysfs_driver(w->root, link, driver, sizeof(driver));
        if (k == 0 && streq(driver, w->plan->entries[entry].driver) && !streq_ptr(d->driver, driver))
                k = sysfs_write(&w->sysfs, unbind, d->address);
        if (k == 0)
                k = sysfs_write(&w->sysfs, SYSFS_PROBE, d->address);
        if (k == 0 || k == -ENOENT) /* it went away meanwhile */
                return;
        if (w->sysfs.stuck) {
                fail(w, entry, "%s; giving it back has not come back", w->results[entry].error);
                return;
        }
        fail(w, entry, "%s; and it could not be given back: %s", w->results[entry].error, strerror(-k));
}

/* The same file without the link in its path: following one costs the kernel as much as opening the file. */
static const char *direct(struct actor *w, size_t entry, const char *target)
{
        const struct device *d = device_of(w, entry);
        const char *rest = startswith(target, SYSFS_DEVICES) ? target + strlen(SYSFS_DEVICES) : "";

        if (!startswith(rest, d->address))
                return target;
        return arena_join(w->arena, d->sysfs, rest + strlen(d->address), NULL);
}

static bool registered(struct actor *w, const char *directory, const char *name)
{
        char path[PATH_MAX];

        return snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path) && root_exists(w->root, path);
}

/* Before anything is unbound for it, a driver has to be there by its own name, which need not be its module's. */
static int load(struct actor *w, const struct op *op)
{
        const struct plan *plan = w->plan;
        bool driver = streq(op->target, plan->entries[op->entry].driver);
        int k = 0;

        if (registered(w, driver ? "/sys/bus/pci/drivers" : "/sys/module", op->target))
                return 0;
        if (w->root->live)
                k = kmod_load(op->target);
        if (!driver || !w->root->live)
                return 0; /* vfio_iommu_type1: kernels with iommufd alone do without */
        if (k == 0 && registered(w, "/sys/bus/pci/drivers", op->target))
                return 0;

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                if (e->action == ACTION_BIND && e->stage == op->stage && streq(e->driver, op->target))
                        fail(w, i, "driver %s: %s", e->driver,
                             k == 0         ? "its module is loaded, but there is no PCI driver of that name"
                             : k == -ENOENT ? "there is no such module"
                                            : strerror(-k));
        }
        return 0;
}

static int verify(struct actor *w, const struct op *op)
{
        const struct device *d = device_of(w, op->entry);
        struct result *r = &w->results[op->entry];
        const char *link = direct(w, op->entry, op->target);
        char driver[NAME_MAX + 1];

        sysfs_driver(w->root, link, driver, sizeof(driver));
        if (!streq(driver, op->value)) {
                fail(w, op->entry, "%s did not take it; %s%s", op->value,
                     *driver ? "it is bound to " : "see the kernel log", driver);
                put_back(w, op->entry);
                return 0;
        }
        r->at_us = act_now();
        r->state = STATE_BOUND;
        if (d->driver && !streq(d->driver, op->value)) {
                r->state = STATE_LATE;
                r->from = d->driver;
        }
        return 0;
}

void act_stuck(const struct sysfs *s, struct arena *a, const struct device *d, const char *target, const char *value,
               struct result *r)
{
        const char *name = str_basename(target), *what;
        char *path = arena_join(a, PASSTHROUGH_STUCK "/", d->address, NULL), *pid = arena_printf(a, "%d", s->stuck);
        /* Without it, who comes next hangs, too; it is no reason to say less of this. */
        if (root_make_parents(s->root, path) == 0)
                (void)!root_replace(s->root, path, pid, strlen(pid));

        if (streq(name, "unbind"))
                what = arena_printf(a, "unbinding %s from %s", d->address, d->driver ? d->driver : "its driver");
        else if (streq(target, SYSFS_PROBE))
                what = arena_printf(a, "binding %s", d->address);
        else
                what = arena_printf(a, "writing \"%s\" to %s", streq(value, "\n") ? "" : value, target);
        r->state = STATE_FAILED;
        r->at_us = act_now();
        r->error =
                what ? arena_printf(a, "%s has not come back after %u s; the kernel log may say why", what, s->patience)
                     : NULL;
}

/* What an errno does not say: " (...)", or "" where it says enough. */
static const char *explain(struct actor *w, const char *target, int error)
{
        char methods[128];

        if (!streq(str_basename(target), "reset_method"))
                return "";
        if (error == -ENOENT)
                return " (the kernel knows no way to reset it alone, or is older than 5.15)";
        if (error != -EINVAL || root_read(w->root, target, methods, sizeof(methods)) < 0)
                return "";
        return arena_printf(w->arena, " (it cannot be reset so; it has now: %s)", *methods ? methods : "nothing");
}

static int write_value(struct actor *w, const struct op *op)
{
        const char *target = direct(w, op->entry, op->target), *why;
        int k = sysfs_write(&w->sysfs, target, op->value);

        if (k == 0)
                return 0;
        if (w->sysfs.stuck) /* and nothing more is asked of this device: that would only hang, too */ {
                act_stuck(&w->sysfs, w->arena, device_of(w, op->entry), op->target, op->value, &w->results[op->entry]);
                return 0;
        }
        why = explain(w, op->target, k);
        fail(w, op->entry, "writing \"%s\" to %s: %s%s", op->value, op->target, strerror(-k), why);
        put_back(w, op->entry);
        return 0;
}

/* Where it cannot be hidden it is visible, no more. */
static int hide(struct actor *w, const struct op *op)
{
        int k = root_make_parents(w->root, op->target);

        if (k == 0)
                k = root_replace(w->root, op->target, op->value, strlen(op->value));
        return 0;
}

int act_run(const struct root *root, const struct plan *plan, enum stage stage, size_t rule, unsigned patience,
            struct arena *a, struct result *results)
{
        struct actor w = {
                .root = root,
                .sysfs = {.root = root, .probe_fd = -1, .patience = patience},
                .plan = plan,
                .arena = a,
                .results = results,
        };
        static int (*const does[OP_MAX_])(struct actor *, const struct op *) = {load, write_value, verify, hide};
        int k = 0;

        for (size_t i = 0; k == 0 && !w.sysfs.stuck && i < plan->n_ops; i++) {
                const struct op *op = &plan->ops[i];

                if (op->stage != stage || (op->kind == OP_HIDE && !plan->facts->in_initrd) ||
                    (op->kind != OP_LOAD && results[op->entry].state == STATE_FAILED) ||
                    (rule != NO_ENTRY && op->kind != OP_LOAD && plan->entries[op->entry].rule != rule))
                        continue;
                k = does[op->kind](&w, op);
        }
        sysfs_close(&w.sysfs);
        return k == 0 && w.sysfs.stuck != 0;
}
