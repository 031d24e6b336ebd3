/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/str.h"
#include "facts/gather.h"
#include "facts/match.h"

#define DEVICES "/sys/bus/pci/devices"

/* PCI Local Bus Specification, configuration header; PCI Express Base Specification, extended capabilities. */
#define CONFIG_SIZE         4096
#define EXTENDED_FIRST      0x100
#define EXTENDED_CAP_SERIAL 0x0003

/* "/sys/devices/..." for a link in DEVICES, without a further look: the kernel's links there have one shape. */
static char *sysfs_path(const struct root *root, struct arena *a, const char *name)
{
        static const char up[] = "../../../devices/";
        char *link = arena_join(a, DEVICES "/", name, NULL), target[PATH_MAX];

        if (link && root_readlink(root, link, target, sizeof(target)) > 0 && startswith(target, up) &&
            !strstr(target + sizeof(up) - 1, ".."))
                return arena_join(a, "/sys/devices/", target + sizeof(up) - 1, NULL);
        return link;
}

/*
 * All functions of a bus are in one directory, that of the bridge before them, virtual functions with their physical
 * one (drivers/pci/probe.c, pci_setup_device(); drivers/pci/iov.c): of many functions few links need be read.
 */
static char *beside(struct arena *a, const struct device *other, const char *name)
{
        char *dir = arena_strndup(a, other->sysfs, (size_t)(str_basename(other->sysfs) - other->sysfs));

        return dir ? arena_join(a, dir, name, NULL) : NULL;
}

/* The functions a path goes through, from the last root bus ("pci0000:40") down. */
static void bridge_path(struct arena *a, struct device *d)
{
        char path[512] = "";
        size_t used = 0;

        for (const char *c = d->sysfs; *c;) {
                size_t n = strcspn(c, "/"), skip = 0;
                struct pci_address at;
                char name[32];

                if (n > 3 && strncmp(c, "pci", 3) == 0)
                        used = 0;
                else if (n < sizeof(name)) {
                        memcpy(name, c, n);
                        name[n] = '\0';
                        if (pci_address_parse(name, &at) == 0 && used + n + 2 < sizeof(path)) {
                                if (used > 0) {
                                        path[used++] = '/';
                                        skip = (size_t)(strrchr(name, ':') + 1 - name);
                                }
                                memcpy(path + used, name + skip, n - skip);
                                used += n - skip;
                        }
                }
                c += n + (c[n] == '/');
        }
        d->path = used > 0 ? arena_strndup(a, path, used) : d->address;
}

static bool read_hex(const struct pci_dir *dir, const char *name, uint32_t max, uint32_t *ret)
{
        char text[32];

        return pci_read(dir, name, text, sizeof(text)) > 0 &&
               str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, ret) == 0 && *ret <= max;
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
        const char *c = *s + strlen(word);
        uint32_t v = 0;

        if (!startswith(*s, word))
                return false;
        for (; digits > 0; digits--, c++) {
                if (!isxdigit((unsigned char)*c))
                        return false;
                v = v << 4 | (uint32_t)(*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
        }
        *s = c;
        *ret = v;
        return true;
}

void pci_bus_close(struct pci_bus *bus)
{
        close_fd(&bus->fd);
        *bus = PCI_BUS_NONE;
}

