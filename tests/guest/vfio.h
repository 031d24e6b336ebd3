/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/* A PCI function, or a mediated device that looks like one, opened through VFIO the way a virtual machine opens it:
 * Documentation/driver-api/vfio.rst, "VFIO Usage Example". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vfio {
        const char *address;
        int group_number;
        int container;
        int group;
        int device;
        uint32_t flags;
        uint32_t regions;
};

/* Every function prints what failed, names the address, and ends the program: a test program has nothing to clean up.
 */
__attribute__((noreturn, format(printf, 2, 3))) void vfio_fail(const struct vfio *v, const char *format, ...);

bool vfio_is_mediated(const struct vfio *v);
void vfio_open(struct vfio *v, const char *address);
void vfio_close(struct vfio *v);
void *vfio_map(const struct vfio *v, uint64_t iova, size_t size);
void vfio_unmap(const struct vfio *v, uint64_t iova, size_t size);
uint64_t vfio_region(const struct vfio *v, uint32_t index, uint64_t *ret_size);
uint16_t vfio_config_read(const struct vfio *v, unsigned offset);
void vfio_config_write(const struct vfio *v, unsigned offset, uint16_t value);
