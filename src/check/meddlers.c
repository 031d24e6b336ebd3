/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the host that could want a USB device or a serial port that a rule takes. */
#include <string.h>

#include "base/str.h"
#include "check/row.h"

/* What the rule takes is claimed in udev's database. */
static bool is_claimed(const struct checker *c, const struct plan_entry *e)
{
        return check_taken(e) && check_device(c, e)->bus->syntax->taken_by;
}

static bool any_rule(const struct checker *c)
{
        const struct config *config = c->plan->config;

        for (size_t i = 0; i < config->n_rules; i++)
                if (!config->rules[i].invalid && config->rules[i].bus->taken_by &&
                    config->rules[i].driver != DRIVER_NATIVE)
                        return true;
        return false;
}

/* ---- usbguard ---------------------------------------------------------------------------------------------------- */

/* It means nothing to a shell, nor to usbguard: a device may say anything of itself, and people run what they read. */
static bool is_plain(const char *word)
{
        return !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+")];
}

/* "allow id 0951:1666 serial "AA02"", as usbguard-rules.conf(5) has it. */
static const char *allow_rule(struct checker *c, const struct device *d)
{
        const char *serial = d->marks[MARK_SERIAL];

        if (serial && !is_plain(serial))
                return arena_join(c->arena, "allow id ", d->id, " via-port \"", d->address, "\"", NULL);
        return serial ? arena_join(c->arena, "allow id ", d->id, " serial \"", serial, "\"", NULL)
                      : arena_join(c->arena, "allow id ", d->id, NULL);
}

static const char *allow_fix(struct checker *c, const struct device *d)
{
        return arena_join(c->arena, "usbguard append-rule '", allow_rule(c, d), "', then plug it in again", NULL);
}

/* The first rule that is about its ID; NULL: there is none. */
static const struct conf_line *rule_about(struct checker *c, const struct device *d)
{
        const struct conf_lines *rules = &c->facts->daemons.usbguard.rules;
        const char *id = arena_join(c->arena, " ", d->id, NULL), *vendor = arena_strndup(c->arena, id, 6),
                   *any = arena_join(c->arena, vendor, "*", NULL);

        for (size_t i = 0; i < rules->n; i++) {
                const char *text = rules->v[i].text;

                if (text && *text != '#' && (strstr(text, id) || strstr(text, any) || strstr(text, " *:*")))
                        return &rules->v[i];
        }
        return NULL;
}

static const char *unreadable(const struct usbguard *u)
{
        for (size_t i = 0; i < u->rules.n; i++)
                if (!u->rules.v[i].text)
                        return u->rules.v[i].file;
        return NULL;
}

static void usbguard_row(struct checker *c, const struct device *d, enum tristate authorized)
{
        static const char id[] = "conflict.usbguard";
        const struct usbguard *u = &c->facts->daemons.usbguard;
        const struct conf_line *line = rule_about(c, d);

        if (authorized == NO)
                check_row(c, id, CHECK_FAIL, allow_fix(c, d), "%s: usbguard blocks it (its file authorized is 0)",
                          d->address);
        else if (unreadable(u))
                check_row(c, id, CHECK_UNKNOWN, "", "%s: %s cannot be read, which says whether usbguard allows it",
                          d->address, unreadable(u));
        else if (line && startswith(line->text, "allow"))
                check_row(c, id, CHECK_PASS, "", "%s: %s:%u allows its ID", d->address, line->file, line->number);
        else if (line)
                check_row(c, id, CHECK_WARN, allow_fix(c, d),
                          "%s: usbguard lets it be now, and %s:%u would not the next time: \"%s\"", d->address,
                          line->file, line->number, line->text);
        else if (streq(u->target, "allow"))
                check_row(c, id, CHECK_PASS, "", "%s: no rule of usbguard is about its ID, and it allows the rest",
                          d->address);
        else
                check_row(c, id, CHECK_WARN, allow_fix(c, d),
                          "%s: usbguard lets it be now, and no rule in %s allows its ID (ImplicitPolicyTarget=%s)",
                          d->address, u->file, u->target);
}

