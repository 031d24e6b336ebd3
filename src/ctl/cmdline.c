/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmdline: the tokens that this config needs, here or on a machine that an image is built for; cmdline check. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/ctl.h"
#include "facts/machine.h"
#include "facts/match.h"
#include "report/json.h"
#include "report/kargs.h"
#include "validate/findings.h"

/* -1 for no such name. */
static int named(const char *name, const char *const *names, int n)
{
        for (int i = 0; i < n; i++)
                if (streq(name, names[i]))
                        return i;
        return -1;
}

/* Nothing is known of another machine but what the options say. */
static void read_machine(struct ctl *c, struct memory *memory, struct needs_machine *ret)
{
        struct machine here;

        if (c->vendor) {
                ret->cpu.vendor = streq(c->vendor, "amd") ? CPU_AMD : CPU_INTEL;
                ret->cpu.arch = ARCH_X86;
                kernel_read(&c->root, &c->arena, c->kernel, &ret->kernel);
                return;
        }
        machine_read(&c->root, &c->arena, &here);
        ret->cpu = here.cmdline;
        memory_read(&c->root, &c->arena, memory);
        memory_as_at_boot(memory);
        ret->memory = memory;
        kernel_read(&c->root, &c->arena, c->kernel, &ret->kernel);
}

/* The rules but those for other machines; all of them where it is for another one. */
static void rules_here(struct ctl *c, struct config *ret)
{
        struct facts facts = {};

        facts_read_machine(&c->root, &c->arena, c->initrds, &facts);
        for (size_t i = 0; i < c->config.n_rules; i++) {
                struct rule *rule;

                if (!c->vendor && match_machine(&c->config.rules[i], &facts) == NO)
                        continue;
                rule = arena_grow(&c->arena, &ret->rules, ret->n_rules, sizeof(*ret->rules));
                *rule = c->config.rules[i];
                ret->n_rules++;
        }
}

struct needs ctl_needs(struct ctl *c)
{
        struct needs_machine machine = {};
        struct memory memory = {};
        struct config config = {};

        read_machine(c, &memory, &machine);
        rules_here(c, &config);
        return needs_build(&config, &c->settings, &machine, &c->arena);
}

void ctl_say_refused(const struct needs *needs)
{
        for (size_t i = 0; i < needs->n_refused; i++)
                fprintf(stderr, "passthroughctl: huge pages of %s are left out of the command line: %s\n",
                        needs->refused[i].token, needs->refused[i].why);
}

static int print_needs(struct ctl *c, enum kargs_format format)
{
        struct needs needs;
        int k = ctl_load_config(c);

        if (k != 0)
                return k;
        needs = ctl_needs(c);
        if (c->json)
                json_needs(stdout, &needs, &c->diags);
        else
                kargs_print(stdout, &needs, format);
        ctl_say_refused(&needs);
        if (needs.unknown)
                fprintf(stderr, "passthroughctl: %s\n", needs.unknown);
        /* Scripts get the tokens and nothing else. */
        if (!c->json && isatty(STDOUT_FILENO))
                kargs_reasons(stderr, &needs, &c->arena);
        return c->diags.n_errors > 0 ? EXIT_USAGE : EXIT_SUCCESS;
}

int ctl_cmdline(struct ctl *c)
{
        static const char *const vendors[] = {"intel", "amd"};
        int format = c->format ? named(c->format, kargs_format_names, KARGS_MAX_) : KARGS_PLAIN;

        if (c->argc > 2 || (c->argc == 2 && !streq(c->argv[1], "check")))
                return ctl_misused("cmdline",
                                   "cmdline takes no argument but check; a line to check is given as --cmdline='...'");
        if (c->argc == 2 && (c->format || c->vendor || c->kernel))
                return ctl_usage("--format, --vendor and --kernel are for cmdline, not for cmdline check");
        if (c->argc == 2)
                return findings_print(&c->root, c->sources, c->cmdline, c->json, "passthroughctl");
        if (c->cmdline)
                return ctl_usage("--cmdline is for cmdline check");
        if (format < 0)
                return ctl_usage("--format is plain, grub, kernel or bootc, not \"%s\"", c->format);
        if (c->vendor && named(c->vendor, vendors, ARRAY_SIZE(vendors)) < 0)
                return ctl_usage("--vendor is intel or amd, not \"%s\"", c->vendor);
        if (c->kernel && (!*c->kernel || strchr(c->kernel, '/')))
                return ctl_usage("--kernel is a release, such as 6.12.48+deb13-amd64, not \"%s\"", c->kernel);
        return print_needs(c, (enum kargs_format)format);
}
