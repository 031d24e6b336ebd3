/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry that is booted once. systemd-boot forgets its one-shot before it boots it (systemd-boot(7),
 * LoaderEntryOneShot); GRUB as well (next_entry, 00_header), where it can write to the block that grub-reboot fills.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/program.h"
#include "base/str.h"
#include "state/trial.h"

#define GRUBENV   "/boot/grub/grubenv"
#define ONE_SHOT  BOOT_EFIVARS "/LoaderEntryOneShot" BOOT_EFI_VENDOR
#define WATCHDOGS "/sys/class/watchdog"

/* File systems on a partition whose files GRUB overwrites in place (grub_envblk and its list of blocks). */
static bool grub_writes(const char *type)
{
        static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "vfat"};

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(type, types[i]))
                        return true;
        return false;
}

/* The type of the file system with that device number, as mountinfo has it (proc_pid_mountinfo(5)). */
static void file_system(const struct root *root, struct arena *a, dev_t dev, const char **ret)
{
        struct span line, field;
        const char *text;
        char *data, number[32];
        size_t size;
        int k = root_read_all(root, a, "/proc/self/mountinfo", (size_t)1024 * 1024, &data, &size);

        *ret = NULL;
        if (k < 0)
                return;
        snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
        for (text = data; !*ret && span_line(&text, &line);) {
                bool ours = false;

                /* Optional fields end with "-", which the type comes behind. */
                for (unsigned i = 0; span_token(&line, &field) && !span_is(field, "-"); i++)
                        ours |= i == 2 && span_is(field, number);
                if (ours && span_token(&line, &field))
                        *ret = arena_strndup(a, field.at, field.length);
        }
}

/* Of a block device, or of the disk that it is a partition of: hardware has "device", LVM "dm", arrays "md". */
static bool disk_has(const struct root *root, dev_t dev, const char *name)
{
        static const char *const places[] = {"", "../"};
        char path[96];

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s%s", major(dev), minor(dev), places[i], name);
                if (root_exists(root, path))
                        return true;
        }
        return false;
}

static void grub_problem(const struct root *root, struct arena *a, const struct boot_facts *facts, const char **ret)
{
        _cleanup_(close_fd) int fd = root_open_at(root, GRUBENV, O_RDONLY);
        const char *type, *menu = facts->grub_cfg.text ? facts->grub_cfg.text : "";
        struct stat st;

        if (!root_exists(root, GRUB_SCRIPT))
                *ret = GRUB_SCRIPT " is not there";
        else if (!program_find(a, "grub-reboot"))
                *ret = "grub-reboot is not there";
        else if (!strstr(menu, "next_entry") || !strstr(menu, "save_env"))
                *ret = "GRUB's menu has nothing that would forget an entry once it is booted (next_entry)";
        else if (fd < 0 || fstat(fd, &st) < 0)
                *ret = GRUBENV " is not there, in which GRUB keeps what it is to boot once";
        if (*ret)
                return;
        file_system(root, a, st.st_dev, &type);
        if (!type || !grub_writes(type))
                *ret = arena_printf(a,
                                    GRUBENV " is on %s, which GRUB does not write to: it would boot the trial "
                                            "again and again",
                                    type ? type : "a file system that is not known");
        else if (disk_has(root, st.st_dev, "dm") || disk_has(root, st.st_dev, "md"))
                *ret = GRUBENV " is on LVM, RAID or another layer that GRUB does not write to: it would boot the trial "
                               "again and again";
        else if (!disk_has(root, st.st_dev, "device"))
                *ret = GRUBENV " is on a device that is not known, and whether GRUB can write to it is not known";
}

void oneshot_problem(const struct root *root, struct arena *a, const struct boot_facts *facts, const char **ret)
{
        *ret = NULL;
        switch (facts->path) {
        case BOOT_DEBIAN_GRUB:
                grub_problem(root, a, facts, ret);
                return;
        case BOOT_ENTRIES:
                if (!startswith(facts->found, "systemd-boot"))
                        *ret = "this host was not booted by systemd-boot, as far as the firmware's variables tell";
                else if (!program_find(a, "bootctl"))
                        *ret = "bootctl is not there";
                return;
        default:
                *ret = arena_printf(a, "it is not known how %s boots an entry once", boot_path_names[facts->path]);
                return;
        }
}

bool oneshot_watchdog(const struct root *root)
{
        return root_exists(root, WATCHDOGS "/watchdog0");
}

bool oneshot_pending(const struct root *root, struct arena *a, const struct boot_facts *facts)
{
        char *text;
        size_t size;

        if (facts->path == BOOT_ENTRIES)
                return root_exists(root, ONE_SHOT);
        return root_read_all(root, a, GRUBENV, 65536, &text, &size) == 0 &&
               strstr(text, "\nnext_entry=" GRUB_TRIAL "\n");
}

const char *oneshot_update(const struct boot_facts *facts)
{
        return facts->path == BOOT_ENTRIES ? NULL : "/usr/sbin/update-grub";
}

const char *oneshot_set(const struct boot_facts *facts)
{
        return facts->path == BOOT_ENTRIES ? "bootctl set-oneshot " TRIAL_ENTRY : "grub-reboot " GRUB_TRIAL;
}

const char *oneshot_clear(const struct boot_facts *facts)
{
        return facts->path == BOOT_ENTRIES ? NULL : "grub-editenv " GRUBENV " unset next_entry";
}
