/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/rule.h"

#include "base/str.h"
#include "config/config.h"

bool rule_name_valid(const char *name)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        return *name && !strchr("_.-", *name) && strlen(name) <= 64 && name[strspn(name, letters)] == '\0';
}

const char *node_access_mode(const struct node_access *access)
{
        return access->mode ? access->mode : access->group ? "0660" : NULL;
}

const struct rule *config_find(const struct config *config, const char *name)
{
        for (size_t i = 0; i < config->n_rules; i++)
                if (streq(config->rules[i].name, name))
                        return &config->rules[i];
        return NULL;
}

bool config_by_udev(const struct config *config)
{
        for (size_t i = 0; i < config->n_rules; i++)
                if (!config->rules[i].bus || !config->rules[i].bus->taken_by)
                        return false;
        return config->n_rules > 0;
}
