/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mktree [-r RULES] N DIR: a machine of N PCI functions below DIR, for --root. What one looks like is what
 * tests/unit/tree.bash builds; this makes ten thousand of them in seconds.
 *
 * A domain has eight root buses; a root bus a host bridge and 28 root ports; a port, in turn, a graphics card with its
 * audio function in one group, a network card of four ports in groups of their own, an NVMe disk, or a test device of
 * four functions.
 * Rule I (50-gpuI.conf) takes the I-th graphics card by its Path=.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELEASE "6.1.0-99-amd64"
#define PORTS   28

struct kind {
        const char *name;
        unsigned functions;
        int one_group;
        struct {
                unsigned vendor, device, class;
                const char *driver;
        } function[4];
};

static const struct kind kinds[] = {
        {"gpu", 2, 1, {{0x10de, 0x1b06, 0x030000, "nouveau"}, {0x10de, 0x10ef, 0x040300, "snd_hda_intel"}}},
        {"nic",
         4,
         0,
         {{0x8086, 0x1572, 0x020000, "i40e"},
          {0x8086, 0x1572, 0x020000, "i40e"},
          {0x8086, 0x1572, 0x020000, "i40e"},
          {0x8086, 0x1572, 0x020000, "i40e"}}},
        {"nvme", 1, 1, {{0x144d, 0xa808, 0x010802, "nvme"}}},
        {"edu",
         4,
         1,
         {{0x1234, 0x11e8, 0x00ff00, NULL},
          {0x1234, 0x11e8, 0x00ff00, NULL},
          {0x1234, 0x11e8, 0x00ff00, NULL},
          {0x1234, 0x11e8, 0x00ff00, NULL}}},
};

static unsigned wanted, made, groups, slots, disks, interfaces, cards, rules;

static void fail(const char *path)
{
        err(EXIT_FAILURE, "%s", path);
}

/* All paths are relative to DIR, which is the working directory. Directories above are made where they lack. */
static void make_dirs(const char *path)
{
        char copy[512];

        snprintf(copy, sizeof(copy), "%s", path);
        for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        fail(copy);
                *slash = '/';
        }
        if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                fail(copy);
}

static void put_bytes(const char *path, const void *data, size_t n)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

        if (fd < 0 || write(fd, data, n) != (ssize_t)n || close(fd) < 0)
                fail(path);
}

__attribute__((format(printf, 3, 4))) static void put(const char *dir, const char *name, const char *format, ...)
{
        char path[512], text[1024];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        snprintf(path, sizeof(path), "%s/%s", dir, name);
        put_bytes(path, text, (size_t)n);
}

/* sys/FROM becomes a relative link to sys/TO. */
static void link_sys(const char *from, const char *to)
{
        char path[512], target[512] = "";

        for (const char *slash = strchr(from, '/'); slash; slash = strchr(slash + 1, '/'))
                strcat(target, "../");
        snprintf(target + strlen(target), sizeof(target) - strlen(target), "%s", to);
        snprintf(path, sizeof(path), "sys/%s", from);
        if (symlink(target, path) < 0 && errno != EEXIST)
                fail(path);
}

/* For the arguments of one call: the eighth call from here on overwrites it. */
__attribute__((format(printf, 1, 2))) static const char *f(const char *format, ...)
{
        static char buffers[8][512];
        static unsigned next;
        char *buffer = buffers[next++ % 8];
        va_list ap;

        va_start(ap, format);
        vsnprintf(buffer, 512, format, ap);
        va_end(ap);
        return buffer;
}

static void config(const char *dir, unsigned vendor, unsigned device, unsigned class, unsigned bus)
{
        uint8_t c[256] = {
                [0x00] = vendor & 0xff,
                vendor >> 8,
                device & 0xff,
                device >> 8,
                0x06,
                0x04,
                0x10,
                [0x09] = class & 0xff,
                class >> 8 & 0xff,
                class >> 16,
                [0x0e] = bus ? 1 : 0,
                [0x34] = 0x40,
                [0x40] = 0x10,
                [0x42] = bus ? 0x42 : 0x02,
        };

        if (bus)
                c[0x19] = c[0x1a] = (uint8_t)bus;
        else
                memcpy(c + 0x2c, (uint8_t[]){0xf4, 0x1a, 0x00, 0x11}, 4);
        put_bytes(f("%s/config", dir), c, sizeof(c));
}

static void bind_driver(const char *dir, const char *address, const char *driver)
{
        make_dirs(f("sys/bus/pci/drivers/%s", driver));
        make_dirs(f("sys/module/%s", driver));
        link_sys(f("%s/driver", dir), f("bus/pci/drivers/%s", driver));
        link_sys(f("bus/pci/drivers/%s/%s", driver, address), dir);
        link_sys(f("bus/pci/drivers/%s/module", driver), f("module/%s", driver));
}

