/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of [Match] on PCI, brought into the one spelling that sysfs uses: addresses as
 * Documentation/PCI/sysfs-pci.rst has them, paths as the kernel's pci= parameter has them
 * (Documentation/admin-guide/kernel-parameters.txt).
 */
#include "bus/pci/pci.h"

#include <stdio.h>

#include "base/str.h"
#include "facts/identity.h"

static void append(struct arena *a, struct words *list, const char *word)
{
        str_add(a, &list->v, &list->n, word);
}

/* At most max hex digits and at least one, up to limit; *s moves behind them. */
static bool take_hex(const char **s, unsigned max, uint32_t limit, uint32_t *ret)
{
        uint32_t v = 0;
        unsigned n = 0;

        for (; n < max; n++) {
                char c = (*s)[n];

                if (c >= '0' && c <= '9')
                        v = v << 4 | (uint32_t)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        v = v << 4 | (uint32_t)(c - 'a' + 10);
                else if (c >= 'A' && c <= 'F')
                        v = v << 4 | (uint32_t)(c - 'A' + 10);
                else
                        break;
        }
        if (n == 0 || v > limit)
                return false;
        *s += n;
        *ret = v;
        return true;
}

static bool take_dev_fn(const char **s, struct pci_address *address)
{
        uint32_t dev, fn;

        if (!take_hex(s, 2, 0x1f, &dev) || *(*s)++ != '.' || !take_hex(s, 1, 7, &fn))
                return false;
        address->dev = (uint8_t)dev;
        address->fn = (uint8_t)fn;
        return true;
}

static bool take_address(const char **s, struct pci_address *ret)
{
        const char *first = strchr(*s, ':'), *slash = strchr(*s, '/');
        struct pci_address address = {};
        uint32_t bus;

        /* A second colon before any slash: the first number is the domain. */
        if (first && strchr(first + 1, ':') && (!slash || strchr(first + 1, ':') < slash))
                if (!take_hex(s, 8, UINT32_MAX, &address.domain) || *(*s)++ != ':')
                        return false;
        if (!take_hex(s, 2, 0xff, &bus) || *(*s)++ != ':' || !take_dev_fn(s, &address))
                return false;
        address.bus = (uint8_t)bus;
        *ret = address;
        return true;
}

bool pci_address_parse(const char *s, struct pci_address *ret)
{
        struct pci_address address;

        if (!take_address(&s, &address) || *s)
                return false;
        *ret = address;
        return true;
}

static char *address_string(struct arena *a, const struct pci_address *address)
{
        return arena_printf(a, "%04x:%02x:%02x.%x", address->domain, address->bus, address->dev, address->fn);
}

static bool address_glob(struct arena *a, const char *word, struct words *list)
{
        size_t colons = 0;
        char *glob;

        if (word[strspn(word, "0123456789abcdefABCDEF:.*?[]!^-")])
                return false;
        for (const char *c = word; *c; c++)
                colons += *c == ':';
        if (colons > 2)
                return false;
        /* Longer than a bus number, what stands before the only colon is a domain. */
        glob = colons == 2 || *word == '*' || (colons == 1 && strcspn(word, ":") > 2 && !strchr("[", *word))
                       ? arena_strdup(a, word)
                       : arena_printf(a, "0000:%s", word);
        str_lower(glob);
        append(a, list, glob);
        return true;
}

static bool parse_address(struct arena *a, const char *word, struct words *list)
{
        struct pci_address address;

        if (strpbrk(word, "*?["))
                return address_glob(a, word, list);
        if (!pci_address_parse(word, &address))
                return false;
        append(a, list, address_string(a, &address));
        return true;
}

/* Behind each bridge is a bus of its own, and a bus has a number of one byte. */
#define BRIDGES_MAX 255

static bool parse_path(struct arena *a, const char *word, struct words *list)
{
        struct pci_address address;
        size_t bridges = 0;
        char *path;

        if (!take_address(&word, &address))
                return false;
        path = address_string(a, &address);
        while (*word == '/') {
                word++;
                if (++bridges > BRIDGES_MAX || !take_dev_fn(&word, &address))
                        return false;
                path = arena_printf(a, "%s/%02x.%x", path, address.dev, address.fn);
        }
        if (*word)
                return false;
        append(a, list, path);
        return true;
}

static bool take_id_half(const char **s, char buf[static 5])
{
        uint32_t id;

        if (**s == '*') {
                (*s)++;
                strcpy(buf, "*");
                return true;
        }
        if (!take_hex(s, 4, 0xffff, &id))
                return false;
        snprintf(buf, 5, "%04x", id & 0xffff);
        return true;
}

static bool parse_id(struct arena *a, const char *word, struct words *list)
{
        char vendor[5], device[5];

        if (!take_id_half(&word, vendor) || *word++ != ':' || !take_id_half(&word, device) || *word)
                return false;
        if (streq(vendor, "*") && streq(device, "*"))
                return false;
        append(a, list, arena_printf(a, "%s:%s", vendor, device));
        return true;
}

/* PCI Code and ID Assignment Specification; the narrower of two that fit comes first. */
static const struct {
        const char *name, *prefix;
} classes[] = {
        {"display", "03"}, {"audio", "0401"},     {"audio", "0403"}, {"multimedia", "04"},
        {"network", "02"}, {"nvme", "0108"},      {"storage", "01"}, {"usb", "0c03"},
        {"serial", "07"},  {"accelerator", "12"}, {"crypto", "10"},
};

