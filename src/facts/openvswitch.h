/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the database of Open vSwitch has for its next start (ovsdb(5), ovsdb(7): a log, a transaction a line). */

#include "base/root.h"
#include "bus/bus.h"

struct openvswitch {
        enum source source;
        const char *file;      /* that was read, or that could not be; NULL: there is none */
        enum tristate offload; /* other_config:hw-offload; UNKNOWN unless it was read */
        const char **gone;     /* interfaces of the host that its ports are, and that are not there */
        size_t n_gone;
};

/* A captured machine has these facts of it alone: the database names people's machines. */
void openvswitch_read(const struct root *root, struct arena *a, struct openvswitch *ret);