/* at is below sys/. bus: a bridge's secondary bus, else 0. 0 where N functions are there already. */
static int function(const char *at, const char *address, unsigned vendor, unsigned device, unsigned class,
                    const char *driver, unsigned group, unsigned bus)
{
        char dir[256], path[512], modalias[80];

        if (made == wanted)
                return 0;
        made++;
        snprintf(dir, sizeof(dir), "%s", at);
        snprintf(path, sizeof(path), "sys/%s", dir);
        make_dirs(path);
        snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv00001AF4sd00001100bc%02Xsc%02Xi%02X", vendor, device,
                 class >> 16, class >> 8 & 0xff, class & 0xff);
        put(path, "vendor", "0x%04x\n", vendor);
        put(path, "device", "0x%04x\n", device);
        put(path, "class", "0x%06x\n", class);
        put(path, "subsystem_vendor", "0x1af4\n");
        put(path, "subsystem_device", "0x1100\n");
        put(path, "revision", "0x00\n");
        put(path, "irq", "16\n");
        put(path, "enable", "%d\n", driver ? 1 : 0);
        put(path, "numa_node", "-1\n");
        put(path, "driver_override", "(null)\n");
        put(path, "modalias", "%s\n", modalias);
        put(path, "uevent",
            "%s%s%sPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=1AF4:1100\nPCI_SLOT_NAME=%s\nMODALIAS=%s\n",
            driver ? "DRIVER=" : "", driver ? driver : "", driver ? "\n" : "", class, vendor, device, address,
            modalias);
        config(path, vendor, device, class, bus);
        if (class >> 8 == 0x0300)
                put(path, "boot_vga", "%d\n", vendor == 0x1a03);
        if (bus) {
                put(path, "secondary_bus_number", "%u\n", bus);
                put(path, "subordinate_bus_number", "%u\n", bus);
        }
        link_sys(f("bus/pci/devices/%s", address), dir);
        link_sys(f("%s/subsystem", dir), "bus/pci");
        if (driver)
                bind_driver(dir, address, driver);

        make_dirs(f("sys/kernel/iommu_groups/%u/devices", group));
        put(f("sys/kernel/iommu_groups/%u", group), "type", "DMA\n");
        link_sys(f("kernel/iommu_groups/%u/devices/%s", group, address), dir);
        link_sys(f("%s/iommu_group", dir), f("kernel/iommu_groups/%u", group));
        return 1;
}

static void block(const char *name, const char *dir, unsigned major, unsigned minor)
{
        make_dirs(f("sys/%s/holders", dir));
        make_dirs(f("sys/%s/slaves", dir));
        put(f("sys/%s", dir), "dev", "%u:%u\n", major, minor);
        put(f("sys/%s", dir), "size", "2097152\n");
        link_sys(f("class/block/%s", name), dir);
}

static void interface(const char *dir)
{
        char name[16], net[300];

        snprintf(name, sizeof(name), "eth%u", interfaces++);
        snprintf(net, sizeof(net), "%s/net/%s", dir, name);
        make_dirs(f("sys/%s", net));
        put(f("sys/%s", net), "flags", "0x1002\n");
        put(f("sys/%s", net), "operstate", "down\n");
        link_sys(f("class/net/%s", name), net);
}

static void rule(const char *path)
{
        if (cards++ < rules)
                put("etc/passthrough.d", f("50-gpu%u.conf", cards - 1), "[Match]\nPath=%s\n", path);
}

/* What a port has behind it. */
static void slot(const struct kind *kind, const char *port, unsigned domain, unsigned bus, const char *path)
{
        unsigned group = groups++;

        for (unsigned i = 0; i < kind->functions; i++) {
                char address[32], dir[256];

                if (i > 0 && !kind->one_group)
                        group = groups++;
                snprintf(address, sizeof(address), "%04x:%02x:00.%x", domain, bus, i);
                snprintf(dir, sizeof(dir), "%s/%s", port, address);
                if (!function(dir, address, kind->function[i].vendor, kind->function[i].device, kind->function[i].class,
                              kind->function[i].driver, group, 0))
                        return;
                if (kind->function[i].class >> 16 == 0x02)
                        interface(dir);
                if (kind->function[i].class == 0x010802) {
                        unsigned n = disks++;

                        block(f("nvme%un1", n), f("%s/nvme/nvme%u/nvme%un1", dir, n, n), 259, n);
                }
        }
        make_dirs(f("sys/bus/pci/slots/%u", ++slots));
        put(f("sys/bus/pci/slots/%u", slots), "address", "%04x:%02x:00\n", domain, bus);
        if (strcmp(kind->name, "gpu") == 0)
                rule(path);
}

