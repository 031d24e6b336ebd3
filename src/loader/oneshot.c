/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/loader.h"

const char *oneshot_problem(const struct boot_facts *facts, const struct root *root, struct arena *a)
{
        struct probe *probe = probe_of(root, a);

        if (!facts->loader)
                return "no supported boot loader was found";
        if (!facts->loader->once)
                return facts->loader->no_once
                               ? facts->loader->no_once
                               : arena_join(a, boot_name(facts), " cannot boot an entry only once", NULL);
        return facts->loader->once->problem(facts, probe);
}

const struct oneshot *oneshot_pending(const struct loader *const *loaders, const struct boot_facts *facts,
                                      const struct root *root, struct arena *a)
{
        const struct oneshot *own = facts->loader ? facts->loader->once : NULL;
        struct probe *probe = probe_of(root, a);

        for (; *loaders; loaders++) {
                const struct oneshot *once = (*loaders)->once;

                if (once && (!own || once == own) && once->pending(probe))
                        return once;
        }
        return NULL;
}
