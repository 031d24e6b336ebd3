/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/write.h"

#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "loader/entry-copy.h"
#include "loader/kernel-cmdline.h"

int boot_write(const struct root *root, struct arena *a, const struct boot_plan *plan, const char **ret_what)
{
        int copied = 0;

        /* What boots without passthrough is there before all else. */
        if (plan->spare) {
                *ret_what = plan->spare->path;
                copied = file_copy(root, plan->spare->from, plan->spare->path, NULL);
        }
        if (copied < 0)
                return copied;
        for (size_t i = 0; i < plan->changes.n; i++) {
                const struct change *c = &plan->changes.v[i];
                const char *path, *data;
                size_t size;
                int k;

                *ret_what = c->path;
                data = change_data(c, &size);
                k = file_resolve(root, a, c->path, &path);
                if (k == 0 && data)
                        k = file_make_parents(root, path);
                if (k == 0)
                        k = data ? file_write(root, path, data, size, NULL) : file_remove(root, path);
                if (k < 0)
                        return k;
        }
        return 0;
}

static int keep_one(const struct root *root, struct arena *a, const struct boot_file *file, const char **ret_what,
                    struct strings *ret)
{
        const char *path, *now = NULL;
        char *text = NULL;
        size_t size;
        int k;

        if (!file->path)
                return 0;
        *ret_what = file->path;
        k = file_resolve(root, a, file->path, &path);
        if (k == 0)
                k = content_read(root, a, path, &now, &text, &size);
        if (k < 0 || streq_ptr(now ? text : NULL, file->text))
                return k;
        k = file->text ? file_write(root, path, file->text, strlen(file->text), NULL) : file_remove(root, path);
        if (k == 0)
                strings_add(a, ret, file->path);
        return k;
}

int boot_keep(const struct root *root, struct arena *a, const struct boot_facts *facts, struct strings *ret,
              const char **ret_what)
{
        int k = keep_one(root, a, &facts->off, ret_what, ret);

        for (size_t i = 0; k == 0 && i < facts->n_entries; i++)
                k = keep_one(root, a, &facts->entries[i], ret_what, ret);
        for (size_t i = 0; k == 0 && i < facts->n_files; i++)
                k = keep_one(root, a, &facts->files[i], ret_what, ret);
        return k;
}

struct taker {
        const struct loader *const *loaders;
        const struct root *root;
        struct arena *arena;
        const struct undo *undo;
        struct boot_back *back;
};

static void left(struct taker *t, const char *path, const char *why)
{
        strings_add(t->arena, &t->back->left, arena_join(t->arena, path, why, NULL));
}

static const struct boot_would *find_would(const struct taker *t, const char *path)
{
        for (size_t i = t->back->n_would; i-- > 0;)
                if (streq(t->back->would[i].path, path))
                        return &t->back->would[i];
        return NULL;
}

static void add_would(struct taker *t, const char *path, const char *content, char *text)
{
        struct boot_would *slot;

        if (!t->root->dry)
                return;
        slot = arena_grow(t->arena, &t->back->would, t->back->n_would, sizeof(*slot));
        *slot = (struct boot_would){path, content, text};
        t->back->n_would++;
}

/* What a file has in it, once the later applies are taken back; text NULL: nobody wants it, as of an image. */
static int read_now(struct taker *t, const char *path, const char **ret, char **text)
{
        const struct boot_would *would = find_would(t, path);
        size_t size;

        if (!would)
                return text ? content_read(t->root, t->arena, path, ret, text, &size)
                            : content_measure(t->root, t->arena, path, ret);
        *ret = would->content;
        if (text)
                *text = would->text;
        return 0;
}

static void would_put_back(struct taker *t, size_t i, const char *path)
{
        const struct undo_file *f = &t->undo->files[i];
        char *text = NULL;
        size_t size;

        if (t->root->dry && f->old && f->kind != UNDO_IMAGE)
                (void)!root_read_all(t->root, t->arena, journal_copy(t->arena, t->undo, i), SOURCE_MAX, &text, &size);
        add_would(t, path, f->old, text);
}

