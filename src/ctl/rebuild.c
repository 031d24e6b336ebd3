/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rebuild.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl/tell.h"
#include "loader/entry-copy.h"
#include "maker/embedded.h"

static void add_job(struct ctl *c, struct rebuild *r, const struct installed *image, const struct payload *now,
                    const char *why, bool unasked)
{
        struct image_job *job = arena_grow(&c->arena, &r->jobs, r->n_jobs, sizeof(*job));

        *job = (struct image_job){.image = image, .now = now, .why = why, .unasked = unasked};
        r->n_jobs++;
}

/* This boot has the rules, and its kernel has no other unified image: the next boot has them as well. */
static bool is_witnessed(const struct rebuild *r, const struct installed *image)
{
        size_t n = 0;

        for (size_t i = 0; i < r->list.n; i++)
                n += r->list.v[i].unified && streq(r->list.v[i].release, image->release);
        return r->running.in_line && image->unified && streq_ptr(r->running.release, image->release) && n == 1;
}

/* Says that an image is not built here, if it is not. unfit: why no addon brings the rules; or NULL. */
static bool leave(struct arena *a, struct rebuild *r, const struct installed *image, const struct boot_facts *facts,
                  const char *why, const char *unfit)
{
        if (facts->loader && facts->loader->image) {
                ctl_error("%s: %s; %s", image->path, why, facts->loader->image);
                return r->left = true;
        }
        if (!image->unified)
                return false;
        ctl_error("%s: %s; it is a unified kernel image, which is not built here: build it as it was "
                  "built before (%s)%s%s",
                  image->path, why, running_unified(a, r->makers.maker), unfit ? "; an addon cannot bring them: " : "",
                  unfit ? unfit : "");
        return r->left = true;
}

/* An addon brings the rules if it can, and its own initrd has nothing of them. */
static void look_at_unified(struct ctl *c, struct rebuild *r, const struct boot_facts *facts,
                            const struct installed *image, const struct payload *now)
{
        const struct maker *maker = r->makers.maker;
        const char *unfit = carrier_unfit(&c->root, &c->arena, &r->makers, facts, image, now);
        struct carry carry = {.image = image};
        struct image_digest digest;
        const char *why;

        if (!now->nothing && !unfit) {
                carry.now = now;
                carry.why = carrier_read(&c->root, &c->arena, image, now, &digest) ? payload_differs(now, &digest)
                                                                                   : "it was built without the rules";
        }
        carry_add(c, &r->carries, &carry);
        if (carry.now)
                return;
        if (embedded_read(&c->root, &c->arena, maker, image, now, &digest))
                why = payload_differs(now, &digest);
        else
                why = now->nothing || is_witnessed(r, image) ? NULL : "what it was built from cannot be told";
        if (why)
                leave(&c->arena, r, image, facts, why, now->nothing ? NULL : unfit);
}

static void look_at(struct ctl *c, struct rebuild *r, const struct boot_facts *facts, const struct installed *image,
                    const struct payload *now)
{
        struct image_digest digest = {};
        const char *why = now->nothing ? NULL : "what it was built from cannot be told";

        if (image->uki) {
                look_at_unified(c, r, facts, image, now);
                return;
        }
        if (origin_read(&c->root, &c->arena, r->makers.maker, image, now, &digest))
                why = payload_differs(now, &digest);
        if (why && !is_witnessed(r, image) && !leave(&c->arena, r, image, facts, why, NULL))
                add_job(c, r, image, now, why, digest.known && digest.config == now->digest.config);
}

/* A rule that the new images take less for than those that are there. */
static void say_fallen(const struct payload *now)
{
        for (size_t i = 0; now && now->fallen && i < now->config.n_rules; i++)
                if (now->fallen[i])
                        ctl_error("rule %s", now->fallen[i]);
}

