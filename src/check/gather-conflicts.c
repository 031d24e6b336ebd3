/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs' files say of devices. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

#include "base/str.h"
#include "check/gather.h"
#include "config/ini.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* Names of driverctl's files are addresses, those of other buses than PCI with the bus in front. */
int gather_driverctl(struct gather *g)
{
        const char **names;
        size_t n;
        int k = root_list(g->root, g->arena, "/etc/driverctl.d", &names, &n);

        if (k < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                struct check_override *o =
                        arena_grow(g->arena, &g->facts->driverctl, g->facts->n_driverctl, sizeof(*o));
                char *file = arena_join(g->arena, "/etc/driverctl.d/", names[i], NULL), driver[128];

                g->facts->n_driverctl++;
                if (root_read(g->root, file, driver, sizeof(driver)) < 0)
                        *driver = '\0';
                *o = (struct check_override){.file = file,
                                             .address = startswith(names[i], "pci-") ? names[i] + 4 : names[i],
                                             .driver = arena_strdup(g->arena, driver)};
        }
        return 0;
}

/* Directories by parent, of files by UUID. */
static int gather_mdevctl(struct gather *g)
{
        const char **names, **uuids;
        size_t n, n_uuids;
        int k = root_list(g->root, g->arena, "/etc/mdevctl.d", &names, &n);

        if (k < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                char *dir = arena_join(g->arena, "/etc/mdevctl.d/", names[i], NULL);
                struct check_override *o;

                k = root_list(g->root, g->arena, dir, &uuids, &n_uuids);
                if (k < 0 || n_uuids == 0)
                        continue;
                o = arena_grow(g->arena, &g->facts->mdevctl, g->facts->n_mdevctl, sizeof(*o));
                g->facts->n_mdevctl++;
                *o = (struct check_override){.file = dir, .address = names[i], .driver = ""};
        }
        return 0;
}

static bool is_vfio_module(const char *name)
{
        return streq(name, "vfio-pci") || streq(name, "vfio_pci") || streq(name, "vfio") ||
               streq(name, "vfio_iommu_type1");
}

/* One line of modprobe.d(5). */
static void modprobe_line(struct gather *g, const char *file, const char *line)
{
        static const char ids[] = "ids=";
        const char **words, *value = NULL;
        struct check_modprobe *m;
        enum modprobe_kind kind;
        size_t n;

        str_words(g->arena, line, &words, &n);

        if (n < 2 || !is_vfio_module(words[1]))
                return;
        if (streq(words[0], "options")) {
                kind = MODPROBE_IDS;
                for (size_t i = 2; i < n; i++)
                        if (startswith(words[i], ids))
                                value = words[i] + strlen(ids);
                if (!value)
                        return;
        } else if (streq(words[0], "blacklist"))
                kind = MODPROBE_BLACKLIST;
        else if (streq(words[0], "install"))
                kind = MODPROBE_INSTALL;
        else
                return;
        m = arena_grow(g->arena, &g->facts->modprobe, g->facts->n_modprobe, sizeof(*m));
        g->facts->n_modprobe++;
        *m = (struct check_modprobe){.kind = kind, .file = file, .line = arena_strdup(g->arena, line), .value = value};
}

static int modprobe_file(struct gather *g, const char *file)
{
        char *text, *line;
        size_t size;
        int k = root_read_all(g->root, g->arena, file, FILE_MAX, &text, &size);

        if (k < 0)
                return 0;
        for (char *s = text; (s = strstr(s, "\\\n"));) /* a line goes on */
                s[0] = s[1] = ' ';
        while (k == 0 && (line = strsep(&text, "\n")))
                modprobe_line(g, file, str_trim(line));
        return k;
}

