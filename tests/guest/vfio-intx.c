// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Program a UART (16550, behind the first BAR) through VFIO until it interrupts: once, and again after the interrupt
 * was unmasked. Then have it send a text. Documentation/driver-api/vfio.rst; include/uapi/linux/vfio.h, vfio_irq_set.
 */
#include "vfio.h"

#include <errno.h>
#include <linux/serial_reg.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COMMAND = 4, COMMAND_IO = 1, COMMAND_MEMORY = 2 };

/* Longer than the slowest host takes: who waits so long waits in vain. */
enum { HANGS = 120000 };

static void uart_write(const struct vfio *v, unsigned reg, uint8_t value)
{
        uint64_t base = vfio_region(v, VFIO_PCI_BAR0_REGION_INDEX, NULL);

        if (pwrite(v->device, &value, 1, (off_t)(base + reg)) != 1)
                vfio_fail(v, "register %u cannot be written: %s", reg, strerror(errno));
}

static uint8_t uart_read(const struct vfio *v, unsigned reg)
{
        uint64_t base = vfio_region(v, VFIO_PCI_BAR0_REGION_INDEX, NULL);
        uint8_t value;

        if (pread(v->device, &value, 1, (off_t)(base + reg)) != 1)
                vfio_fail(v, "register %u cannot be read: %s", reg, strerror(errno));
        return value;
}

static void set_irq(const struct vfio *v, uint32_t flags, const int *event)
{
        struct {
                struct vfio_irq_set set;
                int event;
        } x = {.set = {.argsz = event ? sizeof x : sizeof x.set,
                       .flags = flags,
                       .index = VFIO_PCI_INTX_IRQ_INDEX,
                       .count = 1}};

        if (event)
                memcpy(x.set.data, event, sizeof *event);
        if (ioctl(v->device, VFIO_DEVICE_SET_IRQS, &x) < 0)
                vfio_fail(v, "INTx: %s", strerror(errno));
}

static void must_be_quiet(const struct vfio *v, int event, const char *when)
{
        uint64_t count;

        if (read(event, &count, sizeof count) >= 0 || errno != EAGAIN)
                vfio_fail(v, "an interrupt %s", when);
}

/* The transmitter is empty, and may say so. */
static void await(const struct vfio *v, int event, const char *which)
{
        struct pollfd ready = {.fd = event, .events = POLLIN};
        uint64_t count;
        uint8_t why;

        uart_write(v, UART_IER, UART_IER_THRI);
        if (poll(&ready, 1, HANGS) != 1 || read(event, &count, sizeof count) != sizeof count)
                vfio_fail(v, "no %s interrupt", which);
        why = uart_read(v, UART_IIR) & 0xf;
        if (why != UART_IIR_THRI)
                vfio_fail(v, "the %s interrupt is of %#x", which, why);
        uart_write(v, UART_IER, 0);
        must_be_quiet(v, event, "while it is masked");
}

static void send(const struct vfio *v, const char *text)
{
        for (; *text; text++) {
                while (!(uart_read(v, UART_LSR) & UART_LSR_THRE))
                        ;
                uart_write(v, UART_TX, (uint8_t)*text);
        }
        while (!(uart_read(v, UART_LSR) & UART_LSR_TEMT))
                ;
}

int main(int argc, char **argv)
{
        struct vfio_irq_info info = {.argsz = sizeof info, .index = VFIO_PCI_INTX_IRQ_INDEX};
        struct vfio v;
        int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        if (argc != 3) {
                fprintf(stderr, "usage: vfio-intx ADDRESS TEXT\n");
                return 2;
        }
        vfio_open(&v, argv[1]);
        if (event < 0 || ioctl(v.device, VFIO_DEVICE_GET_IRQ_INFO, &info) < 0 || info.count != 1)
                vfio_fail(&v, "it has no INTx");
        vfio_config_write(&v, COMMAND, vfio_config_read(&v, COMMAND) | COMMAND_IO | COMMAND_MEMORY);
        uart_write(&v, UART_IER, 0);
        uart_write(&v, UART_MCR, UART_MCR_OUT2);
        set_irq(&v, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, &event);
        must_be_quiet(&v, event, "that nobody asked for");

        await(&v, event, "first");
        set_irq(&v, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, NULL);
        await(&v, event, "second");
        send(&v, argv[2]);
        printf("%s: INTx arrived, and again once it was unmasked; \"%s\" is sent\n", argv[1], argv[2]);
        vfio_close(&v);
        return 0;
}
