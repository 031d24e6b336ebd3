/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of [Match] for ports: a board's own by name, others by the device that they are on. Pure. */
#include <string.h>

#include "base/str.h"
#include "bus/tty/tty.h"
#include "facts/facts.h"
#include "facts/identity.h"

/* Names of USB adapters' ports go to whoever comes first. */
static bool lasting_names(const struct device *carrier)
{
        return carrier->bus->syntax->iommu;
}

static const char *names_of(struct arena *a, const struct facts *facts, size_t carrier)
{
        const char *text = "";

        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].bus->syntax == &tty_syntax && tty_carrier(facts, &facts->devices[i]) == carrier)
                        text = arena_join(a, text, *text ? " " : "", facts->devices[i].address, NULL);
        return text;
}

static const char *given_names(struct arena *a, const struct facts *facts, const size_t *devices, size_t n)
{
        const char *text = "";

        for (size_t i = 0; i < n; i++)
                text = arena_join(a, text, i > 0 ? " " : "", facts->devices[devices[i]].address, NULL);
        return text;
}

void tty_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why)
{
        size_t carrier = tty_carrier(facts, &facts->devices[devices[0]]), n_ports;
        const struct device *c = carrier == NO_DEVICE ? NULL : &facts->devices[carrier];
        const char *port, *serial;

        *ret = *ret_why = NULL;
        for (size_t i = 1; i < n; i++)
                if (tty_carrier(facts, &facts->devices[devices[i]]) != carrier) {
                        *ret_why = "ports of several devices go into several rules";
                        return;
                }
        port = arena_join(a, "Port=", given_names(a, facts, devices, n), "\n", NULL);
        if (!c || !*c->id) {
                *ret = port;
                return;
        }
        n_ports = tty_ports_on(facts, carrier);
        if (n < n_ports && !lasting_names(c)) {
                *ret_why = arena_printf(a,
                                        "%s has %zu ports, and only their names, which change, tell them apart; name "
                                        "all of them for one rule: %s; each gets a link of its own, RULE.d/0 and on",
                                        c->address, n_ports, names_of(a, facts, carrier));
                return;
        }
        serial = identity_word(facts, c);
        *ret = arena_join(a, "ID=", c->id, serial ? "\nSerial=" : "\nPath=", serial ? serial : c->path, "\n", NULL);
        if (n < n_ports)
                *ret = arena_join(a, *ret, port, NULL);
}
