/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chance from a seed, and the small parts that machines are made of. */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* splitmix64: any seed is as good as any other, 1 and 2 give unlike machines. */
uint64_t random_bits(struct machine *m)
{
        uint64_t z = m->random += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

unsigned below(struct machine *m, unsigned n)
{
        return (unsigned)(random_bits(m) >> 33) % n;
}

bool chance(struct machine *m, unsigned percent)
{
        return below(m, 100) < percent;
}

void random_uuid(struct machine *m, char uuid[static 40])
{
        uint64_t a = random_bits(m), b = random_bits(m);

        text(uuid, 40, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff),
             (unsigned)(a & 0xfff), (unsigned)(b >> 52), (unsigned long long)(b & 0xffffffffffff));
}

void text(char *buf, size_t size, const char *format, ...)
{
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(buf, size, format, ap);
        va_end(ap);
        if (n < 0 || (size_t)n >= size)
                errx(2, "no room for \"%s\"", buf);
}

struct block *new_block(struct machine *m, enum block_kind kind)
{
        struct block *b = &m->blocks[m->n_blocks++];

        if (m->n_blocks == COUNT(m->blocks))
                errx(2, "seed %llu: too many block devices", (unsigned long long)m->seed);
        *b = (struct block){.kind = kind, .disk = NONE, .pool = NONE, .backing = NONE};
        return b;
}

struct use *new_use(struct machine *m, enum source source, enum target on, int at, const char *what)
{
        struct use *u = &m->uses[m->n_uses++];

        if (m->n_uses == COUNT(m->uses))
                errx(2, "seed %llu: too many uses", (unsigned long long)m->seed);
        *u = (struct use){.source = source, .on = on, .at = at, .spec = SPEC_PATH};
        TEXT(u->text, "%s", what);
        return u;
}

const char *block_label(const struct block *b, char *buf, size_t size)
{
        switch (b->kind) {
        case CRYPT:
                text(buf, size, "%s crypt", b->name);
                break;
        case LVM:
                text(buf, size, "%s lvm %s", b->name, b->map_name);
                break;
        case MULTIPATH:
                text(buf, size, "%s multipath %s", b->name, b->map_name);
                break;
        case MULTIPATH_PARTITION:
                text(buf, size, "%s %s", b->name, b->map_name);
                break;
        case RAID:
                text(buf, size, "%s %s", b->name, b->level);
                break;
        default:
                text(buf, size, "%s", b->name);
        }
        return buf;
}

const char *spec_text(const struct machine *m, const struct use *u, char *buf, size_t size)
{
        const struct block *b = u->on == ON_BLOCK ? &m->blocks[u->at] : NULL;
        const struct pool *p = u->on == ON_POOL ? &m->pools[u->at] : NULL;

        switch (u->spec) {
        case SPEC_UUID:
                text(buf, size, "UUID=%s", b ? b->uuid : p->name);
                break;
        case SPEC_LABEL:
                text(buf, size, "LABEL=%s", b ? b->label : p->label);
                break;
        case SPEC_PARTUUID:
                text(buf, size, "PARTUUID=%s", b->partuuid);
                break;
        case SPEC_PARTLABEL:
                text(buf, size, "PARTLABEL=%s", b->partlabel);
                break;
        case SPEC_BY_UUID:
                text(buf, size, "/dev/disk/by-uuid/%s", b->uuid);
                break;
        case SPEC_BY_PARTUUID:
                text(buf, size, "/dev/disk/by-partuuid/%s", b->partuuid);
                break;
        case SPEC_PATH:
                text(buf, size, "/dev/%s", b ? b->name : m->blocks[p->members[0]].name);
                break;
        case SPEC_MAPPER:
                text(buf, size, "/dev/mapper/%s", b->map_name);
                break;
        case SPEC_VOLUME:
                text(buf, size, "/dev/%s/%s", b->vg, b->volume);
                break;
        case SPEC_CLOSED:
                text(buf, size, "/dev/mapper/%s", u->where + 1); /* mounted at /NAME, by our own habit */
                break;
        case SPEC_NOWHERE:
                text(buf, size, "UUID=00000000-dead-4000-a000-%012llx", (unsigned long long)(m->seed & 0xffffffffffff));
                break;
        }
        return buf;
}
