/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/carrier.h"

#include <errno.h>

#include "base/program.h"
#include "base/span.h"
#include "base/str.h"
#include "config/driver.h"
#include "maker/contents.h"
#include "maker/embedded.h"

#define HOST_MODULES "/lib/modules/"
#define DEPMOD       "depmod"
#define BASE         ".depmod" /* behind the name of the tree */

const char *carrier_unfit(const struct root *root, struct arena *a, const struct makers *makers,
                          const struct boot_facts *boot, const struct installed *image, const struct payload *now)
{
        struct image_digest own;

        if (!image->uki)
                return "what stub it has is not known";
        if (image->uki->mute)
                return arena_join(a, "it ", image->uki->mute, NULL);
        if (boot->signer.lacks)
                return boot->signer.lacks;
        if (!embedded_read(root, a, makers->maker, image, now, &own))
                return arena_join(a, "what its own initrd has cannot be told by ", makers->maker->name, NULL);
        if (own.known)
                return "its own initrd was built with passthrough";
        if (!own.lacks || *own.lacks)
                return own.lacks ? own.lacks : "what its own initrd has is not known";
        return program_find(a, DEPMOD) ? NULL : DEPMOD " is not there; install kmod";
}

/* ---- modules -------------------------------------------------------------------------------------------------------
 */

struct collector {
        struct arena *arena;
        const char *needs, *softly; /* texts of modules.dep and modules.softdep */
        struct strings files;       /* as the former has them */
};

static bool same(char a, char b)
{
        return a == b || (strchr("-_", a) && strchr("-_", b));
}

/* "kernel/drivers/vfio/vfio.ko.xz", and a name, however "-" and "_" are spelled. */
static bool is_module(const char *path, struct span name)
{
        const char *base = str_basename(path);

        for (size_t i = 0; i < name.length; i++)
                if (!base[i] || !same(base[i], name.at[i]))
                        return false;
        return startswith(base + name.length, ".ko");
}

static void collect(struct collector *c, struct span name);

/* With what its softdeps bring, as far as that is there (modprobe.d(5)). */
static void add_file(struct collector *c, const char *path)
{
        const char *text = c->softly;
        struct span line, word;

        if (c->files.n > 0 && str_index(path, c->files.v, c->files.n) >= 0)
                return;
        strings_add(c->arena, &c->files, path);
        while (span_line(&text, &line)) {
                if (!span_token(&line, &word) || !span_is(word, "softdep") || !span_token(&line, &word) ||
                    !is_module(path, word))
                        continue;
                while (span_token(&line, &word))
                        collect(c, word);
        }
}

/* With all that it needs: modules.dep has that, and what those need. */
static void collect(struct collector *c, struct span name)
{
        const char *text = c->needs;
        struct span line, word;

        while (span_line(&text, &line)) {
                const char *path;

                if (!span_token(&line, &word) || word.length < 2 || word.at[word.length - 1] != ':')
                        continue;
                path = arena_strndup(c->arena, word.at, word.length - 1);
                if (!is_module(path, name))
                        continue;
                add_file(c, path);
                while (span_token(&line, &word))
                        add_file(c, arena_strndup(c->arena, word.at, word.length));
        }
}

static const char *host_file(struct arena *a, const char *release, const char *name)
{
        return arena_join(a, HOST_MODULES, release, "/", name, NULL);
}

static int copy_modules(const struct root *root, struct collector *c, const char *release, const char *to,
                        const char **ret_wrong)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < c->files.n; i++) {
                const char *path = c->files.v[i];
                char *data;
                size_t size;

                if (root_look(root, c->arena, host_file(c->arena, release, path), &data, &size) != SOURCE_READ) {
                        *ret_wrong = arena_join(c->arena, host_file(c->arena, release, path), " cannot be read", NULL);
                        return 0;
                }
                k = root_replace(root, arena_join(c->arena, to, "/", path, NULL), data, size);
        }
        return k;
}

/* depmod looks for them in lib/modules or usr/lib/modules, as it was built. */
static int index_modules(const struct root *root, struct arena *a, const char *tree, const char *release,
                         const char **ret_wrong)
{
        const char *base = arena_join(a, tree, BASE, NULL), *said;
        const char *argv[] = {program_find(a, DEPMOD), "-b", base, release, NULL};
        int k = root_symlink(root, arena_join(a, tree, DRIVER_CARRIED, NULL),
                             arena_join(a, base, "/lib/modules", NULL));

        if (k == 0)
                k = root_symlink(root, ".", arena_join(a, base, "/usr", NULL));
        if (k == 0)
                k = argv[0] ? program_run(argv, a, &said) : -ENOENT;
        if (k > 0)
                *ret_wrong = arena_printf(a, DEPMOD " failed with status %d\n%s", k, said);
        return k < 0 ? k : 0;
}

