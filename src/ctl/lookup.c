/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "guard/evidence.h"
#include "report/domain.h"

#define SUBSYSTEM "/nvme-subsystem/"
#define TTYS      "/sys/class/tty"

struct search {
        const struct root *root;
        struct arena *arena;
        const struct facts *facts;
        const char *name; /* as it was given */
        struct lookup *found;
};

static void give_up(struct search *s, const char *format, ...) _printf_(2, 3);
static void give_up(struct search *s, const char *format, ...)
{
        char *why;
        va_list ap;

        va_start(ap, format);
        why = arena_vprintf(s->arena, format, ap);
        va_end(ap);
        if (why)
                str_make_printable(why); /* an interface may have nearly any name */
        s->found->why = domain_less_text(domain_is_one(s->facts), s->arena, why);
}

/* The last function on a path in sysfs, or NO_DEVICE; *usb: whether there is a USB device behind it. */
static size_t function_of(const struct search *s, const char *path, bool *usb)
{
        size_t device = NO_DEVICE;

        *usb = false;
        for (const char *c = path; *c;) {
                size_t n = strcspn(c, "/"), found;
                char part[64];

                if (n < sizeof(part)) {
                        memcpy(part, c, n);
                        part[n] = '\0';
                        found = facts_find(s->facts, part);
                        *usb = (*usb && found == NO_DEVICE) ||
                               (device != NO_DEVICE && startswith(part, "usb") && part[3] >= '0' && part[3] <= '9');
                        device = found == NO_DEVICE ? device : found;
                }
                c += n + (c[n] == '/');
        }
        return device;
}

/* " (0000:31:00.0)": the device of what has that name in a class; "" where it is none either. */
static const char *device_text(struct search *s, const char *class, const char *name)
{
        char target[PATH_MAX];
        bool usb;
        size_t device;

        if (root_readlink(s->root, arena_join(s->arena, class, "/", name, NULL), target, sizeof(target)) <= 0 ||
            (device = function_of(s, target, &usb)) == NO_DEVICE || usb)
                return "";
        return arena_join(s->arena, " (", s->facts->devices[device].address, ")", NULL);
}

/* What is below something of a class, by the names in a directory that begin with prefix: "a (42:00.0), b"; or "". */
static const char *names_below(struct search *s, const char *class, const char *dir, const char *prefix)
{
        const char **names, *ret = "";
        size_t n;

        root_look_in(s->root, s->arena, dir, &names, &n);
        for (size_t i = 0; i < n; i++) {
                const char *name = names[i] + strlen(prefix);

                if (startswith(names[i], prefix))
                        ret = arena_join(s->arena, ret, *ret ? ", " : "", name, device_text(s, class, name), NULL);
        }
        return ret;
}

/* Disks or interfaces that are on the function, too: it goes as a whole. */
static void note_others(struct search *s, const char *class, const char *own)
{
        const char **names, *others = "";
        size_t n;
        char *path, target[PATH_MAX], *note;
        bool usb;

        root_look_in(s->root, s->arena, class, &names, &n);
        for (size_t i = 0; i < n; i++) {
                size_t length = strlen(names[i]);

                path = arena_join(s->arena, class, "/", names[i], NULL);
                /* Its own partitions, or its disk, are no others. */
                if (root_readlink(s->root, path, target, sizeof(target)) <= 0 || streq(names[i], own) ||
                    (startswith(own, names[i]) && strspn(own + length, "p0123456789") == strlen(own + length)) ||
                    function_of(s, target, &usb) != s->found->device ||
                    root_exists(s->root, arena_join(s->arena, path, "/partition", NULL)))
                        continue;
                others = arena_join(s->arena, others, *others ? ", " : "", names[i], NULL);
        }
        if (!*others)
                return;
        note = arena_printf(s->arena, "%s goes as a whole, and %s %s on it, too.",
                            s->facts->devices[s->found->device].address, others, strchr(others, ',') ? "are" : "is");
        str_make_printable(note);
        s->found->note = note;
}

/* A head of native NVMe multipath hangs off its subsystem, and that has links to the controllers. */
static void from_subsystem(struct search *s, const char *target)
{
        const char *at = strstr(target, SUBSYSTEM) + strlen(SUBSYSTEM), **names, *addresses = "";
        size_t n, n_found = 0, found;
        char *dir = arena_printf(s->arena, "/sys/class/nvme-subsystem/%.*s", (int)strcspn(at, "/"), at), link[PATH_MAX];
        bool usb;

        root_look_in(s->root, s->arena, dir, &names, &n);
        for (size_t i = 0; i < n; i++) {
                if (!startswith(names[i], "nvme") ||
                    root_readlink(s->root, arena_join(s->arena, dir, "/", names[i], NULL), link, sizeof(link)) <= 0 ||
                    (found = function_of(s, link, &usb)) == NO_DEVICE || found == s->found->device)
                        continue;
                s->found->device = found;
                n_found++;
                addresses =
                        arena_join(s->arena, addresses, *addresses ? ", " : "", s->facts->devices[found].address, NULL);
        }
        if (n_found > 1) {
                s->found->device = NO_DEVICE;
                give_up(s, "%s is reached through %s; give the addresses of those that you mean", s->name, addresses);
        } else if (n_found == 0)
                give_up(s, "%s is on no PCI device", s->name);
}

