/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes and goes, and may be of several kinds at once, as USB devices are: what the host does with it shows only
 * once its drivers have it. What they have not shown yet it may be.
 */
#include <stdlib.h>

#include "base/str.h"
#include "guard/aliases.h"
#include "guard/parts.h"
#include "guard/source.h"
#include "guard/storage.h"

enum kind {
        STORAGE = 1 << 0,
        NETWORK = 1 << 1,
        SERIAL = 1 << 2,
        TYPED = 1 << 3, /* somebody types on it, or it does so itself */
        CARD = 1 << 4,
        ADAPTER = 1 << 5, /* its driver makes a network interface */
        ANYTHING = (1 << 6) - 1,
};

struct plugged {
        struct graph *g;
        size_t device;
        struct part *parts; /* its interfaces that are here */
        size_t n_parts;
        unsigned kinds; /* that it may be of */
        unsigned open;  /* those of them that have not shown */
        bool whole;     /* its interfaces are all that it may be */
        const char *unknown;
};

/* An interface of USB. */
struct part {
        const char *class, *driver, *dir; /* driver: NULL: none */
        unsigned kinds;                   /* that it may be of */
        bool shows;                       /* the driver has made something of it */
        bool is_other;                    /* and that is of no disk's making */
};

/* USB-IF's class codes; of what the maker defines, and of codes that are none of these, anything may come. */
static unsigned kinds_of(const char *class)
{
        static const struct {
                const char *code;
                unsigned kinds;
        } classes[] = {
                {"01", 0},                          /* audio */
                {"02", NETWORK | ADAPTER | SERIAL}, /* communications */
                {"03", TYPED},                      /* human interface */
                {"05", 0},                          /* force feedback */
                {"06", 0},                          /* still images */
                {"07", 0},                          /* printers */
                {"08", STORAGE},
                {"09", 0}, /* a hub: what is on it speaks for itself */
                {"0a", NETWORK | ADAPTER | SERIAL},
                {"0b", CARD},
                {"0d", 0}, /* content security */
                {"0e", 0}, /* video */
                {"0f", 0}, /* health */
                {"10", 0}, /* audio and video */
                {"11", 0}, /* billboards */
                {"e0", NETWORK | ADAPTER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (startswith(class, classes[i].code))
                        return classes[i].kinds;
        return ANYTHING;
}

static bool carries(const struct plugged *x, enum node_kind kind, bool up_only)
{
        for (size_t i = 0; i < x->g->evidence->n_nodes; i++) {
                const struct node *n = &x->g->evidence->nodes[i];

                if (n->kind == kind && (n->up || !up_only) && guard_reached(n, x->device))
                        return true;
        }
        return false;
}

/* A directory that is not every device's: "net", "host6", "0003:046D:C31C.0001", "ttyUSB0". */
static void look_below(struct graph *g, struct part *p)
{
        static const char *const links[] = {"driver", "subsystem", "firmware_node", "power"};
        static const char *const others[] = {"net",  "tty",     "input",     "0003:",     "sound",
                                             "wwan", "usbmisc", "bluetooth", "ieee80211", "video4linux"};
        const char **names;
        size_t n;

        guard_list(g, p->dir, &names, &n);
        for (size_t i = 0; i < n; i++) {
                if (startswith(names[i], "ep_") || str_index(names[i], links, ARRAY_SIZE(links)) >= 0 ||
                    !root_exists(g->root, arena_join(g->arena, p->dir, "/", names[i], "/.", NULL)))
                        continue;
                p->shows = true;
                for (size_t o = 0; o < ARRAY_SIZE(others); o++)
                        p->is_other |= startswith(names[i], others[o]);
        }
}

static void find_parts(struct plugged *x)
{
        struct graph *g = x->g;
        const struct device *d = &g->facts->devices[x->device];
        size_t prefix = strlen(d->address), n;
        const char **names;

        guard_list(g, d->sysfs, &names, &n);
        for (size_t i = 0; i < n; i++) {
                char class[8], driver[PATH_MAX];
                struct part *p;

                if (!startswith(names[i], d->address) || names[i][prefix] != ':')
                        continue;
                p = arena_grow(g->arena, &x->parts, x->n_parts, sizeof(*x->parts));
                *p = (struct part){.dir = arena_join(g->arena, d->sysfs, "/", names[i], NULL)};
                guard_attribute(g, arena_join(g->arena, p->dir, "/bInterfaceClass", NULL), class, sizeof(class));
                p->class = arena_strdup(g->arena, class);
                p->kinds = kinds_of(p->class);
                /* A program may let go of it at any time. */
                if (guard_readlink(g, arena_join(g->arena, p->dir, "/driver", NULL), driver, sizeof(driver)) > 0 &&
                    !streq(str_basename(driver), "usbfs"))
                        p->driver = arena_strdup(g->arena, str_basename(driver));
                if (p->driver)
                        look_below(g, p);
                x->n_parts++;
        }
}

static bool is_here(const struct plugged *x, const char *class)
{
        for (size_t i = 0; i < x->n_parts; i++)
                if (strncmp(x->parts[i].class, class, 2) == 0)
                        return true;
        return false;
}

/* Each interface of that class is here, and a driver has it. */
static bool is_bound(const struct plugged *x, const char *class)
{
        bool any = false;

        for (size_t i = 0; i < x->n_parts; i++)
                if (strncmp(x->parts[i].class, class, 2) == 0) {
                        if (!x->parts[i].driver)
                                return false;
                        any = true;
                }
        return any;
}

static void find_kinds(struct plugged *x)
{
        const struct device *d = &x->g->facts->devices[x->device];
        const char *list = d->bus->interfaces(d);

        x->kinds = x->open = 0;
        if (!list || !*list)
                x->kinds = x->open = ANYTHING;
        for (const char *c = list ? list : ""; *c; c += strcspn(c, " "), c += *c == ' ') {
                unsigned kinds = kinds_of(c);

                if (x->whole && is_here(x, c))
                        continue;
                x->kinds |= kinds;
                if (!is_bound(x, c))
                        x->open |= kinds;
        }
        /* What is here and in no list has been changed meanwhile. */
        for (size_t i = 0; i < x->n_parts; i++) {
                x->kinds |= x->parts[i].kinds;
                if (!x->parts[i].driver)
                        x->open |= x->parts[i].kinds;
        }
}

/* ---- the driver that will have it --------------------------------------------------------------------------------
 */

/* What comes of the modules' files; where no module takes it, nothing does. */
static unsigned kinds_by(const struct strings *modules, unsigned otherwise)
{
        static const struct {
                const char *dir;
                unsigned kinds;
        } dirs[] = {
                {"kernel/drivers/usb/serial/", SERIAL}, {"kernel/drivers/usb/class/cdc-acm.ko", SERIAL},
                {"kernel/drivers/media/", 0},           {"kernel/sound/", 0},
                {"kernel/drivers/bluetooth/", NETWORK}, /* an interface is made when somebody connects */
        };
        unsigned kinds = 0;

        for (size_t m = 0; m < modules->n; m++) {
                size_t i = 0;

                while (i < ARRAY_SIZE(dirs) && !startswith(modules->v[m], dirs[i].dir))
                        i++;
                kinds |= i < ARRAY_SIZE(dirs) ? dirs[i].kinds : otherwise;
        }
        return kinds;
}

static bool attribute_is(struct plugged *x, const char *file, size_t value)
{
        const char *path = arena_join(x->g->arena, x->g->facts->devices[x->device].sysfs, "/", file, NULL);
        char text[16];

        return guard_attribute(x->g, path, text, sizeof(text)) > 0 && strtoul(text, NULL, 10) == value;
}

/* What USB's own codes leave open, the kernel's list of drivers may tell; where all that the device can be is here. */
static bool ask_for_drivers(struct plugged *x)
{
        if (x->n_parts == 0 || !attribute_is(x, "bNumConfigurations", 1) ||
            !attribute_is(x, "bNumInterfaces", x->n_parts))
                return false;
        for (size_t i = 0; i < x->n_parts; i++) {
                struct part *p = &x->parts[i];
                struct strings modules;
                char alias[128];

                if (!p->driver && (p->kinds == ANYTHING || startswith(p->class, "e0")) &&
                    guard_attribute(x->g, arena_join(x->g->arena, p->dir, "/modalias", NULL), alias, sizeof(alias)) >
                            0 &&
                    startswith(alias, "usb:") && aliases_modules(x->g, alias, &modules))
                        p->kinds &= kinds_by(&modules, p->kinds);
        }
        x->whole = true;
        return true;
}

/* ---- storage ----------------------------------------------------------------------------------------------------- */

/* At one of its interfaces the driver has something that is no disk. */
static bool is_other(const struct plugged *x, const char *driver)
{
        for (size_t i = 0; i < x->n_parts; i++)
                if (streq_ptr(x->parts[i].driver, driver) && x->parts[i].is_other)
                        return true;
        return false;
}

/* A disk takes seconds to show behind a driver that has it, and a card as long as nobody puts one in. */
static bool has_storage_driver(const struct plugged *x)
{
        for (size_t i = 0; i < x->n_parts; i++) {
                const char *driver = x->parts[i].driver;

                if (startswith(x->parts[i].class, "08") ||
                    (driver && (streq(driver, "uas") || startswith(driver, "usb-storage") ||
                                startswith(driver, "ums-") || (x->parts[i].kinds & STORAGE && !is_other(x, driver)))))
                        return true;
        }
        return false;
}

/* There is more in it than its own tags say. */
static bool is_closed(const struct evidence *e, size_t node)
{
        static const char *const types[] = {"crypto_LUKS", "BitLocker",         "LVM2_member",  "LVM1_member",
                                            "bcache",      "linux_raid_member", "DM_integrity", "DM_verity_hash"};
        const char *type = guard_tag(&e->nodes[node], "TYPE=");

        return type && (str_index(type, types, ARRAY_SIZE(types)) >= 0 || endswith(type, "_raid_member")) &&
               !guard_stood_upon(e, node);
}

/* Nobody has looked yet at all that is on it. */
static bool is_unseen(const struct plugged *x)
{
        const struct evidence *e = x->g->evidence;
        bool any = false;

        for (size_t i = 0; i < e->n_nodes; i++) {
                const struct node *n = &e->nodes[i];

                if (n->kind != NODE_BLOCK || !guard_reached(n, x->device))
                        continue;
                if ((n->major != 0 && !n->tagged) || is_closed(e, i))
                        return true;
                any = true;
        }
        return x->open & STORAGE || (!any && has_storage_driver(x));
}

static const char *storage(struct plugged *x, enum reason_kind *ret_kind)
{
        const struct evidence *e = x->g->evidence;
        const char *missing = e->storage_absent ? e->storage_absent : e->missing;

        if (!e->sees_storage || !(x->kinds & STORAGE || carries(x, NODE_BLOCK, false)))
                return NULL;
        if (e->storage_unknown)
                return e->storage_unknown;
        if (!missing || !is_unseen(x))
                return NULL;
        *ret_kind = REASON_NO_DRIVER;
        return arena_join(x->g->arena, "what is on it has not been seen, and may be what is missing: ", missing,
                          "; it can be handed over once the host has seen what is on it", NULL);
}

/* ---- network ----------------------------------------------------------------------------------------------------- */

/* A driver may have several interfaces, and show itself at one of them; one that nowhere does may be elsewhere. */
static const char *hidden(const struct plugged *x)
{
        for (size_t i = 0; i < x->n_parts; i++) {
                const struct part *p = &x->parts[i];
                bool any = !p->driver || !(kinds_of(p->class) & NETWORK);

                for (size_t k = 0; k < x->n_parts && !any; k++)
                        any = streq_ptr(x->parts[k].driver, p->driver) && x->parts[k].shows;
                if (!any)
                        return arena_join(x->g->arena, "driver ", p->driver,
                                          " has it, and its interface does not show: another network namespace may "
                                          "have it",
                                          NULL);
        }
        return NULL;
}

static const char *network(struct plugged *x, enum reason_kind *ret_kind)
{
        const struct evidence *e = x->g->evidence;
        bool interface = carries(x, NODE_INTERFACE, false);
        const char *why;

        if (!e->sees_network || !(x->kinds & NETWORK || interface))
                return NULL;
        if (e->network_unknown)
                return e->network_unknown;
        if (e->up_unknown && carries(x, NODE_INTERFACE, true))
                return e->up_unknown;
        if (e->uplink_unknown)
                return e->uplink_unknown;
        if (e->absent && x->open & NETWORK && !interface)
                return e->absent;
        if (e->newcomers && x->open & ADAPTER && !interface) {
                *ret_kind = REASON_NO_DRIVER;
                return e->newcomers;
        }
        why = interface ? NULL : hidden(x);
        if (why)
                *ret_kind = REASON_NO_INTERFACE;
        return why;
}

/* ---- people ------------------------------------------------------------------------------------------------------ */

/* HID usage tables: page 0xf1d0 is FIDO's, and stands in the first item of a token's report. */
static bool is_fido(struct graph *g, const char *dir)
{
        static const char page[] = "\x06\xd0\xf1";
        const char **names;
        size_t n;

        guard_list(g, dir, &names, &n);
        for (size_t i = 0; i < n; i++) {
                char *report;
                size_t size;

                /* "0003:1050:0407.0001" */
                if (strcspn(names[i], ":") == 4 && strchr(names[i], '.') &&
                    (guard_bytes(g, arena_join(g->arena, dir, "/", names[i], "/report_descriptor", NULL), &report,
                                 &size) != SOURCE_READ ||
                     memmem(report, size, page, sizeof(page) - 1)))
                        return true;
        }
        return false;
}

static bool may_be_token(const struct plugged *x)
{
        const struct evidence *e = x->g->evidence;

        if (e->token_is_card && x->kinds & CARD)
                return true;
        if (!e->token_types)
                return false;
        if (x->open & TYPED)
                return true;
        for (size_t i = 0; i < x->n_parts; i++)
                if (x->parts[i].kinds & TYPED && (!x->parts[i].shows || is_fido(x->g, x->parts[i].dir)))
                        return true;
        return false;
}

static const char *people(struct plugged *x)
{
        const struct evidence *e = x->g->evidence;
        bool open = x->open & TYPED || !e->keyboards_listed;

        if (!e->sees_keyboards)
                return x->open & TYPED ? e->keyboards_unknown : NULL;
        if (e->token && may_be_token(x))
                return arena_join(x->g->arena, e->token, ", and this may be it", NULL);
        return x->kinds & TYPED && open ? e->keyboards_unknown : NULL;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const char *judge(struct plugged *x, enum reason_kind *ret_kind)
{
        const struct evidence *e = x->g->evidence;
        const char *why;

        *ret_kind = REASON_NOT_CLEARED;
        if (e->unlisted)
                return e->unlisted;
        if ((why = storage(x, ret_kind)))
                return why;
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].claim && guard_reached(&e->nodes[i], x->device))
                        return e->nodes[i].claim;
        if ((why = network(x, ret_kind)))
                return why;
        if (e->consoles_unknown && x->kinds & SERIAL)
                return e->consoles_unknown;
        return people(x);
}

void guard_ports(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];
                size_t length = n->plug ? strlen(n->plug) : 0;

                for (size_t d = 0; n->plug && n->kind == NODE_INTERFACE && d < g->facts->n_devices; d++) {
                        const char *sysfs = g->facts->devices[d].sysfs, *at = strstr(sysfs, "/devices/");

                        if (g->facts->devices[d].roles & ROLE_SERIAL && at && startswith(at, n->plug) &&
                            at[length] == '/')
                                guard_reach(g, i, d);
                }
        }
}

