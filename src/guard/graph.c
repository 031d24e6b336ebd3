/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/graph.h"

#include "base/str.h"

size_t guard_find(const struct graph *g, enum node_kind kind, const char *name)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (g->evidence->nodes[i].kind == kind && streq(g->evidence->nodes[i].name, name))
                        return i;
        return NO_NODE;
}

/* ".../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/eth0" is on ".../usb1/1-2". */
static const char *plug_of(struct arena *a, const char *link)
{
        const char *from = strstr(link, "/devices/"), *found = NULL;

        for (const char *c = from; c && (c = strchr(c, '/')); c++) {
                size_t n = strcspn(c + 1, "/");

                if (memchr(c + 1, '-', n) && memchr(c + 1, ':', n))
                        found = c;
        }
        return found ? arena_strndup(a, from, (size_t)(found - from)) : NULL;
}

size_t guard_add(struct graph *g, enum node_kind kind, const char *name, const char *link)
{
        struct evidence *evidence = g->evidence;
        char *label = arena_strdup(g->arena, name);

        str_make_printable(label);
        *(struct node *)arena_grow(g->arena, &evidence->nodes, evidence->n_nodes, sizeof(*evidence->nodes)) =
                (struct node){.kind = kind,
                              .name = arena_strdup(g->arena, name),
                              .label = label,
                              .plug = plug_of(g->arena, link),
                              .virtual_ = strstr(link, "/devices/virtual/") != NULL};
        guard_reach_path(g, evidence->n_nodes, link);
        return evidence->n_nodes++;
}

static bool has(const size_t *list, size_t n, size_t v)
{
        for (size_t i = 0; i < n; i++)
                if (list[i] == v)
                        return true;
        return false;
}

static void add_unique(struct arena *a, size_t **list, size_t *n, size_t v)
{
        if (!has(*list, *n, v)) {
                *(size_t *)arena_grow(a, list, *n, sizeof(**list)) = v;
                (*n)++;
        }
}

void guard_stand(struct graph *g, size_t node, size_t below)
{
        struct node *n = &g->evidence->nodes[node];

        if (below != node && below != NO_NODE)
                add_unique(g->arena, &n->below, &n->n_below, below);
}

void guard_reach(struct graph *g, size_t node, size_t device)
{
        struct node *n = &g->evidence->nodes[node];

        add_unique(g->arena, &n->devices, &n->n_devices, device);
}

const char *guard_device_path(const struct graph *g, const struct node *n)
{
        char *path = arena_join(g->arena, "/dev/", n->name, NULL);

        for (char *c = path; (c = strchr(c, '!'));)
                *c = '/';
        return path;
}

bool guard_reached(const struct node *n, size_t device)
{
        return has(n->devices, n->n_devices, device);
}

/* The next device that a path in sysfs goes by, or NO_DEVICE at its end. */
static size_t next_on(const struct graph *g, const char **path)
{
        size_t device = NO_DEVICE;

        while (**path && device == NO_DEVICE) {
                size_t n = strcspn(*path, "/");
                char part[64];

                if (n < sizeof(part)) {
                        memcpy(part, *path, n);
                        part[n] = '\0';
                        device = facts_find(g->facts, part);
                }
                *path += n + ((*path)[n] == '/');
        }
        return device;
}

void guard_reach_path(struct graph *g, size_t node, const char *path)
{
        for (size_t device; (device = next_on(g, &path)) != NO_DEVICE;)
                guard_reach(g, node, device);
}

/* A name may hold anything; what is said of it fits on a line and into a document. */
static const char *vprint(struct graph *g, const char *format, va_list ap)
{
        char *text = arena_vprintf(g->arena, format, ap);

        str_make_printable(text);
        return text;
}

void guard_use(struct graph *g, size_t node, const char *format, ...)
{
        struct evidence *evidence = g->evidence;
        struct use *use = arena_grow(g->arena, &evidence->uses, evidence->n_uses, sizeof(*evidence->uses));
        va_list ap;

        va_start(ap, format);
        *use = (struct use){.node = node, .what = vprint(g, format, ap)};
        va_end(ap);
        evidence->n_uses++;
}

