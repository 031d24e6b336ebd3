/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be written, so that the next boot has the tokens; pure. */
#include <errno.h>

#include "base/str.h"
#include "state/trial.h"

struct planner {
        const struct boot_facts *facts;
        const struct boot_owned *owned;
        struct boot_plan *plan;
        struct arena *arena;
};

struct strings {
        const char **v;
        size_t n;
};

static void note(struct planner *p, const char *text)
{
        str_add(p->arena, &p->plan->notes, &p->plan->n_notes, text);
}

static int problem(struct planner *p, const char *text)
{
        p->plan->problem = text;
        return 0;
}

/* Where both are the same nothing is to be done. */
static void operation(struct planner *p, const char *path, const char *old, const char *new,
                      const struct strings *added)
{
        struct boot_op *op;

        if (streq_ptr(old, new))
                return;
        op = arena_grow(p->arena, &p->plan->ops, p->plan->n_ops, sizeof(*p->plan->ops));
        *op = (struct boot_op){path, old, new, added->v, added->n};
        p->plan->n_ops++;
}

static bool wanted(const struct planner *p, const char *token)
{
        for (size_t i = 0; i < p->plan->n_tokens; i++)
                if (streq(p->plan->tokens[i], token))
                        return true;
        return false;
}

static bool seen(const struct planner *p, const char *path)
{
        for (size_t i = 0; i < p->owned->n_seen; i++)
                if (streq(p->owned->seen[i], path))
                        return true;
        return false;
}

/* Tokens of ours that the config no longer needs. A file that has come since took them over from the others. */
static void stale(struct planner *p, const char *path, struct strings *ret)
{
        bool known = seen(p, path);

        *ret = (struct strings){};
        for (size_t i = 0; i < p->owned->n_added; i++) {
                const struct boot_added *added = &p->owned->added[i];

                if (!wanted(p, added->token) && (!known || streq(added->path, path)))
                        str_add(p->arena, &ret->v, &ret->n, added->token);
        }
}

/* The command, where something is written for it, or its last run did not see what is there. */
static int plan_command(struct planner *p, const char *line)
{
        struct boot_verdict verdict;
        int k = boot_verify(p->facts, p->plan->tokens, p->plan->n_tokens, p->arena, &verdict);

        if (k < 0 || (p->plan->n_ops == 0 && verdict.n_lacking == 0))
                return k;
        p->plan->command = line;
        p->plan->generated = p->facts->grub_cfg.path;
        return 0;
}

/* The tokens that the host's own settings of GRUB do not have. */
static int missing_in_grub(struct planner *p, struct strings *ret)
{
        int k = 0;

        *ret = (struct strings){};
        for (size_t i = 0; k == 0 && i < p->plan->n_tokens; i++) {
                const char *token = p->plan->tokens[i];
                enum grub_place place;

                k = grub_place(p->facts, p->arena, token, &place);
                if (k == 0 && place == GRUB_NOWHERE)
                        str_add(p->arena, &ret->v, &ret->n, token);
                if (k == 0 && place == GRUB_NORMAL_ENTRIES)
                        note(p, arena_join(p->arena, token,
                                           " is in GRUB_CMDLINE_LINUX_DEFAULT already, and so not in entries for "
                                           "recovery",
                                           NULL));
        }
        return k;
}

static int plan_debian(struct planner *p)
{
        const struct boot_file *dropin = &p->facts->dropin;
        const char *new = NULL;
        struct strings missing;
        int k = missing_in_grub(p, &missing);

        if (k == 0 && dropin->text && !grub_dropin_is_ours(dropin->text))
                return problem(p, BOOT_DROPIN " is there, and was not written by passthroughctl: rename it");
        if (k == 0 && missing.n > 0)
                new = grub_dropin(p->arena, missing.v, missing.n);
        if (k == 0)
                operation(p, BOOT_DROPIN, dropin->text, new, &missing);
        return k == 0 ? plan_command(p, "/usr/sbin/update-grub") : k;
}

