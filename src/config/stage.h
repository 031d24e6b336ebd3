/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The moments at which a device is taken, in the order of a boot. */

#include <stdbool.h>

enum stage {
        STAGE_AUTO,   /* the plan chooses */
        STAGE_INITRD, /* before any native driver */
        STAGE_ROOT,   /* the root file system is known, and not switched to yet */
        STAGE_HOST,   /* the host's own services start */
        STAGE_DEMAND, /* not in a boot: passthrough@RULE.service takes it, and gives it back */
        STAGE_MAX_,
};

struct stage_traits {
        const char *name;
        bool of_rules;      /* Stage= may name it */
        bool whole_boot;    /* its record has the plan of the whole boot, not of the stage alone */
        bool reserves;      /* huge pages are reserved in it */
        bool hides_storage; /* storage that is taken in it is hidden from the initrd until then */
};

extern const struct stage_traits stages[STAGE_MAX_];

/* STAGE_MAX_: no stage has that name. */
enum stage stage_named(const char *name);
