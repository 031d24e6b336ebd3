/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/nvme.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/str.h"

#define PAUSE_MS   50
#define TIMEOUT_MS 10000 /* of one command */
#define PAGE       4096
#define LIST_MAX   ((size_t)127) /* of secondary controllers, in one answer */

/* Opcodes, and the data structures that Identify gives. */
#define IDENTIFY              0x06
#define NAMESPACE_IDENTIFY    0x10 /* allocated namespaces */
#define NAMESPACE_CONTROLLERS 0x12
#define CONTROLLER            0x01
#define PRIMARY_CAPABILITIES  0x14
#define SECONDARY_CONTROLLERS 0x15
#define MANAGE                0x1c
#define OACS_MANAGEMENT       (1U << 7)
#define VQ                    0U
#define VI                    1U
#define ACTION_PRIMARY        0x1U
#define ACTION_ASSIGN         0x8U
#define ACTION_ONLINE         0x9U

struct secondary {
        uint16_t id, vf; /* vf is counted from 1 */
        bool online;
        uint16_t has[2];
};

/* By VQ and VI. */
struct resource {
        uint32_t flexible;
        uint16_t of_primary, most, granularity;
};

struct nvme {
        int fd;
        uint16_t id;
        bool manages;
        struct resource resources[2];
        struct secondary *v;
        size_t n;
};

static uint16_t u16(const uint8_t *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
        return u16(p) | (uint32_t)u16(p + 2) << 16;
}

/* 0, the controller's status, or -errno. */
static int command(int fd, uint8_t opcode, uint32_t nsid, uint32_t cdw10, uint32_t cdw11, void *data)
{
        struct nvme_admin_cmd c = {.opcode = opcode,
                                   .nsid = nsid,
                                   .addr = (uintptr_t)data,
                                   .data_len = data ? PAGE : 0,
                                   .cdw10 = cdw10,
                                   .cdw11 = cdw11,
                                   .timeout_ms = TIMEOUT_MS};
        int k = ioctl(fd, NVME_IOCTL_ADMIN_CMD, &c);

        return k < 0 ? -errno : k & 0x7ff;
}

static int identify(int fd, uint8_t what, uint16_t controller, uint32_t nsid, uint8_t *page)
{
        memset(page, 0, PAGE);
        return command(fd, IDENTIFY, nsid, what | (uint32_t)controller << 16, 0, page);
}

static int manage(const struct nvme *x, unsigned action, unsigned resource, uint16_t controller, uint32_t n)
{
        return command(x->fd, MANAGE, 0, action | resource << 8 | (uint32_t)controller << 16, n, NULL);
}

static const char *status_text(struct arena *a, int k)
{
        static const struct {
                int status;
                const char *text;
        } known[] = {
                {0x001, "it does not know the command"}, {0x002, "it does not know a field of the command"},
                {0x11f, "it has no such controller"},    {0x120, "the function is in no state for that"},
                {0x121, "it has not as many to give"},   {0x122, "it has no resource of that kind"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (known[i].status == k)
                        return known[i].text;
        return k < 0 ? strerror(-k) : arena_printf(a, "the controller's status is 0x%x", (unsigned)k);
}

static int complain(struct diags *problems, const char *what, int k)
{
        diag_add(problems, DIAG_ERROR, NULL, 0, "%s: %s", what, status_text(problems->arena, k));
        return -EIO;
}

/* ---- the controller ---------------------------------------------------------------------------------------------- */

/* Its driver has set it up: "live" (drivers/nvme/host/core.c). *ret: its name. */
static bool is_live(const struct root *root, struct arena *a, const char *device, const char **ret)
{
        const char **names, *dir = arena_join(a, device, "/nvme", NULL);
        char state[32];
        size_t n;

        if (root_list(root, a, dir, &names, &n) < 0 || n == 0)
                return false;
        *ret = names[0];
        return root_read(root, arena_join(a, dir, "/", names[0], "/state", NULL), state, sizeof(state)) > 0 &&
               streq(state, "live");
}

static int await_live(const struct root *root, struct arena *a, const char *device, unsigned patience, const char **ret,
                      struct diags *problems)
{
        for (unsigned i = 0; !is_live(root, a, device, ret); i++) {
                if (i * PAUSE_MS >= patience * 1000)
                        return complain(problems, "it does not become ready", -ETIMEDOUT);
                nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        }
        return 0;
}

static void read_resource(const uint8_t *page, struct resource *ret)
{
        *ret = (struct resource){.flexible = u32(page),
                                 .of_primary = u16(page + 8),
                                 .most = u16(page + 12),
                                 .granularity = u16(page + 14)};
}

static int read_secondaries(struct nvme *x, struct arena *a, uint8_t *page)
{
        uint32_t from = 0;
        int k;

        x->n = 0;
        do {
                k = identify(x->fd, SECONDARY_CONTROLLERS, (uint16_t)from, 0, page);
                for (size_t i = 0; k == 0 && i < MIN((size_t)page[0], LIST_MAX); i++) {
                        const uint8_t *e = page + 32 + i * 32;
                        struct secondary *s = arena_grow(a, &x->v, x->n++, sizeof(*x->v));

                        *s = (struct secondary){
                                .id = u16(e), .vf = u16(e + 8), .online = e[4] & 1, .has = {u16(e + 10), u16(e + 12)}};
                        from = s->id + 1U;
                }
        } while (k == 0 && page[0] == LIST_MAX && from <= UINT16_MAX);
        return k;
}

static int ask(struct nvme *x, struct arena *a)
{
        uint8_t *page = arena_alloc(a, PAGE);
        int k = identify(x->fd, CONTROLLER, 0, 0, page);

        x->manages = k == 0 && u16(page + 256) & OACS_MANAGEMENT;
        if (k != 0 || !x->manages)
                return k;
        k = identify(x->fd, PRIMARY_CAPABILITIES, 0, 0, page);
        if (k != 0)
                return k;
        x->id = u16(page);
        read_resource(page + 32, &x->resources[VQ]);
        read_resource(page + 64, &x->resources[VI]);
        return read_secondaries(x, a, page);
}

static int open_nvme(const struct root *root, struct arena *a, const char *device, unsigned patience, struct nvme **ret,
                     struct diags *problems)
{
        struct nvme *x = arena_alloc(a, sizeof(*x));
        const char *name;
        int k = await_live(root, a, device, patience, &name, problems);

        if (k < 0)
                return k;
        x->fd = root_open_at(root, arena_join(a, "/dev/", name, NULL), O_RDONLY);
        if (x->fd < 0)
                return complain(problems, arena_join(a, "cannot open /dev/", name, NULL), x->fd);
        *ret = x;
        k = ask(x, a);
        return k == 0 ? 0 : complain(problems, "it does not say what it has for virtual functions", k);
}

void nvme_close(struct nvme **x)
{
        if (*x)
                close_fd(&(*x)->fd);
        *x = NULL;
}

/* ---- what it is told --------------------------------------------------------------------------------------------- */

static const char *const names[] = {"queues", "interrupts"};

/* Of virtual functions that there are not any more, too: what they had is not there to be shared out. */
static int empty(const struct nvme *x, unsigned resource)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < x->n; i++)
                if (!x->v[i].online && x->v[i].has[resource] > 0)
                        k = manage(x, ACTION_ASSIGN, resource, x->v[i].id, 0);
        return k;
}

