/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/pci/gather.h"
#include "facts/match.h"

#define DEVICES "/sys/bus/pci/devices"
#define SLOTS   "/sys/bus/pci/slots"

/* "/sys/devices/..." for a link in DEVICES, without a further look: the kernel's links there have one shape. */
static char *sysfs_path(const struct root *root, struct arena *a, const char *name)
{
        static const char up[] = "../../../devices/";
        char *link = arena_join(a, DEVICES "/", name, NULL), target[PATH_MAX];

        if (root_readlink(root, link, target, sizeof(target)) > 0 && startswith(target, up) &&
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

        return arena_join(a, dir, name, NULL);
}

/* The same for its path. */
static const char *path_beside(struct arena *a, const struct device *other, const char *name)
{
        const char *slash = strrchr(other->path, '/');

        return slash ? arena_join(a, arena_strndup(a, other->path, (size_t)(slash + 1 - other->path)),
                                  strrchr(name, ':') + 1, NULL)
                     : name;
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
                        if (pci_address_parse(name, &at) && used + n + 2 < sizeof(path)) {
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

/* The last function that its path goes through before itself, whatever is between: VMD has a host bridge of its own. */
static void find_below(struct pci_scan *x, const struct device *before, struct device *d)
{
        const char *end = str_basename(d->sysfs);
        char name[32];

        if (before && str_basename(before->sysfs) - before->sysfs == end - d->sysfs &&
            strncmp(before->sysfs, d->sysfs, (size_t)(end - d->sysfs)) == 0) {
                d->below = before->below;
                return;
        }
        while (end > d->sysfs + 1 && !d->below) {
                const char *start = --end;
                struct pci_address at;
                size_t above;

                while (start > d->sysfs && start[-1] != '/')
                        start--;
                if ((size_t)(end - start) < sizeof(name)) {
                        memcpy(name, start, (size_t)(end - start));
                        name[end - start] = '\0';
                        above = pci_address_parse(name, &at) ? pci_find_at(x->facts->devices, x->facts->n_devices, &at)
                                                             : NO_DEVICE;
                        d->below = above == NO_DEVICE ? NULL : x->facts->devices[above].address;
                }
                end = start;
        }
}

/* Whether some rule may match the function, as far as where it is tells. */
static bool may_match(const struct config *config, const struct facts *facts, const struct device *d)
{
        for (size_t r = 0; r < config->n_rules; r++)
                if (!config->rules[r].invalid && match_place(&config->rules[r], facts, d))
                        return true;
        return false;
}

/* Whether the function stays: those that are gone again, or cannot be told, are left out. */
static bool gather_function(struct pci_scan *x, const struct device *before, struct device *d)
{
        const struct facts_request *request = x->request;
        _cleanup_(pci_dir_close) struct pci_dir dir = PCI_DIR_NONE;
        const struct pci_address *at = &pci_of(d)->at;
        char target[PATH_MAX];

        if (before && pci_of(before)->at.domain == at->domain && pci_of(before)->at.bus == at->bus) {
                d->sysfs = beside(x->arena, before, d->address);
                d->path = path_beside(x->arena, before, d->address);
        } else {
                d->sysfs = sysfs_path(x->root, x->arena, d->address);
                bridge_path(x->arena, d);
        }
        d->group = NO_GROUP;
        d->index = UINT32_MAX;
        /* With many functions and few rules, most need not be asked who they are. */
        if (request->config && !request->parents && !request->identities && !request->everyone &&
            !may_match(request->config, x->facts, d))
                return true;
        if (!pci_identify(x, d))
                return false;
        if (!request->parents && !request->serials)
                return true;

        if (pci_open(x->root, &x->parent, d, &dir) < 0)
                return false;
        if (request->parents && pci_readlink(&dir, "physfn", target, sizeof(target)) > 0)
                d->parent = arena_strdup(x->arena, str_basename(target));
        if (request->serials)
                pci_serial(x, &dir, d);
        return true;
}

/* Physical slots (Documentation/ABI/testing/sysfs-bus-pci, /sys/bus/pci/slots): "address" has no function. */
static void gather_slots(struct pci_scan *x)
{
        const char **names;
        size_t n;
        int k = root_list(x->root, x->arena, SLOTS, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *file = arena_join(x->arena, SLOTS "/", names[i], "/address", NULL), text[64];
                char *name = str_printable(x->arena, names[i]);
                struct pci_address at;

                if (root_read(x->root, file, text, sizeof(text) - 2) <= 0)
                        continue;
                strcat(text, ".0");
                if (!pci_address_parse(text, &at))
                        continue;
                for (at.fn = 0; at.fn < 8; at.fn++) {
                        size_t d = pci_find_at(x->facts->devices, x->facts->n_devices, &at);

                        if (d != NO_DEVICE)
                                x->facts->devices[d].marks[MARK_SLOT] = name;
                }
        }
}

static void gather_interfaces(struct pci_scan *x)
{
        for (size_t i = 0; i < x->facts->n_devices; i++) {
                struct device *d = &x->facts->devices[i];
                struct pci_function *f = pci_own(d);

                if (d->roles & ROLE_INTERFACES)
                        (void)!root_list(x->root, x->arena, arena_join(x->arena, d->sysfs, "/net", NULL),
                                         &f->interfaces, &f->n_interfaces);
        }
}

/* A VF's index is the N of its physical function's virtfnN link. By address, they follow one another. */
static void number_virtual_functions(struct pci_scan *x)
{
        size_t last = NO_DEVICE;
        uint32_t next = 0;

        for (size_t i = 0; i < x->facts->n_devices; i++) {
                struct device *vf = &x->facts->devices[i];
                size_t pf = vf->parent ? facts_find(x->facts, vf->parent) : NO_DEVICE;
                char target[PATH_MAX];

                if (pf == NO_DEVICE)
                        continue;
                for (next = pf == last ? next : 0; vf->index == UINT32_MAX; next++) {
                        char *link = arena_printf(x->arena, "%s/virtfn%u", x->facts->devices[pf].sysfs, next);

                        if (root_readlink(x->root, link, target, sizeof(target)) <= 0)
                                break;
                        if (streq(str_basename(target), vf->address))
                                vf->index = next;
                }
                last = pf;
        }
}

static int compare_functions(const void *a, const void *b)
{
        const struct device *x = a, *y = b;

        return pci_address_compare(&pci_of(x)->at, &pci_of(y)->at);
}

/* All there are, by address: pci_find_at() needs it. */
static int list_functions(struct pci_scan *x)
{
        struct facts *facts = x->facts;
        struct pci_function *functions;
        bool sorted = true;
        const char **names;
        size_t n;
        int k = root_list(x->root, x->arena, DEVICES, &names, &n);

        if (k < 0)
                return k;
        facts->devices = arena_alloc(x->arena, n * sizeof(*facts->devices));
        functions = arena_alloc(x->arena, n * sizeof(*functions));
        for (size_t i = 0; i < n; i++) {
                struct device *d = &facts->devices[facts->n_devices];
                struct pci_function *f = &functions[facts->n_devices];

                if (!pci_address_parse(names[i], &f->at))
                        continue;
                *d = (struct device){.bus = &pci_bus, .address = names[i], .own = f};
                sorted = sorted && (facts->n_devices == 0 || compare_functions(d - 1, d) < 0);
                facts->n_devices++;
        }
        if (!sorted)
                qsort(facts->devices, facts->n_devices, sizeof(*facts->devices), compare_functions);
        return 0;
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct pci_scan x = {.root = root, .arena = a, .request = request, .facts = facts, .parent = PCI_PARENT_NONE};
        const struct device *before = NULL;
        size_t n = 0;
        int k = list_functions(&x);

        for (size_t i = 0; k == 0 && i < facts->n_devices; i++) {
                struct device *d = &facts->devices[i];

                /* A machine put together by hand may be otherwise. */
                if (!gather_function(&x, before, d) && !(before && gather_function(&x, NULL, d)))
                        continue;
                before = &facts->devices[n];
                facts->devices[n++] = *d;
        }
        facts->n_devices = n;
        for (size_t i = 0; i < n; i++)
                find_below(&x, i > 0 ? &facts->devices[i - 1] : NULL, &facts->devices[i]);
        if (request->slots)
                gather_slots(&x);
        if (request->parents) {
                number_virtual_functions(&x);
                gather_interfaces(&x);
        }
        pci_details(&x);
        pci_parent_close(&x.parent);
        return k;
}

const struct bus_source pci_source = {.bus = &pci_bus, .gather = gather};