static int look_at_all(struct ctl *c, const struct boot_facts *facts, struct rebuild *r)
{
        struct payload *now = NULL;
        int k = 0;

        for (size_t i = 0; k == 0 && i < r->list.n; i++) {
                const struct installed *image = &r->list.v[i];
                struct diags diags = {.arena = &c->arena};

                if (!image->kernel)
                        continue;
                if (!image->path) {
                        const char *lost = installed_lost_of(&r->list, &c->arena, image->release);

                        tell_note(c,
                                  lost ? lost
                                       : arena_join(&c->arena, "kernel ", image->release,
                                                    " has no boot image; build one with ",
                                                    r->makers.maker->command(&c->arena, image->release, NULL), NULL));
                        continue;
                }
                if (i == 0 || !now || !streq(r->list.v[i - 1].release, image->release)) {
                        now = arena_alloc(&c->arena, sizeof(*now));
                        k = payload_build(c->initrds, &c->root, &c->arena, &c->config, image->release, &diags, now);
                        if (k == 0 && c->root.live)
                                k = payload_clear(c->sources, &c->root, &c->arena, image->release, now);
                }
                if (k == 0)
                        look_at(c, r, facts, image, now);
        }
        if (k == 0 && r->n_jobs > 0)
                say_fallen(now);
        if (k == 0 && r->n_jobs > 0 && c->root.live && c->config.n_rules > 0 && !now->digest.has_clearance)
                tell_note(c, "the image cannot record which devices this host can spare: the firmware reports no UUID "
                             "(product_uuid)");
        return k;
}

/* Images that others make never have the rules. */
static void check_makers(struct ctl *c, struct rebuild *r)
{
        const char *message, *fix;

        if (makers_judge(&r->makers, &c->arena, &message, &fix) != MAKERS_FAULT)
                return;
        ctl_error("boot images are not built: %s; %s", message, fix);
        r->n_jobs = 0;
        r->left = true;
}

const char *rebuild_look(struct ctl *c, const struct boot_facts *facts, struct rebuild *ret)
{
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &ret->makers);
        installed_find(&c->root, &c->arena, &ret->makers, facts, &ret->list);
        running_find(&c->root, &c->arena, &ret->makers, facts, &ret->list, &c->config, &ret->running);
        ret->build = facts->loader && !facts->loader->image ? facts->loader->build : NULL;
        return c->config.n_rules > 0 ? running_problem(&ret->running) : NULL;
}

void rebuild_by_hand(struct ctl *c, const struct rebuild *r, const struct boot_facts *facts, struct strings tokens)
{
        tell_row(c, "Parameters", tokens.n > 0 ? span_with(&c->arena, span_of(""), tokens) : "none is needed");
        if (tokens.n > 0 && facts->by_hand)
                tell_row(c, "", facts->by_hand->parameters);
        if (c->config.n_rules > 0)
                tell_row(c, "Boot image", arena_join(&c->arena, "built by: ", r->running.build, NULL));
}

int rebuild_find(struct ctl *c, const struct boot_facts *facts, struct rebuild *ret)
{
        int k = look_at_all(c, facts, ret);

        if (k == 0 && ret->n_jobs > 0)
                check_makers(c, ret);
        return k < 0 ? ctl_fail("boot images", k) : 0;
}

static bool is_taken(const struct rebuild *r, size_t job, const struct boot_facts *facts, const char *path)
{
        for (size_t i = 0; i < job; i++)
                if (streq(r->jobs[i].image->path, path))
                        return true;
        return entry_loaded_by_any(facts, path);
}

void rebuild_move(struct ctl *c, struct rebuild *r, struct boot_plan *plan)
{
        const char *name = plan->facts->loader ? plan->facts->loader->image_name : NULL;

        for (size_t i = 0; name && i < r->n_jobs; i++) {
                struct image_job *job = &r->jobs[i];
                struct installed *image = arena_alloc(&c->arena, sizeof(*image));
                unsigned n = 0;

                job->from = job->image->path;
                *image = *job->image;
                do
                        image->path = entry_beside(&c->arena, job->from, arena_printf(&c->arena, "%s%u", name, ++n));
                while (is_taken(r, i, plan->facts, image->path));
                job->image = image;
                entry_plan_image(plan, &c->arena, job->from, image->path);
        }
}

int rebuild_moved(struct ctl *c, const struct rebuild *r)
{
        for (size_t i = 0; i < r->n_jobs; i++) {
                struct stat st;
                int k = file_stat(&c->root, r->jobs[i].image->path, &st);

                if (k < 0)
                        return ctl_fail(r->jobs[i].image->path, k);
        }
        return 0;
}