/* As libkmod has them: a name in an earlier directory hides the same one in later ones. */
int gather_modprobe(struct gather *g)
{
        static const char *const dirs[] = {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                                           "/usr/lib/modprobe.d", "/lib/modprobe.d"};
        const char **seen = NULL, **names;
        size_t n_seen = 0, n;

        for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
                int k = root_list(g->root, g->arena, dirs[d], &names, &n);

                for (size_t i = 0; k == 0 && i < n; i++) {
                        size_t s = 0;
                        char *file;

                        while (s < n_seen && !streq(seen[s], names[i]))
                                s++;
                        if (s < n_seen || !endswith(names[i], ".conf"))
                                continue;
                        file = arena_join(g->arena, dirs[d], "/", names[i], NULL);
                        str_add(g->arena, &seen, &n_seen, names[i]);
                        k = modprobe_file(g, file);
                        if (k < 0)
                                return k;
                }
        }
        return 0;
}

struct network_file {
        struct gather *gather;
        struct check_network *file;
};

static int network_section(void *data, unsigned line, const char *name)
{
        struct network_file *x = data;

        (void)line;
        x->file->sriov |= strcasecmp(name, "SR-IOV") == 0;
        return 0;
}

static int network_assign(void *data, unsigned line, const char *section, const char *key, const char *value)
{
        struct network_file *x = data;
        struct check_match *m;

        (void)line;
        if (section && strcasecmp(key, "SR-IOVVirtualFunctions") == 0)
                x->file->sriov = true;
        if (!section || strcasecmp(section, "Match") != 0)
                return 0;
        m = arena_grow(x->gather->arena, &x->file->matches, x->file->n_matches, sizeof(*m));
        x->file->n_matches++;
        *m = (struct check_match){.key = arena_strdup(x->gather->arena, key),
                                  .value = arena_strdup(x->gather->arena, value)};
        return 0;
}

static int gather_network(struct gather *g)
{
        struct diags theirs = {.arena = g->arena}; /* what is wrong in them is not ours to say */
        const char **names;
        size_t n;
        int k = root_list(g->root, g->arena, "/etc/systemd/network", &names, &n);

        if (k < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                const char *dot = strrchr(names[i], '.');
                char *file = arena_join(g->arena, "/etc/systemd/network/", names[i], NULL), *text;
                struct network_file x = {.gather = g};
                struct ini_handler handler = {.section = network_section, .assign = network_assign, .data = &x};
                size_t size;

                if (!dot || !(streq(dot, ".network") || streq(dot, ".link")))
                        continue;
                k = root_read_all(g->root, g->arena, file, FILE_MAX, &text, &size);
                if (k < 0)
                        continue;
                x.file = arena_grow(g->arena, &g->facts->network, g->facts->n_network, sizeof(*x.file));
                g->facts->n_network++;
                x.file->file = file;
                k = ini_parse(file, text, size, &theirs, &handler);
        }
        return 0;
}

static int gather_interfaces(struct gather *g)
{
        for (size_t i = 0; i < g->plan->n_entries; i++) {
                const struct device *d = &g->plan->facts->devices[g->plan->entries[i].device];
                char *dir = arena_join(g->arena, d->sysfs, "/net", NULL);
                const char **names;
                size_t n;
                int k = root_list(g->root, g->arena, dir, &names, &n);

                for (size_t j = 0; k == 0 && j < n; j++) {
                        struct check_interface *x =
                                arena_grow(g->arena, &g->facts->interfaces, g->facts->n_interfaces, sizeof(*x));
                        char path[PATH_MAX], mac[64];

                        g->facts->n_interfaces++;
                        *x = (struct check_interface){.entry = i, .name = names[j]};
                        if (snprintf(path, sizeof(path), "%s/%s/address", dir, names[j]) < (int)sizeof(path) &&
                            root_read(g->root, path, mac, sizeof(mac)) > 0)
                                x->mac = arena_strdup(g->arena, mac);
                }
        }
        return 0;
}

int gather_conflicts(struct gather *g)
{
        static int (*const steps[])(struct gather *) = {gather_driverctl, gather_mdevctl, gather_modprobe,
                                                        gather_network, gather_interfaces};
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(steps); i++)
                k = steps[i](g);
        return k;
}
