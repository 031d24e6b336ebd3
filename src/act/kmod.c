/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/kmod.h"

#include <dlfcn.h>
#include <errno.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/macro.h"
#include "config/driver.h"

static struct {
        void *library;
        __typeof__(kmod_new) *new;
        __typeof__(kmod_unref) *unref;
        __typeof__(kmod_module_new_from_lookup) *lookup;
        __typeof__(kmod_list_next) *list_next;
        __typeof__(kmod_module_get_module) *get_module;
        __typeof__(kmod_module_ref) *module_ref;
        __typeof__(kmod_module_unref) *module_unref;
        __typeof__(kmod_module_unref_list) *unref_list;
        __typeof__(kmod_module_get_name) *get_name;
        __typeof__(kmod_module_get_options) *get_options;
        __typeof__(kmod_module_get_dependencies) *dependencies;
        __typeof__(kmod_module_probe_insert_module) *probe;
        __typeof__(kmod_module_insert_module) *insert;
} lib;

#define SYMBOL(member_, name_) ((lib.member_ = (__typeof__(lib.member_))dlsym(library, name_)))

static int open_library(void)
{
        void *library;

        if (lib.library)
                return 0;
        library = dlopen("libkmod.so.2", RTLD_LAZY | RTLD_LOCAL);
        if (!library)
                return -ELIBACC;
        if (!SYMBOL(new, "kmod_new") || !SYMBOL(unref, "kmod_unref") ||
            !SYMBOL(lookup, "kmod_module_new_from_lookup") || !SYMBOL(list_next, "kmod_list_next") ||
            !SYMBOL(get_module, "kmod_module_get_module") || !SYMBOL(module_ref, "kmod_module_ref") ||
            !SYMBOL(module_unref, "kmod_module_unref") || !SYMBOL(unref_list, "kmod_module_unref_list") ||
            !SYMBOL(get_name, "kmod_module_get_name") || !SYMBOL(get_options, "kmod_module_get_options") ||
            !SYMBOL(dependencies, "kmod_module_get_dependencies") ||
            !SYMBOL(probe, "kmod_module_probe_insert_module") || !SYMBOL(insert, "kmod_module_insert_module")) {
                dlclose(library);
                return -ELIBBAD;
        }
        lib.library = library;
        return 0;
}

/* ---- what is inserted for one module ----------------------------------------------------------------------------- */

#define QUEUE_MAX 128

/* A dry run of libkmod fills it: softdeps and dependencies in their order, and the module itself. */
static struct {
        struct queued {
                struct kmod_module *module;
                bool command; /* modprobe.d has an "install" command in its place */
        } v[QUEUE_MAX];
        size_t n;
        bool full;
} queue;

static void enqueue(struct kmod_module *module, bool command, const char *options)
{
        (void)options;
        if (queue.n == QUEUE_MAX)
                queue.full = true;
        else
                queue.v[queue.n++] = (struct queued){lib.module_ref(module), command};
}

static void empty_queue(void)
{
        while (queue.n > 0)
                lib.module_unref(queue.v[--queue.n].module);
        queue.full = false;
}

/* True if the kernel reads behind them (next_arg() and parse_args()): no quote is open, and no "--" ends the list. */
static bool read_to_end(const char *options)
{
        bool open = false;

        for (const char *c = options; *c; c++)
                open ^= *c == '"';
        return !open && !strstr(options, "--");
}

/*
 * With the options of modprobe.d and then of the kernel command line, as libkmod has them, and the driver's own last:
 * of a module_param_string the kernel takes the last one.
 */
static int insert(struct kmod_module *module)
{
        const char *options = lib.get_options(module), *own = driver_options(lib.get_name(module));
        char *all;
        int k;

        if (!*own)
                return lib.insert(module, 0, options);
        if (asprintf(&all, "%s %s", options && read_to_end(options) ? options : "", own) < 0)
                return -ENOMEM;
        k = lib.insert(module, 0, all);
        free(all);
        return k;
}

static bool is_in(struct kmod_list *list, const struct kmod_module *module)
{
        bool found = false;

        for (struct kmod_list *item = list; item && !found; item = lib.list_next(list, item)) {
                struct kmod_module *m = lib.get_module(item);

                found = m == module;
                lib.module_unref(m);
        }
        return found;
}

/*
 * No "install" command is run: nothing is forked from here. What cannot be done without is inserted all the same; of
 * softdeps, that one is left out.
 */
static int insert_queue(struct kmod_module *module)
{
        struct kmod_list *dependencies = lib.dependencies(module);
        int k = queue.full ? -E2BIG : 0;

        for (size_t i = 0; i < queue.n && k == 0; i++) {
                bool needed = queue.v[i].module == module || is_in(dependencies, queue.v[i].module);

                if (!needed && queue.v[i].command)
                        continue;
                k = insert(queue.v[i].module);
                if (k == -EEXIST || !needed)
                        k = 0;
        }
        lib.unref_list(dependencies);
        return k;
}

/* As kmod_module_probe_insert_module(), which adds options to the module alone, and not to what softdeps bring. */
static int insert_one(struct kmod_module *module, unsigned flags)
{
        int k = lib.probe(module, KMOD_PROBE_DRY_RUN | KMOD_PROBE_IGNORE_COMMAND | flags, NULL, NULL, NULL, enqueue);

        if (k == 0)
                k = insert_queue(module);
        empty_queue();
        return k;
}

static int insert_all(struct kmod_list *list, unsigned flags)
{
        struct kmod_list *item;
        int k = 0, held_back = 0, inserted = 0;

        for (item = list; item && k == 0; item = lib.list_next(list, item)) {
                struct kmod_module *module = lib.get_module(item);

                k = insert_one(module, flags);
                lib.module_unref(module);
                inserted += k == 0;
                if (k > 0) { /* by a blacklist; the next may not be */
                        held_back++;
                        k = 0;
                }
        }
        return k == 0 && held_back > 0 && inserted == 0 ? -EPERM : k;
}

/* directory: of the modules; NULL: the running kernel's. */
static int load_from(const char *directory, const char *name, unsigned flags)
{
        struct kmod_list *list = NULL;
        struct kmod_ctx *ctx = lib.new(directory, NULL);
        int k;

        if (!ctx)
                return -ENOMEM;
        k = lib.lookup(ctx, name, &list);
        if (k == 0)
                k = list ? insert_all(list, flags) : -ENOENT;
        lib.unref_list(list);
        lib.unref(ctx);
        return k;
}

/* -ENOSYS: there are no lists of modules. */
static int load(const char *name, unsigned flags)
{
        struct utsname u;
        char carried[sizeof(DRIVER_CARRIED) + sizeof(u.release)];
        int k = open_library();

        if (k < 0)
                return k;
        k = load_from(NULL, name, flags);
        if ((k != -ENOENT && k != -ENOSYS) || uname(&u) < 0)
                return k;
        stpcpy(stpcpy(carried, DRIVER_CARRIED), u.release);
        return access(carried, F_OK) < 0 ? k : load_from(carried, name, flags);
}

int kmod_load(const char *name)
{
        return load(name, 0);
}

int kmod_load_alias(const char *alias)
{
        return load(alias, KMOD_PROBE_APPLY_BLACKLIST);
}
