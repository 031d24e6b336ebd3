/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "act/act.h"
#include "act/sysfs.h"
#include "base/str.h"
#include "plan/claims-udev.h"

#define UDEV_LOOKS 4 /* seconds: udevd looks for changed rules at most every three */
#define INPUTS     "/sys/class/input"

struct unclaimer {
        struct sysfs sysfs;
        struct arena *arena;
};

/* It may have gone away meanwhile, or have no such file. */
static void write_to(struct unclaimer *u, const char *directory, const char *name, const char *file, const char *value)
{
        (void)!sysfs_write(&u->sysfs, arena_join(u->arena, directory, "/", name, file, NULL), value, false);
}

/* udev is asked for each, and then a driver of the host for what has none. */
static void ask_for_bus(struct unclaimer *u, const struct bus_syntax *bus)
{
        const char *devices = arena_join(u->arena, bus->sysfs, "/devices", NULL), **names;
        const struct root *root = u->sysfs.root;
        size_t n;

        if (!root_exists(root, devices))
                devices = bus->sysfs;
        if (root_list(root, u->arena, devices, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                write_to(u, devices, names[i], "/uevent", "add");
        for (size_t i = 0; devices != bus->sysfs && i < n; i++)
                write_to(u, bus->sysfs, "drivers_probe", "", names[i]);
}

static void allow_typing(struct unclaimer *u)
{
        const char **names;
        size_t n;

        if (root_list(u->sysfs.root, u->arena, INPUTS, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (root_exists(u->sysfs.root, arena_join(u->arena, INPUTS "/", names[i], "/inhibited", NULL)))
                        write_to(u, INPUTS, names[i], "/inhibited", "0");
}

void act_unclaimed(const struct root *root, struct arena *a)
{
        struct unclaimer u = {.sysfs = {.root = root, .shared_fd = -1}, .arena = a};

        for (size_t i = 0; bus_syntaxes[i]; i++)
                if (bus_syntaxes[i]->taken_by)
                        ask_for_bus(&u, bus_syntaxes[i]);
        allow_typing(&u);
}

int act_unclaim(const struct root *root, struct arena *a, bool *ret)
{
        int k;

        *ret = root_exists(root, CLAIMS_UDEV "/" CLAIMS_FIRST);
        if (!*ret)
                return 0;
        k = root_unlink(root, CLAIMS_UDEV "/" CLAIMS_FIRST, 0);
        if (k == 0)
                (void)!root_unlink(root, CLAIMS_UDEV "/" CLAIMS_LAST, 0);
        if (k == 0 && root->live)
                sleep(UDEV_LOOKS);
        if (k == 0)
                act_unclaimed(root, a);
        return k;
}
