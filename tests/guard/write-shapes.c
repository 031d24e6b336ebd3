/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of shapes, as files. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shapes.h"

/* A tag, path or link: one of the ways that people name a file system. */
static const char *spec(const struct machine *m, const struct shaped *s, const struct block *b, bool tag)
{
        const char *all[8];
        unsigned n = 0;

        all[n++] = f("UUID=%s", b->uuid);
        if (*b->label)
                all[n++] = f("LABEL=%s", b->label);
        if (*b->partuuid) {
                all[n++] = f("PARTUUID=%s", b->partuuid);
                all[n++] = f("PARTLABEL=%s", b->partlabel);
        }
        if (!tag) {
                all[n++] = f("/dev/disk/by-uuid/%s", b->uuid);
                all[n++] = f("/dev/disk/by-id/dev-%s", b->name);
                all[n++] = f("/dev/%s", b->name);
        }
        return all[(m->seed / 2 + s->number) % n];
}

static const char *without(const char *text, char c, const char *by)
{
        static char buf[64];
        size_t n = 0;

        for (; *text; text++)
                if (*text != c)
                        buf[n++] = *text;
                else if (*by)
                        buf[n++] = *by;
        buf[n] = '\0';
        return buf;
}

/* As 5254.0012.3456. */
static const char *dotted(const char *mac)
{
        const char *hex = without(mac, ':', "");

        return f("%.4s.%.4s.%.4s", hex, hex + 4, hex + 8);
}

/* As 01234567:89abcdef:01234567:89abcdef. */
static const char *colons(const char *uuid)
{
        const char *hex = without(uuid, '-', "");

        return f("%.8s:%.8s:%.8s:%.8s", hex, hex + 8, hex + 16, hex + 24);
}

static const char *of_block(const struct machine *m, const struct shaped *s, const struct block *b, const char *key)
{
        const struct block *disk = b->disk == NONE ? b : &m->blocks[b->disk];

        return strcmp(key, "") == 0           ? b->name
               : strcmp(key, "num") == 0      ? f("%u:%u", b->major, b->minor)
               : strcmp(key, "uuid") == 0     ? b->uuid
               : strcmp(key, "md") == 0       ? colons(b->uuid)
               : strcmp(key, "pv") == 0       ? without(b->uuid, '-', "")
               : strcmp(key, "label") == 0    ? b->label
               : strcmp(key, "partuuid") == 0 ? b->partuuid
               : strcmp(key, "parthex") == 0  ? without(b->partuuid, '-', "")
               : strcmp(key, "dir") == 0      ? b->dir
               : strcmp(key, "disk") == 0     ? disk->name
               : strcmp(key, "diskdir") == 0  ? disk->dir
               : strcmp(key, "spec") == 0     ? spec(m, s, b, false)
               : strcmp(key, "tag") == 0      ? spec(m, s, b, true)
                                              : NULL;
}

static const char *of_interface(const struct interface *i, const char *key)
{
        return strcmp(key, "") == 0          ? i->name
               : strcmp(key, "mac") == 0     ? i->mac
               : strcmp(key, "dashes") == 0  ? without(i->mac, ':', "-")
               : strcmp(key, "dots") == 0    ? dotted(i->mac)
               : strcmp(key, "pattern") == 0 ? f("e?%s", i->name + 2)
               : strcmp(key, "dir") == 0     ? i->dir
                                             : NULL;
}

/* What stands between braces: a number, or a word about one of the devices. */
static const char *word(const struct machine *m, const struct shaped *s, const char *name)
{
        int which = *name == 'A' ? 0 : *name == 'B' ? 1 : OTHER;
        const char *key = name[1] == '.' ? name + 2 : name + 1, *found;

        if (strcmp(name, "n") == 0)
                return f("%u", s->number);
        if (s->axis == NETWORK)
                found = of_interface(&m->interfaces[s->at[which]], key);
        else if (*name == 'M') /* what is made of the second subject */
                found = of_block(m, s, &m->blocks[s->over], key);
        else
                found = of_block(m, s, &m->blocks[s->at[which]], key);
        if (!found)
                errx(2, "%s: nothing is {%s}", s->shape->name, name);
        return found;
}

static void expand(const struct machine *m, const struct shaped *s, const char *from, char *to, size_t size)
{
        size_t n = 0;
        char name[16];

        for (; *from; from++) {
                const char *end = *from == '{' ? strchr(from, '}') : NULL, *what;

                if (n + 200 > size)
                        errx(2, "%s: too long", s->shape->name);
                if (!end || end - from > 15 || !strchr("ABOMn", from[1])) {
                        to[n++] = *from == '|' ? '\n' : *from;
                        continue;
                }
                text(name, sizeof(name), "%.*s", (int)(end - from - 1), from + 1);
                what = word(m, s, name);
                strcpy(to + n, what);
                n += strlen(what);
                from = end;
        }
        to[n] = '\0';
}

