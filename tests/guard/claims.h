/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "verdicts.h"

/* What rules in etc/passthrough.d mean of a machine's USB devices, by their positions. */
struct claims_asked {
        bool matched[COUNT(((struct machine *)NULL)->plugs)];
        enum verdict verdicts[COUNT(((struct machine *)NULL)->plugs)];
};

/* claims.c: how much is wrong in what udev is told. */
unsigned claims_moments(const struct machine *m, const struct claims_asked *a, struct tally *tally);
