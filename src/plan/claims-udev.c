/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/claims-udev.h"

#include "base/str.h"
#include "facts/match.h"
#include "guard/evidence.h"

/* Two of them are in a line: see BUS_UDEV_MAX. */
#define CONDITION_LONGEST ((size_t)7000)

/*
 * udev handles what is below a device behind that device, so each takes the claim over from the one above it:
 * interface, SCSI host, target, disk, partition. The decision of an add event stays in the database until the next.
 */
static const char first_head[] =
        "# Made by passthrough from passthrough.d(5), see passthrough(7)\n"
        "ACTION==\"remove\", GOTO=\"passthrough_claims_end\"\n"
        "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", GOTO=\"passthrough_claims_device\"\n"
        "SUBSYSTEMS==\"usb\", IMPORT{parent}=\"" CLAIM_RULE "\"\n";
/*
 * "udevadm trigger" asks for a device before what is below it, whatever subsystem comes first (libsystemd's
 * device-enumerator.c, enumerator_sort_devices()). But the kernel's own event of a disk may come just before that, when
 * udev listens already and has heard nothing of the stick: then the disk's event asks in the stick's place.
 */
static const char first_orphans[] = "SUBSYSTEMS==\"usb\", IMPORT{parent}=\"" CLAIM_DECIDED "\"\n"
                                    "SUBSYSTEMS==\"usb\", ATTRS{idVendor}==\"?*\", ENV{" CLAIM_RULE
                                    "}!=\"?*\", ENV{" CLAIM_DECIDED "}!=\"?*\", IMPORT{program}=\"" PASSTHROUGH_LIBEXEC
                                    "/" CLAIMS_ASK_ABOVE "\", ENV{" CLAIM_DECIDED "}=\"1\", ENV{" CLAIM_LINK "}=\"\"\n";
static const char first_children[] = "ENV{" CLAIM_RULE "}==\"?*\", GOTO=\"passthrough_claims_child\"\n";
/*
 * An initrd has kept drivers from what it claimed. What of that the host does not claim gets its driver when the host
 * first asks for it: a module that is loaded by then does not look again by itself.
 */
static const char first_again[] =
        "ACTION==\"add\", ENV{SYNTH_UUID}==\"?*\", SUBSYSTEM==\"input\", TEST==\"inhibited\", ATTR{inhibited}=\"0\"\n"
        "SUBSYSTEM==\"usb\", IMPORT{db}=\"" CLAIM_SEEN "\"\n"
        "ACTION==\"add\", ENV{SYNTH_UUID}==\"?*\", SUBSYSTEM==\"usb\", TEST!=\"driver\", ENV{" CLAIM_SEEN
        "}!=\"?*\", ENV{" CLAIM_SEEN "}=\"1\", ATTR{subsystem/drivers_probe}=\"$kernel\"\n";
static const char first_devices[] =
        "SUBSYSTEM==\"tty\", DEVPATH!=\"/devices/virtual/*\", GOTO=\"passthrough_claims_device\"\n"
        "GOTO=\"passthrough_claims_end\"\n"
        "\n"
        "LABEL=\"passthrough_claims_device\"\n";
static const char first_decided[] = "SUBSYSTEM==\"usb\", ACTION==\"add\", ENV{" CLAIM_DECIDED "}=\"1\"\n"
                                    "SUBSYSTEM==\"usb\", ACTION!=\"add\", IMPORT{db}=\"" CLAIM_DECIDED "\"\n";
static const char first_events[] = "ACTION!=\"add\", IMPORT{db}=\"" CLAIM_RULE "\"\n"
                                   "ACTION!=\"add\", IMPORT{db}=\"" CLAIM_LINK "\"\n"
                                   "ACTION!=\"add\", GOTO=\"passthrough_claims_known\"\n";
static const char first_ask[] = "GOTO=\"passthrough_claims_known\"\n"
                                "LABEL=\"passthrough_claims_ask\"\n"
                                "IMPORT{program}=\"" PASSTHROUGH_LIBEXEC "/" CLAIMS_ASK "\"\n"
                                /* One that is given back has its owner from the host again. */
                                "ENV{" CLAIM_RULE "}!=\"?*\", OWNER=\"0\", GROUP=\"0\"\n";
