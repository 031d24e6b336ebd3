/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The config that counts in place of the one in /etc while the trial of that one is still to come, or has failed: the
 * one that was last applied, as a whole.
 */

#include "config/config.h"
#include "config/settings.h"

struct fallback {
        const char *why; /* NULL: the config in /etc counts, and nothing else is here */
        bool failed;     /* the trial has; else it is still to come */
        /* Rules of both configs, one that was not applied as invalid, and credentials. Of files' rules the message is
           why. */
        struct config config;
        struct settings settings;
};

/* config: as it is in /etc, or a fallback already; NULL: it is read if that is needed. 0 or -errno. */
int fallback_find(const struct root *root, struct arena *a, const struct bus_syntax *const *buses,
                  const struct config *config, struct fallback *ret) _must_check_;