static int put_back(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        enum journal_kept kept = JOURNAL_KEPT;
        const char *path;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k == 0)
                k = f->old ? journal_put_back(t->root, t->arena, t->undo, i, path, &kept) : file_remove(t->root, path);
        if (k < 0)
                return k;
        if (kept == JOURNAL_KEPT) {
                strings_add(t->arena, &t->back->restored, f->path);
                if (f->kind == UNDO_IMAGE)
                        strings_add(t->arena, &t->back->images, f->path);
                would_put_back(t, i, path);
        } else if (f->kind != UNDO_IMAGE)
                return kept == JOURNAL_NOT_KEPT ? -ENOENT : -EBADMSG;
        else
                left(t, f->path,
                     kept == JOURNAL_NOT_KEPT ? ": the image before this apply is not kept any more"
                                              : ": the kept image has been changed since");
        return 0;
}

/* Less the tokens, where it is known how such a file is edited; else NULL. */
static const char *without(struct taker *t, const char *path, const char *text, struct strings tokens)
{
        const char *edited = NULL;

        if (strstr(path, "/loader/entries/"))
                return entry_edit(t->arena, entry_without_trial(t->arena, text), (struct strings){}, tokens);
        if (streq(path, BOOT_KERNEL_CMDLINE))
                return kernel_cmdline_without(t->arena, text, tokens);
        for (size_t i = 0; t->loaders[i] && !edited; i++)
                if (t->loaders[i]->without)
                        edited = t->loaders[i]->without(t->arena, path, text, tokens);
        return edited;
}

static int put_edited(struct taker *t, const char *path, const char *text, const char *new)
{
        int k;

        if (streq(new, text))
                return 0;
        k = file_resolve(t->root, t->arena, path, &path);
        if (k == 0)
                k = file_write(t->root, path, new, strlen(new), NULL);
        if (k == 0) {
                strings_add(t->arena, &t->back->edited, path);
                add_would(t, path, content_of(t->arena, new, strlen(new)), arena_strdup(t->arena, new));
        }
        return k;
}

static int edit(struct taker *t, const char *path, const char *text, struct strings tokens)
{
        const char *new = without(t, path, text, tokens);

        if (new)
                return put_edited(t, path, text, new);
        left(t, path, " has been changed since, and is left as it is");
        return 0;
}

/* The text that file i had, where it is an entry; else NULL. */
static const char *old_entry(const struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        char *text;
        size_t size;

        if (!f->old || f->kind != UNDO_WRITTEN || !strstr(f->path, "/loader/entries/") ||
            root_read_all(t->root, t->arena, journal_copy(t->arena, t->undo, i), SOURCE_MAX, &text, &size) < 0)
                return NULL;
        return text;
}

static bool is_new_image(const struct undo_file *f)
{
        return f->kind == UNDO_IMAGE && !f->old;
}

static bool loaded_before(const struct taker *t, size_t i, const char *image)
{
        const char *text = old_entry(t, i);

        return text && entry_loads_image(text, image);
}

/* The text of entry i as it is now, with the image that it loaded before in place of one of this apply's. */
static const char *with_old_image(struct taker *t, size_t i, const char *text)
{
        const struct undo_file *files = t->undo->files;

        for (size_t f = 0; f + 1 < t->undo->n_files; f++)
                if (is_new_image(&files[f]) && entry_loads_image(text, files[f].path) &&
                    loaded_before(t, i, files[f + 1].path))
                        return entry_with_image(t->arena, text, files[f].path, files[f + 1].path);
        return text;
}

/* What others have changed since. */
static int edit_back(struct taker *t, size_t i, const char *text)
{
        const struct undo_file *f = &t->undo->files[i];
        const char *new = without(t, f->path, with_old_image(t, i, text), f->added);

        if (new)
                return put_edited(t, f->path, text, new);
        left(t, f->path, " has been changed since, and is left as it is");
        return 0;
}

