/* SPDX-License-Identifier: GPL-2.0-or-later */
/* passthroughctl: the administrator's command. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/ctl.h"
#include "guard/evidence.h"
#include "loader/table.h"

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
        "  capture DIR  this machine's facts as a tree that --root replays\n"
        "  cmdline      the kernel command line's tokens that the rules and settings need\n"
        "  cmdline check         judges the kernel command line, as each of its readers takes it\n"
        "  image DIR    the rules for a boot image below DIR (run by the dracut module)\n\n"
        "  --json       one JSON document instead of text\n"
        "  --dry-run    apply, add, remove: show what would be written and run\n"
        "  --no-trial   apply: at once, without a boot that tries it first\n"
        "  --confirm=T  apply: the trial is kept by confirm alone, within that time (15min, 1h)\n"
        "  --from=S     add: take over from driverctl or modprobe\n"
        "  --boot=-N    status: what the boot N before this one did, from the journal\n"
        "  --list       undo: name what can be undone\n"
        "  --raw        capture: keep serial numbers, MAC addresses and machine-id as they are\n"
        "  --cmdline=S  cmdline check: this line, not the one this machine was booted with\n"
        "  --format=F   cmdline: plain, grub, kernel or bootc\n"
        "  --vendor=V   cmdline: the processor is by intel or amd, wherever the image is built\n"
        "  --kernel=R   image, cmdline: the kernel release the image is for\n"
        "  --modules    image: only print the kernel modules it needs\n" COMMON_HELP
        "\nExit status: 0 all is well; 1 something is refused, missing, not satisfied or not ready; "
        "2 usage or config error.\n";

static const struct {
        const char *name;
        int (*run)(struct ctl *c);
        int arguments;
} commands[] = {
        {"check", ctl_check, 0},   {"plan", ctl_plan, 0},       {"status", ctl_status, 0},
        {"list", ctl_list, 0},     {"capture", ctl_capture, 1}, {"image", ctl_image, -1},
        {"bind", ctl_bind, 1},     {"release", ctl_release, 1}, {"cmdline", ctl_cmdline, -1},
        {"apply", ctl_apply, 0},   {"undo", ctl_undo, -1},      {"add", ctl_add, -1},
        {"remove", ctl_remove, 1}, {"show", ctl_show, 1},       {"confirm", ctl_confirm, 0},
        {"trial", ctl_trial, 0},
};

static int run_command(struct ctl *c)
{
        const char *name = c->argv[0], *names[ARRAY_SIZE(commands)], *nearest;
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                names[n++] = commands[i].name;
                if (!streq(name, commands[i].name))
                        continue;
                if (commands[i].arguments >= 0 && c->argc - 1 != commands[i].arguments)
                        return ctl_usage("%s takes %s", name, commands[i].arguments ? "one argument" : "no argument");
                if (c->boot && commands[i].run != ctl_status)
                        return ctl_usage("--boot= is an option of status, not of %s", name);
                return commands[i].run(c);
        }
        nearest = str_nearest(name, names, n);
        if (nearest)
                return ctl_usage("unknown command \"%s\", did you mean \"%s\"?", name, nearest);
        return ctl_usage("unknown command \"%s\"", name);
}

/* An answer that did not get through is no success. */
static int finish(int status)
{
        return fflush(stdout) != 0 || ferror(stdout) ? ctl_fail("writing the answer", errno ? -errno : -EIO) : status;
}

int main(int argc, char *argv[])
{
        enum {
                OPTION_JSON = OPTION_OWN,
                OPTION_KERNEL,
                OPTION_MODULES,
                OPTION_RAW,
                OPTION_CMDLINE,
                OPTION_FORMAT,
                OPTION_VENDOR,
                OPTION_DRY_RUN,
                OPTION_LIST,
                OPTION_FROM,
                OPTION_TYPES,
                OPTION_BOOT,
                OPTION_NO_TRIAL,
                OPTION_CONFIRM,
                OPTION_SETTLE,
                OPTION_REVERT,
                OPTION_ENTRY,
                OPTION_AUTOMATIC
        };
        static const struct option options[] = {
                COMMON_OPTIONS,
                {"json", no_argument, NULL, OPTION_JSON},
                {"kernel", required_argument, NULL, OPTION_KERNEL},
                {"modules", no_argument, NULL, OPTION_MODULES},
                {"raw", no_argument, NULL, OPTION_RAW},
                {"cmdline", required_argument, NULL, OPTION_CMDLINE},
                {"format", required_argument, NULL, OPTION_FORMAT},
                {"vendor", required_argument, NULL, OPTION_VENDOR},
                {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
                {"list", no_argument, NULL, OPTION_LIST},
                {"from", required_argument, NULL, OPTION_FROM},
                {"types", no_argument, NULL, OPTION_TYPES},
                {"boot", required_argument, NULL, OPTION_BOOT},
                {"no-trial", no_argument, NULL, OPTION_NO_TRIAL},
                {"confirm", required_argument, NULL, OPTION_CONFIRM},
                {"settle", no_argument, NULL, OPTION_SETTLE},
                {"revert", no_argument, NULL, OPTION_REVERT},
                {"entry", no_argument, NULL, OPTION_ENTRY},
                {"automatic", no_argument, NULL, OPTION_AUTOMATIC},
                {},
        };
        static const struct facts_sources sources = {.guard = guard_gather};
        struct ctl c = {.root = ROOT_INIT, .sources = &sources, .loaders = loader_table};
        const char *dir = NULL;
        int option, k;

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
                case OPTION_JSON:
                        c.json = true;
                        break;
                case OPTION_KERNEL:
                        c.kernel = optarg;
                        break;
                case OPTION_MODULES:
                        c.modules = true;
                        break;
                case OPTION_RAW:
                        c.raw = true;
                        break;
                case OPTION_CMDLINE:
                        c.cmdline = optarg;
                        break;
                case OPTION_FORMAT:
                        c.format = optarg;
                        break;
                case OPTION_VENDOR:
                        c.vendor = optarg;
                        break;
                case OPTION_DRY_RUN:
                        c.dry_run = true;
                        break;
                case OPTION_LIST:
                        c.list = true;
                        break;
                case OPTION_FROM:
                        c.from = optarg;
                        break;
                case OPTION_TYPES:
                        c.types = true;
                        break;
                case OPTION_BOOT:
                        if (!ctl_boot_valid(optarg))
                                return ctl_usage("--boot= is 0, -1 for the last boot, -2 and so on, or a boot's ID");
                        c.boot = optarg;
                        break;
                case OPTION_NO_TRIAL:
                        c.no_trial = true;
                        break;
                case OPTION_CONFIRM:
                        if (!ctl_time_valid(optarg, &c.confirm))
                                return ctl_usage("--confirm= is a time from 1min to 24h, such as 15min or 1h");
                        break;
                case OPTION_SETTLE:
                        c.service = "settle";
                        break;
                case OPTION_REVERT:
                        c.service = "revert";
                        break;
                case OPTION_ENTRY:
                        c.service = "entry";
                        break;
                case OPTION_AUTOMATIC:
                        c.automatic = true;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (optind == argc)
                return ctl_usage("which command?");
        c.argc = argc - optind;
        c.argv = argv + optind;
        c.diags.arena = &c.arena;

        k = root_open(dir, &c.root);
        if (k < 0) {
                ctl_fail(dir ? dir : "/", k);
                return EXIT_USAGE;
        }
        k = run_command(&c);
        arena_free(&c.arena);
        root_close(&c.root);
        return finish(k);
}
