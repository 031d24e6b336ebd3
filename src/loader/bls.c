/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB that reads /boot/loader/entries, as Fedora and RHEL have it. New kernels get their line from kernel-install. A
 * trial is a copy of an entry, which goes by its file's name without .conf (blscfg.c of Fedora's GRUB).
 */
#include "base/str.h"
#include "loader/entry-copy.h"
#include "loader/grub.h"
#include "loader/kernel-cmdline.h"

#define MENU     "/boot/grub2/grub.cfg"
#define ENTRIES  "/boot/loader/entries/"
#define TRIAL_ID "0-passthrough-trial"

static const struct entry_front front = {"linux", "BOOT_IMAGE=(hd0,gpt1) "};

static int detect(struct detector *d, struct claim *ret)
{
        const char *settings;
        int k;

        if (!grub_may_boot(d) || d->facts->n_entries == 0)
                return 0;
        k = d->probe->text(d->probe, GRUB_SETTINGS, &settings);
        if (k == 0 && grub_uses_entries(settings))
                ret->what = GRUB_MENU;
        return k;
}

static int read_files(struct detector *d)
{
        int k = grub_read_settings(d);

        d->facts->found = "GRUB_ENABLE_BLSCFG=true in " GRUB_SETTINGS ", and /boot/loader/entries";
        return k == 0 ? boot_read(d, ENTRY_GRUBENV, true) : k;
}

/* A block of fixed size, filled up with "#" (util/grub-editenv.c). NULL where it has no room for them. */
static char *edit_block(struct arena *a, const char *text, struct strings add, struct strings drop)
{
        size_t size = strlen(text), used;
        struct span value;
        char *line, *copy, *block;

        if (!entry_grubenv(text, &value))
                return NULL;
        line = span_without(a, value, drop);
        copy = span_replace(a, text, value, span_with(a, span_of(line), add));
        used = strlen(copy);
        while (used > 0 && copy[used - 1] == '#')
                used--;
        if (used > size)
                return NULL;
        block = arena_alloc(a, size + 1);
        memset(block, '#', size);
        memcpy(block, copy, used);
        return block;
}

static bool plan_block(struct boot_planner *p)
{
        const char *old = boot_text(p->facts, ENTRY_GRUBENV), *new;
        struct strings missing, drop;
        struct span line;
        bool used = false;

        for (size_t i = 0; i < p->facts->n_entries && !used; i++)
                used = entry_uses_grubenv(&p->facts->entries[i]);
        if (!used)
                return true;
        if (!old || !entry_grubenv(old, &line))
                return boot_plan_problem(p, "the entries have $kernelopts, and " ENTRY_GRUBENV " does not define it");
        missing = boot_plan_missing(p, line);
        drop = boot_plan_stale(p, ENTRY_GRUBENV);
        if (missing.n == 0 && drop.n == 0)
                return true;
        new = edit_block(p->arena, old, missing, drop);
        if (!new)
                return boot_plan_problem(p, ENTRY_GRUBENV " has no room for the tokens");
        boot_plan_add(p, ENTRY_GRUBENV, old, new, missing);
        return true;
}

static bool plan(struct boot_planner *p)
{
        return entry_plan_all(p) && plan_block(p) && grub_plan_settings(p) && kernel_cmdline_plan(p, false);
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

static char *without(struct arena *a, const char *path, const char *text, struct strings tokens)
{
        return streq(path, ENTRY_GRUBENV) ? edit_block(a, text, (struct strings){}, tokens) : NULL;
}

/* The environment block has the name of an entry, or nothing: then it is the first. */
static void kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        const char *chosen = grub_default(facts, a), *block = boot_text(facts, ENTRY_GRUBENV);
        struct span line, value;

        entry_kernels(facts, a, ret);
        if (chosen && streq(chosen, "saved")) {
                chosen = block ? "0" : NULL;
                while (block && span_line(&block, &line))
                        if (span_value(line, "saved_entry=", &value) && value.length > 0)
                                chosen = arena_strndup(a, value.at, value.length);
        }
        if (chosen)
                entry_mark_next(facts, a, ret, streq(chosen, "0") ? NULL : chosen, false);
}

/* ---- an entry that is booted once ----------------------------------------------------------------------------------
 */

/* A menu on the EFI partition that is no stub is the one that is read. */
static const char *menu_elsewhere(struct probe *p)
{
        const char **names, *text;
        size_t n;

        if (p->list(p, GRUB_ON_ESP, &names, &n) < 0)
                return GRUB_ON_ESP;
        for (size_t i = 0; i < n; i++) {
                const char *path = arena_join(p->arena, GRUB_ON_ESP "/", names[i], "/grub.cfg", NULL);

                if (p->text(p, path, &text) < 0 || (text && strstr(text, "### BEGIN /etc/grub.d/")))
                        return path;
        }
        return NULL;
}

static const char *problem(const struct boot_facts *facts, struct probe *p)
{
        const char *elsewhere = menu_elsewhere(p), *menu;

        if (!p->program(p, "grub2-reboot") || !p->program(p, "grub2-editenv"))
                return "grub2-reboot and grub2-editenv are not both there";
        if (elsewhere)
                return arena_join(p->arena, "GRUB may read ", elsewhere, " in place of " MENU, NULL);
        for (size_t i = 0; i < facts->n_entries; i++)
                if (entry_uses_grubenv(&facts->entries[i]))
                        return "the entries have their parameters from GRUB's environment ($kernelopts), which a "
                               "trial's entry would share";
        if (p->text(p, MENU, &menu) < 0)
                return MENU " cannot be read";
        return grub_once_problem(p, menu, ENTRY_GRUBENV);
}

static bool pending(struct probe *p)
{
        return grub_once_pending(p, ENTRY_GRUBENV, TRIAL_ID);
}

/* GRUB looks for it in one place. */
static void entry(const struct boot_facts *facts, struct arena *a, const struct trial *t, struct strings tokens,
                  const struct owned *owned, struct change *ret)
{
        entry_trial(facts, a, t, tokens, owned, ret);
        if (ret->path && !startswith(ret->path, ENTRIES))
                *ret = (struct change){};
}

static const char *lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                         struct strings tokens _unused_)
{
        return entry_trial_lacks(facts, a, made, front);
}

static const char *const remains[] = {ENTRIES ENTRY_TRIAL, NULL};

static const struct oneshot once = {
        .set = "grub2-reboot " TRIAL_ID,
        .clear = "grub2-editenv " ENTRY_GRUBENV " unset next_entry",
        .remains = remains,
        .problem = problem,
        .pending = pending,
        .loads = entry_loads,
        .entry = entry,
        .lacks = lacks,
};

const struct loader loader_bls = {
        .name = "GRUB with boot loader entries",
        .info = GRUB_INFO,
        .shell = true,
        .line_pcrs = GRUB_LINE_PCRS,
        .initrd_pcrs = GRUB_INITRD_PCRS,
        .once = &once,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = entry_verify_all,
        .lengths = lengths,
        .lines = lines,
        .kernels = kernels,
        .without = without,
};
