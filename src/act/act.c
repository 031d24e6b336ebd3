/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/act.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "act/attempt.h"
#include "act/await.h"
#include "act/kmod.h"
#include "act/sysfs.h"
#include "base/str.h"

const char *const device_state_names[STATE_MAX_] = {"", "bound", "late", "refused", "failed", "skipped", "begun"};

/* One entry: how taking it went, and giving it back if that failed. */
struct attempts {
        struct attempt take, back, left;
};

struct actor {
        const struct root *root;
        struct sysfs sysfs;
        const struct plan *plan;
        struct result *results;
        struct attempts *attempts; /* beside results */
        bool undone;               /* the last operation was not done */
};

uint64_t act_now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the kinds of operations ----------------------------------------------------------------------------------- */

static enum fault load_alias(struct actor *w, const struct op *op)
{
        char alias[256];

        return w->root->live && root_read(w->root, op->target, alias, sizeof(alias)) > 0 && kmod_load_alias(alias) == 0
                       ? FAULT_NONE
                       : FAULT_LOAD;
}

static enum fault load(struct actor *w, const struct op *op, struct attempt *x)
{
        if (op->flags & OP_ALIAS)
                return load_alias(w, op);
        if (root_exists(w->root, op->file))
                return FAULT_NONE;
        x->error = w->root->live ? kmod_load(op->target) : 0;
        if (op->flags & OP_OPTIONAL || !w->root->live || (x->error == 0 && root_exists(w->root, op->file)))
                return FAULT_NONE;
        return FAULT_LOAD;
}

static enum fault write_value(struct actor *w, const struct op *op, struct attempt *x)
{
        x->error = sysfs_write(&w->sysfs, op->file ? op->file : op->target, op->value, op->flags & OP_SHARED);
        return w->sysfs.stuck ? FAULT_STUCK : x->error < 0 ? FAULT_WRITE : FAULT_NONE;
}

static enum fault verify(struct actor *w, const struct op *op, struct attempt *x)
{
        char driver[NAME_MAX + 1];
        bool same;

        sysfs_driver(w->root, op->file ? op->file : op->target, driver, sizeof(driver));
        same = streq(driver, op->value);
        driver[sizeof(x->driver) - 1] = '\0';
        strcpy(x->driver, driver);
        if (op->flags & OP_GONE)
                return same ? FAULT_STILL : FAULT_NONE;
        return same ? FAULT_NONE : FAULT_DRIVER;
}

static enum fault hide(struct actor *w, const struct op *op, struct attempt *x)
{
        x->error = root_replace(w->root, op->target, op->value, strlen(op->value));
        return x->error < 0 ? FAULT_WRITE : FAULT_NONE;
}

static enum fault claim(struct actor *w, const struct op *op, struct attempt *x)
{
        bool gone = op->flags & OP_GONE;

        (void)x;
        if (await_claim(w->root, op->target, op->value, !gone))
                return FAULT_NONE;
        return gone ? FAULT_CLAIMED : FAULT_UNCLAIMED;
}

static enum fault (*const kinds[OP_MAX_])(struct actor *, const struct op *, struct attempt *) = {
        [OP_LOAD] = load, [OP_WRITE] = write_value, [OP_VERIFY] = verify, [OP_HIDE] = hide, [OP_CLAIM] = claim,
};

static bool applies(const struct actor *w, const struct op *op)
{
        char driver[NAME_MAX + 1];

        if (op->flags & OP_AFTER && w->undone)
                return false;
        if (!op->link)
                return true;
        sysfs_driver(w->root, op->link, driver, sizeof(driver));
        return streq(driver, op->ends);
}

/* left: what may fail, and does, is kept there. */
static enum fault carry_out(struct actor *w, const struct op *op, struct attempt *x, struct attempt *left)
{
        enum fault fault = FAULT_NONE;
        bool applied = applies(w, op);

        if (applied) {
                x->op = op;
                fault = kinds[op->kind](w, op, x);
        }
        w->undone = !applied || fault != FAULT_NONE;
        if (fault != FAULT_NONE && fault != FAULT_STUCK && op->flags & OP_OPTIONAL && op->kind != OP_LOAD) {
                *left = *x;
                left->fault = fault;
        }
        return fault;
}

