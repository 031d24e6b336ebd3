/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sdbootutil (openSUSE Tumbleweed and Leap 16), with systemd-boot or GRUB2-BLS. Each snapshot has entries of its own,
 * and several load one image, which is named after its SHA-1. So the entries of the running snapshot alone are changed,
 * as "sdbootutil update-all-entries" would change them, and a new image, which dracut makes as for "sdbootutil
 * mkinitrd", gets a name that no entry has. Those two commands would not do: they remove entries of other snapshots
 * where the ESP is short of room, and put an image in place that nobody has looked at.
 */
#include <strings.h>

#include "base/str.h"
#include "loader/entry.h"
#include "loader/grub.h"
#include "loader/kernel-cmdline.h"
#include "loader/length.h"

#define TOOL     "/usr/bin/sdbootutil"
#define SETTINGS "/etc/sysconfig/bootloader"
#define MOUNTS   "/proc/self/mountinfo"

static const char snapshots[] = "/.snapshots/", snapshot[] = "/snapshot";

/* A menu of GRUB's may be the one that boots, unless the settings say that GRUB reads entries. */
static int detect(struct detector *d, struct claim *ret)
{
        bool known = !d->info || startswith(d->info, SD_BOOT_INFO) || startswith(d->info, GRUB_INFO);
        bool own = d->info && startswith(d->info, SD_BOOT_INFO);
        const char *settings = NULL;
        int k = 0;

        if (!d->probe->exists(d->probe, TOOL) || !known)
                return 0;
        if (!own && grub_has_menu(d->probe)) {
                k = d->probe->text(d->probe, SETTINGS, &settings);
                own = grub_setting_is(settings, "LOADER_TYPE", "grub2-bls");
        } else
                own = true;
        if (k == 0 && own)
                *ret = (struct claim){.what = TOOL, .certain = true};
        return k;
}

/* ---- what there is -------------------------------------------------------------------------------------------------
 */

/* The line of what is mounted there, the last one (proc_pid_mountinfo(5)). */
static bool find_mount(const char *mounts, const char *point, struct span *ret)
{
        struct span line;
        bool found = false;

        while (mounts && span_line(&mounts, &line))
                if (span_is(span_field(line, 4), point)) {
                        *ret = line;
                        found = true;
                }
        return found;
}

/* Another file system than btrfs has no such root, and then the flag would have stopped the boot. */
static bool is_other_root(struct arena *a, struct span mount, const char *subvolume)
{
        return memmem(mount.at, mount.length, " - btrfs ", strlen(" - btrfs ")) &&
               !span_is(span_field(mount, 3), arena_join(a, *subvolume == '/' ? "" : "/", subvolume, NULL));
}

static bool is_snapshot(const char *subvolume)
{
        const char *at = strstr(subvolume, snapshots);
        size_t digits = at ? strspn(at + strlen(snapshots), "0123456789") : 0;

        return digits > 0 && streq(at + strlen(snapshots) + digits, snapshot);
}

/* The kernel was told which subvolume is its root; what is mounted there may not be another. */
static const char *find_snapshot(struct detector *d, const char *mounts)
{
        struct boot_facts *f = d->facts;
        const char *line = f->cmdline ? f->cmdline : "";
        struct span value, mount;

        if (!span_value((struct span){line, strcspn(line, "\n")}, "rootflags=subvol=", &value))
                return "/proc/cmdline has no rootflags=subvol=, so the running snapshot is unknown";
        f->subvolume = arena_strndup(d->probe->arena, value.at, value.length);
        if (!is_snapshot(f->subvolume))
                return arena_join(d->probe->arena, "the running root, ", f->subvolume, ", is no snapshot of snapper's",
                                  NULL);
        if (!find_mount(mounts, "/", &mount))
                return NULL;
        if (is_other_root(d->probe->arena, mount, f->subvolume))
                return arena_join(d->probe->arena, MOUNTS " has another root than ", f->subvolume, NULL);
        if (span_field(mount, 5).length == 0)
                return "a line of " MOUNTS " is not whole";
        if (startswith(span_field(mount, 5).at, "ro"))
                return "the root is read-only, as with transactional-update";
        return NULL;
}

static size_t count(const char *text, const char *key)
{
        struct span value;
        size_t n = 0;

        while (entry_value(text, key, n, &value))
                n++;
        return n;
}

/* Behind "SNAPSHOT@", or NULL. */
static const char *release_of(struct arena *a, const struct boot_file *entry)
{
        struct span version;
        const char *at;

        if (!entry_value(entry->text, "version", 0, &version))
                return NULL;
        at = memchr(version.at, '@', version.length);
        return at ? arena_strndup(a, at + 1, version.length - (size_t)(at + 1 - version.at)) : NULL;
}

