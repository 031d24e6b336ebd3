/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trials: what apply would do is booted once, from an entry of its own, before it is done. confirm, or a boot that is
 * complete, does it; any other boot takes it back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "ctl/apply.h"
#include "facts/ssh.h"

/* And what one that was cut short has left beside it. */
static int forget_file(struct ctl *c, const char *path)
{
        int k;

        file_sweep(&c->root, path);
        k = file_remove(&c->root, path);
        return k == -ENOENT || k == -ENOTDIR ? 0 : k;
}

static int forget_files(struct apply *p, const struct trial *t)
{
        struct ctl *c = p->c;
        int k = forget_file(c, TRIAL_GRUB);

        for (size_t i = 0; k == 0 && i < BOOT_N_DIRECTORIES; i++) {
                const char *path = arena_join(&c->arena, boot_directories[i], "/loader/entries/" TRIAL_ENTRY, NULL);

                k = forget_file(c, path);
        }
        return k == 0 && t->image ? forget_file(c, t->image) : k;
}

/* What is to be booted once, and the menu. */
static int tell_loader(struct apply *p)
{
        const char *clear = oneshot_clear(&p->facts), *menu = p->facts.grub_cfg.text;
        struct ctl *c = p->c;
        int k = 0;

        if (clear && oneshot_pending(&c->root, &c->arena, &p->facts))
                k = apply_run(c, clear);
        menu = menu ? oneshot_menu_without(menu, &c->arena) : NULL;
        if (k == 0 && menu) {
                k = file_write(&c->root, p->facts.grub_cfg.path, menu, strlen(menu), NULL);
                k = k < 0 ? ctl_fail(p->facts.grub_cfg.path, k) : 0;
        }
        return k;
}

int trial_drop(struct apply *p, const char *why)
{
        struct trial *t = &p->trial;
        int k = apply_detect(p), status;

        if (k != 0)
                return k;
        if (why) {
                t->state = TRIAL_FAILED;
                t->why = why;
                k = trial_write(&p->c->root, &p->c->arena, t);
        }
        if (k == 0 && t->state != TRIAL_NONE)
                k = forget_files(p, t);
        if (k < 0)
                return ctl_fail(TRIAL_DIR, k);
        status = tell_loader(p);
        if (!why && status == 0)
                k = trial_forget(&p->c->root);
        if (!why)
                *t = (struct trial){};
        return k < 0 ? ctl_fail(TRIAL_PATH, k) : status;
}

int trial_look(struct apply *p, bool *ret_settled)
{
        const struct trial *t = &p->trial;
        struct ctl *c = p->c;

        *ret_settled = false;
        if (t->state == TRIAL_NONE || !c->root.live || c->dry_run)
                return 0;
        if (t->config != p->config || c->no_trial || t->state == TRIAL_MAKING || t->state == TRIAL_ACCEPTED)
                return trial_drop(p, NULL);
        *ret_settled = true;
        if (t->state == TRIAL_FAILED) {
                fprintf(stderr,
                        "passthroughctl: the trial of this config (%s) failed: %s; nothing is written before the "
                        "config changes, or with --no-trial\n",
                        t->when, t->why ? t->why : "it is not known why");
                return EXIT_FAILURE;
        }
        if (trial_is_here(&c->root, &c->arena, t))
                puts(t->by_hand ? "this boot is the trial of this config: passthroughctl confirm keeps it"
                                : "this boot is the trial of this config: it is kept once the boot is complete");
        else
                puts("the next boot tries this config already: nothing to do");
        return 0;
}

/* ---- making one ----------------------------------------------------------------------------------------------------
 */

/* The image that the kernel's own entry loads. */
static bool is_loaded(struct apply *p, const struct installed *image)
{
        const struct boot_facts *f = &p->facts;
        struct span value;

        if (!image->kernel || !image->path || image->unified)
                return false;
        if (f->path != BOOT_ENTRIES)
                return startswith(image->path, "/boot/initrd.img-");
        for (size_t e = 0; e < f->n_entries; e++)
                for (size_t i = 0; entry_is_ours(f, &f->entries[e]) && entry_is_of(&f->entries[e], image->release) &&
                                   entry_value(f->entries[e].text, "initrd", i, &value);
                     i++)
                        if (strlen(image->path) >= value.length &&
                            memcmp(image->path + strlen(image->path) - value.length, value.at, value.length) == 0)
                                return true;
        return false;
}

/* Of the newest kernel, which boot loaders boot by default. */
static const struct installed *next_image(struct apply *p)
{
        const struct installed *found = NULL;

        for (size_t i = 0; i < p->images.list.n; i++) {
                const struct installed *image = &p->images.list.v[i];

                if (is_loaded(p, image) && (!found || strverscmp(image->release, found->release) > 0))
                        found = image;
        }
        return found;
}

