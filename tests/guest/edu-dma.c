// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's edu device (docs/specs/edu.rst) copies bytes by DMA, through the IOMMU, on behalf of this program:
 *  - RAM → device → RAM carries every byte;
 *  - once the destination is unmapped, the same copy is stopped: the bytes there stay as they were;
 *  - nor can the device read what is unmapped.
 */
#include "vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
        EDU_ID = 0x00,
        EDU_DMA_SOURCE = 0x80,
        EDU_DMA_TARGET = 0x88,
        EDU_DMA_COUNT = 0x90,
        EDU_DMA_COMMAND = 0x98,
        EDU_BUFFER = 0x40000,
        EDU_ID_VALUE = 0x010000ed,
        DMA_START = 1,
        DMA_TO_RAM = 2,
        PCI_COMMAND = 0x04,
        PCI_COMMAND_MEMORY = 0x2,
        PCI_COMMAND_MASTER = 0x4,
        PAGE = 4096,
        BYTES = 2048, /* QEMU 7.2 takes a transfer that reaches its buffer's last byte for one beyond it, and aborts */
        DEADLINE_SECONDS = 30,
};

/* edu masks addresses to 28 bits. */
static const uint64_t iova_source = 0x1000000, iova_target = 0x2000000;

static volatile unsigned char *bar;

static uint32_t read32(unsigned offset)
{
        return *(volatile uint32_t *)(bar + offset);
}

static void write64(unsigned offset, uint64_t value)
{
        *(volatile uint64_t *)(bar + offset) = value;
}

static void copy(const struct vfio *v, uint64_t source, uint64_t target, unsigned command)
{
        struct timespec now, start;

        clock_gettime(CLOCK_MONOTONIC, &start);
        write64(EDU_DMA_SOURCE, source);
        write64(EDU_DMA_TARGET, target);
        write64(EDU_DMA_COUNT, BYTES);
        write64(EDU_DMA_COMMAND, DMA_START | command);
        /* The device clears the start bit when it is done, also when the IOMMU stopped it. */
        do {
                clock_gettime(CLOCK_MONOTONIC, &now);
                if (now.tv_sec - start.tv_sec > DEADLINE_SECONDS)
                        vfio_fail(v, "a DMA transfer does not end");
        } while (read32(EDU_DMA_COMMAND) & DMA_START);
}

static void ram_to_device(const struct vfio *v, uint64_t iova)
{
        copy(v, iova, EDU_BUFFER, 0);
}

static void device_to_ram(const struct vfio *v, uint64_t iova)
{
        copy(v, EDU_BUFFER, iova, DMA_TO_RAM);
}

static void fill(unsigned char *page, unsigned seed)
{
        for (unsigned i = 0; i < BYTES; i++)
                page[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static void map_registers(const struct vfio *v)
{
        uint64_t offset, size;

        offset = vfio_region(v, VFIO_PCI_BAR0_REGION_INDEX, &size);
        bar = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device, (off_t)offset);
        if (bar == MAP_FAILED)
                vfio_fail(v, "BAR 0: %s", strerror(errno));
        if (read32(EDU_ID) != EDU_ID_VALUE)
                vfio_fail(v, "not an edu device: it says %#x", read32(EDU_ID));
}

int main(int argc, char **argv)
{
        unsigned char *source, *target, before[BYTES];
        struct vfio v;

        if (argc != 2) {
                fprintf(stderr, "usage: edu-dma ADDRESS\n");
                return 2;
        }
        vfio_open(&v, argv[1]);
        vfio_config_write(&v, PCI_COMMAND, vfio_config_read(&v, PCI_COMMAND) | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
        map_registers(&v);
        source = vfio_map(&v, iova_source, PAGE);
        target = vfio_map(&v, iova_target, PAGE);

        fill(source, 1);
        ram_to_device(&v, iova_source);
        device_to_ram(&v, iova_target);
        if (memcmp(source, target, BYTES) != 0)
                vfio_fail(&v, "the bytes that came back by DMA are not those sent");

        vfio_unmap(&v, iova_target, PAGE);
        memcpy(before, target, BYTES);
        fill(source, 99);
        ram_to_device(&v, iova_source);
        device_to_ram(&v, iova_target);
        if (memcmp(target, before, BYTES) != 0)
                vfio_fail(&v, "a DMA write to an unmapped address got through");

        ram_to_device(&v, iova_target);
        memset(source, 0, BYTES);
        device_to_ram(&v, iova_source);
        if (memcmp(source, before, BYTES) == 0)
                vfio_fail(&v, "a DMA read from an unmapped address got through");

        printf("%s: %d bytes there and back by DMA; to and from unmapped addresses stopped\n", argv[1], BYTES);
        vfio_close(&v);
        return 0;
}