static bool gives_to_entries(const struct undo_file *f)
{
        return streq(f->path, BOOT_KERNEL_CMDLINE) || strstr(f->path, "/entries/");
}

/* Cut short, what the commands make is unknown; what ran for a new image may have written entries, too. */
static bool is_of_cut(const struct undo *u, const struct undo_file *f, const char *now)
{
        bool image = false;

        for (size_t i = 0; i < u->n_files; i++)
                image |= u->files[i].kind == UNDO_IMAGE;
        return !u->done && (f->kind == UNDO_GENERATED || (now && image && gives_to_entries(f)));
}

/* An entry that is still there loaded it. */
static bool is_wanted(struct taker *t, const char *image)
{
        for (size_t i = 0; i < t->undo->n_files; i++)
                if (loaded_before(t, i, image) && root_exists(t->root, t->undo->files[i].path))
                        return true;
        return false;
}

/* An image that entry i loaded, and that is not there any more, nor kept; or NULL. */
static const char *lost_image(struct taker *t, size_t i)
{
        const char *now;

        for (size_t f = 0; f < t->undo->n_files; f++) {
                const struct undo_file *image = &t->undo->files[f];

                if (image->kind == UNDO_IMAGE && image->old && loaded_before(t, i, image->path) &&
                    read_now(t, image->path, &now, NULL) == 0 && !now)
                        return image->path;
        }
        return NULL;
}

/* By any entry, as they are once this is taken back. What cannot be told is loaded. */
static bool is_loaded(struct taker *t, const char *image)
{
        struct boot_facts facts;

        boot_detect(t->loaders, t->root, t->arena, &facts);
        for (size_t i = 0; i < facts.n_entries; i++) {
                const struct boot_would *would = find_would(t, facts.entries[i].path);

                const char *text = would ? would->text : facts.entries[i].text;

                if (text && entry_loads_image(text, image))
                        return true;
        }
        return facts.unreadable;
}

/* One that was built anew by others, or went away with its kernel, stays as it is. */
static int take_back_image(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        const char *now;
        const char *path;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k < 0)
                return k;
        file_sweep(t->root, path);
        k = read_now(t, path, &now, NULL);
        if (k < 0 || streq_ptr(now, f->old) || (!now && !is_wanted(t, f->path)))
                return k;
        if (now && t->undo->done && !streq_ptr(now, f->new)) {
                strings_add(t->arena, &t->back->kept, f->path);
                return 0;
        }
        return put_back(t, i);
}

static int take_back(struct taker *t, size_t i)
{
        const struct undo_file *f = &t->undo->files[i];
        const char *now;
        const char *path;
        char *text;
        int k = file_resolve(t->root, t->arena, f->path, &path);

        if (k < 0)
                return k;
        file_sweep(t->root, path);
        k = read_now(t, path, &now, &text);
        if (k < 0 || f->kind == UNDO_SEEN)
                return k;
        if (!streq_ptr(now, f->old)) {
                const char *lost = now && text ? lost_image(t, i) : NULL;

                if (lost) {
                        left(t, f->path,
                             arena_join(t->arena, ": the older boot image, ", lost,
                                        ", is gone, so it loads the newer one on", NULL));
                        k = edit(t, f->path, text, f->added);
                } else if (streq_ptr(now, f->new) || is_of_cut(t->undo, f, now))
                        k = put_back(t, i);
                else if (f->kind == UNDO_GENERATED)
                        t->back->stale = true;
                else if (now && streq(str_basename(path), ENTRY_OFF))
                        k = put_back(t, i); /* it follows the kernels */
                else if (now && text)
                        k = edit_back(t, i, text);
                /* Else it went away, as entries do with their kernel. */
        }
        if (k == 0 && f->made_directory) {
                char *dir = arena_strndup(t->arena, path, (size_t)(str_basename(path) - path) - 1);

                k = file_remove_directory(t->root, dir);
        }
        return k;
}

