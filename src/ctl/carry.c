/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/carry.h"

#include <stdlib.h>

#include "base/str.h"
#include "ctl/image.h"
#include "ctl/tell.h"

#define TREE "/run/passthrough/addon" /* a reboot removes what a kill has left */

void carry_add(struct ctl *c, struct carries *carries, const struct carry *carry)
{
        struct carry *slot = arena_grow(&c->arena, &carries->v, carries->n, sizeof(*slot));

        *slot = *carry;
        carries->n++;
}

static struct change *change_of(struct boot_plan *plan, const char *path)
{
        for (size_t i = 0; i < plan->changes.n; i++)
                if (streq(plan->changes.v[i].path, path))
                        return &plan->changes.v[i];
        return NULL;
}

static const struct boot_file *addon_of(const struct boot_facts *facts, const char *path)
{
        for (size_t i = 0; i < facts->n_unified; i++)
                if (streq(facts->addons[i].path, path))
                        return &facts->addons[i];
        return NULL;
}

/* ukify makes the whole addon: where one of the two changes, the other is made again. */
static void plan_one(struct ctl *c, struct carries *carries, struct carry *x, struct boot_plan *plan)
{
        const struct boot_uki *uki = x->image->uki;
        const struct boot_file *addon = addon_of(plan->facts, uki->addon);
        struct change *change = change_of(plan, uki->addon);
        bool goes = !x->now && uki->carried.size > 0;
        const char *line = addon && addon->text ? addon->text : "";

        carries->changes |= goes || (x->now && x->why);
        x->made = x->now && (x->why || change);
        carries->any |= goes || x->made;
        if (change && x->now && !change->new)
                change->new = "";
        if (change || !(goes || x->made))
                return;
        changes_add(&plan->changes, &c->arena,
                    (struct change){.path = uki->addon,
                                    .old = addon ? addon->text : NULL,
                                    .new = x->now || *line ? line : NULL,
                                    .packed = true,
                                    .was = addon ? addon->content : NULL});
}

void carry_plan(struct ctl *c, struct carries *carries, struct boot_plan *plan)
{
        for (size_t i = 0; i < carries->n; i++)
                plan_one(c, carries, &carries->v[i], plan);
}

bool carry_print(struct ctl *c, const struct carries *carries)
{
        for (size_t i = 0; i < carries->n; i++) {
                const struct carry *x = &carries->v[i];

                if (x->now && x->why)
                        tell_row(c, "Boot image",
                                 arena_join(&c->arena, x->image->path, ": ", x->why,
                                            "; its addon would get an initrd with the rules", NULL));
                else if (!x->now && x->image->uki->carried.size > 0)
                        tell_row(c, "Boot image",
                                 arena_join(&c->arena, x->image->path, ": its addon would lose the initrd", NULL));
        }
        return carries->changes;
}

/* As passthroughctl image does it. */
static int fill(struct ctl *c, const struct carry *x, struct strings *ret_modules)
{
        struct config config = c->config;
        struct settings settings = c->settings;
        struct facts facts = c->facts;
        struct plan plan = c->plan;
        struct root tree = ROOT_INIT;
        int k = payload_plan(c->sources, &c->root, &c->arena, x->image->release, x->now, &c->facts, &c->plan);

        c->config = x->now->config;
        c->settings = x->now->settings;
        if (k == 0)
                k = root_make_parents(&c->root, TREE "/.");
        if (k == 0)
                k = root_open_below(&c->root, TREE, &tree);
        if (k == 0)
                k = image_fill(c, &tree, x->now, true);
        if (k == 0)
                *ret_modules = image_modules(c);
        root_close(&tree);
        c->config = config;
        c->settings = settings;
        c->facts = facts;
        c->plan = plan;
        return k;
}

int carry_make(struct ctl *c, const struct carries *carries, struct change *change)
{
        struct archive archive = {.arena = &c->arena};
        const char *path = change->path, *wrong = NULL;
        const struct carry *x = NULL;
        struct strings modules = {};
        int k;

        for (size_t i = 0; i < carries->n; i++)
                if (carries->v[i].made && streq(carries->v[i].image->uki->addon, path))
                        x = &carries->v[i];
        if (!x)
                return 0;
        carrier_clean(TREE);
        k = fill(c, x, &modules);
        if (k == 0)
                k = carrier_pack(&c->root, &c->arena, TREE, x->image->release, &modules, &archive, &wrong);
        carrier_clean(TREE);
        if (k < 0)
                return ctl_fail(path, k);
        if (wrong) {
                size_t n = strcspn(wrong, "\n");

                tell_output(wrong + n + (wrong[n] != '\0'));
                return ctl_error("%s: %.*s; nothing is written", path, (int)n, wrong);
        }
        change->initrd = archive.data;
        change->initrd_size = archive.size;
        return 0;
}

int carry_verify(struct ctl *c, const struct carries *carries)
{
        for (size_t i = 0; i < carries->n; i++) {
                const struct carry *x = &carries->v[i];
                struct boot_uki uki = *x->image->uki;
                struct installed image = *x->image;
                struct payload now;
                struct image_digest digest;
                struct pe_file addon;
                const char *lack;
                int k;

                if (!x->made)
                        continue;
                k = pe_read(&c->root, &c->arena, uki.addon, false, &addon);
                if (k < 0)
                        return ctl_fail(uki.addon, k);
                uki.carried = addon.initrd;
                image.uki = &uki;
                now = *x->now;
                now.forgotten = false; /* the host has a clearance of its own by now */
                lack = !carrier_read(&c->root, &c->arena, &image, &now, &digest) ? "it has no initrd with the rules"
                                                                                 : payload_differs(&now, &digest);
                if (lack)
                        return ctl_error("%s: %s", uki.addon, lack);
                tell_row(c, "Boot image",
                         arena_join(&c->arena, image.path, ": its addon has an initrd with the rules (",
                                    form_size(&c->arena, addon.initrd.size), "), verified", NULL));
        }
        return 0;
}
