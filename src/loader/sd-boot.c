/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot, with entries that kernel-install makes. A trial is a copy of an entry; systemd-boot forgets its
 * one-shot before it boots it (systemd-boot(7), LoaderEntryOneShot).
 */
#include "base/str.h"
#include "loader/entry-copy.h"
#include "loader/grub.h"
#include "loader/kernel-cmdline.h"
#include "loader/length.h"

#define CONF     "/loader/loader.conf"
#define ONE_SHOT BOOT_EFIVARS "/LoaderEntryOneShot" BOOT_EFI_VENDOR

/* It reads the initrds' names off the line. */
static const struct entry_front front = {"initrd", "initrd= "};

/* A file of it, or NULL. */
static const char *installed(struct detector *d)
{
        const char *found = NULL, *conf = NULL;
        struct probe *p = d->probe;

        for (size_t i = 0; i < d->n_directories; i++) {
                const char *directory = arena_join(p->arena, d->directories[i], "/EFI/systemd", NULL), **names;
                const char *file = arena_join(p->arena, d->directories[i], CONF, NULL);
                size_t n;

                if (p->list(p, directory, &names, &n) == 0)
                        for (size_t j = 0; j < n; j++)
                                if (startswith(names[j], SD_BOOT_INFO))
                                        found = directory;
                if (!conf && p->exists(p, file))
                        conf = file;
        }
        return found ? found : conf;
}

/* Entries may be GRUB's as well, where that has a menu. */
static int detect(struct detector *d, struct claim *ret)
{
        const char *own = installed(d);
        bool boots = d->facts->n_entries > 0;

        if (grub_has_menu(d->probe))
                boots = d->info ? boots && startswith(d->info, SD_BOOT_INFO) : own && !d->no_info;
        if (!boots)
                return 0;
        ret->what = own ? own : "boot loader entries";
        return 0;
}

/* Entries alone do not tell who reads them. */
static int read_files(struct detector *d)
{
        const char *own = installed(d);
        struct boot_facts *f = d->facts;

        for (size_t i = 0; i < d->n_directories; i++) {
                int k = boot_read(d, arena_join(d->probe->arena, d->directories[i], CONF, NULL), false);

                if (k < 0)
                        return k;
        }
        f->found = d->info ? d->info : own ? own : f->entries[0].path;
        if (!d->info && !own)
                f->problem = arena_join(d->probe->arena, f->found,
                                        " is a boot loader entry, and nothing tells which boot loader reads it: there "
                                        "is neither " BOOT_LOADER_INFO
                                        ", nor EFI/systemd or loader/loader.conf in /efi, /boot/efi or /boot, nor a "
                                        "menu of GRUB",
                                        NULL);
        return 0;
}

/* ---- entries of our own, made of those that the host has -----------------------------------------------------------
 */

static struct boot_file off(const struct boot_facts *facts, struct arena *a, const struct owned *owned)
{
        static const char *token[] = {"passthrough=off"};
        const struct boot_file *entry = entry_copied(facts, NULL);

        if (!entry)
                return (struct boot_file){};
        return (struct boot_file){
                .path = entry_beside(a, entry->path, ENTRY_OFF),
                .text = entry_copy(facts, a, entry, "without passthrough", (struct strings){token, 1}, owned)};
}

/* ---- an entry that is booted once ----------------------------------------------------------------------------------
 */

static const char *problem(const struct boot_facts *facts, struct probe *p)
{
        if (!startswith(facts->found, SD_BOOT_INFO))
                return "the firmware's variables do not show that systemd-boot booted this host";
        return p->program(p, "bootctl") ? NULL : "bootctl is not there";
}

static bool pending(struct probe *p)
{
        return p->exists(p, ONE_SHOT);
}

static const char *lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                         struct strings tokens _unused_)
{
        return entry_trial_lacks(facts, a, made, front);
}

static const char *const remains[] = {"/efi/loader/entries/" ENTRY_TRIAL, "/boot/efi/loader/entries/" ENTRY_TRIAL,
                                      "/boot/loader/entries/" ENTRY_TRIAL, NULL};

static const struct oneshot once = {
        .set = "bootctl set-oneshot " ENTRY_TRIAL,
        .remains = remains,
        .problem = problem,
        .pending = pending,
        .loads = entry_loads,
        .entry = entry_trial,
        .lacks = lacks,
};

/* ---- the loader ----------------------------------------------------------------------------------------------------
 */

static bool plan(struct boot_planner *p)
{
        const struct boot_facts *f = p->facts;
        struct boot_file without;

        if (!entry_plan_all(p) || !kernel_cmdline_plan(p, true))
                return false;
        without = off(f, p->arena, p->owned);
        if (without.path && !streq_ptr(f->off.text, without.text))
                changes_add(&p->plan->changes, p->arena,
                            (struct change){without.path, f->off.text, without.text, .aside = true});
        for (size_t i = 0; i < f->ukis.n && p->plan->tokens.n > 0; i++)
                boot_plan_note(p, arena_join(p->arena, f->ukis.v[i],
                                             " carries its own command line; it would need an addon in ", f->ukis.v[i],
                                             ".extra.d/", NULL));
        return true;
}

static void lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        entry_lengths(facts, a, front, ret);
        kernel_cmdline_length(facts, a, ret);
}

static void lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        entry_lines(facts, a, ret);
        kernel_cmdline_lines(facts, a, ret);
}

/* Unified images are entries among the others. */
static void kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        const char *chosen = facts->chosen;
        struct span value;

        entry_kernels(facts, a, ret);
        for (size_t i = 0; i < facts->n_files && !facts->chosen; i++)
                if (endswith(facts->files[i].path, CONF) && facts->files[i].text)
                        for (size_t n = 0; entry_value(facts->files[i].text, "default", n, &value); n++)
                                chosen = arena_strndup(a, value.at, value.length);
        if (facts->ukis.n == 0)
                entry_mark_next(facts, a, ret, chosen, true);
}

const struct loader loader_sd_boot = {
        .name = "systemd-boot with boot loader entries",
        .info = SD_BOOT_INFO,
        .line_pcrs = BOOT_PCR(9) | BOOT_PCR(12),
        .initrd_pcrs = BOOT_PCR(9),
        .once = &once,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = entry_verify_all,
        .lengths = lengths,
        .lines = lines,
        .kernels = kernels,
        .off = off,
};
