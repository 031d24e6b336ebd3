/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sriov.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#include "act/netlink.h"
#include "act/nvme.h"
#include "act/sysfs.h"
#include "base/str.h"

#define PAUSE_MS 100

struct maker {
        const struct root *root;
        const struct plan *plan;
        unsigned patience;
        struct arena *arena;
        struct diags *problems;
        struct mnl_socket *socket;
        struct nvme *nvme;
        bool undone; /* there was nothing to do for the last operation */
        struct strings trace;
};

static void pause_ms(long ms)
{
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* As the kernel's drivers have it (drivers/pci/iov.c, sriov_enable(), sriov_numvfs_store()). */
static const char *error_text(const struct sriov_op *x, int error)
{
        if (error == -ETIMEDOUT)
                return "it has not come back, and may wait for a driver or for a virtual machine";
        if (!endswith(x->op.target, "/sriov_numvfs"))
                return strerror(-error);
        if (error == -ENOENT)
                return "its driver makes no virtual functions";
        if (error == -ENOMEM)
                return "the kernel has not enough memory or bus numbers for them; its log says which";
        return strerror(-error);
}

static void complain(struct maker *w, const struct sriov_op *x, int error)
{
        diag_add(w->problems, DIAG_ERROR, NULL, 0, "%s=%s: %s", x->op.target, x->op.value, error_text(x, error));
}

static int trace(struct maker *w, const struct sriov_op *x)
{
        const char *old = "", *text;
        size_t size;
        char *read;

        if (root_look(w->root, w->arena, SRIOV_TRACE, &read, &size) == SOURCE_READ)
                old = read;
        text = arena_join(w->arena, old, x->op.target, " ", x->op.value, "\n", NULL);
        return root_replace(w->root, SRIOV_TRACE, text, strlen(text));
}

/* A driver that is about to reset says EAGAIN or EBUSY (i40e, ice). */
static int set(struct maker *w, const struct sriov_op *x)
{
        int k = w->root->live && !w->socket ? netlink_open(&w->socket) : 0;

        if (endswith(x->op.value, " derive"))
                return -EADDRNOTAVAIL;
        if (!w->root->live)
                return trace(w, x);
        for (unsigned i = 0; k == 0; i++) {
                int error = netlink_set(w->socket, x);

                if ((error != -EAGAIN && error != -EBUSY) || i * PAUSE_MS >= w->patience * 1000)
                        return error;
                pause_ms(PAUSE_MS);
        }
        return k;
}

/* Fewer than all is a problem, and those that are there are of use. */
static int count(struct maker *w, const struct sriov_op *x)
{
        char text[32] = "";
        uint32_t n = 0, wanted = 0;

        if (root_read(w->root, x->op.target, text, sizeof(text)) < 0 || !str_to_u32(text, 10, &n))
                return -EIO;
        if (!str_to_u32(x->op.value, 10, &wanted) || n == wanted)
                return 0;
        diag_add(w->problems, DIAG_ERROR, NULL, 0, "its driver says that it has made %u virtual functions, and made %u",
                 wanted, n);
        return n == 0 ? -ENODEV : 0;
}

static int write_value(struct maker *w, const struct sriov_op *x)
{
        struct sysfs s = {.root = w->root, .shared_fd = -1, .patience = w->patience};
        const struct plan_entry *e = &w->plan->entries[w->plan->sriov->parents[x->parent].entry];
        const struct device *parent = &w->plan->facts->devices[e->device];
        const char *value = x->op.value;
        char target[PATH_MAX];

        /* Who is bound is who virtfnN leads to now. */
        if (endswith(x->op.target, "/drivers_probe")) {
                const char *link = arena_printf(w->arena, "%s/virtfn%u", parent->sysfs, x->index);
                ssize_t n = root_readlink(w->root, link, target, sizeof(target));

                if (n < 0)
                        return (int)n;
                value = str_basename(target);
        }
        return sysfs_write(&s, x->op.target, value, false);
}

static int tell_nvme(struct maker *w, const struct sriov_op *x)
{
        int k = w->root->live ? nvme_tell(w->root, &w->nvme, x, w->plan->sriov->parents[x->parent].count, w->patience,
                                          w->arena, w->problems)
                              : trace(w, x);

        w->undone = k == NVME_DONE;
        return MIN(k, 0);
}

static int carry_out(struct maker *w, const struct sriov_op *x)
{
        if (x->op.flags & OP_AFTER && w->undone)
                return 0;
        switch (x->op.kind) {
        case OP_WRITE:
                return write_value(w, x);
        case OP_COUNT:
                return count(w, x);
        case OP_NETLINK:
                return set(w, x);
        case OP_NVME:
                return tell_nvme(w, x);
        default:
                return 0;
        }
}

/* Nobody else would: later functions of it would stay without a driver. */
static void restore_autoprobe(struct maker *w, size_t parent)
{
        const struct sriov_plan *s = w->plan->sriov;

        for (size_t i = 0; i < s->n_ops; i++)
                if (s->ops[i].parent == parent && s->ops[i].phase == SRIOV_END &&
                    endswith(s->ops[i].op.target, "/sriov_drivers_autoprobe"))
                        (void)!write_value(w, &s->ops[i]);
}

enum sriov_end act_sriov(const struct root *root, const struct plan *plan, size_t parent, enum sriov_phase phase,
                         unsigned patience, struct arena *a, struct diags *problems)
{
        struct maker w = {.root = root, .plan = plan, .patience = patience, .arena = a, .problems = problems};
        const struct sriov_plan *s = plan->sriov;
        enum sriov_end end = SRIOV_DONE;

        for (size_t i = 0; end != SRIOV_FAILED && i < s->n_ops; i++) {
                const struct sriov_op *x = &s->ops[i];
                size_t before = problems->n;
                int k = x->parent == parent && x->phase == phase ? carry_out(&w, x) : 0;

                if (k == 0)
                        continue;
                if (problems->n == before)
                        complain(&w, x, k);
                if (phase == SRIOV_MAKE)
                        end = SRIOV_FAILED;
                else if (!(x->op.flags & OP_OPTIONAL))
                        end = SRIOV_USELESS;
        }
        if (end == SRIOV_FAILED)
                restore_autoprobe(&w, parent);
        netlink_close(&w.socket);
        nvme_close(&w.nvme);
        return end;
}
