/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run has met, and what a single machine is. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "verdicts.h"

static const char *const kinds[] = {"disk", "cdrom",     "hidden path",         "head", "partition", "crypt",
                                    "lvm",  "multipath", "multipath partition", "raid", "bcache",    "loop"};
static const char *const sources[] = {
        "mount", "swap", "fstab", "unit", "crypttab", "root=", "resume=", "rd.luks", "holder", "route", "console"};
static const char *const interface_kinds[] = {"physical", "vlan", "bond",         "bridge", "team",
                                              "macvlan",  "ovs",  "ovs internal", "tunnel", "empty bridge"};
static const char *const more[] = {"btrfs",      "zfs",     "unresolved", "usb disk",         "virtio-blk",
                                   "passphrase", "ps2",     "nfs root",   "no mountinfo",     "boot display",
                                   "vmd",        "no tags", "iscsi",      "virtual function", "rule that makes them"};

#define FEATURES (COUNT(kinds) + COUNT(sources) + COUNT(interface_kinds) + COUNT(more))

static const char *feature_name(size_t i)
{
        if (i < COUNT(kinds))
                return kinds[i];
        i -= COUNT(kinds);
        if (i < COUNT(sources))
                return sources[i];
        i -= COUNT(sources);
        return i < COUNT(interface_kinds) ? interface_kinds[i] : more[i - COUNT(interface_kinds)];
}

void tally_features(const struct machine *m, struct tally *tally)
{
        bool seen[FEATURES] = {false}, *of_sources = seen + COUNT(kinds);
        bool *of_interfaces = of_sources + COUNT(sources), *others = of_interfaces + COUNT(interface_kinds);

        _Static_assert(FEATURES <= COUNT(tally->seen), "room for all");
        for (unsigned i = 0; i < m->n_blocks; i++) {
                const struct block *b = &m->blocks[i];

                seen[b->kind] = true;
                others[3] |= b->kind == DISK && m->functions[b->functions[0]].class == 0x0c0330;
                others[4] |= strncmp(b->name, "vd", 2) == 0;
        }
        for (unsigned i = 0; i < m->n_uses; i++) {
                of_sources[m->uses[i].source] = true;
                others[2] |= m->uses[i].spec == SPEC_NOWHERE;
        }
        for (unsigned i = 0; i < m->n_interfaces; i++)
                of_interfaces[m->interfaces[i].kind] = true;
        for (unsigned i = 0; i < m->n_pools; i++)
                others[m->pools[i].zfs] |= m->pools[i].mounted;
        for (unsigned i = 0; i < m->n_functions; i++) {
                others[9] |= m->functions[i].boot_vga == 1;
                others[10] |= m->functions[i].class == 0x010400;
        }
        others[5] = passphrase_possible(m);
        others[6] = m->ps2_keyboard;
        others[7] = m->nfs_root;
        others[8] = m->no_mountinfo;
        others[11] = !m->udev_data && !m->dev_links;
        others[12] = m->iscsi;
        others[13] = m->on_third_bus > 0;
        others[14] = virtual_asked(m);
        for (size_t i = 0; i < FEATURES; i++)
                tally->seen[i] += seen[i];
}

void tally_add(struct tally *to, const struct tally *from)
{
        uint64_t *a = (uint64_t *)to;
        const uint64_t *b = (const uint64_t *)from;

        for (size_t i = 0; i < sizeof(*to) / sizeof(*a); i++)
                a[i] += b[i];
}

int tally_report(const struct tally *t, uint64_t seed, uint64_t n)
{
        bool missed = false;

        printf("# %llu machines: of the functions that rules match %llu needed, %llu unknown, and %llu that had to be "
               "taken "
               "and were; %llu refusals, %llu with a chain\n# met:",
               (unsigned long long)t->trees, (unsigned long long)t->needed, (unsigned long long)t->unknown,
               (unsigned long long)t->free_bound, (unsigned long long)t->refused, (unsigned long long)t->chains);
        for (size_t i = 0; i < FEATURES; i++) {
                printf(" %s %llu%s", feature_name(i), (unsigned long long)t->seen[i], i + 1 < FEATURES ? "," : "\n");
                missed |= t->seen[i] == 0;
        }
        printf("# free functions that are taken behind an image: %llu by the plan, %llu in the initrd, %llu at the "
               "root "
               "stage; and %llu as they appear\n",
               (unsigned long long)t->taken[0], (unsigned long long)t->taken[1], (unsigned long long)t->taken[2],
               (unsigned long long)t->taken[3]);
        printf("# numbers of virtual functions: %llu planned for a boot, %llu changed by hand, %llu left as they are\n",
               (unsigned long long)t->counts_planned, (unsigned long long)t->counts_changed,
               (unsigned long long)t->counts_kept);
        printf("# of USB devices: %llu needed, %llu unknown, %llu that had to be taken and were; of serial ports %llu, "
               "%llu, "
               "%llu\n",
               (unsigned long long)t->plugs_needed, (unsigned long long)t->plugs_unknown,
               (unsigned long long)t->plugs_taken, (unsigned long long)t->ports_needed,
               (unsigned long long)t->ports_unknown, (unsigned long long)t->ports_taken);
        printf("# of USB devices that rules mean: %llu by ID, %llu by their socket, %llu by serial number, of which "
               "%llu "
               "were too many; %llu claimed by images, %llu on the way up, %llu on the host\n",
               (unsigned long long)t->asked_by[0], (unsigned long long)t->asked_by[1],
               (unsigned long long)t->asked_by[2], (unsigned long long)t->asked_by[3],
               (unsigned long long)t->claimed[0], (unsigned long long)t->claimed[1], (unsigned long long)t->claimed[2]);
        for (size_t i = 0; i < COUNT(t->claimed); i++)
                missed |= t->claimed[i] == 0;
        for (size_t i = 0; i < COUNT(t->asked_by); i++)
                missed |= t->asked_by[i] == 0;
        missed |= t->plugs_needed == 0 || t->plugs_unknown == 0 || t->plugs_taken == 0;
        missed |= t->ports_needed == 0 || t->ports_unknown == 0 || t->ports_taken == 0;
        missed |= t->counts_planned == 0 || t->counts_changed == 0 || t->counts_kept == 0;
        for (size_t i = 0; i < COUNT(t->taken); i++)
                missed |= t->taken[i] == 0;
        missed = n >= 500 && (missed || t->needed == 0 || t->unknown == 0 || t->free_bound == 0 || t->chains == 0);
        if (missed)
                printf("# some part of it was never asked\n");
        printf("%sok - guard: %llu shapes, each alone; %llu judged wrongly, %llu more are known to be\n",
               t->shapes_failed ? "not " : "", (unsigned long long)t->shapes, (unsigned long long)t->shapes_failed,
               (unsigned long long)t->known);
        printf("%sok - guard: %llu machines, seeds %llu to %llu, %llu judged wrongly\n",
               t->failed || missed || (n > 0 && t->trees == 0) ? "not " : "", (unsigned long long)t->trees,
               (unsigned long long)seed, (unsigned long long)(seed + n - 1), (unsigned long long)t->failed);
        return t->failed > 0 || t->shapes_failed > 0 || missed || t->trees == 0;
}

