/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Programs of the host that look for USB devices and serial ports, and what their files have them do with some. */

#include "facts/conf-lines.h"

/* A serial port that a program's file gives it, whatever udev says. */
struct daemon_port {
        const char *program;
        const char *file;
        unsigned line;
        const char *port;  /* as it stands there: "/dev/ttyS1" */
        const char *sysfs; /* of that port: /sys/devices/...; NULL: it is not here */
};

/* usbguard-daemon.conf(5), usbguard-rules.conf(5) */
struct usbguard {
        bool enabled;            /* a target wants it */
        const char *target;      /* ImplicitPolicyTarget=: what happens to a device that no rule is about */
        const char *file;        /* RuleFile= */
        struct conf_lines rules; /* of that file and of RuleFolder=; a line without text: it cannot be read */
};

struct daemons {
        struct usbguard usbguard;
        bool modem_manager, brltty, gpsd, udisks; /* their units are there */
        struct daemon_port *ports;
        size_t n_ports;
        const char *usbmount;     /* its file, where that has it mount what is plugged in; or NULL */
        struct conf_lines mounts; /* of the administrator's udev rules: those that run something that mounts */
};

/* A file that is absent says nothing. */
void daemons_read(const struct root *root, struct arena *a, struct daemons *ret);
