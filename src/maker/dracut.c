/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dracut(8) builds, lsinitrd(1) tells what is in an image. */
#include "base/program.h"
#include "base/str.h"
#include "maker/contents.h"
#include "maker/maker.h"

static const char *command(struct arena *a, const char *release, const char *file)
{
        return !release ? "dracut -f"
               : !file  ? arena_join(a, "dracut -f --kver ", release, NULL)
                        : arena_join(a, "dracut --force --kver ", release, " ", file, NULL);
}

static const char *load_early(struct arena *a, const char *name)
{
        return arena_join(a, "force_drivers+=\" ", name, " \" in dracut.conf.d(5), then dracut -f", NULL);
}

static int build(struct arena *a, const char *release, const char *file, const char **ret_wrong)
{
        const char *argv[] = {"dracut", "--force", "--quiet", "--kver", release, file, NULL};

        return maker_run(a, argv, ret_wrong);
}

/* Its exit status counts what it could not show, too: what it did show tells more. */
static const char *lsinitrd(struct arena *a, const char *option, const char *argument, const char *file)
{
        const char *argv[] = {program_find(a, "lsinitrd"), option ? option : file, argument, file, NULL};
        size_t size;
        char *text;
        int k;

        if (!option)
                argv[2] = NULL;
        if (!argv[0])
                return NULL;
        k = program_output(argv, a, &text, &size);
        return k < 0 || (k > 0 && size == 0) ? NULL : text;
}

static const char *list(struct arena *a, const char *file)
{
        return lsinitrd(a, NULL, NULL, file);
}

static bool read_files(struct arena *a, const char *file, const char *const *paths, const char **ret)
{
        for (; *paths; paths++, ret++) {
                *ret = lsinitrd(a, "-f", *paths + 1, file);
                if (!*ret)
                        return false;
        }
        return true;
}

static const char *lacks(const char *files, const char *order)
{
        (void)order;
        return contents_has(files, "passthrough-generator") || strstr(files, "-passthrough-initrd.sh")
                       ? NULL
                       : "both passthrough-generator and the hook that runs without systemd";
}

/* Arrays, so that a program that uses no more than this gets none of the other strings. */
static const char mark[] = "/etc/initrd-release", sysroot[] = "/sysroot", console_lock[] = "/.console_lock",
                  units[] = "dracut-cmdline.service dracut-pre-udev.service", conf[] = "/etc/dracut.conf",
                  conf_d[] = "/etc/dracut.conf.d/", line[] = "/etc/cmdline", line_d[] = "/etc/cmdline.d/",
                  module[] = "/usr/lib/dracut/modules.d/??passthrough/*";

const struct initrd initrd_dracut = {
        .mark = mark,
        .root = sysroot,
        .units = units,
        .asking = console_lock,
        .parts = (const char *const[]){module, NULL},
        .arguments = (const char *const[]){conf, conf_d, line, line_d, NULL},
};

/* dracut.conf(5): force_drivers are loaded first, and kernel_cmdline is one more command line (dracut.cmdline(7)). */
static const struct ids_settings settings[] = {
        {.files = (const char *const[]){conf, NULL},
         .dirs = (const char *const[]){"/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d", NULL},
         .form = IDS_SHELL,
         .modules = "force_drivers",
         .arguments = "kernel_cmdline"},
        {.files = (const char *const[]){line, NULL},
         .dirs = (const char *const[]){"/etc/cmdline.d", NULL},
         .form = IDS_ARGUMENTS},
        {},
};

const struct maker maker_dracut = {
        .name = "dracut",
        .programs = (const char *const[]){"/usr/bin/dracut", "/usr/sbin/dracut", "/sbin/dracut", NULL},
        .hooks = (const char *const[]){"/etc/kernel/postinst.d/dracut", "/usr/share/kernel/postinst.d/dracut",
                                       "/usr/lib/kernel/install.d/50-dracut.install", NULL},
        .images = (const char *const[]){"initrd.img-*", "initramfs-*.img", "initrd-*", NULL},
        .initrd = &initrd_dracut,
        .settings = settings,
        .install = "install dracut and have it make the boot images (Debian: apt-get install dracut)",
        .part = "module passthrough",
        .no_part = "modules.d/*passthrough below /usr/lib/dracut",
        .unified = "dracut --uefi",
        /* dracut.cmdline(7) */
        .unattended = (const char *const[]){"rd.shell=0", "rd.emergency=reboot", NULL},
        .command = command,
        .load_early = load_early,
        .readers = (const char *const[]){"lsinitrd", NULL},
        .build = build,
        .list = list,
        .lacks = lacks,
        .read = read_files,
};