static int set_free(const struct nvme *x, struct diags *problems)
{
        int changed = NVME_DONE;

        if (!x->manages) {
                diag_add(problems, DIAG_ERROR, NULL, 0,
                         "it has no Virtualization Management: its virtual functions have what its firmware gives "
                         "them");
                return NVME_DONE;
        }
        for (unsigned r = VQ; r <= VI; r++) {
                int k = empty(x, r);

                if (k == 0 && x->resources[r].of_primary > 0)
                        k = manage(x, ACTION_PRIMARY, r, x->id, 0);
                if (k != 0)
                        return complain(problems, arena_join(problems->arena, "its ", names[r], NULL), k);
                if (x->resources[r].of_primary > 0)
                        changed = 0;
        }
        return changed;
}

/* An equal part, in the steps that it gives them in. */
static uint32_t part(const struct resource *r, uint32_t count)
{
        uint32_t n = r->flexible / count, step = r->granularity > 0 ? r->granularity : 1;

        n = r->most > 0 && n > r->most ? r->most : n;
        return MIN(n - n % step, (uint32_t)UINT16_MAX);
}

static struct secondary *find(const struct nvme *x, uint32_t index)
{
        for (size_t i = 0; i < x->n; i++)
                if (x->v[i].vf == index + 1)
                        return &x->v[i];
        return NULL;
}

static int set_online(const struct nvme *x, uint32_t index, uint32_t count, struct diags *problems)
{
        const char *what = arena_printf(problems->arena, "virtual function %u stays offline", index);
        struct secondary *s = find(x, index);
        int k;

        if (!x->manages || (s && s->online))
                return NVME_DONE;
        if (!s)
                return complain(problems, what, 0x11f);
        for (unsigned r = VQ; r <= VI; r++) {
                k = manage(x, ACTION_ASSIGN, r, s->id, part(&x->resources[r], count));
                if (k != 0)
                        return complain(problems, arena_join(problems->arena, what, ", ", names[r], NULL), k);
        }
        k = manage(x, ACTION_ONLINE, 0, s->id, 0);
        s->online = k == 0;
        if (k == 0)
                return 0;
        return complain(problems,
                        arena_printf(problems->arena, "%s, with %u queues and %u interrupts", what,
                                     part(&x->resources[VQ], count), part(&x->resources[VI], count)),
                        k);
}

/*
 * Which controller has which is not asked: one that no driver has enabled yet need not have any (QEMU). A controller
 * that does not know the question has its namespaces for all.
 */
static int look_at_namespaces(const struct nvme *x, struct arena *a, struct diags *problems)
{
        uint8_t *list = arena_alloc(a, PAGE), *page = arena_alloc(a, PAGE);
        const char *unattached = "";

        if (!x->manages || identify(x->fd, NAMESPACE_IDENTIFY, 0, 0, list) != 0)
                return NVME_DONE;
        for (size_t i = 0; i < PAGE / 4 && u32(list + 4 * i) > 0; i++)
                if (identify(x->fd, NAMESPACE_CONTROLLERS, 0, u32(list + 4 * i), page) == 0 && u16(page) == 0)
                        unattached = arena_printf(a, "%s %u", unattached, u32(list + 4 * i));
        if (*unattached)
                diag_add(problems, DIAG_ERROR, NULL, 0,
                         "no controller has namespace%s; nvme-attach-ns(1) gives it to a virtual function", unattached);
        return 0;
}

int nvme_tell(const struct root *root, struct nvme **nvme, const struct sriov_op *op, uint32_t count, unsigned patience,
              struct arena *a, struct diags *problems)
{
        const char *name;
        int k = 0;

        if (streq(op->op.value, "live"))
                return await_live(root, a, op->op.target, patience, &name, problems);
        if (!*nvme)
                k = open_nvme(root, a, op->op.target, patience, nvme, problems);
        if (k < 0)
                return k;
        if (op->index != UINT32_MAX)
                return set_online(*nvme, op->index, count, problems);
        if (op->phase == SRIOV_MAKE)
                return set_free(*nvme, problems);
        return look_at_namespaces(*nvme, a, problems);
}
