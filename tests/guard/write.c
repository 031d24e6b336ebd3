/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine as files below the working directory: what all of them have, and the PCI functions. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

#define RELEASE "6.1.0-99-amd64"

static void fail(const char *path)
{
        err(2, "%s", path);
}

/* Directories above are made where they lack; most often they are there. */
void make_dirs(const char *path)
{
        char copy[512], *slash;

        if (mkdir(path, 0755) == 0 || errno == EEXIST)
                return;
        TEXT(copy, "%s", path);
        slash = strrchr(copy, '/');
        if (errno != ENOENT || !slash)
                fail(path);
        *slash = '\0';
        make_dirs(copy);
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                fail(path);
}

static void make_parent(const char *path)
{
        char copy[512], *slash;

        TEXT(copy, "%s", path);
        slash = strrchr(copy, '/');
        if (slash) {
                *slash = '\0';
                make_dirs(copy);
        }
}

void put_bytes(const char *path, const void *data, size_t n)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

        if (fd < 0 && errno == ENOENT) {
                make_parent(path);
                fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        }
        if (fd < 0 || write(fd, data, n) != (ssize_t)n || close(fd) < 0)
                fail(path);
}

void put(const char *path, const char *format, ...)
{
        char what[1024];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(what, sizeof(what), format, ap);
        va_end(ap);
        if (n < 0 || (size_t)n >= sizeof(what))
                errx(2, "%s: too long", path);
        put_bytes(path, what, (size_t)n);
}

void link_to(const char *path, const char *target)
{
        if (symlink(target, path) == 0 || errno == EEXIST)
                return;
        if (errno == ENOENT) {
                make_parent(path);
                if (symlink(target, path) == 0)
                        return;
        }
        fail(path);
}

void link_sys(const char *from, const char *to)
{
        char path[512], target[700] = "";
        size_t n = 0;

        for (const char *slash = strchr(from, '/'); slash; slash = strchr(slash + 1, '/'), n += 3)
                strcpy(target + n, "../");
        text(target + n, sizeof(target) - n, "%s", to);
        TEXT(path, "sys/%s", from);
        link_to(path, target);
}

const char *f(const char *format, ...)
{
        static char buffers[8][512];
        static unsigned next;
        char *buffer = buffers[next++ % 8];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(buffer, 512, format, ap);
        va_end(ap);
        if (n < 0 || n >= 512)
                errx(2, "no room for %s", buffer);
        return buffer;
}

static void config(const char *dir, const struct function *d)
{
        unsigned bus = d->secondary;
        uint8_t c[0x10c] = {
                [0x00] = d->vendor & 0xff,
                d->vendor >> 8 & 0xff,
                d->device & 0xff,
                d->device >> 8 & 0xff,
                0x06,
                0x04,
                0x10,
                [0x09] = d->class & 0xff,
                d->class >> 8 & 0xff,
                d->class >> 16 & 0xff,
                [0x0e] = bus ? 1 : 0,
        };

        if (bus)
                c[0x19] = c[0x1a] = (uint8_t)bus;
        /* PCI Express Base Specification, Device Serial Number: capability 3, the number in two halves. */
        if (d->serial) {
                memcpy(c + 0x100, (uint8_t[4]){3, 0, 1, 0}, 4);
                for (unsigned i = 0; i < 8; i++)
                        c[0x104 + i] = (uint8_t)(d->serial >> 8 * i);
        }
        put_bytes(f("%s/config", dir), c, d->serial ? sizeof(c) : 64);
}

