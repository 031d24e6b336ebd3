/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes together by slot and IOMMU group, and whether a reason for a refusal fits the machine. */
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define NEEDS    "the host needs it: "
#define UNCLEAR  "not cleared: "
#define ARROW    " ← "
#define KEYBOARD "the only keyboard"

static bool takes_slot(const struct machine *m, const struct function *d)
{
        const struct rule *r = d->rule == NONE ? NULL : &m->rules[d->rule];

        if (!r || r->native)
                return false;
        return r->slot || (!r->match_only && d->class >> 16 == 0x03);
}

static bool linked(const struct machine *m, const struct function *a, const struct function *b)
{
        if (a->group != NONE && a->group == b->group)
                return true;
        return a->vendor == b->vendor && strcmp(a->slot, b->slot) == 0 && (takes_slot(m, a) || takes_slot(m, b));
}

/* All that taking one function has to do with. */
static void company(const struct machine *m, unsigned function, bool in[])
{
        memset(in, 0, COUNT(m->functions) * sizeof(*in));
        in[function] = true;
        for (bool changed = true; changed;) {
                changed = false;
                for (unsigned i = 0; i < m->n_functions; i++)
                        for (unsigned k = 0; k < m->n_functions; k++)
                                if (in[i] && !in[k] && linked(m, &m->functions[i], &m->functions[k]) &&
                                    !is_bridge(&m->functions[i]))
                                        changed = in[k] = true;
        }
}

bool same_company(const struct machine *m, unsigned a, unsigned b)
{
        bool in[COUNT(m->functions)];

        company(m, a, in);
        return in[b];
}

bool must_be_bound(const struct machine *m, unsigned function)
{
        bool in[COUNT(m->functions)], staged = true;
        unsigned n = 0;

        if (m->functions[function].rule == NONE || is_bridge(&m->functions[function]))
                return false;
        company(m, function, in);
        for (unsigned i = 0; i < m->n_functions; i++) {
                const struct function *d = &m->functions[i];

                if (!in[i])
                        continue;
                if (d->class == 0x060400 || d->class == 0x060000)
                        continue;
                if (is_bridge(d) || d->verdict != FREE || d->rule == NONE || m->rules[d->rule].native)
                        return false;
                staged &= m->rules[d->rule].stage_root;
                n++;
        }
        return staged || n == 1; /* halves of a group at different stages are another matter */
}

static bool is_label(const struct machine *m, const char *word)
{
        char label[160];

        for (unsigned i = 0; i < m->n_blocks; i++)
                if (strcmp(word, block_label(&m->blocks[i], label, sizeof(label))) == 0)
                        return true;
        for (unsigned i = 0; i < m->n_interfaces; i++)
                if (strcmp(word, m->interfaces[i].name) == 0)
                        return true;
        for (unsigned i = 0; i < m->n_pools; i++) {
                TEXT(label, "%s %s", m->pools[i].zfs ? "zfs" : "btrfs", m->pools[i].name);
                if (strcmp(word, label) == 0)
                        return true;
        }
        for (unsigned i = 0; i < m->n_uses; i++) /* of the file that a loop device is made of */
                if (m->uses[i].source == BY_MOUNT && strcmp(word, m->uses[i].where) == 0)
                        return true;
        return strcmp(word, "ttyS4") == 0;
}

/* The last word says what for: one of the uses that the function really has. */
static bool is_use_of(const struct machine *m, const struct function *d, const char *word)
{
        for (unsigned i = 0; i < m->n_uses; i++) {
                const struct use *u = &m->uses[i];

                if (d->uses >> i & 1 && (!*u->text || strcmp(u->text, word) == 0))
                        return true;
        }
        if (strncmp(word, KEYBOARD, strlen(KEYBOARD)) == 0) /* and why: "..., where a passphrase may be asked" */
                return passphrase_conceivable(m) && !m->ps2_keyboard && has_keyboard(m, (int)(d - m->functions));
        if (strcmp(word, "iSCSI session") == 0)
                return m->iscsi;
        return d->uses >> OVS_USE & 1 || d->uses >> DECLARED_USE & 1 || (m->swap_file && strcmp(word, "/") == 0);
}

static const char *judge_chain(const struct machine *m, unsigned function, const char *chain)
{
        char copy[1024], *word, *next;
        bool in[COUNT(m->functions)];
        unsigned cause = 0;

        if (strlen(chain) >= sizeof(copy))
                return "the chain is too long to be read";
        strcpy(copy, chain);
        next = strstr(copy, ARROW);
        if (!next)
                return "the chain has no links";
        *next = '\0';
        while (cause < m->n_functions && strcmp(m->functions[cause].address, copy) != 0)
                cause++;
        if (cause == m->n_functions)
                return "the chain does not begin with a function";
        company(m, function, in);
        if (!in[cause])
                return "the chain begins with a function that has nothing to do with this one";
        for (word = next + strlen(ARROW); (next = strstr(word, ARROW)); word = next + strlen(ARROW)) {
                *next = '\0';
                if (!is_label(m, word))
                        return "the chain goes through what is not there";
        }
        /* Behind it stands what people can do. */
        word[strcspn(word, ";")] = '\0';
        if (!is_use_of(m, &m->functions[cause], word))
                return "the chain ends in a use that the function does not have";
        return NULL;
}

const char *judge_reason(const struct machine *m, unsigned function, const char *reason)
{
        const struct function *d = &m->functions[function];
        bool gaps = m->no_block || m->no_mountinfo || m->no_swaps || m->no_route || m->no_net;

        if (m->n_shaped > 0) /* whose words for all that shapes bring are its own */
                return NULL;
        if (strncmp(reason, NEEDS, strlen(NEEDS)) == 0)
                return judge_chain(m, function, reason + strlen(NEEDS));
        if (strncmp(reason, "its class (", strlen("its class (")) == 0) /* said before it is asked what is unclear */
                return d->class >> 16 == 0xff || d->class >> 16 == 0 ? NULL : "its class tells what it is for";
        /* What no rule speaks of is shown for its company alone; and where files are missing, needs do not show. */
        if (d->verdict != NEEDED || d->uses == 0 || d->boot_vga == 1 || d->rule == NONE || gaps)
                return NULL;
        if (strncmp(reason, UNCLEAR, strlen(UNCLEAR)) == 0)
                return !m->udev_data ? NULL : "it is needed, and is said to be unclear";
        return "it is needed, and the reason does not say what for";
}