/* A write that has not come back is kept in mind for who looks at the device next: that would only hang, too. */
static void note_stuck(const struct sysfs *s, const char *address)
{
        char path[PATH_MAX], pid[16];

        snprintf(path, sizeof(path), PASSTHROUGH_STUCK "/%s", address);
        snprintf(pid, sizeof(pid), "%d", s->stuck);
        (void)!root_replace(s->root, path, pid, strlen(pid));
}

/* ---- the way back ---------------------------------------------------------------------------------------------- */

/*
 * writes: those alone, right after what was written on the way there, and only those that undo it; whatever drivers
 * there were are there still.
 */
static void give(struct actor *w, const struct ops *back, bool writes, struct attempt *x, struct attempt *left)
{
        bool native = false;

        for (size_t i = 0; x->fault == FAULT_NONE && i < back->n; i++) {
                const struct op *op = &back->v[i];
                enum fault fault;

                if (writes && (op->kind != OP_WRITE || op->flags & OP_FOUND))
                        continue;
                fault = carry_out(w, op, x, left);
                native |= op->kind == OP_LOAD && fault == FAULT_NONE;
                if (!(op->flags & OP_OPTIONAL) || fault == FAULT_STUCK)
                        x->fault = fault;
        }
        if (!writes && x->fault == FAULT_NONE && native && !*x->driver)
                x->fault = FAULT_NO_DRIVER;
}

enum act_end act_give(const struct root *root, const char *address, const struct ops *back, unsigned patience,
                      struct arena *a, struct result *ret)
{
        struct actor w = {.root = root, .sysfs = {.root = root, .shared_fd = -1, .patience = patience}};
        struct attempt x = {}, left = {};

        give(&w, back, false, &x, &left);
        if (w.sysfs.stuck)
                note_stuck(&w.sysfs, address);
        sysfs_close(&w.sysfs);
        *ret = (struct result){
                .state = x.fault == FAULT_NONE ? STATE_SKIPPED : STATE_FAILED,
                .error = attempt_text(&x, root, a, patience),
                .left = attempt_left(&left, root, a, patience),
                .now = x.fault == FAULT_NONE && *x.driver ? arena_strdup(a, x.driver) : NULL,
                .at_us = act_now(),
        };
        return w.sysfs.stuck ? ACT_STUCK : ACT_DONE;
}

/* ---- the way there --------------------------------------------------------------------------------------------- */

static void fail(struct actor *w, size_t entry, enum fault fault, const struct attempt *x)
{
        w->attempts[entry].take = *x;
        w->attempts[entry].take.fault = fault;
        w->results[entry].state = STATE_FAILED;
        w->results[entry].from = NULL;
        w->results[entry].at_us = act_now();
}

static void put_back(struct actor *w, size_t entry)
{
        struct attempt *x = &w->attempts[entry].back;

        give(w, &w->plan->entries[entry].back, true, x, &w->attempts[entry].left);
        if (x->fault == FAULT_WRITE && x->error == -ENOENT) /* it went away meanwhile */
                x->fault = FAULT_NONE;
}

/* Before anything is unbound for it, a driver has to be there. */
static void fail_all(struct actor *w, enum fault fault, const struct attempt *x)
{
        for (size_t i = 0; i < w->plan->n_entries; i++) {
                const struct plan_entry *e = &w->plan->entries[i];

                if (e->action != ACTION_BIND || e->below != NO_ENTRY || e->stage != x->op->stage ||
                    !streq(e->driver, x->op->target))
                        continue;
                fail(w, i, fault, x);
                if (w->results[i].resumed)
                        put_back(w, i);
        }
}

static void succeed(struct actor *w, size_t entry)
{
        const struct plan_entry *e = &w->plan->entries[entry];
        const struct device *d = &w->plan->facts->devices[e->device];
        const char *from = streq_ptr(d->driver, e->driver) ? d->claim_from : d->driver;
        bool late = from && !streq(from, e->driver) && !d->bus->syntax->driverless;

        w->results[entry] = (struct result){
                .state = late ? STATE_LATE : STATE_BOUND, .from = late ? from : NULL, .at_us = act_now()};
}

