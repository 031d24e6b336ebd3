/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/stage.h"

#include "base/str.h"

const struct stage_traits stages[STAGE_MAX_] = {
        [STAGE_AUTO] = {.name = "auto", .of_rules = true},
        [STAGE_INITRD] = {.name = "initrd", .of_rules = true, .whole_boot = true, .reserves = true},
        [STAGE_ROOT] = {.name = "root", .of_rules = true, .hides_storage = true},
        [STAGE_HOST] = {.name = "host", .reserves = true},
        [STAGE_DEMAND] = {.name = "demand", .of_rules = true},
};

enum stage stage_named(const char *name)
{
        enum stage s = STAGE_AUTO;

        while (s < STAGE_MAX_ && !streq(stages[s].name, name))
                s++;
        return s;
}
