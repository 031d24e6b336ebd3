/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/running.h"

#include "base/str.h"
#include "maker/carrier.h"
#include "maker/origin.h"
#include "state/record.h"

#define RELEASE "/proc/sys/kernel/osrelease"
#define PLACES  "/boot, /efi and /boot/efi"

/* What the search comes to. */
struct search {
        struct arena *arena;
        const struct makers *makers;
        const struct boot_facts *boot;
        const struct installed_list *list;
        const char *release;
        bool there;                    /* its modules are */
        const struct installed *image; /* that boots it */
        const struct installed *kernelless, *unified;
        const struct installed_lost *entry; /* that loads none */
};

static bool is_of(const struct search *s, const char *release)
{
        return !s->release || streq(s->release, release);
}

static void search(struct search *s)
{
        const struct installed_list *list = s->list;

        for (size_t i = 0; i < list->n; i++) {
                const struct installed *x = &list->v[i];

                if (!is_of(s, x->release))
                        continue;
                s->there = true;
                if (!x->path || (list->entries && !x->entry && !x->unified))
                        continue;
                if (x->unified)
                        s->unified = x;
                else if (!x->kernel)
                        s->kernelless = x;
                else if (!s->image)
                        s->image = x;
        }
        for (size_t i = 0; i < list->n_lost && !s->entry; i++)
                if (list->lost[i].release && is_of(s, list->lost[i].release))
                        s->entry = &list->lost[i];
}

/* "initrd.img-6.1.0, initramfs-6.1.0.img or initrd-6.1.0" */
static const char *names(const struct search *s)
{
        const char *text = "";

        for (const struct maker *const *m = s->makers->table; *m; m++)
                for (const char *const *name = (*m)->images; *name; name++) {
                        const char *one = maker_image_name(s->arena, *name, s->release ? s->release : "RELEASE");

                        if (!strstr(text, one))
                                text = arena_join(s->arena, text, *text ? ", " : "", one, NULL);
                }
        return text;
}

static const char *why_lost(const struct search *s)
{
        const char *kernel = s->release ? arena_join(s->arena, "the running kernel (", s->release, ")", NULL)
                                        : "any installed kernel";
        struct arena *a = s->arena;

        if (s->release && !s->there)
                return arena_join(a, kernel, " is not installed any more: there is no /lib/modules/", s->release,
                                  "; reboot first", NULL);
        if (!s->image && s->unified)
                return arena_join(a, s->unified->path, " is a unified kernel image, which is not built here", NULL);
        if (s->image)
                return NULL;
        if (s->entry)
                return installed_why(a, s->entry, kernel);
        if (s->list->entries && !s->kernelless)
                return arena_join(a, "no boot entry was found that loads ", kernel, "; looked at those of ",
                                  s->boot->loader->name, " (", s->boot->found, ")", NULL);
        if (s->kernelless)
                return arena_join(a, "no kernel was found that boots with ", s->kernelless->path, "; looked in " PLACES,
                                  NULL);
        return arena_join(a, "no boot image was found of ", kernel, "; looked in " PLACES " for ", names(s), NULL);
}

/* The kernel that boots next, or one that may, where the running one's image is known. */
static const char *why_next(struct search *s)
{
        const struct installed_list *list = s->list;
        struct arena *a = s->arena;

        if (list->elsewhere)
                return arena_join(a, list->elsewhere,
                                  " boots next, and gets no rules: it is no entry of this system's "
                                  "kernels; set GRUB_DEFAULT in /etc/default/grub to one of those",
                                  NULL);
        for (size_t i = 0; i < list->n_lost; i++) {
                const struct installed_lost *x = &list->lost[i];

                if (x->next == KNOWN_NO)
                        continue;
                if (x->release)
                        s->release = x->release;
                s->image = NULL;
                s->entry = x;
                return arena_join(a, installed_why(a, x, arena_join(a, "kernel ", x->release, NULL)),
                                  x->next == KNOWN_YES ? "; that entry boots next" : "; that entry may boot next",
                                  NULL);
        }
        return NULL;
}

/* Each unified image of that kernel was built with the rules, or an addon brings them. */
static const char *why_not_carried(const struct search *s, const struct root *root, const struct config *config)
{
        struct arena *a = s->arena;
        const char *why = "";
        bool any = false;

        for (size_t i = 0; i < s->list->n && !*why; i++) {
                const struct installed *image = &s->list->v[i];
                struct diags diags = {.arena = a};
                struct image_digest digest;
                struct payload now;

                if (!image->unified || !is_of(s, image->release) ||
                    payload_build(s->makers->initrds, root, a, config, image->release, &diags, &now) < 0)
                        continue;
                any = true;
                if (origin_read(root, a, s->makers->maker, image, &now, &digest) && !payload_differs(&now, &digest))
                        continue;
                why = carrier_unfit(root, a, s->makers, s->boot, image, &now);
                why = why ? arena_join(a, ", nor can an addon bring the rules: ", why, NULL) : "";
        }
        if (any && !*why)
                return NULL;
        return arena_join(a, "the boot image is part of ", s->boot->loader->name, " (", s->boot->found,
                          "), which is not built here", why, NULL);
}

