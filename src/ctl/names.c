/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/names.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <systemd/sd-hwdb.h>

#include "base/str.h"

/* What is needed of libsystemd. It stays loaded. */
struct library {
        typeof(&sd_hwdb_new) new;
        typeof(&sd_hwdb_new_from_path) new_from_path; /* NULL before 252 */
        typeof(&sd_hwdb_get) get;
        typeof(&sd_hwdb_unref) unref;
};

/* In the order in which systemd-hwdb looks for it. */
static const char *const databases[] = {"/etc/systemd/hwdb/hwdb.bin", "/etc/udev/hwdb.bin",
                                        "/usr/lib/systemd/hwdb/hwdb.bin", "/usr/lib/udev/hwdb.bin"};

static bool load(struct library *l)
{
        void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);

        if (!library)
                return false;
        l->new = (typeof(l->new))dlsym(library, "sd_hwdb_new");
        l->new_from_path = (typeof(l->new_from_path))dlsym(library, "sd_hwdb_new_from_path");
        l->get = (typeof(l->get))dlsym(library, "sd_hwdb_get");
        l->unref = (typeof(l->unref))dlsym(library, "sd_hwdb_unref");
        return l->new && l->get && l->unref;
}

/* Below a root the library must not follow links by itself: it gets the file that is open. */
static sd_hwdb *open_below(const struct library *l, const struct root *root)
{
        sd_hwdb *db = NULL;

        for (size_t i = 0; l->new_from_path && !db && i < ARRAY_SIZE(databases); i++) {
                _cleanup_(close_fd) int fd = root_open_at(root, databases[i], O_RDONLY);
                char path[32];

                if (fd < 0)
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                if (l->new_from_path(path, &db) < 0)
                        db = NULL;
        }
        return db;
}

/* What it has for a key, "" without. */
static const char *value_of(const struct library *l, sd_hwdb *db, struct arena *a, const char *modalias,
                            const char *key)
{
        const char *value;

        return l->get(db, modalias, key, &value) < 0 ? "" : str_printable(a, value);
}

/* What a device says of itself comes first. */
static const char *said(const char *text)
{
        return text ? text : "";
}

/* plan: looks up what that has an entry for; NULL: all. */
static void look_up(const struct root *root, const struct facts *facts, const struct plan *plan, struct arena *a,
                    struct pci_name **ret)
{
        struct pci_name *names = arena_alloc(a, facts->n_devices * sizeof(*names));
        struct library l = {};
        sd_hwdb *db = NULL;
        char modalias[80];

        for (size_t i = 0; i < facts->n_devices; i++)
                names[i] = (struct pci_name){said(facts->devices[i].said_vendor), said(facts->devices[i].said_model)};
        if (load(&l)) {
                db = root->live ? NULL : open_below(&l, root);
                if (!db && l.new(&db) < 0)
                        db = NULL;
        }
        for (size_t i = 0; db && i < facts->n_devices; i++) {
                if (!facts->devices[i].identified || (plan && !plan_find(plan, i)))
                        continue;
                facts->devices[i].bus->alias(&facts->devices[i], facts->devices[i].bus->syntax->name, modalias,
                                             sizeof(modalias));
                if (!*names[i].vendor)
                        names[i].vendor = value_of(&l, db, a, modalias, "ID_VENDOR_FROM_DATABASE");
                if (!*names[i].device)
                        names[i].device = value_of(&l, db, a, modalias, "ID_MODEL_FROM_DATABASE");
        }
        if (db)
                l.unref(db);
        *ret = names;
}

void names_look_up(const struct root *root, const struct facts *facts, struct arena *a, struct pci_name **ret)
{
        look_up(root, facts, NULL, a, ret);
}

void names_look_up_planned(const struct root *root, const struct plan *plan, struct arena *a, struct pci_name **ret)
{
        look_up(root, plan->facts, plan, a, ret);
}
