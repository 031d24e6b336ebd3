/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/host-var.h"

#include <limits.h>

#include "base/span.h"
#include "base/str.h"
#include "cmdline/cmdline.h"

/* The last mount at a place counts, and automount would mount something now (proc_pid_mountinfo(5)). */
static bool is_mounted(const struct root *root, struct arena *a, const char *at)
{
        bool mounted = false;
        const char *rest;
        struct span line;
        char *text;
        size_t size;

        if (root_look(root, a, "/proc/self/mountinfo", &text, &size) != SOURCE_READ)
                return false;
        for (rest = text; span_line(&rest, &line);) {
                struct span field;
                bool here = false;

                for (unsigned i = 0; span_token(&line, &field) && !span_is(field, "-"); i++)
                        here |= i == 4 && span_is(field, at);
                if (here)
                        mounted = span_token(&line, &field) && !span_is(field, "autofs");
        }
        return mounted;
}

/* A path as systemd understands it: with no "." in it, nor a slash too many. */
static const char *simplify(struct arena *a, const char *path)
{
        const char *simple = "";

        for (size_t n; *path; path += n) {
                path += strspn(path, "/");
                n = strcspn(path, "/");
                if (n > 1 || (n == 1 && *path != '.'))
                        simple = arena_printf(a, "%s/%.*s", simple, (int)n, path);
        }
        return simple;
}

/* What is mounted there hides our files of the file system below it, which may be old. */
static bool hides(struct arena *a, const char *at, bool var_mounted)
{
        static const char *const places[] = {"/var", "/var/lib", "/var/lib/passthrough"};
        const char *simple = simplify(a, at);

        for (size_t i = var_mounted; i < ARRAY_SIZE(places); i++)
                if (streq(simple, places[i]))
                        return true;
        return false;
}

/* The host will mount another file system there, by fstab(5) or a unit of systemd's. */
static bool is_hidden(const struct root *host, struct arena *a, bool var_mounted)
{
        static const char *const directories[] = {"/etc/systemd/system/", "/usr/lib/systemd/system/",
                                                  "/usr/local/lib/systemd/system/"},
                                 *const units[] = {"var.mount", "var-lib.mount", "var-lib-passthrough.mount"};
        char *text;
        size_t size;
        const char *rest;
        struct span line;

        if (root_look(host, a, "/etc/fstab", &text, &size) == SOURCE_UNREADABLE)
                return true;
        for (rest = text; span_line(&rest, &line);) {
                const char **words;
                size_t n;

                str_words(a, arena_strndup(a, line.at, line.length), &words, &n);
                if (n > 1 && *words[0] != '#' && hides(a, words[1], var_mounted))
                        return true;
        }
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                for (size_t u = var_mounted; u < ARRAY_SIZE(units); u++)
                        if (root_exists(host, arena_join(a, directories[i], units[u], NULL)))
                                return true;
        return false;
}

/* The value of ostree=, where there is one alone. */
static const char *ostree_of(struct arena *a, const char *cmdline)
{
        const char *found = NULL;
        struct token *tokens;
        size_t n = 0, values = 0;
        bool unclosed;

        if (cmdline)
                cmdline_split(a, cmdline, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++)
                if (streq(tokens[i].name, "ostree")) {
                        found = tokens[i].value;
                        values++;
                }
        return values == 1 ? found : NULL;
}

/* Takes the next name of a path, behind its '/'; a name leads neither here nor up. */
static const char *next_name(struct arena *a, const char **path)
{
        size_t n = **path == '/' ? strcspn(*path + 1, "/") : 0;
        const char *name = n > 0 ? arena_strndup(a, *path + 1, n) : "";

        *path += n > 0 ? n + 1 : 0;
        return streq(name, ".") || streq(name, "..") ? "" : name;
}

/*
 * The link /ostree/boot.N/STATEROOT/CHECKSUM/SERIAL leads to ../../../deploy/STATEROOT/deploy/CHECKSUM.SERIAL (ostree's
 * manual, "Deployments"). It is not followed: one that says anything else, be it to another place, is no such link.
 */
static const char *stateroot_var(const struct root *physical, struct arena *a, const char *link)
{
        const char *rest = link ? link : "", *stateroot, *up;
        char target[PATH_MAX];

        if (!streq(next_name(a, &rest), "ostree") || !startswith(next_name(a, &rest), "boot."))
                return NULL;
        stateroot = next_name(a, &rest);
        if (!*stateroot || !*next_name(a, &rest) || !*next_name(a, &rest) || *rest ||
            root_readlink(physical, link, target, sizeof(target)) <= 0)
                return NULL;
        up = arena_join(a, "../../../deploy/", stateroot, "/deploy", NULL);
        rest = target + (startswith(target, up) ? strlen(up) : 0);
        if (rest == target || !*next_name(a, &rest) || *rest)
                return NULL;
        return arena_join(a, "/ostree/deploy/", stateroot, "/var", NULL);
}

bool host_var_find(const struct root *root, struct arena *a, const char *sysroot, const char *cmdline, struct root *ret,
                   const char **ret_path)
{
        const char *var = arena_join(a, sysroot, "/var", NULL);
        bool mounted = is_mounted(root, a, var), hidden;
        struct root host;

        if (root_open_below(root, sysroot, &host) < 0)
                return false;
        hidden = is_hidden(&host, a, mounted);
        root_close(&host);
        if (hidden || root_open_below(root, mounted ? var : arena_join(a, sysroot, "/sysroot", NULL), ret) < 0)
                return false;
        *ret_path = mounted ? "" : stateroot_var(ret, a, ostree_of(a, cmdline));
        if (!*ret_path)
                root_close(ret);
        return *ret_path;
}
