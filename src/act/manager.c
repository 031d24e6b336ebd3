/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/manager.h"

#include "base/program.h"
#include "base/str.h"

static enum manager_state state_named(const char *text)
{
        static const struct {
                const char *name;
                enum manager_state state;
        } names[] = {
                {"initializing", MANAGER_STARTING}, {"starting", MANAGER_STARTING}, {"running", MANAGER_UP},
                {"degraded", MANAGER_UP},           {"maintenance", MANAGER_UP},    {"stopping", MANAGER_STOPPING},
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (startswith(text, names[i].name))
                        return names[i].state;
        return MANAGER_UNKNOWN;
}

enum manager_state manager_state(const struct root *root)
{
        static const char *const argv[] = {"/usr/bin/systemctl", "is-system-running", NULL};
        enum manager_state state = MANAGER_UP;
        struct arena a = {};
        char *text;
        size_t size;

        if (root->live)
                state = program_output(argv, &a, &text, &size) < 0 ? MANAGER_UNKNOWN
                                                                   : state_named(arena_strndup(&a, text, size));
        arena_free(&a);
        return state;
}

bool manager_has_demand(const struct root *root, struct arena *a, const char *rule)
{
        return root_exists(
                root, arena_join(a, "/run/systemd/generator/passthrough@", rule, ".service.d/" MANAGER_DEMAND, NULL));
}
