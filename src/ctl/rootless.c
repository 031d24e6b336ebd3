/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/rootless.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

static bool is_rootless(const struct ctl *c)
{
        return c->root.live && geteuid() != 0;
}

int rootless_check(struct ctl *c, const struct command *command)
{
        bool changes = command->options >> OPT_DRY_RUN & 1 && !c->dry_run && !c->list;

        /* capture writes where its user may; trial shows, but for the units. */
        if (command->run == ctl_capture || (command->run == ctl_trial && !c->service))
                changes = false;
        if (!is_rootless(c) || !changes)
                return 0;
        return ctl_error("%s needs root: sudo passthroughctl %s", command->name, command->name);
}

/* What people call what lies below a path. */
static const struct {
        const char *below, *name;
} kinds[] = {
        {"/proc/", "what programs have open"},
        {"/run/credentials/", "systemd's credentials"},
        {"/boot/", "what boot menus and boot images hold"},
        {"/efi/", "what boot menus and boot images hold"},
        {"/sys/firmware/", "the firmware's tables"},
        {"/sys/class/dmi/", "the machine's UUID"},
        {"/var/lib/passthrough/", "what passthrough has recorded"},
};

struct missing {
        struct arena *arena;
        struct strings names;
};

static void add(struct missing *m, const char *name)
{
        for (size_t i = 0; i < m->names.n; i++)
                if (streq(m->names.v[i], name))
                        return;
        strings_add(m->arena, &m->names, name);
}

static void look(const struct seen_path *path, void *data)
{
        struct missing *m = data;
        bool denied = false;

        for (size_t i = 0; i < ASKED_MAX_; i++)
                denied |= path->asked >> i & 1 && (path->error[i] == -EACCES || path->error[i] == -EPERM);
        if (!denied)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (startswith(path->path, kinds[i].below)) {
                        add(m, kinds[i].name);
                        return;
                }
        add(m, path->path);
}

void rootless_begin(struct ctl *c, struct seen *s)
{
        if (is_rootless(c))
                seen_open(s, &c->root, &c->arena);
}

void rootless_end(struct ctl *c, const struct command *command, struct seen *s)
{
        static const char *const show[] = {"list", "plan", "check", "status"};
        struct missing m = {.arena = &c->arena};
        const char *text = "";
        bool shows = false;

        if (!is_rootless(c))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(show); i++)
                shows |= streq(command->name, show[i]);
        seen_end(s, &c->root);
        /* Of a device's configuration the kernel shows others than root but the beginning. */
        add(&m, "serial numbers");
        seen_each(s, look, &m);
        seen_close(s);
        for (size_t i = 0; i < m.names.n; i++)
                text = arena_join(&c->arena, text,
                                  i == 0              ? ""
                                  : i + 1 < m.names.n ? ", "
                                                      : " and ",
                                  m.names.v[i], NULL);
        if (shows)
                ctl_error("without root these are not known: %s; sudo passthroughctl %s shows all", text,
                          command->name);
}
