/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/contents.h"

#include "base/str.h"
#include "facts/gather.h"

struct verifier {
        const struct root *root;
        struct arena *arena;
        const char *release, *list;
        const struct payload *now;
};

bool contents_has(const char *list, const char *name)
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
static bool has_module(const char *list, const char *name)
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

/* NULL, or the first module that the rules need and it lacks. */
static const char *missing_module(struct verifier *v)
{
        const char **names = NULL;
        size_t n = 0;

        for (size_t i = 0; i < v->now->config.n_rules; i++)
                if (!v->now->config.rules[i].invalid)
                        driver_add_modules(driver_of_rule(&v->now->config.rules[i]), v->arena, &names, &n);
        for (size_t i = 0; i < n; i++) {
                struct module module = {.name = names[i]};

                modules_look_up(v->root, v->arena, v->release, &module, 1);
                if (module.state == MODULE_LOADABLE && !has_module(v->list, names[i]))
                        return arena_join(v->arena, "the kernel module ", names[i], NULL);
        }
        return NULL;
}

/* order may be NULL: nobody asks for it. */
static bool read_both(struct arena *a, const struct maker *maker, const char *file, struct image_digest *ret,
                      const char **order)
{
        const char *const paths[] = {DIGEST_PATH, order ? maker->order : NULL, NULL};
        const char *texts[ARRAY_SIZE(paths)] = {"", ""};
        bool there = maker->read(a, file, paths, texts);

        *ret = there ? digest_parse(texts[0]) : (struct image_digest){};
        if (order)
                *order = texts[1];
        return there;
}

bool contents_digest(struct arena *a, const struct maker *maker, const char *file, struct image_digest *ret)
{
        return read_both(a, maker, file, ret, NULL);
}

static const char *verify_digest(const struct verifier *v, const struct image_digest *digest)
{
        if (!digest->known)
                return DIGEST_PATH ", which says what it was built from";
        if (digest->config != v->now->digest.config || digest->programs != v->now->digest.programs)
                return "this config: it was changed meanwhile, or the image has something else";
        return NULL;
}

const char *contents_lack(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                          const char *release, const struct payload *now, struct image_digest *ret)
{
        static const char bind[] = PASSTHROUGH_LIBEXEC "/passthrough-bind";
        struct verifier v = {.root = root, .arena = a, .release = release, .now = now, .list = maker->list(a, file)};
        const char *lack, *order;

        if (!v.list)
                return "files that can be listed";
        if (!contents_has(v.list, bind + 1))
                return bind;
        (void)!read_both(a, maker, file, ret, &order);
        lack = maker->lacks(v.list, order);
        for (size_t i = 0; !lack && i < now->n_files; i++)
                if (!contents_has(v.list, now->files[i].path + 1))
                        lack = now->files[i].path;
        if (!lack)
                lack = missing_module(&v);
        return lack ? lack : verify_digest(&v, ret);
}
