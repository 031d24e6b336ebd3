/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/rivals.h"

#include "base/str.h"
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

void rivals_read(const struct root *root, struct arena *a, struct rivals *ret)
{
        *ret = (struct rivals){};
        rivals_read_driverctl(root, a, ret);
        read_modprobe(root, a, ret);
}
