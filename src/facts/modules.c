/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "base/str.h"
#include "config/driver.h"
#include "facts/gather.h"

/* Module names are equal where they differ in '-' and '_' only. */
static bool same_module(const char *a, size_t n, const char *b)
{
        for (size_t i = 0; i < n; i++)
                if (b[i] != a[i] && !((a[i] == '-' || a[i] == '_') && (b[i] == '-' || b[i] == '_')))
                        return false;
        return b[n] == '\0';
}

/* Marks the modules that a list of files ("kernel/drivers/vfio/pci/vfio-pci.ko.xz", up to a ':') holds. */
static void mark(struct module *modules, size_t n, const char *list, enum module_state state)
{
        while (*list) {
                const char *eol = strchrnul(list, '\n'), *end = memchr(list, ':', (size_t)(eol - list)), *name, *ko;

                end = end ? end : eol;
                name = memrchr(list, '/', (size_t)(end - list));
                name = name ? name + 1 : list;
                ko = memmem(name, (size_t)(end - name), ".ko", 3);
                for (size_t i = 0; ko && i < n; i++)
                        if (same_module(name, (size_t)(ko - name), modules[i].name))
                                modules[i].state = state;
                list = *eol ? eol + 1 : eol;
        }
}

static const char own[] = "/lib/modules/";

static enum source read_list(const struct root *root, struct arena *a, const char *directory, const char *kernel,
                             const char *name, char **ret)
{
        size_t size;

        return root_look(root, a, arena_join(a, directory, kernel, "/", name, NULL), ret, &size);
}

static void gather_variants(struct arena *a, struct facts *facts, char *aliases)
{
        static const char prefix[] = "alias vfio_";

        for (char *line = aliases, *next; line && *line; line = next) {
                struct variant *v;
                char *space;

                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                if (!startswith(line, prefix))
                        continue;
                line += strlen("alias ");
                space = strchr(line, ' ');
                if (!space)
                        continue;
                *space = '\0';
                v = arena_grow(a, &facts->variants, facts->n_variants, sizeof(*facts->variants));
                *v = (struct variant){.pattern = line, .module = str_trim(space + 1)};
                facts->n_variants++;
        }
}

/* False unless both of the kernel's lists are there. */
static bool mark_lists(const struct root *root, struct arena *a, const char *kernel, struct module *modules, size_t n)
{
        char *dep, *builtin;

        if (read_list(root, a, DRIVER_CARRIED, kernel, "modules.dep", &dep) == SOURCE_READ)
                mark(modules, n, dep, MODULE_LOADABLE);
        if (read_list(root, a, own, kernel, "modules.dep", &dep) != SOURCE_READ)
                return false;
        mark(modules, n, dep, MODULE_LOADABLE);
        if (read_list(root, a, own, kernel, "modules.builtin", &builtin) != SOURCE_READ)
                return false;
        mark(modules, n, builtin, MODULE_BUILTIN);
        return true;
}

void modules_look_up(const struct root *root, struct arena *a, const char *kernel, struct module *modules, size_t n)
{
        bool known = mark_lists(root, a, kernel, modules, n);

        for (size_t i = 0; known && i < n; i++)
                if (modules[i].state == MODULE_UNKNOWN)
                        modules[i].state = MODULE_ABSENT;
}

/* The kernel's names have '_' for '-'. */
void modules_look_loaded(const struct root *root, struct arena *a, struct module *modules, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                char *path = arena_join(a, "/sys/module/", modules[i].name, NULL);

                for (char *s = strrchr(path, '/'); *s; s++)
                        if (*s == '-')
                                *s = '_';
                modules[i].loaded = root_exists(root, path);
        }
}

/* The directory of a driver of that name on the bus that has one, or NULL. */
static const char *registered(const struct root *root, struct arena *a, const struct facts *facts, const char *name)
{
        for (size_t i = 0; i < facts->n_buses; i++) {
                const char *directory = arena_join(a, facts->buses[i].bus->syntax->sysfs, "/drivers/", name, NULL);

                if (root_exists(root, directory))
                        return directory;
        }
        return NULL;
}

void modules_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        bool all_registered = true;
        char *aliases;

        for (size_t i = 0; i < request->n_drivers; i++) {
                struct module *m = arena_grow(a, &facts->modules, facts->n_modules, sizeof(*facts->modules));
                const char *name = request->drivers[i], *directory = registered(root, a, facts, name);

                *m = (struct module){name, directory ? MODULE_REGISTERED : MODULE_UNKNOWN, .directory = directory};
                all_registered &= directory != NULL;
                facts->n_modules++;
        }
        if (facts->kernel && request->variants) {
                read_list(root, a, own, facts->kernel, "modules.alias", &aliases);
                gather_variants(a, facts, aliases);
                read_list(root, a, DRIVER_CARRIED, facts->kernel, "modules.alias", &aliases);
                gather_variants(a, facts, aliases);
        }
        if (facts->kernel && !all_registered)
                modules_look_up(root, a, facts->kernel, facts->modules, facts->n_modules);
}

/*
 * Which of the bound drivers are built in, and so will be bound before the initrd at the next boot, too. A driver's
 * module need not have its name; drivers without a "module" link that no list has count as built in.
 */
void modules_gather_builtin(const struct root *root, struct arena *a, struct facts *facts)
{
        struct module *modules = NULL;
        const char **drivers = NULL;
        size_t n = 0;

        for (size_t i = 0; i < facts->n_devices; i++) {
                const char *driver = facts->devices[i].driver, **slot;
                char target[PATH_MAX], *link;
                struct module *m;
                size_t j = 0;

                while (driver && j < n && !streq(drivers[j], driver))
                        j++;
                if (!driver || j < n)
                        continue;
                link = arena_join(a, facts->devices[i].bus->syntax->sysfs, "/drivers/", driver, "/module", NULL);
                slot = arena_grow(a, &drivers, n, sizeof(*drivers));
                m = arena_grow(a, &modules, n, sizeof(*modules));
                *slot = driver;
                *m = (struct module){.name = driver, .state = MODULE_BUILTIN};
                if (root_readlink(root, link, target, sizeof(target)) > 0)
                        *m = (struct module){.name = arena_strdup(a, str_basename(target)), .state = MODULE_LOADABLE};
                n++;
        }
        if (facts->kernel)
                mark_lists(root, a, facts->kernel, modules, n);
        for (size_t i = 0; i < facts->n_devices; i++)
                for (size_t j = 0; j < n; j++)
                        if (streq_ptr(facts->devices[i].driver, drivers[j]))
                                facts->devices[i].driver_builtin = modules[j].state == MODULE_BUILTIN;
}
