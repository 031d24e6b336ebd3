/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up maker of boot images: `zipper make RELEASE FILE` builds, `zipper list FILE` and `zipper show FILE PATH`
 * tell what is inside, and `zipper seal` has to run once images were replaced. tests/unit/seam-maker.bats adds it to a
 * copy of the sources.
 */
#include "base/program.h"
#include "base/str.h"
#include "maker/maker.h"

static const char *command(struct arena *a, const char *release, const char *file)
{
        return arena_join(a, "zipper make", release ? " " : "", release ? release : "", file ? " " : "",
                          file ? file : "", NULL);
}

static const char *load_early(struct arena *a, const char *module)
{
        return arena_join(a, "echo ", module, " >>/etc/zipper/modules", NULL);
}

static int build(struct arena *a, const char *release, const char *file, const char **ret_wrong)
{
        const char *argv[] = {"zipper", "make", release, file, NULL};

        return maker_run(a, argv, ret_wrong);
}

static const char *ask(struct arena *a, const char *what, const char *file, const char *path)
{
        const char *argv[] = {program_find(a, "zipper"), what, file, path, NULL};
        size_t size;
        char *text;

        return argv[0] && program_output(argv, a, &text, &size) == 0 ? text : NULL;
}

static const char *list(struct arena *a, const char *file)
{
        return ask(a, "list", file, NULL);
}

static bool read_files(struct arena *a, const char *file, const char *const *paths, const char **ret)
{
        for (; *paths; paths++, ret++)
                if (!(*ret = ask(a, "show", file, *paths)))
                        return false;
        return true;
}

static const char *lacks(const char *files, const char *order)
{
        (void)order;
        return strstr(files, "zipper/passthrough") ? NULL : "zipper's hook";
}

static const char *replaced(const struct root *root_of, struct arena *a, const char *path)
{
        (void)root_of;
        (void)a;
        (void)path;
        return "zipper seal";
}

static const char mark[] = "/etc/zip-release", root[] = "/new_root", units[] = "zip-load.service",
                  hook[] = "/usr/share/zipper/*.d/passthrough";

const struct initrd initrd_zipper = {
        .mark = mark,
        .root = root,
        .units = units,
        .parts = (const char *const[]){hook, NULL},
};

const struct maker maker_zipper = {
        .name = "zipper",
        .programs = (const char *const[]){"/usr/bin/zipper", "/usr/sbin/zipper", NULL},
        .hooks = (const char *const[]){"/etc/kernel/postinst.d/zipper", NULL},
        .images = (const char *const[]){"boot-*.zip", NULL},
        .initrd = &initrd_zipper,
        .install = "install zipper",
        .part = "hook passthrough",
        .no_part = "passthrough below /usr/share/zipper",
        .unified = "zipper --all-in-one",
        .replaced = replaced,
        .unattended = (const char *const[]){"zip.ask=no", NULL},
        .command = command,
        .load_early = load_early,
        .build = build,
        .list = list,
        .lacks = lacks,
        .read = read_files,
};
