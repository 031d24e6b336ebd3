/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nvme-controller ROOT COUNT WHAT...: tells a made-up NVMe controller what virtual functions need, and prints the
 * commands that it gets, then what came of it. WHAT is free, live, namespaces, or the index of a function. The
 * controller is as the environment has it: MANAGES, FREE (queues, and as many interrupts), OWN (of them the primary's),
 * MOST (that a function may have), STEP, SECONDARIES, UNATTACHED (a namespace that no controller has), REFUSES (the
 * command that it does not take, as it is printed), STATUS.
 */
#include <linux/nvme_ioctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "act/nvme.h"
#include "base/str.h"

static unsigned has[65536][2];
static bool online[65536];

static unsigned value(const char *name, unsigned otherwise)
{
        const char *text = getenv(name);

        return text ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

static void put16(uint8_t *p, unsigned n)
{
        p[0] = (uint8_t)n;
        p[1] = (uint8_t)(n >> 8);
}

/* Controllers 1, 2, ... are the functions 1, 2, ... */
static void list_secondaries(uint8_t *page, unsigned from)
{
        unsigned n = 0;

        for (unsigned id = from ? from : 1; id <= value("SECONDARIES", 2) && n < 127; id++, n++) {
                uint8_t *e = page + 32 + n * 32;

                put16(e, id);
                e[4] = online[id];
                put16(e + 8, id);
                put16(e + 10, has[id][0]);
                put16(e + 12, has[id][1]);
        }
        page[0] = (uint8_t)n;
}

static int identify(uint32_t cdw10, uint32_t nsid, uint8_t *page)
{
        switch (cdw10 & 0xff) {
        case 0x01:
                put16(page + 256, value("MANAGES", 1) << 7);
                return 0;
        case 0x14:
                for (int r = 0; r < 2; r++) {
                        uint8_t *p = page + 32 + 32 * r;

                        put16(p, value("FREE", 8));
                        put16(p + 8, value("OWN", 8));
                        put16(p + 12, value("MOST", 100));
                        put16(p + 14, value("STEP", 1));
                }
                return 0;
        case 0x15:
                list_secondaries(page, cdw10 >> 16);
                return 0;
        case 0x10:
                page[0] = 1;
                page[4] = 2;
                return 0;
        case 0x12:
                put16(page, nsid != value("UNATTACHED", 0));
                return 0;
        }
        return 2;
}

static int manage(uint32_t cdw10, uint32_t cdw11)
{
        unsigned id = cdw10 >> 16, resource = cdw10 >> 8 & 7;
        char text[64];

        snprintf(text, sizeof(text), "%x %u %u %u", cdw10 & 15, resource, id, cdw11);
        puts(text);
        if (getenv("REFUSES") && streq(getenv("REFUSES"), text))
                return (int)value("STATUS", 0x121);
        if ((cdw10 & 15) == 8)
                has[id][resource] = cdw11;
        if ((cdw10 & 15) == 9 && (has[id][0] < 2 || has[id][1] < 1))
                return 0x120;
        online[id] |= (cdw10 & 15) == 9;
        return 0;
}

/* In place of the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
        struct nvme_admin_cmd *c;
        va_list ap;

        (void)fd;
        va_start(ap, request);
        c = va_arg(ap, struct nvme_admin_cmd *);
        va_end(ap);
        if (request != NVME_IOCTL_ADMIN_CMD)
                abort();
        return c->opcode == 0x06   ? identify(c->cdw10, c->nsid, (uint8_t *)(uintptr_t)c->addr)
               : c->opcode == 0x1c ? manage(c->cdw10, c->cdw11)
                                   : 1;
}

static struct sriov_op operation(const char *what)
{
        struct sriov_op op = {.op = {.kind = OP_NVME, .target = "/device", .value = what},
                              .phase = streq(what, "free") ? SRIOV_MAKE : SRIOV_SET,
                              .index = UINT32_MAX};

        if (*what >= '0' && *what <= '9')
                op.index = (uint32_t)strtoul(what, NULL, 10);
        return op;
}

int main(int argc, char *argv[])
{
        struct arena a = {};
        struct diags problems = {.arena = &a};
        struct root root = ROOT_INIT;
        struct nvme *nvme = NULL;

        if (argc < 4 || root_open(argv[1], &root) < 0)
                return EXIT_FAILURE;
        for (int i = 3; i < argc; i++) {
                struct sriov_op op = operation(argv[i]);
                int k = nvme_tell(&root, &nvme, &op, (uint32_t)strtoul(argv[2], NULL, 10), 0, &a, &problems);

                printf("%s: %s\n", argv[i], k == 0 ? "done" : k == NVME_DONE ? "nothing to do" : "failed");
        }
        for (size_t i = 0; i < problems.n; i++)
                puts(problems.v[i].message);
        nvme_close(&nvme);
        root_close(&root);
        arena_free(&a);
        return 0;
}
