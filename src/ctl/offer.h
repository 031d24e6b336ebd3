/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What only a person may decide: a refused rule that the plan takes with the rest of an IOMMU group, or a boot display.
 */

#include "ctl/edit.h"

struct offer {
        const char *settings[2]; /* lines of [Device] more; the second may be NULL */
        const char *what;        /* behind "To give away " */
        const char *imported;    /* behind "To hand over ", of what a source handed over in part */
};

/*
 * The same draft with the fewest settings more that the plan takes, as an edit of its own; NULL: none will do. What the
 * draft says of these keys itself is not changed.
 */
const struct offer *offer_find(const struct edit *e, const struct draft *d, struct edit *ret);
/* "IOMMUGroup=complete AllowBootDisplay=yes" */
const char *offer_settings(struct arena *a, const struct offer *offer);