const char *pci_class_name(const char *code)
{
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (startswith(code, classes[i].prefix))
                        return classes[i].name;
        return NULL;
}

enum heading pci_heading(const struct device *d)
{
        static const struct {
                char prefix[5];
                unsigned char heading;
        } headings[] = {
                {"00", HEADING_OTHER},        {"01", HEADING_STORAGE},
                {"02", HEADING_NETWORK},      {"03", HEADING_GRAPHICS},
                {"04", HEADING_AUDIO},        {"0502", HEADING_OTHER}, /* CXL memory */
                {"0700", HEADING_SERIAL},     {"0702", HEADING_SERIAL},
                {"0703", HEADING_SERIAL},     {"0805", HEADING_STORAGE}, /* SD hosts */
                {"09", HEADING_OTHER},        {"0b40", HEADING_ACCELERATORS},
                {"0c00", HEADING_OTHER},      {"0c03", HEADING_USB},
                {"0c04", HEADING_STORAGE}, /* Fibre Channel */
                {"0c06", HEADING_NETWORK}, /* InfiniBand */
                {"0d", HEADING_NETWORK},      {"0e", HEADING_STORAGE},
                {"0f", HEADING_NETWORK},      {"1000", HEADING_ACCELERATORS},
                {"12", HEADING_ACCELERATORS}, {"40", HEADING_ACCELERATORS},
                {"ff", HEADING_OTHER},
        };

        if (!*d->class)
                return HEADING_OTHER;
        for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
                if (startswith(d->class, headings[i].prefix))
                        return headings[i].heading;
        return HEADING_SYSTEM;
}

static bool parse_class(struct arena *a, const char *word, struct words *list)
{
        size_t len = strlen(word), named = 0;
        char *prefix;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (streq(word, classes[i].name)) {
                        append(a, list, classes[i].prefix);
                        named++;
                }
        if (named > 0)
                return true;

        if ((len != 2 && len != 4 && len != 6) || word[strspn(word, "0123456789abcdefABCDEF")])
                return false;
        prefix = arena_strdup(a, word);
        str_lower(prefix);
        append(a, list, prefix);
        return true;
}

static bool parse_parent(struct arena *a, const char *word, struct words *list)
{
        if (strpbrk(word, ":/"))
                return parse_path(a, word, list);
        if (strlen(word) > 15) /* IFNAMSIZ - 1 */
                return false;
        append(a, list, arena_strdup(a, word));
        return true;
}

static bool parse_range(struct arena *a, const char *word, struct words *list)
{
        const char *dash = strchr(word, '-');
        uint32_t low, high;
        char *first = arena_strndup(a, word, dash ? (size_t)(dash - word) : strlen(word));

        if (!str_to_u32(first, 10, &low) || !str_to_u32(dash ? dash + 1 : first, 10, &high) || low > high)
                return false;
        append(a, list, arena_printf(a, "%u-%u", low, high));
        return true;
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        switch (key) {
        case MATCH_ADDRESS:
                return parse_address(a, word, list);
        case MATCH_PATH:
                return parse_path(a, word, list);
        case MATCH_ID:
        case MATCH_SUBSYSTEM:
                return parse_id(a, word, list);
        case MATCH_CLASS:
                return parse_class(a, word, list);
        case MATCH_PARENT:
                return parse_parent(a, word, list);
        case MATCH_VIRTUAL_FUNCTION:
                return parse_range(a, word, list);
        case MATCH_SERIAL:
                if (!identity_is_number(word))
                        return false;
                append(a, list, arena_strdup(a, word));
                return true;
        default:
                append(a, list, arena_strdup(a, word));
                return true;
        }
}

const struct bus_syntax pci_syntax = {
        .name = "pci",
        .noun = "PCI device",
        .sysfs = "/sys/bus/pci",
        .iommu = true,
        .right =
                {
                        [MATCH_ADDRESS] = "a PCI address in hex, [domain:]bus:device.function, such as 0000:42:00.0; "
                                          "shell globs allowed",
                        [MATCH_PATH] = "a bridge path, [domain:]bus:device.function[/device.function]..., such as "
                                       "0000:40:03.1/00.0",
                        [MATCH_SLOT] = "a slot name as in /sys/bus/pci/slots",
                        [MATCH_ID] = "vendor:device in hex, such as 10de:1b06; one half may be \"*\", not both",
                        [MATCH_SUBSYSTEM] = "vendor:device in hex, such as 1458:3752; one half may be \"*\", not both",
                        [MATCH_CLASS] = "display, audio, multimedia, network, storage, nvme, usb, serial, accelerator, "
                                        "crypto, or the first 2, 4 or 6 hex digits of a class code, such as 0300",
                        [MATCH_SERIAL] = "a serial number, such as 3c-ec-ef-ff-ff-12-34-56; one of nothing but 0 "
                                         "or f tells no device from others",
                        [MATCH_PARENT] = "a physical function by address, bridge path or interface name",
                        [MATCH_VIRTUAL_FUNCTION] = "an index or a range of them, such as 0 or 0-3",
                },
        .parse = parse,
};
