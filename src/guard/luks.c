/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which LUKS volumes the host needs, and their headers. */
#include "guard/luks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "guard/storage.h"

/* Where a captured machine, which has no disks, keeps what its header says: a line as luks_reduce() has it. */
#define CAPTURED "/run/passthrough/luks/b"
#define PCRLOCK  "/var/lib/systemd/pcrlock.json"

#define DEPTH 16 /* of what stands upon each other */

/* LUKS1 has no tokens: nothing is sealed that its header would tell. clevis keeps its own in a gap (luksmeta(8)). */
#define LUKS1 "{\"keyslots\":{},\"tokens\":{},\"digests\":{}}"

/* The binary header (LUKS2 On-Disk Format Specification, 2.1), big endian. */
enum {
        BINARY = 4096, /* the JSON follows */
        VERSION = 6,
        SIZE = 8, /* of this copy, with its JSON; there the second copy begins */
        OFFSET = 256,
        SMALLEST = 0x4000,
        LARGEST = 0x400000,
        PAYLOAD = 104, /* of LUKS1: sectors in front of the data; the gap is there, at a whole 4096 bytes */
};

static uint64_t be(const unsigned char *p, unsigned n)
{
        uint64_t v = 0;

        while (n-- > 0)
                v = v << 8 | *p++;
        return v;
}

enum copy {
        COPY_GOOD,
        COPY_NONE, /* there is none, or it is damaged */
        COPY_OLD,  /* LUKS1, which has no tokens */
};

/* A copy of the header; *ret_json: its text, *ret_size: where the other one begins. */
static enum copy read_copy(int fd, struct arena *a, uint64_t at, char **ret_json, uint64_t *ret_size)
{
        const char *magic = at == 0 ? "LUKS\xba\xbe" : "SKUL\xba\xbe";
        unsigned char binary[BINARY];
        size_t n;

        *ret_size = 0;
        if (pread(fd, binary, sizeof(binary), (off_t)at) != (ssize_t)sizeof(binary) || memcmp(binary, magic, 6) != 0)
                return COPY_NONE;
        if (be(binary + VERSION, 2) == 1)
                return COPY_OLD;
        *ret_size = be(binary + SIZE, 8);
        if (be(binary + VERSION, 2) != 2 || be(binary + OFFSET, 8) != at || *ret_size < SMALLEST ||
            *ret_size > LARGEST || (*ret_size & (*ret_size - 1)) != 0) {
                *ret_size = 0;
                return COPY_NONE;
        }
        n = *ret_size - BINARY;
        *ret_json = arena_alloc(a, n + 1);
        return pread(fd, *ret_json, n, (off_t)at + BINARY) == (ssize_t)n && !(*ret_json)[n - 1] ? COPY_GOOD : COPY_NONE;
}

/* What is judged of a copy, or NULL. */
static const char *reduced_copy(int fd, struct arena *a, uint64_t at, const uint32_t *pcrlock, uint64_t *ret_size,
                                enum copy *ret)
{
        char *json;

        *ret = read_copy(fd, a, at, &json, ret_size);
        return *ret == COPY_GOOD ? luks_reduce(a, json, pcrlock) : NULL;
}

static bool has_luksmeta(int fd)
{
        unsigned char bytes[8];
        uint64_t end;

        if (pread(fd, bytes, 4, PAYLOAD) != 4)
                return false;
        end = be(bytes, 4) * 512;
        for (uint64_t at = BINARY; at < end && at <= LARGEST; at += BINARY)
                if (pread(fd, bytes, sizeof(bytes), (off_t)at) == (ssize_t)sizeof(bytes) &&
                    memcmp(bytes, "LUKSMETA", sizeof(bytes)) == 0)
                        return true;
        return false;
}

/* The header's two copies, of which one is enough; NULL, and why in l. */
static const char *read_copies(int fd, struct arena *a, const uint32_t *pcrlock, struct luks *l)
{
        uint64_t size, unused;
        enum copy copy, other;
        const char *first = reduced_copy(fd, a, 0, pcrlock, &size, &copy), *second = NULL;

        if (copy == COPY_OLD && has_luksmeta(fd))
                l->unknown = "it is of LUKS1, and clevis may have keys in its LUKSMeta, which is not read; clevis luks "
                             "list shows them";
        if (copy == COPY_OLD)
                return l->unknown ? NULL : LUKS1;
        for (uint64_t at = SMALLEST; at <= LARGEST && !second; at *= 2)
                if (!first || at == size)
                        second = reduced_copy(fd, a, at, pcrlock, &unused, &other);
        if (!first && !second)
                l->unknown = "no header of a version that is known is on it, or both copies are damaged";
        else if (first && second && !streq(first, second))
                l->unknown = "the two copies of its header differ";
        return l->unknown ? NULL : first ? first : second;
}