static int add_modules(const struct root *root, struct arena *a, const char *tree, const char *release,
                       const struct strings *modules, const char **ret_wrong)
{
        struct collector c = {.arena = a};
        char *needs, *softly;
        size_t size;
        int k = root_read_all(root, a, host_file(a, release, "modules.dep"), SOURCE_MAX, &needs, &size);

        if (k < 0)
                return k;
        c.needs = needs;
        (void)root_look(root, a, host_file(a, release, "modules.softdep"), &softly, &size);
        c.softly = softly;
        for (size_t i = 0; i < modules->n; i++)
                collect(&c, span_of(modules->v[i]));
        if (c.files.n == 0)
                return 0;
        k = copy_modules(root, &c, release, arena_join(a, tree, DRIVER_CARRIED, release, NULL), ret_wrong);
        return k == 0 && !*ret_wrong ? index_modules(root, a, tree, release, ret_wrong) : k;
}

void carrier_clean(const char *tree)
{
        struct arena a = {};

        maker_remove(tree);
        maker_remove(arena_join(&a, tree, BASE, NULL));
        arena_free(&a);
}

/* ---- packed and read -----------------------------------------------------------------------------------------------
 */

int carrier_pack(const struct root *root, struct arena *a, const char *tree, const char *release,
                 const struct strings *modules, struct archive *ret, const char **ret_wrong)
{
        static const char *const programs[] = {PAYLOAD_BIND, PAYLOAD_GENERATOR};
        struct root packed = ROOT_INIT;
        int k = 0;

        *ret_wrong = NULL;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(programs); i++) {
                char *data;
                size_t size;

                k = root_read_all(root, a, programs[i], SOURCE_MAX, &data, &size);
                if (k == 0)
                        archive_add(ret, programs[i], data, size, true);
        }
        if (k == 0)
                k = add_modules(root, a, tree, release, modules, ret_wrong);
        if (k == 0 && !*ret_wrong)
                k = root_open_below(root, tree, &packed);
        if (k == 0 && !*ret_wrong)
                k = archive_add_tree(ret, &packed);
        root_close(&packed);
        archive_end(ret);
        return k;
}

/* A module that is another one than the host has, or of another kernel; or NULL. */
static const char *other_module(const struct root *root, struct arena *a, const char *release, const struct archived *x)
{
        const char *below = startswith(x->path, &DRIVER_CARRIED[1]) ? x->path + strlen(DRIVER_CARRIED) - 1 : NULL;
        size_t n = strlen(release), size;
        char *data;

        if (!below)
                return NULL;
        if (!startswith(below, release) || below[n] != '/')
                return arena_join(a, "it has modules of another kernel than ", release, NULL);
        if (!strstr(str_basename(below), ".ko"))
                return NULL;
        if (root_look(root, a, host_file(a, release, below + n + 1), &data, &size) == SOURCE_READ && size == x->size &&
            memcmp(data, x->data, size) == 0)
                return NULL;
        return arena_join(a, "its module ", str_basename(below), " is not the host's", NULL);
}

/* "": it is whole. */
static const char *lacks(const struct root *root, struct arena *a, const char *release, const struct payload *now,
                         const char *data, size_t size)
{
        const char *list = "", *why = NULL;
        struct archived x;

        for (size_t at = 0; !why && archive_next(data, size, &at, &x);) {
                why = other_module(root, a, release, &x);
                list = arena_join(a, list, x.path, "\n", NULL);
        }
        if (why)
                return why;
        why = contents_lack_carried(root, a, release, now, list);
        return why ? arena_join(a, "it lacks ", why, NULL) : "";
}

bool carrier_read(const struct root *root, struct arena *a, const struct installed *image, const struct payload *now,
                  struct image_digest *ret)
{
        struct root past = *root; /* a capture gets none of it */
        struct pe_section x = image->uki ? image->uki->carried : (struct pe_section){};
        struct archived digest;
        char *data;

        past.tap = NULL;
        if (x.size == 0 || pe_section_read(&past, a, image->uki->addon, x, &data) < 0 ||
            !archive_find(data, x.size, DIGEST_PATH, &digest))
                return false;
        *ret = digest_parse(arena_strndup(a, digest.data, digest.size));
        if (ret->known)
                ret->lacks = lacks(&past, a, image->release, now, data, x.size);
        return ret->known;
}
