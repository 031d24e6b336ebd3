/* SPDX-License-Identifier: GPL-2.0-or-later */
/* initramfs-tools(7): mkinitramfs(8) builds, lsinitramfs(8) and unmkinitramfs(8) tell what is in an image. */
#include "base/program.h"
#include "base/str.h"
#include "maker/contents.h"
#include "maker/maker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define IMAGE    "initrd.img-"
#define TEXT_MAX ((size_t)1024 * 1024)

static const char *command(struct arena *a, const char *release, const char *file)
{
        return !release ? "update-initramfs -u -k all"
               : !file  ? arena_join(a, "update-initramfs -u -k ", release, NULL)
                        : arena_join(a, "mkinitramfs -o ", file, " ", release, NULL);
}

static const char *load_early(struct arena *a, const char *name)
{
        return arena_join(a, "echo ", name, " >>/etc/initramfs-tools/modules, then update-initramfs -u -k all", NULL);
}

static int build(struct arena *a, const char *release, const char *file, const char **ret_wrong)
{
        const char *argv[] = {"mkinitramfs", "-o", file, release, NULL};

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

/* If other archives, of microcode say, are in front of the last one, that one is unpacked into "main". */
static const char *read_unpacked(const struct root *unpacked, struct arena *a, const char *path)
{
        static const char *const parts[] = {"/main", ""};
        char *text;
        size_t size;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (root_read_all(unpacked, a, arena_join(a, parts[i], path, NULL), TEXT_MAX, &text, &size) == 0)
                        return text;
        return "";
}

/* If the program fails, the files that it did unpack count, and the others are unknown. */
static bool unpack(struct arena *a, const char *file, const char *dir, const char *const *paths, const char **ret)
{
        const char *argv[] = {program_find(a, "unmkinitramfs"), file, dir, NULL}, *said;
        struct root unpacked;
        bool there = true;
        int k = argv[0] ? program_run(argv, a, &said) : -ENOENT;

        if (k < 0 || root_open(dir, &unpacked) < 0)
                return false;
        for (; there && *paths; paths++, ret++) {
                *ret = read_unpacked(&unpacked, a, *paths);
                there = k == 0 || **ret;
        }
        root_close(&unpacked);
        return there;
}

/* There is no program that shows one file: all are unpacked, where only who asks can look, and removed again. */
static bool read_files(struct arena *a, const char *file, const char *const *paths, const char **ret)
{
        char dir[] = "/var/tmp/passthrough-XXXXXX";
        bool there;

        if (!mkdtemp(dir))
                return false;
        there = unpack(a, file, dir, paths, ret);
        maker_remove(dir);
        return there;
}

#define INIT_TOP "/scripts/init-top/"

/* Where a script is in the order of those that run; a line of it is a command. */
static const char *in_order(const char *order, const char *script)
{
        size_t n = strlen(script);
        const char *at = order;

        while ((at = strstr(at, script)) && ((at > order && at[-1] != '\n') || !strchr(" \n", at[n])))
                at += n;
        return at;
}

/* init-top/udev loads all drivers: what comes behind it comes too late (initramfs-tools(7)). */
static const char *lacks(const char *files, const char *order)
{
        static const char *const scripts[] = {"scripts/init-top/00-passthrough", "scripts/init-premount/passthrough",
                                              "scripts/init-bottom/00-passthrough", "scripts/panic/passthrough"};
        const char *ours = in_order(order, INIT_TOP "00-passthrough"), *udev = in_order(order, INIT_TOP "udev");

        for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
                if (!contents_has(files, scripts[i]))
                        return scripts[i];
        return !ours || (udev && udev < ours) ? INIT_TOP "00-passthrough before " INIT_TOP "udev" : NULL;
}

/*
 * update-initramfs(8) runs these for each image that it has written, and those of /usr/share since 0.151. Images in
 * other places are copies, which these scripts make.
 */
static const char *replaced(const struct root *root_of, struct arena *a, const char *path)
{
        static const char *const dirs[] = {"/etc/initramfs/post-update.d", "/usr/share/initramfs/post-update.d"};
        static const char image[] = "/boot/" IMAGE;
        const char *there = "";

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (root_exists(root_of, dirs[i]))
                        there = arena_join(a, there, " ", dirs[i], NULL);
        if (!startswith(path, image) || !*there)
                return NULL;
        return arena_join(a, "run-parts --arg=", path + strlen(image), " --arg=", path, there, NULL);
}

/* Arrays, as dracut.c has them. */
static const char mark[] = "/conf/initramfs.conf", root[] = "/root", units[] = "",
                  hook[] = "/usr/share/initramfs-tools/hooks/passthrough",
                  scripts[] = "/usr/share/initramfs-tools/scripts/*/*passthrough",
                  conf[] = "/etc/initramfs-tools/initramfs.conf", conf_d[] = "/etc/initramfs-tools/conf.d/*",
                  longer[] = "ROOTDELAY";

/*
 * cryptsetup, zfs, plymouth, systemd, mandos, opensc, bcachefs; then those that run once the root's device is there.
 * What waits for a card or a stick is not among them: we may hold that. cryptsetup asks by itself unless something,
 * such as that, gives it the key.
 */
static const char awaited[] = "@(@(askpass|zfs load-key|zpool import* -*([a-zA-Z])l|plymouth ask-for-password|"
                              "systemd-ask-password|password-prompt|pkcs15-crypt|bcachefs unlock|fsck|e2fsck)"
                              "[!0-9a-zA-Z]*|cryptsetup !(*--key-file*|* -d*|-d*))";

/* scripts/local-premount/resume: its swap space may be none any more, and is waited for in front of the root. */
static const char beside[] = "resume[!0-9a-zA-Z]*", device[] = "ROOT";

const struct initrd initrd_initramfs_tools = {
        .mark = mark,
        .root = root,
        .units = units,
        .awaited = awaited,
        .beside = beside,
        .device = device,
        .patience = 30, /* scripts/local: as long, or as long as rootdelay= says */
        .longer = longer,
        .parts = (const char *const[]){hook, scripts, NULL},
        .arguments = (const char *const[]){conf, conf_d, NULL},
};

#define SCRIPTS "/etc/initramfs-tools/scripts/"

static const struct ids_settings settings[] = {
        {.files = (const char *const[]){"/etc/initramfs-tools/modules", NULL},
         .dirs = (const char *const[]){NULL},
         .form = IDS_MODULES},
        {.files = (const char *const[]){NULL},
         .dirs = (const char *const[]){SCRIPTS "init-top", SCRIPTS "init-premount", SCRIPTS "local-top",
                                       SCRIPTS "local-block", SCRIPTS "local-premount", SCRIPTS "local-bottom",
                                       SCRIPTS "nfs-top", SCRIPTS "nfs-premount", SCRIPTS "nfs-bottom",
                                       SCRIPTS "init-bottom", NULL},
         .form = IDS_SCRIPTS,
         .early = SCRIPTS "init-top",
         .coldplug = "udev"},
        {.files = (const char *const[]){NULL},
         .dirs = (const char *const[]){"/etc/initramfs-tools/hooks", NULL},
         .form = IDS_SCRIPTS},
        {},
};

const struct maker maker_initramfs_tools = {
        .name = "initramfs-tools",
        .programs = (const char *const[]){"/usr/sbin/mkinitramfs", "/sbin/mkinitramfs", NULL},
        .hooks = (const char *const[]){"/etc/kernel/postinst.d/initramfs-tools",
                                       "/usr/share/kernel/postinst.d/initramfs-tools", NULL},
        .called = "/usr/sbin/update-initramfs",
        .images = (const char *const[]){IMAGE "*", NULL},
        .initrd = &initrd_initramfs_tools,
        .settings = settings,
        .install = "install initramfs-tools and have it make the boot images",
        .part = "hook passthrough",
        .no_part = "hooks/passthrough below /usr/share/initramfs-tools",
        .unattended = (const char *const[]){NULL}, /* each trial's panic= counts for its initrd, too */
        .command = command,
        .load_early = load_early,
        .readers = (const char *const[]){"lsinitramfs", "unmkinitramfs", NULL},
        .build = build,
        .list = list,
        .read = read_files,
        .order = INIT_TOP "ORDER",
        .lacks = lacks,
        .replaced = replaced,
};