/* The disk itself, or the file that a made-up machine has in its place; no tap copies it. */
static int open_volume(const struct root *root, const struct graph *g, const struct node *n)
{
        struct root quiet = *root;
        struct stat st;
        int fd;

        quiet.tap = NULL;
        fd = root_open_at(&quiet, guard_device_path(g, n), O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) == 0 &&
            (root->live ? S_ISBLK(st.st_mode) && st.st_rdev == makedev(n->major, n->minor) : S_ISREG(st.st_mode)))
                return fd;
        close(fd);
        return -ENODEV;
}

/* The PCRs of the policy, which none but their numbers leaves here. */
static bool read_pcrlock(const struct root *root, struct arena *a, uint32_t *ret)
{
        struct root quiet = *root;
        size_t size;
        char *json;

        quiet.tap = NULL;
        return root_look(&quiet, a, PCRLOCK, &json, &size) == SOURCE_READ && luks_parse_pcrlock(json, ret);
}

static const char *read_volume(const struct graph *g, const struct node *n, struct luks *l)
{
        _cleanup_(close_fd) int fd = open_volume(g->root, g, n);
        uint32_t pcrlock;

        if (fd < 0) {
                l->denied = fd == -EACCES || fd == -EPERM;
                l->unknown = arena_join(g->arena, "its header cannot be read: ", strerror(-fd), NULL);
                return NULL;
        }
        return read_copies(fd, g->arena, read_pcrlock(g->root, g->arena, &pcrlock) ? &pcrlock : NULL, l);
}

static void look(const struct graph *g, const struct node *n, struct luks *l)
{
        const char *path = arena_printf(g->arena, CAPTURED "%u:%u", n->major, n->minor), *line;
        size_t size;
        char *text;

        if (!g->root->live && root_look(g->root, g->arena, path, &text, &size) == SOURCE_READ)
                line = text;
        else {
                line = read_volume(g, n, l);
                if (line)
                        root_made(g->root, path, line);
        }
        if (line && !luks_parse(g->arena, line, l))
                l->unknown = "what its header says is not understood";
}

/* The device mapper's UUID of it begins so. */
static bool is_mapped(const struct graph *g, const struct node *n, const char *prefix)
{
        char path[288], uuid[288];

        return n->kind == NODE_BLOCK && n->map_name &&
               snprintf(path, sizeof(path), "/sys/class/block/%s/dm/uuid", n->name) < (int)sizeof(path) &&
               root_read(g->root, path, uuid, sizeof(uuid)) > 0 && startswith(uuid, prefix);
}

/*
 * An open volume of that kind stands on it: no other mark has one whose header lies elsewhere. What libcryptsetup puts
 * between the two has none.
 */
static bool is_below_luks(const struct graph *g, size_t node)
{
        if (is_mapped(g, &g->evidence->nodes[node], "CRYPT-"))
                return false;
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];

                for (size_t b = 0; b < n->n_below; b++)
                        if (n->below[b] == node && is_mapped(g, n, "CRYPT-LUKS2-"))
                                return true;
        }
        return false;
}

static bool stands_on(const struct evidence *e, size_t node, size_t below, unsigned depth)
{
        bool found = node == below;

        for (size_t i = 0; i < e->nodes[node].n_below && !found && depth < DEPTH; i++)
                found = stands_on(e, e->nodes[node].below[i], below, depth + 1);
        return found;
}

/* "for /", or, where nothing tells more, "in use". */
static const char *needed(const struct graph *g, size_t node)
{
        const struct evidence *e = g->evidence;

        for (size_t i = 0; i < e->n_uses; i++)
                if (!streq(e->uses[i].what, USE_HELD) && stands_on(e, e->uses[i].node, node, 0))
                        return arena_join(g->arena, "for ", e->uses[i].what, NULL);
        return USE_HELD;
}

void luks_gather(const struct root *root, struct arena *a, const struct facts *facts, struct luks_list *ret)
{
        /* Nothing is added to the evidence here. */
        struct graph g = {.root = root, .arena = a, .evidence = (struct evidence *)facts->evidence};
        const char **uses;
        const bool *used = guard_used(&g, &uses);

        *ret = (struct luks_list){};
        for (size_t i = 0; i < g.evidence->n_nodes; i++) {
                const struct node *n = &g.evidence->nodes[i];
                struct luks *l;

                /* An open one is the host's, also where it cannot be told what is mounted. */
                if (n->kind != NODE_BLOCK || !((used[i] && guard_is_type(n, "crypto_LUKS")) || is_below_luks(&g, i)))
                        continue;
                l = arena_grow(a, &ret->v, ret->n++, sizeof(*l));
                *l = (struct luks){.device = n->map_name ? arena_join(a, "/dev/mapper/", n->map_name, NULL)
                                                         : guard_device_path(&g, n),
                                   .needed = needed(&g, i)};
                look(&g, n, l);
        }
}
