/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual functions of network cards, and whether their number changes where the host or a virtual machine uses one, or
 * the card itself. Every change takes all of them away, and interrupts the card's own link.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdicts.h"

#define TOTAL 8
#define MOST  6 /* of all cards of a machine: they have interfaces, for which there is room */

void make_virtual(struct machine *m)
{
        static const char *const drivers[] = {"iavf", "iavf", "vfio-pci", "vfio-pci", NULL};
        unsigned n = m->n_functions;

        for (unsigned i = 0; i < n; i++) {
                struct function *pf = &m->functions[i];
                unsigned wanted;

                if (pf->class != 0x020000 || pf->vendor != 0x8086 || pf->device != 0x1572 || !chance(m, 65))
                        continue;
                pf->total = TOTAL;
                m->n_capable++;
                wanted = chance(m, 40) ? 0 : 1 + below(m, 3);
                for (; wanted > 0 && m->on_third_bus < MOST && pf->driver; wanted--) {
                        int group = chance(m, 10) ? pf->group : NONE;
                        int vf = add_virtual_function(m, (int)i, drivers[below(m, COUNT(drivers))], group);
                        const char *driver = m->functions[vf].driver;

                        m->functions[vf].held = driver && strcmp(driver, "vfio-pci") == 0 && chance(m, 40);
                }
        }
}

void write_virtual(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_functions; i++) {
                const struct function *d = &m->functions[i];

                if (d->total > 0) {
                        put(f("sys/%s/sriov_totalvfs", d->dir), "%u\n", d->total);
                        put(f("sys/%s/sriov_numvfs", d->dir), "%u\n", d->enabled);
                        put(f("sys/%s/sriov_drivers_autoprobe", d->dir), "1\n");
                }
                if (d->physical == NONE)
                        continue;
                link_sys(f("%s/physfn", d->dir), m->functions[d->physical].dir);
                link_sys(f("%s/virtfn%u", m->functions[d->physical].dir, d->index), d->dir);
                if (d->held) {
                        put(f("proc/%u/comm", 4000 + i), "qemu-system-x86\n");
                        make_dirs(f("proc/%u/fd", 4000 + i));
                        link_to(f("proc/%u/fd/9", 4000 + i), f("/dev/vfio/%d", d->group));
                }
        }
}

bool virtual_asked(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_functions; i++)
                if (m->functions[i].total > 0 && m->functions[i].rule != NONE && m->rules[m->functions[i].rule].virtual)
                        return true;
        return false;
}

static bool reaches(const struct machine *m, int interface, unsigned function)
{
        const struct interface *i = &m->interfaces[interface];

        if (i->function == (int)function)
                return true;
        for (unsigned k = 0; k < i->n_lower; k++)
                if (reaches(m, i->lower[k], function))
                        return true;
        return false;
}

static bool is_up(const struct machine *m, unsigned function)
{
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].function == (int)function && m->interfaces[i].up)
                        return true;
        return false;
}

/* An interface of it that is up, a port of another, or in another network namespace; or a virtual machine. */
static bool is_used(const struct machine *m, unsigned function)
{
        const struct function *d = &m->functions[function];
        bool shows = false, busy = false;

        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].function == (int)function) {
                        shows = true;
                        busy |= m->interfaces[i].up || m->interfaces[i].master != NONE;
                }
        return d->held || busy || d->verdict == NEEDED || (d->driver && strcmp(d->driver, "iavf") == 0 && !shows);
}

static bool functions_are_used(const struct machine *m, unsigned physical)
{
        for (unsigned i = 0; i < m->n_functions; i++)
                if (m->functions[i].physical == (int)physical && is_used(m, i))
                        return true;
        return false;
}

/* The initrd sets up any network that it finds, or names this one: it is in use before the boot could make any. */
static bool is_early(const struct machine *m, unsigned function)
{
        if (m->functions[function].verdict != NEEDED || !is_up(m, function))
                return false;
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (m->interfaces[i].declared == BY_COMMAND_LINE && reaches(m, (int)i, function))
                        return true;
        return m->nfs_root;
}

unsigned virtual_planned(const struct machine *m, const char *json, struct tally *tally)
{
        struct json_object *plan = json_tokener_parse(json), *ops = NULL, *o;
        unsigned wrong = 0;

        if (!plan || !json_object_object_get_ex(plan, "operations", &ops)) {
                json_object_put(plan);
                return 1;
        }
        for (size_t i = 0; i < json_object_array_length(ops); i++)
                for (unsigned k = 0; k < m->n_functions; k++) {
                        const struct function *d = &m->functions[k];

                        json_object_object_get_ex(json_object_array_get_idx(ops, i), "target", &o);
                        if (strcmp(json_object_get_string(o), f("/sys/bus/pci/devices/%s/sriov_numvfs", d->address)) !=
                            0)
                                continue;
                        tally->counts_planned++;
                        if (is_early(m, k))
                                wrong += verdicts_wrong(m, k, "is to have virtual functions, and is up before", "");
                }
        json_object_put(plan);
        return wrong;
}

static unsigned number_of(const struct function *d)
{
        FILE *file = fopen(f("sys/%s/sriov_numvfs", d->dir), "re");
        unsigned n;

        if (!file || fscanf(file, "%u", &n) != 1)
                err(2, "%s: sriov_numvfs", d->address);
        fclose(file);
        return n;
}

unsigned virtual_made(const struct machine *m, struct tally *tally)
{
        unsigned wrong = 0;
        int status;

        for (unsigned i = 0; i < m->n_rules; i++) {
                const char *const arguments[] = {"--now", f("%02u-rule", i), NULL};

                if (m->rules[i].virtual)
                        run_program(PASSTHROUGH_SRIOV, arguments, &status);
        }
        for (unsigned i = 0; i < m->n_functions; i++) {
                const struct function *d = &m->functions[i];
                bool changed = d->total > 0 && number_of(d) != d->enabled;

                tally->counts_changed += changed;
                tally->counts_kept += d->total > 0 && !changed;
                if (!changed)
                        continue;
                if (d->rule == NONE || !m->rules[d->rule].virtual || strcmp(m->rules[d->rule].virtual, "existing") == 0)
                        wrong += verdicts_wrong(m, i, "has another number of virtual functions, for no rule", "");
                if (functions_are_used(m, i))
                        wrong += verdicts_wrong(m, i, "loses virtual functions that are used", "");
                if (d->verdict >= UNKNOWN && is_up(m, i))
                        wrong += verdicts_wrong(m, i, "is interrupted", "");
        }
        return wrong;
}
