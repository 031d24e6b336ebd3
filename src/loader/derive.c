/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of our own, made of those that the host has; pure. */
#include <errno.h>

#include "base/str.h"
#include "state/trial.h"

/* Nothing of these lines is read by a shell as more than words. */
static void grub_entry(struct arena *a, const struct trial *t, const char *const *tokens, size_t n, struct boot_op *ret)
{
        const char *line = span_with(a, (struct span){"", 0}, tokens, n);

        ret->path = TRIAL_GRUB;
        ret->new = line ? arena_join(a, "release ", t->release, "\ninitrd ", t->image ? str_basename(t->image) : "",
                                     "\ntokens ", line, "\n", NULL)
                        : NULL;
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

        while (copy && span_line(&text, &line)) {
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
static void derive(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry, const char *mark,
                   const char *const *tokens, size_t n, const struct boot_owned *owned, char **ret)
{
        const char **drop = NULL;
        size_t n_drop = 0;
        char *text = head(facts, a, entry->text, mark);

        for (size_t i = 0; i < owned->n_added; i++)
                str_add(a, &drop, &n_drop, owned->added[i].token);
        text = entry_edit(a, text, tokens, n, drop, n_drop);
        *ret = text;
}

/* The image lies beside the one it is to replace, so that in the entry, too, only its name is another. */
static char *with_image(struct arena *a, char *text, const char *target, const char *image)
{
        const char *name = str_basename(target);
        struct span value;

        for (size_t i = 0; text && entry_value(text, "initrd", i, &value); i++)
                if (value.length > strlen(name) &&
                    memcmp(value.at + value.length - strlen(name), name, strlen(name)) == 0)
                        return span_replace(a, text,
                                            (struct span){value.at + value.length - strlen(name), strlen(name)},
                                            str_basename(image));
        return NULL;
}

static void copied_entry(const struct boot_facts *facts, struct arena *a, const struct trial *t,
                         const char *const *tokens, size_t n, const struct boot_owned *owned, struct boot_op *ret)
{
        const struct boot_file *entry = entry_for(facts, t->release);
        char *text;

        if (!entry)
                return;
        derive(facts, a, entry, "passthrough: trial", tokens, n, owned, &text);
        ret->path = arena_printf(a, "%.*s" TRIAL_ENTRY, (int)(str_basename(entry->path) - entry->path), entry->path);
        ret->new = t->image ? with_image(a, text, t->target, t->image) : text;
}

void oneshot_entry(const struct boot_facts *facts, struct arena *a, const struct trial *trial,
                   const char *const *tokens, size_t n_tokens, const struct boot_owned *owned, struct boot_op *ret)
{
        *ret = (struct boot_op){};
        if (facts->path == BOOT_ENTRIES)
                copied_entry(facts, a, trial, tokens, n_tokens, owned, ret);
        else
                grub_entry(a, trial, tokens, n_tokens, ret);
}

/* No program is run for that: it is done on the way of a boot, by a service that does not see all of the host. */
char *oneshot_menu_without(const char *menu, struct arena *a)
{
        const char *entry = strstr(menu, "menuentry '" GRUB_TRIAL_TITLE "' "),
                   *end = entry ? strstr(entry, "\n}\n") : NULL;

        if (!end || (entry > menu && entry[-1] != '\n'))
                return NULL;
        return span_replace(a, menu, (struct span){entry, (size_t)(end + 3 - entry)}, "");
}

void oneshot_verify(const struct boot_facts *facts, struct arena *a, const char *const *tokens, size_t n_tokens,
                    const char **ret_lacks)
{
        const char *text = facts->grub_cfg.text ? facts->grub_cfg.text : "", *from;
        struct span line, word;

        *ret_lacks = NULL;
        if (facts->path == BOOT_ENTRIES)
                return;
        from = strstr(text, "'" GRUB_TRIAL "'");
        *ret_lacks = from ? NULL : "GRUB's menu has no entry for the trial";
        while (from && span_line(&from, &line)) {
                if (!span_token(&line, &word) || !span_is(word, "linux"))
                        continue;
                for (size_t i = 0; i < n_tokens && !*ret_lacks; i++)
                        if (!span_has(line, tokens[i]))
                                *ret_lacks = arena_join(a, "the trial's entry in GRUB's menu has no ", tokens[i], NULL);
                return;
        }
        if (!*ret_lacks)
                *ret_lacks = "the trial's entry in GRUB's menu loads no kernel";
}

void off_entry(const struct boot_facts *facts, struct arena *a, const struct boot_owned *owned, struct boot_file *ret)
{
        static const char *const off[] = {"passthrough=off"};
        const struct boot_file *entry = entry_for(facts, NULL);
        char *text;

        *ret = (struct boot_file){};
        if (!entry)
                return;
        derive(facts, a, entry, "without passthrough", off, 1, owned, &text);
        ret->path = arena_printf(a, "%.*s" OFF_ENTRY, (int)(str_basename(entry->path) - entry->path), entry->path);
        ret->text = text;
}
