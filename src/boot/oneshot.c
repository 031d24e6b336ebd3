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
#include "boot/trial.h"

#define GRUBENV   "/boot/grub/grubenv"
#define ONE_SHOT  "/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
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
static int file_system(const struct root *root, struct arena *a, dev_t dev, const char **ret)
{
        struct span line, field;
        const char *text;
        char *data, number[32];
        size_t size;
        int k = root_read_all(root, a, "/proc/self/mountinfo", (size_t)1024 * 1024, &data, &size);

        *ret = NULL;
        if (k < 0)
                return k == -ENOMEM ? k : 0;
        snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
        for (text = data; !*ret && text_line(&text, &line);) {
                bool ours = false;

                /* Optional fields end with "-", which the type comes behind. */
                for (unsigned i = 0; span_token(&line, &field) && !span_is(field, "-"); i++)
                        ours |= i == 2 && span_is(field, number);
                if (ours && span_token(&line, &field) && !(*ret = arena_strndup(a, field.at, field.length)))
                        return -ENOMEM;
        }
        return 0;
}

static int grub_problem(const struct root *root, struct arena *a, const struct boot_facts *facts, const char **ret)
{
        _cleanup_(close_fd) int fd = root_open_at(root, GRUBENV, O_RDONLY);
        const char *type, *menu = facts->grub_cfg.text ? facts->grub_cfg.text : "";
        char at[96];
        struct stat st;
        int k;

        if (!root_exists(root, GRUB_SCRIPT))
                *ret = GRUB_SCRIPT " is not there";
        else if (!program_find(a, "grub-reboot"))
                *ret = "grub-reboot is not there";
        else if (!strstr(menu, "next_entry") || !strstr(menu, "save_env"))
                *ret = "GRUB's menu has nothing that would forget an entry once it is booted (next_entry)";
        else if (fd < 0 || fstat(fd, &st) < 0)
                *ret = GRUBENV " is not there, in which GRUB keeps what it is to boot once";
        if (*ret)
                return 0;
        k = file_system(root, a, st.st_dev, &type);
        if (k < 0)
                return k;
        snprintf(at, sizeof(at), "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
        if (!type || !grub_writes(type))
                *ret = arena_printf(a,
                                    GRUBENV " is on %s, which GRUB does not write to: it would boot the trial "
                                            "again and again",
                                    type ? type : "a file system that is not known");
        else if (!root_exists(root, at))
                *ret = GRUBENV " is on a device that is not known, and whether GRUB can write to it is not known";
        else if (root_exists(root, arena_join(a, at, "/dm", NULL) ?: "/") ||
                 root_exists(root, arena_join(a, at, "/md", NULL) ?: "/"))
                *ret = GRUBENV " is on LVM, RAID or another layer that GRUB does not write to: it would boot the trial "
                               "again and again";
        return 0;
}

int oneshot_problem(const struct root *root, struct arena *a, const struct boot_facts *facts, const char **ret)
{
        *ret = NULL;
        switch (facts->path) {
        case BOOT_DEBIAN_GRUB:
                return grub_problem(root, a, facts, ret);
        case BOOT_ENTRIES:
                if (!startswith(facts->found, "systemd-boot"))
                        *ret = "this host was not booted by systemd-boot, as far as the firmware's variables tell";
                else if (!program_find(a, "bootctl"))
                        *ret = "bootctl is not there";
                return 0;
        default:
                *ret = arena_printf(a, "it is not known how %s boots an entry once", boot_path_names[facts->path]);
                return *ret ? 0 : -ENOMEM;
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

/* ---- what the entry is made of -------------------------------------------------------------------------------------
 */

/* Nothing of these lines is read by a shell as more than words. */
static int grub_entry(struct arena *a, const struct trial *t, const char *const *tokens, size_t n, struct boot_op *ret)
{
        const char *line = line_with(a, (struct span){"", 0}, tokens, n);

        ret->path = TRIAL_GRUB;
        ret->new = line ? arena_join(a, "release ", t->release, "\ninitrd ", t->image ? str_basename(t->image) : "",
                                     "\ntokens ", line, "\n", NULL)
                        : NULL;
        return ret->new ? 0 : -ENOMEM;
}

static const struct boot_file *entry_for(const struct boot_facts *facts, const char *release)
{
        const struct boot_file *found = NULL;

        for (size_t i = 0; i < facts->n_entries; i++)
                if (entry_is_ours(facts, &facts->entries[i]) &&
                    (release ? entry_is_of(&facts->entries[i], release)
                             : !found || strverscmp(facts->entries[i].path, found->path) > 0))
                        found = &facts->entries[i];
        return found;
}

static bool all_have(const struct boot_facts *facts, const char *key)
{
        struct span value;

        for (size_t i = 0; i < facts->n_entries; i++)
                if (!entry_value(facts->entries[i].text, key, 0, &value))
                        return false;
        return true;
}

/* Behind all others: by sort-key where they have one, else by the file's name (UAPI.10, sorting). */
static char *head(const struct boot_facts *facts, struct arena *a, const char *text, const char *mark)
{
        struct span line, word;
        char *copy = arena_strdup(a, "");
        bool titled = false;

        while (copy && text_line(&text, &line)) {
                struct span rest = line;

                if (!span_token(&rest, &word) || span_is(word, "sort-key"))
                        continue;
                if (span_is(word, "title")) {
                        titled = true;
                        copy = arena_printf(a, "%s%.*s (%s)\n", copy, (int)line.length, line.at, mark);
                } else
                        copy = arena_printf(a, "%s%.*s\n", copy, (int)line.length, line.at);
        }
        if (copy && !titled)
                copy = arena_printf(a, "title Linux (%s)\n%s", mark, copy);
        if (copy && all_have(facts, "sort-key"))
                copy = arena_join(a, copy, "sort-key zz-passthrough\n", NULL);
        return copy;
}

/* A copy of an entry, less the tokens of an earlier apply. */
static int derive(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry, const char *mark,
                  const char *const *tokens, size_t n, const struct boot_owned *owned, char **ret)
{
        const char **drop = NULL;
        size_t n_drop = 0;
        char *text = head(facts, a, entry->text, mark);
        int k = text ? 0 : -ENOMEM;

        for (size_t i = 0; k == 0 && i < owned->n_added; i++)
                k = str_add(a, &drop, &n_drop, owned->added[i].token);
        text = k == 0 ? entry_edit(a, text, tokens, n, drop, n_drop) : NULL;
        *ret = text;
        return text ? 0 : -ENOMEM;
}

/* The image lies beside the one it is to replace, so that in the entry, too, only its name is another. */
static char *with_image(struct arena *a, char *text, const char *target, const char *image)
{
        const char *name = str_basename(target);
        struct span value;

        for (size_t i = 0; text && entry_value(text, "initrd", i, &value); i++)
                if (value.length > strlen(name) &&
                    memcmp(value.at + value.length - strlen(name), name, strlen(name)) == 0)
                        return text_replace(a, text,
                                            (struct span){value.at + value.length - strlen(name), strlen(name)},
                                            str_basename(image));
        return NULL;
}

static int copied_entry(const struct boot_facts *facts, struct arena *a, const struct trial *t,
                        const char *const *tokens, size_t n, const struct boot_owned *owned, struct boot_op *ret)
{
        const struct boot_file *entry = entry_for(facts, t->release);
        char *text;
        int k;

        if (!entry)
                return 0;
        k = derive(facts, a, entry, "passthrough: trial", tokens, n, owned, &text);
        if (k < 0)
                return k;
        ret->path = arena_printf(a, "%.*s" TRIAL_ENTRY, (int)(str_basename(entry->path) - entry->path), entry->path);
        ret->new = t->image ? with_image(a, text, t->target, t->image) : text;
        return ret->path ? 0 : -ENOMEM;
}

int oneshot_entry(const struct boot_facts *facts, struct arena *a, const struct trial *trial, const char *const *tokens,
                  size_t n_tokens, const struct boot_owned *owned, struct boot_op *ret)
{
        *ret = (struct boot_op){};
        return facts->path == BOOT_ENTRIES ? copied_entry(facts, a, trial, tokens, n_tokens, owned, ret)
                                           : grub_entry(a, trial, tokens, n_tokens, ret);
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

int oneshot_verify(const struct boot_facts *facts, struct arena *a, const char *const *tokens, size_t n_tokens,
                   const char **ret_lacks)
{
        const char *text = facts->grub_cfg.text ? facts->grub_cfg.text : "", *from;
        struct span line, word;

        *ret_lacks = NULL;
        if (facts->path == BOOT_ENTRIES)
                return 0;
        from = strstr(text, "'" GRUB_TRIAL "'");
        *ret_lacks = from ? NULL : "GRUB's menu has no entry for the trial";
        while (from && text_line(&from, &line)) {
                if (!span_token(&line, &word) || !span_is(word, "linux"))
                        continue;
                for (size_t i = 0; i < n_tokens && !*ret_lacks; i++)
                        if (!span_has(line, tokens[i]))
                                *ret_lacks = arena_join(a, "the trial's entry in GRUB's menu has no ", tokens[i], NULL);
                return 0;
        }
        if (!*ret_lacks)
                *ret_lacks = "the trial's entry in GRUB's menu loads no kernel";
        return 0;
}

int off_entry(const struct boot_facts *facts, struct arena *a, const struct boot_owned *owned, struct boot_file *ret)
{
        static const char *const off[] = {"passthrough=off"};
        const struct boot_file *entry = entry_for(facts, NULL);
        char *text;
        int k;

        *ret = (struct boot_file){};
        if (!entry)
                return 0;
        k = derive(facts, a, entry, "without passthrough", off, 1, owned, &text);
        if (k < 0)
                return k;
        ret->path = arena_printf(a, "%.*s" OFF_ENTRY, (int)(str_basename(entry->path) - entry->path), entry->path);
        ret->text = text;
        return ret->path ? 0 : -ENOMEM;
}
