/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initramfs-tools(7): mkinitramfs(8) builds, lsinitramfs(8) and unmkinitramfs(8) tell what is in an image. */
#include "base/program.h"
#include "base/str.h"
#include "maker/contents.h"
#include "maker/maker.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)1024 * 1024)

static const char *command(struct arena *a, const char *release, const char *file)
{
        return !release ? "update-initramfs -u -k $(uname -r)"
               : !file  ? arena_join(a, "update-initramfs -u -k ", release, NULL)
                        : arena_join(a, "mkinitramfs -o ", file, " ", release, NULL);
}

static const char *load_early(struct arena *a, const char *name)
{
        return arena_join(a, "echo ", name, " >>/etc/initramfs-tools/modules, then update-initramfs -u -k all", NULL);
}

static int build(struct arena *a, const char *release, const char *file, const char **ret_wrong)
{
        static const char *const readers[] = {"lsinitramfs", "unmkinitramfs"};
        const char *argv[] = {"mkinitramfs", "-o", file, release, NULL};

        for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
                if (!program_find(a, readers[i])) {
                        *ret_wrong = arena_join(a, readers[i],
                                                " is not there; it is needed to verify what mkinitramfs builds", NULL);
                        return 0;
                }
        return maker_run(a, argv, ret_wrong);
}

static const char *list(struct arena *a, const char *file)
{
        const char *argv[] = {program_find(a, "lsinitramfs"), file, NULL};
        size_t size;
        char *text;
        int k;

        if (!argv[0])
                return NULL;
        k = program_output(argv, a, &text, &size);
        return k < 0 || size == 0 ? NULL : text;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
        (void)st;
        (void)flag;
        (void)ftw;
        return remove(path);
}

/* Archives in front of the last one, as that of microcode, have directories beside its "main". */
static const char *read_below(struct arena *a, const char *dir, const char *path)
{
        static const char *const parts[] = {"/main", ""};
        struct root unpacked;
        char *text = NULL;
        size_t size;

        if (root_open(dir, &unpacked) < 0)
                return NULL;
        for (size_t i = 0; !text && i < ARRAY_SIZE(parts); i++)
                if (root_read_all(&unpacked, a, arena_join(a, parts[i], path, NULL), TEXT_MAX, &text, &size) < 0)
                        text = root_exists(&unpacked, arena_join(a, parts[i], "/conf/initramfs.conf", NULL)) ? ""
                                                                                                             : NULL;
        root_close(&unpacked);
        return text;
}

/* There is no program that shows one file: all of them are unpacked, and removed again. */
static const char *read_file(struct arena *a, const char *file, const char *path)
{
        char dir[] = "/var/tmp/passthrough-XXXXXX";
        const char *argv[] = {program_find(a, "unmkinitramfs"), file, dir, NULL}, *text = NULL, *said;

        if (!argv[0] || !mkdtemp(dir))
                return NULL;
        if (program_run(argv, a, &said) >= 0)
                text = read_below(a, dir, path);
        nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return text;
}

static const char *lacks(const char *files)
{
        static const char *const scripts[] = {"scripts/init-top/00-passthrough", "scripts/init-premount/passthrough",
                                              "scripts/init-bottom/00-passthrough"};

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
                if (!contents_has(files, scripts[i]))
                        return scripts[i];
        return NULL;
}

/* Arrays, so that a program that uses no more than this gets none of the other strings. */
static const char mark[] = "/conf/initramfs.conf", root[] = "/root", units[] = "",
                  hook[] = "/usr/share/initramfs-tools/hooks/passthrough",
                  scripts[] = "/usr/share/initramfs-tools/scripts/*/*passthrough",
                  conf[] = "/etc/initramfs-tools/initramfs.conf", conf_d[] = "/etc/initramfs-tools/conf.d/",
                  cryptsetup[] = "askpass", zfs[] = "zfs load-key", plymouth[] = "plymouth ask-for-password",
                  systemd[] = "systemd-ask-password";

const struct initrd initrd_initramfs_tools = {
        .mark = mark,
        .root = root,
        .units = units,
        .askers = (const char *const[]){cryptsetup, zfs, plymouth, systemd, NULL},
        .patience = 30, /* scripts/local, without rootdelay= */
        .parts = (const char *const[]){hook, scripts, NULL},
        .arguments = (const char *const[]){conf, conf_d, NULL},
};

static const struct ids_settings settings[] = {
        {.files = (const char *const[]){"/etc/initramfs-tools/modules", NULL},
         .dirs = (const char *const[]){NULL},
         .form = IDS_MODULES},
        {},
};

const struct maker maker_initramfs_tools = {
        .name = "initramfs-tools",
        .programs = (const char *const[]){"/usr/sbin/mkinitramfs", "/usr/sbin/update-initramfs", NULL},
        .hooks = (const char *const[]){"/etc/kernel/postinst.d/initramfs-tools",
                                       "/usr/share/kernel/postinst.d/initramfs-tools", NULL},
        .images = (const char *const[]){"initrd.img-*", NULL},
        .initrd = &initrd_initramfs_tools,
        .settings = settings,
        .install = "install initramfs-tools",
        .part = "hook passthrough",
        .no_part = "hooks/passthrough below /usr/share/initramfs-tools",
        .unified = "ukify build --initrd=",
        /* initramfs-tools(7): seconds until it reboots, in place of a shell */
        .unattended = (const char *const[]){"panic=30", NULL},
        .command = command,
        .load_early = load_early,
        .build = build,
        .list = list,
        .lacks = lacks,
        .read = read_file,
};