static struct image_job *job_of(struct apply *p, const struct installed *image)
{
        for (size_t i = 0; image && i < p->images.n_jobs; i++)
                if (p->images.jobs[i].image == image)
                        return &p->images.jobs[i];
        return NULL;
}

bool trial_needed(struct apply *p)
{
        const struct installed *image = next_image(p);

        for (size_t i = 0; i < p->plan.n_ops; i++) {
                const char *name = str_basename(p->plan.ops[i].path);

                if (!streq(name, OFF_ENTRY) && !streq(p->plan.ops[i].path, APPLIED_PATH))
                        return true;
        }
        /* Where it is not known which image that boots with it may be any. */
        return p->plan.command || (image ? job_of(p, image) != NULL : p->images.n_jobs > 0);
}

static int build(struct apply *p, struct image_job *job)
{
        struct ctl *c = p->c;
        struct images one = {.jobs = job, .n_jobs = 1};
        const char *wrong;
        int k = images_check_room(c, &one);

        if (k != 0)
                return k;
        printf("building a boot image of %s for the trial; %s\n", job->image->release, job->why);
        fflush(stdout);
        k = image_build_beside(&c->root, &c->arena, job, p->trial.image, &wrong);
        if (k < 0)
                return ctl_fail(p->trial.image, k);
        if (wrong)
                fprintf(stderr, "passthroughctl: %s: %s\n", p->trial.image, wrong);
        else
                printf("wrote %s, and looked that all is in it\n", p->trial.image);
        return wrong ? EXIT_FAILURE : 0;
}

static int write_entry(struct apply *p, const char *const *tokens, size_t n)
{
        struct ctl *c = p->c;
        struct boot_op op;
        int k = 0;

        oneshot_entry(&p->facts, &c->arena, &p->trial, tokens, n, &p->owned, &op);

        if (k < 0)
                return ctl_fail("apply", k);
        if (!op.path || !op.new) {
                fprintf(stderr, "passthroughctl: no boot entry is there that loads kernel %s with its image\n",
                        p->trial.release);
                return EXIT_FAILURE;
        }
        k = file_write(&c->root, op.path, op.new, strlen(op.new), NULL);
        if (k < 0)
                return ctl_fail(op.path, k);
        if (p->facts.path == BOOT_ENTRIES) {
                struct boot_file entry = {op.path, op.new};
                size_t length = entry_length(&p->facts, &entry);

                printf("wrote %s\n", op.path);
                if (line_fits(length) == LINE_TOO_LONG) {
                        fprintf(stderr, "passthroughctl: %s\n", line_too_long(&c->arena, op.path, length));
                        return EXIT_FAILURE;
                }
        }
        return 0;
}

static int make_entry(struct apply *p)
{
        struct ctl *c = p->c;
        const char **tokens = NULL, *lacks, *update = oneshot_update(&p->facts);
        size_t n = 0;
        int k = 0;

        for (size_t i = 0; k == 0 && i < p->plan.n_tokens; i++)
                str_add(&c->arena, &tokens, &n, p->plan.tokens[i]);
        if (k == 0)
                trial_tokens(&c->root, &c->arena, &p->trial, &tokens, &n);
        if (k < 0)
                return ctl_fail("apply", k);
        k = write_entry(p, tokens, n);
        if (k == 0 && update)
                k = apply_run(c, update);
        if (k == 0)
                k = apply_detect(p);
        if (k != 0)
                return k;
        oneshot_verify(&p->facts, &c->arena, tokens, n, &lacks);
        if (k < 0)
                return ctl_fail("apply", k);
        if (lacks)
                fprintf(stderr, "passthroughctl: %s\n", lacks);
        return lacks ? EXIT_FAILURE : 0;
}

static int write_trial(struct apply *p, enum trial_state state)
{
        int k;

        p->trial.state = state;
        k = trial_write(&p->c->root, &p->c->arena, &p->trial);
        return k < 0 ? ctl_fail(TRIAL_PATH, k) : 0;
}