/* A class and a name in it that is there. */
static void from_class(struct search *s, const char *class, const char *name)
{
        char *path = arena_join(s->arena, class, "/", name, NULL), target[PATH_MAX];
        const char *below = "";
        size_t device;
        bool usb, block = streq(class, "/sys/class/block"), net = streq(class, "/sys/class/net");

        if (root_readlink(s->root, path, target, sizeof(target)) <= 0) {
                give_up(s, "sysfs does not show what %s is on", s->name);
                return;
        }
        device = function_of(s, target, &usb);
        if (device == NO_DEVICE && strstr(target, SUBSYSTEM)) {
                from_subsystem(s, target);
                return;
        }
        if (device != NO_DEVICE && usb) {
                give_up(s,
                        "%s is on USB, and its USB device does not show; to hand over the controller and all that is "
                        "on "
                        "it, name %s",
                        s->name, s->facts->devices[device].address);
                return;
        }
        if (device != NO_DEVICE) {
                s->found->device = device;
                if (block || net)
                        note_others(s, class, name);
                return;
        }
        if (block || net)
                below = names_below(s, class, block ? arena_join(s->arena, path, "/slaves", NULL) : path,
                                    net ? "lower_" : "");
        if (*below) {
                give_up(s, "%s is not a device; name %s: %s", s->name,
                        net ? "one of its ports" : "one of those that it is on", below);
                return;
        }
        give_up(s, "%s is on no PCI device (%s)", s->name, target + strspn(target, "./"));
}

/* ---- paths below /dev ----------------------------------------------------------------------------------------------
 */

/* By its numbers, where there is a node: "1:8" to the kernel's name. */
static bool from_numbers(struct search *s, const struct stat *st, char *class, size_t class_size, char *name,
                         size_t name_size)
{
        char path[64], target[PATH_MAX], subsystem[PATH_MAX];

        snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u", S_ISBLK(st->st_mode) ? "block" : "char", major(st->st_rdev),
                 minor(st->st_rdev));
        if (root_readlink(s->root, path, target, sizeof(target)) <= 0 ||
            snprintf(name, name_size, "%s", str_basename(target)) >= (int)name_size)
                return false;
        if (S_ISBLK(st->st_mode)) {
                snprintf(class, class_size, "/sys/class/block");
                return true;
        }
        strcat(path, "/subsystem");
        if (root_readlink(s->root, path, subsystem, sizeof(subsystem)) <= 0 ||
            snprintf(class, class_size, "/sys/class/%s", str_basename(subsystem)) >= (int)class_size)
                return false;
        return true;
}

/* Whether the kernel calls that device's node so: DEVNAME in its uevent. */
static bool has_node(struct search *s, const char *class, const char *name)
{
        char path[PATH_MAX], *text, *line;
        size_t size;

        if (snprintf(path, sizeof(path), "%s/%s/uevent", class, name) >= (int)sizeof(path) ||
            root_read_all(s->root, s->arena, path, 65536, &text, &size) < 0)
                return false;
        while ((line = strsep(&text, "\n")))
                if (startswith(line, "DEVNAME=") && streq(str_basename(line + strlen("DEVNAME=")), name))
                        return true;
        return false;
}

/* By its name: in a captured machine there are no nodes. */
static bool from_name(struct search *s, const char *name, char *class, size_t class_size)
{
        const char **names;
        size_t n;

        root_look_in(s->root, s->arena, "/sys/class", &names, &n);
        for (size_t i = 0; i < n; i++)
                if (snprintf(class, class_size, "/sys/class/%s", names[i]) < (int)class_size &&
                    has_node(s, class, name))
                        return true;
        return false;
}

/* Where the links of a path lead, as it is written; of links that are not there, what udev has noted down. */
static void follow(struct search *s, const char *path, const char **ret)
{
        char target[PATH_MAX];

        for (unsigned hops = 0; path && hops < 8 && root_readlink(s->root, path, target, sizeof(target)) > 0; hops++)
                path = *target == '/'
                               ? arena_strdup(s->arena, target)
                               : arena_printf(s->arena, "%.*s%s", (int)(str_basename(path) - path), path, target);
        for (size_t i = 0; path && i < s->facts->evidence->n_nodes; i++) {
                const struct node *n = &s->facts->evidence->nodes[i];

                for (size_t t = 0; n->kind == NODE_BLOCK && t < n->n_tags; t++)
                        if (streq(n->tags[t], path)) {
                                *ret = n->name;
                                return;
                        }
        }
        *ret = path;
}

