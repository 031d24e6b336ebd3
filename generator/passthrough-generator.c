/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passthrough-generator: rules become units, in the initrd and on the host (systemd.generator(7)). It writes units and
 * nothing else, and never touches hardware.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "act/manager.h"
#include "base/options.h"
#include "base/str.h"
#include "config/config.h"
#include "config/settings.h"
#include "config/vgpu.h"
#include "credentials.h"
#include "facts/facts.h"
#include "facts/match.h"
#include "facts/memory.h"
#include "gettys.h"
#include "maker/table.h"
#include "plan/claims-udev.h"
#include "state/record.h"
#include "units.h"

static const char help[] =
        "passthrough-generator [--root=DIR] NORMAL [EARLY LATE]\n\n"
        "Writes the units for passthrough.d(5) and passthrough.conf(5) to NORMAL, mounts to LATE, and\n"
        "to EARLY masks of logins on serial ports that rules take. Run by systemd; see\n"
        "passthrough-generator(8).\n\n" COMMON_HELP;

/*
 * Before everything that loads drivers. udevd is started through its sockets as well, so being ordered before the
 * trigger alone would not do. No ExecStop=: leaving the initrd stops units, and must not give devices back.
 */
static const char initrd_unit[] = "# Made by passthrough-generator from passthrough.d(5)\n"
                                  "[Unit]\n"
                                  "Description=Hand devices to virtual machines before their native drivers load\n"
                                  "Documentation=man:passthrough.d(5) man:passthrough(7)\n"
                                  "DefaultDependencies=no\n"
                                  "Before=sysinit.target %s systemd-modules-load.service\n"
                                  "Before=systemd-udevd.service systemd-udev-trigger.service\n"
                                  "ConditionKernelCommandLine=!elfcorehdr\n\n"
                                  "[Service]\n"
                                  "Type=oneshot\n"
                                  "RemainAfterExit=yes\n"
                                  "ExecStart=-" PASSTHROUGH_LIBEXEC "/passthrough-bind --stage=initrd\n";

/* A kernel that clears what it hands out takes seconds for some hundred gigabytes of huge pages. */
static const char timeout[] = "TimeoutStartSec=30s\n", pages_timeout[] = "TimeoutStartSec=5min\n";

/* The stage that waits for the root file system: once it is mounted, before it becomes the root. */
static const char root_unit[] = "# Made by passthrough-generator from passthrough.d(5)\n"
                                "[Unit]\n"
                                "Description=Hand devices to virtual machines once the root file system is known\n"
                                "Documentation=man:passthrough.d(5) man:passthrough(7)\n"
                                "DefaultDependencies=no\n"
                                "After=initrd-root-fs.target initrd-parse-etc.service passthrough-initrd.service\n"
                                "Before=initrd-cleanup.service initrd-switch-root.target initrd-switch-root.service "
                                "initrd-udevadm-cleanup-db.service\n"
                                "ConditionKernelCommandLine=!elfcorehdr\n\n"
                                "[Service]\n"
                                "Type=oneshot\n"
                                "RemainAfterExit=yes\n"
                                "ExecStart=-" PASSTHROUGH_LIBEXEC "/passthrough-bind --stage=root\n"
                                "TimeoutStartSec=30s\n";

/* Exits by itself once the root is there; nothing waits for it. */
static const char rescue_unit[] = "# Made by passthrough-generator from passthrough.d(5)\n"
                                  "[Unit]\n"
                                  "Description=Give devices back where no root file system is found\n"
                                  "Documentation=man:passthrough(7)\n"
                                  "DefaultDependencies=no\n"
                                  "After=systemd-udev-trigger.service passthrough-initrd.service\n"
                                  "ConditionKernelCommandLine=!elfcorehdr\n\n"
                                  "[Service]\n"
                                  "ExecStart=-" PASSTHROUGH_LIBEXEC "/passthrough-bind --rescue\n";

/* NORMAL is a path of the machine that --root names; where it has none there, the directory of that name here. */
static int open_output(const struct root *root, const char *path)
{
        int fd = *path == '/' ? root_open_at(root, path, O_RDONLY | O_DIRECTORY) : -ENOENT;

        if (fd < 0) {
                fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                fd = fd < 0 ? -errno : fd;
        }
        return fd;
}