static int start(struct apply *p, const struct installed *image)
{
        struct ctl *c = p->c;
        time_t now = time(NULL);
        char when[32], boot[64];
        struct tm tm;

        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
        if (root_read(&c->root, "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) <= 0)
                return ctl_fail("/proc/sys/kernel/random/boot_id", -ENODATA);
        p->trial = (struct trial){.config = p->config,
                                  .release = image->release,
                                  .target = image->path,
                                  .when = arena_strdup(&c->arena, when),
                                  .boot = arena_strdup(&c->arena, boot),
                                  .by_hand = c->confirm > 0 || session_is_remote(&c->root),
                                  .seconds = c->confirm > 0 ? c->confirm : TRIAL_WAIT};
        if (job_of(p, image))
                p->trial.image = arena_join(&c->arena, image->path, TRIAL_SUFFIX, NULL);
        return write_trial(p, TRIAL_MAKING);
}

static int make(struct apply *p, const struct installed *image)
{
        struct image_job *job = job_of(p, image);
        int k = start(p, image);

        if (k == 0 && job)
                k = build(p, job);
        if (k == 0)
                k = make_entry(p);
        if (k == 0)
                k = write_trial(p, TRIAL_PENDING);
        return k == 0 ? apply_run(p->c, oneshot_set(&p->facts)) : k;
}

static void say_made(const struct apply *p)
{
        const struct trial *t = &p->trial;

        if (!oneshot_watchdog(&p->c->root))
                puts("note: this host has no watchdog: where the trial hangs without a panic, it has to be reset by "
                     "hand");
        printf("the next boot tries this, once; what there was stays the default until ");
        if (t->by_hand)
                printf("passthroughctl confirm is run in that boot, and comes back %u min after its start "
                       "otherwise\n",
                       t->seconds / 60);
        else
                printf("that boot is complete, and comes back %u min after its start otherwise\n", t->seconds / 60);
}

int trial_make(struct apply *p)
{
        const struct installed *image = next_image(p);
        const char *problem = NULL;
        int k = 0;

        oneshot_problem(&p->c->root, &p->c->arena, &p->facts, &problem);

        if (k < 0)
                return ctl_fail("apply", k);
        if (!problem && !image)
                problem = "no kernel was found that has a boot image of its own and an entry";
        if (problem) {
                fprintf(stderr,
                        "passthroughctl: this cannot be tried in one boot first: %s; nothing is written. apply "
                        "--no-trial does without\n",
                        problem);
                return EXIT_FAILURE;
        }
        k = make(p, image);
        if (k != 0) {
                fprintf(stderr, "passthroughctl: this is taken back\n");
                (void)!trial_drop(p, NULL);
                return EXIT_FAILURE;
        }
        say_made(p);
        return p->images.left ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- keeping it ----------------------------------------------------------------------------------------------------
 */

static uint32_t complete_applies(const struct apply *p)
{
        uint32_t n = 0;

        for (size_t i = 0; i < p->journal.n; i++)
                n += p->journal.v[i].done;
        return n;
}

/* What was booted takes the image's place; what only other kernels boot with is built now. */
static int take_over(struct apply *p)
{
        struct trial t = p->trial;
        struct ctl *c = p->c;
        int k = file_remove(&c->root, TRIAL_GRUB);

        if (k < 0)
                return ctl_fail(TRIAL_GRUB, k);
        /* What undo brings back is the menu without the trial. */
        k = apply_detect(p);
        if (k == 0)
                k = tell_loader(p);
        if (k == 0)
                k = apply_prepare(p);
        for (size_t i = 0; k == 0 && t.image && i < p->images.n_jobs; i++)
                if (streq(p->images.jobs[i].image->path, t.target))
                        p->images.jobs[i].tried = t.image;
        return k == 0 ? apply_carry_out(p) : k;
}

static int keep(struct apply *p)
{
        int k = apply_load(p);

        if (k == 0 && p->config != p->trial.config) {
                fprintf(stderr, "passthroughctl: the config has changed since its trial was made; passthroughctl apply "
                                "has it tried as it is now\n");
                return EXIT_FAILURE;
        }
        p->trial.applies = complete_applies(p);
        if (k == 0)
                k = write_trial(p, TRIAL_ACCEPTED);
        if (k == 0)
                k = take_over(p);
        if (k != 0) {
                (void)!trial_drop(p, "it was booted, and could not be kept");
                return EXIT_FAILURE;
        }
        k = trial_drop(p, NULL);
        if (k == 0)
                puts("the trial is kept: this is what boots from now on");
        return k;
}

static int open_trial(struct apply *p)
{
        return p->c->root.live ? apply_open(p) : ctl_usage("a trial is of the host that runs; --root= names another");
}

int ctl_confirm(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = APPLY_INIT(c);
        const struct trial *t = &p.trial;
        int k = open_trial(&p);

        if (k != 0)
                return k;
        if (t->state == TRIAL_NONE) {
                puts("nothing to confirm: there is no trial");
                return EXIT_SUCCESS;
        }
        if (t->state == TRIAL_FAILED) {
                fprintf(stderr, "passthroughctl: the trial of %s failed: %s\n", t->when, t->why ? t->why : "");
                return EXIT_FAILURE;
        }
        if (!trial_is_here(&c->root, &c->arena, t)) {
                fprintf(stderr, "passthroughctl: this boot is not the trial; the next one is\n");
                return EXIT_FAILURE;
        }
        if (c->automatic && t->by_hand) {
                printf("the boot is complete; passthroughctl confirm keeps it, or it is taken back %u min after its "
                       "start\n",
                       t->seconds / 60);
                return EXIT_SUCCESS;
        }
        return keep(&p);
}

/* ---- what its services do, and what there is -----------------------------------------------------------------------
 */

static int fail(struct apply *p, const char *why)
{
        fprintf(stderr, "passthroughctl: the trial of %s failed: %s%s\n", p->trial.when, why,
                journal_unfinished(&p->journal) ? "" : "; the config that was applied before it is in effect");
        return trial_drop(p, why);
}

/* At the beginning of each boot. */
static int settle(struct apply *p)
{
        struct trial *t = &p->trial;
        struct ctl *c = p->c;
        int k;

        if (t->state == TRIAL_NONE)
                return 0;
        if (trial_is_here(&c->root, &c->arena, t))
                return t->state == TRIAL_PENDING ? write_trial(p, TRIAL_RUNNING) : 0;
        if (!trial_is_old(&c->root, t))
                return 0;
        switch (t->state) {
        case TRIAL_MAKING:
                return trial_drop(p, NULL);
        case TRIAL_PENDING:
                k = apply_detect(p);
                if (k != 0 || oneshot_pending(&c->root, &c->arena, &p->facts))
                        return k;
                return fail(p, "it was booted, and did not come up");
        case TRIAL_RUNNING:
                return fail(p, "it came up, and the host was reset before it was kept");
        case TRIAL_ACCEPTED:
                if (complete_applies(p) > t->applies)
                        return trial_drop(p, NULL);
                return fail(p, journal_unfinished(&p->journal)
                                       ? "the host was reset while it was being kept; passthroughctl apply takes "
                                         "back what was written"
                                       : "the host was reset before it was kept");
        default:
                return 0;
        }
}

/* Success has systemd reboot. */
static int revert(struct apply *p)
{
        struct trial *t = &p->trial;

        if ((t->state != TRIAL_RUNNING && t->state != TRIAL_PENDING) || !trial_is_here(&p->c->root, &p->c->arena, t))
                return EXIT_FAILURE;
        return fail(p, t->by_hand ? "nobody confirmed it in time" : "its boot was not complete in time");
}

/* A kernel has come or gone; what no apply has made yet is for the first one to make. */
static int follow_kernels(struct apply *p)
{
        struct ctl *c = p->c;
        struct boot_file off = {};
        int k = apply_detect(p);

        if (k != 0 || p->facts.path != BOOT_ENTRIES || !p->facts.off.text)
                return k;
        journal_owned(&p->journal, &c->arena, &p->owned);
        if (k == 0)
                off_entry(&p->facts, &c->arena, &p->owned, &off);
        if (k == 0 && off.path && !streq(off.text, p->facts.off.text))
                k = file_write(&c->root, off.path, off.text, strlen(off.text), NULL);
        return k < 0 ? ctl_fail(OFF_ENTRY, k) : 0;
}

bool ctl_time_valid(const char *text, uint32_t *ret)
{
        static const struct {
                const char *unit;
                uint32_t seconds;
        } units[] = {{"", 1}, {"s", 1}, {"sec", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"hour", 3600}};
        size_t n = strspn(text, "0123456789");
        char number[8];

        if (n == 0 || n >= sizeof(number))
                return false;
        memcpy(number, text, n);
        number[n] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (streq(text + n, units[i].unit) && str_to_u32(number, 10, ret) == 0) {
                        *ret = *ret <= 24 * 3600 ? *ret * units[i].seconds : 0;
                        return *ret >= 60 && *ret <= 24 * 3600;
                }
        return false;
}

int ctl_trial(struct ctl *c)
{
        _cleanup_(apply_close) struct apply p = APPLY_INIT(c);
        const struct trial *t = &p.trial;
        int k;

        c->dry_run = !c->service;
        k = open_trial(&p);
        if (k != 0)
                return k;
        if (c->service)
                return streq(c->service, "settle")   ? settle(&p)
                       : streq(c->service, "revert") ? revert(&p)
                                                     : follow_kernels(&p);
        if (t->state == TRIAL_NONE)
                puts("no trial");
        else
                printf("trial of %s: %s%s%s\n", t->when, trial_state_names[t->state], t->why ? ": " : "",
                       t->why ? t->why : "");
        return EXIT_SUCCESS;
}
