/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back: from the driver that a rule gave a device to the host's own. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "act/act.h"
#include "act/kmod.h"
#include "act/sysfs.h"
#include "base/str.h"

struct releaser {
        const struct root *root;
        struct sysfs sysfs;
        const struct device *d;
        struct arena *arena;
        struct result *result;
};

static void fail(struct releaser *w, const char *format, ...) _printf_(2, 3);
static void fail(struct releaser *w, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        w->result->error = arena_vprintf(w->arena, format, ap);
        va_end(ap);
        w->result->state = STATE_FAILED;
        w->result->at_us = act_now();
}

/* 0, 1 where it went wrong and that is said. */
static int put(struct releaser *w, const char *target, const char *value)
{
        int k = sysfs_write(&w->sysfs, target, value);

        if (k == 0 || !target)
                return k;
        if (w->sysfs.stuck)
                act_stuck(&w->sysfs, w->arena, w->d, target, value, w->result);
        else
                fail(w, "writing to %s: %s", target, strerror(-k));
        return k < 0 ? k : 1;
}

/*
 * Its native driver may never have been asked for in this boot. It is loaded while the device still has an override, so
 * that it is not bound from within the loading of a module, which nothing bounds. Whether there is one.
 */
static bool load_native(struct releaser *w)
{
        char *path = arena_printf(w->arena, "/sys/bus/pci/devices/%s/modalias", w->d->address), alias[256];

        return w->root->live && path && root_read(w->root, path, alias, sizeof(alias)) > 0 &&
               kmod_load_alias(alias) == 0;
}

static void verify(struct releaser *w, const char *link, const char *driver, bool native)
{
        char now[NAME_MAX + 1];

        sysfs_driver(w->root, link, now, sizeof(now));
        if (streq(now, driver)) {
                fail(w, "%s still has it; see the kernel log", driver);
                return;
        }
        if (!*now && native) {
                fail(w, "%s has let go of it, and no driver of the host took it; see the kernel log", driver);
                return;
        }
        *w->result = (struct result){.state = STATE_SKIPPED, .at_us = act_now()};
        if (*now)
                w->result->now = arena_strdup(w->arena, now);
}

int act_release(const struct root *root, const struct device *d, const char *driver, unsigned patience, struct arena *a,
                struct result *ret)
{
        struct releaser w = {
                .root = root,
                .sysfs = {.root = root, .probe_fd = -1, .patience = patience},
                .d = d,
                .arena = a,
                .result = ret,
        };
        char *dir = arena_printf(a, "/sys/bus/pci/devices/%s", d->address);
        char *link = arena_join(a, dir ? dir : "", "/driver", NULL);
        bool native = load_native(&w);
        int k = 0;

        /* "\n" clears; a write of nothing would change nothing. */
        if (k == 0)
                k = put(&w, arena_join(a, dir, "/driver_override", NULL), "\n");
        if (k == 0 && d->driver)
                k = put(&w, arena_join(a, link, "/unbind", NULL), d->address);
        if (k == 0)
                k = put(&w, SYSFS_PROBE, d->address);
        if (k == 0)
                verify(&w, link, driver, native);
        sysfs_close(&w.sysfs);
        return k < 0 ? k : w.sysfs.stuck != 0;
}
