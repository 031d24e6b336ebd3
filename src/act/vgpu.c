/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/vgpu.h"

#include <errno.h>

#include "act/sysfs.h"
#include "base/str.h"

static const char *error_text(int error)
{
        if (error == -ETIMEDOUT)
                return "it has not come back, and may wait for a driver or for a virtual machine";
        return strerror(-error);
}

bool act_vgpu(const struct root *root, const struct plan *plan, size_t parent, enum vgpu_phase phase, unsigned patience,
              struct arena *a, struct diags *problems)
{
        struct sysfs s = {.root = root, .shared_fd = -1, .patience = patience};
        const struct vgpu_plan *v = plan->vgpu;
        bool all = true;

        (void)a;
        for (size_t i = 0; i < v->n_ops; i++) {
                const struct vgpu_op *x = &v->ops[i];
                int k = x->parent == parent && x->phase == phase && x->op.kind == OP_WRITE
                                ? sysfs_write(&s, x->op.target, x->op.value, false)
                                : 0;

                if (k == 0)
                        continue;
                diag_add(problems, DIAG_ERROR, NULL, 0, "%s=%s: %s", x->op.target, x->op.value, error_text(k));
                all = false;
        }
        return all;
}
