/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands and their options; conf/completion and man/passthroughctl.8 follow. */
#include <stddef.h>

#include "ctl/command.h"

#define HAS(option) (1U << OPT_##option)
#define SERVICE     (HAS(SETTLE) | HAS(REVERT) | HAS(ENTRY))

#define AT(member) offsetof(struct ctl, member)

static const struct own_option options[OPT_MAX_] = {
        [OPT_JSON] = {"json", FLAG, AT(json), NULL, "one JSON document instead of text"},
        [OPT_DRY_RUN] = {"dry-run", FLAG, AT(dry_run), NULL,
                         "change nothing, show what would be done, and exit as the real run would"},
        [OPT_YES] = {"yes", FLAG, AT(yes), NULL, "answer each question with yes"},
        [OPT_ALL] = {"all", FLAG, AT(all), NULL,
                     "everything: bridges, too (list), passed rows, too (check), each rule (show)"},
        [OPT_FORMAT] = {"format", TEXT, AT(format), "FORMAT", "the form of the output: "},
        [OPT_OUTPUT] = {"output", TEXT, AT(output), "FILE", "replace that file with it, if it has changed"},
        [OPT_FOLLOW] = {"follow", FLAG, AT(follow), NULL,
                        "keep that file, or the usual one, up to date until a signal ends this, and then remove it"},
        [OPT_FROM] = {"from", TEXT, AT(from), "SOURCE",
                      "take over from driverctl, mdevctl, modprobe, cmdline, running or " MAKERS_WITH_SCRIPTS},
        [OPT_LIST] = {"list", FLAG, AT(list), NULL, "show what can be undone"},
        [OPT_NO_TRIAL] = {"no-trial", FLAG, AT(no_trial), NULL, "for every boot from the next on, without a trial"},
        [OPT_CONFIRM] = {"confirm", TEXT, AT(confirm_text), "TIME",
                         "keep the trial only if confirm is run within that time (15min, 1h)"},
        [OPT_BOOT] = {"boot", TEXT, AT(boot), "-N", "the boot N before this one, from the journal"},
        [OPT_STEPS] = {"steps", FLAG, AT(steps), NULL, "each operation, in order"},
        [OPT_AGAINST] = {"against", LIST, AT(against), "DIR",
                         "these rules over the captured machine below DIR, beside what its own do; of several, what "
                         "changes"},
        [OPT_TYPES] = {"types", FLAG, AT(types), NULL,
                       "the types of virtual GPUs that devices offer, and how many of each fit"},
        [OPT_RAW] = {"raw", FLAG, AT(raw), NULL, "keep serial numbers, addresses, UUIDs and passwords as they are"},
        [OPT_CMDLINE] = {"cmdline", TEXT, AT(cmdline), "STRING", "check this line, not that of the running kernel"},
        [OPT_FOR] = {"for", TEXT, AT(program), "CONSUMER", "what this program wants of the host, too: "},
        [OPT_VENDOR] = {"vendor", TEXT, AT(vendor), "VENDOR", "for a processor by intel or amd, not for this one"},
        [OPT_KERNEL] = {"kernel", TEXT, AT(kernel), "RELEASE", "for this kernel, not for the running one"},
        [OPT_MODULES] = {"modules", FLAG, AT(modules), NULL, "only print the kernel modules that the image needs"},
        [OPT_AUTOMATIC] = {"automatic", FLAG, AT(automatic), NULL, NULL},
        [OPT_SETTLE] = {"settle", NAME, AT(service), NULL, NULL},
        [OPT_REVERT] = {"revert", NAME, AT(service), NULL, NULL},
        [OPT_ENTRY] = {"entry", NAME, AT(service), NULL, NULL},
};

static const char *const kargs_formats[] = {"plain", "grub", "kernel", "bootc", NULL};

