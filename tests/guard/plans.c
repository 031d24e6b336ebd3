/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans of rules for USB devices and for serial ports, against what plugged.c says of these. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "claims.h"

#define RULES "etc/passthrough.d"

static const char *string(struct json_object *o, const char *key)
{
        struct json_object *v;

        return json_object_object_get_ex(o, key, &v) && json_object_get_string(v) ? json_object_get_string(v) : "";
}

static struct json_object *plan_again(void)
{
        const char *const arguments[] = {"plan", "--json", NULL};
        int status;

        return json_tokener_parse(run_program(PASSTHROUGHCTL, arguments, &status));
}

static unsigned complain(const struct machine *m, const char *name, const char *what, const char *more)
{
        if (!verdicts_quiet)
                printf("# seed %llu: %s %s: %s\n", (unsigned long long)m->seed, name, what, more);
        return 1;
}

/* ---- functions ----------------------------------------------------------------------------------------------------
 */

static struct json_object *functions_of(struct json_object *plan)
{
        struct json_object *devices = NULL, *ret = json_object_new_array();

        json_object_object_get_ex(plan, "devices", &devices);
        for (size_t i = 0; devices && i < json_object_array_length(devices); i++)
                if (strcmp(string(json_object_array_get_idx(devices, i), "bus"), "pci") == 0)
                        json_object_array_add(ret, json_object_get(json_object_array_get_idx(devices, i)));
        return ret;
}

/* What is known of USB changes nothing for a controller. */
static unsigned same_functions(const struct machine *m, struct json_object *before)
{
        struct json_object *after, *were = functions_of(before), *are;
        unsigned wrong = 0;

        put(RULES "/98-rule.conf", "[Match]\nBus=usb\nID=ffff:fffe\n[Device]\nExpect=0-\n");
        put(RULES "/99-rule.conf", "[Match]\nBus=tty\nPort=ttyNONE9\n[Device]\nExpect=0-\n");
        after = plan_again();
        are = functions_of(after);
        for (size_t i = 0; i < json_object_array_length(were) || i < json_object_array_length(are); i++) {
                struct json_object *a = json_object_array_get_idx(were, i), *b = json_object_array_get_idx(are, i);

                if (a && b && json_object_equal(a, b))
                        continue;
                wrong += complain(m,
                                  a   ? string(a, "address")
                                  : b ? string(b, "address")
                                      : "",
                                  "is judged otherwise once USB devices are known", b ? string(b, "reason") : "");
        }
        json_object_put(were);
        json_object_put(are);
        json_object_put(after);
        if (remove(RULES "/98-rule.conf") < 0 || remove(RULES "/99-rule.conf") < 0)
                err(2, RULES);
        return wrong;
}

/* ---- what is plugged in -------------------------------------------------------------------------------------------
 */

/* What the plan does with the device: "" where it has none of that name. */
static const char *action(struct json_object *plan, const char *name, const char **ret_reason)
{
        struct json_object *devices = NULL;

        *ret_reason = "not in the plan";
        json_object_object_get_ex(plan, "devices", &devices);
        for (size_t i = 0; devices && i < json_object_array_length(devices); i++) {
                struct json_object *o = json_object_array_get_idx(devices, i);

                if (strcmp(string(o, "address"), name) != 0)
                        continue;
                *ret_reason = string(o, "reason");
                return string(o, "action");
        }
        return "";
}

static unsigned compare(const struct machine *m, struct json_object *plan, const char *name, enum verdict verdict,
                        uint64_t *needed, uint64_t *unknown, uint64_t *taken)
{
        const char *reason, *is = action(plan, name, &reason);
        bool bound = strcmp(is, "bind") == 0;

        *needed += verdict == NEEDED;
        *unknown += verdict == UNKNOWN;
        *taken += verdict == FREE && bound;
        if (bound && verdict >= UNKNOWN)
                return complain(m, name, "is taken", verdict_names[verdict]);
        if (!bound && verdict == FREE)
                return complain(m, name, "is not taken", reason);
        return 0;
}

static unsigned keyboards(const struct machine *m, struct json_object *plan)
{
        unsigned n = 0;
        const char *reason;

        if (!passphrase_possible(m) || m->ps2_keyboard || m->virtio_keyboard != NONE)
                return 0;
        for (unsigned i = 0; i < m->n_usb; i++)
                if (m->usb[i].i2c && m->usb[i].keyboard)
                        return 0;
        for (unsigned i = 0; i < m->n_plugs; i++) {
                if (!m->plugs[i].keyboard)
                        continue;
                if (strcmp(action(plan, m->plugs[i].name, &reason), "bind") != 0)
                        return 0;
                n++;
        }
        return n > 0 ? complain(m, "", "no keyboard is left for the passphrase", "") : 0;
}

/* ---- which of them a rule means ----------------------------------------------------------------------------------
 */

enum by { BY_ID, BY_SOCKET, BY_SERIAL, BY_MAX_ };