/* Devices that have a node of their own: by what the kernel calls it. */
static bool from_own_node(struct search *s)
{
        const char *line = arena_join(s->arena, "\nDEVNAME=", s->name + strlen("/dev/"), "\n", NULL);

        for (size_t i = 0; i < s->facts->n_devices && s->found->device == NO_DEVICE; i++) {
                const struct device *d = &s->facts->devices[i];
                char text[1024] = "\n";

                if (d->bus->syntax->taken_by &&
                    root_read(s->root, arena_join(s->arena, d->sysfs, "/uevent", NULL), text + 1, sizeof(text) - 2) >
                            0 &&
                    strstr(strcat(text, "\n"), line))
                        s->found->device = i;
        }
        return s->found->device != NO_DEVICE;
}

static void from_node(struct search *s)
{
        char class[PATH_MAX], name[NAME_MAX + 1];
        const char *path;
        struct stat st;
        _cleanup_(close_fd) int fd = root_open_at(s->root, s->name, O_PATH);
        bool node = fd >= 0 && fstat(fd, &st) == 0 && (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode));
        bool found = node && from_numbers(s, &st, class, sizeof(class), name, sizeof(name));

        if (!found) {
                follow(s, s->name, &path);
                snprintf(name, sizeof(name), "%s", str_basename(path));
                found = *name && from_name(s, name, class, sizeof(class));
        }
        if (found)
                from_class(s, class, name);
        else
                give_up(s,
                        fd < 0 ? "there is no %s; passthroughctl list shows the addresses"
                               : "%s is not a device that sysfs shows",
                        s->name);
}

/* ---- names ---------------------------------------------------------------------------------------------------------
 */

static void from_word(struct search *s)
{
        static const char *const classes[] = {"/sys/class/net", "/sys/class/block", TTYS};
        char path[PATH_MAX];
        const char **names, *nearest;
        size_t n;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (snprintf(path, sizeof(path), "%s/%s", classes[i], s->name) < (int)sizeof(path) &&
                    root_exists(s->root, path)) {
                        s->found->is_there = true;
                        from_class(s, classes[i], s->name);
                        return;
                }
        root_look_in(s->root, s->arena, classes[0], &names, &n);
        nearest = str_nearest(s->name, names, n);
        if (nearest) {
                give_up(s, "there is no interface \"%s\"; is \"%s\" meant?", s->name, nearest);
                return;
        }
        give_up(s,
                "\"%s\" is no device here; name an address (01:00.0, 1-2.3), a path below /dev, a disk, a network "
                "interface or a serial port; passthroughctl list shows the addresses",
                s->name);
}

/* What a device is plugged into, as Path= has it, in any spelling that a rule may have. */
static bool from_path(struct search *s)
{
        for (size_t i = 0; i < s->facts->n_devices && s->found->device == NO_DEVICE; i++) {
                const struct device *d = &s->facts->devices[i];
                struct words words = {};

                if (d->bus->syntax->parse(MATCH_PATH, s->arena, s->name, &words) && words.n == 1 &&
                    streq(words.v[0], d->path))
                        s->found->device = i;
        }
        return s->found->device != NO_DEVICE;
}

const char *lookup_absent(struct arena *a, const char *address)
{
        bool pci = strchr(address, ':');

        return arena_join(a, pci ? "there is no PCI device at " : "there is no device ", address, pci ? "" : " here",
                          "; passthroughctl list shows the addresses", NULL);
}

void device_lookup(const struct root *root, struct arena *a, const struct facts *facts, const char *name,
                   struct lookup *ret)
{
        struct search s = {.root = root, .arena = a, .facts = facts, .name = name, .found = ret};

        *ret = (struct lookup){.device = NO_DEVICE};
        if (facts_find_written(facts, name, &ret->device)) {
                if (ret->device == NO_DEVICE && root_exists(root, arena_join(a, TTYS "/", name, NULL)))
                        give_up(&s,
                                "%s is a name that the kernel keeps free: no port is behind it; passthroughctl "
                                "list shows those that are there",
                                name);
                else if (ret->device == NO_DEVICE)
                        give_up(&s, "%s", lookup_absent(a, name));
        } else if (startswith(name, "/dev/")) {
                if (!from_own_node(&s))
                        from_node(&s);
        } else if (strchr(name, '/') && from_path(&s))
                return;
        else if (!*name || *name == '.' || strchr(name, '/'))
                give_up(&s,
                        "\"%s\" is neither an address nor a path below /dev; passthroughctl list shows the addresses",
                        name);
        else
                from_word(&s);
}
