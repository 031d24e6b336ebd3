/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of check_build(), by what they judge. */

#include "check/checks.h"

struct checker {
        const struct check_input *in;
        const struct check_facts *facts;
        const struct plan *plan;
        struct arena *arena;
        struct checks *checks;
        struct token *tokens; /* of the command line */
        size_t n_tokens;
        bool live; /* functions are in IOMMU groups */
};

/* A row; the message is printf's. */
void check_row(struct checker *c, const char *id, enum check_status status, const char *fix, const char *format, ...)
        _printf_(5, 6);
/* What the last row says where only what is wrong is shown; rows that say the same are then one. */
void check_row_brief(struct checker *c, const char *format, ...) _printf_(2, 3);
/* apply mends what the last row says, if that fails. */
void check_row_by_apply(struct checker *c);
/* "KIND.NAME", as check_row() takes it. */
const char *check_row_id(struct checker *c, const char *kind, const char *name);

static inline const struct device *check_device(const struct checker *c, const struct plan_entry *e)
{
        return &c->plan->facts->devices[e->device];
}

static inline const char *check_rule(const struct checker *c, const struct plan_entry *e)
{
        return c->plan->config->rules[e->rule].name;
}

/* A device that its rule would give a driver. */
static inline bool check_taken(const struct plan_entry *e)
{
        return e->driver && e->action != ACTION_KEEP && e->kind != REASON_IMPOSTOR;
}

/* A fix, and what is to be run once a file that boot images carry has changed. */
const char *check_then_rebuild(struct checker *c, const char *fix);

/* The entry of that address which is taken, or NULL. */
const struct plan_entry *check_taken_at(const struct checker *c, const char *address);

/* A rule that gives virtual GPUs a type; and one whose devices are here. */
bool check_makes_vgpus(const struct rule *rule);
bool check_has_vgpus(const struct checker *c, size_t rule);
void check_vgpu_groups(struct checker *c, size_t rule, const char *id);

/* Where a virtual function shares its IOMMU group: what may help, and what stands behind the shared one. */
#define CHECK_ACS                                                                                                      \
        "switch ACS (and ARI) on in the firmware setup, or put the card into a slot of the processor; "                \
        "passthroughctl list ADDRESS shows what shares the group"
#define CHECK_APART ": a virtual function is apart from its function only where the ports above have ACS"

/* iommu-state.c */
void check_iommu(struct checker *c);
/* kernel-tokens.c */
void check_kernel_tokens(struct checker *c);
/* rules.c: modules, groups, guard */
void check_modules(struct checker *c);
void check_rules(struct checker *c);
/* devices.c */
void check_devices(struct checker *c);
/* functions.c: virtual ones that rules make */
void check_functions(struct checker *c);
/* vgpus.c: virtual GPUs that rules make */
void check_vgpus(struct checker *c);
/* reservations.c: huge pages */
void check_reservations(struct checker *c);
/* images.c */
void check_images(struct checker *c);
/* sealed.c */
void check_sealed(struct checker *c);
/* conflicts.c */
void check_conflicts(struct checker *c);
/* hand-made.c: scripts in boot images */
void check_hand_made(struct checker *c);
/* meddlers.c: of USB devices and serial ports */
void check_meddlers(struct checker *c);
/* offload.c */
void check_offload(struct checker *c);
