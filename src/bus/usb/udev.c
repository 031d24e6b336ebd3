/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Match] as udev can judge it at the event of a device, before there are interfaces: by the variables of the kernel's
 * own event (drivers/usb/core/driver.c, usb_uevent()), the device's files and its place in the tree. A condition lets
 * pass all that the rule may match; what it lets pass besides, the process that is started finds out.
 */
#include "base/str.h"
#include "bus/usb/usb.h"

#define PLACE ".PASSTHROUGH_PLACE"
#define SLOW  "1.5|12|480"

/* PLACE is the root hub that the device is below, and its directory. And a hub is never handed over. */
const char usb_udev_head[] = "SUBSYSTEM==\"usb\", ENV{TYPE}==\"9/*\", GOTO=\"passthrough_claims_known\"\n"
                             "SUBSYSTEM==\"usb\", ENV{" PLACE "}=\"usb3:$devpath\"\n"
                             "SUBSYSTEM==\"usb\", ATTR{speed}==\"" SLOW "\", ENV{" PLACE "}=\"usb2:$devpath\"\n";

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+@/";

/* A word in which nothing means anything to udev: what might stands for any text. *exact: nothing had to. */
static const char *quoted(struct arena *a, const char *word, bool *exact)
{
        char *text = arena_strdup(a, word);

        for (char *c = text; *c; c++)
                if (!strchr(plain, *c)) {
                        *c = '*';
                        *exact = false;
                }
        return text;
}

/* PRODUCT has the numbers in hex, without zeros in front: "951/1666/100". */
static const char *id(struct arena *a, const char *word, bool *exact)
{
        const char *colon = strchr(word, ':'), *vendor = word + strspn(word, "0"), *product = colon + 1;

        (void)exact;
        product += strspn(product, "0");
        vendor = vendor == colon ? "0" : arena_strndup(a, vendor, (size_t)(colon - vendor));
        return arena_join(a, vendor, "/", *product ? product : "0", "/*", NULL);
}

static const char *port(struct arena *a, const char *word, bool *exact)
{
        (void)a;
        (void)exact;
        return word;
}

/*
 * A device that is no faster than USB 2 is below the root hub for USB 2, whose ports give sockets their names. The
 * other half of a socket may have any number and any depth, as the firmware says (socket.c): there only the controller
 * counts, but for a port that is no socket of the half for USB 2.
 */
static const char *path(struct arena *a, const char *word, bool *exact)
{
        const char *slash = strchr(word, '/'), *ports = slash + 1;
        const char *controller = quoted(a, arena_strndup(a, word, (size_t)(slash - word)), exact);

        *exact = false;
        if (startswith(ports, "usb3:"))
                return arena_join(a, "usb3:*/", controller, "/usb*/*-", ports + strlen("usb3:"), NULL);
        return arena_join(a, "usb2:*/", controller, "/usb*/*-", ports, "|usb3:*/", controller, "/usb*/*-*", NULL);
}

/* Blanks in front are no part of a serial number here, and udev cuts only those behind it. */
static const char *serial_number(struct arena *a, const char *word, bool *exact)
{
        const char *text = quoted(a, word, exact);

        return arena_join(a, text, "| *", text, NULL);
}

static const struct {
        enum match_key key;
        const char *name;
        const char *(*value)(struct arena *a, const char *word, bool *exact);
} judged[] = {
        {MATCH_ID, "ENV{PRODUCT}", id},
        {MATCH_SERIAL, "ATTR{serial}", serial_number},
        {MATCH_PORT, "KERNEL", port},
        {MATCH_PATH, "ENV{" PLACE "}", path},
};

/* NULL where it cannot be said; *exact: it lets nothing else pass. */
static const char *condition(struct arena *a, size_t judge, const struct words *list, bool *exact)
{
        const char *text = arena_join(a, judged[judge].name, list->negate ? "!=\"" : "==\"", NULL);

        for (size_t i = 0; i < list->n && strlen(text) <= BUS_UDEV_MAX; i++)
                text = arena_join(a, text, i > 0 ? "|" : "", judged[judge].value(a, list->v[i], exact), NULL);
        /*
         * What is more than the words mean must not be left out for them. And no condition at all holds of a file that
         * is not there (src/udev/udev-rules.c, token_match_attr()), as a device without a serial number has it.
         */
        if (strlen(text) > BUS_UDEV_MAX || (list->negate && (!*exact || judged[judge].key == MATCH_SERIAL)))
                return NULL;
        return arena_join(a, text, "\", ", NULL);
}

/* Of a controller's two root hubs one is for USB 3: the speed says which of them the port is of. */
static const char *placed_at(struct arena *a, const struct device *d, bool *exact)
{
        const char *speed = usb_of(d)->speed, *ports = strchr(d->address, '-'), *hub, *from;

        if (!ports || !speed)
                return NULL;
        hub = strstr(d->sysfs,
                     arena_join(a, "/usb", arena_strndup(a, d->address, (size_t)(ports - d->address)), "/", NULL));
        from = hub;
        while (from && from > d->sysfs && from[-1] != '/')
                from--;
        if (!from)
                return NULL;
        return arena_join(a, "DEVPATH==\"*/", quoted(a, arena_strndup(a, from, (size_t)(hub - from)), exact), "/usb*/*",
                          ports, "\", ATTR{speed}==\"", quoted(a, speed, exact), "\", ", NULL);
}

/* Serial numbers need not be unique: the place counts, too. Who sits elsewhere by then is for the host's own rules. */
const char *usb_udev_is(struct arena *a, const struct device *d)
{
        const char *serial = d->marks[MARK_SERIAL], *text, *place;
        bool exact = true, placed = true;

        if (!d->identified)
                return NULL;
        text = arena_join(a, "ENV{PRODUCT}==\"", id(a, d->id, &exact), "\", ", NULL);
        if (serial)
                text = arena_join(a, text, "ATTR{serial}==\"", quoted(a, serial, &exact), "\", ", NULL);
        place = placed_at(a, d, &placed);
        return place && placed ? arena_join(a, text, place, NULL) : NULL;
}

const char *usb_udev(struct arena *a, const struct rule *rule, bool *ret_whole)
{
        const char *text = "";

        *ret_whole = rule->match[MATCH_CLASS].n == 0;
        for (size_t i = 0; i < ARRAY_SIZE(judged); i++) {
                const struct words *list = &rule->match[judged[i].key];
                bool exact = true;
                const char *one = list->n > 0 ? condition(a, i, list, &exact) : "";

                text = arena_join(a, text, one ? one : "", NULL);
                *ret_whole &= one && exact;
        }
        return text;
}
