/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps the host from booting, or from answering once it has: the root, the first program, and where the boot
 * stops. Documentation/admin-guide/kernel-parameters.txt, systemd(1), systemd-debug-generator(8), dracut.cmdline(7).
 */
#include <stdio.h>
#include <strings.h>

#include "base/str.h"
#include "cmdline/judge.h"

static void error(struct judge *j, const struct token *t, enum cmdline_reader reader, enum harm harm, const char *fix,
                  const char *message)
{
        finding_add(j, t, reader, SEVERITY_ERROR, fix, "%s", message);
        finding_harms(j, harm);
}

/* The token of that name that counted when the running kernel was booted; or NULL. */
static const struct token *booted_with(struct judge *j, const char *name)
{
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(j->arena, j->machine->booted ? j->machine->booted : "", &tokens, &n, &unclosed);
        return cmdline_last(tokens, n, name);
}

static bool booted_with_last(struct judge *j, const struct token *t)
{
        const struct token *last = booted_with(j, t->name);

        return last && streq(last->text, t->text);
}

/* The last of these counts, whoever reads them. */
static bool is_judged(struct judge *j, const struct token *t)
{
        return t->value && *t->value && cmdline_last(j->tokens, j->n_tokens, t->name) == t && !booted_with_last(j, t);
}

/* ---- the root ----------------------------------------------------------------------------------------------------
 */

static bool begins_with_any(const char *value, const char *const *prefixes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (strncasecmp(value, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        return false;
}

/* Disks and pools of this host; a network, an image or the like has no name that could be compared. */
static bool names_disk(const char *value)
{
        static const char *const kinds[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "/dev/", "ZFS="};
        static const char *const others[] = {"/dev/nfs", "/dev/ram", "/dev/nbd", "/dev/etherd/"};
        unsigned major, minor;
        int length = 0;

        if (sscanf(value, "%u:%u%n", &major, &minor, &length) == 2 && !value[length])
                return true;
        return begins_with_any(value, kinds, ARRAY_SIZE(kinds)) && !begins_with_any(value, others, ARRAY_SIZE(others));
}

/* A pool's name is followed by that of a dataset; tags are compared as udev and libblkid do, whatever their case. */
static bool is_name(const char *name, const char *value)
{
        size_t n = strlen(name);

        if (startswith(name, "ZFS="))
                return strncasecmp(value, "ZFS=", 4) == 0 && strncmp(value + 4, name + 4, n - 4) == 0 &&
                       (value[n] == '/' || value[n] == '@' || !value[n]);
        return *name == '/' ? streq(name, value) : strcasecmp(name, value) == 0;
}

static const struct cmdline_disk *find_disk(const struct cmdline_machine *m, const char *value)
{
        const struct cmdline_disk *found = NULL;

        /* A file system of several disks has one UUID on all of them. */
        for (size_t i = 0; i < m->n_disks; i++)
                for (size_t k = 0; k < m->disks[i].n_names; k++)
                        if (is_name(m->disks[i].names[k], value) && (!found || m->disks[i].root))
                                found = &m->disks[i];
        return found;
}

static const struct cmdline_disk *own_root(const struct cmdline_machine *m)
{
        for (size_t i = 0; i < m->n_disks; i++)
                if (m->disks[i].root)
                        return &m->disks[i];
        return NULL;
}

/* What this host was booted with is right; else the name that survives other disks, a UUID where there is one. */
static const char *right(struct judge *j, const struct cmdline_disk *own)
{
        const struct token *booted = booted_with(j, "root");
        const char *name = own->names[0];

        if (booted && booted->value)
                return booted->text;
        for (size_t i = own->n_names; i-- > 0;)
                name = startswith(own->names[i], "UUID=") ? own->names[i] : name;
        return arena_join(j->arena, "root=", name, NULL);
}

void judge_root(struct judge *j, const struct token *t)
{
        const struct cmdline_disk *own = own_root(j->machine), *disk;
        const char *fix;

        if (!own || !is_judged(j, t) || !names_disk(t->value))
                return;
        disk = find_disk(j->machine, t->value);
        if (disk && disk->root)
                return;
        fix = right(j, own);
        if (!disk)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, fix,
                                   "no disk here has that name; the root of this host is on %s", own->names[0]);
        if (disk->below)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, fix,
                                   "that is %s, which is below the root of this host; the root itself is on %s",
                                   disk->names[0], own->names[0]);
        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, fix, "that is %s; the root of this host is on %s",
                    disk->names[0], own->names[0]);
        return finding_harms(j, HARM_BOOT);
}

/* ---- the first program -------------------------------------------------------------------------------------------
 */

static bool is_one_of(const char *path, const char *const *names, size_t n)
{
        return str_index(str_basename(path), names, n) >= 0;
}