static int function_of(const struct machine *m, const struct shaped *s, unsigned i)
{
        if (s->axis == NETWORK)
                return m->interfaces[s->at[i]].function;
        if (s->axis == PEOPLE && i > 0)
                return s->at[i];
        return m->blocks[m->blocks[s->at[i]].disk == NONE ? s->at[i] : m->blocks[s->at[i]].disk].functions[0];
}

void verdicts_shaped(const struct machine *m, int function)
{
        for (unsigned i = 0; i < m->n_shaped; i++)
                for (unsigned k = 0; k <= OTHER; k++) {
                        const struct shaped *s = &m->shaped[i];
                        unsigned n = s->axis == PEOPLE ? 2 : s->n_subjects;

                        if ((k == OTHER || k < n) && function_of(m, s, k) == function)
                                printf("#     %s of shape \"%s\"\n",
                                       k == OTHER ? "it is the other device" : "it is a subject", s->shape->name);
                }
}

static void show_uses(const struct machine *m)
{
        char what[200];

        for (unsigned i = 0; i < m->n_uses; i++) {
                const struct use *u = &m->uses[i];

                what[0] = '\0';
                if (u->source >= BY_FSTAB && u->source <= BY_LUKS)
                        spec_text(m, u, what, sizeof(what));
                printf("#   use %u: %s %s %s %s on %s\n", i, sources[u->source], u->where, u->text, what,
                       u->on == ON_BLOCK       ? m->blocks[u->at].name
                       : u->on == ON_POOL      ? m->pools[u->at].name
                       : u->on == ON_INTERFACE ? m->interfaces[u->at].name
                       : u->on == ON_FUNCTION  ? m->functions[u->at].address
                                               : "nothing");
        }
}

void verdicts_show(const struct machine *m)
{
        printf("# seed %llu%s%s%s%s%s%s%s%s%s\n", (unsigned long long)m->seed, m->no_mountinfo ? ", no mountinfo" : "",
               m->no_swaps ? ", no swaps" : "", m->no_block ? ", no block" : "", m->no_route ? ", no routes" : "",
               m->no_net ? ", no net" : "", m->udev_data ? ", udev data" : "", m->dev_links ? ", links" : "",
               passphrase_possible(m) ? ", a passphrase" : "", m->ps2_keyboard ? ", PS/2" : "");
        for (unsigned i = 0; i < m->n_functions; i++) {
                const struct function *d = &m->functions[i];

                printf("#   %s %04x:%04x %06x %s group %d rule %d: %s%s\n", d->address, d->vendor, d->device, d->class,
                       d->driver ? d->driver : "-", d->group, d->rule, verdict_names[d->verdict],
                       must_be_bound(m, i) ? ", must be taken" : "");
        }
        for (unsigned i = 0; i < m->n_blocks; i++) {
                const struct block *b = &m->blocks[i];

                printf("#   %s: %s %s on", b->name, kinds[b->kind], b->type ? b->type : "blank");
                for (unsigned k = 0; k < b->n_below; k++)
                        printf(" %s", m->blocks[b->below[k]].name);
                for (unsigned k = 0; k < b->n_functions; k++)
                        printf(" %s", m->functions[b->functions[k]].address);
                printf("%s\n", b->kind == PARTITION ? " its disk" : "");
        }
        for (unsigned i = 0; i < m->n_interfaces; i++)
                printf("#   %s: %s%s on %s\n", m->interfaces[i].name, interface_kinds[m->interfaces[i].kind],
                       m->interfaces[i].up ? " up" : "",
                       m->interfaces[i].function == NONE ? "-" : m->functions[m->interfaces[i].function].address);
        show_uses(m);
        for (unsigned i = 0; i < m->n_shaped; i++)
                printf("#   shape %u: %s\n", i, m->shaped[i].shape->name);
        for (unsigned i = 0; i < m->n_rules; i++)
                printf("#   rule %u: %s %s%s%s%s%s\n", i, m->rules[i].match[0], m->rules[i].match[1],
                       m->rules[i].complete ? " complete" : "", m->rules[i].slot ? " slot" : "",
                       m->rules[i].native ? " native" : "", m->rules[i].stage_root ? " root" : "");
}
