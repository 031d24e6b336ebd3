/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl/tell.h"
#include "facts/ssh.h"
#include "guard/evidence.h"

/* A file, and what one that was cut short has left beside it. */
static int forget_file(struct ctl *c, const char *path)
{
        file_sweep(&c->root, path);
        return file_remove(&c->root, path);
}

static int forget_files(struct transaction *x, const struct trial *t)
{
        struct ctl *c = x->c;
        int k = 0;

        for (size_t l = 0; c->loaders[l]; l++) {
                const struct oneshot *once = c->loaders[l]->once;

                for (size_t i = 0; once && k == 0 && once->remains[i]; i++)
                        k = forget_file(c, once->remains[i]);
        }
        return k == 0 && t->image ? forget_file(c, t->image) : k;
}

int attempt_clear(struct transaction *x)
{
        struct ctl *c = x->c;
        const struct oneshot *once = x->facts.loader ? x->facts.loader->once : NULL;
        const struct oneshot *pending = oneshot_pending(c->loaders, &x->facts, &c->root, &c->arena);
        const struct boot_file *file = &x->facts.menu;
        const char *menu = NULL;
        int k = pending && pending->clear ? transaction_run(c, "Next boot", pending->clear) : 0;

        if (once && once->menu_without && file->text)
                menu = once->menu_without(file->text, &c->arena);
        if (k != 0 || !menu)
                return k;
        k = file_write(&c->root, file->path, menu, strlen(menu), NULL);
        return k < 0 ? ctl_fail(file->path, k) : 0;
}

int attempt_drop(struct transaction *x, const char *why)
{
        struct trial *t = &x->trial;
        int k = transaction_detect(x), status;
        const char *hidden = k == 0 && !why ? boot_unmounted(&x->facts, &x->c->arena, t->target) : NULL;

        if (hidden)
                return ctl_error("%s; the trial is not taken back", hidden);
        if (k != 0)
                return k;
        if (why) {
                t->state = TRIAL_FAILED;
                t->why = why;
                k = trial_write(&x->c->root, &x->c->arena, t);
        }
        if (k == 0 && t->state != TRIAL_NONE)
                k = forget_files(x, t);
        if (k < 0)
                return ctl_fail(TRIAL_DIR, k);
        status = attempt_clear(x);
        if (!why && status == 0)
                k = trial_forget(&x->c->root);
        if (!why)
                *t = (struct trial){};
        return k < 0 ? ctl_fail(TRIAL_PATH, k) : status;
}

int attempt_look(struct transaction *x, bool *ret_settled)
{
        const struct trial *t = &x->trial;
        struct ctl *c = x->c;

        *ret_settled = false;
        if (t->state == TRIAL_NONE || !c->root.live)
                return 0;
        if (t->config != x->config || c->no_trial || t->state == TRIAL_MAKING || t->state == TRIAL_ACCEPTED)
                return attempt_drop(x, NULL);
        *ret_settled = true;
        if (t->state == TRIAL_FAILED) {
                x->stopped = arena_printf(&c->arena,
                                          "the trial of %s failed: %s. Nothing is written: change a rule first, or use "
                                          "apply --no-trial",
                                          t->when, t->why ? t->why : "it is not known why");
                return ctl_error("%s", x->stopped);
        }
        if (trial_is_here(&c->root, &c->arena, t))
                tell_say(c, t->by_hand
                                    ? "This boot is the trial of these rules: nothing to do."
                                    : "This boot is the trial of these rules. It is kept once the boot is complete.");
        else
                tell_say(c, "The next boot tries this already: nothing to do.");
        return 0;
}

/* ---- making one ----------------------------------------------------------------------------------------------------
 */

/* The image that the kernel's own entry loads. */
static bool is_loaded(struct transaction *x, const struct installed *image)
{
        const struct oneshot *once = x->facts.loader ? x->facts.loader->once : NULL;

        return once && image->kernel && image->path && !image->unified &&
               once->loads(&x->facts, image->release, image->path);
}

