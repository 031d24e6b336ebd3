/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-bind knows rules for these buses and none of their devices, nor has it code for them: in an initrd udev
 * claims those, by what the image has for it (plan/claims-udev.h), and on the host passthrough-demand looks at them.
 */
#include "bus/bus.h"

extern const struct bus_syntax usb_syntax, tty_syntax, mdev_syntax;
extern const struct bus_source usb_source, tty_source, mdev_source;

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        (void)devices;
        (void)n;
        (void)text;
        *ret = NO_DEVICE;
        return false;
}

static unsigned roles(const char *class)
{
        (void)class;
        return 0;
}

static const struct bus usb = {.syntax = &usb_syntax, .find = find, .roles = roles};
static const struct bus tty = {.syntax = &tty_syntax, .find = find, .roles = roles};
static const struct bus mdev = {.syntax = &mdev_syntax, .find = find, .roles = roles};

const struct bus_source usb_source = {.bus = &usb}, tty_source = {.bus = &tty}, mdev_source = {.bus = &mdev};
