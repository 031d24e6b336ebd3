/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sriov.h"

#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <time.h>

#include "act/eswitch.h"
#include "act/nvme.h"
#include "act/sysfs.h"
#include "act/vf-settings.h"
#include "base/str.h"

#define PAUSE_MS 100

struct maker {
        const struct root *root;
        const struct plan *plan;
        unsigned patience;
        struct arena *arena;
        struct diags *problems;
        struct netlink route, generic;
        struct nvme *nvme;
        bool undone; /* there was nothing to do for the last operation */
        bool *set;   /* beside the plan's operations: to be read back */
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
        if (error == -EPROTO)
                return "its driver takes that, and does not do it";
        if (error == -ENXIO && x->net == SRIOV_NET_OFFLOAD)
                return "there is none";
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
        const char *said = x->op.kind == OP_NETLINK && x->net != SRIOV_NET_OFFLOAD ? w->route.said : w->generic.said;
        bool says = (x->op.kind == OP_NETLINK || x->op.kind == OP_DEVLINK) && *said;

        diag_add(w->problems, DIAG_ERROR, NULL, 0, "%s=%s: %s%s%s%s", x->op.target, x->op.value, error_text(x, error),
                 says ? " (" : "", says ? said : "", says ? ")" : "");
}

static int trace(struct maker *w, const struct sriov_op *x)
{
        const char *old = "", *text;
        size_t size;
        char *read;

        if (root_look(w->root, w->arena, SRIOV_TRACE, &read, &size) == SOURCE_READ)
                old = read;
        /* A mode that is there already is not set again. */
        text = arena_join(w->arena, x->op.target, " ", x->op.value, "\n", NULL);
        if (x->op.kind == OP_DEVLINK && strstr(old, text))
                return 0;
        text = arena_join(w->arena, old, x->op.target, " ", x->op.value, "\n", NULL);
        return root_replace(w->root, SRIOV_TRACE, text, strlen(text));
}

static const struct device *parent_of(const struct maker *w, const struct sriov_op *x)
{
        return &w->plan->facts->devices[w->plan->entries[w->plan->sriov->parents[x->parent].entry].device];
}

/* The interface whose port is "pfMvfN" of this N; another controller's begins with its number (net/devlink). */
static const char *representor(struct maker *w, const struct sriov_op *x)
{
        const char **names, *net = arena_join(w->arena, parent_of(w, x)->sysfs, "/net", NULL);
        size_t n;

        if (root_list(w->root, w->arena, net, &names, &n) < 0)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                char text[64];
                uint32_t index;
                const char *vf;

                if (root_read(w->root, arena_join(w->arena, net, "/", names[i], "/phys_port_name", NULL), text,
                              sizeof(text)) <= 0 ||
                    !startswith(text, "pf"))
                        continue;
                vf = text + 2 + strspn(text + 2, "0123456789");
                if (startswith(vf, "vf") && str_to_u32(vf + 2, 10, &index) && index == x->index)
                        return names[i];
        }
        return NULL;
}

static int offload(struct maker *w, const struct sriov_op *x)
{
        const char *interface = x->index == UINT32_MAX ? x->op.target : representor(w, x);

        return interface ? eswitch_offload(&w->generic, interface) : -ENXIO;
}

static int set_once(struct maker *w, const struct sriov_op *x)
{
        bool generic = x->op.kind == OP_DEVLINK || x->net == SRIOV_NET_OFFLOAD;
        struct netlink *n = generic ? &w->generic : &w->route;
        int k = n->socket ? 0 : netlink_open(generic ? NETLINK_GENERIC : NETLINK_ROUTE, n);

        if (k < 0)
                return k;
        if (x->op.kind == OP_DEVLINK)
                return eswitch_set(n, x->op.target, x->eswitch);
        return generic ? offload(w, x) : vf_set(n, x);
}

/* A driver that is about to reset says EAGAIN or EBUSY (i40e, ice). */
static int set(struct maker *w, const struct sriov_op *x)
{
        if (endswith(x->op.value, " derive"))
                return -EADDRNOTAVAIL;
        if (!w->root->live)
                return trace(w, x);
        for (unsigned i = 0;; i++) {
                int error = set_once(w, x);

                w->set[x - w->plan->sriov->ops] = error == 0;
                if ((error != -EAGAIN && error != -EBUSY) || i * PAUSE_MS >= w->patience * 1000)
                        return error;
                pause_ms(PAUSE_MS);
        }
}

/* Once all are set: some of them change others, such as a reset. */
static void read_back(struct maker *w)
{
        const struct sriov_plan *s = w->plan->sriov;
        enum tristate *is = arena_alloc(w->arena, s->n_ops * sizeof(*is));
        const char *interface = NULL;

        for (size_t i = 0; i < s->n_ops; i++)
                if (w->set[i] && s->ops[i].op.kind == OP_NETLINK && s->ops[i].net == SRIOV_NET_SETTING)
                        interface = s->ops[i].op.target;
        if (!interface)
                return;
        vf_read_back(&w->route, interface, s->ops, s->n_ops, is);
        for (size_t i = 0; i < s->n_ops; i++)
                if (w->set[i] && is[i] == NO)
                        complain(w, &s->ops[i], -EPROTO);
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
        const char *value = x->op.value;
        char target[PATH_MAX];

        /* Who is bound is who virtfnN leads to now. */
        if (endswith(x->op.target, "/drivers_probe") || endswith(x->op.target, "/unbind")) {
                const char *link = arena_printf(w->arena, "%s/virtfn%u", parent_of(w, x)->sysfs, x->index);
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
        case OP_DEVLINK:
                return set(w, x);
        case OP_NVME:
                return tell_nvme(w, x);
        default:
                return 0;
        }
}

/* Those that are in the wrong mode are of no use, and nobody is to take them for the right ones. */
static void take_away(struct maker *w, size_t parent)
{
        const struct sriov_plan *s = w->plan->sriov;
        struct sysfs sysfs = {.root = w->root, .shared_fd = -1, .patience = w->patience};

        for (size_t i = 0; i < s->n_ops; i++)
                if (s->ops[i].parent == parent && s->ops[i].op.kind == OP_COUNT)
                        (void)!sysfs_write(&sysfs, s->ops[i].op.target, "0", false);
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

        w.set = arena_alloc(a, s->n_ops * sizeof(*w.set));
        for (size_t i = 0; end != SRIOV_FAILED && i < s->n_ops; i++) {
                const struct sriov_op *x = &s->ops[i];
                size_t before = problems->n;
                int k = x->parent == parent && x->phase == phase ? carry_out(&w, x) : 0;

                /* Where another one does it, too, that one's failure counts. */
                if (k == 0 || x->op.flags & OP_ELSE)
                        continue;
                if (problems->n == before)
                        complain(&w, x, k);
                if (x->op.kind == OP_DEVLINK)
                        take_away(&w, parent);
                if (phase == SRIOV_MAKE && !(x->op.flags & OP_OPTIONAL))
                        end = SRIOV_FAILED;
                else if (!(x->op.flags & OP_OPTIONAL))
                        end = SRIOV_USELESS;
        }
        read_back(&w);
        if (end == SRIOV_FAILED)
                restore_autoprobe(&w, parent);
        netlink_close(&w.route);
        netlink_close(&w.generic);
        nvme_close(&w.nvme);
        return end;
}