/*
 * A driver that came all the same goes, as a virtual machine that lets go of an interface has the kernel look for one;
 * except usbfs, which is the virtual machine. ATTR{driver} is the driver of this moment, DRIVER that of the event. An
 * add of the kernel's own has a bind behind it, by when a machine may have the interface; one that was asked for has
 * not. While its module is being loaded a driver has no file to unbind by (drivers/base/bus.c, bus_add_driver()): then
 * the interface loses its authorization for a moment, in which nobody can claim it.
 */
static const char first_known[] =
        "LABEL=\"passthrough_claims_known\"\n"
        "ENV{" CLAIM_RULE "}!=\"?*\", GOTO=\"passthrough_claims_end\"\n"
        "ENV{ID_MM_DEVICE_IGNORE}=\"1\", ENV{ID_MM_PORT_IGNORE}=\"1\", ENV{MTP_NO_PROBE}=\"1\"\n"
        "GOTO=\"passthrough_claims_end\"\n"
        "\n"
        "LABEL=\"passthrough_claims_child\"\n"
        "ENV{MODALIAS}=\"\", ENV{SYSTEMD_READY}=\"0\"\n"
        "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_interface\", IMPORT{db}=\"" CLAIM_FROM "\"\n"
        "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_interface\", ACTION==\"add\", ENV{SYNTH_UUID}!=\"?*\", "
        "GOTO=\"passthrough_claims_unbound\"\n"
        "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_interface\", ACTION==\"add|bind\", ATTR{driver}==\"?*\", "
        "ATTR{driver}!=\"usbfs\", ENV{" CLAIM_FROM "}=\"$attr{driver}\", GOTO=\"passthrough_claims_unbind\"\n"
        "GOTO=\"passthrough_claims_unbound\"\n"
        "LABEL=\"passthrough_claims_unbind\"\n"
        "TEST!=\"driver/unbind\", ATTR{authorized}=\"0\", ATTR{authorized}=\"1\"\n"
        "TEST==\"driver/unbind\", ATTR{driver/unbind}=\"$kernel\"\n"
        "LABEL=\"passthrough_claims_unbound\"\n"
        "SUBSYSTEM==\"block\", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}=\"1\", ENV{UDISKS_IGNORE}=\"1\"\n"
        "SUBSYSTEM==\"input\", TEST==\"inhibited\", ATTR{inhibited}=\"1\"\n"
        "SUBSYSTEM==\"net\", ENV{NM_UNMANAGED}=\"1\"\n"
        "SUBSYSTEM==\"tty\", ENV{ID_MM_DEVICE_IGNORE}=\"1\", ENV{ID_MM_PORT_IGNORE}=\"1\"\n";

/* Nobody has it for sitting at the machine, and no key of it switches the machine off. */
static const char last_start_of_file[] = "# Made by passthrough from passthrough.d(5), see passthrough(7)\n"
                                         "ACTION==\"remove\", GOTO=\"passthrough_claims_end\"\n";
static const char last_head[] =
        "ENV{" CLAIM_RULE "}!=\"?*\", GOTO=\"passthrough_claims_end\"\n"
        "TAG-=\"uaccess\", TAG-=\"seat\", TAG-=\"power-switch\", TAG-=\"master-of-seat\"\n"
        "SUBSYSTEM==\"input\", ENV{ID_INPUT}=\"\", ENV{ID_INPUT_KEY}=\"\", ENV{ID_INPUT_KEYBOARD}=\"\", "
        "ENV{ID_INPUT_MOUSE}=\"\", ENV{ID_INPUT_POINTINGSTICK}=\"\", ENV{ID_INPUT_TABLET}=\"\", "
        "ENV{ID_INPUT_TABLET_PAD}=\"\", ENV{ID_INPUT_TOUCHPAD}=\"\", ENV{ID_INPUT_TOUCHSCREEN}=\"\", "
        "ENV{ID_INPUT_JOYSTICK}=\"\", ENV{ID_INPUT_ACCELEROMETER}=\"\", ENV{ID_INPUT_SWITCH}=\"\", "
        "ENV{ID_INPUT_TRACKBALL}=\"\"\n"
        "SUBSYSTEM==\"block\", OPTIONS+=\"nowatch\"\n"
        /* No login starts where this link is: see generator/gettys.c. */
        "SUBSYSTEM==\"tty\", SYMLINK+=\"passthrough/.tty/$kernel\"\n"
        /* gpsd's rules have asked for a service by then; brltty's, which come later, go by PRODUCT. */
        "SUBSYSTEM==\"usb\", ENV{PRODUCT}=\"\"\n"
        "ENV{SYSTEMD_WANTS}=\"\"\n";
