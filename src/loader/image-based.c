/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root file system is an image (bootc, ostree), or read-only: nothing is written. */
#include "base/str.h"
#include "loader/boot-plan.h"

/* Judges the last mount above path, with the longest way: whether it is read-only (proc_pid_mountinfo(5)). */
static bool read_only(const char *mountinfo, const char *path)
{
        size_t longest = 0;
        bool ro = false;
        struct span line;

        while (span_line(&mountinfo, &line)) {
                struct span field, at = {}, options = {};
                size_t n;

                for (unsigned i = 0; i < 6 && span_token(&line, &field); i++) {
                        if (i == 4)
                                at = field;
                        if (i == 5)
                                options = field;
                }
                n = at.length;
                if (options.length < 2 || n < longest || strlen(path) < n || memcmp(at.at, path, n) != 0 ||
                    (n > 1 && path[n] && path[n] != '/'))
                        continue;
                longest = n;
                ro = memcmp(options.at, "ro", 2) == 0 && (options.length == 2 || options.at[2] == ',');
        }
        return ro;
}

static int find(struct detector *d, const char **ret)
{
        static const char *const marks[] = {"/run/ostree-booted", "/sysroot/ostree"};
        struct probe *p = d->probe;
        const char *mounts;
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                if (p->exists(p, marks[i])) {
                        *ret = arena_join(p->arena, marks[i], " is there", NULL);
                        return 0;
                }
        k = p->text(p, "/proc/self/mountinfo", &mounts);
        if (k < 0 || !mounts)
                return k;
        if (read_only(mounts, "/etc"))
                *ret = "/etc is read-only";
        else if (p->exists(p, "/usr/lib/bootc") && read_only(mounts, "/usr"))
                *ret = "/usr/lib/bootc is there, and read-only";
        return 0;
}

static int detect(struct detector *d, struct claim *ret)
{
        int k = find(d, &ret->what);

        ret->certain = ret->what;
        return k;
}

static bool plan(struct boot_planner *p)
{
        const char *list = "", *appends = "";
        struct boot_verdict verdict;

        boot_verify(p->facts, p->plan->tokens, p->arena, &verdict);
        if (verdict.lacking.n == 0)
                return true;
        for (size_t i = 0; i < p->plan->tokens.n; i++) {
                list = arena_join(p->arena, list, i ? ", " : "", "\"", p->plan->tokens.v[i], "\"", NULL);
                appends = arena_join(p->arena, appends, " --append-if-missing=", p->plan->tokens.v[i], NULL);
        }
        return boot_plan_problem(
                p, arena_join(p->arena,
                              "this host's files come from an image, so nothing is written here; the image needs "
                              "/usr/lib/bootc/kargs.d/50-passthrough.toml:\n  kargs = [",
                              list, "]\nor, on this host, one of\n  rpm-ostree kargs", appends,
                              "\n  bootc loader-entries set-options-for-source --source passthrough --options '",
                              span_with(p->arena, span_of(""), p->plan->tokens), "'", NULL));
}

const struct loader loader_image_based = {
        .name = "an image of the root file system",
        .image = "it comes with this host's own image, and is built there",
        .build =
                "rpm-ostree initramfs --enable, on this host; rpm-ostree initramfs-etc --track=/etc/passthrough.d adds "
                "the rules alone, where its image has passthrough's part already",
        .detect = detect,
        .plan = plan,
        .verify = boot_verify_running,
};
