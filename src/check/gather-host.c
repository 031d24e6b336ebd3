/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that rules speak of. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "check/gather.h"
#include "facts/users.h"

/* reset_method is there since Linux 5.15, for functions that can be reset; reset, which says as much, always was. */
static int reset(struct gather *g, const struct device *d, struct check_device *x)
{
        char path[PATH_MAX], text[128];
        ssize_t n;

        x->reset = UNKNOWN;
        if (snprintf(path, sizeof(path), "%s/reset_method", d->sysfs) >= (int)sizeof(path))
                return 0;
        n = root_read(g->root, path, text, sizeof(text));
        if (n >= 0) {
                x->reset = n > 0 ? YES : NO;
                x->reset_method = arena_strdup(g->arena, text);
                return 0;
        }
        *strrchr(path, '_') = '\0';
        if (root_exists(g->root, path))
                x->reset = YES;
        else if (n == -ENOENT && (g->root->live || kernel_since(g->facts->kernel.release, 5, 15) == KNOWN_YES))
                x->reset = NO;
        return 0;
}

/* The kernel puts the firmware's framebuffer below the display that it is on (sysfb, since Linux 6.9). */
static int framebuffer(struct gather *g, const struct device *d, struct check_device *x)
{
        static const char suffix[] = "-framebuffer.";
        const char **names;
        size_t n;
        int k = d->roles & ROLE_DISPLAY ? root_list(g->root, g->arena, d->sysfs, &names, &n) : -ENOENT;

        if (k < 0)
                return 0;
        for (size_t i = 0; i < n && !x->framebuffer; i++)
                if (strstr(names[i], suffix))
                        x->framebuffer = names[i];
        return 0;
}

static void nobody(struct gather *g, enum user_kind kind, const char *name, bool *ret)
{
        uint32_t number;
        int k = name ? user_find(g->root, g->arena, kind, name, &number) : 0;

        *ret = k == USER_NOBODY;
}

int gather_devices(struct gather *g)
{
        g->facts->devices = arena_alloc(g->arena, g->plan->n_entries * sizeof(*g->facts->devices));
        for (size_t i = 0; i < g->plan->n_entries; i++) {
                const struct plan_entry *e = &g->plan->entries[i];
                const struct node_access *access = &g->plan->config->rules[e->rule].node;
                const struct device *d = &g->plan->facts->devices[e->device];
                struct check_device *x = &g->facts->devices[i];
                char path[PATH_MAX], target[PATH_MAX];

                /* The plan is of the next boot, where drivers are not bound yet. */
                if (snprintf(path, sizeof(path), "%s/driver", d->sysfs) < (int)sizeof(path) &&
                    root_readlink(g->root, path, target, sizeof(target)) > 0)
                        x->driver = arena_strdup(g->arena, str_basename(target));
                reset(g, d, x);
                framebuffer(g, d, x);
                x->vmd = d->bus->behind ? d->bus->behind(g->arena, d) : NULL;
                nobody(g, USER, access->owner, &x->no_owner);
                nobody(g, GROUP, access->group, &x->no_group);
        }
        return 0;
}

int gather_interfaces(struct gather *g)
{
        for (size_t i = 0; i < g->plan->n_entries; i++) {
                const struct device *d = &g->plan->facts->devices[g->plan->entries[i].device];
                char *dir = arena_join(g->arena, d->sysfs, "/net", NULL);
                const char **names;
                size_t n;
                int k = root_list(g->root, g->arena, dir, &names, &n);

                for (size_t j = 0; k == 0 && j < n; j++) {
                        struct check_interface *x =
                                arena_grow(g->arena, &g->facts->interfaces, g->facts->n_interfaces, sizeof(*x));
                        char path[PATH_MAX], mac[64];

                        g->facts->n_interfaces++;
                        *x = (struct check_interface){.entry = i, .name = names[j]};
                        if (snprintf(path, sizeof(path), "%s/%s/address", dir, names[j]) < (int)sizeof(path) &&
                            root_read(g->root, path, mac, sizeof(mac)) > 0)
                                x->mac = arena_strdup(g->arena, mac);
                }
        }
        return 0;
}
