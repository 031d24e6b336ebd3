/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI as the plan sees it. Pure. */
#include "bus/pci/pci.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "facts/facts.h"
#include "facts/match.h"

int pci_address_compare(const struct pci_address *a, const struct pci_address *b)
{
        uint64_t x = (uint64_t)a->domain << 16 | (uint64_t)a->bus << 8 | (uint64_t)a->dev << 3 | a->fn;
        uint64_t y = (uint64_t)b->domain << 16 | (uint64_t)b->bus << 8 | (uint64_t)b->dev << 3 | b->fn;

        return (x > y) - (x < y);
}

static int compare_key(const void *key, const void *device)
{
        return pci_address_compare(key, &pci_of(device)->at);
}

size_t pci_find_at(const struct device *devices, size_t n, const struct pci_address *at)
{
        const struct device *found = n > 0 ? bsearch(at, devices, n, sizeof(*devices), compare_key) : NULL;

        return found ? (size_t)(found - devices) : NO_DEVICE;
}

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        struct pci_address at;

        if (!pci_address_parse(text, &at))
                return false;
        *ret = pci_find_at(devices, n, &at);
        return true;
}

bool pci_same_card(const struct device *a, const struct device *b)
{
        const struct pci_address *x = &pci_of(a)->at, *y = &pci_of(b)->at;

        return x->domain == y->domain && x->bus == y->bus && x->dev == y->dev;
}

/* ---- classes -------------------------------------------------------------------------------------------------------
 */

/* PCI Code and ID Assignment Specification. */
unsigned pci_roles(const char *class)
{
        static const struct {
                const char *prefix;
                unsigned roles;
        } classes[] = {
                {"00", ROLE_OBSCURE},     {"01", ROLE_STORAGE},     {"02", ROLE_NETWORK | ROLE_INTERFACES},
                {"03", ROLE_DISPLAY},     {"0300", ROLE_VGA},       {"0600", ROLE_BYSTANDER},
                {"0604", ROLE_BYSTANDER}, {"0607", ROLE_BYSTANDER}, {"0609", ROLE_BYSTANDER},
                {"05", ROLE_OBSCURE},     {"07", ROLE_SERIAL},      {"0800", ROLE_CHIPSET},
                {"0805", ROLE_STORAGE}, /* SD hosts */
                {"0806", ROLE_CHIPSET},   {"0807", ROLE_CHIPSET},   {"0b", ROLE_OBSCURE},
                {"0c00", ROLE_STORAGE},                           /* FireWire */
                {"0c03", ROLE_USB},       {"0c04", ROLE_STORAGE}, /* Fibre Channel */
                {"0c06", ROLE_NETWORK},                           /* InfiniBand */
                {"0d", ROLE_NETWORK},                             /* radios */
                {"ff", ROLE_OBSCURE},
        };
        unsigned roles = 0;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (startswith(class, classes[i].prefix))
                        roles |= classes[i].roles;
        /*
         * 0680, "other bridge", is what switches of GPU fabrics call themselves. vfio accepts any function of a group
         * that has no ordinary header, and host bridges have no driver: those above that are bystanders.
         */
        if (startswith(class, "06"))
                return startswith(class, "0680") ? roles : roles | ROLE_BRIDGE;
        /* Audio, multimedia and accelerators are known to be harmless. What is not known of is not. */
        if (!roles && !startswith(class, "04") && !startswith(class, "12"))
                roles = ROLE_GUARDED;
        return roles & ROLE_SERIAL ? roles | ROLE_GUARDED : roles;
}

/*
 * Intel's chipsets have the firmware's flash memory behind a function of the serial class: 00:1f.5, and 00:0d.2 of
 * Apollo Lake (drivers/spi/spi-intel-pci.c). Those of the same class at 00:10 to 00:1e are I2C, SPI and UART hosts.
 */
bool pci_reaches_firmware(const struct device *d)
{
        const struct pci_address *at = &pci_of(d)->at;

        return startswith(d->class, "0c80") && startswith(d->id, "8086:") && at->domain == 0 && at->bus == 0 &&
               (at->dev < 0x10 || at->dev > 0x1e);
}

/* scripts/mod/file2alias.c, do_pci_entry(). */
static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        unsigned vendor = 0, device = 0, subvendor = 0, subdevice = 0, class = 0;

        sscanf(d->id, "%4x:%4x", &vendor, &device);
        sscanf(pci_of(d)->subsystem, "%4x:%4x", &subvendor, &subdevice);
        sscanf(d->class, "%6x", &class);
        snprintf(buf, size, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", bus, vendor, device, subvendor, subdevice,
                 class >> 16 & 0xff, class >> 8 & 0xff, class & 0xff);
}

/* ---- [Match] -------------------------------------------------------------------------------------------------------
 */