/* Of the newest kernel, which boot loaders boot by default. */
static const struct installed *next_image(struct transaction *x)
{
        const struct installed *found = NULL;

        for (size_t i = 0; i < x->images.list.n; i++) {
                const struct installed *image = &x->images.list.v[i];

                if (is_loaded(x, image) && (!found || strverscmp(image->release, found->release) > 0))
                        found = image;
        }
        return found;
}

static struct image_job *job_of(struct transaction *x, const struct installed *image)
{
        for (size_t i = 0; image && i < x->images.n_jobs; i++)
                if (x->images.jobs[i].image == image)
                        return &x->images.jobs[i];
        return NULL;
}

bool attempt_needed(struct transaction *x)
{
        const struct installed *image = next_image(x);

        for (size_t i = 0; i < x->plan.changes.n; i++)
                if (!x->plan.changes.v[i].aside)
                        return true;
        /* Where it is not known which image that boots with it may be any. */
        return x->plan.changes.command || (image ? job_of(x, image) != NULL : x->images.n_jobs > 0);
}

static int build(struct transaction *x, struct image_job *job)
{
        struct ctl *c = x->c;
        struct telling t = tell_begin(c, "Boot image", job->image->release);
        int k = build_beside(&c->root, &c->arena, x->images.makers.maker, job, x->trial.image, &job->wrong);

        return rebuild_tell(c, job, job->image->path, &t, k);
}

static int write_entry(struct transaction *x, const struct change *entry)
{
        int k;

        if (!entry->path || !entry->new) {
                ctl_error("no boot entry is there that loads kernel %s with its image", x->trial.release);
                return EXIT_FAILURE;
        }
        k = file_write(&x->c->root, entry->path, entry->new, strlen(entry->new), NULL);
        if (k < 0)
                return ctl_fail(entry->path, k);
        /* Our own files are not the host's. */
        if (!startswith(entry->path, TRIAL_DIR "/"))
                tell_row(x->c, "Wrote", entry->path);
        return 0;
}

static int make_entry(struct transaction *x)
{
        struct ctl *c = x->c;
        const struct oneshot *once = x->facts.loader->once;
        struct strings tokens = {};
        const char *lacks;
        struct change entry;
        int k;

        for (size_t i = 0; i < x->plan.tokens.n; i++)
                strings_add(&c->arena, &tokens, x->plan.tokens.v[i]);
        trial_tokens(&c->root, &c->arena, &x->trial, x->images.makers.maker->unattended, &tokens);
        once->entry(&x->facts, &c->arena, &x->trial, tokens, &x->owned, &entry);
        k = write_entry(x, &entry);
        if (k == 0 && once->update)
                k = transaction_run(c, "Boot menu", once->update);
        if (k == 0)
                k = transaction_detect(x);
        if (k != 0)
                return k;
        lacks = once->lacks ? once->lacks(&x->facts, &c->arena, &entry, tokens) : NULL;
        if (lacks)
                ctl_error("%s", lacks);
        return lacks ? EXIT_FAILURE : 0;
}

int attempt_record(struct transaction *x, enum trial_state state)
{
        char boot[64];
        int k;

        x->trial.state = state;
        if (state == TRIAL_RUNNING && root_read(&x->c->root, BOOT_ID, boot, sizeof(boot)) > 0)
                x->trial.own = arena_strdup(&x->c->arena, boot);
        k = trial_write(&x->c->root, &x->c->arena, &x->trial);
        return k < 0 ? ctl_fail(TRIAL_PATH, k) : 0;
}

/* Who keeps it, and until when. */
static void choose_end(struct transaction *x)
{
        uint32_t confirm = x->c->confirm;

        x->trial.by_hand = confirm > 0 || ssh_in_use(&x->c->root);
        x->trial.seconds = confirm > 0 ? confirm : TRIAL_WAIT;
}

