/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the host does anything over RDMA, which an InfiniBand controller without interfaces may be for: file systems,
 * disks, and modules that use it on their own. Who has its nodes open, busy.c asks.
 */
#include "base/str.h"
#include "guard/parts.h"
#include "guard/source.h"
#include "guard/storage.h"

static void module_users(struct graph *g, const char *module)
{
        /* Drivers, and what does nothing but for a process, a mount or a disk that is asked for itself. */
        static const char *const known[] = {
                "bnxt_re",  "efa",     "erdma",     "hfi1",           "hns_roce_hw_v2", "ib_cm", "ib_iser",  "ib_mthca",
                "ib_qib",   "ib_srp",  "ib_umad",   "ib_uverbs",      "irdma",          "iw_cm", "iw_cxgb4", "mana_ib",
                "mlx4_ib",  "mlx5_ib", "nvme_rdma", "nvidia_peermem", "ocrdma",         "qedr",  "rdma_cm",  "rdma_rxe",
                "rdma_ucm", "rpcrdma", "siw",       "usnic_verbs",    "vmw_pvrdma"};
        const char *dir = arena_join(g->arena, "/sys/module/", module, NULL), **names;
        const char *holders = arena_join(g->arena, dir, "/holders", NULL);
        size_t n;

        switch (guard_list(g, holders, &names, &n)) {
        case SOURCE_ABSENT: /* it is built in, or not there */
                if (root_exists(g->root, dir))
                        guard_unknown(g, &g->evidence->rdma_unknown, "cannot see which modules use %s", module);
                return;
        case SOURCE_UNREADABLE:
                guard_unknown(g, &g->evidence->rdma_unknown, "%s cannot be read", holders);
                return;
        case SOURCE_READ:
                break;
        }
        for (size_t i = 0; i < n; i++)
                if (streq(names[i], "ib_ipoib"))
                        guard_unknown(g, &g->evidence->rdma_unknown,
                                      "ib_ipoib is loaded, and its interface does not show: another network namespace "
                                      "may have it");
                else if (str_index(names[i], known, ARRAY_SIZE(known)) < 0)
                        guard_unknown(g, &g->evidence->rdma_unknown,
                                      "%s is loaded, and the host may use InfiniBand through it; if not, unload it",
                                      names[i]);
}

/* The names in a class. */
static size_t in_class(struct graph *g, const char *class, const char ***ret)
{
        size_t n;

        if (guard_list(g, class, ret, &n) == SOURCE_UNREADABLE)
                guard_unknown(g, &g->evidence->rdma_unknown, "%s cannot be read", class);
        return n;
}

static void disks(struct graph *g)
{
        static const char *const sessions[] = {"/sys/class/iscsi_session", "/sys/class/srp_remote_ports"};
        const char **names;

        for (size_t i = in_class(g, "/sys/class/nvme", &names); i-- > 0;) {
                const char *fabric = guard_fabric(g, names[i]);

                if (fabric && (!*fabric || streq(fabric, "rdma")))
                        guard_unknown(g, &g->evidence->rdma_unknown,
                                      *fabric ? "%s is connected over RDMA" : "cannot see what connects %s", names[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(sessions); i++)
                if (in_class(g, sessions[i], &names) > 0 &&
                    root_exists(g->root, i == 0 ? "/sys/module/ib_iser" : "/sys/module/ib_srp"))
                        guard_unknown(g, &g->evidence->rdma_unknown, "%s may be connected over RDMA", names[0]);
}

void guard_rdma(struct graph *g)
{
        static const char *const modules[] = {"ib_core", "ib_cm", "rdma_cm"};
        char *mounts;

        if (guard_read(g, "/proc/self/mountinfo", &mounts) != SOURCE_READ)
                guard_unknown(g, &g->evidence->rdma_unknown, "cannot see what is mounted over RDMA");
        if (strstr(mounts, "=rdma") || strstr(mounts, ",rdma"))
                guard_unknown(g, &g->evidence->rdma_unknown, "something is mounted over RDMA");
        disks(g);
        for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
                module_users(g, modules[i]);
        g->evidence->sees_rdma = true;
}
