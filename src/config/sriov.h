/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* [SR-IOV] and [VirtualFunction] of passthrough.d(5): which virtual functions a device gets, and what they are like. */

#include <stdbool.h>
#include <stdint.h>

#include "config/key-table.h"
#include "config/rule.h"

enum vf_count {
        VF_COUNT_UNSET,
        VF_COUNT_NUMBER,
        VF_COUNT_ALL,      /* as many as there can be */
        VF_COUNT_EXISTING, /* the driver makes its own */
};

enum eswitch {
        ESWITCH_UNSET,
        ESWITCH_LEGACY,
        ESWITCH_SWITCHDEV,
};

/* The keys of [VirtualFunction] but Index=. */
enum vf_key {
        VF_DRIVER,
        VF_MAC_ADDRESS,
        VF_VLAN,
        VF_VLAN_PROTOCOL,
        VF_QUALITY_OF_SERVICE,
        VF_MIN_TX_RATE,
        VF_MAX_TX_RATE,
        VF_MAC_SPOOF_CHECK,
        VF_TRUST,
        VF_LINK_STATE,
        VF_MSIX_VECTORS,
        VF_ATTRIBUTE,
        VF_KEY_MAX_,
};

/* IFLA_VF_LINK_STATE_... of linux/if_link.h. */
enum vf_link_state {
        VF_LINK_AUTO,
        VF_LINK_ENABLE,
        VF_LINK_DISABLE,
};

/* What one index gets. line: where its key stands, of file; 0: it has none. */
struct vf_settings {
        unsigned line[VF_KEY_MAX_];
        const char *file;
        enum driver_choice driver;
        const char *driver_name; /* of DRIVER_NAMED */
        bool derive;             /* of VF_MAC_ADDRESS: from machine-id, the parent's address and the index */
        uint8_t mac[6];
        uint32_t number[VF_KEY_MAX_]; /* of the others */
        struct attribute *attributes;
        size_t n_attributes;
};

/* One [VirtualFunction]. */
struct vf_section {
        unsigned line;
        bool indexed;
        uint32_t first, last;
        struct vf_settings settings;
};

struct sriov {
        unsigned line; /* of the first of these sections, in file */
        const char *file;
        bool declared; /* there is an [SR-IOV] */
        enum vf_count kind;
        uint32_t count; /* of VF_COUNT_NUMBER */
        enum eswitch eswitch;
        enum driver_choice driver;
        const char *driver_name;
        bool driver_written; /* Driver= of [SR-IOV] says so */
        struct attribute *attributes;
        size_t n_attributes;
        struct vf_section *sections;
        size_t n_sections;
};

/* What one virtual function gets, of all sections that have its index. */
struct vf_settings sriov_settings(const struct sriov *sriov, uint32_t index);

/* The driver of one; NULL: the host's own. */
enum driver_choice sriov_driver(const struct sriov *sriov, uint32_t index, const char **ret);

/*
 * Reads the keys of the two sections; a program that makes no virtual functions, as those in a boot image, does
 * without: there the device is the host's, whatever the sections say.
 */
struct sriov_keys {
        void (*assign)(struct arena *a, const struct key_place *place, struct sriov *sriov, uint64_t *seen,
                       const char *section, const char *name, const char *value);
        void (*check)(struct diags *diags, const struct rule *rule);
        /* sriov_driver() */
        enum driver_choice (*driver)(const struct sriov *sriov, uint32_t index, const char **ret);
        /* Of a key; NULL if it is none of theirs. */
        const char *(*section)(const char *name);
};

extern const struct sriov_keys sriov_keys;
/* Which are in use; NULL: none. Set once, by a program's main(). */
extern const struct sriov_keys *sriov_keys_used;
