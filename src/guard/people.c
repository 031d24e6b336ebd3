/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people at the machine need of it: keyboards, and the terminals that are the kernel's consoles. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "guard/graph.h"

/* KEY_ESC to KEY_S: who has all of these is a keyboard, as udev's input_id has it; a power button is not. */
#define TYPEWRITER 0xfffffffeul

static bool is_keyboard(struct graph *h, const char *name)
{
        char path[PATH_MAX], text[1024], *low;

        if (snprintf(path, sizeof(path), "/sys/class/input/%s/capabilities/key", name) >= (int)sizeof(path) ||
            root_read(h->root, path, text, sizeof(text)) <= 0)
                return false;
        low = strrchr(text, ' ');
        return (strtoul(low ? low + 1 : text, NULL, 16) & TYPEWRITER) == TYPEWRITER;
}

static int keyboards(struct graph *h)
{
        const char **names;
        size_t n;
        int k = root_list(h->root, h->arena, "/sys/class/input", &names, &n);

        if (k < 0 || !root_exists(h->root, "/sys/class/input")) {
                host_unknown(h, &h->evidence->people_unknown,
                             "a passphrase may be asked (%s), and which keyboards there are is not known",
                             h->evidence->passphrase);
                return 0;
        }
        for (size_t i = 0; i < n; i++) {
                char target[PATH_MAX], link[PATH_MAX], *part, *rest = target;
                size_t *slot;

                if (!startswith(names[i], "input") || !is_keyboard(h, names[i]))
                        continue;
                if (snprintf(link, sizeof(link), "/sys/class/input/%s", names[i]) >= (int)sizeof(link) ||
                    root_readlink(h->root, link, target, sizeof(target)) <= 0)
                        *target = '\0';
                /* Made up by a program, or of no use before one has connected it. */
                if (strstr(target, "/devices/virtual/") || strstr(target, "/bluetooth/"))
                        continue;
                slot = arena_grow(h->arena, &h->evidence->keyboards, h->evidence->n_keyboards, sizeof(*slot));
                h->evidence->n_keyboards++;
                *slot = NO_DEVICE;
                while ((part = strsep(&rest, "/"))) {
                        size_t device = facts_find(h->facts, part);

                        if (device != NO_DEVICE)
                                *slot = device;
                }
        }
        return 0;
}

static void console(struct graph *h, int class_fd, const char *name)
{
        char target[PATH_MAX];
        size_t node;

        host_add(h, NODE_TERMINAL, class_fd, name, target, sizeof(target), &node);
        if (h->evidence->nodes[node].n_functions > 0)
                host_use(h, node, "the kernel's console");
}

/* Those that the kernel writes to now, and those that it is told to. */
void host_consoles(struct graph *h)
{
        _cleanup_(close_fd) int fd = root_open_at(h->root, "/sys/class/tty", O_PATH | O_DIRECTORY);
        const char *line, *end, *text;
        char *file, *token;
        int k = host_read(h, "/proc/consoles", &file);

        for (text = k == 0 ? file : ""; (line = host_line(&text, &end));)
                console(h, fd, arena_strndup(h->arena, line, strcspn(line, " \n")));
        k = host_read(h, "/proc/cmdline", &file);
        while (k == 0 && (token = strsep(&file, " \t\n")))
                if (startswith(token, "console=")) {
                        token += strlen("console=");
                        token[strcspn(token, ",")] = '\0';
                        console(h, fd, token);
                }
}

/* A line of crypttab for which no file and no chip answers. */
static int passphrase(struct graph *h)
{
        const char *text, **f;
        char *file;
        size_t n;
        int k = host_read(h, "/etc/crypttab", &file);

        for (text = k == 0 ? file : ""; (k = host_fields(h, &text, &f, &n)) > 0;) {
                if (n < 2 || *f[0] == '#')
                        continue;
                if (n >= 4 && (strstr(f[3], "fido2-device=") || strstr(f[3], "pkcs11-uri=")))
                        host_unknown(h, &h->evidence->people_unknown,
                                     "crypttab wants a token for %s, and on which USB controller that is is not known",
                                     f[0]);
                if (h->evidence->passphrase || (n >= 3 && *f[2] == '/') ||
                    (n >= 4 && (strstr(f[3], "tpm2-device=") || strstr(f[3], "keyscript="))))
                        continue;
                h->evidence->passphrase = arena_printf(h->arena, "crypttab %s", f[0]);
        }
        k = host_read(h, "/proc/cmdline", &file);
        if (k == 0 && !h->evidence->passphrase &&
            (strstr(file, "rd.luks.") || strstr(file, "luks.uuid=") || strstr(file, "cryptdevice=")))
                h->evidence->passphrase = "the command line's rd.luks";
        return 0;
}

int host_people(struct graph *h)
{
        int k = passphrase(h);

        return k == 0 && h->evidence->passphrase ? keyboards(h) : k;
}