/*
 * Of a size that is not the kernel's default: for that, systemd has dev-hugepages.mount. As with that one nothing waits
 * for it, and nothing fails with it.
 */
static void mount_unit(struct units *u, const struct huge_pages *pages)
{
        char text[1024], name[64];

        snprintf(name, sizeof(name), "dev-hugepages%s.mount", pages->name);
        if (units_have(u, name))
                return;
        snprintf(text, sizeof(text),
                 "# Made by passthrough-generator from passthrough.conf(5)\n"
                 "[Unit]\n"
                 "Description=Huge pages of %s\n"
                 "Documentation=man:passthrough.conf(5)\n"
                 "DefaultDependencies=no\n"
                 "Before=local-fs.target\n"
                 "ConditionPathExists=" MEMORY_POOLS "/hugepages-%llukB\n\n"
                 "[Mount]\n"
                 "What=hugetlbfs\n"
                 "Where=/dev/hugepages%s\n"
                 "Type=hugetlbfs\n"
                 "Options=pagesize=%s,nosuid,nodev\n",
                 pages->name, (unsigned long long)pages->size >> 10, pages->name, pages->name);
        units_write(u, name, text);
        units_want(u, "local-fs.target", name, NULL);
}

/* Mounts go where everybody else's unit of that name, one made of fstab among them, takes the place of ours. */
static void pages_units(const struct root *root, struct arena *a, struct units *u, struct units *late,
                        const struct settings *settings)
{
        uint64_t size;

        if (settings->n_pages == 0)
                return;
        memory_read_default_size(root, a, &size);
        units_want(u, "sysinit.target", "passthrough-hugepages.service", UNITS_STATIC);
        for (size_t i = 0; i < settings->n_pages; i++)
                if (settings->pages[i].size != size)
                        mount_unit(late, &settings->pages[i]);
}

static void initrd_units(struct units *u, struct arena *a, const struct initrd *initrd, bool rules, bool pages)
{
        const char *first =
                arena_join(a, arena_printf(a, initrd_unit, initrd->units), pages ? pages_timeout : timeout, NULL);
        const struct {
                const char *name, *text, *wanted_by;
        } units[] = {
                {"passthrough-initrd.service", first, "sysinit.target"},
                {"passthrough-root.service", root_unit, "initrd.target"},
                {"passthrough-rescue.service", rescue_unit, "initrd.target"},
        };
        size_t n = rules ? ARRAY_SIZE(units) : pages ? 1 : 0;

        for (size_t i = 0; i < n; i++) {
                units_write(u, units[i].name, units[i].text);
                units_want(u, units[i].wanted_by, units[i].name, NULL);
        }
}

/* A unit that the boot's completion needs is ordered before it, too (systemd.special(7), boot-complete.target). */
static void rule_unit(struct units *u, const char *rule, bool required)
{
        static const char template[] = UNITS_STATIC "/passthrough@.service";
        char unit[128];

        if (!rule_name_valid(rule))
                return;
        snprintf(unit, sizeof(unit), "passthrough@%s.service", rule);
        units_want(u, "passthrough.target", unit, template);
        if (required)
                units_require(u, "boot-complete.target", unit, template);
}

/*
 * Nobody wants the unit of a rule that no boot carries out: who needs its devices starts it. It looks for users of the
 * device among all processes, as passthrough-hotplug@.service does, and its stop gives back, but not while the host
 * shuts down: a drop-in cannot take the template's Conflicts=shutdown.target away, so the program asks. ExecStop=
 * does not run behind a start that was killed: ExecStopPost= looks whether it was.
 */
static void demand_unit(struct units *u, struct arena *a, const struct rule *rule)
{
        static const char text[] = "# Made by passthrough-generator from passthrough.d(5): Stage=demand\n"
                                   "[Service]\n"
                                   "ExecStop=" PASSTHROUGH_LIBEXEC "/passthrough-demand --give-back=%i\n"
                                   "ExecStopPost=" PASSTHROUGH_LIBEXEC "/passthrough-demand --cut-short=%i\n"
                                   "TimeoutStopSec=60s\n"
                                   "CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH\n"
                                   "RestrictAddressFamilies=AF_NETLINK\n";
        /* As passthrough-vgpu@.service, which says why. */
        static const char gpus[] = "ExecStart=\n"
                                   "ExecStart=" PASSTHROUGH_LIBEXEC "/passthrough-vgpu --demand %i\n"
                                   "TimeoutStartSec=10min\n"
                                   "KillMode=process\n"
                                   "DeviceAllow=char-* rw\n";

        if (rule_name_valid(rule->name))
                units_write(u, arena_join(a, "passthrough@", rule->name, ".service.d/" MANAGER_DEMAND, NULL),
                            arena_join(a, text, rule->vgpu ? gpus : NULL, NULL));
}

