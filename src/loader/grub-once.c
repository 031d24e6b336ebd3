/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GRUB boots once (next_entry in its environment block; 00_header of grub-mkconfig takes it out before it boots).
 */
#include "base/str.h"
#include "loader/grub.h"

/* File systems on a partition whose files GRUB overwrites in place (grub_envblk and its list of blocks). */
static bool grub_writes(const char *type)
{
        static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "vfat"};

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(type, types[i]))
                        return true;
        return false;
}

const char *grub_once_problem(struct probe *p, const char *menu, const char *block)
{
        struct arena *a = p->arena;
        struct probe_disk disk;
        const char *text;

        if (!menu || !strstr(menu, "next_entry") || !strstr(menu, "save_env"))
                return "GRUB's menu does not forget an entry once it is booted (no next_entry)";
        disk = p->disk(p, block);
        if (!disk.there)
                return arena_join(a, block, " is not there, and GRUB keeps there which entry it boots once", NULL);
        if (p->text(p, block, &text) < 0 || (text && strstr(text, "\nenv_block=")))
                return arena_join(a, "GRUB keeps its environment outside ", block,
                                  ", and may not forget there what it booted once", NULL);
        if (!disk.type || !grub_writes(disk.type))
                return arena_join(a, block, " is on ", disk.type ? disk.type : "an unknown file system",
                                  ", which GRUB does not write to: it would boot the trial again and again", NULL);
        if (disk.layered)
                return arena_join(a, block,
                                  " is on LVM, RAID or another layer that GRUB does not write to: it would boot the "
                                  "trial again and again",
                                  NULL);
        return disk.hardware ? NULL
                             : arena_join(a, block, " is on an unknown device, and GRUB may not be able to write to it",
                                          NULL);
}

bool grub_once_pending(struct probe *p, const char *block, const char *entry)
{
        const char *text;

        return p->text(p, block, &text) == 0 && text &&
               strstr(text, arena_join(p->arena, "\nnext_entry=", entry, "\n", NULL));
}
