/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/kmod.h"

#include <dlfcn.h>
#include <errno.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
        void *library;
        __typeof__(kmod_new) *new;
        __typeof__(kmod_unref) *unref;
        __typeof__(kmod_module_new_from_lookup) *lookup;
        __typeof__(kmod_list_next) *list_next;
        __typeof__(kmod_module_get_module) *get_module;
        __typeof__(kmod_module_unref) *module_unref;
        __typeof__(kmod_module_unref_list) *unref_list;
        __typeof__(kmod_module_probe_insert_module) *insert;
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
            !SYMBOL(get_module, "kmod_module_get_module") || !SYMBOL(module_unref, "kmod_module_unref") ||
            !SYMBOL(unref_list, "kmod_module_unref_list") || !SYMBOL(insert, "kmod_module_probe_insert_module")) {
                dlclose(library);
                return -ELIBBAD;
        }
        lib.library = library;
        return 0;
}

static int insert_all(struct kmod_list *list, unsigned flags)
{
        struct kmod_list *item;
        int k = 0, held_back = 0, inserted = 0;

        for (item = list; item && k == 0; item = lib.list_next(list, item)) {
                struct kmod_module *module = lib.get_module(item);

                /* No "install" commands of modprobe.d: nothing is forked from here. Options there apply. */
                k = lib.insert(module, KMOD_PROBE_IGNORE_COMMAND | flags, NULL, NULL, NULL, NULL);
                lib.module_unref(module);
                inserted += k == 0;
                if (k > 0) { /* by a blacklist; the next may not be */
                        held_back++;
                        k = 0;
                }
        }
        return k == 0 && held_back > 0 && inserted == 0 ? -EPERM : k;
}

static int load(const char *name, unsigned flags)
{
        struct kmod_list *list = NULL;
        struct kmod_ctx *ctx;
        int k = open_library();

        if (k < 0)
                return k;
        ctx = lib.new(NULL, NULL);
        if (!ctx)
                return -ENOMEM;
        k = lib.lookup(ctx, name, &list);
        if (k == 0)
                k = list ? insert_all(list, flags) : -ENOENT;
        lib.unref_list(list);
        lib.unref(ctx);
        return k;
}

int kmod_load(const char *name)
{
        return load(name, 0);
}

int kmod_load_alias(const char *alias)
{
        return load(alias, KMOD_PROBE_APPLY_BLACKLIST);
}
