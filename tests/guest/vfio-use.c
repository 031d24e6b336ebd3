// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Use PCI functions through VFIO as a virtual machine would: open the group (it must be viable), map memory for DMA,
 * read config space and compare it with what sysfs says (which says nothing of a mediated device), look at the BARs,
 * reset. One line for each function; exit status 1 at the first that cannot be used.
 */
#include "vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Clear of the interrupt range at 0xfee00000, which no IOMMU lets us map. */
enum { IOVA = 16 << 20, DMA_SIZE = 1 << 20 };

static unsigned sysfs_id(const struct vfio *v, const char *attribute)
{
        char path[128];
        unsigned id;
        FILE *f;

        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%s", v->address, attribute);
        f = fopen(path, "re");
        if (!f || fscanf(f, "%x", &id) != 1)
                vfio_fail(v, "cannot read %s", path);
        fclose(f);
        return id;
}

static unsigned count_bars(const struct vfio *v)
{
        unsigned bars = 0;

        for (uint32_t i = VFIO_PCI_BAR0_REGION_INDEX; i <= VFIO_PCI_BAR5_REGION_INDEX && i < v->regions; i++) {
                uint64_t size;

                vfio_region(v, i, &size);
                bars += size > 0;
        }
        return bars;
}

static void use(const char *address)
{
        struct vfio v;
        unsigned vendor, device, bars;
        char *memory;

        vfio_open(&v, address);
        memory = vfio_map(&v, IOVA, DMA_SIZE);
        memset(memory, 0xa5, DMA_SIZE);

        vendor = vfio_config_read(&v, 0);
        device = vfio_config_read(&v, 2);
        if (!vfio_is_mediated(&v) && (vendor != sysfs_id(&v, "vendor") || device != sysfs_id(&v, "device")))
                vfio_fail(&v, "config space says %04x:%04x, sysfs says otherwise", vendor, device);
        bars = count_bars(&v);
        if (bars == 0)
                vfio_fail(&v, "no BAR has a size");
        if ((v.flags & VFIO_DEVICE_FLAGS_RESET) && ioctl(v.device, VFIO_DEVICE_RESET) < 0)
                vfio_fail(&v, "reset: %s", strerror(errno));

        vfio_unmap(&v, IOVA, DMA_SIZE);
        printf("%s: %04x:%04x usable: group %d viable, TYPE1v2, %d bytes mapped for DMA, %u BARs, %s\n", address,
               vendor, device, v.group_number, DMA_SIZE, bars,
               v.flags & VFIO_DEVICE_FLAGS_RESET ? "reset" : "no reset method");
        vfio_close(&v);
}

int main(int argc, char **argv)
{
        if (argc < 2) {
                fprintf(stderr, "usage: vfio-use ADDRESS…\n");
                return 2;
        }
        for (int i = 1; i < argc; i++)
                use(argv[i]);
        return 0;
}
