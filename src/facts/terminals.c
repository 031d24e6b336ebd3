/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/terminals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cmdline/cmdline.h"

#define TTY_CLASS  "/sys/class/tty"
#define SHELL_UNIT "debug-shell.service"
#define TTY_PATH   "TTYPath="

const char *const terminals_logins[] = {"serial-getty@", "getty@", NULL};

static void unknown(struct terminals *t, const char *path)
{
        if (!t->unknown)
                t->unknown = arena_join(t->arena, path, " cannot be read", NULL);
}

static void unknown_shell(struct terminals *t, const char *path)
{
        unknown(t, path);
        if (!t->shells_unknown)
                t->shells_unknown = arena_join(t->arena, path, " cannot be read", NULL);
}

static char *read_text(struct terminals *t, const char *path)
{
        char *text;
        size_t size;

        if (root_look(t->root, t->arena, path, &text, &size) == SOURCE_UNREADABLE)
                unknown(t, path);
        return text;
}

/* "ttyS0                -W- (EC p a)    4:64", a line each; B: one of those for the time before the others. */
static void read_consoles(struct terminals *t)
{
        char *text = read_text(t, "/proc/consoles"), *line, *word;

        while ((line = strsep(&text, "\n"))) {
                const char *flags = strchr(line, '(');

                if (flags && memchr(flags, 'B', strcspn(flags, ")")) && memchr(flags, 'E', strcspn(flags, ")")) &&
                    !t->unknown)
                        t->unknown = "an early console of the kernel is still on, and its port does not show";
                line[strcspn(line, " ")] = '\0';
                if (*line)
                        str_add(t->arena, &t->consoles, &t->n_consoles, line);
        }
        text = read_text(t, TTY_CLASS "/console/active");
        while ((word = strsep(&text, " \n")))
                if (*word)
                        str_add(t->arena, &t->consoles, &t->n_consoles, word);
}

/* systemd.exec(5): the last TTYPath= counts; each of them may, as long as not all drop-ins are weighed. */
static void read_shell_unit(struct terminals *t, const char *path)
{
        char *text, *line;
        size_t size;

        if (root_look(t->root, t->arena, path, &text, &size) == SOURCE_UNREADABLE)
                unknown_shell(t, path);
        while ((line = strsep(&text, "\n"))) {
                const char *value = startswith(line, TTY_PATH) ? line + strlen(TTY_PATH) : NULL;

                if (value)
                        str_add(t->arena, &t->shells, &t->n_shells,
                                startswith(value, "/dev/") ? value + strlen("/dev/") : value);
        }
}

static void read_shells(struct terminals *t)
{
        static const char *const places[] = {
                "/etc/systemd/system",         "/run/systemd/system",           "/run/systemd/generator.early",
                "/run/systemd/generator",      "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
                "/run/systemd/generator.late",
        };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                const char *unit = arena_join(t->arena, places[i], "/" SHELL_UNIT, NULL), **names;
                char *drop_ins = arena_join(t->arena, unit, ".d", NULL);
                size_t n;

                read_shell_unit(t, unit);
                if (root_look_in(t->root, t->arena, drop_ins, &names, &n) == SOURCE_UNREADABLE)
                        unknown_shell(t, drop_ins);
                for (size_t k = 0; k < n; k++)
                        read_shell_unit(t, arena_join(t->arena, drop_ins, "/", names[k], NULL));
        }
}

void terminals_read(const struct root *root, struct arena *a, const char *cmdline, struct terminals *ret)
{
        *ret = (struct terminals){.root = root, .arena = a, .cmdline = cmdline};
        read_consoles(ret);
        read_shells(ret);
}

/* ---- the command line ---------------------------------------------------------------------------------------------
 */

/* Parameters that name a port so that the host does not talk through it, or to give it a login that we take away. */
static bool is_harmless(const char *parameter)
{
        return startswith(parameter, "passthrough.") || startswith(parameter, "systemd.set_credential") ||
               startswith(parameter, "systemd.set-credential") || startswith(parameter, "systemd.mask") ||
               startswith(parameter, "rd.systemd.mask");
}

const char *terminals_parameter(const char *name)
{
        static const struct {
                const char *name, *what;
        } known[] = {
                {"console", TERMINALS_CONSOLE},
                {"earlycon", "the kernel's early console"},
                {"earlyprintk", "the kernel's early console"},
                {"kgdboc", "the kernel's debugger"},
                {"ekgdboc", "the kernel's debugger"},
                {"kgdboc_earlycon", "the kernel's debugger"},
                {"systemd.debug_shell", "the debug shell"},
                {"systemd.default_debug_tty", "the debug shell"},
        };

        name += startswith(name, "rd.") ? strlen("rd.") : 0;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (cmdline_name_is(name, known[i].name))
                        return known[i].what;
        return NULL;
}

static const char *meaning(struct arena *a, const struct token *t)
{
        const char *what = terminals_parameter(t->name), *where = " on the kernel command line";

        return what ? arena_join(a, what, " (", t->text, where, ")", NULL) : arena_join(a, t->text, where, NULL);
}

static bool in_name(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* As a word of its own, "kbd,ttyS2". */
static bool names_port(const char *value, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = value; (at = strstr(at, name)); at += n)
                if ((at == value || !in_name(at[-1])) && !in_name(at[n]))
                        return true;
        return false;
}

/* "uart8250,io,0x3f8,9600n8" is the port that has that address. */
static bool has_address(const char *value, unsigned long long at)
{
        for (const char *hex = value; at > 0 && (hex = strstr(hex, "0x")); hex += 2)
                if (strtoull(hex, NULL, 16) == at)
                        return true;
        return false;
}

static unsigned long long port_number(const struct terminals *t, const char *name, const char *file)
{
        char text[32];

        if (root_read(t->root, arena_join(t->arena, TTY_CLASS "/", name, "/", file, NULL), text, sizeof(text)) <= 0)
                return 0;
        return strtoull(text, NULL, 16);
}

static const char *command_line_use(const struct terminals *t, const char *name)
{
        struct token *tokens;
        size_t n;
        bool unclosed;

        cmdline_split(t->arena, t->cmdline ? t->cmdline : "", &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const char *value = tokens[i].value;

                if (!value || is_harmless(tokens[i].name))
                        continue;
                if (names_port(value, name) ||
                    (strstr(value, "0x") && (has_address(value, port_number(t, name, "port")) ||
                                             has_address(value, port_number(t, name, "iomem_base")))))
                        return meaning(t->arena, &tokens[i]);
        }
        return NULL;
}

const char *terminals_shell(const struct terminals *t, const char *name)
{
        return str_index(name, t->shells, t->n_shells) >= 0 ? "the debug shell (" TTY_PATH " of " SHELL_UNIT ")" : NULL;
}

const char *terminals_use(const struct terminals *t, const char *name, const char **ret_unknown)
{
        const char *path = arena_join(t->arena, TTY_CLASS "/", name, "/console", NULL);
        char text[8] = "";
        ssize_t n = root_read(t->root, path, text, sizeof(text));
        const char *use = command_line_use(t, name);

        *ret_unknown = NULL;
        if (str_index(name, t->consoles, t->n_consoles) >= 0 || (n > 0 && *text == 'Y'))
                return TERMINALS_CONSOLE;
        if (use)
                return use;
        if (terminals_shell(t, name))
                return terminals_shell(t, name);
        *ret_unknown = t->unknown;
        if (!t->unknown && n < 0 && n != -ENOENT && n != -ENOTDIR)
                *ret_unknown = arena_join(t->arena, path, " cannot be read", NULL);
        return NULL;
}
