/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "base/str.h"

#define BUFFER_MAX ((size_t)1024 * 1024) /* of one entry: a group's members are in it */

static const char *const databases[] = {[USER] = "/etc/passwd", [GROUP] = "/etc/group"};

/* For a captured machine: passwd(5) and group(5) have the number in the third field. */
static int find_in_file(const struct root *root, struct arena *a, const char *path, const char *name, uint32_t *ret)
{
        char *text, *line;
        size_t size;

        if (root_look(root, a, path, &text, &size) != SOURCE_READ)
                return -ENODATA; /* who is known there is not known here */
        while ((line = strsep(&text, "\n"))) {
                const char *entry = strsep(&line, ":");

                strsep(&line, ":");
                if (streq(entry, name) && line && str_to_u32(strsep(&line, ":"), 10, ret))
                        return 0;
        }
        return USER_NOBODY;
}

/* As the host's nsswitch.conf(5) has it. */
static int ask_here(struct arena *a, enum user_kind kind, const char *name, uint32_t *ret)
{
        for (size_t size = 16384; size <= BUFFER_MAX; size *= 4) {
                char *buffer = arena_alloc(a, size);
                struct passwd user, *u = NULL;
                struct group group, *g = NULL;
                int k = kind == USER ? getpwnam_r(name, &user, buffer, size, &u)
                                     : getgrnam_r(name, &group, buffer, size, &g);
                if (k == ERANGE)
                        continue;
                if (!u && !g)
                        return k == 0 || k == ESRCH || k == EBADF || k == EPERM ? USER_NOBODY : -k;
                *ret = u ? u->pw_uid : g->gr_gid;
                return 0;
        }
        return -ERANGE;
}

/* A captured machine's file has who was asked for, and nobody else. */
static int find_here(const struct root *root, struct arena *a, enum user_kind kind, const char *name, uint32_t *ret)
{
        int k = ask_here(a, kind, name, ret);

        if (k == 0)
                root_made(root, databases[kind], arena_printf(a, "%s:x:%u:", name, *ret));
        else if (k == USER_NOBODY)
                root_made(root, databases[kind], NULL);
        return k;
}

int user_find(const struct root *root, struct arena *a, enum user_kind kind, const char *name, uint32_t *ret)
{
        if (*name >= '0' && *name <= '9')
                return str_to_u32(name, 10, ret) ? 0 : USER_NOBODY;
        return root->live ? find_here(root, a, kind, name, ret) : find_in_file(root, a, databases[kind], name, ret);
}
