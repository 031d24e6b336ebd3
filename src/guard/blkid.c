/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/blkid.h"

#include <blkid/blkid.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

static struct {
        void *library;
        __typeof__(blkid_new_probe_from_filename) *new_probe;
        __typeof__(blkid_free_probe) *free_probe;
        __typeof__(blkid_probe_enable_superblocks) *enable_superblocks;
        __typeof__(blkid_probe_set_superblocks_flags) *superblocks_flags;
        __typeof__(blkid_probe_enable_partitions) *enable_partitions;
        __typeof__(blkid_probe_set_partitions_flags) *partitions_flags;
        __typeof__(blkid_do_safeprobe) *probe;
        __typeof__(blkid_probe_lookup_value) *value;
} blkid;

static int load(void)
{
        void *library = blkid.library ? blkid.library : dlopen("libblkid.so.1", RTLD_NOW | RTLD_LOCAL);
        const struct {
                const char *name;
                void *to;
        } symbols[] = {
                {"blkid_new_probe_from_filename", &blkid.new_probe},
                {"blkid_free_probe", &blkid.free_probe},
                {"blkid_probe_enable_superblocks", &blkid.enable_superblocks},
                {"blkid_probe_set_superblocks_flags", &blkid.superblocks_flags},
                {"blkid_probe_enable_partitions", &blkid.enable_partitions},
                {"blkid_probe_set_partitions_flags", &blkid.partitions_flags},
                {"blkid_do_safeprobe", &blkid.probe},
                {"blkid_probe_lookup_value", &blkid.value},
        };

        if (!library)
                return -ENOPKG;
        for (size_t i = 0; i < ARRAY_SIZE(symbols) && !blkid.library; i++) {
                void *symbol = dlsym(library, symbols[i].name);

                if (!symbol)
                        return -ENOPKG;
                *(void **)symbols[i].to = symbol;
        }
        blkid.library = library;
        return 0;
}

int blkid_probe_device(const char *path, struct blkid_tag tags[static BLKID_TAGS_MAX], size_t *ret_n)
{
        static const struct {
                const char *key, *kind;
        } keys[BLKID_TAGS_MAX] = {
                {"UUID", "UUID="},
                {"LABEL", "LABEL="},
                {"TYPE", "TYPE="},
                {"PART_ENTRY_UUID", "PARTUUID="},
                {"PART_ENTRY_NAME", "PARTLABEL="},
        };
        blkid_probe probe;
        int k = load();

        if (k < 0)
                return k;
        errno = 0;
        probe = blkid.new_probe(path);
        if (!probe)
                return errno == ENOMEDIUM ? 0 : -EIO;
        blkid.enable_superblocks(probe, 1);
        blkid.superblocks_flags(probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE);
        blkid.enable_partitions(probe, 1);
        blkid.partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
        k = blkid.probe(probe); /* 1: nothing there, -2: several answers */
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(keys); i++) {
                const char *value;
                size_t n;

                if (blkid.value(probe, keys[i].key, &value, &n) != 0)
                        continue;
                tags[*ret_n].kind = keys[i].kind;
                snprintf(tags[*ret_n].value, sizeof(tags->value), "%.*s", (int)n, value);
                (*ret_n)++;
        }
        blkid.free_probe(probe);
        return k < 0 ? -EIO : 0;
}