/* What is claimed itself: a device, or a port that has it from no device above it. */
static const char not_child[] = "SUBSYSTEM==\"usb\", ENV{DEVTYPE}!=\"usb_device\", GOTO=\"passthrough_claims_end\"\n"
                                "SUBSYSTEM!=\"usb|tty\", GOTO=\"passthrough_claims_end\"\n"
                                "ENV{SYSTEMD_READY}==\"0\", GOTO=\"passthrough_claims_end\"\n";
static const char last_start[] = "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}=\"passthrough-hotplug@$kernel.service\"\n";
static const char last_link[] = "ENV{" CLAIM_LINK "}==\"?*\", SYMLINK+=\"$env{" CLAIM_LINK "}\"\n";
static const char end[] = "LABEL=\"passthrough_claims_end\"\n";

static const char network[] = "# Made by passthrough from passthrough.d(5), see passthrough(7)\n"
                              "[Match]\n"
                              "Property=" CLAIM_RULE "=?*\n"
                              "\n"
                              "[Link]\n"
                              "Unmanaged=yes\n";

struct writer {
        const struct plan *plan;
        const struct bus_source *const *buses;
        struct arena *arena;
        struct strings lines; /* which decide, in the first file */
        bool *claims;         /* by rule: something may be claimed for it */
};

static const struct bus *bus_of(const struct writer *w, const struct rule *rule)
{
        for (size_t i = 0; rule->bus->taken_by && w->buses[i]; i++)
                if (w->buses[i]->bus->syntax == rule->bus)
                        return w->buses[i]->bus;
        return NULL;
}

/* [Match] as udev can judge it. */
static const char *condition(const struct writer *w, const struct rule *rule, bool *ret_whole)
{
        const struct bus *bus = bus_of(w, rule);
        const char *text = "";

        *ret_whole = false;
        if (bus->udev)
                text = bus->udev(w->arena, rule, ret_whole);
        if (strlen(text) <= CONDITION_LONGEST)
                return text;
        *ret_whole = false;
        return "";
}

static bool counts(const struct writer *w, size_t rule)
{
        const struct plan_rule *state = &w->plan->rules[rule];

        return bus_of(w, &w->plan->config->rules[rule]) && state->state != RULE_INVALID && state->state != RULE_SKIPPED;
}

/* One line of the decision; which: a condition, with a comma behind it unless it is empty. */
static void decide(struct writer *w, const struct rule *rule, const char *which, const char *then)
{
        strings_add(w->arena, &w->lines,
                    arena_join(w->arena, "SUBSYSTEM==\"", rule->bus->name, "\", ", which, then, "\n", NULL));
}

/* As udev has a value to write: "$" and "%" begin what it replaces, and a quote ends it in each of its versions. */
static const char *attribute(struct arena *a, const struct attribute *x)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
        const char *value = "";

        if (x->name[strspn(x->name, plain)] || strpbrk(x->value, "\"\\"))
                return "";
        for (const char *c = x->value; *c; c++)
                value = arena_join(a, value, *c == '$' || *c == '%' ? arena_strndup(a, c, 1) : "",
                                   arena_strndup(a, c, 1), NULL);
        return arena_join(a, ", ATTR{", x->name, "}=\"", value, "\"", NULL);
}

/* A device that is plugged in again has none of them: what cannot be said to udev is written once it is taken. */
static void add_attributes(const struct writer *w, struct strings *lines, const struct rule *rule)
{
        const char *text = "";

        for (size_t i = 0; i < rule->n_attributes; i++)
                text = arena_join(w->arena, text, attribute(w->arena, &rule->attributes[i]), NULL);
        if (*text && strlen(text) <= CONDITION_LONGEST)
                strings_add(w->arena, lines,
                            arena_join(w->arena, "ACTION==\"add\", ENV{" CLAIM_RULE "}==\"", rule->name, "\"", text,
                                       "\n", NULL));
}

