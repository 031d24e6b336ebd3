/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "validate/machine.h"

#include "base/str.h"
#include "facts/machine.h"
#include "facts/memory.h"
#include "guard/vital.h"

/* Graphics of Intel's that no bridge leads to are the processor's own. */
static const char *igpu(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];

                if (d->roles & ROLE_DISPLAY && startswith(d->id, "8086:") && !d->parent && !strchr(d->path, '/'))
                        return d->address;
        }
        return NULL;
}

void validate_machine_of(const struct root *root, struct arena *a, const struct facts *facts,
                         struct cmdline_machine *ret)
{
        struct machine machine;
        struct memory memory;

        machine_read(root, a, &machine);
        memory_read(root, a, &memory);
        *ret = machine.cmdline;
        ret->memory = memory.machine.total;
        ret->igpu = igpu(facts);
        guard_vital(root, a, facts, ret);
}

int validate_machine(const struct root *root, struct arena *a, const struct facts_sources *sources,
                     struct cmdline_machine *ret)
{
        struct facts facts = {};
        int k = facts_gather(root, a, sources, &(struct facts_request){.use = true}, &facts);

        if (k == 0)
                validate_machine_of(root, a, &facts, ret);
        return k;
}
