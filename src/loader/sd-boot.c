/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot, with entries that kernel-install makes. A trial is a copy of an entry; systemd-boot forgets its
 * one-shot before it boots it (systemd-boot(7), LoaderEntryOneShot).
 */
#include "base/str.h"
#include "loader/entry.h"
#include "loader/grub.h"
#include "loader/kernel-cmdline.h"
#include "loader/length.h"

#define INFO     "systemd-boot"
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
                                if (startswith(names[j], INFO))
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
                boots = d->info ? boots && startswith(d->info, INFO) : own && !d->no_info;
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

/* A copy, behind all others: by sort-key where they have one, else by the file's name (UAPI.10, sorting). */
static char *head(const struct boot_facts *facts, struct arena *a, const char *text, const char *mark)
{
        struct span line, word;
        char *copy = arena_strdup(a, "");
        bool titled = false;

        while (span_line(&text, &line)) {
                struct span rest = line;

                if (!span_token(&rest, &word) || span_is(word, "sort-key"))
                        continue;
                if (span_is(word, "title")) {
                        titled = true;
                        copy = arena_printf(a, "%s%.*s (%s)\n", copy, (int)line.length, line.at, mark);
                } else
                        copy = arena_printf(a, "%s%.*s\n", copy, (int)line.length, line.at);
        }
        if (!titled)
                copy = arena_printf(a, "title Linux (%s)\n%s", mark, copy);
        return all_have(facts, "sort-key") ? arena_join(a, copy, "sort-key zz-passthrough\n", NULL) : copy;
}

/* A copy of an entry, less the tokens of an earlier apply. */
static char *derive(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry, const char *mark,
                    struct strings tokens, const struct owned *owned)
{
        struct strings drop = {};

        for (size_t i = 0; i < owned->n_tokens; i++)
                strings_add(a, &drop, owned->tokens[i].token);
        return entry_edit(a, head(facts, a, entry_without_trial(a, entry->text), mark), tokens, drop);
}

static const char *beside(struct arena *a, const char *path, const char *name)
{
        return arena_printf(a, "%.*s%s", (int)(str_basename(path) - path), path, name);
}

static struct boot_file off(const struct boot_facts *facts, struct arena *a, const struct owned *owned)
{
        static const char *token[] = {"passthrough=off"};
        const struct boot_file *entry = entry_for(facts, NULL);

        if (!entry)
                return (struct boot_file){};
        return (struct boot_file){
                .path = beside(a, entry->path, ENTRY_OFF),
                .text = derive(facts, a, entry, "without passthrough", (struct strings){token, 1}, owned)};
}

/* ---- an entry that is booted once ----------------------------------------------------------------------------------
 */

static const char *problem(const struct boot_facts *facts, struct probe *p)
{
        if (!startswith(facts->found, INFO))
                return "the firmware's variables do not show that systemd-boot booted this host";
        return p->program(p, "bootctl") ? NULL : "bootctl is not there";
}

static bool pending(struct probe *p)
{
        return p->exists(p, ONE_SHOT);
}

/* The path of a file, as an entry on its file system names it. */
static bool is_path_of(struct span value, const char *file)
{
        size_t n = strlen(file);

        while (value.length > 0 && *value.at == '/') {
                value.at++;
                value.length--;
        }
        return n > value.length && file[n - value.length - 1] == '/' &&
               memcmp(file + n - value.length, value.at, value.length) == 0;
}

static bool loads(const struct boot_facts *facts, const char *release, const char *image)
{
        struct span value;

        for (size_t e = 0; e < facts->n_entries; e++)
                for (size_t i = 0;
                     entry_is_ours(facts, &facts->entries[e]) && entry_is_of(&facts->entries[e], release) &&
                     entry_value(facts->entries[e].text, "initrd", i, &value);
                     i++)
                        if (is_path_of(value, image))
                                return true;
        return false;
}

/* The image lies beside the one it is to replace, so that in the entry, too, only its name is another. */
static char *with_image(struct arena *a, const char *text, const char *target, const char *image)
{
        size_t n = strlen(str_basename(target));
        struct span value;

        for (size_t i = 0; entry_value(text, "initrd", i, &value); i++)
                if (is_path_of(value, target))
                        return span_replace(a, text, (struct span){value.at + value.length - n, n},
                                            str_basename(image));
        return NULL;
}

static void entry(const struct boot_facts *facts, struct arena *a, const struct trial *t, struct strings tokens,
                  const struct owned *owned, struct change *ret)
{
        const struct boot_file *own = entry_for(facts, t->release);
        char *text;

        *ret = (struct change){};
        if (!own)
                return;
        text = derive(facts, a, own, "passthrough: trial", tokens, owned);
        ret->path = beside(a, own->path, ENTRY_TRIAL);
        ret->new = t->image ? with_image(a, text, t->target, t->image) : text;
}

static const char *lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                         struct strings tokens _unused_)
{
        size_t length = entry_length(facts, &(struct boot_file){.path = made->path, .text = made->new}, front);

        return length_fits(length) == LENGTH_TOO_LONG ? length_text(a, made->path, length) : NULL;
}

static const char *const remains[] = {"/efi/loader/entries/" ENTRY_TRIAL, "/boot/efi/loader/entries/" ENTRY_TRIAL,
                                      "/boot/loader/entries/" ENTRY_TRIAL, NULL};

static const struct oneshot once = {
        .set = "bootctl set-oneshot " ENTRY_TRIAL,
        .remains = remains,
        .problem = problem,
        .pending = pending,
        .loads = loads,
        .entry = entry,
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
        .info = INFO,
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