static int plan_defaults(struct planner *p)
{
        const struct boot_file *defaults = &p->facts->defaults[0];
        struct strings missing, drop = {};
        unsigned line;
        char *new;
        int k = missing_in_grub(p, &missing);

        if (k == 0)
                stale(p, defaults->path, &drop);
        if (k < 0 || (missing.n == 0 && drop.n == 0))
                return k;
        new = grub_edit(p->arena, defaults->text, missing.v, missing.n, drop.v, drop.n, &line);
        if (!new &&line > 0)
                return problem(p, arena_printf(p->arena,
                                               "%s:%u: GRUB_CMDLINE_LINUX= does not end on its line, so that it "
                                               "cannot be edited: write it as GRUB_CMDLINE_LINUX=\"...\"",
                                               defaults->path, line));
        operation(p, defaults->path, defaults->text, new, &missing);
        return 0;
}

static int plan_grub2(struct planner *p)
{
        int k = plan_defaults(p);

        return k < 0 || p->plan->problem ? k
                                         : plan_command(p, arena_join(p->arena, "/usr/sbin/grub2-mkconfig -o ",
                                                                      p->facts->grub_cfg.path, NULL));
}

static void plan_entry(struct planner *p, const struct boot_file *entry)
{
        struct strings missing = {}, drop;
        char *new;

        stale(p, entry->path, &drop);

        for (size_t i = 0; i < p->plan->n_tokens; i++)
                if (!entry_has(p->facts, entry, p->plan->tokens[i]))
                        str_add(p->arena, &missing.v, &missing.n, p->plan->tokens[i]);
        new = entry_edit(p->arena, entry->text, missing.v, missing.n, drop.v, drop.n);
        operation(p, entry->path, entry->text, new, &missing);
}

static void plan_entries(struct planner *p)
{
        size_t n = 0;

        for (size_t i = 0; i < p->facts->n_entries; i++) {
                const struct boot_file *entry = &p->facts->entries[i];

                if (!entry_is_ours(p->facts, entry)) {
                        note(p, arena_join(p->arena, entry->path, " boots something else, and is left alone", NULL));
                        continue;
                }
                n++;
                if (!p->facts->grubenv.text || !entry_uses_grubenv(entry))
                        plan_entry(p, entry);
        }
        if (n == 0)
                problem(p, "none of the boot loader entries boots this system, as far as can be told");
}

/* What is missing on one line, and what is to go from it. */
static void difference(struct planner *p, const char *path, struct span line, struct strings *missing,
                       struct strings *drop)
{
        stale(p, path, drop);

        *missing = (struct strings){};
        for (size_t i = 0; i < p->plan->n_tokens; i++)
                if (!span_has(line, p->plan->tokens[i]))
                        str_add(p->arena, &missing->v, &missing->n, p->plan->tokens[i]);
}

static int plan_grubenv(struct planner *p)
{
        const struct boot_file *env = &p->facts->grubenv;
        struct strings missing, drop = {};
        struct span line;
        bool used = false, full;
        char *new;

        for (size_t i = 0; i < p->facts->n_entries && !used; i++)
                used = entry_uses_grubenv(&p->facts->entries[i]);
        if (!used || !env->text || !grubenv_line(env->text, &line))
                return used ? problem(p, "the entries have $kernelopts, and " BOOT_GRUBENV " does not say what that is")
                            : 0;
        difference(p, env->path, line, &missing, &drop);
        if ((missing.n == 0 && drop.n == 0))
                return 0;
        new = grubenv_edit(p->arena, env->text, missing.v, missing.n, drop.v, drop.n, &full);
        if (full)
                return problem(p, BOOT_GRUBENV " has no room for the tokens");
        operation(p, env->path, env->text, new, &missing);
        return 0;
}

