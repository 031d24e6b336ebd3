/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/owners.h"

#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "config/ini.h"

static const char *const networks[] = {"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                       "/usr/lib/systemd/network"};
static const char *const keyfiles[] = {"/etc/NetworkManager/system-connections",
                                       "/run/NetworkManager/system-connections",
                                       "/usr/lib/NetworkManager/system-connections"};

#define UNITS "/etc/systemd/system"

struct finder {
        const struct root *root;
        struct arena *arena;
        struct owners *owners;
};

static struct owner *add(const struct finder *x, enum owner_kind kind, const char *file)
{
        struct owner *o = arena_grow(x->arena, &x->owners->v, x->owners->n++, sizeof(*o));

        *o = (struct owner){.kind = kind, .file = file};
        return o;
}

/* The names in a directory; one that cannot be read may have anything in it. */
static const char **list(const struct finder *x, enum owner_kind kind, const char *dir, size_t *n)
{
        const char **names;

        if (root_look_in(x->root, x->arena, dir, &names, n) != SOURCE_UNREADABLE)
                return names;
        add(x, kind, dir)->unreadable = true;
        *n = 0;
        return NULL;
}

/* ---- files in sections ------------------------------------------------------------------------------------------- */

struct reader {
        const struct finder *finder;
        struct owner *owner;
        bool any; /* there is a section: an empty file masks others */
};

static void read_section(void *data, unsigned line, const char *name)
{
        struct reader *x = data;

        (void)line;
        x->any = true;
        x->owner->claims |= strcasecmp(name, x->owner->kind == OWNER_NETWORK_MANAGER ? "sriov" : "SR-IOV") == 0;
}

/* Lists go on in further lines, and begin anew after an empty one. */
static void match(const struct reader *x, const char *key, const char *value)
{
        struct owner *o = x->owner;
        struct arena *a = x->finder->arena;

        for (size_t i = 0; i < o->n_matches; i++)
                if (strcasecmp(o->matches[i].key, key) == 0) {
                        o->matches[i].value = *value ? arena_join(a, o->matches[i].value, " ", value, NULL) : "";
                        return;
                }
        *(struct owner_match *)arena_grow(a, &o->matches, o->n_matches++, sizeof(*o->matches)) =
                (struct owner_match){arena_strdup(a, key), arena_strdup(a, value)};
}

/* What NetworkManager knows an interface by, in the words of systemd.link(5). */
static const char *keyfile_match(const char *section, const char *key)
{
        static const char *const known[][3] = {
                {"connection", "interface-name", "Name"},
                {"ethernet", "mac-address", "PermanentMACAddress"},
                {"802-3-ethernet", "mac-address", "PermanentMACAddress"},
                {"infiniband", "mac-address", "PermanentMACAddress"},
                {"match", "interface-name", "Name"},
                {"match", "driver", "Driver"},
                {"match", "path", "Path"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (streq(known[i][0], section) && streq(known[i][1], key))
                        return known[i][2];
        return NULL;
}

static void read_key(void *data, unsigned line, const char *section, const char *key, const char *value)
{
        struct reader *x = data;
        const char *known;
        char *words;

        (void)line;
        if (!section)
                return;
        if (x->owner->kind != OWNER_NETWORK_MANAGER) {
                x->owner->claims |= startswith(key, "SR-IOV");
                if (strcasecmp(section, "Match") == 0)
                        match(x, key, value);
                return;
        }
        known = keyfile_match(section, key);
        if (!known || !*value)
                return;
        words = arena_strdup(x->finder->arena, value);
        for (char *c = words; *c; c++)
                *c = *c == ';' || *c == ',' ? ' ' : *c;
        match(x, known, words);
}

/* False: there is nothing in it. */
static bool read_file(const struct finder *x, struct owner *o, const char *file)
{
        struct diags theirs = {.arena = x->arena}; /* what is wrong in it is not ours to say */
        struct reader reader = {.finder = x, .owner = o};
        const struct ini_handler handler = {.section = read_section, .assign = read_key, .data = &reader};
        char *text, target[sizeof("/dev/null")] = "";
        enum source source;
        size_t size;

        if (root_readlink(x->root, file, target, sizeof(target)) > 0 && streq(target, "/dev/null"))
                return false;
        source = root_look(x->root, x->arena, file, &text, &size);
        if (source == SOURCE_READ)
                ini_parse(file, text, size, &theirs, &handler);
        o->unreadable |= source == SOURCE_UNREADABLE;
        return reader.any || source == SOURCE_UNREADABLE;
}

struct name {
        const char *name, *path;
};

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

/* By name; of those of one name the one in the first of the directories. */
static void files(const struct finder *x, enum owner_kind kind, const char *const *dirs, size_t n_dirs,
                  const char *suffix, struct name **ret, size_t *ret_n)
{
        *ret = NULL;
        *ret_n = 0;
        for (size_t d = 0; d < n_dirs; d++) {
                size_t n, before = *ret_n;
                const char **names = list(x, kind, dirs[d], &n);

                for (size_t i = 0; i < n; i++) {
                        bool there = !endswith(names[i], suffix);

                        for (size_t k = 0; k < before; k++)
                                there |= streq((*ret)[k].name, names[i]);
                        if (!there)
                                *(struct name *)arena_grow(x->arena, ret, (*ret_n)++, sizeof(**ret)) =
                                        (struct name){names[i], arena_join(x->arena, dirs[d], "/", names[i], NULL)};
                }
        }
        if (*ret_n > 0)
                qsort(*ret, *ret_n, sizeof(**ret), by_name);
}

static void read_networks(const struct finder *x, enum owner_kind kind, const char *suffix)
{
        const char *below[ARRAY_SIZE(networks)];
        struct name *found, *dropins;
        size_t n, n_dropins;

        files(x, kind, networks, ARRAY_SIZE(networks), suffix, &found, &n);
        for (size_t i = 0; i < n; i++) {
                struct owner o = {.kind = kind, .file = found[i].path};

                if (!read_file(x, &o, o.file))
                        continue;
                for (size_t d = 0; d < ARRAY_SIZE(networks); d++)
                        below[d] = arena_join(x->arena, networks[d], "/", found[i].name, ".d", NULL);
                files(x, kind, below, ARRAY_SIZE(below), ".conf", &dropins, &n_dropins);
                for (size_t d = 0; d < n_dropins; d++)
                        (void)read_file(x, &o, dropins[d].path);
                *add(x, kind, o.file) = o;
        }
}

static void read_keyfiles(const struct finder *x)
{
        struct name *found;
        size_t n;

        files(x, OWNER_NETWORK_MANAGER, keyfiles, ARRAY_SIZE(keyfiles), "", &found, &n);
        for (size_t i = 0; i < n; i++) {
                struct owner o = {.kind = OWNER_NETWORK_MANAGER, .file = found[i].path};

                if (read_file(x, &o, o.file) && (o.claims || o.unreadable))
                        *add(x, o.kind, o.file) = o;
        }
}

/* ---- names that are addresses ------------------------------------------------------------------------------------ */

static void read_addresses(const struct finder *x, enum owner_kind kind, const char *dir)
{
        size_t n, n_devices = 1;
        const char **names = list(x, kind, dir, &n);

        for (size_t i = 0; i < n; i++) {
                const char *file = arena_join(x->arena, dir, "/", names[i], NULL);
                struct owner *o;

                /* mdevctl has a file in it for each of its devices. */
                if (kind == OWNER_MDEVCTL)
                        list(x, kind, file, &n_devices);
                if (n_devices == 0)
                        continue;
                o = add(x, kind, file);
                o->claims = true;
                o->address = names[i];
        }
}

/* Of a unit that makes the virtual functions of NVIDIA's cards; or NULL. */
static const char *instance_of(const char *unit)
{
        static const char *const templates[] = {"pve-nvidia-sriov@", "nvidia-sriov-manage@"};

        for (size_t i = 0; i < ARRAY_SIZE(templates); i++)
                if (startswith(unit, templates[i]))
                        return unit + strlen(templates[i]);
        return NULL;
}

/* A link that enables an instance of it; "ALL" is the instance for every card of NVIDIA's. */
static void read_proxmox(const struct finder *x)
{
        size_t n, n_units;
        const char **dirs = list(x, OWNER_PROXMOX, UNITS, &n);

        for (size_t i = 0; i < n; i++) {
                const char *dir = arena_join(x->arena, UNITS "/", dirs[i], NULL), **units;

                if (!endswith(dirs[i], ".wants") && !endswith(dirs[i], ".requires"))
                        continue;
                units = list(x, OWNER_PROXMOX, dir, &n_units);
                for (size_t k = 0; k < n_units; k++) {
                        const char *instance = instance_of(units[k]);
                        struct owner *o;

                        if (!instance || !endswith(instance, ".service"))
                                continue;
                        o = add(x, OWNER_PROXMOX, arena_join(x->arena, dir, "/", units[k], NULL));
                        o->claims = true;
                        o->address = arena_strndup(x->arena, instance, strlen(instance) - strlen(".service"));
                }
        }
}

void owners_read_nvidia(const struct root *root, struct arena *a, struct owners *ret)
{
        const struct finder x = {root, a, ret};

        *ret = (struct owners){};
        read_proxmox(&x);
}

void owners_read(const struct root *root, struct arena *a, struct owners *ret)
{
        const struct finder x = {root, a, ret};

        *ret = (struct owners){};
        read_networks(&x, OWNER_LINK, ".link");
        read_networks(&x, OWNER_NETWORK, ".network");
        read_keyfiles(&x);
        read_addresses(&x, OWNER_MDEVCTL, "/etc/mdevctl.d");
        read_addresses(&x, OWNER_OPERATOR, "/etc/sriov-operator/pci");
        read_proxmox(&x);
}