/* Rules speak of ports by themselves. */
static bool asks_for_ports(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_buses; i++)
                if (facts->buses[i].bus->syntax->on_others)
                        return true;
        return false;
}

/* Links to the devices that the driver has; none of their own drivers is there to show a use. */
void guard_lent(struct graph *g)
{
        static const char driver[] = "/sys/bus/usb/drivers/usbip-host";
        const char **names;
        char link[PATH_MAX];
        size_t n;

        guard_list(g, driver, &names, &n);
        for (size_t i = 0; i < n; i++)
                if (strchr(names[i], '-') &&
                    guard_readlink(g, arena_join(g->arena, driver, "/", names[i], NULL), link, sizeof(link)) > 0)
                        guard_use(g, guard_add(g, NODE_FILE, names[i], link), "usbip, for another machine");
}

void guard_plugged(struct graph *g)
{
        bool ports = asks_for_ports(g->facts);

        for (size_t i = 0; i < g->facts->n_devices; i++) {
                struct device *d = &g->facts->devices[i];
                struct plugged *x;

                if (!d->detailed || !d->bus->interfaces || guard_is_aside(d))
                        continue;
                x = arena_alloc(g->arena, sizeof(*x));
                *x = (struct plugged){.g = g, .device = i};
                /* What of its own files cannot be read counts for itself alone. */
                g->unknown = &x->unknown;
                find_parts(x);
                find_kinds(x);
                d->unseen = judge(x, &d->unseen_kind);
                if (x->open && (d->unseen || (ports && x->open & SERIAL)) && ask_for_drivers(x)) {
                        find_kinds(x);
                        d->unseen = judge(x, &d->unseen_kind);
                }
                d->ports_unseen = x->open & SERIAL;
                if (!d->unseen)
                        d->unseen = x->unknown;
        }
}