/* What kernel-install would take for a new kernel, less what is of this one boot, or ours. */
static int seed(struct planner *p, const char **ret)
{
        static const char *const own[] = {"BOOT_IMAGE=", "initrd=", "passthrough=", "passthrough.skip="};
        const char *line = p->facts->vendor_cmdline ? p->facts->vendor_cmdline : p->facts->cmdline;
        struct span rest = {line, line ? strcspn(line, "\n") : 0}, t, root = {}, other;
        struct strings kept = {};

        if (rest.length == 0)
                return problem(p, "neither " BOOT_KERNEL_CMDLINE " nor /proc/cmdline says what a new kernel is to be "
                                  "booted with");
        while (span_token(&rest, &t)) {
                bool drop = false;
                char *token = arena_strndup(p->arena, t.at, t.length);

                /* What follows is of a trial, too. */
                if (token && startswith(token, TRIAL_TOKEN))
                        break;
                for (size_t i = 0; token && i < ARRAY_SIZE(own) && !drop; i++)
                        drop = startswith(token, own[i]);
                if (!token || (!drop && !wanted(p, token)))
                        str_add(p->arena, &kept.v, &kept.n, token);
        }
        *ret = span_with(p->arena, (struct span){"", 0}, kept.v, kept.n);
        /* It must be this system's: from rescue media, /proc/cmdline is another's. */
        span_value((struct span){*ret, strlen(*ret)}, "root=", &root);
        for (size_t i = 0; i < p->facts->n_entries; i++)
                if (entry_is_ours(p->facts, &p->facts->entries[i])) {
                        other = (struct span){};
                        entry_root(&p->facts->entries[i], &other);
                        if (other.length == root.length && (!root.at || memcmp(other.at, root.at, root.length) == 0))
                                return 0;
                }
        return problem(p, "there is no " BOOT_KERNEL_CMDLINE ", and /proc/cmdline, which would be its beginning, has "
                          "another root= than the entries");
}

static int plan_kernel_cmdline(struct planner *p, bool make)
{
        const struct boot_file *file = &p->facts->kernel_cmdline;
        const char *old = file->text, *line = old;
        struct strings missing, drop = {};
        struct span all;
        char *flat, *new;
        int k = 0;

        if (!old && (!make || p->plan->n_tokens == 0))
                return 0;
        if (!old)
                k = seed(p, &line);
        if (k < 0 || p->plan->problem)
                return k;
        /* kernel-install takes line ends for blanks. */
        flat = arena_strdup(p->arena, line);
        for (char *c = strchr(flat, '\n'); c; c = strchr(c, '\n'))
                *c = ' ';
        all = (struct span){flat, strlen(flat)};
        difference(p, file->path, all, &missing, &drop);
        if (k < 0 || (old && missing.n == 0 && drop.n == 0))
                return k;
        new = span_without(p->arena, all, drop.v, drop.n);
        while (new &&*new &&new[strlen(new) - 1] == ' ')
                new[strlen(new) - 1] = '\0';
        new = new ? span_with(p->arena, (struct span){new, strlen(new)}, missing.v, missing.n) : NULL;
        new = new ? arena_join(p->arena, new, "\n", NULL) : NULL;
        operation(p, file->path, old, new, &missing);
        return 0;
}

static int plan_bls(struct planner *p)
{
        int k = 0;

        plan_entries(p);

        if (k == 0 && !p->plan->problem)
                k = plan_grubenv(p);
        if (k == 0 && !p->plan->problem)
                k = plan_defaults(p);
        return k == 0 && !p->plan->problem ? plan_kernel_cmdline(p, false) : k;
}

static void plan_off(struct planner *p)
{
        struct boot_file off;

        off_entry(p->facts, p->arena, p->owned, &off);

        if (!(!off.path))
                operation(p, off.path, p->facts->off.text, off.text,
                          &(struct strings){

                          });
}

static int plan_systemd_boot(struct planner *p)
{
        int k = 0;

        plan_entries(p);

        if (k == 0 && !p->plan->problem)
                k = plan_kernel_cmdline(p, true);
        if (k == 0 && !p->plan->problem)
                plan_off(p);
        for (size_t i = 0; k == 0 && i < p->facts->n_ukis && p->plan->n_tokens > 0; i++)
                note(p, arena_join(p->arena, p->facts->ukis[i],
                                   " carries its own command line; it would need an addon in ", p->facts->ukis[i],
                                   ".extra.d/", NULL));
        return k;
}

