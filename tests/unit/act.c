/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations of three devices, carried out below a root of plain files: what is written, in which order, and that no
 * memory is taken between the first and the last write. The linker sends each write through here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act/act.h"
#include "act/sysfs.h"
#include "base/str.h"

static struct arena a;
static const char *last; /* what the arena gave at the write before */

#define CHECK(is_)                                                                                                     \
        do {                                                                                                           \
                if (!(is_)) {                                                                                          \
                        fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #is_);                              \
                        exit(1);                                                                                       \
                }                                                                                                      \
        } while (0)

int __real_sysfs_write(struct sysfs *s, const char *path, const char *value, bool shared);
int __wrap_sysfs_write(struct sysfs *s, const char *path, const char *value, bool shared);
int __wrap_sysfs_write(struct sysfs *s, const char *path, const char *value, bool shared)
{
        const char *now = arena_alloc(&a, 1);
        int k = __real_sysfs_write(s, path, value, shared);

        /* Two that follow each other are as far apart as one is large. */
        CHECK(!last || now - last == 16);
        last = now;
        printf("%s %s %d\n", path, streq(value, "\n") ? "\\n" : value, k);
        return k;
}

static void add(struct ops *ops, size_t entry, enum op_kind kind, const char *target, const char *value)
{
        struct op *op = ops_add(&a, ops, kind, target, value, "");

        op->entry = entry;
        op->stage = STAGE_INITRD;
}

int main(int argc, char *argv[])
{
        static const char *const names[] = {"/kept", "/other", "/none"};
        struct root root = ROOT_INIT;
        struct plan_entry entries[3] = {{.below = NO_ENTRY}, {.below = NO_ENTRY}, {.below = NO_ENTRY}};
        struct device devices[3] = {};
        struct facts facts = {.devices = devices, .n_devices = 3};
        struct plan plan = {.facts = &facts, .entries = entries, .n_entries = 3};
        struct result results[3] = {};

        CHECK(argc == 2 && root_open(argv[1], &root) == 0);
        for (size_t i = 0; i < 3; i++) {
                const char *link = arena_join(&a, names[i], "/driver", NULL);
                struct ops *back = &entries[i].back;

                devices[i].address = names[i] + 1;
                entries[i].device = i;
                entries[i].driver = "vfio";
                add(&plan.ops, i, OP_WRITE, arena_join(&a, names[i], "/override", NULL), "vfio");
                add(&plan.ops, i, OP_VERIFY, link, "vfio");
                add(back, i, OP_LOAD, "/alias", "");
                back->v[0].flags = OP_ALIAS | OP_OPTIONAL;
                add(back, i, OP_WRITE, arena_join(&a, names[i], "/override", NULL), "\n");
                add(back, i, OP_WRITE, arena_join(&a, names[i], "/driver/unbind", NULL), names[i] + 1);
                back->v[2].link = link;
                back->v[2].ends = "vfio";
                add(back, i, OP_WRITE, "/probe", names[i] + 1);
                add(back, i, OP_VERIFY, link, "vfio");
                back->v[4].flags = OP_GONE;
        }

        puts("take");
        CHECK(act_take(&root, &plan, &(struct act_choice){.rule = NO_ENTRY}, &a, results) == ACT_DONE);
        CHECK(last);
        last = NULL;
        for (size_t i = 0; i < 3; i++)
                printf("%s: %s %s\n", devices[i].address, device_state_names[results[i].state],
                       results[i].error ? results[i].error : "");

        /* One that may fail and does, what depends on it, and what does not. */
        puts("optional");
        last = NULL;
        results[0] = (struct result){};
        plan.ops.n = 0;
        add(&plan.ops, 0, OP_WRITE, "/kept/none", "1");
        plan.ops.v[0].flags = OP_OPTIONAL;
        add(&plan.ops, 0, OP_WRITE, "/kept/override", "depends");
        plan.ops.v[1].flags = OP_AFTER;
        add(&plan.ops, 0, OP_WRITE, "/kept/override", "depends on that");
        plan.ops.v[2].flags = OP_AFTER;
        add(&plan.ops, 0, OP_WRITE, "/kept/override", "vfio");
        add(&plan.ops, 0, OP_WRITE, "/probe", "depends on what is done");
        plan.ops.v[4].flags = OP_AFTER;
        add(&plan.ops, 0, OP_VERIFY, "/kept/driver", "vfio");
        plan.n_entries = 1;
        CHECK(act_take(&root, &plan, &(struct act_choice){.rule = NO_ENTRY}, &a, results) == ACT_DONE);
        printf("%s: %s %s\n", devices[0].address, device_state_names[results[0].state], results[0].left);

        puts("give");
        for (size_t i = 0; i < 3; i++) {
                struct result result;

                last = NULL;
                CHECK(act_give(&root, devices[i].address, &entries[i].back, 0, &a, &result) == ACT_DONE);
                printf("%s: %s %s\n", devices[i].address, device_state_names[result.state],
                       result.error ? result.error
                       : result.now ? result.now
                                    : "");
        }
        arena_free(&a);
        root_close(&root);
        return 0;
}