static bool is_meant(const struct plug *p, enum by by, const struct plug *one)
{
        return by == BY_ID || (by == BY_SOCKET ? strcmp(p->socket, one->socket) : strcmp(p->serial, one->serial)) == 0;
}

/* One that the rule is to name. */
static const struct plug *example(const struct machine *m, enum by by)
{
        for (unsigned k = 0; k < m->n_plugs; k++) {
                const struct plug *p = &m->plugs[(m->seed / 16 + k) % m->n_plugs];

                if (by == BY_SOCKET ? *p->socket : *p->serial)
                        return p;
        }
        return NULL;
}

/* Writes a rule. One that names twins by the serial number of both means two, and takes none. */
static enum by ask(const struct machine *m, struct claims_asked *ret, bool *ret_twins)
{
        enum by by = m->seed / 4 % BY_MAX_;
        const struct plug *one = by == BY_ID ? NULL : example(m, by);
        unsigned n = 0;

        if (!one)
                by = BY_ID;
        put(RULES "/50-rule.conf", "[Match]\nBus=usb\n%s%s\n[Device]\n%s\n",
            by == BY_ID       ? "ID=046d:* 1050:*"
            : by == BY_SOCKET ? "Path="
                              : "Serial=",
            by == BY_ID       ? ""
            : by == BY_SOCKET ? one->socket
                              : one->serial,
            by == BY_SERIAL ? "" : "Expect=0-");
        for (unsigned i = 0; i < m->n_plugs; i++) {
                ret->matched[i] = is_meant(&m->plugs[i], by, one);
                ret->verdicts[i] = m->plugs[i].verdict;
                n += ret->matched[i];
        }
        *ret_twins = by == BY_SERIAL && n > 1;
        for (unsigned i = 0; i < m->n_plugs && *ret_twins; i++)
                if (ret->verdicts[i] < UNKNOWN)
                        ret->verdicts[i] = UNKNOWN;
        return by;
}

static unsigned usb(const struct machine *m, struct tally *tally)
{
        struct claims_asked asked;
        bool twins;
        enum by by = ask(m, &asked, &twins);
        struct json_object *plan = plan_again();
        unsigned wrong = 0;
        const char *reason;

        for (unsigned i = 0; i < m->n_plugs; i++) {
                const char *name = m->plugs[i].name;

                if (asked.matched[i])
                        wrong += compare(m, plan, name, asked.verdicts[i], &tally->plugs_needed, &tally->plugs_unknown,
                                         &tally->plugs_taken);
                else if (*action(plan, name, &reason))
                        wrong += complain(m, name, "is in the plan of a rule that means others", m->plugs[i].socket);
                tally->asked_by[by] += asked.matched[i];
                tally->asked_by[BY_MAX_] += asked.matched[i] && twins;
        }
        wrong += keyboards(m, plan);
        json_object_put(plan);
        return wrong > 0 || (m->n_shaped > 0 && m->seed / 8 % 4) ? wrong : claims_moments(m, &asked, tally);
}

/* An adapter's port goes by itself where the adapter may not: it is no way to a disk, and PPP may go over any. */
static unsigned ports(const struct machine *m, struct tally *tally)
{
        struct json_object *plan;
        char names[600] = "ttyS4";
        unsigned wrong = 0;
        bool ppp = false;

        for (unsigned i = 0; i < m->n_interfaces && !m->no_net; i++)
                ppp |= strncmp(m->interfaces[i].name, "ppp", 3) == 0;
        for (unsigned i = 0; i < m->n_plugs; i++)
                if (*m->plugs[i].port)
                        text(names + strlen(names), sizeof(names) - strlen(names), " %s", m->plugs[i].port);
        put(RULES "/50-rule.conf", "[Match]\nBus=tty\nPort=%s\n[Device]\nExpect=0-\n", names);
        plan = plan_again();
        if (m->serial != NONE)
                wrong += compare(m, plan, "ttyS4", m->card_port, &tally->ports_needed, &tally->ports_unknown,
                                 &tally->ports_taken);
        for (unsigned i = 0; i < m->n_plugs; i++)
                if (*m->plugs[i].port)
                        wrong += compare(m, plan, m->plugs[i].port, ppp ? UNKNOWN : FREE, &tally->ports_needed,
                                         &tally->ports_unknown, &tally->ports_taken);
        json_object_put(plan);
        return wrong;
}

unsigned plugged(const struct machine *m, const char *json, struct tally *tally)
{
        struct json_object *before = json_tokener_parse(json);
        unsigned wrong = same_functions(m, before);

        json_object_put(before);
        if (rename(RULES, RULES ".kept") < 0)
                err(2, RULES);
        make_dirs(RULES);
        wrong += m->seed / 2 % 2 ? usb(m, tally) : ports(m, tally);
        remove_tree(AT_FDCWD, RULES);
        if (rename(RULES ".kept", RULES) < 0)
                err(2, RULES);
        return wrong;
}