/* Why an entry is not understood, or NULL. */
static const char *strange(struct detector *d, const struct boot_file *entry, const char *mounts)
{
        const char *mount = entry_mount(d->probe->arena, entry), *release = release_of(d->probe->arena, entry);
        struct span line;

        if (!find_mount(mounts, mount, &line))
                return arena_join(d->probe->arena, " is there, and nothing is mounted at ", mount, NULL);
        if (!release)
                return " has no version SNAPSHOT@KERNEL";
        if (!entry_is_plain(entry))
                return " counts its boots, so that its name changes";
        if (count(entry->text, "initrd") != 1 || count(entry->text, "options") != 1)
                return " has not one initrd and one line of options";
        if (d->probe->exists(d->probe, arena_join(d->probe->arena, "/usr/lib/modules/", release, "/initrd", NULL)))
                return arena_join(d->probe->arena, " is of a kernel that comes with its image, /usr/lib/modules/",
                                  release, "/initrd", NULL);
        return NULL;
}

/* The entry that was chosen to boot if nobody chooses may be of a snapshot that a rollback or an update has made. */
static const char *of_another(struct detector *d, const struct boot_file *entry)
{
        const char *chosen = d->facts->chosen, *name = str_basename(entry->path);
        bool is = chosen && (strcasecmp(chosen, name) == 0 ||
                             strcasecmp(arena_join(d->probe->arena, chosen, ".conf", NULL), name) == 0);

        return is ? arena_join(d->probe->arena, entry->path, " boots next, of another snapshot; reboot first", NULL)
                  : NULL;
}

static const char *look_at_entries(struct detector *d, const char *mounts)
{
        struct boot_facts *f = d->facts;
        size_t n = 0;

        for (size_t i = 0; i < f->n_entries; i++) {
                const struct boot_file *entry = &f->entries[i];
                bool ours = entry_is_ours(f, entry);
                const char *why = ours ? strange(d, entry, mounts) : of_another(d, entry);

                if (why)
                        return ours ? arena_join(d->probe->arena, entry->path, why, NULL) : why;
                n += ours;
        }
        if (f->n_entries == 0)
                return "there is none in /efi, /boot/efi and /boot; mount the ESP";
        return n == 0 ? arena_join(d->probe->arena, "none of them boots ", f->subvolume, NULL) : NULL;
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        const char *mounts, *why;
        int k = d->probe->text(d->probe, MOUNTS, &mounts);

        if (k < 0)
                return k;
        f->found = d->info ? d->info : TOOL;
        why = find_snapshot(d, mounts);
        if (!why)
                why = look_at_entries(d, mounts);
        if (!why && kernel_cmdline_has_comment(boot_text(f, BOOT_KERNEL_CMDLINE)))
                why = BOOT_KERNEL_CMDLINE " has a comment; take it out";
        if (!why)
                return 0;
        f->by_hand = by_hand_named("sdbootutil");
        f->problem = arena_join(d->probe->arena,
                                "the boot entries are sdbootutil's (" TOOL "), and are not changed here: ", why, NULL);
        return 0;
}

/* ---- what is to be there -------------------------------------------------------------------------------------------
 */

static bool plan(struct boot_planner *p)
{
        size_t others = 0;

        for (size_t i = 0; i < p->facts->n_entries; i++)
                others += !entry_is_ours(p->facts, &p->facts->entries[i]);
        if (!entry_plan_ours(p) || !kernel_cmdline_plan(p, true))
                return false;
        if (others > 0)
                boot_plan_note(p, arena_printf(p->arena,
                                               "entries of other snapshots, %zu of them, are left as they are: they "
                                               "boot without what is applied here",
                                               others));
        boot_plan_command(p, TOOL " update-predictions");
        return true;
}

static void verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        entry_verify_all(facts, tokens, a, ret);
        if (ret->n_entries == 0)
                strings_add(a, &ret->lacking, arena_join(a, "no boot entry boots ", facts->subvolume, NULL));
}

static bool is_grub(const struct boot_facts *facts)
{
        return startswith(facts->found, GRUB_INFO);
}

static void lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        entry_lengths(facts, a,
                      is_grub(facts) ? (struct entry_front){"linux", "BOOT_IMAGE=(hd0,gpt1) "}
                                     : (struct entry_front){"initrd", "initrd= "},
                      ret);
        kernel_cmdline_length(facts, a, ret);
}

static void lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        entry_lines(facts, a, ret);
        kernel_cmdline_lines(facts, a, ret);
}

static void kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        entry_kernels(facts, a, ret);
        for (size_t i = 0; i < ret->n; i++) {
                const char *at = ret->v[i].release ? strchr(ret->v[i].release, '@') : NULL;

                ret->v[i].release = at ? at + 1 : ret->v[i].release;
        }
        entry_mark_next(facts, a, ret, facts->chosen, !is_grub(facts));
}

const struct loader loader_sdbootutil = {
        .name = "sdbootutil's entries",
        .shell = true,
        /* systemd-boot, or GRUB. */
        .line_pcrs = GRUB_LINE_PCRS | BOOT_PCR(12),
        .initrd_pcrs = GRUB_INITRD_PCRS,
        .build = "sdbootutil mkinitrd",
        .image_name = "initrd-passthrough-",
        .no_once = "sdbootutil gives each entry of the running snapshot the parameters of " BOOT_KERNEL_CMDLINE
                   ", and a trial's entry would lose its own",
        .copies = TOOL " update-predictions",
        .predicts = true,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = verify,
        .lengths = lengths,
        .lines = lines,
        .kernels = kernels,
};
