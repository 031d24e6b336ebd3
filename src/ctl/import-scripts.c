/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scripts and module lists hand over that people put into boot images: by driver_override, new_id and ids=. */
#include "base/str.h"
#include "cmdline/cmdline.h"
#include "ctl/import.h"
#include "facts/boot-scripts.h"
#include "facts/shell-binds.h"

#define RUNNING "; --from=running takes what vfio-pci has now"

static void read_bind(struct import *m, const char *prefix, const struct boot_script *s, const struct shell_bind *b)
{
        struct ctl *c = m->edit.c;
        const char *from = arena_printf(&c->arena, "\"%s\" in %s:%u", b->text, s->file, b->line);
        size_t device;

        if (b->sense == SHELL_UNNAMED)
                import_note(m, "%s is left alone: the device is not named in it" RUNNING, from);
        else if (b->sense == SHELL_CONDITION)
                import_note(m, "%s of %s is left alone: it depends on a condition" RUNNING,
                            b->address ? b->address : b->ids, from);
        else if (b->ids)
                import_add_ids(m, b->ids, prefix, arena_join(&c->arena, b->ids, " of ", from, NULL));
        else if (!facts_find_written(&c->facts, b->address, &device) || device == NO_DEVICE)
                import_note(m, "%s of %s is left alone: there is no such device here", b->address, from);
        else
                import_device(m, from, prefix, device, NULL);
}

/* "vfio-pci ids=10de:1b80": a module and its options. */
static void read_module(struct import *m, const char *prefix, const struct conf_line *line)
{
        struct arena *a = &m->edit.c->arena;
        const char *from, **words;
        struct strings ids;
        struct token *tokens;
        const struct token *t;
        bool unclosed;
        size_t n;

        if (!line->text)
                return import_note(m, "%s cannot be read, and is left alone", line->file);
        from = arena_printf(a, "\"%s\" in %s:%u", str_printable(a, line->text), line->file, line->number);
        str_words(a, line->text, &words, &n);
        if (n >= 2 && streq(words[0], "options") && shell_is_vfio_pci(words[1]))
                import_note(m, "%s is left alone: it does nothing there, for the file has names of modules", from);
        if (n == 0 || !shell_is_vfio_pci(words[0]))
                return;
        cmdline_split(a, line->text, &tokens, &n, &unclosed);
        t = cmdline_last(tokens, n, "ids");
        ids = import_split_ids(a, t && t->value ? t->value : "");
        for (size_t i = 0; i < ids.n; i++)
                import_add_ids(m, ids.v[i], prefix, arena_join(a, ids.v[i], " of ", from, NULL));
}

static void read_modules(struct import *m, const char *prefix, const struct ids_settings *s)
{
        struct conf_lines lines = {};

        for (size_t i = 0; s->files[i]; i++)
                conf_lines_of(&m->edit.c->root, &m->edit.c->arena, s->files[i], &lines);
        for (size_t i = 0; i < lines.n; i++)
                read_module(m, prefix, &lines.v[i]);
}

int import_scripts(struct import *m, const struct maker *maker)
{
        struct boot_scripts scripts;

        boot_scripts_read(&m->edit.c->root, &m->edit.c->arena, maker->settings, &scripts);
        for (size_t i = 0; i < scripts.n; i++) {
                if (scripts.v[i].left)
                        import_note(m, "%s %s, and is left alone", scripts.v[i].file, scripts.v[i].left);
                for (size_t k = 0; k < scripts.v[i].n; k++)
                        read_bind(m, maker->name, &scripts.v[i], &scripts.v[i].binds[k]);
        }
        for (const struct ids_settings *s = maker->settings; s && s->files; s++)
                if (s->form == IDS_MODULES)
                        read_modules(m, maker->name, s);
        return 0;
}