static void root_bus(unsigned domain, unsigned bus)
{
        char root[64], address[32], dir[160], path[64];

        snprintf(root, sizeof(root), "devices/pci%04x:%02x", domain, bus);
        snprintf(address, sizeof(address), "%04x:%02x:00.0", domain, bus);
        function(f("%s/%s", root, address), address, 0x8086, 0x29c0, 0x060000, NULL, groups++, 0);
        for (unsigned port = 1; port <= PORTS && made < wanted; port++) {
                snprintf(address, sizeof(address), "%04x:%02x:%02x.0", domain, bus, port);
                snprintf(dir, sizeof(dir), "%s/%s", root, address);
                function(dir, address, 0x1b36, 0x000c, 0x060400, "pcieport", groups++, bus + port);
                snprintf(path, sizeof(path), "%s/00.0", address);
                slot(&kinds[port % 4], dir, domain, bus + port, path);
        }
}

/* The host's own: the root disk and the display that the firmware booted on. */
static void host_functions(void)
{
        const char *dir = "devices/pci0000:00/0000:00:1f.2";

        if (function(dir, "0000:00:1f.2", 0x8086, 0x2922, 0x010601, "ahci", groups++, 0))
                block("sda", f("%s/ata1/host0/target0:0:0/0:0:0:0/block/sda", dir), 8, 0);
        function("devices/pci0000:00/0000:00:1e.0", "0000:00:1e.0", 0x1a03, 0x2000, 0x030000, "ast", groups++, 0);
}

static void host_files(void)
{
        static const char *const dirs[] = {
                "dev",
                "etc/passthrough.d",
                "run",
                "proc/self",
                "proc/net",
                "proc/sys/kernel",
                "lib/modules/" RELEASE,
                "sys/bus/pci/devices",
                "sys/bus/pci/slots",
                "sys/bus/usb/devices",
                "sys/class/block",
                "sys/class/net",
                "sys/class/iommu",
                "sys/devices/virtual/iommu/dmar0/devices",
        };

        for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
                make_dirs(dirs[i]);
        link_sys("class/iommu/dmar0", "devices/virtual/iommu/dmar0");
        put("sys/bus/pci", "drivers_probe", "%s", "");
        put("proc/sys/kernel", "osrelease", RELEASE "\n");
        put("proc", "cmdline", "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda ro quiet intel_iommu=on\n");
        put("proc", "swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        put("proc/self", "mountinfo", "27 1 8:0 / / rw,relatime shared:1 - ext4 /dev/sda rw\n");
        put("proc/net", "route",
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
        put("proc/net", "ipv6_route", "%s", "");
        put("etc", "hostname", "bench\n");
        put("etc", "machine-id", "0123456789abcdef0123456789abcdef\n");
        put("lib/modules/" RELEASE, "modules.dep",
            "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/pci/vfio-pci-core.ko "
            "kernel/drivers/vfio/vfio.ko\n"
            "kernel/drivers/vfio/pci/vfio-pci-core.ko: kernel/drivers/vfio/vfio.ko\nkernel/drivers/vfio/vfio.ko:\n");
        put("lib/modules/" RELEASE, "modules.builtin", "kernel/drivers/ata/ahci.ko\n");
        put("lib/modules/" RELEASE, "modules.alias", "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n");
        put("lib/modules/" RELEASE, "modules.softdep", "softdep vfio post: vfio_iommu_type1\n");
}

static unsigned number(const char *s)
{
        char *end;
        unsigned long v = strtoul(s, &end, 10);

        if (!*s || *end || v > 10000000)
                errx(EXIT_FAILURE, "%s: not a number of functions or rules", s);
        return (unsigned)v;
}

int main(int argc, char *argv[])
{
        int option;

        rules = 1;
        while ((option = getopt(argc, argv, "r:")) == 'r')
                rules = number(optarg);
        if (option != -1 || argc - optind != 2)
                errx(EXIT_FAILURE, "usage: mktree [-r RULES] N DIR");
        wanted = number(argv[optind]);
        if (mkdir(argv[optind + 1], 0755) < 0 && errno != EEXIST)
                fail(argv[optind + 1]);
        if (chdir(argv[optind + 1]) < 0)
                fail(argv[optind + 1]);

        host_files();
        host_functions();
        for (unsigned n = 0; made < wanted; n++)
                root_bus(n / 8, n % 8 * 0x20);
        if (rules > cards)
                warnx("only %u graphics cards for %u rules", cards, rules);
        return EXIT_SUCCESS;
}
