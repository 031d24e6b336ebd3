/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthroughctl: the administrator's command. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/recfile.h"
#include "config/sriov.h"
#include "config/vgpu.h"
#include "ctl/help.h"
#include "ctl/rootless.h"
#include "guard/evidence.h"
#include "loader/table.h"
#include "maker/table.h"

static void set_option(struct ctl *c, const struct own_option *o, const char *value)
{
        void *member = (char *)c + o->at;

        if (o->kind == FLAG)
                *(bool *)member = true;
        else if (o->kind == LIST)
                strings_add(&c->arena, member, value);
        else
                *(const char **)member = o->kind == NAME ? o->name : value;
}

/* An answer that did not get through is no success. */
static int finish(int status)
{
        return fflush(stdout) != 0 || ferror(stdout) ? ctl_fail("writing the answer", errno ? -errno : -EIO) : status;
}

/* 0, or the exit status after having said why the machine cannot be had. */
static int open_root(struct ctl *c, const char *dir)
{
        int k = root_open(dir, &c->root);

        if (k < 0) {
                ctl_fail(dir ? dir : "/", k);
                return EXIT_USAGE;
        }
        c->root.dry = c->dry_run;
        k = captured_open(&c->root, &c->arena, &c->captured);
        if (k != 0 && k != RECFILE_ABSENT) {
                ctl_fail(CAPTURED_PATH, k < 0 ? k : -EBADMSG);
                return EXIT_USAGE;
        }
        return 0;
}

static int run(struct ctl *c, const char *dir, unsigned given, bool help)
{
        const struct command *command = c->argc > 0 ? command_find(c->commands, c->argv[0]) : NULL;
        struct seen seen;
        int k;

        if (c->argc > 0 && !command)
                return command_unknown(c->commands, c->argv[0]);
        if (help) {
                if (command)
                        help_one(c->commands, command);
                else
                        help_all(c->commands);
                return EXIT_SUCCESS;
        }
        if (!command && given)
                return ctl_misused("", "which command?");
        k = command ? command_check(c->commands, command, c, given) : 0;
        if (k == 0)
                k = open_root(c, dir);
        if (k != 0)
                return k;
        k = command ? rootless_check(c, command) : help_state(c);
        if (command && k == 0) {
                rootless_begin(c, &seen);
                k = command->run(c);
                rootless_end(c, command, &seen);
        }
        root_close(&c->root);
        return k;
}

int main(int argc, char *argv[])
{
        static const struct option common[] = {COMMON_OPTIONS};
        static const struct facts_sources sources = {
                .buses = bus_table, .initrds = initrd_table, .guard = guard_gather};
        struct option options[ARRAY_SIZE(common) + OPT_MAX_ + 1] = {};
        struct ctl c = {.root = ROOT_INIT,
                        .commands = &command_table,
                        .sources = &sources,
                        .loaders = loader_table,
                        .makers = maker_table,
                        .initrds = initrd_table};
        const struct own_option *own = command_table.options;
        const char *dir = NULL;
        unsigned given = 0;
        bool help = false;
        static char line[BUFSIZ];
        int option, status;

        /* A line is one write: without a buffer it is one for each word. */
        setvbuf(stderr, line, _IOLBF, sizeof(line));
        memcpy(options, common, sizeof(common));
        for (int i = 0; i < OPT_MAX_; i++)
                options[ARRAY_SIZE(common) + (size_t)i] = (struct option){
                        own[i].name, own[i].value ? required_argument : no_argument, NULL, OPTION_OWN + i};

        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (option) {
                case 'h':
                        help = true;
                        break;
                case OPTION_VERSION:
                        puts("passthroughctl " PASSTHROUGH_VERSION);
                        return finish(EXIT_SUCCESS);
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case '?':
                        fputs("The options of a command: passthroughctl help COMMAND\n", stderr);
                        return EXIT_USAGE;
                default:
                        set_option(&c, &own[option - OPTION_OWN], optarg);
                        given |= 1U << (option - OPTION_OWN);
                }
        }
        c.argc = argc - optind;
        c.argv = argv + optind;
        c.diags.arena = &c.arena;
        status = run(&c, dir, given, help);
        arena_free(&c.arena);
        return finish(status);
}