/* How the host boots, before any image is looked for. */
static const char *why_unknown(const struct search *s, const struct root *root, const struct config *config)
{
        const struct boot_facts *boot = s->boot;

        if (!boot)
                return "how this host boots cannot be read";
        if (!boot->loader)
                return boot->problem ? boot->problem : "how this host boots is unknown";
        if (boot->loader->image)
                return arena_join(s->arena, "the boot image is not built here: ", boot->loader->image, NULL);
        if (boot->loader->unified)
                return why_not_carried(s, root, config);
        return NULL;
}

/* This boot itself tells what its image was built from. */
static bool is_in_line(const struct search *s, const struct root *root, const struct config *config)
{
        struct diags diags = {.arena = s->arena};
        struct payload now;
        struct record record;

        return record_read(root, s->arena, &record) == 0 && record.image.known &&
               payload_build(s->makers->initrds, root, s->arena, config, s->release, &diags, &now) == 0 &&
               !payload_differs(&now, &record.image);
}

/* The image that boots it, or would, has the maker's own name for it. */
static bool is_named(const struct search *s)
{
        if (!s->boot || !s->boot->loader || !s->release)
                return false;
        return s->entry ? s->entry->lack == INSTALLED_GONE && strstr(s->entry->image, s->release) : !s->list->entries;
}

const char *running_unified(struct arena *a, const struct maker *maker)
{
        const char *own = maker->unified;

        return arena_join(a, own ? own : "", own ? ", " : "", BOOT_INSTALLER " or ukify", NULL);
}

static const char *builds(const struct search *s)
{
        const struct maker *m = s->makers->maker;
        const struct boot_facts *boot = s->boot;
        const struct installed *image = s->image;
        const char *command;

        if (boot && boot->by_hand && boot->by_hand->build)
                return boot->by_hand->build;
        if (boot && boot->loader && boot->loader->image)
                return arena_join(s->arena, "in the build of that image, with passthrough installed there: ",
                                  m->command(s->arena, s->release, NULL), "; or ", boot->loader->build, NULL);
        if ((boot && boot->loader && boot->loader->unified) || (!image && s->unified))
                return arena_join(s->arena, "as it was built before: ", running_unified(s->arena, m), NULL);
        if (boot && boot->loader && boot->loader->build)
                return boot->loader->build;
        if (image)
                command = m->command(s->arena, s->release, image->path);
        else if (s->release && !is_named(s))
                command = arena_join(s->arena, m->command(s->arena, s->release, "FILE"),
                                     ", with the FILE that the boot entry loads", NULL);
        else
                command = m->command(s->arena, s->release, NULL);
        return s->makers->program ? command : arena_join(s->arena, m->install, "; then ", command, NULL);
}

static const char *maker_problem(const struct search *s)
{
        const char *message, *then;

        if (makers_judge(s->makers, s->arena, &message, &then) != MAKERS_FAULT)
                return NULL;
        /* Where it is not there, what builds an image begins with the fix. */
        return arena_join(s->arena, "boot images are not built: ", message, s->makers->program ? "; " : NULL, then,
                          NULL);
}

void running_find(const struct root *root, struct arena *a, const struct makers *makers, const struct boot_facts *boot,
                  const struct installed_list *list, const struct config *config, struct running *ret)
{
        struct search s = {.arena = a, .makers = makers, .boot = boot, .list = list};
        const char *next = NULL;
        char text[128];

        if (root_read(root, RELEASE, text, sizeof(text)) > 0)
                s.release = arena_strdup(a, text);
        search(&s);
        *ret = (struct running){
                .release = s.release, .lost = why_unknown(&s, root, config), .maker = maker_problem(&s)};
        ret->carried = !ret->lost && boot->loader->unified;
        if (ret->carried)
                ret->maker = NULL;
        else if (!ret->lost)
                ret->lost = why_lost(&s);
        ret->in_line = ret->lost && is_in_line(&s, root, config);
        ret->of = s.release;
        if (!ret->lost) {
                ret->lost = next = why_next(&s);
                ret->of = s.release;
        }
        /* If others build the image, the boot itself is the witness. */
        if (ret->in_line && boot && boot->loader && (boot->loader->image || boot->loader->unified || s.unified))
                ret->lost = ret->maker = NULL;
        ret->build = builds(&s);
        ret->fix = next && (list->elsewhere || s.entry->lack == INSTALLED_BARE)
                           ? "passthroughctl apply, once that is mended"
                   : !boot || !boot->by_hand ? ret->build
                                             : arena_join(a, "passthroughctl cmdline has the kernel parameters; ",
                                                          boot->by_hand->parameters, "; the image: ", ret->build, NULL);
}

const char *running_problem(const struct running *running)
{
        return running->lost ? running->lost : running->maker;
}
