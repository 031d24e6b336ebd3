/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be written, so that the next boot has the tokens; pure. */
#include "loader/boot-plan.h"

#include "base/str.h"
#include "loader/length.h"

void boot_plan_note(struct boot_planner *p, const char *text)
{
        strings_add(p->arena, &p->plan->notes, text);
}

bool boot_plan_problem(struct boot_planner *p, const char *text)
{
        p->plan->problem = text;
        return false;
}

void boot_plan_add(struct boot_planner *p, const char *path, const char *old, const char *new, struct strings added)
{
        if (!streq_ptr(old, new))
                changes_add(&p->plan->changes, p->arena,
                            (struct change){.path = path, .old = old, .new = new, .added = added});
}

bool boot_plan_wants(const struct boot_planner *p, const char *token)
{
        for (size_t i = 0; i < p->plan->tokens.n; i++)
                if (streq(p->plan->tokens.v[i], token))
                        return true;
        return false;
}

static bool seen(const struct boot_planner *p, const char *path)
{
        for (size_t i = 0; i < p->owned->seen.n; i++)
                if (streq(p->owned->seen.v[i], path))
                        return true;
        return false;
}

struct strings boot_plan_stale(struct boot_planner *p, const char *path)
{
        bool known = seen(p, path);
        struct strings stale = {};

        for (size_t i = 0; i < p->owned->n_tokens; i++) {
                const struct owned_token *added = &p->owned->tokens[i];

                if (!boot_plan_wants(p, added->token) && (!known || streq(added->path, path)))
                        strings_add(p->arena, &stale, added->token);
        }
        return stale;
}

struct strings boot_plan_missing(struct boot_planner *p, struct span line)
{
        struct strings missing = {};

        for (size_t i = 0; i < p->plan->tokens.n; i++)
                if (!span_has(line, p->plan->tokens.v[i]))
                        strings_add(p->arena, &missing, p->plan->tokens.v[i]);
        return missing;
}

void boot_plan_command(struct boot_planner *p, const char *command)
{
        struct boot_verdict verdict;

        boot_verify(p->facts, p->plan->tokens, p->arena, &verdict);
        if (p->plan->changes.n == 0 && verdict.lacking.n == 0)
                return;
        p->plan->changes.command = command;
        p->plan->changes.generated = p->facts->menu.path;
}

static bool is_plain(const char *token)
{
        return *token &&
               token[strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:=/+@%^")] ==
                       '\0';
}

static bool check_tokens(struct boot_planner *p)
{
        for (size_t i = 0; i < p->plan->tokens.n; i++) {
                const char *token = p->plan->tokens.v[i];

                if (p->facts->loader && p->facts->loader->shell && !is_plain(token))
                        return boot_plan_problem(
                                p,
                                arena_join(p->arena, "\"", token,
                                           "\" has characters that the shell or GRUB would change; nothing is written",
                                           NULL));
                if (!*token || token[strcspn(token, " \t\r\n\"'\\")])
                        return boot_plan_problem(p,
                                                 arena_join(p->arena, "\"", token,
                                                            "\" has blanks or quotes in it; nothing is written", NULL));
        }
        return true;
}

/* Files that a later apply or undo must not take for new. */
static void add_seen(struct boot_planner *p, const struct boot_file *files, size_t n)
{
        struct changes *c = &p->plan->changes;

        for (size_t i = 0; i < n; i++)
                if (files[i].edited && files[i].text && !changes_find(c, files[i].path))
                        strings_add(p->arena, &c->seen, files[i].path);
}

void boot_plan_refuse(struct boot_plan *plan, const char *problem)
{
        plan->problem = problem;
        plan->changes.n = 0;
        plan->changes.command = NULL;
        plan->changes.images = (struct strings){};
        plan->spare = NULL;
}

void boot_plan_build(const struct boot_facts *facts, const struct needs *needs, const struct owned *owned,
                     struct arena *a, struct boot_plan *ret)
{
        struct boot_planner p = {facts, owned, ret, a};

        *ret = (struct boot_plan){.facts = facts, .problem = facts->problem, .changes.boot = boot_name(facts)};
        for (size_t i = 0; i < needs->n_tokens; i++)
                strings_add(a, &ret->tokens, needs->tokens[i].token);
        /* Where nothing is asked of a place it need not be known. */
        if (ret->tokens.n == 0 && owned->n_tokens == 0)
                ret->problem = NULL;
        if (!ret->problem && check_tokens(&p) && facts->loader && facts->loader->plan(&p))
                ret->problem = length_problem(ret, a);
        if (ret->problem) {
                boot_plan_refuse(ret, ret->problem);
                return;
        }
        add_seen(&p, facts->entries, facts->n_entries);
        add_seen(&p, facts->files, facts->n_files);
}
