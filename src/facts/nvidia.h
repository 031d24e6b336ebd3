/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What NVIDIA's virtual GPUs need of a host beside the driver: the services of the vGPU software (its user guide),
 * which the GPU operator of Kubernetes has in a container instead; and whether that operator makes virtual GPUs itself.
 */

#include <stdbool.h>

#include "base/root.h"

enum unit_state {
        UNIT_ABSENT,
        UNIT_MASKED,
        UNIT_DISABLED, /* nothing wants it at boot */
        UNIT_ENABLED,
        UNIT_UNREADABLE,
};

enum nvidia_service {
        NVIDIA_VGPUD,    /* tells the driver which types there are */
        NVIDIA_VGPU_MGR, /* serves each virtual GPU */
        NVIDIA_SERVICE_MAX_,
};

static inline const char *nvidia_service_name(enum nvidia_service service)
{
        return service == NVIDIA_VGPUD ? "nvidia-vgpud" : "nvidia-vgpu-mgr";
}

struct nvidia_host {
        enum unit_state services[NVIDIA_SERVICE_MAX_];
        const char *container;  /* what tells of the operator's driver container; or NULL */
        const char *manager;    /* what tells of vgpu-device-manager; or NULL */
        const char *unreadable; /* where that would be, and cannot be read; or NULL */
};

void nvidia_host_read(const struct root *root, struct arena *a, struct nvidia_host *ret);
