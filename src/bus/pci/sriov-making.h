/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How operations of virtual functions are added to a plan; of those who plan them alone. */

#include "bus/pci/sriov-quirks.h"
#include "bus/pci/sriov.h"

#define ALL UINT32_MAX /* of the functions: the parent itself */

struct making {
        struct arena *arena;
        struct plan *plan;
        struct sriov_plan *sriov;
        enum sriov_aim aim;
        size_t parent; /* the one that operations are for */
};

static inline const struct rule *rule_of(const struct making *m)
{
        return &m->plan->config->rules[m->plan->entries[m->sriov->parents[m->parent].entry].rule];
}

static inline const struct device *device_of(const struct making *m)
{
        return &m->plan->facts->devices[m->plan->entries[m->sriov->parents[m->parent].entry].device];
}

static inline const struct sriov_quirks *quirks_of(const struct making *m)
{
        return sriov_quirks_of(device_of(m)->driver_now, device_of(m)->id);
}

/* The number of functions is the driver's. */
static inline bool has_its_own(const struct making *m)
{
        return rule_of(m)->sriov->kind == VF_COUNT_EXISTING || quirks_of(m)->makes_own;
}

static inline struct sriov_op *add(const struct making *m, enum sriov_phase phase, uint32_t index, struct op op)
{
        struct sriov_op *x = arena_grow(m->arena, &m->sriov->ops, m->sriov->n_ops++, sizeof(*m->sriov->ops));

        *x = (struct sriov_op){.op = op, .phase = phase, .parent = m->parent, .index = index};
        x->op.stage = STAGE_HOST;
        x->op.entry = m->sriov->parents[m->parent].entry;
        return x;
}

/* A file of the parent, or of one of its functions. */
static inline struct sriov_op *add_write(const struct making *m, enum sriov_phase phase, uint32_t index,
                                         const char *file, const char *value, const char *why)
{
        const char *dir = arena_join(m->arena, "/sys/bus/pci/devices/", device_of(m)->address, "/", NULL);

        if (index != ALL)
                dir = arena_printf(m->arena, "%svirtfn%u/", dir, index);
        return add(
                m, phase, index,
                (struct op){
                        .kind = OP_WRITE, .target = arena_join(m->arena, dir, file, NULL), .value = value, .why = why});
}

/* Before a driver has the parent nobody knows what it will be called. */
static inline const char *interface_of(const struct sriov_parent *x)
{
        return x->is.interface ? x->is.interface : "its network interface";
}

/* sriov-switch.c: the mode of the parent's switch, before the functions are made and once they are there. */
void sriov_mode_before(const struct making *m, const struct sriov_parent *x);
void sriov_mode_after(const struct making *m, const struct sriov_parent *x);

/*
 * sriov-nvme.c: why the functions of a controller of disks cannot be made, or NULL; what is done before they are made,
 * and once they are there: nothing, of other devices.
 */
const char *sriov_nvme_unfit(const struct making *m, const struct plan_entry *e, const struct device *d);
void sriov_nvme_before(const struct making *m, const struct sriov_parent *x);
void sriov_nvme_after(const struct making *m, const struct sriov_parent *x);

/*
 * sriov-vgpu.c: where each virtual function is a virtual GPU. Why they cannot be made so, or NULL; and what is written
 * before they are made.
 */
const char *sriov_vgpu_unfit(const struct making *m, const struct sriov_parent *x);
void sriov_vgpu_before(const struct making *m, const struct sriov_parent *x);
/* Why a rule has to say which type its virtual GPUs have; or NULL. */
const char *sriov_vgpu_untyped(const struct making *m, const struct sriov_parent *x);