/* Seconds since the kernel has started, be that in the initrd or on the host. */
static void write_timer(struct units *u, const char *name, const char *description, const char *more, uint32_t seconds)
{
        char text[1024];

        snprintf(text, sizeof(text),
                 "# Made by passthrough-generator: this boot is a trial\n"
                 "[Unit]\n"
                 "Description=%s\n"
                 "Documentation=man:passthroughctl(8)\n"
                 "%s\n"
                 "[Timer]\n"
                 "OnBootSec=%us\n"
                 "AccuracySec=1s\n",
                 description, more, seconds);
        units_write(u, name, text);
}

/*
 * In the initrd of a trial: nothing it may wait for, a passphrase say, is waited for longer than that. Where systemd
 * waits in an emergency, or gets to no target at all, the timer goes on. The job that stops it is ordered before
 * initrd-switch-root.target, and so before all of switching root; the host has a timer of its own then, which counts
 * from the start of the kernel as well. The service has no program: its being done reboots, as that of
 * systemd-reboot.service does.
 */
static void deadline_units(struct units *u, uint32_t seconds)
{
        static const char service[] = "# Made by passthrough-generator: this boot is a trial\n"
                                      "[Unit]\n"
                                      "Description=Take a trial of devices for virtual machines back that has not left "
                                      "its initrd in time\n"
                                      "Documentation=man:passthroughctl(8)\n"
                                      "DefaultDependencies=no\n"
                                      "SuccessAction=reboot-force\n";

        units_write(u, "passthrough-deadline.service", service);
        write_timer(u, "passthrough-deadline.timer",
                    "Time that a trial of devices for virtual machines has in its initrd",
                    "DefaultDependencies=no\n"
                    "IgnoreOnIsolate=yes\n"
                    "Conflicts=initrd-switch-root.target shutdown.target\n"
                    "Before=initrd-switch-root.target shutdown.target\n",
                    seconds);
        units_want(u, "sysinit.target", "passthrough-deadline.timer", NULL);
}

/*
 * On the host the timer that takes a trial back waits for sysinit.target, and that for each passphrase and file system
 * of the host. Where it is not reached in time, a second timer reboots; nothing is recorded then, as in the initrd.
 */
static void stuck_units(struct units *u, uint32_t seconds)
{
        static const char service[] = "# Made by passthrough-generator: this boot is a trial\n"
                                      "[Unit]\n"
                                      "Description=Take a trial of devices for virtual machines back that has not "
                                      "reached sysinit.target in time\n"
                                      "Documentation=man:passthroughctl(8)\n"
                                      "DefaultDependencies=no\n"
                                      "Conflicts=shutdown.target\n"
                                      "Before=shutdown.target\n"
                                      "FailureAction=reboot-force\n\n"
                                      "[Service]\n"
                                      "Type=oneshot\n"
                                      "ExecStart=/usr/bin/systemctl is-active --quiet sysinit.target\n"
                                      "TimeoutStartSec=30s\n";

        units_write(u, "passthrough-stuck.service", service);
        write_timer(u, "passthrough-stuck.timer",
                    "Time that a trial of devices for virtual machines has to reach sysinit.target",
                    "DefaultDependencies=no\n"
                    "Conflicts=shutdown.target\n"
                    "Before=shutdown.target\n",
                    seconds);
        units_want(u, "sysinit.target", "passthrough-stuck.timer", NULL);
}

/*
 * A trial is kept once the boot is complete, and taken back by a reboot where it is not kept in time. Where systemd
 * would wait in an emergency for somebody to come, it reboots into what there was.
 */
