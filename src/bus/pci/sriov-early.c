/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an initrd has in use before virtual functions are made: the root file system, and the network where it sets that
 * up (dracut.cmdline(7), Documentation/admin-guide/nfs/nfsroot.rst).
 */
#include "base/str.h"
#include "bus/pci/sriov.h"
#include "cmdline/cmdline.h"
#include "guard/evidence.h"
#include "guard/filesystems.h"
#include "guard/graph.h"

#define MOUNTS "/proc/self/mountinfo"
#define DEPTH  32 /* of what stands upon each other */

static bool is_root(const char *path)
{
        return streq(path, "/") || streq(path, "/usr");
}

static bool reaches_from(const struct evidence *e, size_t node, size_t device, unsigned depth)
{
        const struct node *n = &e->nodes[node];

        if (guard_reached(n, device))
                return true;
        for (size_t i = 0; i < n->n_below && depth < DEPTH; i++)
                if (reaches_from(e, n->below[i], device, depth + 1))
                        return true;
        return false;
}

bool pci_sriov_reaches(const struct evidence *e, size_t node, size_t device)
{
        return reaches_from(e, node, device, 0);
}

/* Not by way of an interface, which need not be up for it. */
static bool is_stored_on(const struct evidence *e, size_t node, size_t device, unsigned depth)
{
        const struct node *n = &e->nodes[node];

        if (n->kind == NODE_BLOCK && guard_reached(n, device))
                return true;
        for (size_t i = 0; n->kind != NODE_INTERFACE && i < n->n_below && depth < DEPTH; i++)
                if (is_stored_on(e, n->below[i], device, depth + 1))
                        return true;
        return false;
}

const char *pci_sriov_up(const struct evidence *e, size_t device)
{
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].kind == NODE_INTERFACE && e->nodes[i].up && guard_reached(&e->nodes[i], device))
                        return e->nodes[i].name;
        return NULL;
}

const char *pci_sriov_disk(const struct evidence *e, size_t device, bool *ret_used)
{
        const char *disk = NULL;

        *ret_used = false;
        for (size_t i = 0; i < e->n_uses; i++)
                *ret_used |= is_stored_on(e, e->uses[i].node, device, 0);
        for (size_t i = 0; i < e->n_nodes && !disk; i++)
                disk = e->nodes[i].kind == NODE_BLOCK && guard_reached(&e->nodes[i], device) ? e->nodes[i].name : NULL;
        return disk;
}

static bool is_remote(const struct evidence *e, size_t node, unsigned depth)
{
        const struct node *n = &e->nodes[node];

        for (size_t i = 0; i < n->n_below && !n->remote && depth < DEPTH; i++)
                if (is_remote(e, n->below[i], depth + 1))
                        return true;
        return n->remote;
}

/* What asks an initrd for a network; named: interfaces are, so that only what means every interface counts. */
static const char *asked(struct arena *a, const struct facts *facts, bool named)
{
        static const char *const names[] = {"ip", "rd.neednet", "netroot", "nfsroot", "nbdroot", "fcoe", "rd.fcoe"};
        static const char *const roots[] = {
                "/dev/nfs", "nfs:", "nfs4:", "iscsi:", "nbd:", "nvmf:", "cifs:", "http", "live:http", "live:nfs"};
        const char *line = facts->cmdline ? facts->cmdline : "";
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(a, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const char *value = tokens[i].value ? tokens[i].value : "";
                bool asks = str_index(tokens[i].name, names, ARRAY_SIZE(names)) >= 0 && !streq(value, "0") &&
                            !streq(value, "off") && !streq(value, "none");

                for (size_t k = 0; streq(tokens[i].name, "root") && k < ARRAY_SIZE(roots); k++)
                        asks |= startswith(value, roots[k]);
                if (asks && (!named || (streq(tokens[i].name, "ip") && !strchr(value, ':'))))
                        return arena_join(a, tokens[i].text, " of the command line", NULL);
        }
        return NULL;
}

/* The root is a server's. Mount points do not show before the fifth word, nor types before a dash. */
static const char *mounted(const struct root *root, struct arena *a)
{
        char *text, *line, *rest;
        size_t size;

        if (root_look(root, a, MOUNTS, &text, &size) != SOURCE_READ)
                return "cannot see what is mounted";
        for (rest = text; (line = strsep(&rest, "\n"));) {
                char *dash = strstr(line, " - "), *type = dash ? dash + strlen(" - ") : NULL, *at = NULL, *words = line;

                for (size_t i = 0; i < 5 && words; i++)
                        at = strsep(&words, " ");
                if (!type || !words || !is_root(at))
                        continue;
                type[strcspn(type, " ")] = '\0';
                if (filesystem_of(type) == FILESYSTEM_NETWORK || filesystem_of(type) == FILESYSTEM_CLUSTER)
                        return arena_join(a, at, " is ", type, NULL);
        }
        return NULL;
}

const char *pci_sriov_early(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                            bool *ret_root)
{
        const struct evidence *e = facts->evidence;
        const char *remote = NULL, *why = NULL;
        bool named = false;

        *ret_root = false;
        for (size_t i = 0; i < e->n_uses; i++) {
                const struct use *u = &e->uses[i];

                if (is_root(u->what)) {
                        *ret_root |= pci_sriov_reaches(e, u->node, device);
                        remote = is_remote(e, u->node, 0) ? arena_join(a, u->what, " is on a server", NULL) : remote;
                } else if (u->by_initrd) {
                        named = true;
                        why = pci_sriov_reaches(e, u->node, device) ? u->what : why;
                }
        }
        why = why ? why : asked(a, facts, named);
        if (why || named)
                return why;
        return remote ? remote : mounted(root, a);
}
