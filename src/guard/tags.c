/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on a block device, as udev's database has it from libblkid, or libblkid itself where udev has not asked; and
 * which device a line of fstab means.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

#include "base/str.h"
#include "guard/blkid.h"
#include "guard/fields.h"
#include "guard/source.h"
#include "guard/storage.h"

/* "\x20" as udev writes what would not do in a file name. */
static void unescape(char *s)
{
        char *out = s;

        while (*s) {
                unsigned v;

                if (s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3]) &&
                    sscanf(s + 2, "%2x", &v) == 1) {
                        *out++ = (char)v;
                        s += 4;
                } else
                        *out++ = *s++;
        }
        *out = '\0';
}

static void add_tag(struct graph *g, struct node *n, const char *kind, const char *value, size_t length)
{
        const char **slot = arena_grow(g->arena, (void *)&n->tags, n->n_tags, sizeof(*n->tags));
        char *tag = arena_printf(g->arena, "%s%.*s", kind, (int)length, value);

        unescape(tag);
        *slot = tag;
        n->n_tags++;
}

static const struct {
        const char *line, *tag;
} tag_lines[] = {
        {"E:ID_FS_UUID=", "UUID="},
        {"E:ID_FS_LABEL_ENC=", "LABEL="},
        {"E:ID_FS_LABEL=", "LABEL="},
        {"E:ID_FS_TYPE=", "TYPE="},
        {"E:PASSTHROUGH_FS_TYPE=", "TYPE="}, /* of what is hidden, see plan/hide.c */
        {"E:ID_PART_ENTRY_UUID=", "PARTUUID="},
        {"E:ID_PART_ENTRY_NAME=", "PARTLABEL="},
        {"S:", "/dev/"},
};

static void from_udev(struct graph *g, struct node *n, const char *text)
{
        const char *line, *end;

        while ((line = guard_line(&text, &end)))
                for (size_t i = 0; i < ARRAY_SIZE(tag_lines); i++) {
                        size_t prefix = strlen(tag_lines[i].line);

                        if (startswith(line, tag_lines[i].line))
                                add_tag(g, n, tag_lines[i].tag, line + prefix, (size_t)(end - line) - prefix);
                }
        n->tagged = true;
}

/* A captured machine, which has no node to probe, has it as udev's. */
static void told(const struct graph *g, const char *path, const struct blkid_tag *tag)
{
        const char *line = "";

        for (size_t i = 0; !*line; i++)
                if (streq(tag_lines[i].tag, tag->kind))
                        line = tag_lines[i].line;
        for (const char *c = tag->value; *c; c++)
                line = arena_printf(g->arena, (unsigned char)*c <= ' ' || *c == '\\' ? "%s\\x%02x" : "%s%c", line,
                                    (unsigned char)*c);
        root_made(g->root, path, line);
}

static void from_blkid(struct graph *g, struct node *n, const char *path)
{
        struct blkid_tag tags[BLKID_TAGS_MAX];
        size_t n_tags = 0;
        int k = blkid_probe_device(guard_device_path(g, n), tags, &n_tags);

        for (size_t i = 0; k == 0 && i < n_tags; i++) {
                add_tag(g, n, tags[i].kind, tags[i].value, strlen(tags[i].value));
                told(g, path, &tags[i]);
        }
        if (k == 0)
                root_made(g->root, path, NULL);
        n->tagged = k == 0;
}

void guard_tags(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                struct node *n = &g->evidence->nodes[i];
                char path[64], *text;

                if (n->kind != NODE_BLOCK || n->major == 0)
                        continue;
                snprintf(path, sizeof(path), "/run/udev/data/b%u:%u", n->major, n->minor);
                if (guard_read(g, path, &text) == SOURCE_READ)
                        from_udev(g, n, text);
                else if (g->root->live)
                        from_blkid(g, n, path);
        }
}

bool guard_is_type(const struct node *n, const char *type)
{
        const char *value = guard_tag(n, "TYPE=");

        return n->kind == NODE_BLOCK && value && streq(value, type);
}

const char *guard_tag(const struct node *n, const char *kind)
{
        for (size_t i = 0; i < n->n_tags; i++)
                if (startswith(n->tags[i], kind))
                        return n->tags[i] + strlen(kind);
        return NULL;
}

/* What a link below /dev leads to; "/dev/NAME" where there is none. Links there end in the kernel's name. */
static void follow(const struct graph *g, char path[static PATH_MAX])
{
        char target[PATH_MAX], copy[PATH_MAX];

        for (unsigned hops = 0; hops < 8 && root_readlink(g->root, path, target, sizeof(target)) > 0; hops++) {
                const char *slash = strrchr(path, '/');

                if (*target == '/')
                        strcpy(path, target);
                else if (snprintf(copy, sizeof(copy), "%.*s/%s", (int)(slash - path), path, target) < (int)sizeof(copy))
                        strcpy(path, copy);
                else
                        return;
        }
}

/* "vg-root" for /dev/vg/root: the device mapper's name of it, where each '-' of the parts is doubled. */
static bool is_volume(const char *map, const char *path)
{
        for (; *path; path++) {
                if (*path == '/') {
                        if (*map++ != '-')
                                return false;
                        continue;
                }
                if (*map++ != *path || (*path == '-' && *map++ != '-'))
                        return false;
        }
        return !*map;
}

/* followed: where the links of path lead, or path itself; plain: path without udev's "\\x20". */
static bool is_path(const struct node *n, const char *path, const char *plain, const char *followed)
{
        const char *below = path + strlen("/dev/");

        if (n->map_name && ((startswith(below, "mapper/") && streq(below + strlen("mapper/"), n->map_name)) ||
                            is_volume(n->map_name, below)))
                return true;
        for (size_t i = 0; i < n->n_tags; i++)
                if (streq(n->tags[i], plain))
                        return true;
        return streq(str_basename(followed), n->name) &&
               (!streq(followed, path) || strlen(path) == strlen("/dev/") + strlen(n->name));
}

/* The link that udev makes for a tag. */
static bool tag_link(const char *spec, char *path, size_t size)
{
        static const struct {
                const char *tag, *dir;
        } kinds[] = {{"UUID=", "uuid"}, {"LABEL=", "label"}, {"PARTUUID=", "partuuid"}, {"PARTLABEL=", "partlabel"}};

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (startswith(spec, kinds[i].tag))
                        return snprintf(path, size, "/dev/disk/by-%s/%s", kinds[i].dir, spec + strlen(kinds[i].tag)) <
                               (int)size;
        return false;
}

size_t guard_resolve(const struct graph *g, const char *spec, size_t from)
{
        char path[PATH_MAX] = "", plain[PATH_MAX], followed[PATH_MAX];
        bool is_tag = !startswith(spec, "/dev/");

        /* A name that is too long is none. */
        if (!is_tag && snprintf(path, sizeof(path), "%s", spec) >= (int)sizeof(path))
                return NO_NODE;
        if (is_tag && !tag_link(spec, path, sizeof(path)))
                *path = '\0';
        unescape(strcpy(plain, path));
        strcpy(followed, path);
        if (*path)
                follow(g, followed);
        for (size_t i = from; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];

                if (n->kind != NODE_BLOCK)
                        continue;
                for (size_t t = 0; t < n->n_tags && is_tag; t++)
                        if (strcasecmp(n->tags[t], spec) == 0)
                                return i;
                if (*path && is_path(n, path, plain, followed))
                        return i;
        }
        return NO_NODE;
}