static void trial_units(struct units *u, uint32_t seconds)
{
        static const char emergency[] = "# Made by passthrough-generator: this boot is a trial\n"
                                        "[Service]\n"
                                        "ExecStartPre=\n"
                                        "ExecStart=\n"
                                        "ExecStart=/usr/bin/systemctl --no-block --force reboot\n";

        stuck_units(u, seconds);
        write_timer(u, "passthrough-revert.timer",
                    "Take a trial of devices for virtual machines back that nobody has kept", "", seconds);
        units_want(u, "timers.target", "passthrough-revert.timer", NULL);
        units_want(u, "multi-user.target", "passthrough-confirm.service", UNITS_STATIC);
        units_write(u, "emergency.service.d/50-passthrough-trial.conf", emergency);
}

/* The target orders, and starts nothing: each is wanted where the host's services are. */
static void making_unit(struct units *u, const char *name, const char *rule)
{
        char unit[128], template[128];

        if (!rule_name_valid(rule))
                return;
        snprintf(unit, sizeof(unit), "passthrough-%s@%s.service", name, rule);
        snprintf(template, sizeof(template), UNITS_STATIC "/passthrough-%s@.service", name);
        units_want(u, "multi-user.target", unit, template);
}

/* Of [VirtualGPU] no more than whether there is a Type=: the rest is for a program that makes some to read. */
static void note_type(struct arena *a, const struct key_place *place, struct vgpu *vgpu, uint64_t *seen,
                      const char *name, const char *value)
{
        (void)a;
        (void)place;
        (void)seen;
        if (streq(name, "Type") && *value)
                vgpu->sections[vgpu->n_sections - 1].type = "";
}

static void check_nothing(struct arena *a, struct diags *diags, struct rule *rule)
{
        (void)a;
        (void)diags;
        (void)rule;
}

static const struct vgpu_keys types = {.assign = note_type, .check = check_nothing};

/* Where virtual GPUs have no type, each virtual function is one. */
static void making_units(struct units *u, const struct rule *rule)
{
        bool gpus = rule->vgpu && vgpu_typed(rule->vgpu);

        if (rule->sriov || (rule->vgpu && !gpus))
                making_unit(u, "sriov", rule->name);
        if (gpus)
                making_unit(u, "vgpu-functions", rule->name);
        if (gpus)
                making_unit(u, "vgpu", rule->name);
}

/* Until the host has joined the plan, its own text of a rule counts. */
static bool required(const struct record *record, const struct config *config, const struct record_rule *known)
{
        const struct rule *rule = record->host ? NULL : config_find(config, known->name);

        return rule ? rule->required : known->required;
}

static bool is_on_demand(const struct config *config, const char *name)
{
        const struct rule *rule = config_find(config, name);

        return rule && rule_on_demand(rule);
}

/* One service per rule of this boot's plan; once the host has joined it, an edited config changes nothing here. */
static int host_units(const struct root *root, struct arena *a, struct units *u, const struct config *config, bool off)
{
        struct record record = {};
        struct facts machine = {};
        int k = record_read_required(root, a, &record);

        if (k < 0)
                return k;
        /* What an image has left there goes, though no rule is left that it was for. */
        if (record.n_rules == 0 && config->n_rules == 0 && !root_exists(root, CLAIMS_UDEV "/" CLAIMS_FIRST))
                return 0;
        facts_read_machine(root, a, initrd_table, &machine);
        units_want(u, "multi-user.target", "passthrough.target", UNITS_STATIC);
        if (!off)
                units_want(u, "sysinit.target", "passthrough-udev.service", UNITS_STATIC);
        for (size_t i = 0; i < config->n_rules && !off; i++)
                if (!config->rules[i].invalid && !rule_on_demand(&config->rules[i]) &&
                    match_machine(&config->rules[i], &machine) == YES)
                        making_units(u, &config->rules[i]);
        for (size_t i = 0; i < config->n_rules; i++)
                if (rule_on_demand(&config->rules[i]) && match_machine(&config->rules[i], &machine) == YES)
                        demand_unit(u, a, &config->rules[i]);
        for (size_t i = 0; i < record.n_rules; i++)
                if (!is_on_demand(config, record.rules[i].name))
                        rule_unit(u, record.rules[i].name, required(&record, config, &record.rules[i]));
        for (size_t i = 0; i < config->n_rules && !record.host; i++)
                if (!rule_on_demand(&config->rules[i]) && !record_find(&record, config->rules[i].name) &&
                    match_machine(&config->rules[i], &machine) == YES)
                        rule_unit(u, config->rules[i].name, config->rules[i].required);
        return 0;
}

