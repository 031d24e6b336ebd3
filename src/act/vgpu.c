/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/vgpu.h"

#include <errno.h>

#include "act/sriov-manage.h"
#include "act/sysfs.h"
#include "base/str.h"

/* Writes that have not come back, after which no other is tried: what hangs them is their driver. */
#define STUCK_MAX 3

struct maker {
        const struct root *root;
        const struct plan *plan;
        struct arena *arena;
        struct diags *problems;
        struct sysfs_writer writer;
        uint32_t failed; /* the last virtual GPU that failed, or UINT32_MAX */
        unsigned stuck;  /* writes that have not come back */
};

static const struct vgpu_parent *parent_of(const struct maker *w, const struct vgpu_op *x)
{
        return &w->plan->vgpu->parents[x->parent];
}

static const struct device *device_of(const struct maker *w, const struct vgpu_op *x)
{
        return &w->plan->facts->devices[w->plan->entries[parent_of(w, x)->entry].device];
}

static const char *user_of(const struct maker *w, const struct vgpu_op *x)
{
        const struct vgpu_facts *is = &parent_of(w, x)->is;

        return x->carrier < is->n_carriers ? is->carriers[x->carrier].user : NULL;
}

/* ---- a type of a virtual function ------------------------------------------------------------------------------- */

static bool sets_type(const struct vgpu_op *x)
{
        return endswith(x->op.target, "/current_vgpu_type");
}

static const char *beside(const struct maker *w, const struct vgpu_op *x, const char *file)
{
        return arena_printf(w->arena, "%.*s%s", (int)(str_basename(x->op.target) - x->op.target), x->op.target, file);
}

/* The type that it has now; "" where that cannot be read. */
static const char *current(const struct maker *w, const struct vgpu_op *x)
{
        char text[64];

        return root_read(w->root, x->op.target, text, sizeof(text)) > 0 ? str_printable(w->arena, text) : "";
}

/* Each line begins with the number of a type, but the first, which need not be there. */
static bool lists(const char *text, const char *type)
{
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                size_t n;

                line += strspn(line, " \t");
                n = strspn(line, "0123456789");
                if (n == strlen(type) && strncmp(line, type, n) == 0)
                        return true;
        }
        return false;
}

