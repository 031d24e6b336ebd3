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

#define EV_REL 2 /* linux/input-event-codes.h */

/* It moves a pointer. */
static bool moves(struct graph *g, const char *input)
{
        char text[64];

        return guard_attribute(g, arena_join(g->arena, input, "/capabilities/ev", NULL), text, sizeof(text)) > 0 &&
               strtoul(text, NULL, 16) >> EV_REL & 1;
}

/*
 * What an input device is a part of, by where it is in sysfs: of ".../1-2/1-2:1.1/0003:046D:C08B.0002/input/input5" it
 * is ".../1-2/1-2/0003:046D:C08B". NULL: it is no part of anything.
 */
static const char *whole(struct graph *g, const char *target)
{
        const char *end = strstr(target, "/input/input");
        char *path = end ? arena_strndup(g->arena, target, (size_t)(end - target)) : NULL, *hid, *above, *dot;

        if (!path || !(hid = strrchr(path, '/')) || !strchr(hid, ':') || !(dot = strchr(hid, '.')))
                return NULL;
        *dot = *hid = '\0';
        above = strrchr(path, '/');
        if (above && strchr(above, ':'))
                *strchr(above, ':') = '\0';
        return arena_join(g->arena, path, "/", hid + 1, NULL);
}

/* A mouse with keys has these as a device beside the one that moves. */
static bool moves_beside(struct graph *g, const char *const *names, size_t n, const char *target)
{
        const char *mine = whole(g, target), *theirs;
        char other[PATH_MAX];

        for (size_t i = 0; mine && i < n; i++) {
                const char *input = arena_join(g->arena, "/sys/class/input/", names[i], NULL);

                if (startswith(names[i], "input") && guard_readlink(g, input, other, sizeof(other)) > 0 &&
                    (theirs = whole(g, other)) && streq(mine, theirs) && moves(g, input))
                        return true;
        }
        return false;
}

/* It types like a keyboard, and is none: by Yubico's number (usb.ids), or as it moves a pointer. */
static bool in_name_only(struct graph *g, const char *input)
{
        char text[64];

        if (guard_attribute(g, arena_join(g->arena, input, "/id/vendor", NULL), text, sizeof(text)) > 0 &&
            streq(text, "1050"))
                return true;
        return moves(g, input);
}

static void add_keyboard(struct graph *g, const char *name, const char *const *names, size_t n)
{
        struct evidence *e = g->evidence;
        char target[PATH_MAX], link[PATH_MAX], inhibited[8];
        size_t node;

        if (snprintf(link, sizeof(link), "/sys/class/input/%s", name) >= (int)sizeof(link) ||
            guard_readlink(g, link, target, sizeof(target)) <= 0)
                *target = '\0';
        /* Made up by a program, or of no use before one has connected it. */
        if (strstr(target, "/devices/virtual/") || strstr(target, "/bluetooth/"))
                return;
        /* The kernel drops what is typed on it (since Linux 5.11). */
        if (guard_attribute(g, arena_join(g->arena, link, "/inhibited", NULL), inhibited, sizeof(inhibited)) > 0 &&
            !streq(inhibited, "0"))
                return;
        node = guard_add(g, NODE_KEYBOARD, name, target);
        /* A token that types, or a mouse with keys: nobody can count on it, but it may be a keyboard with a mouse. */
        if (in_name_only(g, link) || moves_beside(g, names, n, target))
                *(size_t *)arena_grow(g->arena, &e->typers, e->n_typers++, sizeof(*e->typers)) = node;
        else
                *(size_t *)arena_grow(g->arena, &e->keyboards, e->n_keyboards++, sizeof(*e->keyboards)) = node;
}

static void keyboards(struct graph *g)
{
        const char **names;
        size_t n;

        /* One that cannot be read may be on any device. */
        g->unknown = &g->evidence->unlisted;
        g->evidence->keyboards_listed = guard_list(g, "/sys/class/input", &names, &n) == SOURCE_READ;
        if (!g->evidence->keyboards_listed)
                guard_unknown(g, &g->evidence->keyboards_unknown,
                              "a passphrase may be asked for (%s), and the keyboards are unknown",
                              g->evidence->passphrase);
        for (size_t i = 0; i < n; i++)
                if (startswith(names[i], "input") && is_keyboard(g, names[i]))
                        add_keyboard(g, names[i], names, n);
        if (g->evidence->n_keyboards == 0)
                guard_unknown(g, &g->evidence->keyboards_unknown,
                              "a passphrase may be asked for (%s), and no keyboard shows: one may be plugged in here; "
                              "plug one in elsewhere, or keep this device with a Driver=native rule",
                              g->evidence->passphrase);
}

