/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/kernel-cmdline.h"

#include "base/str.h"
#include "loader/entry.h"
#include "loader/length.h"

static bool begins_with_any(const char *token, const char *const *prefixes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (startswith(token, prefixes[i]))
                        return true;
        return false;
}

/* The line must be this system's: from rescue media, /proc/cmdline is another's. */
static bool is_this_system(const struct boot_facts *facts, const char *line)
{
        struct span root = {};

        span_value(span_of(line), "root=", &root);
        for (size_t i = 0; i < facts->n_entries; i++) {
                struct span other = {};

                if (!entry_is_ours(facts, &facts->entries[i]))
                        continue;
                entry_root(&facts->entries[i], &other);
                if (other.length == root.length && (!root.at || memcmp(other.at, root.at, root.length) == 0))
                        return true;
        }
        return false;
}

/* What kernel-install would take for a new kernel, less what is of this one boot, or ours. */
static bool seed(struct boot_planner *p, const char **ret)
{
        static const char *const own[] = {"BOOT_IMAGE=", "initrd=", "passthrough=", "passthrough.skip="};
        const char *line = p->facts->vendor_cmdline ? p->facts->vendor_cmdline : p->facts->cmdline;
        struct span rest = {line, line ? strcspn(line, "\n") : 0}, t;
        struct strings kept = {};

        if (rest.length == 0)
                return boot_plan_problem(p, "neither " BOOT_KERNEL_CMDLINE
                                            " nor /proc/cmdline says how to boot a new kernel");
        while (span_token(&rest, &t)) {
                const char *token = arena_strndup(p->arena, t.at, t.length);

                /* What follows is of a trial, too. */
                if (startswith(token, TRIAL_TOKEN))
                        break;
                if (!begins_with_any(token, own, ARRAY_SIZE(own)) && !boot_plan_wants(p, token))
                        strings_add(p->arena, &kept, token);
        }
        *ret = span_with(p->arena, span_of(""), kept);
        return is_this_system(p->facts, *ret) ||
               boot_plan_problem(
                       p, "there is no " BOOT_KERNEL_CMDLINE
                          ", and /proc/cmdline, which it would be made from, has another root= than the entries");
}

static bool has_trial(const char *line)
{
        struct span value;

        return span_value(span_of(line), TRIAL_TOKEN, &value);
}

static bool is_comment(struct span line)
{
        struct span word;

        return span_token(&line, &word) && *word.at == '#';
}

bool kernel_cmdline_has_comment(const char *text)
{
        struct span line;

        while (text && span_line(&text, &line))
                if (is_comment(line))
                        return true;
        return false;
}

bool kernel_cmdline_plan(struct boot_planner *p, bool make)
{
        const char *old = boot_text(p->facts, BOOT_KERNEL_CMDLINE), *line = old;
        struct strings missing, drop;
        char *flat, *new;

        if (!old && (!make || p->plan->tokens.n == 0))
                return true;
        if (!old && !seed(p, &line))
                return false;
        /* kernel-install takes line ends for blanks. */
        flat = arena_strdup(p->arena, line);
        for (char *c = strchr(flat, '\n'); c; c = strchr(c, '\n'))
                *c = ' ';
        missing = boot_plan_missing(p, span_of(flat));
        drop = boot_plan_stale(p, BOOT_KERNEL_CMDLINE);
        if (old && missing.n == 0 && drop.n == 0 && !has_trial(flat))
                return true;
        if (kernel_cmdline_has_comment(old))
                return boot_plan_problem(p, BOOT_KERNEL_CMDLINE " has a comment, which some programs leave out and "
                                                                "others take for parameters; take it out");
        if (has_trial(flat))
                flat = entry_line_without_trial(p->arena, span_of(flat));
        new = span_without(p->arena, span_of(flat), drop);
        while (*new &&new[strlen(new) - 1] == ' ')
                new[strlen(new) - 1] = '\0';
        new = span_with(p->arena, span_of(new), missing);
        boot_plan_add(p, BOOT_KERNEL_CMDLINE, old, arena_join(p->arena, new, "\n", NULL), missing);
        return true;
}

void kernel_cmdline_length(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        const char *line = boot_text(facts, BOOT_KERNEL_CMDLINE);

        length_add(a, ret, BOOT_KERNEL_CMDLINE, line ? span_characters(line) : 0);
}

void kernel_cmdline_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        const char *line = boot_text(facts, BOOT_KERNEL_CMDLINE);

        if (line)
                boot_line_add(a, ret, BOOT_KERNEL_CMDLINE, line, false);
}

char *kernel_cmdline_without(struct arena *a, const char *text, struct strings tokens)
{
        char *edited = arena_strdup(a, "");
        struct span line;

        while (span_line(&text, &line)) {
                const char *own = arena_strndup(a, line.at, line.length);

                if (!is_comment(line))
                        own = span_without(a, has_trial(own) ? span_of(entry_line_without_trial(a, line)) : line,
                                           tokens);
                edited = arena_join(a, edited, own, line.at[line.length] == '\n' ? "\n" : "", NULL);
        }
        return edited;
}
