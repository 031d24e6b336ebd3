/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/pools.h"

#include "act/act.h"
#include "act/sysfs.h"

/* The write succeeds however few pages the kernel finds: what it has got is read back. */
static void reserve(struct sysfs *s, const struct huge_entry *e, struct huge_result *r)
{
        uint64_t there;
        int k = memory_read_pages(s->root, e->target, &there);

        /* Between plan and now more may have come to be there. */
        if (k == 0 && there < e->asked)
                k = sysfs_write(s, e->target, e->value, false);
        *r = (struct huge_result){.tried = true, .error = k, .at_us = act_now()};
        r->known = memory_read_pages(s->root, e->target, &r->got) == 0;
}

void act_pools(const struct root *root, const struct huge_plan *plan, struct huge_result *results)
{
        struct sysfs s = {.root = root, .shared_fd = -1};

        for (size_t i = 0; i < plan->n; i++)
                if (plan->entries[i].action == HUGE_WRITE && !results[i].tried)
                        reserve(&s, &plan->entries[i], &results[i]);
}