static int open_bus(const struct root *root, struct pci_bus *bus, const struct device *d)
{
        size_t length = (size_t)(str_basename(d->sysfs) - d->sysfs);
        char path[PATH_MAX];

        if (bus->fd >= 0 && bus->length == length && memcmp(bus->path, d->sysfs, length) == 0)
                return bus->fd;
        pci_bus_close(bus);
        if (snprintf(path, sizeof(path), "%.*s", (int)length, d->sysfs) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        *bus = (struct pci_bus){
                .path = d->sysfs, .length = length, .fd = root_open_at(root, path, O_PATH | O_DIRECTORY)};
        return bus->fd;
}

/* Captured machines may have links anywhere, which root_open_at() alone keeps below their root. */
int pci_open(const struct root *root, struct pci_bus *bus, const struct device *d, struct pci_dir *ret)
{
        *ret = (struct pci_dir){.own = !root->live};
        if (strlen(d->address) + 2 > sizeof(ret->prefix))
                return ret->fd = -ENAMETOOLONG;
        if (root->live)
                stpcpy(stpcpy(ret->prefix, d->address), "/");
        ret->fd = root->live ? open_bus(root, bus, d) : root_open_at(root, d->sysfs, O_PATH | O_DIRECTORY);
        return ret->fd;
}

void pci_dir_close(struct pci_dir *dir)
{
        if (dir->own)
                close_fd(&dir->fd);
}

static const char *name_in(const struct pci_dir *dir, const char *name, char buf[static 128])
{
        if (!*dir->prefix)
                return name;
        stpcpy(stpcpy(buf, dir->prefix), name);
        return buf;
}

ssize_t pci_read(const struct pci_dir *dir, const char *name, char *buf, size_t size)
{
        char path[128];

        return dir_read(dir->fd, name_in(dir, name, path), buf, size);
}

ssize_t pci_readlink(const struct pci_dir *dir, const char *name, char *buf, size_t size)
{
        char path[128];

        return dir_readlink(dir->fd, name_in(dir, name, path), buf, size);
}

int pci_open_config(const struct pci_dir *dir)
{
        char path[128];

        return openat(dir->fd, name_in(dir, "config", path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/*
 * All of it in one read, with no access to the hardware and no lock: "pci:v000010DEd00001B06sv...sd...bc03sc00i00"
 * (drivers/pci/pci-sysfs.c, modalias_show). Not "uevent", which newer kernels may read under the device's lock.
 */
static bool identity_from_modalias(const char *s, struct device *d)
{
        uint32_t vendor, device, subvendor, subdevice, base, sub, interface;

        if (!take_hex(&s, "pci:v", 8, &vendor) || !take_hex(&s, "d", 8, &device) ||
            !take_hex(&s, "sv", 8, &subvendor) || !take_hex(&s, "sd", 8, &subdevice) || !take_hex(&s, "bc", 2, &base) ||
            !take_hex(&s, "sc", 2, &sub) || !take_hex(&s, "i", 2, &interface) || *s)
                return false;
        if (vendor > 0xffff || device > 0xffff || subvendor > 0xffff || subdevice > 0xffff)
                return false;
        set_id(d->id, vendor, device);
        set_id(d->subsystem, subvendor, subdevice);
        put_hex(d->class, base << 16 | sub << 8 | interface, 6);
        return true;
}

static bool identity_from_files(const struct pci_dir *dir, struct device *d)
{
        uint32_t vendor, device, class;

        if (!read_hex(dir, "vendor", 0xffff, &vendor) || !read_hex(dir, "device", 0xffff, &device) ||
            !read_hex(dir, "class", 0xffffff, &class))
                return false;
        set_id(d->id, vendor, device);
        put_hex(d->class, class, 6);
        if (read_hex(dir, "subsystem_vendor", 0xffff, &vendor) && read_hex(dir, "subsystem_device", 0xffff, &device))
                set_id(d->subsystem, vendor, device);
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
                        d->pcie_serial = arena_printf(a, "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", s[7], s[6], s[5],
                                                      s[4], s[3], s[2], s[1], s[0]);
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
                d->disk_serial = str_printable(a, str_trim(text));
                return;
        }
}

void pci_serial(const struct root *root, struct arena *a, const struct pci_dir *dir, struct device *d)
{
        if (class_is(d->class, "nvme"))
                nvme_serial(root, a, d);
        device_serial(a, dir, d);
}

/*
 * A first answer, from the class alone; the header type, where it is read, has the last word. 0680, "other bridge", is
 * what switches of GPU fabrics call themselves. vfio accepts any function of a group that has no ordinary header, and
 * host bridges have no driver.
 */
static void judge_bridge(struct device *d)
{
        d->transparent = startswith(d->class, "0600") || startswith(d->class, "0604") || startswith(d->class, "0607") ||
                         startswith(d->class, "0609");
        d->bridge = startswith(d->class, "06") && !startswith(d->class, "0680");
}

bool pci_identify(const struct root *root, struct pci_bus *bus, struct device *d)
{
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char modalias[128];

        d->identified = true;
        if (pci_open(root, bus, d, &dir) < 0)
                return false; /* gone again */
        if ((pci_read(&dir, "modalias", modalias, sizeof(modalias)) <= 0 || !identity_from_modalias(modalias, d)) &&
            !identity_from_files(&dir, d))
                return false; /* no function that can be told */
        judge_bridge(d);
        return true;
}

/* Whether some rule may match the function, as far as where it is tells. */
static bool may_match(const struct config *config, const struct facts *facts, const struct device *d)
{
        for (size_t r = 0; r < config->n_rules; r++)
                if (!config->rules[r].invalid && match_place(&config->rules[r], facts, d))
                        return true;
        return false;
}

static int gather_function(const struct root *root, struct arena *a, const struct facts_request *request,
                           const struct facts *facts, const struct device *before, struct pci_bus *bus,
                           struct device *d)
{
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        char target[PATH_MAX];

        if (before && before->at.domain == d->at.domain && before->at.bus == d->at.bus)
                d->sysfs = beside(a, before, d->address);
        else
                d->sysfs = sysfs_path(root, a, d->address);
        bridge_path(a, d);
        d->group = NO_GROUP;
        d->vf_index = UINT32_MAX;
        /* With many functions and few rules, most need not be asked who they are. */
        if (request->config && !request->parents && !request->identities && !may_match(request->config, facts, d))
                return 0;
        if (!pci_identify(root, bus, d))
                return 1;
        if (!request->parents && !request->serials)
                return 0;

        if (pci_open(root, bus, d, &dir) < 0)
                return 1;
        if (request->parents && pci_readlink(&dir, "physfn", target, sizeof(target)) > 0)
                d->parent = arena_strdup(a, str_basename(target));
        if (request->serials)
                pci_serial(root, a, &dir, d);
        return 0;
}

/* Physical slots (Documentation/ABI/testing/sysfs-bus-pci, /sys/bus/pci/slots): "address" has no function. */
static void gather_slots(const struct root *root, struct arena *a, struct facts *facts)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, "/sys/bus/pci/slots", &names, &n);

        if (k < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                char *file = arena_printf(a, "/sys/bus/pci/slots/%s/address", names[i]), text[64];
                char *name = str_printable(a, names[i]);
                struct pci_address at;

                if (root_read(root, file, text, sizeof(text) - 2) <= 0)
                        continue;
                strcat(text, ".0");
                if (pci_address_parse(text, &at) < 0)
                        continue;
                for (at.fn = 0; at.fn < 8; at.fn++) {
                        size_t d = facts_find_at(facts, &at);

                        if (d != NO_DEVICE)
                                facts->devices[d].slot = name;
                }
        }
}

static void gather_interfaces(const struct root *root, struct arena *a, struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                struct device *d = &facts->devices[i];
                char *dir;

                if (!class_is(d->class, "network"))
                        continue;
                dir = arena_printf(a, "%s/net", d->sysfs);
                (void)!root_list(root, a, dir, &d->interfaces, &d->n_interfaces);
        }
}

