/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names PCI functions so that it survives renumbering. Pure. */
#include "base/str.h"
#include "bus/pci/pci.h"
#include "facts/facts.h"
#include "facts/identity.h"

/*
 * What holds data is told by its serial number, too: another disk in the same place is another disk. That is the PCI
 * Express device's: the disk's own is not known before the native driver has it. Other cards may be replaced.
 */
static const char *lasting_serial(const struct facts *facts, const struct device *d)
{
        return startswith(d->class, "01") ? identity_mark(facts, d, MARK_SERIAL) : NULL;
}

/* A word at the end of a list that does not have it. */
static void add_word(struct arena *a, const char **list, const char *word)
{
        size_t n = strlen(word);

        for (const char *c = *list; *c; c += strspn(c, " ")) {
                size_t m = strcspn(c, " ");

                if (m == n && memcmp(c, word, n) == 0)
                        return;
                c += m;
        }
        *list = arena_join(a, *list, **list ? " " : "", word, NULL);
}

static bool is_vf(const struct device *d)
{
        return d->parent && d->index != UINT32_MAX;
}

/* The path of a virtual function depends on how many there are. */
static void match_vfs(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char *ids,
                      const char **ret, const char **ret_why)
{
        const char *of = facts->devices[devices[0]].parent, *indexes = "";
        size_t parent = of ? facts_find(facts, of) : NO_DEVICE;

        if (of && parent == NO_DEVICE) {
                *ret_why = "the physical function of this virtual function is not there";
                return;
        }
        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[devices[i]];
                const char *index;

                if (!is_vf(d) || !streq_ptr(d->parent, of)) {
                        *ret_why = "virtual functions of one parent go into one rule, and nothing else with them";
                        return;
                }
                index = arena_printf(a, "%u", d->index);
                add_word(a, &indexes, index);
        }
        *ret = arena_join(a, "ID=", ids, "\nParent=", facts->devices[parent].path, "\nVirtualFunction=", indexes, "\n",
                          NULL);
}

void pci_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why)
{
        const char *ids = "", *paths = "", *serials = "";
        bool all_serials = true, vf = false;

        *ret = *ret_why = NULL;
        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[devices[i]];
                const char *serial = lasting_serial(facts, d);

                if (!d->identified || !*d->id) {
                        *ret_why = arena_printf(a, "%s does not show its IDs", d->address);
                        return;
                }
                vf |= is_vf(d);
                all_serials &= serial != NULL;
                add_word(a, &ids, d->id);
                add_word(a, &paths, d->path);
                if (serial)
                        add_word(a, &serials, serial);
        }
        if (vf) {
                match_vfs(a, facts, devices, n, ids, ret, ret_why);
                return;
        }
        *ret = arena_join(a, "ID=", ids, "\nPath=", paths, "\n", NULL);
        if (*ret && all_serials)
                *ret = arena_join(a, *ret, "Serial=", serials, "\n", NULL);
}
