/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Storage that is taken once the root file system is known is in the host's hands until then. What belongs to a guest
 * is not to be assembled meanwhile: a udev rule, between those that ask what is on a disk (60) and those that act on it
 * (64 and later), has nothing known of it; LVM, which scans by itself, is told by a link. /run outlives the initrd: on
 * the host, whose the disk may turn out to be, the rule means nothing.
 */

#include "base/str.h"
#include "plan/planner.h"

#define LVM_CONF                                                                                                       \
        "devices {\n"                                                                                                  \
        "\tglobal_filter = [ \"r|^/dev/" HELD "/|\" ]\n"                                                               \
        "}\n"
#define HELD "passthrough/held"

/* What a rule of udev may have between quotes, and not take for a pattern. */
static bool is_plain(const char *serial)
{
        return !strpbrk(serial, "\"\\*?[]|$%");
}

/*
 * Disks that the host has cleared are hidden whole: by their place where that tells who they are, else by their own
 * number. Of others just what would be assembled out of them, as the root may be on a plain partition there; and not
 * that, where the command line names volumes or arrays for the root.
 */
static const char *rules_for(struct planner *p, const struct plan_entry *e)
{
        const struct identity *identity = &p->identities[e->device];
        static const char hide[] = ", ENV{PASSTHROUGH_FS_TYPE}=\"$env{ID_FS_TYPE}\", ENV{ID_FS_TYPE}=\"\", "
                                   "ENV{ID_FS_USAGE}=\"\", ENV{DM_MULTIPATH_DEVICE_PATH}=\"0\", "
                                   "ENV{SYSTEMD_READY}=\"0\", ENV{UDISKS_IGNORE}=\"1\", SYMLINK";
        const char *serial = identity->known && !identity->early ? identity->is->marks[MARK_DISK_SERIAL] : "";
        bool numbered = *serial && is_plain(serial);
        const char *types = NULL, *device;

        if (!numbered && !(identity->known && identity->early)) {
                if (p->facts->root_on_volumes)
                        return "";
                types = "LVM2_member|linux_raid_member|ddf_raid_member|isw_raid_member|crypto_LUKS|bcache";
        }
        device = numbered ? arena_join(p->arena, "SUBSYSTEMS==\"nvme\", ATTRS{serial}==\"", serial, "\"", NULL)
                          : arena_join(p->arena, "SUBSYSTEMS==\"pci\", KERNELS==\"", entry_device(p, e)->address, "\"",
                                       NULL);
        return arena_join(p->arena, "TEST==\"", p->facts->initrd->mark, "\", SUBSYSTEM==\"block\", ", device,
                          types ? ", ENV{ID_FS_TYPE}==\"" : "", types ? types : "", types ? "\"" : "", hide,
                          types ? "+=\"" : "=\"", HELD "/%k\"\n", NULL);
}

static void add(struct planner *p, size_t entry, const char *target, const char *value, const char *why,
                struct ops *ops)
{
        struct op *op = ops_add(p->arena, ops, OP_HIDE, target, value, why);

        op->stage = STAGE_INITRD;
        op->entry = entry;
        op->flags = OP_OPTIONAL; /* where it cannot be hidden it is visible, no more */
}

void planner_hide(struct planner *p, enum stage later, struct ops *ops)
{
        const char *rules = "";
        size_t first = NO_ENTRY;

        for (size_t i = 0; i < p->plan->n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];
                const char *text;

                if (e->action != ACTION_BIND || e->stage != later || !(entry_device(p, e)->roles & ROLE_STORAGE))
                        continue;
                /* The rule for what it is below means it, too, and not all of it where it is known. */
                if (e->below != NO_ENTRY && !p->identities[e->device].known)
                        continue;
                text = rules_for(p, e);
                rules = arena_join(p->arena, rules, text, NULL);
                if (*text && first == NO_ENTRY)
                        first = i;
        }
        if (first == NO_ENTRY)
                return;
        add(p, first, HIDE_RULES, rules, "its contents are the guest's: the host does not assemble them", ops);
        if (!p->facts->lvm_filters)
                add(p, first, HIDE_LVM, LVM_CONF, "nor by LVM's own scan", ops);
}
