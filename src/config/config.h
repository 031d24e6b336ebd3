/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reads passthrough.d(5) from its four directories. */

#include "base/root.h"
#include "config/rule.h"

/*
 * Every rule there is, an invalid one as such; what is wrong is in diags, too. 0 or -errno where nothing could be read
 * at all (memory, the root).
 */
int config_load(const struct root *root, struct arena *a, struct diags *diags, struct config *ret) _must_check_;

/* One more file of a rule, which begins as RULE_INIT with digest STR_HASH_START; as keys_parse(). */
int config_add_file(struct arena *a, const char *path, char *text, size_t size, struct diags *diags,
                    struct rule *rule) _must_check_;

/* A rule's file as it would be: its path, and its text. */
struct config_draft {
        const char *path, *text;
};

/* Where rules are looked for; the earlier wins where a name is in two of them. */
#define CONFIG_DIRECTORIES 4
extern const char *const config_directories[CONFIG_DIRECTORIES];

/* The same, as if these files were there; each is in the first of the directories. */
int config_load_with(const struct root *root, struct arena *a, const struct config_draft *drafts, size_t n,
                     struct diags *diags, struct config *ret) _must_check_;

const struct rule *config_find(const struct config *config, const char *name);

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most 64 characters. */
bool rule_name_valid(const char *name);
