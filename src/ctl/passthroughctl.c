/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthroughctl: the administrator's command. */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/recfile.h"
#include "base/str.h"
#include "ctl/ctl.h"
#include "guard/evidence.h"
#include "loader/table.h"
#include "maker/table.h"

static const char help[] =
        "passthroughctl [OPTIONS] COMMAND\n\n"
        "Hands this host's devices to virtual machines, by the rules in /etc/passthrough.d.\n\n"
        "  check        whether the host is ready for its rules, and how to make it so\n"
        "  plan         what the next boot does, and what it refuses and why\n"
        "  status       what this boot did\n"
        "  list         the devices, their IOMMU groups and drivers, the rules that take them or could\n"
        "  add NAME DEVICE...    write a rule for devices that are there, if the plan takes it\n"
        "  add --from=SOURCE     rules for what driverctl, or modprobe's ids=, hands over\n"
        "  remove NAME           take a rule away, and keep a copy\n"
        "  show RULE|ADDRESS     QEMU's arguments and libvirt's XML for what is handed over\n"
        "  bind RULE|ADDRESS     hand devices over now, without a boot\n"
        "  release RULE|ADDRESS  give them back to the host's own drivers\n"
        "  apply        brings kernel command line and boot images in line with the rules\n"
        "  confirm      keeps what this boot tries\n"
        "  undo [N]     takes the last apply or its trial back, or all from apply N on\n"
        "  trial        what became of the last apply's trial\n"
        "  capture DIR|FILE.tar.zst  this machine's facts as a tree that --root replays\n"
        "  cmdline      the kernel command line's tokens that the rules and settings need\n"
        "  cmdline check         judges the kernel command line, as each of its readers takes it\n"
        "  image DIR    the rules for a boot image below DIR (run while the image is built)\n\n"
        "  --json       one JSON document instead of text\n"
        "  --dry-run    apply, add, remove: show what would be written and run\n"
        "  --no-trial   apply: at once, without a boot that tries it first\n"
        "  --confirm=T  apply: the trial is kept by confirm alone, within that time (15min, 1h)\n"
        "  --from=S     add: take over from driverctl or modprobe\n"
        "  --boot=-N    status: what the boot N before this one did, from the journal\n"
        "  --list       undo: name what can be undone\n"
        "  --raw        capture: keep serial numbers, addresses, UUIDs and passwords as they are\n"
        "  --cmdline=S  cmdline check: this line, not the one this machine was booted with\n"
        "  --format=F   cmdline: plain, grub, kernel or bootc\n"
        "  --vendor=V   cmdline: the processor is by intel or amd, wherever the image is built\n"
        "  --kernel=R   image, cmdline: the kernel release the image is for\n"
        "  --modules    image: only print the kernel modules it needs\n" COMMON_HELP
        "\nExit status: 0 all is well; 1 something is refused, missing, not satisfied or not ready; "
        "2 usage or config error.\n";

/* Bits of struct command's options. */
enum {
        JSON = 1 << 0,
        KERNEL = 1 << 1,
        MODULES = 1 << 2,
        RAW = 1 << 3,
        CMDLINE = 1 << 4,
        FORMAT = 1 << 5,
        VENDOR = 1 << 6,
        DRY_RUN = 1 << 7,
        LIST = 1 << 8,
        FROM = 1 << 9,
        TYPES = 1 << 10,
        BOOT = 1 << 11,
        NO_TRIAL = 1 << 12,
        CONFIRM = 1 << 13,
        SERVICE = 1 << 14,
        AUTOMATIC = 1 << 15,
};

/* What an option sets in struct ctl: a flag, its text, or (of --settle and the like) its own name. */
enum option_kind {
        FLAG,
        TEXT,
        NAME,
};

static const struct own_option {
        const char *name;
        unsigned bit;
        enum option_kind kind;
        size_t at;
} own_options[] = {
        {"json", JSON, FLAG, offsetof(struct ctl, json)},
        {"kernel", KERNEL, TEXT, offsetof(struct ctl, kernel)},
        {"modules", MODULES, FLAG, offsetof(struct ctl, modules)},
        {"raw", RAW, FLAG, offsetof(struct ctl, raw)},
        {"cmdline", CMDLINE, TEXT, offsetof(struct ctl, cmdline)},
        {"format", FORMAT, TEXT, offsetof(struct ctl, format)},
        {"vendor", VENDOR, TEXT, offsetof(struct ctl, vendor)},
        {"dry-run", DRY_RUN, FLAG, offsetof(struct ctl, dry_run)},
        {"list", LIST, FLAG, offsetof(struct ctl, list)},
        {"from", FROM, TEXT, offsetof(struct ctl, from)},
        {"types", TYPES, FLAG, offsetof(struct ctl, types)},
        {"boot", BOOT, TEXT, offsetof(struct ctl, boot)},
        {"no-trial", NO_TRIAL, FLAG, offsetof(struct ctl, no_trial)},
        {"confirm", CONFIRM, TEXT, offsetof(struct ctl, confirm_text)},
        {"settle", SERVICE, NAME, offsetof(struct ctl, service)},
        {"revert", SERVICE, NAME, offsetof(struct ctl, service)},
        {"entry", SERVICE, NAME, offsetof(struct ctl, service)},
        {"automatic", AUTOMATIC, FLAG, offsetof(struct ctl, automatic)},
};

#define ANY_NUMBER (-1)