static void take(struct actor *w, const struct op *op)
{
        struct attempt x = {};
        enum fault fault = carry_out(w, op, &x, &w->attempts[op->entry].left);

        if (fault == FAULT_NONE && (op->kind == OP_VERIFY || op->kind == OP_CLAIM))
                succeed(w, op->entry);
        if (fault == FAULT_NONE || (op->flags & OP_OPTIONAL && fault != FAULT_STUCK))
                return;
        if (op->kind == OP_LOAD) {
                fail_all(w, fault, &x);
                return;
        }
        fail(w, op->entry, fault, &x);
        if (fault != FAULT_STUCK)
                put_back(w, op->entry);
}

static bool of_stage(const struct act_choice *choice, const struct op *op)
{
        return choice->stage == STAGE_AUTO || op->stage == choice->stage ||
               (choice->resumed && op->stage < choice->stage && op->kind != OP_HIDE &&
                (op->kind == OP_LOAD || choice->resumed[op->entry]));
}

static bool meant(const struct actor *w, const struct act_choice *choice, const struct op *op)
{
        if (!of_stage(choice, op))
                return false;
        if (op->kind == OP_HIDE && !w->plan->facts->in_initrd)
                return false;
        if (op->kind == OP_LOAD)
                return true;
        return w->results[op->entry].state != STATE_FAILED &&
               (choice->rule == NO_ENTRY || w->plan->entries[op->entry].rule == choice->rule);
}

static void tell(struct actor *w, size_t entry, struct arena *a)
{
        const struct attempts *x = &w->attempts[entry];
        const char *address = w->plan->facts->devices[w->plan->entries[entry].device].address;
        const char *text = attempt_text(&x->take, w->root, a, w->sysfs.patience);

        if (x->take.fault == FAULT_STUCK || x->back.fault == FAULT_STUCK)
                note_stuck(&w->sysfs, address);
        if (x->back.fault == FAULT_STUCK)
                text = arena_join(a, text, "; giving it back has not finished", NULL);
        else if (x->back.fault != FAULT_NONE)
                text = arena_join(a, text, "; and it could not be given back: ", strerror(-x->back.error), NULL);
        w->results[entry].error = text;
}

/* A device below another went away when that one was taken, and is handed over if that one is. */
static void follow(struct actor *w, size_t entry, struct arena *a)
{
        const struct plan_entry *e = &w->plan->entries[entry];
        const struct result *of = &w->results[e->below];
        const char *driver = w->plan->facts->devices[e->device].driver;

        if (of->state != STATE_BOUND && of->state != STATE_LATE && of->state != STATE_FAILED)
                return;
        w->results[entry] = *of;
        if (of->state == STATE_LATE && driver)
                w->results[entry].from = driver;
        if (of->error)
                w->results[entry].error =
                        arena_join(a, w->plan->facts->devices[w->plan->entries[e->below].device].address,
                                   ", which it is below: ", of->error, NULL);
}

enum act_end act_take(const struct root *root, const struct plan *plan, const struct act_choice *choice,
                      struct arena *a, struct result *results)
{
        struct actor w = {
                .root = root,
                .sysfs = {.root = root, .shared_fd = -1, .patience = choice->patience},
                .plan = plan,
                .results = results,
                .attempts = arena_alloc(a, plan->n_entries * sizeof(*w.attempts)),
        };

        for (size_t i = 0; !w.sysfs.stuck && i < plan->ops.n; i++)
                if (meant(&w, choice, &plan->ops.v[i]))
                        take(&w, &plan->ops.v[i]);
        sysfs_close(&w.sysfs);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (w.attempts[i].take.fault != FAULT_NONE)
                        tell(&w, i, a);
                else
                        results[i].left = attempt_left(&w.attempts[i].left, root, a, choice->patience);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->entries[i].below != NO_ENTRY && plan->entries[i].action == ACTION_BIND)
                        follow(&w, i, a);
        return w.sysfs.stuck ? ACT_STUCK : ACT_DONE;
}