/* An earlier one that no entry loads may lie there. The other is kept: once no entry loads it, others may remove it. */
static int add_moved(struct ctl *c, const struct image_job *job, const char *path, struct changes *changes)
{
        const char *from;
        int k = file_remove(&c->root, path);

        if (k == 0)
                k = file_resolve(&c->root, &c->arena, job->from, &from);
        if (k == 0)
                strings_add(&c->arena, &changes->images, from);
        return k;
}

/* Where a path is a link, what it leads to is built anew, and has to be kept. */
int rebuild_add(struct ctl *c, const struct rebuild *r, struct changes *changes)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < r->n_jobs; i++) {
                const char *path;

                k = file_resolve(&c->root, &c->arena, r->jobs[i].image->path, &path);
                if (k == 0)
                        strings_add(&c->arena, &changes->images, path);
                if (k == 0 && r->jobs[i].from)
                        k = add_moved(c, &r->jobs[i], path, changes);
        }
        return k;
}

void rebuild_print(struct ctl *c, const struct rebuild *r)
{
        for (size_t i = 0; i < r->n_jobs; i++) {
                const struct image_job *job = &r->jobs[i];
                const struct installed *image = job->image;
                const char *command = r->build && !c->root.live
                                              ? r->build
                                              : r->makers.maker->command(&c->arena, image->release, image->path);

                tell_row(c, "Boot image",
                         arena_join(&c->arena, image->path, ": ", job->why,
                                    c->root.live ? "; would run " : "; to be run on that system: ", command, NULL));
        }
        if (!carry_print(c, &r->carries) && r->n_jobs == 0 && !r->left)
                tell_row(c, "Boot images",
                         running_problem(&r->running) ? "none is needed: there are no rules" : "nothing to do");
}

static struct image_job *like(struct rebuild *r, size_t job)
{
        for (size_t i = 0; i < job; i++)
                if (streq(r->jobs[i].image->release, r->jobs[job].image->release))
                        return &r->jobs[i];
        return NULL;
}

int rebuild_tell(struct ctl *c, const struct image_job *job, const char *path, const struct telling *t, int k)
{
        const char *size = form_size(&c->arena, job->size);
        size_t n;

        if (k == 0 && !job->wrong) {
                tell_end(c, t, job->tried || job->like ? "copied in" : "built in",
                         arena_join(&c->arena, " (", size, job->tried || job->like ? ")" : "), verified", NULL));
                if (job->unasked)
                        tell_row(c, "", job->why);
                return 0;
        }
        tell_end(c, t, "failed after", "");
        if (k < 0)
                return ctl_fail(path, k);
        n = strcspn(job->wrong, "\n");
        tell_output(job->wrong + n + (job->wrong[n] != '\0'));
        return ctl_error("%s: the old image stays: %.*s", path, (int)n, job->wrong);
}

static int build(struct ctl *c, struct rebuild *r, size_t i)
{
        struct image_job *job = &r->jobs[i];
        struct telling t;
        const char *what = job->image->release;

        job->like = like(r, i);
        if (job->like)
                what = job->image->path;
        if (r->n_jobs > 1)
                what = arena_printf(&c->arena, "%s (%zu of %zu)", what, i + 1, r->n_jobs);
        t = tell_begin(c, "Boot image", what);
        return rebuild_tell(c, job, job->image->path, &t,
                            build_image(&c->root, &c->arena, r->makers.maker, job, &job->wrong));
}

int rebuild_check_room(struct ctl *c, const struct rebuild *r, const struct image_job *tried)
{
        const char *lacks;
        int k = build_room(&c->root, &c->arena, r->jobs, r->n_jobs, tried, &lacks);

        if (k < 0)
                return ctl_fail("boot images", k);
        if (lacks)
                ctl_error("%s%s; nothing is written", lacks,
                          tried ? ", for a trial and to keep it; apply --no-trial needs less" : "");
        return lacks ? EXIT_FAILURE : 0;
}

int rebuild_run(struct ctl *c, struct rebuild *r)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < r->n_jobs; i++)
                k = build(c, r, i);
        return k;
}
