/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals that are the kernel's consoles: those that it writes to now, and those that it is told to. */
#include <fcntl.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

#define TERMINALS "/sys/class/tty"

static void console(struct graph *g, int class_fd, const char *name)
{
        char link[PATH_MAX];
        size_t node = guard_add(g, NODE_TERMINAL, name, guard_link(g, class_fd, TERMINALS, name, link));

        if (g->evidence->nodes[node].n_devices > 0)
                guard_use(g, node, "the kernel's console");
}

void guard_consoles(struct graph *g)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, TERMINALS, O_PATH | O_DIRECTORY);
        char *text, *token, *cmdline = arena_strdup(g->arena, g->facts->cmdline ? g->facts->cmdline : "");
        const char *line, *end, *rest;

        guard_read(g, "/proc/consoles", &text);
        for (rest = text; (line = guard_line(&rest, &end));)
                console(g, fd, arena_strndup(g->arena, line, strcspn(line, " \n")));
        while ((token = strsep(&cmdline, " \t\n")))
                if (startswith(token, "console=")) {
                        token += strlen("console=");
                        token[strcspn(token, ",")] = '\0';
                        console(g, fd, token);
                }
}
