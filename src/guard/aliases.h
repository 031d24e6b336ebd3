/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/str.h"
#include "guard/graph.h"

/*
 * The modules that the kernel would load for a MODALIAS, by their files: "kernel/drivers/usb/serial/ftdi_sio.ko"; those
 * that are built in, too. False: the kernel's lists do not tell.
 */
bool aliases_modules(struct graph *g, const char *modalias, struct strings *ret);
