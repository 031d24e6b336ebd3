/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help, --help, and what the bare command shows. All but the state of this host is from the table of commands. */
#include "ctl/help.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "loader/loader.h"
#include "maker/makers.h"

#define COLUMNS 78

/* Words from column on, broken at blanks; the first line is at column already. */
static void print_wrapped(const char *text, int column)
{
        int at = column;

        while (*text) {
                int n = (int)strcspn(text, " ");

                if (at > column && at + 1 + n > COLUMNS) {
                        printf("\n%*s", column, "");
                        at = column;
                }
                at += printf("%s%.*s", at > column ? " " : "", n, text);
                text += n;
                text += strspn(text, " ");
        }
        putchar('\n');
}

static void print_row(const char *name, int width, const char *text)
{
        int n = printf("  %-*s  ", width, name);

        if (n > width + 4)
                printf("\n%*s", width + 4, "");
        print_wrapped(text, width + 4);
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
        puts("passthroughctl [OPTIONS] COMMAND\n\n"
             "Hands devices of this host to virtual machines, by rules in /etc/passthrough.d.\n");
        for (size_t i = 0; i < t->n; i++)
                print_row(t->commands[i].name, 8, t->commands[i].text);
        fputs("\nOptions of each command: passthroughctl help COMMAND. All have:\n" COMMON_HELP
              "\nExit status: 0 all is well; 1 something is refused, missing or not ready;\n"
              "2 usage or config error.\n"
              "Manual: man 8 passthroughctl; to begin with: man 7 passthrough\n",
              stdout);
}

static void print_options(const struct command_table *t, const struct command *command, struct arena *a)
{
        for (enum option_id i = 0; i < OPT_MAX_; i++) {
                const struct own_option *o = &t->options[i];
                const char *text = o->text;
                bool is;

                if (!(command->options >> i & 1) || !text)
                        continue;
                if (i == OPT_FORMAT)
                        text = arena_join(a, text, command_formats(command, a, NULL, &is), NULL);
                print_row(arena_join(a, "--", o->name, o->value ? "=" : "", o->value ? o->value : "", NULL), 18, text);
        }
        print_row("--root=DIR", 18, "read and write a captured machine below DIR, never this one");
        print_row("--help", 18, "show this");
}

void help_one(const struct command_table *t, const struct command *command)
{
        struct arena a = {};

        print_lines(command->usage, "usage: passthroughctl [OPTIONS] ", "       passthroughctl [OPTIONS] ");
        putchar('\n');
        print_wrapped(command->text, 0);
        puts("\nOptions:");
        print_options(t, command, &a);
        puts("\nExample:");
        print_lines(command->example, "  ", "  ");
        puts("\nExit status:");
        print_row("0", 1, command->ok);
        if (command->bad)
                print_row("1", 1, command->bad);
        else
                print_row("1", 1, "it failed");
        print_row("2", 1, "usage or config error");
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

static void print_iommu(struct ctl *c)
{
        const char **groups;
        size_t n;
        enum source s = root_look_in(&c->root, &c->arena, "/sys/kernel/iommu_groups", &groups, &n);

        if (s == SOURCE_UNREADABLE)
                fputs("IOMMU unknown", stdout);
        else if (n > 0)
                printf("IOMMU on (%zu group%s)", n, n == 1 ? "" : "s");
        else
                fputs("IOMMU off", stdout);
}

static void print_rules(struct ctl *c)
{
        size_t invalid = 0;

        if (config_load(&c->root, &c->arena, bus_syntaxes, &c->diags, &c->config) < 0) {
                puts("The rules cannot be read.");
                return;
        }
        for (size_t i = 0; i < c->config.n_rules; i++)
                invalid += c->config.rules[i].invalid;
        if (c->config.n_rules == 0)
                fputs("No rules yet.", stdout);
        else
                printf("%zu rule%s.", c->config.n_rules, c->config.n_rules == 1 ? "" : "s");
        if (invalid > 0)
                printf(" %zu with an error: passthroughctl plan", invalid);
        else if (c->diags.n_errors > 0)
                fputs(" The config has an error: passthroughctl plan", stdout);
        putchar('\n');
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
        struct makers makers;
        struct boot_facts boot;

        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        boot_detect(c->loaders, &c->root, &c->arena, &boot);
        puts("Hands devices of this host to virtual machines, from early boot.");
        fputs("This host: ", stdout);
        print_iommu(c);
        printf(", %s%s, %s%s.\n", makers.program ? "" : "no ", makers.maker->name, boot.loader ? "boots from " : "",
               boot.loader ? boot.loader->name : "boot loader unknown");
        print_rules(c);
        putchar('\n');
        for (size_t i = 0; i < ARRAY_SIZE(first); i++)
                print_row(first[i].name, 7, first[i].text);
        puts("\nAll commands: passthroughctl help       One: passthroughctl help COMMAND\n"
             "Manual: man 7 passthrough");
        return EXIT_SUCCESS;
}