static int plan_image(struct planner *p)
{
        struct boot_verdict verdict;
        const char *list = "", *appends = "";
        char *line;
        int k = boot_verify(p->facts, p->plan->tokens, p->plan->n_tokens, p->arena, &verdict);

        if (k < 0 || verdict.n_lacking == 0)
                return k;
        for (size_t i = 0; i < p->plan->n_tokens; i++) {
                list = arena_join(p->arena, list, i ? ", " : "", "\"", p->plan->tokens[i], "\"", NULL);
                appends =
                        list ? arena_join(p->arena, appends, " --append-if-missing=", p->plan->tokens[i], NULL) : NULL;
        }
        line = span_with(p->arena, (struct span){"", 0}, p->plan->tokens, p->plan->n_tokens);
        if (p->facts->path == BOOT_UKI)
                return problem(p, arena_join(p->arena,
                                             "a unified kernel image carries its own command line, and nothing is "
                                             "written; it needs an addon, as\n  ukify build --cmdline='",
                                             line,
                                             "' --output=passthrough.addon.efi\nmakes one, signed where Secure "
                                             "Boot is on, in ",
                                             p->facts->n_ukis ? p->facts->ukis[0] : "/boot/efi/EFI/Linux/NAME.efi",
                                             ".extra.d/", NULL));
        return problem(p, arena_join(p->arena,
                                     "this host's files come from an image, and nothing is written; the image needs "
                                     "/usr/lib/bootc/kargs.d/50-passthrough.toml:\n  kargs = [",
                                     list, "]\nor, with rpm-ostree on this host:\n  rpm-ostree kargs", appends, NULL));
}

static int check_tokens(struct planner *p)
{
        bool grub = p->facts->path != BOOT_ENTRIES && p->facts->path != BOOT_IMAGE && p->facts->path != BOOT_UKI;

        for (size_t i = 0; i < p->plan->n_tokens; i++) {
                const char *token = p->plan->tokens[i];

                if (grub && !grub_token_is_plain(token))
                        return problem(p, arena_join(p->arena, "\"", token,
                                                     "\" has characters that the shell or GRUB would make something "
                                                     "else of; nothing is written",
                                                     NULL));
                if (!*token || token[strcspn(token, " \t\r\n\"'\\")])
                        return problem(p, arena_join(p->arena, "\"", token,
                                                     "\" has blanks or quotes in it; nothing is written", NULL));
        }
        return 0;
}

int boot_plan_build(const struct boot_facts *facts, const struct needs *needs, const struct boot_owned *owned,
                    struct arena *a, struct boot_plan *ret)
{
        static int (*const plans[BOOT_PATH_MAX_])(struct planner *) = {
                [BOOT_IMAGE] = plan_image, [BOOT_UKI] = plan_image,     [BOOT_DEBIAN_GRUB] = plan_debian,
                [BOOT_GRUB2] = plan_grub2, [BOOT_GRUB2_BLS] = plan_bls, [BOOT_ENTRIES] = plan_systemd_boot,
        };
        struct planner p = {facts, owned, ret, a};
        int k = 0;

        *ret = (struct boot_plan){.facts = facts, .problem = facts->problem};
        for (size_t i = 0; k == 0 && i < needs->n_tokens; i++)
                str_add(a, &ret->tokens, &ret->n_tokens, needs->tokens[i].token);
        /* Where nothing is asked of a place it need not be known. */
        if (ret->n_tokens == 0 && owned->n_added == 0)
                ret->problem = NULL;
        if (k == 0 && !ret->problem)
                k = check_tokens(&p);
        if (k == 0 && !ret->problem && plans[facts->path])
                k = plans[facts->path](&p);
        if (k == 0 && !ret->problem)
                boot_plan_lengths(ret, a);
        if (ret->problem) {
                ret->n_ops = 0;
                ret->command = NULL;
        }
        return k;
}
