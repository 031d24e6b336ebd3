/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/attempt.h"

#include <errno.h>

#include "base/str.h"

/* More than an errno says: " (...)", or "" if it says enough. */
static const char *explain(const struct attempt *x, const struct root *root, struct arena *a)
{
        char methods[128];

        if (x->error == -EPERM && endswith(x->op->target, "/current_vgpu_type"))
                return " (its driver says that it is in use)";
        if (!streq(str_basename(x->op->target), "reset_method"))
                return "";
        if (x->error == -ENOENT)
                return " (the kernel knows no way to reset it alone, or is older than 5.15)";
        if (x->error != -EINVAL || root_read(root, x->op->target, methods, sizeof(methods)) < 0)
                return "";
        return arena_printf(a, " (the device cannot be reset so; it has now: %s)", *methods ? methods : "nothing");
}

static const char *written(const struct op *op, struct arena *a)
{
        return arena_join(a, "writing \"", streq(op->value, "\n") ? "" : op->value, "\" to ", op->target, NULL);
}

const char *attempt_text(const struct attempt *x, const struct root *root, struct arena *a, unsigned patience)
{
        switch (x->fault) {
        case FAULT_NONE:
                break;
        case FAULT_LOAD:
                return arena_join(a, "driver ", x->op->target, ": ",
                                  x->error == 0         ? "its module is loaded, but there is no driver of that name"
                                  : x->error == -ENOENT ? "there is no such module"
                                                        : strerror(-x->error),
                                  NULL);
        case FAULT_WRITE:
                return arena_join(a, written(x->op, a), ": ", strerror(-x->error), explain(x, root, a), NULL);
        case FAULT_STUCK:
                return arena_printf(a, "%s has not finished after %u s; the kernel log may say why",
                                    x->op->task ? x->op->task : written(x->op, a), patience);
        case FAULT_DRIVER:
                return arena_join(a, x->op->value, " did not take it; ",
                                  *x->driver ? "it is bound to " : "see the kernel log", x->driver, NULL);
        case FAULT_STILL:
                return arena_join(a, x->op->value, " still has it; see the kernel log", NULL);
        case FAULT_UNCLAIMED:
                return arena_join(a, "udev has not taken it for rule ", x->op->value,
                                  "; journalctl -u systemd-udevd may say why", NULL);
        case FAULT_CLAIMED:
                return "udev still has it for a rule; journalctl -u systemd-udevd may say why";
        case FAULT_NO_DRIVER:
                return arena_join(a, x->op->value,
                                  " released it, and no driver of the host took it; see the kernel log", NULL);
        }
        return NULL;
}

const char *attempt_left(const struct attempt *x, const struct root *root, struct arena *a, unsigned patience)
{
        const char *text = attempt_text(x, root, a, patience);

        return text ? arena_join(a, "not done: ", text, NULL) : NULL;
}
