/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/boot-scripts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "facts/shell-state.h"

static const char too_long[] = "is too long to be understood";

/* Names that are run (set_initlist() of initramfs-tools' hook-functions). */
static bool is_run(const char *name)
{
        return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

/* initramfs-tools runs no other. What cannot be asked may be one. */
static bool is_executable(const struct root *root, const char *file)
{
        _cleanup_(close_fd) int fd = root_open_at(root, file, O_PATH);
        struct stat st;

        return fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & 0111);
}

/*
 * A script may hold what unlocks a disk: a capture gets the text of those alone that are about our drivers, and the
 * names of the others, and of those that are never run.
 */
static enum source look(const struct root *root, struct arena *a, const char *file, char **ret)
{
        struct root silent = *root;
        size_t size;
        enum source source = SOURCE_ABSENT;
        bool run;

        silent.tap = NULL;
        run = is_executable(&silent, file);
        if (run)
                source = root_look(&silent, a, file, ret, &size);
        if (run && (source != SOURCE_READ || strstr(*ret, "vfio") || strstr(*ret, "pci-stub")))
                return root_look(root, a, file, ret, &size);
        root_made(root, file, NULL);
        *ret = NULL;
        return source;
}

struct text {
        const struct ids_settings *settings;
        const char *dir, *file;
        char *text; /* NULL: it is left */
        const char *left;
};

struct texts {
        struct text *v;
        size_t n;
};

static void add_text(struct arena *a, struct texts *list, const struct text *text)
{
        struct text *slot = arena_grow(a, &list->v, list->n, sizeof(*slot));

        *slot = *text;
        list->n++;
}

/* Those about the drivers, and those that may be. */
static struct texts find_texts(const struct root *root, struct arena *a, const struct ids_settings *s)
{
        struct texts list = {};

        for (size_t d = 0; s->form == IDS_SCRIPTS && s->dirs[d]; d++) {
                struct text one = {.settings = s, .dir = s->dirs[d], .file = s->dirs[d], .left = "cannot be read"};
                const char **names;
                size_t n;

                if (root_look_in(root, a, one.dir, &names, &n) == SOURCE_UNREADABLE)
                        add_text(a, &list, &one);
                for (size_t i = 0; i < n; i++) {
                        enum source source;

                        one.file = arena_join(a, one.dir, "/", names[i], NULL);
                        one.text = NULL;
                        source = is_run(names[i]) ? look(root, a, one.file, &one.text) : SOURCE_ABSENT;
                        one.left = source == SOURCE_READ ? too_long : "cannot be read";
                        if (source == SOURCE_UNREADABLE)
                                one.text = NULL;
                        if (one.text && strlen(one.text) > SHELL_SCRIPT_MAX) {
                                one.text = NULL;
                                source = SOURCE_UNREADABLE;
                        }
                        if (source == SOURCE_UNREADABLE || one.text)
                                add_text(a, &list, &one);
                }
        }
        return list;
}

/* PREREQ="udev", PREREQS="..." */
static bool has_prerequisite(struct arena *a, const char *text)
{
        struct shell_words words;

        shell_words_read(a, text, &words);
        for (size_t i = 0; i < words.n; i++) {
                const char *w = words.v[i].text, *value = strchr(w, '=');

                if (startswith(w, "PREREQ") && value && value[1 + strspn(value + 1, " \t\n")])
                        return true;
        }
        return false;
}

/*
 * Scripts without prerequisites come first, by their names; then those that have some (tsort(1) over what each answers
 * to "prereqs").
 */
static enum script_turn turn_of(struct arena *a, const struct text *t)
{
        const struct ids_settings *s = t->settings;

        if (!s->early)
                return SCRIPT_BUILD;
        return !streq(t->dir, s->early) || strcmp(str_basename(t->file), s->coldplug) > 0 ||
                               (t->text && has_prerequisite(a, t->text))
                       ? SCRIPT_LATE
                       : SCRIPT_EARLY;
}

void boot_scripts_read(const struct root *root, struct arena *a, const struct ids_settings *settings,
                       struct boot_scripts *ret)
{
        *ret = (struct boot_scripts){};
        for (; settings && settings->files; settings++) {
                struct texts texts = find_texts(root, a, settings);

                for (size_t i = 0; i < texts.n; i++) {
                        const struct text *t = &texts.v[i];
                        struct boot_script script = {.file = str_printable(a, t->file),
                                                     .turn = turn_of(a, t),
                                                     .left = t->text ? NULL : t->left};
                        struct boot_script *slot;

                        if (t->text && !shell_binds_read(a, t->text, &script.binds, &script.n))
                                script.left = too_long;
                        if (!script.left && script.n == 0)
                                continue;
                        slot = arena_grow(a, &ret->v, ret->n, sizeof(*slot));
                        *slot = script;
                        ret->n++;
                }
        }
}

static void add_line(struct arena *a, struct conf_lines *lines, const struct conf_line *line)
{
        struct conf_line *slot = arena_grow(a, &lines->v, lines->n, sizeof(*slot));

        *slot = *line;
        lines->n++;
}

void boot_scripts_lines(const struct root *root, struct arena *a, const struct ids_settings *settings,
                        struct conf_lines *lines)
{
        struct texts texts = find_texts(root, a, settings);

        for (size_t i = 0; i < texts.n; i++) {
                char *rest = texts.v[i].text, *line;

                if (!rest)
                        add_line(a, lines, &(struct conf_line){texts.v[i].file, NULL, 0});
                for (unsigned number = 1; (line = strsep(&rest, "\n")); number++) {
                        line = str_trim(line);
                        if (*line && *line != '#')
                                add_line(a, lines, &(struct conf_line){texts.v[i].file, line, number});
                }
        }
}