static void append(const char *path, const char *line)
{
        int fd = open(path, O_WRONLY | O_APPEND);

        if (fd < 0 && errno == ENOENT) {
                put(path, "%s\n", line);
                return;
        }
        if (fd < 0 || dprintf(fd, "%s\n", line) < 0 || close(fd) < 0)
                err(2, "%s", path);
}

static void add_token(const char *token)
{
        int fd = open("proc/cmdline", O_WRONLY);
        off_t end = fd < 0 ? -1 : lseek(fd, -1, SEEK_END);

        if (end < 0 || dprintf(fd, " %s\n", token) < 0 || close(fd) < 0)
                err(2, "proc/cmdline");
}

/* ---- LVM2's label and metadata, as lib/label/label.h and lib/format_text/layout.h have them ---------------------- */

static uint32_t lvm_crc(const uint8_t *data, size_t n)
{
        uint32_t crc = 0xf597a6cf;

        for (size_t i = 0; i < n; i++) {
                crc ^= data[i];
                for (unsigned bit = 0; bit < 8; bit++)
                        crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        return crc;
}

static void little(uint8_t *at, uint64_t value, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                at[i] = (uint8_t)(value >> 8 * i);
}

static void put_volume(const char *path, const char *uuid, const char *group)
{
        static uint8_t disk[16384];
        uint8_t *label = disk + 512, *header = label + 32, *mda = disk + 4096, *metadata = mda + 512;
        char *all = (char *)metadata;

        memset(disk, 0, sizeof(disk));
        memcpy(label, "LABELONE", 8);
        little(label + 8, 1, 8);
        little(label + 20, 32, 4);
        memcpy(label + 24, "LVM2 001", 8);
        memcpy(header, without(uuid, '-', ""), 32);
        little(header + 32, 1 << 30, 8);
        little(header + 40, 1 << 20, 8); /* data: to the end; then none */
        little(header + 72, 4096, 8);    /* metadata; then none */
        little(header + 80, sizeof(disk) - 4096, 8);
        little(label + 16, lvm_crc(label + 20, 512 - 20), 4);
        text(all, 4096,
             "%s {\nid = \"AbCdEf-0000-0000-0000-0000-0000-000001\"\nseqno = 3\nformat = \"lvm2\"\n"
             "status = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\nflags = []\nextent_size = 8192\nmax_lv = 0\nmax_pv = 0\n"
             "metadata_copies = 0\n\nphysical_volumes {\n\npv0 {\nid = \"%s\"\ndevice = \"/dev/sdx\"\n\n"
             "status = [\"ALLOCATABLE\"]\nflags = []\ndev_size = 2097152\npe_start = 2048\npe_count = 255\n}\n}\n\n}\n"
             "# Generated by LVM2\n\ncontents = \"Text Format Volume Group\"\nversion = 1\n\ndescription = \"\"\n",
             group, uuid);
        memcpy(mda + 4, " LVM2 x[5A%r0N*>", 16);
        little(mda + 20, 1, 4);
        little(mda + 24, 4096, 8);
        little(mda + 32, sizeof(disk) - 4096, 8);
        little(mda + 40, 512, 8);
        little(mda + 48, strlen(all) + 1, 8);
        little(mda + 56, lvm_crc(metadata, strlen(all) + 1), 4);
        little(mda, lvm_crc(mda + 4, 512 - 4), 4);
        put_bytes(path, disk, sizeof(disk));
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const struct block *named(const struct machine *m, const char *path)
{
        for (unsigned i = 0; i < m->n_blocks; i++)
                if (strcmp(strrchr(path, '/') + 1, m->blocks[i].name) == 0)
                        return &m->blocks[i];
        errx(2, "%s is no disk", path);
}

static void step(const struct machine *m, const struct shaped *s, const char *what)
{
        char line[2048], *rest;

        expand(m, s, what + 1, line, sizeof(line));
        if (*what == '!') {
                add_token(line);
                return;
        }
        rest = strchr(line, ' ');
        if (rest)
                *rest++ = '\0';
        switch (*what) {
        case '+':
                append(line, rest);
                break;
        case '=':
                put(line, "%s%s", rest ? rest : "", rest ? "\n" : "");
                break;
        case '@':
                link_to(line, rest);
                break;
        case '%':
                link_sys(line, rest);
                break;
        case '&':
                put_volume(line, named(m, line)->uuid, rest);
                break;
        default:
                errx(2, "%s: no step is %s", s->shape->name, what);
        }
}

void write_shapes(const struct machine *m)
{
        for (unsigned i = 0; i < m->n_shaped; i++)
                for (unsigned k = 0; k < STEPS_MAX && m->shaped[i].shape->steps[k]; k++)
                        step(m, &m->shaped[i], m->shaped[i].shape->steps[k]);
}