/* What can be made gets less with each that is. False: this one cannot be, any more. */
static bool creatable(const struct maker *w, const struct vgpu_op *x)
{
        char text[16 * 1024];
        const char *file = beside(w, x, "creatable_vgpu_types");
        ssize_t n = root_read(w->root, file, text, sizeof(text));
        const char *unlike = n < 0 ? NULL : parent_of(w, x)->unlike;

        if (n >= 0 && lists(text, x->op.value))
                return true;
        diag_add(w->problems, DIAG_ERROR, NULL, 0, "%s: %s%s%s", file,
                 n < 0    ? strerror((int)-n)
                 : n == 0 ? "no type can be made there any more"
                          : arena_join(w->arena, "type ", x->op.value, " can not be made there, or not any more", NULL),
                 unlike ? "; " : "", unlike ? unlike : "");
        return false;
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

/* As the kernel's drivers have it (drivers/vfio/mdev/mdev_core.c, mdev_sysfs.c; NVIDIA's for its own files). */
static const char *error_text(const struct maker *w, const struct vgpu_op *x, int error)
{
        const char *user = user_of(w, x);

        if (error == -ETIMEDOUT)
                return "it has not come back, and may wait for a driver or for a virtual machine";
        if (error == -EPROTO)
                return "its driver takes that, and does not do it";
        if (sets_type(x) && (error == -EPERM || error == -EBUSY))
                return arena_join(w->arena, "it is in use, and keeps type ", current(w, x), user ? ": " : "",
                                  user ? user : "", NULL);
        if (!endswith(x->op.target, "/create"))
                return strerror(-error);
        if (error == -ENOENT)
                return "its driver has no such type any more";
        if (error == -EUSERS || error == -ENOSPC)
                return "there is no room for one more";
        if (error == -EEXIST)
                return "there is a mediated device with this UUID already";
        if (error == -ENODEV)
                return "its driver goes away, or does not take it; the kernel log may say why";
        return strerror(-error);
}

static void complain(struct maker *w, const struct vgpu_op *x, int error)
{
        diag_add(w->problems, DIAG_ERROR, NULL, 0, "%s=%s: %s", x->op.target, x->op.value, error_text(w, x, error));
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

/* What the operation makes, as it was promised, or NULL. */
static const struct vgpu_device *promised(const struct maker *w, const struct vgpu_op *x)
{
        const struct vgpu_plan *v = w->plan->vgpu;

        for (size_t i = 0; i < v->n_devices; i++)
                if (v->devices[i].parent == x->parent && v->devices[i].index == x->index && v->devices[i].address)
                        return &v->devices[i];
        return NULL;
}

/* Success is not believed. */
static bool is_there(const struct maker *w, const struct vgpu_op *x)
{
        const struct vgpu_device *d = endswith(x->op.target, "/create") ? promised(w, x) : NULL;

        if (sets_type(x))
                return streq(current(w, x), x->op.value);
        return !d || root_exists(w->root, arena_join(w->arena, "/sys/bus/", d->bus, "/devices/", d->address, NULL));
}

static int write_value(struct maker *w, const struct vgpu_op *x)
{
        int k;

        if (sets_type(x) && streq(current(w, x), x->op.value))
                return 0;
        if (sets_type(x) && !streq(x->op.value, "0") && !creatable(w, x))
                return -ENOSPC;
        k = sysfs_writer_write(&w->writer, x->op.target, x->op.value);
        w->stuck += k == -ETIMEDOUT;
        return k == 0 && !is_there(w, x) ? -EPROTO : k;
}

static int run(struct maker *w, const struct vgpu_op *x)
{
        const struct manage m = {.root = w->root,
                                 .arena = w->arena,
                                 .problems = w->problems,
                                 .program = x->op.target,
                                 .arguments = x->op.value,
                                 .parent = device_of(w, x),
                                 .count = parent_of(w, x)->count};

        return manage_functions(&m) ? 0 : -EIO;
}

/* Whether it was done, or may be left undone. */
static bool carry_out(struct maker *w, const struct vgpu_op *x)
{
        size_t before = w->problems->n;
        int k = x->op.kind == OP_WRITE ? write_value(w, x) : x->op.kind == OP_RUN ? run(w, x) : 0;

        if (k < 0 && w->problems->n == before)
                complain(w, x, k);
        return k == 0 || x->op.flags & OP_OPTIONAL;
}

enum vgpu_end act_vgpu(const struct root *root, const struct plan *plan, size_t parent, enum vgpu_phase phase,
                       unsigned patience, struct arena *a, struct diags *problems)
{
        struct maker w = {.root = root,
                          .plan = plan,
                          .arena = a,
                          .problems = problems,
                          .writer = {.root = root, .patience = patience, .fd = -1},
                          .failed = UINT32_MAX};
        const struct vgpu_plan *v = plan->vgpu;
        bool whole = true, some = false;

        for (size_t i = 0; i < v->n_ops; i++) {
                const struct vgpu_op *x = &v->ops[i];

                if (x->parent != parent || x->phase != phase || (x->index != UINT32_MAX && x->index == w.failed))
                        continue;
                if (carry_out(&w, x)) {
                        some |= x->index != UINT32_MAX;
                        continue;
                }
                whole = false;
                w.failed = x->index;
                if (w.stuck >= STUCK_MAX)
                        diag_add(problems, DIAG_ERROR, NULL, 0,
                                 "%u writes have not come back; what else was to be made is not tried", w.stuck);
                if (x->index == UINT32_MAX || w.stuck >= STUCK_MAX)
                        break;
        }
        sysfs_writer_end(&w.writer);
        return whole ? VGPU_DONE : some ? VGPU_PARTLY : VGPU_FAILED;
}
