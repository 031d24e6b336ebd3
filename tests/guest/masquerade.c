// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A test fixture: make functions of the emulated machine read as other hardware, so that the real native drivers of
 * that hardware match.
 *
 *   insmod masquerade.ko functions=0000:02:00.0=10de:1b06:030000,0000:02:00.1=10de:10ef:040300
 *
 * The functions' bus gets config accessors that replace the ID and class bytes, then they are removed and found again.
 * There is no way back: the module has no exit.
 */
#include <linux/module.h>
#include <linux/pci.h>

#define MAX_FUNCTIONS 8

struct disguise {
        struct pci_bus *bus;
        struct pci_ops *real;
        unsigned int domain, number, slot, function;
        unsigned int vendor, device, class;
};

static struct disguise disguises[MAX_FUNCTIONS];
static unsigned int count;

static char *functions[MAX_FUNCTIONS];
static int functions_given;
module_param_array(functions, charp, &functions_given, 0444);
MODULE_PARM_DESC(functions, "DDDD:BB:DD.F=VVVV:DDDD:CCCCCC, comma-separated");

static unsigned int devfn_of(const struct disguise *d)
{
        return PCI_DEVFN(d->slot, d->function);
}

/* What the disguised function shows at one byte of its config space, or -1 for what is really there. */
static int shown_byte(const struct disguise *d, int where)
{
        switch (where) {
        case PCI_VENDOR_ID:
                return d->vendor & 0xff;
        case PCI_VENDOR_ID + 1:
                return d->vendor >> 8;
        case PCI_DEVICE_ID:
                return d->device & 0xff;
        case PCI_DEVICE_ID + 1:
                return d->device >> 8;
        case PCI_CLASS_PROG:
                return d->class & 0xff;
        case PCI_CLASS_DEVICE:
                return (d->class >> 8) & 0xff;
        case PCI_CLASS_DEVICE + 1:
                return d->class >> 16;
        }
        return -1;
}

static struct pci_ops *real_ops(struct pci_bus *bus)
{
        unsigned int i;

        for (i = 0; i < count; i++)
                if (disguises[i].bus == bus)
                        return disguises[i].real;
        return NULL;
}

static int read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
        int result = real_ops(bus)->read(bus, devfn, where, size, val);
        unsigned int i;
        int byte, shown;

        if (result != PCIBIOS_SUCCESSFUL)
                return result;
        for (i = 0; i < count; i++) {
                if (disguises[i].bus != bus || devfn_of(&disguises[i]) != devfn)
                        continue;
                for (byte = 0; byte < size; byte++) {
                        shown = shown_byte(&disguises[i], where + byte);
                        if (shown >= 0)
                                *val = (*val & ~(0xffU << (8 * byte))) | ((u32)shown << (8 * byte));
                }
        }
        return result;
}

static int write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
        return real_ops(bus)->write(bus, devfn, where, size, val);
}

static struct pci_ops disguising_ops = {
        .read = read,
        .write = write,
};

static int parse(struct disguise *d, const char *text)
{
        int fields = sscanf(text, "%x:%x:%x.%x=%x:%x:%x", &d->domain, &d->number, &d->slot, &d->function, &d->vendor,
                            &d->device, &d->class);

        if (fields != 7) {
                pr_err("masquerade: cannot read '%s'\n", text);
                return -EINVAL;
        }
        d->bus = pci_find_bus(d->domain, d->number);
        if (!d->bus) {
                pr_err("masquerade: no bus for '%s'\n", text);
                return -ENODEV;
        }
        return 0;
}

static void take_over(struct pci_bus *bus)
{
        struct pci_ops *real;
        unsigned int i;

        if (bus->ops == &disguising_ops)
                return;
        /* Until the new accessors are in place nobody asks for the real ones. */
        real = bus->ops;
        for (i = 0; i < count; i++)
                if (disguises[i].bus == bus)
                        disguises[i].real = real;
        pci_bus_set_ops(bus, &disguising_ops);
}

static void find_again(void)
{
        struct pci_dev *dev;
        unsigned int i;

        for (i = 0; i < count; i++) {
                dev = pci_get_slot(disguises[i].bus, devfn_of(&disguises[i]));
                if (!dev)
                        continue;
                pci_stop_and_remove_bus_device_locked(dev);
                pci_dev_put(dev);
        }
        pci_lock_rescan_remove();
        for (i = 0; i < count; i++)
                pci_rescan_bus(disguises[i].bus);
        pci_unlock_rescan_remove();
}

static int __init masquerade_init(void)
{
        unsigned int i;
        int error;

        for (i = 0; i < functions_given; i++) {
                error = parse(&disguises[i], functions[i]);
                if (error)
                        return error;
        }
        count = functions_given;
        for (i = 0; i < count; i++)
                take_over(disguises[i].bus);
        find_again();
        return 0;
}
module_init(masquerade_init);

MODULE_DESCRIPTION("Test fixture: PCI functions that read as other hardware");
MODULE_LICENSE("GPL");
