/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help, --help, and what the bare command shows. All but the state of this host is from the table of commands. */
#include "ctl/help.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/situation.h"
#include "loader/loader.h"
#include "maker/makers.h"
#include "report/screen.h"

#define MARGIN 2
#define GAP    2
#define WIDEST 80 /* prose that is wider reads badly, also in a pager */

static struct screen help_screen(struct arena *a)
{
        struct screen s = screen_of(stdout, a);

        s.width = MIN(s.width, (size_t)WIDEST);
        return s;
}

static void put_text(const struct screen *s, const char *text)
{
        screen_wrap(s, 0, 0, text);
}

/* "NAME  TEXT"; a name that is wider has a line of its own. */
static void put_row(const struct screen *s, size_t margin, const char *name, size_t width, const char *text)
{
        size_t n = screen_columns(name), indent = margin + width + GAP;

        screen_skip(s, margin);
        fputs(name, s->f);
        if (n > width)
                fputc('\n', s->f);
        screen_skip(s, n > width ? indent : width - n + GAP);
        screen_wrap(s, indent, indent, text);
}

/* Each line with something in front of it. */
static void print_lines(const char *lines, const char *first, const char *more)
{
        for (const char *prefix = first; *lines; prefix = more) {
                int n = (int)strcspn(lines, "\n");

                printf("%s%.*s\n", prefix, n, lines);
                lines += n + (lines[n] == '\n');
        }
}

void help_all(const struct command_table *t)
{
        struct arena a = {};
        struct screen s = help_screen(&a);

        puts("passthroughctl [OPTIONS] COMMAND\n");
        put_text(&s, "Hands devices of this host to virtual machines, by rules in /etc/passthrough.d.");
        putchar('\n');
        for (size_t i = 0; i < t->n; i++)
                put_row(&s, MARGIN, t->commands[i].name, 9, t->commands[i].text);
        puts("\nOptions of each command: passthroughctl help COMMAND. All have:");
        fputs(COMMON_HELP, stdout);
        putchar('\n');
        put_text(&s,
                 "Exit status: 0 all is well; 1 something is refused, missing or not ready; 2 usage or config error.");
        puts("Manual: man 8 passthroughctl; to begin with: man 7 passthrough");
        arena_free(&a);
}

static void put_options(const struct screen *s, const struct command_table *t, const struct command *command)
{
        for (enum option_id i = 0; i < OPT_MAX_; i++) {
                const struct own_option *o = &t->options[i];
                const char *text = o->text;
                bool is;

                if (!(command->options >> i & 1) || !text)
                        continue;
                if (i == OPT_FORMAT || i == OPT_FOR)
                        text = arena_join(s->arena, text, command_choices(command, i, s->arena, NULL, &is), NULL);
                put_row(s, MARGIN,
                        arena_join(s->arena, "--", o->name, o->value ? "=" : "", o->value ? o->value : "", NULL), 18,
                        text);
        }
        put_row(s, MARGIN, "--root=DIR", 18, "read and write a captured machine below DIR, never this one");
        put_row(s, MARGIN, "--help", 18, "show this");
}

void help_one(const struct command_table *t, const struct command *command)
{
        struct arena a = {};
        struct screen s = help_screen(&a);

        print_lines(command->usage, "usage: passthroughctl [OPTIONS] ", "       passthroughctl [OPTIONS] ");
        putchar('\n');
        put_text(&s, command->text);
        puts("\nOptions:");
        put_options(&s, t, command);
        puts("\nExample:");
        print_lines(command->example, "  ", "  ");
        puts("\nExit status:");
        put_row(&s, MARGIN, "0", 1, command->ok);
        put_row(&s, MARGIN, "1", 1, command->bad ? command->bad : "it failed");
        put_row(&s, MARGIN, "2", 1, "usage or config error");
        arena_free(&a);
}

int ctl_help(struct ctl *c)
{
        const struct command *command = c->argc > 1 ? command_find(c->commands, c->argv[1]) : NULL;

        if (c->argc > 1 && !command)
                return command_unknown(c->commands, c->argv[1]);
        if (command)
                help_one(c->commands, command);
        else
                help_all(c->commands);
        return EXIT_SUCCESS;
}

/* ---- the bare command ----------------------------------------------------------------------------------------------
 */

static const char *iommu_text(struct ctl *c)
{
        const char **groups;
        size_t n;
        enum source s = root_look_in(&c->root, &c->arena, "/sys/kernel/iommu_groups", &groups, &n);

        if (s == SOURCE_UNREADABLE)
                return "IOMMU unknown";
        return n > 0 ? arena_printf(&c->arena, "IOMMU on (%zu group%s)", n, n == 1 ? "" : "s") : "IOMMU off";
}

static const char *rules_text(const struct situation *now, struct arena *a)
{
        if (now->n_rules == 0)
                return now->errors ? "No rules yet; the config has an error." : "No rules yet.";
        return arena_printf(a, "%zu rule%s%s.", now->n_rules, now->n_rules == 1 ? "" : "s",
                            now->errors ? "; the config has an error" : "");
}

static void put_margined(const struct screen *s, const char *text)
{
        screen_skip(s, MARGIN);
        screen_wrap(s, MARGIN, MARGIN, text);
}

/* "This host: IOMMU on (18 groups), dracut, GRUB. No rules yet." */
static void put_state(struct ctl *c, const struct screen *s, const struct situation *now)
{
        struct makers makers;
        struct boot_facts boot;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        boot_detect(c->loaders, &c->root, &c->arena, &boot);
        put_margined(s,
                     arena_join(&c->arena, "This host: ", iommu_text(c), ", ", makers.program ? "" : "no ",
                                makers.maker->name, boot.loader ? ", boots from " : ", boot loader ",
                                boot.loader ? boot.loader->name : "unknown", ". ", rules_text(now, &c->arena), NULL));
}

int help_state(struct ctl *c)
{
        static const struct {
                const char *name, *text;
        } first[] = {
                {"list", "what could be handed over, and what the host needs itself"},
                {"add", "write a rule for a device"},
                {"apply", "put the rules into effect with the next boot, as a trial"},
                {"status", "what this boot did, and what is next"},
                {"undo", "take the last apply back"},
        };
        struct screen s = help_screen(&c->arena);
        struct situation now;
        struct next_step step;

        situation_read(c, &now);
        put_margined(&s, "Hands devices of this host to virtual machines, from early boot.");
        put_state(c, &s, &now);
        putchar('\n');
        for (size_t i = 0; i < ARRAY_SIZE(first); i++)
                put_row(&s, 2 * MARGIN, first[i].name, 7, first[i].text);
        putchar('\n');
        put_margined(&s, "All commands: passthroughctl help       One: passthroughctl help COMMAND");
        put_margined(&s, "Manual: man 7 passthrough");
        step = next_step(&now, NEXT_ON_BARE, &c->arena);
        next_put(&s, &step);
        return EXIT_SUCCESS;
}
