/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/sriov.h"

#include <string.h>

const struct sriov_keys *sriov_keys_used;

struct vf_settings sriov_settings(const struct sriov *sriov, uint32_t index)
{
        struct vf_settings all = {};

        for (size_t i = 0; i < sriov->n_sections; i++) {
                const struct vf_section *v = &sriov->sections[i];

                if (!v->indexed || index < v->first || index > v->last)
                        continue;
                all.file = v->settings.file;
                for (int k = 0; k < VF_KEY_MAX_; k++)
                        if (v->settings.line[k]) {
                                all.line[k] = v->settings.line[k];
                                all.number[k] = v->settings.number[k];
                        }
                if (v->settings.line[VF_DRIVER]) {
                        all.driver = v->settings.driver;
                        all.driver_name = v->settings.driver_name;
                }
                if (v->settings.line[VF_MAC_ADDRESS]) {
                        all.derive = v->settings.derive;
                        memcpy(all.mac, v->settings.mac, sizeof(all.mac));
                }
                if (v->settings.line[VF_ATTRIBUTE]) {
                        all.attributes = v->settings.attributes;
                        all.n_attributes = v->settings.n_attributes;
                }
        }
        return all;
}

enum driver_choice sriov_driver(const struct sriov *sriov, uint32_t index, const char **ret)
{
        struct vf_settings s = sriov_settings(sriov, index);

        *ret = s.line[VF_DRIVER] ? s.driver_name : sriov->driver_name;
        return s.line[VF_DRIVER] ? s.driver : sriov->driver;
}
