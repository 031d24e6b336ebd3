/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/daemons.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define USBGUARD "/etc/usbguard/usbguard-daemon.conf"

static bool has_unit(const struct root *root, struct arena *a, const char *unit)
{
        static const char *const dirs[] = {"/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"};

        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (root_exists(root, arena_join(a, dirs[i], unit, NULL)))
                        return true;
        return false;
}

/* systemctl enable makes the link; unit: "usbguard.service". */
static bool is_enabled(const struct root *root, struct arena *a, const char *unit)
{
        static const char *const targets[] = {"basic", "multi-user", "sysinit", "graphical"};
        char target[PATH_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
                if (root_readlink(root, arena_join(a, "/etc/systemd/system/", targets[i], ".target.wants/", unit, NULL),
                                  target, sizeof(target)) > 0)
                        return true;
        return false;
}

/* The value of "KEY=VALUE", without quotes; NULL: the line is about something else. */
static const char *value_of(struct arena *a, const char *line, const char *key)
{
        size_t n = strlen(key);
        char *value;

        if (!line || strncasecmp(line, key, n) != 0 || line[n] != '=')
                return NULL;
        value = str_trim(arena_strdup(a, line + n + 1));
        n = strlen(value);
        if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
                value[n - 1] = '\0';
                value++;
        }
        return value;
}

static void read_usbguard(const struct root *root, struct arena *a, struct usbguard *ret)
{
        const char *folder[] = {"/etc/usbguard/rules.d", NULL};
        struct conf_lines lines = {};

        *ret = (struct usbguard){.enabled = is_enabled(root, a, "usbguard.service"),
                                 .target = "block",
                                 .file = "/etc/usbguard/rules.conf"};
        if (!ret->enabled)
                return;
        conf_lines_of(root, a, USBGUARD, &lines);
        for (size_t i = 0; i < lines.n; i++) {
                const char *target = value_of(a, lines.v[i].text, "ImplicitPolicyTarget"),
                           *file = value_of(a, lines.v[i].text, "RuleFile"),
                           *rules = value_of(a, lines.v[i].text, "RuleFolder");

                ret->target = target ? target : ret->target;
                ret->file = file && *file ? file : ret->file;
                folder[0] = rules && *rules ? rules : folder[0];
        }
        conf_lines_of(root, a, ret->file, &ret->rules);
        conf_lines_in(root, a, folder, ".conf", &ret->rules);
}

/* Where the port's directory is; by-id and the like lead there, too. */
static const char *port_sysfs(const struct root *root, struct arena *a, const char *port)
{
        static const char up[] = "../../devices/";
        char target[PATH_MAX];
        const char *name = startswith(port, "/dev/") ? port : arena_join(a, "/dev/", port, NULL);

        if (root_readlink(root, name, target, sizeof(target)) > 0)
                name = arena_strdup(a, target);
        if (root_readlink(root, arena_join(a, "/sys/class/tty/", str_basename(name), NULL), target, sizeof(target)) <=
                    0 ||
            !startswith(target, up))
                return NULL;
        return arena_join(a, "/sys/devices/", target + strlen(up), NULL);
}

static void add_port(const struct root *root, struct arena *a, const char *program, const struct conf_line *line,
                     const char *port, struct daemons *ret)
{
        struct daemon_port *p = arena_grow(a, &ret->ports, ret->n_ports, sizeof(*p));

        *p = (struct daemon_port){.program = program,
                                  .file = line->file,
                                  .line = line->number,
                                  .port = port,
                                  .sysfs = port_sysfs(root, a, port)};
        ret->n_ports++;
}

/* brltty.conf: "braille-device serial:ttyS1,usb:"; that of a port has its driver in front of it, or a colon alone. */
static void read_brltty(const struct root *root, struct arena *a, struct daemons *ret)
{
        static const char key[] = "braille-device", serial[] = "serial:";
        struct conf_lines lines = {};

        conf_lines_of(root, a, "/etc/brltty.conf", &lines);
        for (size_t i = 0; i < lines.n; i++) {
                char *text = lines.v[i].text, *word;

                if (!text || strncasecmp(text, key, strlen(key)) != 0 || !strchr(" \t", text[strlen(key)]))
                        continue;
                text += strlen(key);
                while ((word = strsep(&text, ", \t")))
                        if (startswith(word, serial) && word[strlen(serial)])
                                add_port(root, a, "brltty", &lines.v[i], word + strlen(serial), ret);
        }
}

/* What its unit reads: Debian's file and Fedora's. */
static void read_gpsd(const struct root *root, struct arena *a, struct daemons *ret)
{
        struct conf_lines lines = {};

        conf_lines_of(root, a, "/etc/default/gpsd", &lines);
        conf_lines_of(root, a, "/etc/sysconfig/gpsd", &lines);
        for (size_t i = 0; i < lines.n; i++) {
                const char *devices = value_of(a, lines.v[i].text, "DEVICES"), **words;
                size_t n = 0;

                if (devices)
                        str_words(a, devices, &words, &n);
                for (size_t k = 0; k < n; k++)
                        add_port(root, a, "gpsd", &lines.v[i], words[k], ret);
        }
}

/* Those that people put into udev rules, and that need no ID_FS_* to mount. */
static bool runs_mount(const char *text)
{
        const char *run = strstr(text, "RUN");

        return run && *text != '#' && (strstr(run, "mount ") || strstr(run, "mount\"") || strstr(run, "mount@"));
}

static void read_mounts(const struct root *root, struct arena *a, struct daemons *ret)
{
        static const char *const dirs[] = {"/etc/udev/rules.d", NULL};
        static const char usbmount[] = "/etc/usbmount/usbmount.conf";
        struct conf_lines lines = {};

        conf_lines_in(root, a, dirs, ".rules", &lines);
        for (size_t i = 0; i < lines.n; i++)
                if (lines.v[i].text && runs_mount(lines.v[i].text)) {
                        struct conf_line *line = arena_grow(a, &ret->mounts.v, ret->mounts.n++, sizeof(*line));

                        *line = lines.v[i];
                }
        lines = (struct conf_lines){};
        conf_lines_of(root, a, usbmount, &lines);
        for (size_t i = 0; i < lines.n; i++) {
                const char *enabled = value_of(a, lines.v[i].text, "ENABLED");

                if (enabled)
                        ret->usbmount = streq(enabled, "1") ? usbmount : NULL;
        }
}

void daemons_read(const struct root *root, struct arena *a, struct daemons *ret)
{
        *ret = (struct daemons){
                .modem_manager = has_unit(root, a, "ModemManager.service"),
                .brltty = has_unit(root, a, "brltty.service"),
                .gpsd = has_unit(root, a, "gpsd.service"),
                .udisks = has_unit(root, a, "udisks2.service"),
        };
        read_usbguard(root, a, &ret->usbguard);
        read_brltty(root, a, ret);
        read_gpsd(root, a, ret);
        read_mounts(root, a, ret);
}
