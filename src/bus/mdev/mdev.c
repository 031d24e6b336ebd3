/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mediated devices and their parents as the plan sees them. Pure. */
#include "bus/mdev/mdev.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/str.h"
#include "config/vgpu.h"
#include "facts/facts.h"

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        char lower[VGPU_UUID_SIZE];

        snprintf(lower, sizeof(lower), "%s", text);
        if (str_is_uuid(text))
                str_lower(lower);
        *ret = bus_find(devices, n, str_is_uuid(text) ? lower : text);
        return *ret != NO_DEVICE || str_is_uuid(text);
}

/* Rules mean parents; a mediated device is of the rule that makes it. */
static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return key == MATCH_ADDRESS && mdev_is_parent(d) && fnmatch(word, d->address, 0) == 0;
}

static const char *kind(const char *class)
{
        (void)class;
        return "mediated device";
}

static unsigned roles(const char *class)
{
        (void)class;
        return 0;
}

static enum heading heading(const struct device *d)
{
        return mdev_is_parent(d) ? HEADING_OTHER : HEADING_GRAPHICS;
}

static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        snprintf(buf, size, "%s:%s", bus, d->address);
}

static void propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                    const char **ret_why)
{
        const char *text = "";

        *ret = *ret_why = NULL;
        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[devices[i]];

                if (!mdev_is_parent(d)) {
                        *ret_why = arena_join(a, d->address, " is a mediated device; a rule names its parent ",
                                              d->parent, " and has [VirtualGPU]", NULL);
                        return;
                }
                text = arena_join(a, text, i > 0 ? " " : "", d->address, NULL);
        }
        *ret = arena_join(a, "Address=", text, "\n", NULL);
}

static bool refuse(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret)
{
        (void)a;
        if (rule->vgpu)
                return false;
        if (mdev_is_parent(d))
                return reason_set(ret, REASON_MAKER, "a rule with [VirtualGPU] makes virtual GPUs of it");
        return reason_set(ret, REASON_OTHER, "no rule makes it");
}

const struct bus mdev_bus = {
        .syntax = &mdev_syntax,
        .find = find,
        .match = match,
        .kind = kind,
        .heading = heading,
        .roles = roles,
        .alias = alias,
        .propose = propose,
        .udev = mdev_udev,
        .refuse = refuse,
        .take = mdev_take,
        .give = mdev_give,
        .guest = mdev_guest,
};
