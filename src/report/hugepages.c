/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/hugepages.h"

#include <inttypes.h>

#include "report/log.h"

void log_pool(const struct root *root, const struct record_pool *x)
{
        const char *on = *x->node ? " on node " : "";

        if (x->state == POOL_REFUSED)
                log_line(root, LOG_LEVEL_WARNING, LOG_PAGES, NULL, NULL,
                         "huge pages: %" PRIu64 " of %s%s%s refused: %s", x->asked, x->size, on, x->node, x->reason);
        else if (x->state == POOL_SHORT)
                log_line(root, LOG_LEVEL_WARNING, LOG_PAGES, NULL, NULL,
                         "huge pages: of %" PRIu64 " of %s%s%s only %" PRIu64 " reserved: %s", x->asked, x->size, on,
                         x->node, x->got, x->reason);
        else
                log_line(root, LOG_LEVEL_INFO, LOG_PAGES, NULL, NULL, "huge pages: %" PRIu64 " of %s%s%s reserved",
                         x->got, x->size, on, x->node);
}