/* True where that was no init whatever the host has. */
static bool judge_name(struct judge *j, const struct token *t)
{
        static const char *const ends[] = {"false", "true", "nologin"};
        static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "sulogin"};

        if (is_one_of(t->value, ends, ARRAY_SIZE(ends)))
                error(j, t, READER_KERNEL, HARM_BOOT, "remove it",
                      "that program ends at once, and the kernel panics when the first program ends");
        else if (is_one_of(t->value, shells, ARRAY_SIZE(shells)))
                error(j, t, READER_KERNEL, HARM_ANSWER, "remove it",
                      "a shell is not an init: it starts nothing, and the host answers only on its console");
        else
                return false;
        return true;
}

/* A shell is one whatever was booted with it. */
static bool shell_or_judged(struct judge *j, const struct token *t)
{
        size_t before = j->findings->n;
        bool last = t->value && *t->value && cmdline_last(j->tokens, j->n_tokens, t->name) == t;

        if (!last)
                return false;
        if (!judge_name(j, t))
                return true;
        if (j->findings->v[before].harm == HARM_BOOT && booted_with_last(j, t)) {
                j->findings->n = before;
                j->findings->n_errors--;
        }
        return false;
}

void judge_init(struct judge *j, const struct token *t)
{
        if (!shell_or_judged(j, t) || !is_judged(j, t))
                return;
        for (size_t i = 0; i < j->machine->n_programs; i++)
                if (streq(j->machine->programs[i].path, t->value) && j->machine->programs[i].there == KNOWN_NO)
                        return error(j, t, READER_KERNEL, HARM_BOOT, "remove it, or a program that is there",
                                     "there is no such program on this host, and the kernel panics without it");
}

/* What an initrd has inside does not show. */
void judge_rdinit(struct judge *j, const struct token *t)
{
        shell_or_judged(j, t);
}

/* ---- where the boot stops ----------------------------------------------------------------------------------------
 */

void judge_rescue(struct judge *j, const struct token *t)
{
        if (!t->value)
                error(j, t, READER_SYSTEMD, HARM_ANSWER, "remove it",
                      "the boot ends in a shell on the console, and the host answers nobody");
}

void judge_unit(struct judge *j, const struct token *t)
{
        static const char *const rescue[] = {"rescue.target", "rescue.service", "runlevel1.target", "emergency.target",
                                             "emergency.service"};
        static const char *const ends[] = {"poweroff.target",    "reboot.target",    "halt.target",
                                           "kexec.target",       "shutdown.target",  "exit.target",
                                           "soft-reboot.target", "runlevel0.target", "runlevel6.target",
                                           "suspend.target",     "hibernate.target"};

        if (!t->value || cmdline_last(j->tokens, j->n_tokens, t->name) != t)
                return;
        if (str_index(t->value, rescue, ARRAY_SIZE(rescue)) >= 0)
                error(j, t, READER_SYSTEMD, HARM_ANSWER, "remove it",
                      "the boot ends in a shell on the console, and the host answers nobody");
        else if (str_index(t->value, ends, ARRAY_SIZE(ends)) >= 0)
                error(j, t, READER_SYSTEMD, HARM_ANSWER, "remove it", "the host stops as soon as it has started");
}

/* systemd-run-generator(8): what is run is all that starts, and the host ends with it. */
void judge_run(struct judge *j, const struct token *t)
{
        if (t->value && *t->value)
                error(j, t, READER_SYSTEMD, HARM_ANSWER, "remove it",
                      "the boot runs only that, and the host stops or answers nobody");
}

void judge_mask(struct judge *j, const struct token *t)
{
        static const char *const boot[] = {"systemd-udevd.service",
                                           "systemd-udev-trigger.service",
                                           "sysinit.target",
                                           "basic.target",
                                           "default.target",
                                           "local-fs.target",
                                           "initrd.target",
                                           "initrd-root-device.target",
                                           "initrd-root-fs.target",
                                           "initrd-switch-root.target",
                                           "initrd-switch-root.service",
                                           "sysroot.mount"};

        if (!t->value)
                return;
        if (startswith(t->value, "passthrough")) {
                error(j, t, READER_SYSTEMD, HARM_HANDOVER, "remove it; passthrough=off switches all rules off",
                      "that unit is one of passthrough's own: without it, its devices stay with the host");
        } else if (str_index(t->value, boot, ARRAY_SIZE(boot)) >= 0 &&
                   !cmdline_was_booted_with(j->machine, j->arena, t->text, t->late))
                error(j, t, READER_SYSTEMD, HARM_BOOT, "remove it",
                      "the host does not come up without that unit: its devices or its file systems are not there");
}

void judge_rd_break(struct judge *j, const struct token *t)
{
        error(j, t, READER_DRACUT, HARM_ANSWER, "remove it",
              "the boot stops in the initrd, with a shell on the console, until somebody types exit there");
}
