/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/facts.h"

#include <errno.h>

#include "base/str.h"
#include "facts/gather.h"

void facts_request_driver(struct facts_request *request, struct arena *a, const char *name)
{
        for (size_t i = 0; i < request->n_drivers; i++)
                if (streq(request->drivers[i], name))
                        return;
        str_add(a, &request->drivers, &request->n_drivers, name);
}

void facts_request_for(const struct config *config, struct arena *a, struct facts_request *ret)
{
        struct facts_request request = {.config = config};

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *r = &config->rules[i];

                request.slots |= r->match[MATCH_SLOT].n > 0;
                request.serials |= r->match[MATCH_SERIAL].n > 0;
                request.machine |=
                        r->match[MATCH_HOST].n > 0 || r->match[MATCH_PRODUCT].n > 0 || r->match[MATCH_TAG].n > 0;
                request.parents |= r->match[MATCH_PARENT].n > 0 || r->sriov || r->vgpu;
                request.machine |= r->sriov || r->vgpu;
                request.vgpus |= r->vgpu != NULL;
                request.everyone |= r->bus->on_others;
                if (r->invalid)
                        continue;
                if (r->sriov) {
                        request.variants = request.use = true;
                        facts_request_driver(&request, a, DRIVER_VFIO_PCI);
                }
                request.variants |= r->driver == DRIVER_AUTO;
                request.use |= r->driver != DRIVER_NATIVE;
                if (r->driver != DRIVER_NATIVE && !r->bus->taken_by)
                        facts_request_driver(&request, a, driver_of_rule(r));
        }
        *ret = request;
}

/* A one-line file; *ret stays NULL where it is not there. */
static void read_line(const struct root *root, struct arena *a, const char *path, const char **ret)
{
        char text[256];
        ssize_t n = root_read(root, path, text, sizeof(text));

        if (n <= 0)
                return;
        text[strcspn(text, "\n")] = '\0';
        *ret = arena_strdup(a, str_trim(text));
}

/* "uninitialized" until systemd has made one, and nothing in an image that is for many hosts: machine-id(5). */
static void read_machine_id(const struct root *root, struct arena *a, const char *path, const char **ret)
{
        const char *id = NULL;

        read_line(root, a, path, &id);
        if (id && strlen(id) == 32 && id[strspn(id, "0")] && !id[strspn(id, "0123456789abcdefABCDEF")])
                *ret = id;
}

/*
 * A generic boot image knows no host name. What the image was built with counts where it runs on the machine that it
 * was built on, which the firmware's UUID tells.
 */
static void read_image_machine(const struct root *root, struct arena *a, struct facts *facts)
{
        const char *here = NULL, *built = NULL;

        read_line(root, a, PRODUCT_UUID, &here);
        read_line(root, a, IMAGE_MACHINE "/product_uuid", &built);
        if (!here || !built || !streq(here, built))
                return;
        read_line(root, a, IMAGE_MACHINE "/hostname", &facts->hostname);
        read_machine_id(root, a, IMAGE_MACHINE "/machine-id", &facts->machine_id);
        read_line(root, a, IMAGE_MACHINE "/tags", &facts->tags);
}

/* As shells have it, without quotes around it (machine-info(5)). */
static char *unquoted(char *value)
{
        size_t n = strlen(value = str_trim(value));

        if (n < 2 || !strchr("\"'", *value) || value[n - 1] != *value)
                return value;
        value[n - 1] = '\0';
        return value + 1;
}

/* TAGS=A:B of machine-info(5); the last one counts. An initrd without that file knows none. */
static void read_tags(const struct root *root, struct arena *a, struct facts *facts)
{
        char *text, *rest;
        size_t size;
        enum source source = root_look(root, a, "/etc/machine-info", &text, &size);

        if (source == SOURCE_READ || (source == SOURCE_ABSENT && !facts->in_initrd))
                facts->tags = "";
        if (source != SOURCE_READ)
                return;
        rest = text;
        for (char *line; (line = strsep(&rest, "\n"));)
                if (startswith(line, "TAGS="))
                        facts->tags = unquoted(line + strlen("TAGS="));
}

static void find_initrd(const struct root *root, const struct initrd *const *initrds, struct facts *facts)
{
        const struct initrd *here = initrd_here(root, initrds);

        facts->in_initrd = here;
        facts->initrd = here ? here : initrds[0];
        facts->initrds = initrds;
}