/* An entry that was made since has its tokens from a file that we had added them to. */
static int take_from_entry(struct taker *t, const struct boot_facts *facts, const struct boot_file *entry)
{
        int k = 0;

        for (size_t i = 0; i < t->undo->n_files; i++)
                if (streq(t->undo->files[i].path, entry->path))
                        return 0;
        if (!entry_is_ours(facts, entry))
                return 0;
        for (size_t i = 0; k == 0 && i < t->undo->n_files; i++)
                if (gives_to_entries(&t->undo->files[i])) {
                        const char *now;
                        char *text;

                        k = read_now(t, entry->path, &now, &text);
                        if (k == 0 && now && text)
                                k = edit(t, entry->path, text, t->undo->files[i].added);
                }
        return k;
}

/* Such an entry was made of this boot's line, where this boot is the trial. */
static int take_trial(struct taker *t, const struct boot_facts *facts, const struct boot_file *entry)
{
        const char *now;
        char *text;
        int k = entry_is_ours(facts, entry) ? read_now(t, entry->path, &now, &text) : 0;

        if (k < 0 || !entry_is_ours(facts, entry) || !now || !text)
                return k;
        return put_edited(t, entry->path, text, entry_without_trial(t->arena, text));
}

const char *boot_still_has(const struct boot_facts *facts, struct arena *a, const struct undo *u)
{
        for (size_t e = 0; e < facts->n_entries; e++) {
                const struct boot_file *entry = &facts->entries[e];
                bool known = false;

                for (size_t i = 0; i < u->n_files; i++)
                        known |= streq(u->files[i].path, entry->path);
                for (size_t i = 0; entry_is_ours(facts, entry) && i < u->n_files; i++)
                        for (size_t t = 0;
                             (known ? streq(u->files[i].path, entry->path) : gives_to_entries(&u->files[i])) &&
                             t < u->files[i].added.n;
                             t++)
                                if (entry_has(facts, entry, u->files[i].added.v[t]))
                                        return arena_join(a, entry->path, " still has ", u->files[i].added.v[t], NULL);
        }
        return NULL;
}

/* A directory that entries were in, and that is not there, as where an ESP is not mounted; or NULL. */
static const char *lost_directory(const struct taker *t)
{
        for (size_t i = 0; i < t->undo->n_files; i++) {
                const struct undo_file *f = &t->undo->files[i];
                const char *directory = arena_strndup(t->arena, f->path, (size_t)(str_basename(f->path) - f->path));

                if (f->old && f->kind == UNDO_WRITTEN && strstr(f->path, "/loader/entries/") &&
                    !root_exists(t->root, directory))
                        return directory;
        }
        return NULL;
}

int boot_take_back(const struct loader *const *loaders, const struct root *root, struct arena *a, const struct undo *u,
                   const struct boot_facts *facts, struct boot_back *ret, const char **ret_what)
{
        struct taker t = {loaders, root, a, u, ret};
        int k = 0;

        *ret_what = lost_directory(&t);
        if (*ret_what)
                return -ENOENT;
        /* An image that entries loaded is there before they are, and a new one goes behind them. */
        for (size_t i = u->n_files; k == 0 && i-- > 0;) {
                *ret_what = u->files[i].path;
                if (!is_new_image(&u->files[i]))
                        k = u->files[i].kind == UNDO_IMAGE ? take_back_image(&t, i) : take_back(&t, i);
        }
        for (size_t i = 0; facts && k == 0 && i < facts->n_entries; i++) {
                *ret_what = facts->entries[i].path;
                k = take_from_entry(&t, facts, &facts->entries[i]);
                if (k == 0)
                        k = take_trial(&t, facts, &facts->entries[i]);
        }
        for (size_t i = 0; k == 0 && i < u->n_files; i++) {
                *ret_what = u->files[i].path;
                if (is_new_image(&u->files[i]) && !is_loaded(&t, u->files[i].path))
                        k = take_back_image(&t, i);
        }
        return k;
}