/* A chip may refuse, or want a PIN as a token does; a script may do anything. */
static bool may_ask(const char *options)
{
        return strstr(options, "tpm2-device=") || strstr(options, "fido2-device=") || strstr(options, "pkcs11-uri=") ||
               strstr(options, "keyscript=");
}

static void wants_token(struct graph *g, const char *options, const char *file, const char *name)
{
        bool types = strstr(options, "fido2-device="), is_card = strstr(options, "pkcs11-uri=");

        if (types || is_card)
                guard_unknown(g, &g->evidence->token, "%s wants a token for %s", file, name);
        g->evidence->token_types |= types;
        g->evidence->token_is_card |= is_card;
}

/* Where a key file or a chance number does it, nobody is asked. */
static void from_crypttab(struct graph *g)
{
        struct evidence *e = g->evidence;
        const char *rest, **f;
        char *text;
        size_t n;

        if (guard_read(g, "/etc/crypttab", &text) == SOURCE_UNREADABLE)
                e->passphrase = "cannot see what crypttab says";
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);) {
                const char *options = n >= 4 ? f[3] : "";

                if (n < 2 || *f[0] == '#')
                        continue;
                wants_token(g, options, "crypttab", f[0]);
                if (!e->passphrase && (n < 3 || *f[2] != '/' || may_ask(options)))
                        e->passphrase = arena_printf(g->arena, "crypttab %s", f[0]);
        }
}

/* rd.luks.uuid=, rd_LUKS_UUID=, luks.name= and all their like; switched off by "no" alone. */
static bool opens_luks(const char *cmdline)
{
        static const char *const words[] = {
                "luks.uuid=", "luks.name=", "luks.key=",    "luks.options=", "luks.serial=", "luks.partuuid=",
                "luks_uuid=", "luks.data=", "luks.header=", "cryptdevice=",  "cryptopts="};

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcasestr(cmdline, words[i]))
                        return true;
        return false;
}

/* The encrypted volume that the node stands on, or NULL. */
static const struct node *encrypted(const struct graph *g, size_t node, unsigned depth)
{
        const struct node *n = &g->evidence->nodes[node], *found = NULL;

        if (n->kind == NODE_BLOCK && strstr(n->label, " crypt"))
                return n;
        for (size_t i = 0; i < n->n_below && !found && depth < 16; i++)
                found = encrypted(g, n->below[i], depth + 1);
        return found;
}

/* systemd-gpt-auto-generator(8) opens what is for one of these, whatever no table has. */
static bool is_found_by_type(const char *what)
{
        static const char *const found[] = {USE_ROOT, USE_SWAP, "/home", "/srv", "/var", "/var/tmp"};

        return str_index(what, found, ARRAY_SIZE(found)) >= 0;
}

static void from_volumes(struct graph *g)
{
        struct evidence *e = g->evidence;

        for (size_t i = 0; i < g->n_mounts && !e->passphrase; i++)
                if (streq(g->mounts[i].at, "/") &&
                    (streq(g->mounts[i].type, "bcachefs") || streq(g->mounts[i].type, "zfs")))
                        e->passphrase = arena_printf(g->arena, "%s on /, which may be encrypted", g->mounts[i].type);
        for (size_t i = 0; i < e->n_uses && !e->passphrase; i++) {
                const char *what = e->uses[i].what;
                const struct node *n = is_found_by_type(what) ? encrypted(g, e->uses[i].node, 0) : NULL;
                char *text;

                /* crypttab has said all there is to say of its own. */
                if (!n ||
                    (guard_read(g, "/etc/crypttab", &text) == SOURCE_READ && n->map_name && strstr(text, n->map_name)))
                        continue;
                e->passphrase = arena_printf(g->arena, "%s, which %s is on", n->label, what);
        }
}

void guard_keyboards(struct graph *g)
{
        from_crypttab(g);
        wants_token(g, g->facts->cmdline ? g->facts->cmdline : "", "the command line", "a disk");
        if (!g->evidence->passphrase && opens_luks(g->facts->cmdline ? g->facts->cmdline : ""))
                g->evidence->passphrase = "the command line's rd.luks";
        from_volumes(g);
        if (g->evidence->passphrase)
                keyboards(g);
}