static void add_access(const struct writer *w, struct strings *lines, const char *rule, const struct claims_access *x)
{
        const char *const keys[][2] = {{"OWNER", x->owner}, {"GROUP", x->group}, {"MODE", x->mode}};
        const char *text = arena_join(w->arena, "ENV{" CLAIM_RULE "}==\"", rule, "\"", NULL);

        if (!x->owner && !x->group && !x->mode)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (keys[i][1])
                        text = arena_join(w->arena, text, ", ", keys[i][0], ":=\"", keys[i][1], "\"", NULL);
        strings_add(w->arena, lines, arena_join(w->arena, text, "\n", NULL));
}

/*
 * An adapter whose port a rule takes is not claimed itself, and brltty's rules, which take whole adapters, go by
 * PRODUCT. They come before there is a port, so the adapter is told by its ID alone.
 */
static const char *adapters(const struct writer *w)
{
        const char *text = "";

        for (size_t i = 0; i < w->plan->config->n_rules; i++) {
                const struct rule *rule = &w->plan->config->rules[i];
                const struct words *ids = &rule->match[MATCH_ID];

                for (size_t k = 0; w->claims[i] && rule->bus->on_others && !ids->negate && k < ids->n; k++) {
                        const char *colon = strchr(ids->v[k], ':'), *vendor, *product;

                        vendor = arena_strndup(w->arena, ids->v[k], (size_t)(colon - ids->v[k]));
                        product = colon + 1;
                        /* As the kernel has it: no zeros in front (drivers/usb/core/usb.c, usb_dev_uevent()). */
                        vendor += strspn(vendor, "0");
                        product += strspn(product, "0");
                        text = arena_join(w->arena, text,
                                          "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ENV{PRODUCT}==\"",
                                          *vendor ? vendor : "0", "/", *product ? product : "0",
                                          "/*\", ENV{PRODUCT}=\"\"\n", NULL);
                }
        }
        return text;
}

/* start: a service is to be started for what is claimed. */
static const char *last_text(const struct writer *w, const struct claims_access *access, bool start)
{
        struct strings lines = {};

        for (size_t i = 0; i < w->plan->config->n_rules; i++)
                if (w->claims[i]) {
                        add_access(w, &lines, w->plan->config->rules[i].name, &access[i]);
                        add_attributes(w, &lines, &w->plan->config->rules[i]);
                }
        return arena_join(w->arena, last_start_of_file, adapters(w), last_head, not_child, start ? last_start : "",
                          lines.n > 0 ? strings_text(w->arena, &lines) : "", last_link, end, NULL);
}

/* host: udev can ask there. */
static const char *first_text(const struct writer *w, bool host, bool again)
{
        const char *heads = "";

        for (size_t i = 0; w->buses[i]; i++)
                if (w->buses[i]->bus->syntax->taken_by && w->buses[i]->bus->udev_head)
                        heads = arena_join(w->arena, heads, w->buses[i]->bus->udev_head, NULL);
        return arena_join(w->arena, first_head, host ? first_orphans : "", first_children, again ? first_again : "",
                          first_devices, host ? first_decided : "", heads, first_events,
                          strings_text(w->arena, &w->lines), host ? first_ask : "", first_known, end, NULL);
}

static bool any(const struct writer *w)
{
        for (size_t i = 0; i < w->plan->config->n_rules; i++)
                if (w->claims[i])
                        return true;
        return false;
}

struct claims_text claims_udev_host(const struct plan *plan, const struct bus_source *const *buses,
                                    const bool *left_out, const struct claims_access *access, bool again,
                                    struct arena *a)
{
        struct writer w = {.plan = plan, .buses = buses, .arena = a};

        w.claims = arena_alloc(a, plan->config->n_rules * sizeof(*w.claims));
        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool native = rule->driver == DRIVER_NATIVE, whole;
                const char *which;

                if (left_out[i] || !counts(&w, i))
                        continue;
                which = condition(&w, rule, &whole);
                w.claims[i] = !native;
                /* What the host keeps ends here only where that is sure; else the process finds out. */
                if (!native)
                        decide(&w, rule, which, "GOTO=\"passthrough_claims_ask\"");
                else if (whole)
                        decide(&w, rule, which, "GOTO=\"passthrough_claims_known\"");
        }
        if (!any(&w))
                return (struct claims_text){};
        return (struct claims_text){
                .first = first_text(&w, true, again),
                .last = last_text(&w, access, true),
                .network = network,
        };
}

/* ---- of a boot image ------------------------------------------------------------------------------------------- */

