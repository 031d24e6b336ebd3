/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts in boot images that give devices to vfio-pci beside the rules, and ask nobody whether the host needs them. */
#include "base/str.h"
#include "check/row.h"

static const char id[] = "conflict.initramfs";

/* One script, held against the plan. */
struct verdict {
        struct checker *c;
        const struct boot_script *script;
        const char *given, *maybe, *ruled, *alone, *wrong, *unclear;
        bool fails; /* what is wrong comes to pass */
};

static void join(struct verdict *v, const char **list, const char *separator, const char *more)
{
        *list = arena_join(v->c->arena, *list, **list ? separator : "", more, NULL);
}

static void look_at_device(struct verdict *v, size_t device)
{
        const struct plan_entry *e = plan_find(v->c->plan, device);
        const char *at = v->c->plan->facts->devices[device].address;

        if (!e)
                join(v, &v->alone, ", ", at);
        else if (e->action == ACTION_BIND && streq(e->driver, "vfio-pci"))
                join(v, &v->ruled, ", ", at);
        else
                join(v, &v->wrong, "; ",
                     e->action == ACTION_BIND ? arena_join(v->c->arena, "rule ", check_rule(v->c, e), " gives ", at,
                                                           " the driver ", e->driver, NULL)
                                              : arena_join(v->c->arena, "rule ", check_rule(v->c, e),
                                                           e->action == ACTION_KEEP ? " keeps " : " is refused for ",
                                                           at, e->action == ACTION_KEEP ? " for the host" : "", NULL));
}

static void look_at_ids(struct verdict *v, const char *ids)
{
        const struct facts *facts = v->c->plan->facts;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (!(facts->devices[i].roles & ROLE_BRIDGE) && facts->devices[i].bus->dynamic_id &&
                    facts->devices[i].bus->dynamic_id(ids, &facts->devices[i]))
                        look_at_device(v, i);
}

/* Has a row of its own already: "modprobe vfio-pci ids=...". */
static bool is_ids_line(const struct verdict *v, const struct shell_bind *b)
{
        const struct ids *ids = &v->c->facts->ids;

        for (size_t i = 0; b->ids && i < ids->n_lines; i++)
                if (ids->lines[i].image && streq(ids->lines[i].file, v->script->file) &&
                    streq(ids->lines[i].text, b->text))
                        return true;
        return false;
}

static void look_at_bind(struct verdict *v, const struct shell_bind *b)
{
        size_t device = b->address ? facts_find(v->c->plan->facts, b->address) : NO_DEVICE;
        const char *before = v->wrong;

        if (b->sense == SHELL_UNNAMED) {
                join(v, &v->unclear, "; ",
                     arena_printf(v->c->arena, "line %u does not name the device: \"%s\"", b->line, b->text));
                return;
        }
        join(v, b->sense == SHELL_NAMED ? &v->given : &v->maybe, ", ", b->address ? b->address : b->ids);
        if (b->ids)
                look_at_ids(v, b->ids);
        else if (device != NO_DEVICE)
                look_at_device(v, device);
        v->fails |= b->sense == SHELL_NAMED && v->wrong != before;
}

static const char *turn(const struct boot_script *s)
{
        switch (s->turn) {
        case SCRIPT_EARLY:
                return "in the initrd";
        case SCRIPT_BUILD:
                return "by what it puts into boot images";
        default:
                return "in the initrd, too late: udev has loaded native drivers before";
        }
}

static const char *fix_of(struct verdict *v)
{
        const char *away = check_then_rebuild(v->c, arena_join(v->c->arena, "remove ", v->script->file, NULL));

        return !*v->wrong && (*v->alone || *v->unclear)
                       ? arena_join(v->c->arena, "passthroughctl add --from=", v->c->facts->makers.maker->name,
                                    ", then ", away, NULL)
                       : away;
}

static void script_row(struct checker *c, const struct boot_script *script)
{
        struct verdict v = {.c = c,
                            .script = script,
                            .given = "",
                            .maybe = "",
                            .ruled = "",
                            .alone = "",
                            .wrong = "",
                            .unclear = ""};
        const char *text = "";

        for (size_t i = 0; i < script->n; i++)
                if (!is_ids_line(&v, &script->binds[i]))
                        look_at_bind(&v, &script->binds[i]);
        if (!*v.given && !*v.maybe && !*v.unclear)
                return;
        text = arena_join(c->arena, *v.given || !*v.maybe ? "gives " : "may give ",
                          *v.given   ? v.given
                          : *v.maybe ? v.maybe
                                     : "something",
                          " to vfio-pci ", turn(script), *v.given && *v.maybe ? "; may give " : "",
                          *v.given ? v.maybe : "", NULL);
        if (*v.wrong)
                text = arena_join(c->arena, text, "; ", v.wrong, NULL);
        if (*v.ruled)
                text = arena_join(c->arena, text, "; rules take ", v.ruled, " already", NULL);
        if (*v.alone)
                text = arena_join(c->arena, text, "; no rule has ", v.alone,
                                  ", so nothing asks whether the host needs it", NULL);
        if (*v.unclear)
                text = arena_join(c->arena, text, "; ", v.unclear, NULL);
        check_row(c, id, v.fails ? CHECK_FAIL : CHECK_WARN, fix_of(&v), "%s %s", script->file, text);
}

static bool any_row(const struct checker *c)
{
        for (size_t i = 0; i < c->checks->n; i++)
                if (streq(c->checks->v[i].id, id))
                        return true;
        return false;
}

void check_hand_made(struct checker *c)
{
        const struct boot_scripts *scripts = &c->facts->scripts;

        for (size_t i = 0; i < scripts->n; i++)
                if (scripts->v[i].left)
                        check_row(c, id, CHECK_UNKNOWN, "", "%s %s, and may give devices to vfio-pci",
                                  scripts->v[i].file, scripts->v[i].left);
                else
                        script_row(c, &scripts->v[i]);
        if (boot_scripts_are_known(c->facts->makers.maker->settings) && !any_row(c))
                check_row(c, id, CHECK_PASS, "", "no script or line of %s gives a device to vfio-pci",
                          c->facts->makers.maker->name);
}
