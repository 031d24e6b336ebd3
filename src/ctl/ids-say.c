/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/ids-say.h"

#include <stdlib.h>

#include "base/str.h"
#include "loader/entry.h"
#include "maker/maker.h"
#include "plan/ids-effect.h"
#include "report/screen.h"

static void look_at_files(struct ctl *c, struct ids *ret)
{
        ids_read(&c->root, &c->arena, ret);
        for (size_t i = 0; c->makers[i]; i++)
                for (const struct ids_settings *s = c->makers[i]->settings; s && s->files; s++)
                        ids_add_settings(&c->root, &c->arena, s, ret);
}

void ids_look(struct ctl *c, struct ids *ret)
{
        char *line;
        size_t size;

        look_at_files(c, ret);
        root_look(&c->root, &c->arena, IDS_CMDLINE, &line, &size);
        ids_add_cmdline(&c->arena, IDS_CMDLINE, line, ret);
        ids_read_kernels(&c->root, &c->arena, ret);
}

#define NOTE "note: "

static void note(struct ctl *c, const struct ids_effect *e, FILE *f)
{
        const char *text = ids_text(e, &c->arena);

        const struct screen s = screen_of(f, &c->arena);

        if (text)
                screen_wrap(&s, 0, strlen(NOTE), arena_join(&c->arena, NOTE, text, NULL));
        if (!text || !ids_take(e))
                return;
        screen_skip(&s, strlen(NOTE));
        screen_wrap(&s, strlen(NOTE), strlen(NOTE),
                    arena_join(&c->arena, "apply refuses before it is gone: ", e->fix, NULL));
}

void ids_note(struct ctl *c, const struct ids *ids, FILE *f)
{
        struct ids_effect *effects;
        size_t n = ids_effects(&c->plan, ids, &c->arena, &effects);

        for (size_t i = 0; i < n; i++)
                note(c, &effects[i], f);
}

/* ---- the next boot's command line -------------------------------------------------------------------------------- */

/* A quote may be about the whole of a value, or about one token's: vfio-pci.ids=\"8086:10d3\". */
static void add_words(struct arena *a, const char *line, bool blank, struct strings *words)
{
        char *copy = arena_strdup(a, line), *out = copy;

        for (const char *c = line; *c; c++)
                if (!strchr("\"'\\", *c))
                        *out++ = *c;
                else if (blank)
                        *out++ = ' ';
        *out = '\0';
        strings_add(a, words, copy);
        strings_add(a, words, "\n");
}

/* Words of a boot loader's file: without comments, quotes, and the names of GRUB's variables. */
static const char *words_of(struct arena *a, const char *text)
{
        char *copy = arena_strdup(a, text), *line;
        struct strings words = {};

        while ((line = strsep(&copy, "\n"))) {
                char *equals = strchr(line, '=');

                line = str_trim(line);
                if (*line == '#')
                        continue;
                if (equals &&
                    (startswith(line, "GRUB_") || startswith(line, "export GRUB_") || startswith(line, "kernelopts=")))
                        *equals = ' ';
                add_words(a, line, true, &words);
                if (strpbrk(line, "\"'"))
                        add_words(a, line, false, &words);
        }
        return strings_text(a, &words);
}

/* As the file will be. True: it is there. */
static bool add_file(struct transaction *x, const struct boot_file *file, struct ids *ids)
{
        struct arena *a = &x->c->arena;
        const struct change *change = changes_find(&x->plan.changes, file->path);
        const char *text = change ? change->new : file->text;

        if (text)
                ids_add_cmdline(a, file->path, words_of(a, text), ids);
        return text;
}

/* What is known of no file is as in this boot. */
static void add_next_boot(struct transaction *x, struct ids *ids)
{
        const struct boot_facts *boot = &x->facts;
        struct arena *a = &x->c->arena;
        bool known = false;

        for (size_t i = 0; i < x->plan.tokens.n; i++)
                ids_add_cmdline(a, "CommandLine= of passthrough.conf", x->plan.tokens.v[i], ids);
        for (size_t i = 0; i < boot->n_files; i++)
                known |= add_file(x, &boot->files[i], ids);
        for (size_t i = 0; i < boot->n_entries; i++)
                if (entry_is_ours(boot, &boot->entries[i]))
                        known |= add_file(x, &boot->entries[i], ids);
        /* Else it is made anew, of the files above. */
        if (boot->menu.path && !x->plan.changes.command)
                known |= add_file(x, &boot->menu, ids);
        if (!known && boot->cmdline)
                ids_add_cmdline(a, IDS_CMDLINE, boot->cmdline, ids);
}

/* What to do about a line that takes a device. Boot images may carry files of modprobe.d and others. */
static const char *way_out(struct transaction *x, const struct ids_effect *e)
{
        struct arena *a = &x->c->arena;
        if (e->line->cmdline)
                return e->fix;
        return arena_join(a, e->fix, ", then ", x->images.makers.maker->command(a, NULL, NULL), ids_instead(e), NULL);
}

static int refuse(struct transaction *x, const struct ids_effect *effects, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *text = ids_text(&effects[i], &x->c->arena);

                if (!ids_take(&effects[i])) {
                        note(x->c, &effects[i], stdout);
                        continue;
                }
                fprintf(stderr, "passthroughctl: %s\npassthroughctl: %s\n", text, way_out(x, &effects[i]));
                x->plan.problem = x->plan.problem ? x->plan.problem : text;
        }
        if (x->plan.problem)
                fprintf(stderr,
                        "passthroughctl: nothing is written until that is done; then run passthroughctl apply again\n");
        return x->plan.problem ? EXIT_FAILURE : 0;
}

int ids_refuse(struct transaction *x)
{
        static const struct facts_request all;
        struct ctl *c = x->c;
        struct ids_effect *effects;
        struct ids ids;
        size_t n;
        int k;

        /* Without rules nothing of ours is loaded, and what ids= take is the host's own affair. */
        if (c->config.n_rules == 0)
                return 0;
        look_at_files(c, &ids);
        add_next_boot(x, &ids);
        if (ids.n_lines == 0)
                return 0;
        ids_read_kernels(&c->root, &c->arena, &ids);
        /* What this boot leaves out the next one need not. */
        c->facts.switches_known = true;
        k = ctl_make_plan(c, &all, true);
        if (k != 0)
                return k;
        n = ids_effects(&c->plan, &ids, &c->arena, &effects);
        return refuse(x, effects, n);
}