static const struct command commands[] = {
        {"list", ctl_list, 0, ANY_NUMBER, HAS(JSON) | HAS(ALL) | HAS(TYPES), "list [WORD...]\nlist ADDRESS",
         "Shows what could be handed over, and what the host needs; with an address, all about it.",
         "passthroughctl list display\npassthroughctl list 01:00.0", "the devices are shown", NULL, NULL, false},
        {"add", ctl_add, 0, ANY_NUMBER, HAS(JSON) | HAS(DRY_RUN) | HAS(YES) | HAS(FROM),
         "add [NAME DEVICE... [KEY=VALUE...]]\nadd --from=SOURCE",
         "Writes a rule for devices, unless the plan refuses it.",
         "passthroughctl add gpu0 01:00.0\npassthroughctl add nic0 enp5s0 vfs=8\npassthroughctl add stick /dev/sdb\n"
         "passthroughctl add vgpu0 41:00.0 Type=A40-8Q Count=2\npassthroughctl add com1 ttyS1\npassthroughctl add "
         "--from=driverctl",
         "the rule is written", "a rule is not written", NULL, false},
        {"remove", ctl_remove, 1, 1, HAS(JSON) | HAS(DRY_RUN), "remove NAME", "Removes a rule, and keeps a copy.",
         "passthroughctl remove gpu0", "the rule is gone", NULL, NULL, false},
        {"hugepages", ctl_hugepages, 1, ANY_NUMBER, HAS(JSON) | HAS(DRY_RUN),
         "hugepages SIZE=COUNT...\nhugepages SIZE=NODE:COUNT,...",
         "Writes huge pages into passthrough.conf, if the host can reserve them.",
         "passthroughctl hugepages 1G=64\npassthroughctl hugepages 1G=0:32,1:32", "it asks for them",
         "the host cannot give them", NULL, false},
        {"check", ctl_check, 0, 0, HAS(JSON) | HAS(ALL) | HAS(FOR), "check",
         "Shows whether the host is ready for its rules, and how to mend what is not.",
         "passthroughctl check\npassthroughctl check --for=kubevirt", "nothing fails", "something fails", NULL, false},
        {"plan", ctl_plan, 0, ANY_NUMBER, HAS(JSON) | HAS(STEPS) | HAS(AGAINST), "plan\nplan --against=DIR [DIR...]",
         "Shows what the next boot does, and what it refuses and why.",
         "passthroughctl plan\npassthroughctl plan --steps\npassthroughctl plan --against captures/*",
         "each rule is ok",
         "something is refused or missing; of several machines: one loses something or is unreadable", NULL, false},
        {"apply", ctl_apply, 0, 0, HAS(JSON) | HAS(DRY_RUN) | HAS(YES) | HAS(NO_TRIAL) | HAS(CONFIRM), "apply",
         "Puts the rules into effect: updates kernel command line and boot images.",
         "passthroughctl apply --dry-run\npassthroughctl apply", "the next boot does what the rules say",
         "nothing was changed, or a boot image cannot be built here", NULL, false},
        {"status", ctl_status, 0, 0, HAS(JSON) | HAS(BOOT), "status", "Shows what this boot did.",
         "passthroughctl status --boot=-1", "each rule is satisfied", "a rule is not satisfied", NULL, false},
        {"confirm", ctl_confirm, 0, 0, HAS(JSON) | HAS(DRY_RUN) | HAS(AUTOMATIC), "confirm",
         "Keeps the trial that is running in this boot.", "passthroughctl confirm", "it is kept, or there is no trial",
         "it is not kept", NULL, false},
        {"undo", ctl_undo, 0, 1, HAS(JSON) | HAS(DRY_RUN) | HAS(LIST), "undo [N]\nundo --list",
         "Takes back the trial or the last apply, or all from apply N on.", "passthroughctl undo --list",
         "it is taken back, or there is nothing to undo", "not all is as it was before", NULL, false},
        {"show", ctl_show, 0, 1, HAS(JSON) | HAS(ALL) | HAS(FORMAT) | HAS(OUTPUT) | HAS(FOLLOW),
         "show RULE|ADDRESS\nshow --all", "Prints what a virtual machine gets: QEMU's arguments and libvirt's XML.",
         "passthroughctl show gpu0", "it is all shown", "there is nothing to show, or not all", NULL, false},
        {"bind", ctl_bind, 1, 1, HAS(JSON) | HAS(DRY_RUN), "bind RULE|ADDRESS",
         "Hands devices over now, without a boot.", "passthroughctl bind gpu0", "they are handed over",
         "a device was refused, failed or was not tried", NULL, false},
        {"release", ctl_release, 1, 1, HAS(JSON) | HAS(DRY_RUN), "release RULE|ADDRESS",
         "Gives devices back to the host's own drivers, now.", "passthroughctl release gpu0", "they are given back",
         "a device was refused, failed or was not tried", NULL, false},
        {"cmdline", ctl_cmdline, 0, ANY_NUMBER, HAS(JSON) | HAS(FORMAT) | HAS(VENDOR) | HAS(KERNEL) | HAS(CMDLINE),
         "cmdline\ncmdline check", "Prints the kernel parameters that the rules need; check judges a command line.",
         "passthroughctl cmdline --format=grub\npassthroughctl cmdline check --cmdline='intel_iommu=no'",
         "it is printed, or no error is found", "check finds an error", kargs_formats, false},
        {"capture", ctl_capture, 1, 1, HAS(JSON) | HAS(DRY_RUN) | HAS(RAW), "capture DIR|FILE.tar.zst",
         "Copies what describes this machine into a directory for --root.", "passthroughctl capture host1.tar.zst",
         "it is written", "it cannot be written", NULL, false},
        {"trial", ctl_trial, 0, 0, HAS(JSON) | HAS(DRY_RUN) | SERVICE, "trial", "Shows the result of the last trial.",
         "passthroughctl trial", "it is shown", NULL, NULL, false},
        {"image", ctl_image, 0, ANY_NUMBER, HAS(KERNEL) | HAS(MODULES), "image DIR\nimage --modules",
         "Puts the rules into a boot image below DIR (run while it is built).", "passthroughctl image --modules",
         "it is done", "it cannot be written", NULL, true},
        {"help", ctl_help, 0, 1, 0, "help [COMMAND]", "Shows the commands, or one of them.",
         "passthroughctl help apply", "it is shown", NULL, NULL, false},
};

