/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volume groups that are active and that nobody uses: people can end that by one command. */
#include "base/str.h"
#include "guard/parts.h"
#include "guard/storage.h"

/* A logical volume's group, by its name: "vg-lv", where a dash of either is written twice (lvm(8)). NULL: it is none.
 */
static char *group_of(struct arena *a, const struct node *n)
{
        char *group, *out;

        if (!n->map_name || !strstr(n->label, " lvm "))
                return NULL;
        group = out = arena_strdup(a, n->map_name);
        for (const char *c = n->map_name; *c; c++) {
                if (*c == '-' && *++c != '-') {
                        *out = '\0';
                        return group;
                }
                *out++ = *c;
        }
        return NULL;
}

static bool is_of(struct arena *a, const struct node *n, const char *group)
{
        return streq_ptr(group_of(a, n), group);
}

/* Nothing has the volume but what the host has of any that is active; and no volume of another kind stands on it. */
static bool is_idle(const struct graph *g, size_t volume, const char *group)
{
        const struct evidence *e = g->evidence;

        if (e->nodes[volume].held)
                return false;
        for (size_t u = 0; u < e->n_uses; u++)
                if (e->uses[u].node == volume && !streq(e->uses[u].what, USE_HELD))
                        return false;
        for (size_t i = 0; i < e->n_nodes; i++)
                for (size_t k = 0; k < e->nodes[i].n_below; k++)
                        if (e->nodes[i].below[k] == volume && !is_of(g->arena, &e->nodes[i], group))
                                return false;
        return true;
}

static bool all_idle(const struct graph *g, const char *group)
{
        bool any = false;

        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                if (!is_of(g->arena, &g->evidence->nodes[i], group))
                        continue;
                if (!is_idle(g, i, group))
                        return false;
                any = true;
        }
        return any;
}

void guard_vgchange(struct graph *g)
{
        for (size_t u = 0; u < g->evidence->n_uses; u++) {
                struct use *use = &g->evidence->uses[u];
                const char *group = startswith(use->what, USE_GROUP) ? use->what + strlen(USE_GROUP)
                                    : streq(use->what, USE_HELD) ? group_of(g->arena, &g->evidence->nodes[use->node])
                                                                 : NULL;

                if (group && !guard_group_configured(g, group) && all_idle(g, group))
                        use->ending = arena_join(g->arena, "if it is a guest's: vgchange --activate n ", group, NULL);
        }
}
