/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards, if somebody may have to type a passphrase while the host starts. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

/* KEY_ESC to KEY_S: who has all of these is a keyboard, as udev's input_id has it; a power button is not. */
#define TYPEWRITER 0xfffffffeul

static bool is_keyboard(struct graph *g, const char *name)
{
        char path[PATH_MAX], text[1024], *low;

        if (snprintf(path, sizeof(path), "/sys/class/input/%s/capabilities/key", name) >= (int)sizeof(path) ||
            guard_attribute(g, path, text, sizeof(text)) <= 0)
                return false;
        low = strrchr(text, ' ');
        return (strtoul(low ? low + 1 : text, NULL, 16) & TYPEWRITER) == TYPEWRITER;
}

static void add_keyboard(struct graph *g, const char *name)
{
        struct evidence *e = g->evidence;
        char target[PATH_MAX], link[PATH_MAX];

        if (snprintf(link, sizeof(link), "/sys/class/input/%s", name) >= (int)sizeof(link) ||
            guard_readlink(g, link, target, sizeof(target)) <= 0)
                *target = '\0';
        /* Made up by a program, or of no use before one has connected it. */
        if (strstr(target, "/devices/virtual/") || strstr(target, "/bluetooth/"))
                return;
        *(size_t *)arena_grow(g->arena, &e->keyboards, e->n_keyboards, sizeof(*e->keyboards)) =
                guard_device_on(g, target);
        e->n_keyboards++;
}

static void keyboards(struct graph *g)
{
        const char **names;
        size_t n;

        if (guard_list(g, "/sys/class/input", &names, &n) != SOURCE_READ)
                guard_unknown(g, &g->evidence->keyboards_unknown,
                              "a passphrase may be asked (%s), and which keyboards there are is not known",
                              g->evidence->passphrase);
        for (size_t i = 0; i < n; i++)
                if (startswith(names[i], "input") && is_keyboard(g, names[i]))
                        add_keyboard(g, names[i]);
}

/* A line of crypttab for which no file and no chip answers. */
static void passphrase(struct graph *g)
{
        const char *cmdline = g->facts->cmdline ? g->facts->cmdline : "", *rest, **f;
        struct evidence *e = g->evidence;
        char *text;
        size_t n;

        if (guard_read(g, "/etc/crypttab", &text) == SOURCE_UNREADABLE)
                e->passphrase = "what crypttab says is not known";
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);) {
                if (n < 2 || *f[0] == '#')
                        continue;
                if (n >= 4 && (strstr(f[3], "fido2-device=") || strstr(f[3], "pkcs11-uri=")))
                        guard_unknown(g, &e->keyboards_unknown,
                                      "crypttab wants a token for %s, and on which USB controller that is is not known",
                                      f[0]);
                if (e->passphrase || (n >= 3 && *f[2] == '/') ||
                    (n >= 4 && (strstr(f[3], "tpm2-device=") || strstr(f[3], "keyscript="))))
                        continue;
                e->passphrase = arena_printf(g->arena, "crypttab %s", f[0]);
        }
        if (!e->passphrase &&
            (strstr(cmdline, "rd.luks.") || strstr(cmdline, "luks.uuid=") || strstr(cmdline, "cryptdevice=")))
                e->passphrase = "the command line's rd.luks";
}

void guard_keyboards(struct graph *g)
{
        passphrase(g);
        if (g->evidence->passphrase)
                keyboards(g);
}