static int start(struct transaction *x, const struct installed *image)
{
        struct ctl *c = x->c;
        time_t now = time(NULL);
        char when[32], boot[64];
        struct tm tm;

        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
        if (root_read(&c->root, BOOT_ID, boot, sizeof(boot)) <= 0)
                return ctl_fail(BOOT_ID, -ENODATA);
        x->trial = (struct trial){.config = x->config,
                                  .release = image->release,
                                  .target = image->path,
                                  .when = arena_strdup(&c->arena, when),
                                  .boot = arena_strdup(&c->arena, boot)};
        choose_end(x);
        if (job_of(x, image))
                x->trial.image = arena_join(&c->arena, image->path, TRIAL_SUFFIX, NULL);
        return attempt_record(x, TRIAL_MAKING);
}

static int make(struct transaction *x, const struct installed *image)
{
        const char *set = x->facts.loader->once->set;
        struct image_job *job = job_of(x, image);
        int k = start(x, image);

        if (k == 0 && job)
                k = build(x, job);
        if (k == 0)
                k = make_entry(x);
        if (k == 0)
                k = attempt_record(x, TRIAL_PENDING);
        return k == 0 ? transaction_run(x->c, "Next boot", set) : k;
}

/* Why the next boot may ask for a passphrase, or NULL. */
static const char *passphrase(struct ctl *c)
{
        struct facts_request request;
        struct facts facts = {.switches_known = true};

        facts_request_for(&c->config, &c->arena, &request);
        request.use = true;
        return facts_gather(&c->root, &c->arena, c->sources, &request, &facts) == 0 ? facts.evidence->passphrase : NULL;
}

void attempt_note(struct transaction *x)
{
        struct ctl *c = x->c;
        const char *asked = x->asked ? x->asked : passphrase(c);

        if (!trial_watchdog(&c->root))
                tell_note(c, "this host has no watchdog; if the trial hangs, reset the host");
        if (asked)
                tell_note(c, arena_printf(
                                     &c->arena,
                                     "the trial may ask for a passphrase (%s); type it within %u minutes of its start",
                                     asked, x->trial.seconds / 60));
}

void attempt_say(struct transaction *x)
{
        const struct trial *t = &x->trial;
        struct ctl *c = x->c;

        /* The next step says what the reboot does. */
        if (t->state != TRIAL_NONE) {
                tell_say(c, "To drop it now: sudo passthroughctl undo");
                return;
        }
        tell_say(c, arena_printf(&c->arena,
                                 t->by_hand ? "The next boot would try this once; without sudo passthroughctl confirm "
                                              "within %u minutes of its start it would be taken back."
                                            : "The next boot would try this once; a boot that is not complete within "
                                              "%u minutes would be taken back.",
                                 t->seconds / 60));
}

/* Whether one can be made; 0 or the exit status. */
static int check(struct transaction *x, const struct installed *image)
{
        const char *problem = oneshot_problem(&x->facts, &x->c->root, &x->c->arena);
        const struct image_job *job = job_of(x, image);

        if (!problem && !image)
                problem = "no kernel was found that has a boot image of its own and an entry";
        if (!problem)
                return job ? rebuild_check_room(x->c, &x->images, job) : 0;
        x->stopped = arena_join(&x->c->arena, "no trial boot is possible: ", problem,
                                ". Nothing is written; apply --no-trial does without one", NULL);
        return ctl_error("%s", x->stopped);
}

int attempt_would_make(struct transaction *x)
{
        const struct installed *image = next_image(x);
        int k = check(x, image);

        choose_end(x);
        return k;
}

int attempt_make(struct transaction *x)
{
        const struct installed *image = next_image(x);
        int k = check(x, image);

        if (k != 0)
                return k;
        k = make(x, image);
        if (k != 0) {
                ctl_error("what was written is taken back");
                (void)!attempt_drop(x, NULL);
                return EXIT_FAILURE;
        }
        return x->images.left ? EXIT_FAILURE : EXIT_SUCCESS;
}
