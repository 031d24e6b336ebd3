/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/memory.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

/* "8167872 kB" in bytes, or 0. */
static uint64_t kilobytes(const char *s)
{
        char *end;
        uint64_t v;

        s += strspn(s, " \t");
        if (!strchr("0123456789", *s) || !*s)
                return 0;
        errno = 0;
        v = strtoull(s, &end, 10);
        return errno || !startswith(end, " kB") || v > UINT64_MAX >> 10 ? 0 : v << 10;
}

/* A line of a meminfo, that of a node as well ("Node 0 MemTotal: ..."); *ret stays as it is where there is none. */
static void read_meminfo(const struct root *root, struct arena *a, const char *path, const char *name, uint64_t *ret)
{
        char *text, *line;
        size_t size;

        root_look(root, a, path, &text, &size);
        while ((line = strsep(&text, "\n"))) {
                const char *at = strstr(line, name);

                if (!at || (at != line && at[-1] != ' '))
                        continue;
                *ret = kilobytes(at + strlen(name));
                break;
        }
}

int memory_read_pages(const struct root *root, const char *path, uint64_t *ret)
{
        char text[32];
        ssize_t n = root_read(root, path, text, sizeof(text));
        uint64_t v;

        if (n < 0)
                return (int)n;
        if (n == 0 || text[strspn(text, "0123456789")])
                return -EINVAL;
        errno = 0;
        v = strtoull(text, NULL, 10);
        if (errno)
                return -ERANGE;
        *ret = v;
        return 0;
}

/* hugepages-2048kB */
static void read_pool(const struct root *root, struct arena *a, const char *directory, const char *name,
                      struct memory_part *part)
{
        static const char prefix[] = "hugepages-";
        struct huge_pool pool = {}, *slot;
        char *path, *free_path;
        size_t n;
        uint32_t v;

        if (!startswith(name, prefix))
                return;
        name += strlen(prefix);
        n = strspn(name, "0123456789");
        path = arena_strndup(a, name, n);
        if (!streq(name + n, "kB") || !str_to_u32(path, 10, &v) || v == 0)
                return;
        pool.size = (uint64_t)v << 10;
        path = arena_join(a, directory, "/", prefix, name, "/nr_hugepages", NULL);
        free_path = arena_join(a, directory, "/", prefix, name, "/free_hugepages", NULL);
        slot = arena_grow(a, &part->pools, part->n_pools, sizeof(*part->pools));
        pool.known = memory_read_pages(root, path, &pool.pages) == 0;
        if (memory_read_pages(root, free_path, &pool.free) < 0)
                pool.free = 0;
        *slot = pool;
        part->n_pools++;
}

static void read_pools(const struct root *root, struct arena *a, const char *directory, struct memory_part *part)
{
        const char **names;
        size_t n;

        root_look_in(root, a, directory, &names, &n);
        for (size_t i = 0; i < n; i++)
                read_pool(root, a, directory, names[i], part);
}

static void read_node(const struct root *root, struct arena *a, const char *name, struct memory *memory)
{
        struct memory_node node = {}, *slot;
        const char *meminfo = arena_join(a, MEMORY_NODES "/", name, "/meminfo", NULL);
        const char *pools = arena_join(a, MEMORY_NODES "/", name, "/hugepages", NULL);

        if (!startswith(name, "node") || !str_to_u32(name + strlen("node"), 10, &node.node))
                return;
        read_meminfo(root, a, meminfo, "MemTotal:", &node.memory.total);
        read_pools(root, a, pools, &node.memory);
        slot = arena_grow(a, &memory->nodes, memory->n_nodes, sizeof(*memory->nodes));
        *slot = node;
        memory->n_nodes++;
}

void memory_read_default_size(const struct root *root, struct arena *a, uint64_t *ret)
{
        *ret = 0;
        read_meminfo(root, a, "/proc/meminfo", "Hugepagesize:", ret);
}

void memory_read(const struct root *root, struct arena *a, struct memory *ret)
{
        struct memory memory = {};
        const char **names;
        size_t n;

        memory_read_default_size(root, a, &memory.default_size);
        read_meminfo(root, a, "/proc/meminfo", "MemTotal:", &memory.machine.total);
        read_pools(root, a, MEMORY_POOLS, &memory.machine);
        root_look_in(root, a, MEMORY_NODES, &names, &n);
        for (size_t i = 0; i < n; i++)
                read_node(root, a, names[i], &memory);
        *ret = memory;
}

void memory_as_at_boot(struct memory *memory)
{
        for (size_t i = 0; i < memory->machine.n_pools; i++)
                memory->machine.pools[i].pages = 0;
        for (size_t n = 0; n < memory->n_nodes; n++)
                for (size_t i = 0; i < memory->nodes[n].memory.n_pools; i++)
                        memory->nodes[n].memory.pools[i].pages = 0;
}
