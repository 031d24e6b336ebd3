/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an image that was built has what it was built for, by lsinitrd's list of its files. */
#include <errno.h>

#include "base/str.h"
#include "facts/gather.h"
#include "maker/read.h"

struct verifier {
        const struct root *root;
        struct arena *arena;
        const char *release, *list;
        const struct payload *now;
        const char *lacks;
};

/* Whether a line of the list is of such a file: it ends with the name, or a link's target follows. */
static bool lists(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = list; (at = strstr(at, name)); at += n)
                if ((at == list || strchr(" /\n", at[-1])) &&
                    (at[n] == '\n' || at[n] == '\0' || startswith(at + n, " -> ")))
                        return true;
        return false;
}

static bool same(char a, char b)
{
        return a == b || (a && strchr("-_", a) && b && strchr("-_", b));
}

/* Packed or not, and however "-" and "_" are spelled. */
static bool lists_module(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = list; (at = strchr(at, '/'));) {
                size_t i = 0;

                at++;
                while (i < n && same(at[i], name[i]))
                        i++;
                if (i == n && startswith(at + n, ".ko"))
                        return true;
        }
        return false;
}

static int verify_module(struct verifier *v, const char *name)
{
        struct module module = {.name = name};
        int k = modules_look_up(v->root, v->arena, v->release, &module, 1);

        if (k < 0 || v->lacks || module.state != MODULE_LOADABLE || lists_module(v->list, name))
                return k;
        v->lacks = arena_join(v->arena, "the kernel module ", name, NULL);
        return 0;
}

static int verify_modules(struct verifier *v)
{
        const char **modules = NULL;
        size_t n = 0;
        int k = 0;

        for (size_t i = 0; i < v->now->config.n_rules; i++)
                if (!v->now->config.rules[i].invalid)
                        driver_add_modules(driver_of_rule(&v->now->config.rules[i]), v->arena, &modules, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                k = verify_module(v, modules[i]);
        return k;
}

static int verify_digest(struct verifier *v, const char *path, struct image_digest *ret)
{
        int k = image_read_file(v->arena, path, ret);

        if (k < 0)
                return k;
        if (!ret->known)
                v->lacks = DIGEST_PATH ", which says what it was built from";
        else if (ret->config != v->now->digest.config || ret->programs != v->now->digest.programs)
                v->lacks = "this config: it was changed meanwhile, or the image has something else";
        return 0;
}

int image_verify(const struct root *root, struct arena *a, const char *path, const char *release,
                 const struct payload *now, struct image_digest *ret, const char **ret_lacks)
{
        static const char bind[] = PASSTHROUGH_LIBEXEC "/passthrough-bind";
        struct verifier v = {.root = root, .arena = a, .release = release, .now = now};
        int k = image_list(a, path, &v.list);

        if (k == 0 && !lists(v.list, bind + 1))
                v.lacks = bind;
        else if (k == 0 && !lists(v.list, "passthrough-generator") && !strstr(v.list, "-passthrough-initrd.sh"))
                v.lacks = "both passthrough-generator and the hook that runs without systemd";
        for (size_t i = 0; k == 0 && !v.lacks && i < now->n_files; i++)
                if (!lists(v.list, now->files[i].path + 1))
                        v.lacks = now->files[i].path;
        if (k == 0 && !v.lacks)
                k = verify_modules(&v);
        if (k == 0 && !v.lacks)
                k = verify_digest(&v, path, ret);
        *ret_lacks = v.lacks;
        return k;
}
