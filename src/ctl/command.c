/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/command.h"

#include "base/str.h"
#include "check/consumers.h"
#include "export/export.h"

const struct command *command_find(const struct command_table *t, const char *name)
{
        for (size_t i = 0; i < t->n; i++)
                if (streq(name, t->commands[i].name))
                        return &t->commands[i];
        return NULL;
}

int command_unknown(const struct command_table *t, const char *name)
{
        struct arena a = {};
        const char **names = arena_alloc(&a, t->n * sizeof(*names)), *nearest;

        for (size_t i = 0; i < t->n; i++)
                names[i] = t->commands[i].name;
        nearest = str_nearest(name, names, t->n);
        arena_free(&a);
        if (nearest)
                return ctl_usage("unknown command \"%s\", did you mean \"%s\"?", name, nearest);
        return ctl_misused("", "unknown command \"%s\"", name);
}

const char *command_owners(const struct command_table *t, struct arena *a, enum option_id option)
{
        const char *text = "", *last = NULL;

        for (size_t i = 0; i < t->n; i++) {
                if (!(t->commands[i].options >> option & 1))
                        continue;
                if (last)
                        text = arena_join(a, text, *text ? ", " : "", last, NULL);
                last = t->commands[i].name;
        }
        return arena_join(a, text, *text ? " and " : "", last, NULL);
}

/* The i-th value that an option may have, or NULL. */
static const char *choice_at(const struct command *command, enum option_id option, size_t i)
{
        if (option == OPT_FOR)
                return check_consumers[i] ? check_consumers[i]->name : NULL;
        if (command->formats)
                return command->formats[i];
        return exporter_table[i] ? exporter_table[i]->name : NULL;
}

const char *command_choices(const struct command *command, enum option_id option, struct arena *a, const char *value,
                            bool *ret_is)
{
        const char *known = "", *name;

        *ret_is = false;
        for (size_t i = 0; (name = choice_at(command, option, i)); i++) {
                *ret_is |= value && streq(name, value);
                known = arena_join(a, known,
                                   i == 0                              ? ""
                                   : choice_at(command, option, i + 1) ? ", "
                                                                       : " or ",
                                   name, NULL);
        }
        return known;
}

static int check_choice(const struct command *command, struct ctl *c, enum option_id option, const char *value)
{
        bool is;
        const char *known = command_choices(command, option, &c->arena, value, &is);

        return is ? 0
                  : ctl_misused(command->name, "--%s of %s is %s, not \"%s\"", c->commands->options[option].name,
                                command->name, known, value);
}

static int check_values(const struct command *command, struct ctl *c)
{
        if (c->boot && !ctl_boot_valid(c->boot))
                return ctl_usage("--boot= is 0, -1 for the last boot, -2 and so on, or a boot's ID");
        if (c->confirm_text && !ctl_time_valid(c->confirm_text, &c->confirm))
                return ctl_usage("--confirm= is a time from 1min to 24h, such as 15min or 1h");
        if (c->program)
                return check_choice(command, c, OPT_FOR, c->program);
        return c->format ? check_choice(command, c, OPT_FORMAT, c->format) : 0;
}

static int check_arguments(const struct command *command, const struct ctl *c)
{
        int n = c->argc - 1;

        if (n >= command->least && (command->most == ANY_NUMBER || n <= command->most))
                return 0;
        return ctl_misused(command->name, "%s takes %s", command->name,
                           command->most == 0                ? "no argument"
                           : command->least == command->most ? "one argument"
                           : command->least == 0             ? "one argument at most"
                                                             : "an argument");
}

int command_check(const struct command_table *t, const struct command *command, struct ctl *c, unsigned given)
{
        int k;

        for (enum option_id i = 0; i < OPT_MAX_; i++)
                if (given >> i & 1 && !(command->options >> i & 1))
                        return ctl_misused(command->name, "--%s is an option of %s, not of %s", t->options[i].name,
                                           command_owners(t, &c->arena, i), command->name);
        for (size_t i = 0; i < t->n_clashes; i++) {
                const struct clash *x = &t->clashes[i];

                if (streq(x->command, command->name) && given >> x->a & 1 && given >> x->b & 1)
                        return ctl_misused(command->name, "--%s cannot stand beside --%s: %s", t->options[x->a].name,
                                           t->options[x->b].name, x->why);
        }
        k = check_values(command, c);
        return k == 0 ? check_arguments(command, c) : k;
}
