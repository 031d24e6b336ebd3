/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people see of rules that are to be written, and what they are asked. */
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "ctl/edit.h"
#include "ctl/situation.h"

#define INDENT 2

static void put(const struct screen *s, const char *text)
{
        screen_skip(s, INDENT);
        screen_wrap(s, INDENT, 2 * INDENT, text);
}

/* The file, as it would be. */
static void put_text(const struct screen *s, const struct draft *d)
{
        put(s, arena_join(s->arena, "Would write ", d->path, ":", NULL));
        for (const char *line = d->text; *line;) {
                size_t n = strcspn(line, "\n");

                screen_skip(s, 2 * INDENT);
                fprintf(s->f, "%.*s\n", (int)n, line);
                line += n + (line[n] == '\n');
        }
}

static void put_draft(const struct screen *s, const struct edit *e, const struct draft *d)
{
        const struct listing list = {.one_domain = e->one_domain};

        if (e->import)
                put(s, d->path);
        draft_rows_put(s, &d->rows);
        for (size_t i = 0; !d->why && i < d->notes.n; i++)
                put(s, listing_text(&list, s->arena, d->notes.v[i]));
        if (e->c->dry_run && !d->why)
                put_text(s, d);
}

void edit_show(const struct edit *e)
{
        const struct screen s = screen_of(stdout, &e->c->arena);

        for (size_t i = 0; i < e->n && e->show; i++)
                put_draft(&s, e, &e->drafts[i]);
        if (e->asks)
                put(&s,
                    arena_join(s.arena, "This takes a yes, which is asked for: it gives away ", e->asks, ".", NULL));
}

/* What an invalid rule has against itself begins with the place in its file. */
static const char *behind_place(const struct draft *d)
{
        const char *reason = d->reason ? d->reason : d->why, *at = reason + strlen(d->path);

        if (!startswith(reason, d->path) || *at != ':')
                return reason;
        at += 1 + strspn(at + 1, "0123456789");
        return startswith(at, ": ") ? at + 2 : reason;
}

void edit_say_refused(const struct edit *e, const struct draft *d)
{
        const struct screen s = screen_of(stderr, &e->c->arena);
        const char *sentence = arena_join(s.arena, e->import ? d->path : "Not", e->import ? " is not" : "",
                                          " written: ", behind_place(d), NULL);

        fflush(stdout);
        put(&s, endswith(sentence, "?") ? sentence : arena_join(s.arena, sentence, ".", NULL));
}

static size_t count(const struct edit *e, const char **ret_path)
{
        size_t n = 0;

        for (size_t i = 0; i < e->n; i++)
                if (!e->drafts[i].why) {
                        *ret_path = e->drafts[i].path;
                        n++;
                }
        return n;
}

bool edit_can_ask(const struct edit *e)
{
        return e->show && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

bool edit_yes(void)
{
        char answer[16];

        fputs("? [y/N] ", stdout);
        fflush(stdout);
        return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* "  Write FILE with IOMMUGroup=complete", and room for what stands behind a question. */
static void ask_for(const struct edit *e, const char *path)
{
        const struct screen s = screen_of(stdout, &e->c->arena);
        const char *with = e->with ? arena_join(s.arena, "with ", e->with, NULL) : "";
        size_t columns = INDENT + strlen("Write  ? [y/N] ") + strlen(path) + strlen(with);

        printf("%*sWrite %s", INDENT, "", path);
        if (*with && columns > s.width)
                printf("\n%*s%s", 2 * INDENT, "", with);
        else
                printf("%s%s", *with ? " " : "", with);
}

bool edit_agreed(const struct edit *e)
{
        const char *path = NULL;
        size_t n = count(e, &path);

        if (e->c->yes || !edit_can_ask(e))
                return true;
        if (n == 1)
                ask_for(e, path);
        else
                printf("%*sWrite these %zu rules", INDENT, "", n);
        if (edit_yes())
                return true;
        printf("%*sNothing is written.\n", INDENT, "");
        return false;
}

void edit_say_written(const struct edit *e)
{
        const struct screen s = screen_of(stdout, &e->c->arena);

        for (size_t i = 0; i < e->n && e->show; i++)
                if (!e->drafts[i].why)
                        put(&s, arena_join(s.arena, "Wrote ", e->drafts[i].path, e->with ? " with " : "",
                                           e->with ? e->with : "", ".", NULL));
}

void edit_next_read(struct edit *e)
{
        if (!e->situated)
                situation_read(e->c, &e->now);
        e->situated = true;
}

void edit_next(struct edit *e, bool written, const char *command)
{
        struct ctl *c = e->c;
        const struct screen s = screen_of(stdout, &c->arena);
        const char *path = NULL;
        struct next_step next = {command, e->asks ? "asks, and writes it" : "writes it"};

        if (!e->show)
                return;
        if (count(e, &path) == 0 && e->import) {
                next = (struct next_step){"passthroughctl list", "shows which devices are free"};
        } else if (!written && !(c->dry_run && count(e, &path) > 0))
                return;
        if (written) {
                edit_next_read(e);
                /* What another recipe has handed over is not what a rule does that is in no image yet. */
                if (e->now.way == WAY_DONE)
                        e->now.way = WAY_UNKNOWN;
                next = next_step(&e->now, NEXT_ON_ADD, &c->arena);
        } else
                next.command = arena_join(&c->arena, c->root.live ? "sudo " : "", next.command, NULL);
        next_put(&s, &next);
}
