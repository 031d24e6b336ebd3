/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial ports that the kernel writes to, by what it says and by what it is told: its consoles, the early ones and its
 * debugger (Documentation/admin-guide/serial-console.rst, kernel-parameters.txt); and the ports of systemd's debug
 * shells, systemd-debug-generator(8).
 */
#include <fcntl.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/terminals.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

#define TERMINALS "/sys/class/tty"

/* hvc0 and its like may be any port of virtio's, which has no device of its own (drivers/char/virtio_console.c). */
static bool is_virtual(const char *name)
{
        return startswith(name, "hvc");
}

static bool is_plugged(const char *name)
{
        return startswith(name, "ttyUSB") || startswith(name, "ttyACM");
}

/*
 * A port that nobody has registered yet may be any card's without a driver; that of a placeholder, too: the next UART
 * that is found may take its number (serial8250_find_match_or_unused() of drivers/tty/serial/8250/8250_core.c).
 */
static void may_be_any(struct graph *g, const char *name, const char *what)
{
        size_t node = guard_add(g, NODE_FILE, name, "");

        for (size_t i = 0; i < g->facts->n_devices; i++) {
                const struct device *d = &g->facts->devices[i];

                if (d->detailed && (is_plugged(name)   ? d->bus->interfaces && !d->driver
                                    : is_virtual(name) ? d->roles & ROLE_SERIAL && startswith(d->id, "1af4:")
                                                       : d->roles & ROLE_SERIAL && !d->driver))
                        guard_reach(g, node, i);
        }
        guard_claim(g, node, "%s is %s, and may be a port of this %s", name, what,
                    is_plugged(name) ? "device" : "card");
}

static void port(struct graph *g, int class_fd, const char *name, const char *what)
{
        char link[PATH_MAX], type[16];
        const char *path = arena_join(g->arena, TERMINALS "/", name, "/type", NULL);
        size_t node;

        if (guard_find(g, NODE_TERMINAL, name) != NO_NODE)
                return;
        guard_link(g, class_fd, TERMINALS, name, link);
        node = guard_add(g, NODE_TERMINAL, name, link);
        if (g->evidence->nodes[node].n_devices > 0)
                guard_use(g, node, "%s", what);
        else if (is_virtual(name) || (is_plugged(name) && !*link) ||
                 (startswith(name, "ttyS") &&
                  (!*link || (guard_attribute(g, path, type, sizeof(type)) > 0 && streq(type, "0")))))
                may_be_any(g, name, what);
}

/* A card by its address, or by one of its addresses. */
static void card(struct graph *g, size_t device, const struct token *t, const char *what)
{
        size_t node = guard_add(g, NODE_FILE, t->text, "");

        guard_reach(g, node, device);
        guard_use(g, node, "%s", what);
}

/* "0x000000000000c000 0x000000000000c007 0x0000000000040101", a line for each range of addresses. */
static void card_at(struct graph *g, unsigned long long at, const struct token *t, const char *what)
{
        for (size_t i = 0; i < g->facts->n_devices; i++) {
                const char **f, *rest;
                char *text;
                size_t n;

                if (!g->facts->devices[i].detailed)
                        continue;
                guard_read(g, arena_join(g->arena, g->facts->devices[i].sysfs, "/resource", NULL), &text);
                for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                        if (n >= 2 && strtoull(f[0], NULL, 16) <= at && at <= strtoull(f[1], NULL, 16))
                                card(g, i, t, what);
        }
}

/*
 * "ttyS2,115200n8", "kbd,ttyS2", "uart8250,io,0xc000,9600", "pciserial,force,03:00.0". What earlyprintk= calls ttyS1 is
 * the second port of the board, whatever has that name later (arch/x86/kernel/early_printk.c).
 */
static void ports_of(struct graph *g, int class_fd, const struct token *t, const char *what)
{
        char *rest = t->value ? arena_strdup(g->arena, t->value) : NULL, *word;
        bool first = true;

        for (; (word = strsep(&rest, ",")); first = false) {
                size_t device = facts_find(g->facts, arena_join(g->arena, "0000:", word, NULL));

                if (startswith(word, "/dev/"))
                        word += strlen("/dev/");
                if (startswith(word, "0x"))
                        card_at(g, strtoull(word, NULL, 16), t, what);
                else if (device != NO_DEVICE)
                        card(g, device, t, what);
                else if (!streq(t->name, "earlyprintk") &&
                         (startswith(word, "tty") || (first && streq(t->name, "console"))))
                        port(g, class_fd, word, what);
        }
}

/* "ttyS4                -W- (EC p a)    4:68": a line for each. Returns the early one that is still at work, or NULL.
 */
static const char *consoles_of_now(struct graph *g, int class_fd)
{
        const char *line, *end, *rest, *early = NULL;
        char *text, *name;

        guard_read(g, "/proc/consoles", &text);
        for (rest = text; (line = guard_line(&rest, &end));) {
                const char *flags = memchr(line, '(', (size_t)(end - line));

                name = arena_strndup(g->arena, line, strcspn(line, " \n"));
                port(g, class_fd, name, TERMINALS_CONSOLE);
                if (flags && memchr(flags, 'B', strcspn(flags, ")\n")))
                        early = name;
        }
        guard_read(g, TERMINALS "/console/active", &text);
        while ((name = strsep(&text, " \n")))
                if (*name)
                        port(g, class_fd, name, TERMINALS_CONSOLE);
        return early;
}

void guard_consoles(struct graph *g)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, TERMINALS, O_PATH | O_DIRECTORY);
        const char *early = consoles_of_now(g, fd);
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(g->arena, g->facts->cmdline ? g->facts->cmdline : "", &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const struct token *t = &tokens[i];
                const char *what = terminals_parameter(t->name);

                if (what)
                        ports_of(g, fd, t, what);
                if (early && streq(t->name, "earlycon") && (!t->value || !*t->value))
                        guard_unknown(
                                g, &g->evidence->consoles_unknown,
                                "the kernel's early console (%s) is still at work, and its port is the firmware's "
                                "choice",
                                early);
        }
}