/* The number of an NVMe disk shows only while its driver has it, whether PCI has one, too, or not. */
static enum tristate match_serial(const char *word, const struct device *d)
{
        const char *serial = d->marks[MARK_SERIAL], *disk = d->marks[MARK_DISK_SERIAL];

        if ((serial && strcasecmp(word, serial) == 0) || (disk && streq(word, disk)))
                return YES;
        return !disk && (!serial || startswith(d->class, "0108")) ? UNKNOWN : NO;
}

static enum tristate match_parent(const char *word, const struct facts *facts, const struct device *d)
{
        size_t i = d->parent ? facts_find(facts, d->parent) : NO_DEVICE;
        const struct device *parent;

        if (i == NO_DEVICE)
                return d->parent ? UNKNOWN : NO;
        parent = &facts->devices[i];
        for (size_t k = 0; k < pci_of(parent)->n_interfaces; k++)
                if (streq(word, pci_of(parent)->interfaces[k]))
                        return YES;
        return streq(word, parent->address) || streq(word, parent->path);
}

static enum tristate match_virtual_function(const char *word, const struct device *d)
{
        uint32_t index = d->index;
        unsigned low, high;

        if (!d->parent)
                return NO;
        if (index == UINT32_MAX || sscanf(word, "%u-%u", &low, &high) != 2)
                return UNKNOWN;
        return index >= low && index <= high;
}

static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        switch (key) {
        case MATCH_ADDRESS:
                return strpbrk(word, "*?[") ? fnmatch(word, d->address, 0) == 0 : streq(word, d->address);
        case MATCH_PATH:
                return streq(word, d->path);
        case MATCH_SLOT:
                return d->marks[MARK_SLOT] ? streq(word, d->marks[MARK_SLOT]) : UNKNOWN;
        case MATCH_ID:
                return match_id(word, d->id);
        case MATCH_SUBSYSTEM:
                return match_id(word, pci_of(d)->subsystem);
        case MATCH_CLASS:
                return startswith(d->class, word);
        case MATCH_SERIAL:
                return match_serial(word, d);
        case MATCH_PARENT:
                return match_parent(word, facts, d);
        case MATCH_VIRTUAL_FUNCTION:
                return match_virtual_function(word, d);
        default:
                return UNKNOWN;
        }
}

/* ---- what there is to say ------------------------------------------------------------------------------------------
 */

/* A word that means one function, or those of one slot. */
static bool is_name(const char *word)
{
        const char *wild = strpbrk(word, "*?["), *dot = strchr(word, '.');

        return !wild || (dot && wild > dot);
}

/* The rule means this function, and not whatever is of its kind. One without [Match] is made up by who asks. */
static bool names_it(const struct rule *rule)
{
        size_t n_words = 0;

        for (size_t k = 0; k < MATCH_MAX_; k++) {
                const struct words *words = &rule->match[k];
                size_t n = 0;

                while (n < words->n && is_name(words->v[n]))
                        n++;
                n_words += words->n;
                if (words->n > 0 && n == words->n && !words->negate &&
                    (k == MATCH_ADDRESS || k == MATCH_PATH || k == MATCH_SLOT || k == MATCH_SERIAL || k == MATCH_ID))
                        return true;
        }
        return n_words == 0;
}

static bool refuse(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret)
{
        const struct pci_function *f = pci_of(d);

        if (d->roles & ROLE_CHIPSET)
                return reason_set(ret, REASON_CHIPSET,
                                  arena_join(a, "it is part of the chipset (class ", d->class,
                                             "), which stays with the host", NULL));
        if (d->roles & ROLE_FIRMWARE)
                return reason_set(
                        ret, REASON_OTHER,
                        "the host's firmware is in the flash memory behind it, which a guest could write to; it stays, "
                        "and stands in nobody's way once no driver has it");
        if (d->roles & ROLE_OBSCURE && !names_it(rule))
                return reason_set(
                        ret, REASON_OBSCURE,
                        arena_join(a, "its class (", d->class,
                                   ") does not say what it is for; a rule takes it by Address=, Path=, Slot=, Serial= "
                                   "or a full ID=",
                                   NULL));

        if (f->boot_display == YES && !rule->allow_boot_display)
                return reason_set(ret, REASON_BOOT_DISPLAY,
                                  "the firmware booted on this display; AllowBootDisplay=yes takes it anyway");
        if (f->boot_display == UNKNOWN && !rule->allow_boot_display)
                return reason_set(ret, REASON_MAYBE_BOOT_DISPLAY,
                                  "the firmware may have booted on this display (no boot_vga); "
                                  "AllowBootDisplay=yes takes it anyway");
        if (f->vfs_enabled > 0)
                return reason_set(
                        ret, REASON_VIRTUAL_FUNCTIONS,
                        arena_printf(a,
                                     "%u of its virtual functions are enabled; hand those over, or disable them first",
                                     f->vfs_enabled));
        return false;
}