/* A VF's index is the N of its physical function's virtfnN link. */
static void number_virtual_functions(const struct root *root, struct arena *a, struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                struct device *vf = &facts->devices[i];
                char target[PATH_MAX];
                size_t pf = vf->parent ? facts_find(facts, vf->parent) : NO_DEVICE;

                for (uint32_t v = 0; pf != NO_DEVICE && vf->vf_index == UINT32_MAX; v++) {
                        char *link = arena_printf(a, "%s/virtfn%u", facts->devices[pf].sysfs, v);

                        if (root_readlink(root, link, target, sizeof(target)) <= 0)
                                break;
                        if (streq(str_basename(target), vf->address))
                                vf->vf_index = v;
                }
        }
}

int pci_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        _cleanup_(pci_bus_close) struct pci_bus bus = PCI_BUS_NONE;
        const struct device *before = NULL;
        const char **names;
        size_t n_names, n = 0;
        int k = root_list(root, a, DEVICES, &names, &n_names);

        if (k < 0)
                return k;
        facts->devices = arena_alloc(a, n_names * sizeof(*facts->devices));
        for (size_t i = 0; i < n_names; i++) {
                struct device *d = &facts->devices[facts->n_devices];

                *d = (struct device){.bus = BUS_PCI, .address = names[i]};
                facts->n_devices += pci_address_parse(names[i], &d->at) == 0;
        }
        facts_sort(facts);
        for (size_t i = 0; i < facts->n_devices; i++) {
                struct device *d = &facts->devices[i];

                k = gather_function(root, a, request, facts, before, &bus, d);
                /* A machine put together by hand may be otherwise. */
                if (k == 1 && before)
                        k = gather_function(root, a, request, facts, NULL, &bus, d);
                if (k < 0)
                        return k;
                /* Those that are gone again, or cannot be told, are left out. */
                if (k == 0) {
                        before = &facts->devices[n];
                        facts->devices[n++] = *d;
                }
        }
        facts->n_devices = n;
        return 0;
}

void pci_relate(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        if (request->slots)
                gather_slots(root, a, facts);

        if (request->parents)
                number_virtual_functions(root, a, facts);
        if (request->parents)
                gather_interfaces(root, a, facts);
}
