/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/model.h"

#include "base/str.h"

/* The first of these ends the name that a company goes by. */
static const char *const legal[] = {
        "Advanced", "AG",      "AS",          "Co",           "Co.",           "Communications", "Company",
        "Corp",     "Corp.",   "Corporation", "Electronics",  "GmbH",          "Group",          "Inc",
        "Inc.",     "Limited", "Ltd",         "Ltd.",         "Semiconductor", "Semiconductors", "Systems",
        "PLC",      "S.p.A.",  "Technology",  "Technologies",
};

/* Inside the last pair of brackets, where the text ends with it; else NULL. */
static const char *bracketed(struct arena *a, const char *text)
{
        const char *open = strrchr(text, '[');
        size_t n = open ? strlen(open) : 0;

        return n > 2 && open[n - 1] == ']' ? arena_strndup(a, open + 1, n - 2) : NULL;
}

/* "Advanced Micro Devices, Inc. [AMD/ATI]" is AMD, "Samsung Electronics Co Ltd" is Samsung. */
static const char *short_vendor(struct arena *a, const char *vendor)
{
        const char *inside = bracketed(a, vendor), *text = "", **words;
        size_t n;

        if (inside)
                return arena_strndup(a, inside, strcspn(inside, "/"));
        str_words(a, vendor, &words, &n);
        for (size_t i = 0; i < n; i++) {
                size_t length = strlen(words[i]);
                const char *word = arena_strndup(a, words[i], length - (words[i][length - 1] == ','));

                if (i > 0 && str_index(word, legal, ARRAY_SIZE(legal)) >= 0)
                        break;
                text = arena_join(a, text, *text ? " " : "", word, NULL);
        }
        return text;
}

/* The kind is in the list's heading already. */
static const char *short_device(struct arena *a, const char *device)
{
        static const char *const before[] = {"NVMe SSD Controller ", "Ethernet Controller ", "Non-Volatile memory "};
        static const char *const behind[] = {" Controller", " controller", " Family", " (DRAM-less)"};
        const char *inside = bracketed(a, device);

        if (inside)
                return inside;
        for (size_t i = 0; i < ARRAY_SIZE(before); i++)
                if (startswith(device, before[i]) && device[strlen(before[i])])
                        device += strlen(before[i]);
        for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
                if (endswith(device, behind[i]))
                        device = arena_strndup(a, device, strlen(device) - strlen(behind[i]));
        return device;
}

const char *model_short(struct arena *a, const struct device *d, const struct pci_name *name)
{
        const char *vendor = short_vendor(a, name->vendor), *device = short_device(a, name->device);

        if (!*d->id)
                return d->said_model ? d->said_model : "does not say what it is";
        if (!*device)
                return arena_join(a, vendor, *vendor ? " " : "", d->id, NULL);
        /* "Samsung Samsung SSD", "AMD AMD-8131". */
        return startswith(device, vendor) ? device : arena_join(a, vendor, " ", device, NULL);
}

const char *model_bare(struct arena *a, const char *model, const struct pci_name *name)
{
        const char *vendor = arena_join(a, short_vendor(a, name->vendor), " ", NULL);

        return startswith(model, vendor) ? model + strlen(vendor) : model;
}

const char *model_full(struct arena *a, const struct pci_name *name)
{
        return arena_join(a, name->vendor, *name->vendor && *name->device ? " " : "", name->device, NULL);
}

static bool on(const struct node *n, size_t device)
{
        for (size_t i = 0; i < n->n_devices; i++)
                if (n->devices[i] == device)
                        return true;
        return false;
}

/* Another node of its kind has the name that its directory has: the disk of a partition. */
static bool is_part(const struct evidence *e, const struct node *n)
{
        for (size_t i = 0; n->parent && i < e->n_nodes; i++)
                if (e->nodes[i].kind == n->kind && streq(e->nodes[i].name, n->parent))
                        return true;
        return false;
}

struct strings model_nodes(struct arena *a, const struct facts *facts, size_t device)
{
        const struct evidence *e = facts->evidence;
        struct strings names = {};

        /* What is behind a bridge is on another's line. */
        if (facts->devices[device].roles & ROLE_BRIDGE)
                return names;
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].kind <= NODE_TERMINAL && e->nodes[i].kind != NODE_POOL && on(&e->nodes[i], device) &&
                    !is_part(e, &e->nodes[i]) && !streq(e->nodes[i].name, facts->devices[device].address))
                        strings_add(a, &names, str_printable(a, e->nodes[i].name));
        return names;
}

struct cell_device model_cell(struct arena *a, const struct facts *facts, size_t device, const struct pci_name *name)
{
        const struct strings nodes = model_nodes(a, facts, device);
        struct cell_device cell = {.model = model_short(a, &facts->devices[device], name), .nodes = ""};

        cell.bare = model_bare(a, cell.model, name);
        if (nodes.n > 0)
                cell.nodes = nodes.n == 1 ? nodes.v[0] : arena_printf(a, "%s and %zu more", nodes.v[0], nodes.n - 1);
        return cell;
}
