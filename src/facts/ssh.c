/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/ssh.h"

#include <stdio.h>
#include <stdlib.h>
#include <utmp.h>

#include "base/span.h"
#include "base/str.h"

#define SESSIONS "/run/systemd/sessions"
#define UTMP     "/run/utmp"
#define DEPTH    64

struct login {
        const struct root *root;
        struct arena *a;
        bool served;      /* an ancestor serves logins from afar */
        bool detachable;  /* an ancestor keeps terminals for whoever comes, or may: it cannot be read */
        int tty;          /* the terminal of the process, as proc_pid_stat(5) has it; 0: none */
        const char *name; /* of the login session; NULL: it is in none */
};

static bool begins_with_one_of(const char *name, const char *const *list)
{
        for (; *list; list++)
                if (startswith(name, *list))
                        return true;
        return false;
}

/* By the names that the kernel has of them. sshd is sshd-session, too. */
static void judge_ancestor(struct login *l, const char *name)
{
        static const char *const servers[] = {"sshd",       "dropbear",   "tinysshd", "mosh-server", "telnetd",
                                              "in.telnetd", "in.rlogind", "cockpit",  "xrdp",        NULL};
        static const char *const keepers[] = {"tmux", "screen", "SCREEN", "dtach", "abduco", "zellij", NULL};

        l->served |= begins_with_one_of(name, servers);
        l->detachable |= begins_with_one_of(name, keepers);
}

/* "PID (NAME) STATE PARENT GROUP SESSION TTY"; *name is cut out of it. */
static bool parse_stat(char *text, const char **name, int *parent, int *tty)
{
        char *begin = strchr(text, '('), *end = strrchr(text, ')');

        if (!begin || !end || end < begin)
                return false;
        *end = '\0';
        *name = begin + 1;
        return sscanf(end + 1, " %*c %d %*d %*d %d", parent, tty) == 2;
}

static void look_at_ancestors(struct login *l, int pid)
{
        for (unsigned depth = 0; pid > 0 && depth < DEPTH; depth++) {
                char path[64], text[1024];
                const char *name;
                int tty;

                snprintf(path, sizeof(path), "/proc/%d/stat", pid);
                if (root_read(l->root, path, text, sizeof(text)) <= 0 || !parse_stat(text, &name, &pid, &tty)) {
                        l->detachable = true; /* it may be anybody */
                        return;
                }
                judge_ancestor(l, name);
                if (depth == 0)
                        l->tty = tty;
        }
}

/* ---- sessions of logind --------------------------------------------------------------------------------------------
 */

/* "0::/user.slice/user-1000.slice/session-3.scope" */
static void find_session(struct login *l, int pid)
{
        char path[64], *text, *at, *end;
        size_t size;

        snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
        if (root_look(l->root, l->a, path, &text, &size) != SOURCE_READ || !(at = strstr(text, "/session-")))
                return;
        at += strlen("/session-");
        end = strstr(at, ".scope");
        if (end && !memchr(at, '/', (size_t)(end - at)))
                l->name = arena_strndup(l->a, at, (size_t)(end - at));
}

static bool is_remote(const struct login *l, const char *session)
{
        const char *at;
        struct span line, value;
        size_t size;
        char *text;

        if (root_look(l->root, l->a, arena_join(l->a, SESSIONS "/", session, NULL), &text, &size) != SOURCE_READ)
                return false;
        for (at = text; span_line(&at, &line);)
                if (span_value(line, "REMOTE=", &value) && value.length == 1 && *value.at == '1')
                        return true;
        return false;
}

/* ---- utmp(5) -------------------------------------------------------------------------------------------------------
 */

/* "192.168.0.7", and not ":0" or what tmux and screen say of themselves. */
static bool names_a_host(const char *host)
{
        return *host && *host != ':' && !startswith(host, "tmux(") && !strstr(host, ":S.") &&
               !streq(host, "login screen");
}

/* line: of a terminal ("pts/3"), or NULL: of any. */
static enum source look_at_utmp(const struct login *l, const char *line, bool *ret)
{
        enum source s;
        size_t size;
        char *data;

        *ret = false;
        s = root_look(l->root, l->a, UTMP, &data, &size);
        for (size_t at = 0; s == SOURCE_READ && at + sizeof(struct utmp) <= size; at += sizeof(struct utmp)) {
                struct utmp entry;
                char host[sizeof(entry.ut_host) + 1] = "", terminal[sizeof(entry.ut_line) + 1] = "";

                memcpy(&entry, data + at, sizeof(entry));
                memcpy(host, entry.ut_host, sizeof(entry.ut_host));
                memcpy(terminal, entry.ut_line, sizeof(entry.ut_line));
                *ret |= entry.ut_type == USER_PROCESS && (!line || streq(terminal, line)) && names_a_host(host);
        }
        return s;
}

/* Of the terminals that programs make (Documentation/admin-guide/devices.txt: 136 to 143). */
static bool terminal_is_remote(const struct login *l)
{
        unsigned major_of = (unsigned)l->tty >> 8 & 0xfff;
        unsigned minor_of = ((unsigned)l->tty & 0xff) | ((unsigned)l->tty >> 12 & 0xfff00);
        bool remote;

        if (major_of < 136 || major_of > 143)
                return false;
        (void)look_at_utmp(l, arena_printf(l->a, "pts/%u", (major_of - 136) * 256 + minor_of), &remote);
        return remote;
}

/* ---- all of it -----------------------------------------------------------------------------------------------------
 */

/* Whether anybody is here from afar; *ret_known: that could be told. */
static bool anybody(const struct login *l, bool *ret_known)
{
        const char **names;
        bool remote, any = false;
        size_t n;

        *ret_known = root_look_in(l->root, l->a, SESSIONS, &names, &n) == SOURCE_READ;
        for (size_t i = 0; i < n; i++)
                any |= !strchr(names[i], '.') && is_remote(l, names[i]);
        *ret_known |= look_at_utmp(l, NULL, &remote) == SOURCE_READ;
        return any || remote;
}

static bool reaches(struct login *l, int pid)
{
        bool known, any;

        look_at_ancestors(l, pid);
        find_session(l, pid);
        if (l->served || (l->name && is_remote(l, l->name)) || terminal_is_remote(l))
                return true;
        /* In a terminal, and in nobody's session: run0, or a shell of the user's own manager. */
        if (!l->detachable && (l->name || l->tty == 0))
                return false;
        any = anybody(l, &known);
        return any || (l->detachable && !known);
}

bool ssh_reaches(const struct root *root, int pid)
{
        struct arena a = {};
        struct login l = {.root = root, .a = &a};
        bool remote = reaches(&l, pid);

        arena_free(&a);
        return remote;
}

bool ssh_in_use(const struct root *root)
{
        return getenv("SSH_CONNECTION") || getenv("SSH_CLIENT") || getenv("SSH_TTY") || ssh_reaches(root, getpid());
}
