// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

void vfio_fail(const struct vfio *v, const char *format, ...)
{
        va_list ap;

        printf("%s: ", v->address);
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        printf("\n");
        exit(1);
}

/* Functions have an address, mediated devices a UUID. */
bool vfio_is_mediated(const struct vfio *v)
{
        return strchr(v->address, ':') == NULL;
}

static int group_of(const struct vfio *v)
{
        char path[128], target[256];
        const char *name;
        ssize_t n;

        snprintf(path, sizeof path, "/sys/bus/%s/devices/%s/iommu_group", vfio_is_mediated(v) ? "mdev" : "pci",
                 v->address);
        n = readlink(path, target, sizeof target - 1);
        if (n < 0)
                vfio_fail(v, "no IOMMU group: %s", strerror(errno));
        target[n] = '\0';
        name = strrchr(target, '/');
        return atoi(name ? name + 1 : target);
}

void vfio_open(struct vfio *v, const char *address)
{
        struct vfio_group_status status = {.argsz = sizeof status};
        struct vfio_device_info info = {.argsz = sizeof info};
        char path[64];

        *v = (struct vfio){.address = address, .container = -1, .group = -1, .device = -1};
        v->group_number = group_of(v);

        v->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
        if (v->container < 0)
                vfio_fail(v, "/dev/vfio/vfio: %s", strerror(errno));
        if (ioctl(v->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
                vfio_fail(v, "unknown VFIO API version");
        if (ioctl(v->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
                vfio_fail(v, "no TYPE1v2 IOMMU");

        snprintf(path, sizeof path, "/dev/vfio/%d", v->group_number);
        v->group = open(path, O_RDWR | O_CLOEXEC);
        if (v->group < 0)
                vfio_fail(v, "%s: %s", path, strerror(errno));
        if (ioctl(v->group, VFIO_GROUP_GET_STATUS, &status) < 0)
                vfio_fail(v, "group status: %s", strerror(errno));
        if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
                vfio_fail(v, "group %d is not viable", v->group_number);
        if (ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container) < 0)
                vfio_fail(v, "set container: %s", strerror(errno));
        if (ioctl(v->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
                vfio_fail(v, "set IOMMU: %s", strerror(errno));

        v->device = ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, address);
        if (v->device < 0)
                vfio_fail(v, "device: %s", strerror(errno));
        if (ioctl(v->device, VFIO_DEVICE_GET_INFO, &info) < 0)
                vfio_fail(v, "device info: %s", strerror(errno));
        if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
                vfio_fail(v, "not a PCI device to VFIO");
        v->flags = info.flags;
        v->regions = info.num_regions;
}

void vfio_close(struct vfio *v)
{
        close(v->device);
        close(v->group);
        close(v->container);
}

void *vfio_map(const struct vfio *v, uint64_t iova, size_t size)
{
        struct vfio_iommu_type1_dma_map map = {.argsz = sizeof map,
                                               .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                                               .iova = iova,
                                               .size = size};
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
                vfio_fail(v, "mmap: %s", strerror(errno));
        map.vaddr = (uintptr_t)memory;
        if (ioctl(v->container, VFIO_IOMMU_MAP_DMA, &map) < 0)
                vfio_fail(v, "DMA map at %#llx: %s", (unsigned long long)iova, strerror(errno));
        return memory;
}

void vfio_unmap(const struct vfio *v, uint64_t iova, size_t size)
{
        struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = iova, .size = size};

        if (ioctl(v->container, VFIO_IOMMU_UNMAP_DMA, &unmap) < 0)
                vfio_fail(v, "DMA unmap: %s", strerror(errno));
        if (unmap.size != size)
                vfio_fail(v, "DMA unmap took back %llu bytes of %zu", (unsigned long long)unmap.size, size);
}

uint64_t vfio_region(const struct vfio *v, uint32_t index, uint64_t *ret_size)
{
        struct vfio_region_info info = {.argsz = sizeof info, .index = index};

        if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
                vfio_fail(v, "region %u: %s", index, strerror(errno));
        if (ret_size)
                *ret_size = info.size;
        return info.offset;
}

uint16_t vfio_config_read(const struct vfio *v, unsigned offset)
{
        uint64_t base = vfio_region(v, VFIO_PCI_CONFIG_REGION_INDEX, NULL);
        uint16_t value;

        if (pread(v->device, &value, sizeof value, (off_t)(base + offset)) != sizeof value)
                vfio_fail(v, "config space at %#x: %s", offset, strerror(errno));
        return value; /* the guests are little-endian, as config space is */
}

void vfio_config_write(const struct vfio *v, unsigned offset, uint16_t value)
{
        uint64_t base = vfio_region(v, VFIO_PCI_CONFIG_REGION_INDEX, NULL);

        if (pwrite(v->device, &value, sizeof value, (off_t)(base + offset)) != sizeof value)
                vfio_fail(v, "config space write at %#x: %s", offset, strerror(errno));
}
