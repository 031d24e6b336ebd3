/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/values.h"

#include <errno.h>
#include <stdio.h>

#include "base/str.h"

static void append(struct arena *a, struct words *list, const char *word)
{
        str_add(a, &list->v, &list->n, word);
}

/* At most max hex digits and at least one, up to limit; *s moves behind them. */
static int take_hex(const char **s, unsigned max, uint32_t limit, uint32_t *ret)
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
                return -EINVAL;
        *s += n;
        *ret = v;
        return 0;
}

static int take_dev_fn(const char **s, struct pci_address *address)
{
        uint32_t dev, fn;

        if (take_hex(s, 2, 0x1f, &dev) < 0 || *(*s)++ != '.' || take_hex(s, 1, 7, &fn) < 0)
                return -EINVAL;
        address->dev = (uint8_t)dev;
        address->fn = (uint8_t)fn;
        return 0;
}

static int take_address(const char **s, struct pci_address *ret)
{
        const char *first = strchr(*s, ':'), *slash = strchr(*s, '/');
        struct pci_address address = {};
        uint32_t bus;

        /* A second colon before any slash: the first number is the domain. */
        if (first && strchr(first + 1, ':') && (!slash || strchr(first + 1, ':') < slash))
                if (take_hex(s, 8, UINT32_MAX, &address.domain) < 0 || *(*s)++ != ':')
                        return -EINVAL;
        if (take_hex(s, 2, 0xff, &bus) < 0 || *(*s)++ != ':' || take_dev_fn(s, &address) < 0)
                return -EINVAL;
        address.bus = (uint8_t)bus;
        *ret = address;
        return 0;
}

int pci_address_parse(const char *s, struct pci_address *ret)
{
        struct pci_address address;

        if (take_address(&s, &address) < 0 || *s)
                return -EINVAL;
        *ret = address;
        return 0;
}

static char *address_string(struct arena *a, const struct pci_address *address)
{
        return arena_printf(a, "%04x:%02x:%02x.%x", address->domain, address->bus, address->dev, address->fn);
}

static int address_glob(struct arena *a, const char *word, struct words *list)
{
        size_t colons = 0;
        char *glob;

        if (word[strspn(word, "0123456789abcdefABCDEF:.*?[]!^-")])
                return -EINVAL;
        for (const char *c = word; *c; c++)
                colons += *c == ':';
        if (colons > 2)
                return -EINVAL;
        /* Longer than a bus number, what stands before the only colon is a domain. */
        glob = colons == 2 || *word == '*' || (colons == 1 && strcspn(word, ":") > 2 && !strchr("[", *word))
                       ? arena_strdup(a, word)
                       : arena_printf(a, "0000:%s", word);
        str_lower(glob);
        append(a, list, glob);
        return 0;
}

int value_address(struct arena *a, const char *word, struct words *list)
{
        struct pci_address address;

        if (strpbrk(word, "*?["))
                return address_glob(a, word, list);
        if (pci_address_parse(word, &address) < 0)
                return -EINVAL;
        append(a, list, address_string(a, &address));
        return 0;
}

int value_path(struct arena *a, const char *word, struct words *list)
{
        struct pci_address address;
        char *path;

        if (take_address(&word, &address) < 0)
                return -EINVAL;
        path = address_string(a, &address);
        while (*word == '/') {
                word++;
                if (take_dev_fn(&word, &address) < 0)
                        return -EINVAL;
                path = arena_printf(a, "%s/%02x.%x", path, address.dev, address.fn);
        }
        if (*word)
                return -EINVAL;
        append(a, list, path);
        return 0;
}

static int take_id_half(const char **s, char buf[static 5])
{
        uint32_t id;

        if (**s == '*') {
                (*s)++;
                strcpy(buf, "*");
                return 0;
        }
        if (take_hex(s, 4, 0xffff, &id) < 0)
                return -EINVAL;
        snprintf(buf, 5, "%04x", id & 0xffff);
        return 0;
}

int value_id(struct arena *a, const char *word, struct words *list)
{
        char vendor[5], device[5];

        if (take_id_half(&word, vendor) < 0 || *word++ != ':' || take_id_half(&word, device) < 0 || *word)
                return -EINVAL;
        if (streq(vendor, "*") && streq(device, "*"))
                return -EINVAL;
        append(a, list, arena_printf(a, "%s:%s", vendor, device));
        return 0;
}

const char *const class_names[] = {"display", "audio",  "multimedia",  "network", "storage",
                                   "nvme",    "serial", "accelerator", "usb",     "crypto"};
const size_t n_class_names = ARRAY_SIZE(class_names);

/* PCI Code and ID Assignment Specification; the narrower of two that fit comes first. */
static const struct {
        const char *name, *prefix;
} classes[] = {
        {"display", "03"}, {"audio", "0401"},     {"audio", "0403"}, {"multimedia", "04"},
        {"network", "02"}, {"nvme", "0108"},      {"storage", "01"}, {"usb", "0c03"},
        {"serial", "07"},  {"accelerator", "12"}, {"crypto", "10"},
};

const char *class_name(const char *code)
{
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (startswith(code, classes[i].prefix))
                        return classes[i].name;
        return NULL;
}

bool class_is(const char *code, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (streq(name, classes[i].name) && startswith(code, classes[i].prefix))
                        return true;
        return false;
}

int value_class(struct arena *a, const char *word, struct words *list)
{
        size_t len = strlen(word), named = 0;
        char *prefix;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (streq(word, classes[i].name)) {
                        append(a, list, classes[i].prefix);

                        named++;
                }
        if (named > 0)
                return 0;

        if ((len != 2 && len != 4 && len != 6) || word[strspn(word, "0123456789abcdefABCDEF")])
                return -EINVAL;
        prefix = arena_strdup(a, word);
        if (prefix)
                str_lower(prefix);
        append(a, list, prefix);
        return 0;
}

int value_parent(struct arena *a, const char *word, struct words *list)
{
        if (strpbrk(word, ":/"))
                return value_path(a, word, list);
        if (strlen(word) > 15) /* IFNAMSIZ - 1 */
                return -EINVAL;
        append(a, list, arena_strdup(a, word));
        return 0;
}

int value_range(struct arena *a, const char *word, struct words *list)
{
        const char *dash = strchr(word, '-');
        uint32_t low, high;
        char *first = arena_strndup(a, word, dash ? (size_t)(dash - word) : strlen(word));

        if (str_to_u32(first, 10, &low) < 0 || str_to_u32(dash ? dash + 1 : first, 10, &high) < 0 || low > high)
                return -EINVAL;
        append(a, list, arena_printf(a, "%u-%u", low, high));
        return 0;
}

int value_word(struct arena *a, const char *word, struct words *list)
{
        append(a, list, arena_strdup(a, word));
        return 0;
}