/* Every eighth machine has all the attributes; the others what tells one function from another, for they are many. */
static void write_function(const struct function *d, bool all)
{
        const char *dir = f("sys/%s", d->dir);
        char path[300];

        TEXT(path, "%s", dir);
        make_dirs(path);
        if (all) {
                put(f("%s/vendor", path), "0x%04x\n", d->vendor);
                put(f("%s/device", path), "0x%04x\n", d->device);
                put(f("%s/class", path), "0x%06x\n", d->class);
                put(f("%s/subsystem_vendor", path), "0x1af4\n");
                put(f("%s/subsystem_device", path), "0x1100\n");
                put(f("%s/enable", path), "%d\n", d->driver ? 1 : 0);
                link_sys(f("%s/subsystem", d->dir), "bus/pci");
        }
        put(f("%s/driver_override", path), "(null)\n");
        put(f("%s/modalias", path), "pci:v%08Xd%08Xsv00001AF4sd00001100bc%02Xsc%02Xi%02X\n", d->vendor, d->device,
            d->class >> 16, d->class >> 8 & 0xff, d->class & 0xff);
        config(path, d);
        if (d->boot_vga != NONE)
                put(f("%s/boot_vga", path), "%d\n", d->boot_vga);
        if (d->secondary) {
                put(f("%s/secondary_bus_number", path), "%u\n", d->secondary);
                make_dirs(f("%s/pci_bus/0000:%02x", path, d->secondary));
        }
        link_sys(f("bus/pci/devices/%s", d->address), d->dir);
        if (d->driver) {
                make_dirs(f("sys/bus/pci/drivers/%s", d->driver));
                make_dirs(f("sys/module/%s", d->driver));
                link_sys(f("%s/driver", d->dir), f("bus/pci/drivers/%s", d->driver));
                if (all)
                        link_sys(f("bus/pci/drivers/%s/%s", d->driver, d->address), d->dir);
        }
        if (d->group != NONE) {
                put(f("sys/kernel/iommu_groups/%d/type", d->group), "DMA\n");
                link_sys(f("kernel/iommu_groups/%d/devices/%s", d->group, d->address), d->dir);
                link_sys(f("%s/iommu_group", d->dir), f("kernel/iommu_groups/%d", d->group));
        }
}

void write_functions(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_functions; i++) {
                write_function(&m->functions[i], m->seed % 8 == 0);
                if (m->seed % 8 == 0)
                        put(f("sys/bus/pci/slots/%s/address", m->functions[i].slot), "%s\n", m->functions[i].slot);
        }
}

/* The same for every machine: these stay where they are from one to the next. */
static void write_constants(void)
{
        struct stat st;

        if (stat("lib", &st) == 0)
                return;
        put("lib/modules/" RELEASE "/modules.builtin", "kernel/drivers/ata/ahci.ko\n");
        put("lib/modules/" RELEASE "/modules.alias", "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n");
        put("lib/modules/" RELEASE "/modules.softdep", "softdep vfio post: vfio_iommu_type1\n");
        put("lib/modules/" RELEASE "/modules.dep",
            "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/pci/vfio-pci-core.ko "
            "kernel/drivers/vfio/vfio.ko\n"
            "kernel/drivers/vfio/vfio_iommu_type1.ko: kernel/drivers/vfio/vfio.ko\n"
            "kernel/drivers/vfio/pci/vfio-pci-core.ko: kernel/drivers/vfio/vfio.ko\nkernel/drivers/vfio/vfio.ko:\n");
}

void write_machine(const struct machine *m)
{
        static const char *const dirs[] = {
                "dev",
                "run/udev/data",
                "var",
                "etc/passthrough.d",
                "proc/net",
                "proc/self",
                "sys/bus/pci/devices",
                "sys/bus/pci/slots",
                "sys/bus/usb/devices",
                "sys/class/input",
                "sys/class/tty",
                "sys/devices/virtual/iommu/dmar0/devices",
        };

        write_constants();
        for (size_t i = 0; i < COUNT(dirs); i++)
                make_dirs(dirs[i]);
        if (!m->no_block)
                make_dirs("sys/class/block");
        if (!m->no_net)
                make_dirs("sys/class/net");
        link_sys("class/iommu/dmar0", "devices/virtual/iommu/dmar0");
        put("sys/bus/pci/drivers_probe", "%s", "");
        put("proc/sys/kernel/osrelease", RELEASE "\n");
        put("etc/hostname", "guarded\n");
        put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        write_functions(m);
        write_virtual(m);
        write_storage(m);
        write_configuration(m);
        write_network(m);
        write_people(m);
        write_plugs(m);
        write_shapes(m);
}
