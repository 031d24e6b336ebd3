/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The names that a cluster of Proxmox VE has for PCI devices (PVE::Mapping::PCI and PVE::SectionConfig): a section for
 * each name, and in it a line for each device of each host.
 */

#include "base/root.h"

#define PVE_MAPPINGS "/etc/pve/mapping/pci.cfg"

/* A line "map". What it does not have is NULL. */
struct pve_map {
        const char *node;
        const char *paths;             /* addresses, without function of whole cards; ";" between them */
        const char *id, *subsystem_id; /* vendor:device, as written */
        const char *iommugroup;
};

struct pve_mapping {
        const char *name;
        bool mdev;
        struct pve_map *maps;
        size_t n_maps;
};

struct pve_mappings {
        enum source source;
        struct pve_mapping *v;
        size_t n;
};

void pve_mappings_read(const struct root *root, struct arena *a, struct pve_mappings *ret);