/* Options that are not a command's are errors. */
static const struct command {
        const char *name;
        int (*run)(struct ctl *c);
        int arguments;
        unsigned options;
} commands[] = {
        {"check", ctl_check, 0, JSON},
        {"plan", ctl_plan, 0, JSON},
        {"status", ctl_status, 0, JSON | BOOT},
        {"list", ctl_list, 0, JSON | TYPES},
        {"capture", ctl_capture, 1, RAW},
        {"image", ctl_image, ANY_NUMBER, KERNEL | MODULES},
        {"bind", ctl_bind, 1, JSON},
        {"release", ctl_release, 1, JSON},
        {"cmdline", ctl_cmdline, ANY_NUMBER, JSON | FORMAT | VENDOR | KERNEL | CMDLINE},
        {"apply", ctl_apply, 0, JSON | DRY_RUN | NO_TRIAL | CONFIRM},
        {"undo", ctl_undo, ANY_NUMBER, LIST},
        {"add", ctl_add, ANY_NUMBER, JSON | DRY_RUN | FROM},
        {"remove", ctl_remove, 1, JSON | DRY_RUN},
        {"show", ctl_show, 1, JSON},
        {"confirm", ctl_confirm, 0, AUTOMATIC},
        {"trial", ctl_trial, 0, SERVICE},
};

static const struct command *command_find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (streq(name, commands[i].name))
                        return &commands[i];
        return NULL;
}

static int unknown_command(const char *name)
{
        const char *names[ARRAY_SIZE(commands)], *nearest;

        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                names[i] = commands[i].name;
        nearest = str_nearest(name, names, ARRAY_SIZE(names));
        if (nearest)
                return ctl_usage("unknown command \"%s\", did you mean \"%s\"?", name, nearest);
        return ctl_usage("unknown command \"%s\"", name);
}

/* The commands that have the option: "apply, add and remove". */
static const char *owners(struct arena *a, unsigned bit)
{
        const char *text = "", *last = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                if (!(commands[i].options & bit))
                        continue;
                if (last)
                        text = arena_join(a, text, *text ? ", " : "", last, NULL);
                last = commands[i].name;
        }
        return arena_join(a, text, *text ? " and " : "", last, NULL);
}

static void set_option(struct ctl *c, const struct own_option *o, const char *value)
{
        void *member = (char *)c + o->at;

        if (o->kind == FLAG)
                *(bool *)member = true;
        else
                *(const char **)member = o->kind == NAME ? o->name : value;
}

/* 0, or the exit status: each option given, a bit by its place in the table, is the command's and has a value that it
 * takes. */
static int check_options(struct ctl *c, const struct command *command, unsigned given)
{
        for (size_t i = 0; i < ARRAY_SIZE(own_options); i++)
                if (given >> i & 1 && !(own_options[i].bit & command->options))
                        return ctl_usage("--%s is an option of %s, not of %s", own_options[i].name,
                                         owners(&c->arena, own_options[i].bit), command->name);
        if (c->boot && !ctl_boot_valid(c->boot))
                return ctl_usage("--boot= is 0, -1 for the last boot, -2 and so on, or a boot's ID");
        if (c->confirm_text && !ctl_time_valid(c->confirm_text, &c->confirm))
                return ctl_usage("--confirm= is a time from 1min to 24h, such as 15min or 1h");
        if (command->arguments != ANY_NUMBER && c->argc - 1 != command->arguments)
                return ctl_usage("%s takes %s", command->name, command->arguments ? "one argument" : "no argument");
        return 0;
}

/* An answer that did not get through is no success. */
static int finish(int status)
{
        return fflush(stdout) != 0 || ferror(stdout) ? ctl_fail("writing the answer", errno ? -errno : -EIO) : status;
}

static int run(struct ctl *c, const char *dir, unsigned given)
{
        const struct command *command = command_find(c->argv[0]);
        int k;

        if (!command)
                return unknown_command(c->argv[0]);
        k = check_options(c, command, given);
        if (k != 0)
                return k;
        k = root_open(dir, &c->root);
        if (k < 0) {
                ctl_fail(dir ? dir : "/", k);
                return EXIT_USAGE;
        }
        k = captured_open(&c->root, &c->arena, &c->captured);
        if (k != 0 && k != RECFILE_ABSENT) {
                ctl_fail(CAPTURED_PATH, k < 0 ? k : -EBADMSG);
                return EXIT_USAGE;
        }
        k = command->run(c);
        root_close(&c->root);
        return k;
}

int main(int argc, char *argv[])
{
        static const struct option common[] = {COMMON_OPTIONS};
        static const struct facts_sources sources = {
                .buses = bus_table, .initrds = initrd_table, .guard = guard_gather};
        struct option options[ARRAY_SIZE(common) + ARRAY_SIZE(own_options) + 1] = {};
        struct ctl c = {.root = ROOT_INIT,
                        .sources = &sources,
                        .loaders = loader_table,
                        .makers = maker_table,
                        .initrds = initrd_table};
        const char *dir = NULL;
        unsigned given = 0;
        int option, status;

        memcpy(options, common, sizeof(common));
        for (size_t i = 0; i < ARRAY_SIZE(own_options); i++)
                options[ARRAY_SIZE(common) + i] = (struct option){
                        own_options[i].name, own_options[i].kind == TEXT ? required_argument : no_argument, NULL,
                        OPTION_OWN + (int)i};

        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (option) {
                case 'h':
                        fputs(help, stdout);
                        return finish(EXIT_SUCCESS);
                case OPTION_VERSION:
                        puts("passthroughctl " PASSTHROUGH_VERSION);
                        return finish(EXIT_SUCCESS);
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                case '?':
                        return EXIT_USAGE;
                default:
                        set_option(&c, &own_options[option - OPTION_OWN], optarg);
                        given |= 1U << (option - OPTION_OWN);
                }
        }
        if (optind == argc)
                return ctl_usage("which command?");
        c.argc = argc - optind;
        c.argv = argv + optind;
        c.diags.arena = &c.arena;
        status = run(&c, dir, given);
        arena_free(&c.arena);
        return finish(status);
}