/* Where generators say things (systemd.generator(7)): the kernel log; on a terminal and for a captured machine, there.
 */
static FILE *open_log(const struct root *root)
{
        return root->live && !isatty(STDERR_FILENO) ? fopen("/dev/kmsg", "we") : NULL;
}

static void close_log(FILE **f)
{
        if (*f)
                fclose(*f);
}

/* A write() is a record of the kernel log. */
static void report(const struct root *root, const struct diags *diags)
{
        _cleanup_(close_log) FILE *log = open_log(root);

        for (size_t i = 0; i < diags->n; i++) {
                FILE *f = log ? log : stderr;

                if (log)
                        fputs("<4>passthrough-generator: ", f);
                diag_print(f, &diags->v[i]);
                fputc('\n', f);
                fflush(f);
        }
}

static int generate(const struct root *root, struct arena *a, struct units *u, struct units *early, struct units *late)
{
        struct diags diags = {.arena = a};
        struct config config;
        struct settings settings = {};
        struct facts facts = {};
        const struct initrd *initrd = initrd_here(root, initrd_table);
        int k = facts_read_switches(root, a, &facts);

        if (k < 0 || facts.kdump)
                return k;
        /* A trial is one with passthrough=off, too. */
        if (initrd && facts.trial > 0)
                deadline_units(u, facts.trial);
        /* On the host, a rule's unit says by failing that it was switched off: who requires it must not start. */
        if (facts.off && initrd)
                return u->error;
        k = config_load(root, a, bus_syntaxes, &diags, &config);
        if (k == 0)
                k = settings_load(root, a, &diags, &settings);
        if (k < 0)
                return k;
        report(root, &diags);
        credentials_copy(root, a, u);
        if (initrd) {
                initrd_units(u, a, initrd, config.n_rules > 0, settings.n_pages > 0);
                return u->error;
        }
        if (facts.trial > 0)
                trial_units(u, facts.trial);
        k = host_units(root, a, u, &config, facts.off);
        if (k == 0 && !facts.off) {
                facts_read_machine(root, a, initrd_table, &facts);
                k = gettys_mask(root, a, &config, &facts, early, u);
        }
        if (k == 0 && !facts.off)
                pages_units(root, a, u, late, &settings);
        return k < 0 ? k : u->error < 0 ? u->error : early->error < 0 ? early->error : late->error;
}

int main(int argc, char *argv[])
{
        static const struct option options[] = {COMMON_OPTIONS, {}};
        struct root root = ROOT_INIT;
        struct arena arena = {};
        const char *dir = NULL;
        struct units normal = {}, early = {}, late = {};
        int c, k;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
                switch (c) {
                case 'h':
                        fputs(help, stdout);
                        return EXIT_SUCCESS;
                case OPTION_VERSION:
                        puts("passthrough-generator " PASSTHROUGH_VERSION);
                        return EXIT_SUCCESS;
                case OPTION_ROOT:
                        dir = optarg;
                        break;
                default:
                        return EXIT_USAGE;
                }
        }
        if (argc - optind != 1 && argc - optind != 3) {
                fputs("passthrough-generator: takes one directory or three; see passthrough-generator --help\n",
                      stderr);
                return EXIT_USAGE;
        }

        vgpu_keys_used = &types;
        k = root_open(dir, &root);
        if (k < 0) {
                fprintf(stderr, "passthrough-generator: %s: %s\n", dir ? dir : "/", strerror(-k));
                return EXIT_FAILURE;
        }
        normal.dir = open_output(&root, argv[optind]);
        early.dir = open_output(&root, argv[MIN(optind + 1, argc - 1)]);
        late.dir = open_output(&root, argv[argc - 1]);
        k = normal.dir < 0 ? normal.dir
                           : generate(&root, &arena, &normal, early.dir < 0 ? &normal : &early,
                                      late.dir < 0 ? &normal : &late);
        if (k < 0)
                fprintf(stderr, "passthrough-generator: %s: %s\n", argv[optind], strerror(-k));
        close_fd(&normal.dir);
        close_fd(&early.dir);
        close_fd(&late.dir);
        arena_free(&arena);
        root_close(&root);
        return k < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
