/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a PCI function says that it is. */
#include <errno.h>
#include <fcntl.h>

#include "base/bytes.h"
#include "base/str.h"
#include "bus/pci/gather.h"

/* PCI Local Bus Specification, configuration header; PCI Express Base Specification, extended capabilities. */
#define CONFIG_SIZE         4096
#define EXTENDED_FIRST      0x100
#define EXTENDED_CAP_SERIAL 0x0003

static bool read_hex(const struct pci_dir *dir, const char *name, uint32_t max, uint32_t *ret)
{
        char text[32];

        return pci_read(dir, name, text, sizeof(text)) > 0 &&
               str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, ret) && *ret <= max;
}

/* The last digits of v, with leading zeros. */
static void put_hex(char *buf, uint32_t v, unsigned digits)
{
        buf[digits] = '\0';
        while (digits-- > 0) {
                buf[digits] = "0123456789abcdef"[v & 15];
                v >>= 4;
        }
}

static void set_id(char buf[static 10], uint32_t vendor, uint32_t device)
{
        put_hex(buf, vendor, 4);
        buf[4] = ':';
        put_hex(buf + 5, device, 4);
}

/* The hex number of so many digits behind a word at *s, which moves on. */
static bool take_hex(const char **s, const char *word, unsigned digits, uint32_t *ret)
{
        const char *c = *s;
        uint32_t v = 0;

        for (; *word; word++, c++)
                if (*c != *word)
                        return false;
        for (; digits > 0; digits--, c++) {
                uint32_t digit = (uint32_t)*c - '0', letter = ((uint32_t)*c | 0x20) - 'a';

                if (digit > 9 && letter > 5)
                        return false;
                v = v << 4 | (digit > 9 ? letter + 10 : digit);
        }
        *s = c;
        *ret = v;
        return true;
}

/*
 * All of it in one read, with no access to the hardware and no lock: "pci:v000010DEd00001B06sv...sd...bc03sc00i00"
 * (drivers/pci/pci-sysfs.c, modalias_show). Not "uevent", which newer kernels may read under the device's lock.
 */
static bool identity_from_modalias(const char *s, struct device *d)
{
        struct pci_function *f = pci_own(d);
        uint32_t vendor, device, subvendor, subdevice, base, sub, interface;

        if (!take_hex(&s, "pci:v", 8, &vendor) || !take_hex(&s, "d", 8, &device) ||
            !take_hex(&s, "sv", 8, &subvendor) || !take_hex(&s, "sd", 8, &subdevice) || !take_hex(&s, "bc", 2, &base) ||
            !take_hex(&s, "sc", 2, &sub) || !take_hex(&s, "i", 2, &interface) || *s)
                return false;
        if (vendor > 0xffff || device > 0xffff || subvendor > 0xffff || subdevice > 0xffff)
                return false;
        set_id(d->id, vendor, device);
        set_id(f->subsystem, subvendor, subdevice);
        put_hex(d->class, base << 16 | sub << 8 | interface, 6);
        return true;
}

static bool identity_from_files(const struct pci_dir *dir, struct device *d)
{
        struct pci_function *f = pci_own(d);
        uint32_t vendor, device, class;

        if (!read_hex(dir, "vendor", 0xffff, &vendor) || !read_hex(dir, "device", 0xffff, &device) ||
            !read_hex(dir, "class", 0xffffff, &class))
                return false;
        set_id(d->id, vendor, device);
        put_hex(d->class, class, 6);
        if (read_hex(dir, "subsystem_vendor", 0xffff, &vendor) && read_hex(dir, "subsystem_device", 0xffff, &device))
                set_id(f->subsystem, vendor, device);
        return true;
}

/* The device serial number's extended capability, in the order lspci prints it. Readable by root only. */
static void device_serial(struct arena *a, const struct pci_dir *dir, struct device *d)
{
        unsigned char config[CONFIG_SIZE];
        _cleanup_(close_fd) int file = pci_open_config(dir);
        ssize_t n = file < 0 ? -1 : pread(file, config, sizeof(config), 0);
        unsigned at = EXTENDED_FIRST;

        for (unsigned hops = 0; at >= EXTENDED_FIRST && (ssize_t)at + 12 <= n && hops < CONFIG_SIZE / 8; hops++) {
                uint32_t header = le32(config + at);
                const unsigned char *s = config + at + 4;

                if (header == 0 || header == UINT32_MAX)
                        break;
                if ((header & 0xffff) == EXTENDED_CAP_SERIAL) {
                        d->marks[MARK_SERIAL] = arena_printf(a, "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", s[7], s[6],
                                                             s[5], s[4], s[3], s[2], s[1], s[0]);
                        return;
                }
                at = header >> 20 & ~3u;
        }
}

/* An NVMe controller's own serial number, known once its driver has it. */
static void nvme_serial(const struct root *root, struct arena *a, struct device *d)
{
        char *dir = arena_printf(a, "%s/nvme", d->sysfs), text[128];
        const char **names;
        size_t n;
        int k = root_list(root, a, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *file = arena_printf(a, "%s/%s/serial", dir, names[i]);

                if (root_read(root, file, text, sizeof(text)) <= 0)
                        continue;
                d->marks[MARK_DISK_SERIAL] = str_printable(a, str_trim(text));
                return;
        }
}

void pci_serial(const struct pci_scan *x, const struct pci_dir *dir, struct device *d)
{
        if (startswith(d->class, "0108"))
                nvme_serial(x->root, x->arena, d);
        device_serial(x->arena, dir, d);
}

/* It is there, and a member of its group: with nobody knows what in it, that stays with the host. */
static bool unknown(struct device *d, const char *why)
{
        d->stuck = why;
        d->stuck_kind = REASON_UNIDENTIFIED;
        d->group_stranger = d->address;
        return true;
}

bool pci_identify(struct pci_scan *x, struct device *d)
{
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char modalias[128];
        int k;

        d->identified = true;
        k = pci_open(x->root, &x->parent, d, &dir);
        if (k == -ENOENT)
                return false; /* gone again */
        if (k < 0)
                return unknown(d, "its files in sysfs cannot be read");
        if ((pci_read(&dir, "modalias", modalias, sizeof(modalias)) <= 0 || !identity_from_modalias(modalias, d)) &&
            !identity_from_files(&dir, d))
                return root_exists(x->root, d->sysfs) && unknown(d, "its vendor, device and class cannot be read");
        /* A first answer: the header type, where it is read, has the last word. */
        d->roles = pci_roles(d->class);
        /* Virtio is a disk, a network, a console or a keyboard, whatever class it has. */
        if (startswith(d->id, "1af4:10"))
                d->roles |= ROLE_GUARDED;
        return true;
}
