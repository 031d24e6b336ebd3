/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/inspect.h"

#include "base/str.h"
#include "facts/kernel.h"

/* reset_method is there since Linux 5.15, for functions that can be reset; reset, which says as much, always was. */
static void reset(const struct root *root, struct arena *a, const char *kernel, const struct device *d,
                  struct inspection *ret)
{
        char *text;
        size_t size;
        enum source source = root_look(root, a, arena_join(a, d->sysfs, "/reset_method", NULL), &text, &size);

        ret->reset = UNKNOWN;
        if (source == SOURCE_READ) {
                ret->reset_method = str_trim(text);
                ret->reset = *ret->reset_method ? YES : NO;
        } else if (root_exists(root, arena_join(a, d->sysfs, "/reset", NULL)))
                ret->reset = YES;
        else if (source == SOURCE_ABSENT && (root->live || kernel_since(kernel, 5, 15) == KNOWN_YES))
                ret->reset = NO;
}

/* The kernel puts the firmware's framebuffer below the display that it is on (sysfb, since Linux 6.9). */
static void framebuffer(const struct root *root, struct arena *a, const struct device *d, struct inspection *ret)
{
        const char **names;
        size_t n;

        root_look_in(root, a, d->sysfs, &names, &n);
        for (size_t i = 0; i < n && !ret->framebuffer; i++)
                if (strstr(names[i], "-framebuffer."))
                        ret->framebuffer = names[i];
}

/* What is below graphics/ (drivers/video/fbdev/core/fbsysfs.c). */
static void console(const struct root *root, struct arena *a, const struct device *d, struct inspection *ret)
{
        const char **names;
        size_t n;

        root_look_in(root, a, arena_join(a, d->sysfs, "/graphics", NULL), &names, &n);
        for (size_t i = 0; i < n && !ret->console; i++)
                if (startswith(names[i], "fb") && !startswith(names[i], "fbcon"))
                        ret->console = names[i];
}

static void interfaces(const struct root *root, struct arena *a, const struct device *d, struct inspection *ret)
{
        const char *dir = arena_join(a, d->sysfs, "/net", NULL), **names;
        char mac[64];
        size_t n;

        root_look_in(root, a, dir, &names, &n);
        ret->interfaces = arena_alloc(a, n * sizeof(*ret->interfaces));
        for (; ret->n_interfaces < n; ret->n_interfaces++) {
                struct interface *i = &ret->interfaces[ret->n_interfaces];

                i->name = names[ret->n_interfaces];
                if (root_read(root, arena_join(a, dir, "/", i->name, "/address", NULL), mac, sizeof(mac)) > 0)
                        i->mac = arena_strdup(a, mac);
        }
}

/* Documentation/usb/authorization.rst: 0 is no; beyond 1 there is nothing. */
static enum tristate authorized(const struct root *root, struct arena *a, const struct device *d)
{
        char text[8];

        if (root_read(root, arena_join(a, d->sysfs, "/authorized", NULL), text, sizeof(text)) <= 0)
                return UNKNOWN;
        return *text != '0';
}

void inspect(const struct root *root, struct arena *a, const char *kernel, const struct device *d,
             struct inspection *ret)
{
        *ret = (struct inspection){.reset = UNKNOWN, .authorized = UNKNOWN};
        if (d->bus->syntax->taken_by)
                ret->authorized = authorized(root, a, d);
        else
                reset(root, a, kernel, d, ret);
        if (d->roles & ROLE_DISPLAY)
                framebuffer(root, a, d, ret);
        if (d->roles & ROLE_DISPLAY)
                console(root, a, d, ret);
        interfaces(root, a, d, ret);
}
