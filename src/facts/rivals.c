/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/rivals.h"

#include <strings.h>

#include "base/str.h"
#include "config/ini.h"
#include "facts/conf-lines.h"

/* Names of driverctl's files are addresses, those of other buses than PCI with the bus in front. */
void rivals_read_driverctl(const struct root *root, struct arena *a, struct rivals *ret)
{
        const char **names;
        size_t n;

        root_look_in(root, a, "/etc/driverctl.d", &names, &n);
        for (size_t i = 0; i < n; i++) {
                struct override *o = arena_grow(a, &ret->driverctl, ret->n_driverctl, sizeof(*o));
                char *file = arena_join(a, "/etc/driverctl.d/", names[i], NULL), driver[128];

                if (root_read(root, file, driver, sizeof(driver)) < 0)
                        *driver = '\0';
                *o = (struct override){.file = file,
                                       .address = startswith(names[i], "pci-") ? names[i] + 4 : names[i],
                                       .driver = arena_strdup(a, driver)};
                ret->n_driverctl++;
        }
}

/* Directories by parent, of files by UUID. */
static void read_mdevctl(const struct root *root, struct arena *a, struct rivals *ret)
{
        const char **names, **uuids;
        size_t n, n_uuids;

        root_look_in(root, a, "/etc/mdevctl.d", &names, &n);
        for (size_t i = 0; i < n; i++) {
                char *dir = arena_join(a, "/etc/mdevctl.d/", names[i], NULL);
                struct override *o;

                root_look_in(root, a, dir, &uuids, &n_uuids);
                if (n_uuids == 0)
                        continue;
                o = arena_grow(a, &ret->mdevctl, ret->n_mdevctl, sizeof(*o));
                *o = (struct override){.file = dir, .address = names[i], .driver = ""};
                ret->n_mdevctl++;
        }
}

static bool is_vfio_module(const char *name)
{
        return streq(name, "vfio-pci") || streq(name, "vfio_pci") || streq(name, "vfio") ||
               streq(name, "vfio_iommu_type1");
}

static void modprobe_line(struct arena *a, const struct conf_line *line, struct rivals *ret)
{
        struct modprobe_line *m;
        enum modprobe_kind kind;
        const char **words;
        size_t n;

        str_words(a, line->text, &words, &n);
        if (n < 2 || !is_vfio_module(words[1]))
                return;
        if (streq(words[0], "blacklist"))
                kind = MODPROBE_BLACKLIST;
        else if (streq(words[0], "install"))
                kind = MODPROBE_INSTALL;
        else
                return;
        m = arena_grow(a, &ret->modprobe, ret->n_modprobe, sizeof(*m));
        *m = (struct modprobe_line){.kind = kind, .file = line->file, .line = line->text};
        ret->n_modprobe++;
}

static void read_modprobe(const struct root *root, struct arena *a, struct rivals *ret)
{
        struct conf_lines lines = {};

        conf_lines_modprobe(root, a, &lines);
        for (size_t i = 0; i < lines.n; i++)
                if (lines.v[i].text)
                        modprobe_line(a, &lines.v[i], ret);
}

struct network_reader {
        struct arena *arena;
        struct network_file *file;
};

static void network_section(void *data, unsigned line, const char *name)
{
        struct network_reader *x = data;

        (void)line;
        x->file->sriov |= strcasecmp(name, "SR-IOV") == 0;
}

static void network_assign(void *data, unsigned line, const char *section, const char *key, const char *value)
{
        struct network_reader *x = data;
        struct network_match *m;

        (void)line;
        if (section && strcasecmp(key, "SR-IOVVirtualFunctions") == 0)
                x->file->sriov = true;
        if (!section || strcasecmp(section, "Match") != 0)
                return;
        m = arena_grow(x->arena, &x->file->matches, x->file->n_matches, sizeof(*m));
        *m = (struct network_match){.key = arena_strdup(x->arena, key), .value = arena_strdup(x->arena, value)};
        x->file->n_matches++;
}

static void read_network(const struct root *root, struct arena *a, struct rivals *ret)
{
        struct diags theirs = {.arena = a}; /* what is wrong in them is not ours to say */
        const char **names;
        size_t n, size;
        char *text;

        root_look_in(root, a, "/etc/systemd/network", &names, &n);
        for (size_t i = 0; i < n; i++) {
                char *file = arena_join(a, "/etc/systemd/network/", names[i], NULL);
                struct network_reader x = {.arena = a};
                struct ini_handler handler = {.section = network_section, .assign = network_assign, .data = &x};

                if ((!endswith(names[i], ".network") && !endswith(names[i], ".link")) ||
                    root_look(root, a, file, &text, &size) != SOURCE_READ)
                        continue;
                x.file = arena_grow(a, &ret->network, ret->n_network, sizeof(*x.file));
                x.file->file = file;
                ret->n_network++;
                ini_parse(file, text, size, &theirs, &handler);
        }
}

void rivals_read(const struct root *root, struct arena *a, struct rivals *ret)
{
        *ret = (struct rivals){};
        rivals_read_driverctl(root, a, ret);
        read_mdevctl(root, a, ret);
        read_modprobe(root, a, ret);
        read_network(root, a, ret);
}