static const char *refuse_back(struct arena *a, const struct device *d)
{
        if (pci_of(d)->vfs_enabled == 0)
                return NULL;
        return arena_printf(a, "%u of its virtual functions are enabled; disable them first", pci_of(d)->vfs_enabled);
}

static bool same_function(const char *path, const struct device *d)
{
        const char *dot = strrchr(path, '.'), *own = strrchr(d->path, '.');

        return dot && own && streq(dot, own);
}

/*
 * The kernel makes the names of slots different where the firmware has not, by a number in the order it finds them
 * ("0", "0-1", "0-2"): those name nothing that stays (drivers/pci/slot.c, make_slot_name).
 */
static bool lasting_slot(const struct facts *facts, const char *slot)
{
        const char *dash = strrchr(slot, '-');
        size_t n = strlen(slot);

        if (dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1))
                return false;
        for (size_t i = 0; i < facts->n_devices; i++) {
                const char *other = facts->devices[i].marks[MARK_SLOT];

                if (other && strncmp(other, slot, n) == 0 && other[n] == '-')
                        return false;
        }
        return true;
}

/* QEMU takes no domain wider than 16 bits in host=. */
static void guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
                  struct guest_device *ret)
{
        const struct pci_address *at = &pci_of(d)->at;

        (void)facts;
        (void)link;
        *ret = (struct guest_device){
                .way = GUEST_VFIO,
                .qemu = at->domain <= 0xffff ? arena_join(a, "host=", d->address, NULL)
                                             : arena_join(a, "sysfsdev=/sys/bus/pci/devices/", d->address, NULL),
                .type = "pci",
                .libvirt = arena_printf(a, "<address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>",
                                        at->domain, at->bus, at->dev, at->fn),
                .function = at->fn,
                .interface = d->parent && startswith(d->class, "02"),
                .vgpu = d->vgpu && !streq(d->vgpu, "0") ? d->vgpu : NULL,
        };
}

/*
 * A field of a word of ids=, as the kernel's sscanf("%x:%x:...") reads it: blanks in front and "0x" are passed over,
 * and at what is no digit it stops. False: it is there and another. "ffffffff" is any, which is also what is not there.
 */
static bool id_field(const char **s, const char *have)
{
        size_t digits = strcspn(have, ":"), n;
        const char *field;
        bool same;

        *s += strspn(*s, " \t");
        *s += strncasecmp(*s, "0x", 2) == 0 ? 2 : 0;
        field = *s + strspn(*s, "0");
        n = strspn(field, "0123456789abcdefABCDEF");
        while (digits > 0 && *have == '0') {
                have++;
                digits--;
        }
        same = (n == 8 && strncasecmp(field, "ffffffff", 8) == 0) ||
               (n == digits && strncasecmp(field, have, n) == 0) || field + n == *s;
        *s = field[n] == ':' ? field + n + 1 : "";
        return same;
}

/* "vendor:device[:subvendor:subdevice[:class[:mask]]]" of vfio-pci's ids=; the class is not looked at. */
static bool dynamic_id(const char *word, const struct device *d)
{
        const char *s = word;

        if (!d->identified || !strchr(word, ':') || !id_field(&s, d->id) || !id_field(&s, strchr(d->id, ':') + 1))
                return false;
        if (!*s || !*pci_of(d)->subsystem)
                return true;
        return id_field(&s, pci_of(d)->subsystem) && (!*s || id_field(&s, strchr(pci_of(d)->subsystem, ':') + 1));
}

static size_t describe(const struct device *d, struct detail ret[static DETAILS_MAX])
{
        ret[0] = (struct detail){"subsystem", pci_of(d)->subsystem};
        return 1;
}

/* After all of a bus are there, just before drivers get their turn, it appears here (pci_bus_add_device()). */
static bool turn(const char *address, char *buf, size_t size)
{
        struct pci_address at;
        char domain[16] = "";

        if (!pci_address_parse(address, &at))
                return false;
        if (at.domain > 0)
                snprintf(domain, sizeof(domain), "%04x:", at.domain);
        return snprintf(buf, size, "/proc/bus/pci/%s%02x/%02x.%x", domain, at.bus, at.dev, at.fn) < (int)size;
}

const struct bus pci_bus = {
        .syntax = &pci_syntax,
        .find = find,
        .same_card = pci_same_card,
        .match = match,
        .kind = pci_class_name,
        .roles = pci_roles,
        .heading = pci_heading,
        .alias = alias,
        .propose = pci_propose,
        .take = pci_take,
        .give = pci_give,
        .udev = pci_udev,
        .udev_head = PCI_UDEV_HEAD,
        .udev_made = pci_udev_made,
        .refuse = refuse,
        .refuse_back = refuse_back,
        .guest = guest,
        .same_function = same_function,
        .lasting_slot = lasting_slot,
        .vfio = "vfio_pci",
        .dynamic_id = dynamic_id,
        .describe = describe,
        .turn = turn,
};