static void usbguard(struct checker *c)
{
        static const char id[] = "conflict.usbguard";
        bool any = false;

        if (!c->facts->daemons.usbguard.enabled) {
                check_row(c, id, CHECK_PASS, "", "usbguard does not start with this host");
                return;
        }
        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];
                enum tristate authorized = c->facts->devices[i].shows.authorized;

                if (!is_claimed(c, e) || authorized == UNKNOWN)
                        continue;
                any = true;
                usbguard_row(c, check_device(c, e), authorized);
        }
        if (!any)
                check_row(c, id, CHECK_SKIP, "", "no rule takes a USB device that is here");
}

/* ---- who opens serial ports -------------------------------------------------------------------------------------- */

/* The port is what the rule takes, or on it. */
static bool is_on(const struct daemon_port *p, const struct device *d)
{
        size_t n = strlen(d->sysfs);

        return p->sysfs && startswith(p->sysfs, d->sysfs) && (p->sysfs[n] == '\0' || p->sysfs[n] == '/');
}

/* Whether its file gives the program a port of a rule. */
static bool given_ports(struct checker *c, const char *id, const char *program)
{
        bool any = false;

        for (size_t k = 0; k < c->facts->daemons.n_ports; k++) {
                const struct daemon_port *p = &c->facts->daemons.ports[k];

                for (size_t i = 0; streq(p->program, program) && i < c->plan->n_entries; i++) {
                        const struct plan_entry *e = &c->plan->entries[i];

                        if (!is_claimed(c, e) || !is_on(p, check_device(c, e)))
                                continue;
                        any = true;
                        check_row(c, id, CHECK_WARN, arena_join(c->arena, "remove ", p->port, " from ", p->file, NULL),
                                  "%s:%u gives %s the port %s, which rule %s takes", p->file, p->line, program, p->port,
                                  check_rule(c, e));
                }
        }
        return any;
}

static void port_programs(struct checker *c)
{
        const struct daemons *d = &c->facts->daemons;

        if (d->modem_manager)
                check_row(c, "conflict.ModemManager", CHECK_PASS, "",
                          "udev tells it to ignore what a rule takes (ID_MM_DEVICE_IGNORE)");
        else
                check_row(c, "conflict.ModemManager", CHECK_PASS, "", "it is not installed");
        if (!given_ports(c, "conflict.brltty", "brltty"))
                check_row(c, "conflict.brltty", CHECK_PASS, "",
                          d->brltty ? "/etc/brltty.conf names no port of a rule" : "it is not installed");
        if (!given_ports(c, "conflict.gpsd", "gpsd"))
                check_row(c, "conflict.gpsd", CHECK_PASS, "",
                          d->gpsd ? "its DEVICES= names no port of a rule" : "it is not installed");
}

/* ---- who mounts -------------------------------------------------------------------------------------------------- */

static void mounts(struct checker *c)
{
        static const char id[] = "conflict.udisks";
        const struct daemons *d = &c->facts->daemons;

        if (d->usbmount)
                check_row(c, id, CHECK_WARN, arena_join(c->arena, "write ENABLED=0 into ", d->usbmount, NULL),
                          "usbmount (%s) mounts each disk that is plugged in, and does not ask udisks", d->usbmount);
        for (size_t i = 0; i < d->mounts.n; i++)
                check_row(c, id, CHECK_WARN,
                          arena_printf(c->arena, "add ENV{PASSTHROUGH_RULE}!=\"?*\" to %s:%u", d->mounts.v[i].file,
                                       d->mounts.v[i].number),
                          "%s:%u mounts what is plugged in, also what a rule takes: \"%s\"", d->mounts.v[i].file,
                          d->mounts.v[i].number, d->mounts.v[i].text);
        if (!d->usbmount && d->mounts.n == 0)
                check_row(c, id, CHECK_PASS, "",
                          d->udisks ? "udev tells it to ignore what a rule takes (UDISKS_IGNORE)"
                                    : "neither udisks nor usbmount is there, and no rule in /etc/udev/rules.d mounts");
}

void check_meddlers(struct checker *c)
{
        if (!any_rule(c))
                return;
        usbguard(c);
        port_programs(c);
        mounts(c);
}