static const struct clash clashes[] = {
        {"apply", OPT_NO_TRIAL, OPT_CONFIRM, "without a trial there is nothing to confirm"},
        {"undo", OPT_LIST, OPT_DRY_RUN, "--list changes nothing"},
        {"plan", OPT_JSON, OPT_STEPS, "JSON has each operation in any case"},
        {"cmdline", OPT_JSON, OPT_FORMAT, "JSON has one form"},
        {"show", OPT_JSON, OPT_OUTPUT, "a file is of a consumer's own form"},
        {"show", OPT_JSON, OPT_FOLLOW, "a file is of a consumer's own form"},
        {"confirm", OPT_AUTOMATIC, OPT_DRY_RUN, "that is for the boot's own unit"},
        {"trial", OPT_SETTLE, OPT_REVERT, "it does one of them"},
        {"trial", OPT_SETTLE, OPT_ENTRY, "it does one of them"},
        {"trial", OPT_REVERT, OPT_ENTRY, "it does one of them"},
        {"trial", OPT_JSON, OPT_SETTLE, "that is for the boot's own unit"},
        {"trial", OPT_JSON, OPT_REVERT, "that is for the boot's own unit"},
        {"trial", OPT_JSON, OPT_ENTRY, "that is for the boot's own unit"},
};

const struct command_table command_table = {
        .commands = commands,
        .n = ARRAY_SIZE(commands),
        .options = options,
        .clashes = clashes,
        .n_clashes = ARRAY_SIZE(clashes),
};
