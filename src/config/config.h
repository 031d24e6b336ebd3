/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reads passthrough.d(5) from its four directories, and from the credentials that systemd was given. */

#include "base/root.h"
#include "config/rule.h"

/*
 * buses: those that Bus= may name, NULL behind the last; the first is meant where there is no Bus=. Every rule there
 * is, an invalid one as such; what is wrong is in diags, too. 0 or -errno where nothing could be read at all (memory,
 * the root).
 */
int config_load(const struct root *root, struct arena *a, const struct bus_syntax *const *buses, struct diags *diags,
                struct config *ret) _must_check_;

/* A file of a rule, of any bytes. */
struct config_text {
        const char *path, *text;
        size_t size;
};

/* A rule of at least one file, and no diags yet. */
void config_parse_rule(struct arena *a, const struct bus_syntax *const *buses, const char *name,
                       const struct config_text *texts, size_t n, struct diags *diags, struct rule *ret);

/* A rule's file as it would be: its path, and its text. */
struct config_draft {
        const char *path, *text;
};

/* The directories of rules; the earlier wins if a name is in two of them. */
#define CONFIG_DIRECTORIES 4
extern const char *const config_directories[CONFIG_DIRECTORIES];

/*
 * Where systemd keeps what it was given before its generators run (systemd.system-credentials(7)), and beside it what
 * only a service may have decrypted. The credential of that name and NAME is the rule NAME, if no file is. It has no
 * drop-ins, and comes behind all rules of files. The generator sees them, and its copies are for all others; where
 * there are copies, they count alone.
 */
#define CONFIG_CREDENTIALS   "/run/credentials/@system"
#define CONFIG_SEALED        "/run/credentials/@encrypted"
#define CONFIG_COPIES        "/run/systemd/generator/passthrough.credentials"
#define CONFIG_COPIES_SEALED "/run/systemd/generator/passthrough.encrypted"
#define CONFIG_CREDENTIAL    "passthrough.d."
/* The file that is read of that one, or NULL. */
const char *config_credential(const struct root *root, struct arena *a, const char *name);
/* All places that may have a rule of a name: the directories, and a credential. */
#define CONFIG_PLACES (CONFIG_DIRECTORIES + 1)

/* The same, as if these files were there; each is in the first of the directories. */
int config_load_with(const struct root *root, struct arena *a, const struct bus_syntax *const *buses,
                     const struct config_draft *drafts, size_t n, struct diags *diags, struct config *ret) _must_check_;

/*
 * Those rules of a config that are of files, and behind them the credentials below root that neither they nor its masks
 * hide. What is wrong in a credential is in its rule. 0 or -errno.
 */
int config_with_credentials(const struct root *root, struct arena *a, const struct config *files,
                            struct config *ret) _must_check_;

/* Whether udev claims all that the rules take, as on some buses: on the host that needs neither an image nor a line. */
bool config_by_udev(const struct config *config);

const struct rule *config_find(const struct config *config, const char *name);

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most 64 characters. */
bool rule_name_valid(const char *name);
