/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What Cloudpods demands of the host as a whole, and which devices are graphics cards to it. */

#include "check/row.h"

/* A graphics card that the host agent takes from any driver; and one that it takes if it has none, too. */
bool cloudpods_takes(const struct device *d);
bool cloudpods_is_gpu(const struct device *d);

void cloudpods_cmdline(struct checker *c);
void cloudpods_hugepages(struct checker *c);
