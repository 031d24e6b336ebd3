/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The moments after a plan: an image is built, the machine boots with it, its root is mounted, or a device appears.
 * What is not to be taken by the plan is taken in none of them. The working directory is the tree; what the image has
 * goes to ../image, and the tree becomes that of the initrd.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shapes.h"
#include "verdicts.h"

#define ROUTES "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

void moments_move(const char *from, const char *to)
{
        if (rename(from, to) < 0 && errno != ENOENT)
                err(2, "%s", from);
}

void moments_hide(const struct machine *m, bool back)
{
        static const char *const classes[] = {"sys/class/block", "sys/class/net", "sys/class/input",
                                              "proc/self",       "proc/swaps",    "proc/net"};

        for (size_t i = 0; i < COUNT(classes); i++)
                moments_move(f("%s%s", classes[i], back ? ".kept" : ""), f("%s%s", classes[i], back ? "" : ".kept"));
        for (unsigned i = 0; i < m->n_functions && !back; i++)
                if (unlink(f("sys/%s/driver", m->functions[i].dir)) < 0 && errno != ENOENT)
                        err(2, "%s", m->functions[i].address);
}

/* The host's files are below /sysroot, but for what the image has of them. */
static void into_initrd(const struct machine *m)
{
        make_dirs("sysroot");
        moments_move("etc", "sysroot/etc");
        moments_move("usr", "sysroot/usr");
        moments_move("var", "sysroot/var");
        moments_move("run", "sysroot/run");
        moments_move("../image/etc", "etc");
        moments_move("../image/usr", "usr");
        moments_move("../image/var", "var");
        make_dirs("run");
        put("etc/initrd-release", "ID=debian\n");
        moments_hide(m, false);
}

/* What the initrd has mounted of the host: its root, and what that is made of. */
static void root_mounted(const struct machine *m)
{
        char line[1024], what[8192] = "1 1 0:2 / / rw - rootfs rootfs rw\n";
        FILE *file;

        moments_hide(m, true);
        file = fopen("proc/self/mountinfo", "re");
        while (file && fgets(line, sizeof(line), file)) {
                char id[16], parent[16], numbers[16], root[200], where[200];
                int n = 0;
                size_t end = strlen(what);

                if (sscanf(line, "%15s %15s %15s %199s %199s%n", id, parent, numbers, root, where, &n) != 5)
                        errx(2, "mountinfo: %s", line);
                if (strcmp(where, "/") == 0 || strcmp(where, "/sysroot") == 0 || strcmp(where, "/usr") == 0)
                        text(what + end, sizeof(what) - end, "%s %s %s %s /sysroot%s%s", id, parent, numbers, root,
                             strcmp(where, "/") == 0 ? "" : where, line + n);
                else if (strncmp(where, "/run", 4) == 0 || strncmp(where, "/proc", 5) == 0 ||
                         strncmp(where, "/sys", 4) == 0)
                        text(what + end, sizeof(what) - end, "%s", line);
        }
        if (file)
                fclose(file);
        put_bytes("proc/self/mountinfo", what, strlen(what));
        put("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        put("proc/net/route", "%s", ROUTES);
        put("proc/net/ipv6_route", "%s", "");
        make_dirs("run/udev");
        moments_move("sysroot/run/udev/data", "run/udev/data");
}

static unsigned plan_again(const struct machine *m, const char *moment, const char *stage, uint64_t *taken)
{
        const char *const arguments[] = {"plan", "--json", NULL};
        int status;
        const char *json = run_program(PASSTHROUGHCTL, arguments, &status);

        return verdicts_taken(m, json, moment, stage, taken);
}

/* A device appears again, and the udev rule asks for it. Whether anything was done with it: its override is another. */
static bool appears(const struct function *d)
{
        const char *const arguments[] = {f("--hotplug=%s", d->address), NULL};
        char override[32] = "";
        FILE *file;
        int status;

        run_program(PASSTHROUGH_BIND, arguments, &status);
        file = fopen(f("sys/%s/driver_override", d->dir), "re");
        if (!file)
                err(2, "%s: driver_override", d->address);
        if (!fgets(override, sizeof(override), file))
                override[0] = '\0';
        fclose(file);
        return strcmp(override, "(null)\n") != 0;
}

/* Some that are withheld, and then one that is free. */
static unsigned hotplug(const struct machine *m, uint64_t *taken)
{
        unsigned wrong = 0, asked = 0;

        for (unsigned i = 0; i < m->n_functions && asked < 4; i++) {
                const struct function *d = &m->functions[i];

                if (d->verdict < UNKNOWN || d->rule == NONE)
                        continue;
                asked++;
                if (appears(d))
                        wrong += verdicts_wrong(m, i, "is taken as it appears", "");
        }
        for (unsigned i = 0; i < m->n_functions; i++)
                if (must_be_bound(m, i)) {
                        *taken += appears(&m->functions[i]);
                        break;
                }
        return wrong;
}

bool moments_image(void)
{
        const char *const arguments[] = {"image", "../image", NULL};
        int status;

        make_dirs("../image");
        put("sys/class/dmi/id/product_uuid", "4c4c4544-0051-3510-8052-b4c04f4a3233\n");
        run_program(PASSTHROUGHCTL, arguments, &status);
        return status == 0;
}

/* An image more, of a service with a network of its own (PrivateNetwork=): it sees no interface and no route. */
static void image_without_network(void)
{
        static const char *const hidden[] = {"sys/class/net", "proc/net"};

        for (size_t i = 0; i < COUNT(hidden); i++)
                moments_move(hidden[i], f("%s.kept", hidden[i]));
        make_dirs("sys/class/net");
        put("proc/net/route", "%s", ROUTES);
        put("proc/net/ipv6_route", "%s", "");
        moments_image();
        for (size_t i = 0; i < COUNT(hidden); i++) {
                remove_tree(AT_FDCWD, hidden[i]);
                moments_move(f("%s.kept", hidden[i]), hidden[i]);
        }
}

static unsigned boot(const struct machine *m, bool poor, struct tally *tally)
{
        unsigned wrong;

        if (!moments_image())
                return verdicts_wrong(m, NO_FUNCTION, "no image is built", "");
        if (poor)
                image_without_network();
        wrong = plan_again(m, "with an image built", NULL, &tally->taken[0]);
        into_initrd(m);
        wrong += plan_again(m, "in the initrd", "initrd", &tally->taken[1]);
        root_mounted(m);
        return wrong + plan_again(m, "at the root stage", "root", &tally->taken[2]);
}

/* By the initrd, by the root stage and as they appear. */
static uint64_t taken_unasked(const struct tally *tally)
{
        return tally->taken[1] + tally->taken[2] + tally->taken[3];
}

unsigned moments(const struct machine *m, enum moment moment, struct tally *tally)
{
        uint64_t before = taken_unasked(tally);
        unsigned wrong = 0;

        if (moment == NO_MOMENT)
                return 0;
        wrong = moment == HOTPLUG ? hotplug(m, &tally->taken[3]) : boot(m, moment == POOR_BOOT, tally);
        if (m->on_demand && taken_unasked(tally) > before)
                wrong += verdicts_wrong(m, NO_FUNCTION, "what is on demand is taken unasked", "");
        return wrong;
}