void guard_unknown(struct graph *g, const char **why, const char *format, ...)
{
        va_list ap;

        if (*why)
                return;
        va_start(ap, format);
        *why = vprint(g, format, ap);
        va_end(ap);
}

/* By its UUID, its label or its partition's: whoever has seen a disk knows that it is another. */
static bool names_content(const char *spec)
{
        static const char *const tags[] = {"UUID=",
                                           "LABEL=",
                                           "PARTUUID=",
                                           "PARTLABEL=",
                                           "/dev/disk/by-uuid/",
                                           "/dev/disk/by-label/",
                                           "/dev/disk/by-partuuid/",
                                           "/dev/disk/by-partlabel/"};

        for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
                if (startswith(spec, tags[i])) /* not "PARTUUID=.../PARTNROFF=1", nor with more behind a ':' */
                        return !strpbrk(spec + strlen(tags[i]), "/:");
        return false;
}

static void note(struct graph *g, const char ***list, size_t *n, const char *spec)
{
        if (str_index(spec, *list, *n) < 0)
                str_add(g->arena, list, n, spec);
}

void guard_name(struct graph *g, const char *spec)
{
        note(g, &g->evidence->named, &g->evidence->n_named, spec);
}

void guard_lack(struct graph *g, const char *spec)
{
        guard_name(g, spec);
        note(g, &g->evidence->lacking, &g->evidence->n_lacking, spec);
}

void guard_absent(struct graph *g, const char *spec, const char *format, ...)
{
        struct evidence *e = g->evidence;
        const char **why = names_content(spec) ? &e->storage_absent : &e->storage_unknown;
        va_list ap;

        guard_lack(g, arena_strdup(g->arena, spec));
        va_start(ap, format);
        if (!*why)
                *why = vprint(g, format, ap);
        va_end(ap);
}

bool guard_asks_for_plugged(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed && facts->devices[i].bus->interfaces)
                        return true;
        return false;
}

bool guard_speaks_for_itself(const struct graph *g, size_t device, const char *name)
{
        size_t found = facts_find(g->facts, name);

        return found != NO_DEVICE && g->facts->devices[found].bus == g->facts->devices[device].bus;
}

bool guard_concerned(const struct graph *g, size_t first)
{
        const struct facts *facts = g->facts;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed && (!*facts->devices[i].class || roles_guarded(facts->devices[i].roles)))
                        return true;
        for (size_t i = first; i < g->evidence->n_nodes; i++)
                for (size_t f = 0; f < g->evidence->nodes[i].n_devices; f++)
                        if (facts->devices[g->evidence->nodes[i].devices[f]].detailed)
                                return true;
        return false;
}

bool *guard_used(const struct graph *g, const char ***uses)
{
        const struct evidence *evidence = g->evidence;
        bool *used = arena_alloc(g->arena, evidence->n_nodes * sizeof(*used));
        size_t *queue = arena_alloc(g->arena, evidence->n_nodes * sizeof(*queue)), first = 0, last = 0;

        *uses = arena_alloc(g->arena, evidence->n_nodes * sizeof(**uses));
        for (size_t u = 0; u < evidence->n_uses; u++) {
                size_t node = evidence->uses[u].node;

                if (used[node])
                        continue;
                used[node] = true;
                (*uses)[node] = evidence->uses[u].what;
                queue[last++] = node;
        }
        while (first < last) {
                size_t at = queue[first++];
                const struct node *n = &evidence->nodes[at];

                for (size_t b = 0; b < n->n_below; b++)
                        if (!used[n->below[b]]) {
                                used[n->below[b]] = true;
                                (*uses)[n->below[b]] = (*uses)[at];
                                queue[last++] = n->below[b];
                        }
        }
        return used;
}

bool guard_stood_upon(const struct evidence *e, size_t node)
{
        for (size_t i = 0; i < e->n_nodes; i++)
                for (size_t k = 0; k < e->nodes[i].n_below; k++)
                        if (e->nodes[i].below[k] == node)
                                return true;
        return false;
}

void guard_claim(struct graph *g, size_t node, const char *format, ...)
{
        struct node *n = &g->evidence->nodes[node];
        va_list ap;

        va_start(ap, format);
        if (!n->claim)
                n->claim = vprint(g, format, ap);
        va_end(ap);
}
