/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of our own, made of those that the host has. */
#include "loader/entry-copy.h"

#include "base/str.h"
#include "loader/length.h"

const struct boot_file *entry_copied(const struct boot_facts *facts, const char *release)
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

/* A copy of an entry, less the tokens of an earlier apply: of one that was there then, less what it has got itself. */
char *entry_copy(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry, const char *mark,
                 struct strings tokens, const struct owned *owned)
{
        bool known = str_index(entry->path, owned->seen.v, owned->seen.n) >= 0;
        struct strings drop = {};

        for (size_t i = 0; i < owned->n_tokens; i++)
                if (!known || streq(owned->tokens[i].path, entry->path))
                        strings_add(a, &drop, owned->tokens[i].token);
        return entry_edit(a, head(facts, a, entry_without_trial(a, entry->text), mark), tokens, drop);
}

const char *entry_beside(struct arena *a, const char *path, const char *name)
{
        return arena_printf(a, "%.*s%s", (int)(str_basename(path) - path), path, name);
}

/* The path of a file, as an entry on its file system names it. */
bool entry_names(struct span value, const char *file)
{
        size_t n = strlen(file);

        while (value.length > 0 && *value.at == '/') {
                value.at++;
                value.length--;
        }
        return n > value.length && file[n - value.length - 1] == '/' &&
               memcmp(file + n - value.length, value.at, value.length) == 0;
}

bool entry_loads_image(const char *text, const char *image)
{
        struct span value;

        for (size_t i = 0; entry_value(text, "initrd", i, &value); i++)
                if (entry_names(value, image))
                        return true;
        return false;
}

bool entry_loaded_by_any(const struct boot_facts *facts, const char *image)
{
        for (size_t i = 0; i < facts->n_entries; i++)
                if (entry_loads_image(facts->entries[i].text, image))
                        return true;
        return false;
}

bool entry_loads(const struct boot_facts *facts, const char *release, const char *image)
{
        for (size_t i = 0; i < facts->n_entries; i++) {
                const struct boot_file *entry = &facts->entries[i];

                if (entry_is_ours(facts, entry) && entry_is_of(entry, release) && entry_loads_image(entry->text, image))
                        return true;
        }
        return false;
}

/* The image lies beside the one it is to replace, so that in the entry, too, only its name is another. */
char *entry_with_image(struct arena *a, const char *text, const char *target, const char *image)
{
        size_t n = strlen(str_basename(target));
        struct span value;

        for (size_t i = 0; entry_value(text, "initrd", i, &value); i++)
                if (entry_names(value, target))
                        return span_replace(a, text, (struct span){value.at + value.length - n, n},
                                            str_basename(image));
        return NULL;
}

void entry_trial(const struct boot_facts *facts, struct arena *a, const struct trial *t, struct strings tokens,
                 const struct owned *owned, struct change *ret)
{
        const struct boot_file *own = entry_copied(facts, t->release);
        char *text;

        *ret = (struct change){};
        if (!own)
                return;
        text = entry_copy(facts, a, own, "passthrough: trial", tokens, owned);
        ret->path = entry_beside(a, own->path, ENTRY_TRIAL);
        ret->new = t->image ? entry_with_image(a, text, t->target, t->image) : text;
}

const char *entry_trial_lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                              struct entry_front front)
{
        size_t length = entry_length(facts, &(struct boot_file){.path = made->path, .text = made->new}, front);

        return length_fits(length) == LENGTH_TOO_LONG ? length_text(a, made->path, length) : NULL;
}

static struct change *planned(struct boot_plan *plan, const char *path)
{
        for (size_t i = 0; i < plan->changes.n; i++)
                if (streq(plan->changes.v[i].path, path))
                        return &plan->changes.v[i];
        return NULL;
}

void entry_plan_image(struct boot_plan *plan, struct arena *a, const char *target, const char *image)
{
        for (size_t i = 0; i < plan->facts->n_entries; i++) {
                const struct boot_file *entry = &plan->facts->entries[i];
                struct change *change = planned(plan, entry->path);
                const char *new = entry_is_ours(plan->facts, entry)
                                          ? entry_with_image(a, change ? change->new : entry->text, target, image)
                                          : NULL;

                if (new &&change)
                        change->new = new;
                else if (new)
                        changes_add(&plan->changes, a,
                                    (struct change){.path = entry->path, .old = entry->text, .new = new});
        }
}
