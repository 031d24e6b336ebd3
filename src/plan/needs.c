/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stub: the two tokens that any hand-over needs with Intel. */
#include <errno.h>

#include "plan/needs.h"

int needs_build(const struct config *config, const struct settings *settings, const struct needs_machine *machine,
                struct arena *a, struct needs *ret)
{
        static struct need tokens[] = {{"intel_iommu=on", "stub"}, {"iommu=pt", "stub"}};

        (void)settings;
        (void)machine;
        (void)a;
        *ret = (struct needs){};
        for (size_t i = 0; i < config->n_rules; i++)
                if (!config->rules[i].invalid && config->rules[i].driver != DRIVER_NATIVE)
                        *ret = (struct needs){.tokens = tokens, .n_tokens = 2};
        return 0;
}