void facts_read_machine(const struct root *root, struct arena *a, const struct initrd *const *initrds,
                        struct facts *facts)
{
        find_initrd(root, initrds, facts);
        read_line(root, a, "/sys/class/dmi/id/product_name", &facts->product);
        if (facts->in_initrd)
                read_image_machine(root, a, facts);
        if (!facts->hostname)
                read_line(root, a, "/etc/hostname", &facts->hostname);
        if (!facts->machine_id)
                read_machine_id(root, a, "/etc/machine-id", &facts->machine_id);
        if (!facts->tags)
                read_tags(root, a, facts);
}

/* Devices of the first bus stand in each other's way whatever the rules are for. */
static bool asked_for(const struct facts_request *request, const struct bus_syntax *bus)
{
        if (bus->made && request->config)
                return request->vgpus;
        for (size_t i = 0; request->config && i < request->config->n_rules; i++)
                if (request->config->rules[i].bus == bus || request->config->rules[i].bus->on_others)
                        return true;
        return !request->config;
}

/* Each bus gathers its own as if there were no other; those of the first need not be copied. */
static int gather_devices(const struct root *root, struct arena *a, const struct bus_source *const *sources,
                          const struct facts_request *request, struct facts *facts)
{
        for (size_t i = 0; sources[i]; i++) {
                if (!sources[i]->gather || (i > 0 && !asked_for(request, sources[i]->bus->syntax)))
                        continue;
                struct bus_devices *place = arena_grow(a, &facts->buses, facts->n_buses, sizeof(*facts->buses)), alone;
                struct facts own = *facts;
                struct device *both;
                int k;

                alone = (struct bus_devices){.bus = sources[i]->bus};
                *place = (struct bus_devices){sources[i]->bus, facts->n_devices};
                facts->n_buses++;
                own.gathered = facts;
                own.devices = NULL;
                own.n_devices = 0;
                own.buses = &alone;
                own.n_buses = 1;
                k = sources[i]->gather(root, a, request, &own);
                if (k < 0)
                        return k;
                both = own.devices;
                if (place->first > 0) {
                        both = arena_alloc(a, (place->first + own.n_devices) * sizeof(*both));
                        memcpy(both, facts->devices, place->first * sizeof(*both));
                        if (own.n_devices > 0)
                                memcpy(both + place->first, own.devices, own.n_devices * sizeof(*both));
                }
                facts->devices = both;
                facts->n_devices = place->first + own.n_devices;
        }
        return 0;
}

int facts_gather(const struct root *root, struct arena *a, const struct facts_sources *sources,
                 const struct facts_request *request, struct facts *ret)
{
        struct facts_request needed = *request;
        struct facts facts = *ret;
        char *line;
        size_t size;
        int k = facts.switches_known ? 0 : facts_read_switches(root, a, &facts);

        if (k < 0)
                return k;
        /* Switches that do not count here leave the line as it is. */
        if (!facts.cmdline && root_look(root, a, "/proc/cmdline", &line, &size) == SOURCE_READ)
                facts.cmdline = line;
        find_initrd(root, sources->initrds, &facts);
        facts.booting = facts.in_initrd || request->booting;
        facts.arriving = request->arriving;
        facts.root_stage = request->root_stage;
        facts.kernel = request->kernel;
        if (!facts.kernel)
                read_line(root, a, "/proc/sys/kernel/osrelease", &facts.kernel);
        clearance_read(root, a, &facts.clearance);
        if (facts.root_stage && facts.in_initrd && facts.clearance.elsewhere)
                clearance_read_host(root, a, facts.initrd->root, facts.cmdline, &facts.clearance);
        needed.identities |= facts.clearance.n_devices > 0;
        needed.slots |= needed.identities;
        request = &needed;
        if (request->machine)
                facts_read_machine(root, a, sources->initrds, &facts);
        k = gather_devices(root, a, sources->buses, request, &facts);
        if (k < 0)
                return k;
        modules_gather(root, a, request, &facts);
        facts_index_groups(a, &facts);
        facts_index_below(a, &facts);
        sources->guard(root, a, request, &facts);
        if (request->builtin)
                modules_gather_builtin(root, a, &facts);
        *ret = facts;
        return 0;
}

void facts_as_at_boot(struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices && !facts->in_initrd; i++) {
                struct device *d = &facts->devices[i];

                if (!d->driver_builtin)
                        d->driver = NULL;
                d->driver_override = NULL;
        }
}
