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
                if (!v->now->config.rules[i].invalid && !rule_on_demand(&v->now->config.rules[i]))
                        driver_add_modules(driver_of_rule(&v->now->config.rules[i]), v->arena, &names, &n);
        for (size_t i = 0; i < n; i++) {
                struct module module = {.name = names[i]};

                modules_look_up(v->root, v->arena, v->release, &module, 1);
                if (module.state == MODULE_LOADABLE && !has_module(v->list, names[i]))
                        return arena_join(v->arena, "the kernel module ", names[i], NULL);
        }
        return NULL;
}

/* NULL, or the first library that passthrough-bind opens there and does not find. */
static const char *missing_library(const char *list)
{
        static const char *const libraries[] = {"libkmod.so.2", "libblkid.so.1"};

        for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
                if (!contents_has(list, libraries[i]))
                        return libraries[i];
        return NULL;
}

static const char *missing_file(struct verifier *v)
{
        for (size_t i = 0; i < v->now->n_files; i++)
                if (!contents_has(v->list, v->now->files[i].path + 1))
                        return v->now->files[i].path;
        return missing_module(v);
}

/* order: the text of the maker's file of that name. */
static const char *missing(struct verifier *v, const struct maker *maker, const char *order)
{
        const char *lack = contents_has(v->list, PAYLOAD_BIND + 1) ? maker->lacks(v->list, order) : PAYLOAD_BIND;

        if (!lack)
                lack = missing_library(v->list);
        return lack ? lack : missing_file(v);
}

static bool is_of(const struct payload *now, const struct image_digest *digest)
{
        return digest->known && digest->config == now->digest.config && digest->programs == now->digest.programs;
}

/* What it was built from, and the text of the maker's order, "" where it is not there. */
static bool read_texts(struct arena *a, const struct maker *maker, const char *file, struct image_digest *ret,
                       const char **ret_order)
{
        const char *const paths[] = {DIGEST_PATH, maker->order, NULL};
        const char *texts[ARRAY_SIZE(paths)] = {"", ""};
        bool there = maker->read(a, file, paths, texts);

        *ret = there ? digest_parse(texts[0]) : (struct image_digest){};
        *ret_order = texts[1];
        return there;
}

bool contents_read(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                   const char *release, const struct payload *now, struct image_digest *ret)
{
        struct verifier v = {.root = root, .arena = a, .release = release, .now = now};
        const char *lack, *order;

        if (!read_texts(a, maker, file, ret, &order))
                return false;
        if (!is_of(now, ret) || now->nothing)
                return true;
        v.list = maker->list(a, file);
        if (!v.list)
                return false;
        lack = missing(&v, maker, order);
        ret->lacks = lack ? arena_join(a, "it lacks ", lack, NULL) : "";
        return true;
}

const char *contents_lack(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                          const char *release, const struct payload *now, struct image_digest *ret)
{
        struct verifier v = {.root = root, .arena = a, .release = release, .now = now, .list = maker->list(a, file)};
        const char *lack, *order;

        if (!v.list)
                return "files that can be listed";
        (void)!read_texts(a, maker, file, ret, &order);
        lack = missing(&v, maker, order);
        if (!lack && !ret->known)
                lack = DIGEST_PATH ", which says what it was built from";
        if (!lack && !is_of(now, ret))
                lack = "this config: it was changed meanwhile, or the image has something else";
        ret->lacks = lack ? NULL : "";
        return lack;
}

/* Why an initrd behind that one cannot hand devices over; "": it can. Of ours nothing is to be hidden or merged. */
static const char *why_alone(struct arena *a, const char *list)
{
        static const char *const ours[] = {"usr/lib/passthrough", "etc/passthrough", "passthrough-generator"};
        static const char *const theirs[] = {"usr/lib/systemd/systemd", "etc/initrd-release", "libc.so.6"};
        const char *lack = missing_library(list);

        for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
                if (strstr(list, ours[i]))
                        return "its own initrd has something of passthrough";
        for (size_t i = 0; !lack && i < ARRAY_SIZE(theirs); i++)
                if (!contents_has(list, theirs[i]))
                        lack = theirs[i];
        return lack ? arena_join(a, "its own initrd has no ", lack, NULL) : "";
}

bool contents_read_embedded(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                            const char *release, const struct payload *now, struct image_digest *ret)
{
        const char *list = maker->list(a, file);

        *ret = (struct image_digest){};
        if (!list || !*list)
                return false;
        if (strstr(list, DIGEST_PATH + 1) && !contents_read(root, a, maker, file, release, now, ret))
                return false;
        if (!ret->known)
                ret->lacks = why_alone(a, list);
        return true;
}

const char *contents_lack_carried(const struct root *root, struct arena *a, const char *release,
                                  const struct payload *now, const char *list)
{
        struct verifier v = {.root = root, .arena = a, .release = release, .now = now, .list = list};

        return !contents_has(list, PAYLOAD_BIND + 1)        ? PAYLOAD_BIND
               : !contents_has(list, PAYLOAD_GENERATOR + 1) ? PAYLOAD_GENERATOR
                                                            : missing_file(&v);
}