static bool cleared(const struct clearance *clearance, const struct rule *rule, const struct device *d)
{
        for (size_t i = 0; i < clearance->n_devices; i++) {
                const struct clearance_device *x = &clearance->devices[i];

                if (x->cleared && x->digest == rule->digest && streq(x->rule, rule->name) && streq(x->path, d->path) &&
                    streq(x->id, d->id))
                        return true;
        }
        return false;
}

/* Another one that looks the same may sit there by then, and be the host's. */
static bool has_double(const struct plan *plan, size_t device)
{
        const struct device *d = &plan->facts->devices[device];
        const char *serial = d->marks[MARK_SERIAL];

        for (size_t i = 0; i < plan->facts->n_devices; i++) {
                const struct device *x = &plan->facts->devices[i];
                const struct plan_entry *e = plan_find(plan, i);

                if (i != device && x->bus == d->bus && streq(x->id, d->id) &&
                    (!serial || streq_ptr(x->marks[MARK_SERIAL], serial)) && !(e && e->action == ACTION_BIND))
                        return true;
        }
        return false;
}

/*
 * Which keyboards are plugged in then, nobody knows now: what may be typed on is left to the host's own rules where an
 * initrd may ask for a passphrase.
 */
static bool may_be_claimed(const struct plan *plan, const struct plan_entry *e, const struct clearance *clearance)
{
        const struct device *d = &plan->facts->devices[e->device];

        if (e->action != ACTION_BIND || e->stage == STAGE_DEMAND ||
            (plan->facts->evidence->passphrase && d->roles & (ROLE_USB | ROLE_GUARDED)))
                return false;
        return !has_double(plan, e->device) && cleared(clearance, &plan->config->rules[e->rule], d);
}

/*
 * A device that was recorded at its place is what the rule matches there, also where udev cannot judge all of that, or
 * what earlier rules keep.
 */
static void claim(struct writer *w, const struct plan_entry *e, const char *which, bool placed, const char *link)
{
        const struct rule *rule = &w->plan->config->rules[e->rule];
        const struct bus *bus = bus_of(w, rule);
        const struct device *d = &w->plan->facts->devices[e->device];
        const char *identity = bus->udev_is ? bus->udev_is(w->arena, d) : placed ? NULL : "";
        const char *then;

        if (!identity)
                return;
        then = arena_join(w->arena, "ENV{" CLAIM_RULE "}=\"", rule->name, "\", ", link ? "ENV{" CLAIM_LINK "}=\"" : "",
                          link ? link : "", link ? "\", " : "", "GOTO=\"passthrough_claims_known\"", NULL);
        decide(w, rule, arena_join(w->arena, which, identity, NULL), then);
        w->claims[e->rule] = true;
}

struct claims_text claims_udev_image(const struct plan *plan, const struct bus_source *const *buses,
                                     const struct clearance *clearance, const char *const *links,
                                     const struct claims_access *access, struct arena *a)
{
        struct writer w = {.plan = plan, .buses = buses, .arena = a};
        bool unsure = false; /* what earlier rules match */

        w.claims = arena_alloc(a, plan->config->n_rules * sizeof(*w.claims));
        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool whole;
                const char *which;

                if (!counts(&w, i))
                        continue;
                which = condition(&w, rule, &whole);
                for (size_t k = 0; k < plan->n_entries; k++) {
                        const struct plan_entry *e = &plan->entries[k];

                        if (e->rule == i && may_be_claimed(plan, e, clearance))
                                claim(&w, e, which, !whole || unsure, links[k]);
                }
                unsure |= !whole;
                if (whole)
                        decide(&w, rule, which, "GOTO=\"passthrough_claims_known\"");
        }
        if (!any(&w))
                return (struct claims_text){};
        return (struct claims_text){
                .first = first_text(&w, false, false),
                .last = last_text(&w, access, false),
        };
}

const char *claims_udev_without(struct arena *a, const char *text, const struct words *skip)
{
        static const char mark[] = "ENV{" CLAIM_RULE "}=\"";
        char *out = arena_strdup(a, text), *to = out;

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n") + 1;
                const char *one = arena_strndup(a, line, n), *rule = strstr(one, mark);

                if (rule)
                        rule = arena_strndup(a, rule + strlen(mark), strcspn(rule + strlen(mark), "\""));
                if (!rule || !match_is_skipped(skip, rule))
                        to = stpcpy(to, one);
                line += strlen(one);
        }
        *to = '\0';
        return out;
}
