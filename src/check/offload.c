/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether Open vSwitch has functions in switchdev mode forward in hardware. Its database is not ours: it is read alone.
 */
#include "check/row.h"
#include "config/sriov.h"

static bool any_switchdev(const struct checker *c)
{
        for (size_t i = 0; i < c->plan->config->n_rules; i++) {
                const struct sriov *x = c->plan->config->rules[i].sriov;

                if (x && x->eswitch == ESWITCH_SWITCHDEV)
                        return true;
        }
        return false;
}

static void unread(struct checker *c, const char *id)
{
        if (!any_switchdev(c))
                check_row(c, id, CHECK_SKIP, "", "no rule has Eswitch=switchdev");
        else if (c->facts->openvswitch.source == SOURCE_ABSENT)
                check_row(c, id, CHECK_SKIP, "", "there is no database of Open vSwitch");
        else
                check_row(c, id, CHECK_UNKNOWN, "",
                          "%s cannot be read; ovs-vsctl get Open_vSwitch . other_config shows it",
                          c->facts->openvswitch.file);
}

static void offload(struct checker *c)
{
        static const char id[] = "openvswitch.offload";
        const struct openvswitch *x = &c->facts->openvswitch;

        if (!any_switchdev(c) || x->source != SOURCE_READ)
                unread(c, id);
        else if (x->offload == YES)
                check_row(c, id, CHECK_PASS, "", "Open vSwitch has other_config:hw-offload=true");
        else
                check_row(c, id, CHECK_WARN, "ovs-vsctl set Open_vSwitch . other_config:hw-offload=true",
                          "Open vSwitch forwards all packets itself: other_config:hw-offload is not true in %s",
                          x->file);
}

static void ports(struct checker *c)
{
        static const char id[] = "openvswitch.ports";
        const struct openvswitch *x = &c->facts->openvswitch;

        if (!any_switchdev(c) || x->source != SOURCE_READ)
                unread(c, id);
        else if (x->n_gone == 0)
                check_row(c, id, CHECK_PASS, "", "each interface that is a port of Open vSwitch is there");
        for (size_t i = 0; any_switchdev(c) && i < x->n_gone; i++)
                check_row(c, id, CHECK_WARN, arena_join(c->arena, "ovs-vsctl del-port ", x->gone[i], NULL),
                          "Open vSwitch has a port %s, and there is no such interface; the representor of a virtual "
                          "function may have another name now",
                          x->gone[i]);
}

void check_offload(struct checker *c)
{
        offload(c);
        ports(c);
}
