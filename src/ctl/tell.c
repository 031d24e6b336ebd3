/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/tell.h"

#include <stdio.h>
#include <time.h>

#include "base/str.h"
#include "ctl/names.h"
#include "ctl/situation.h"
#include "plan/sriov.h"
#include "report/domain.h"
#include "report/model.h"

static struct screen screen(struct ctl *c)
{
        return screen_of(stdout, &c->arena);
}

static uint64_t now_us(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void tell_row(struct ctl *c, const char *label, const char *text)
{
        struct screen s = screen(c);

        form_put(&s, label, text);
        fflush(stdout);
}

void tell_say(struct ctl *c, const char *text)
{
        struct screen s = screen(c);

        form_say(&s, text);
        fflush(stdout);
}

void tell_note(struct ctl *c, const char *text)
{
        tell_say(c, arena_join(&c->arena, "Note: ", text, NULL));
}

struct telling tell_begin(struct ctl *c, const char *label, const char *text)
{
        struct screen s = screen(c);

        return (struct telling){.at = form_begin(&s, label, text), .since_us = now_us()};
}

void tell_end(struct ctl *c, const struct telling *t, const char *said, const char *more)
{
        const char *time = form_time(&c->arena, now_us() - t->since_us);
        struct screen s = screen(c);

        form_end(&s, t->at, arena_join(&c->arena, said ? said : "", said ? " " : "", time, more, NULL));
        fflush(stdout);
}

void tell_output(const char *said)
{
        fputs(said, stderr);
        if (*said && !endswith(said, "\n"))
                fputc('\n', stderr);
}

static bool is_planned(struct ctl *c)
{
        if (c->plan.facts)
                return true;
        return (c->loaded || ctl_load_config(c) == 0) && ctl_make_plan(c, NULL, true) == 0;
}

/* "NVIDIA A40 at 17:00.0, and 2 more"; companions are not counted. */
static const char *devices_of(struct ctl *c, size_t rule, const struct pci_name *names)
{
        const char *text = "";
        size_t n = 0;

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const struct device *d = &c->facts.devices[e->device];

                if (e->rule != rule || e->action != ACTION_BIND || e->leader != NO_ENTRY || e->below != NO_ENTRY)
                        continue;
                if (n++ == 0)
                        text = arena_join(&c->arena, model_short(&c->arena, d, &names[e->device]), " at ",
                                          domain_less(domain_is_one(&c->facts), d->address), NULL);
        }
        return n > 1 ? arena_printf(&c->arena, "%s, and %zu more", text, n - 1) : text;
}

/* "3 virtual functions of Intel E810-C at 17:00.0, and 3 of others", of those that are not there yet. */
static const char *made_of(struct ctl *c, size_t rule, const struct pci_name *names)
{
        const struct sriov_plan *plan = c->plan.sriov;
        const struct device *d = NULL;
        size_t first = 0, n = 0, others = 0;

        for (size_t i = 0; plan && i < plan->n_functions; i++) {
                const struct plan_entry *e = &c->plan.entries[plan->parents[plan->functions[i].parent].entry];

                if (e->rule != rule || !plan->functions[i].driver)
                        continue;
                if (!d) {
                        first = e->device;
                        d = &c->facts.devices[first];
                }
                if (e->device == first)
                        n++;
                else
                        others++;
        }
        if (!d)
                return "";
        return arena_printf(&c->arena, "%zu virtual function%s of %s at %s%s", n, n == 1 ? "" : "s",
                            model_short(&c->arena, d, &names[first]), domain_less(domain_is_one(&c->facts), d->address),
                            others ? arena_printf(&c->arena, ", and %zu of others", others) : "");
}

void tell_handovers(struct ctl *c)
{
        struct pci_name *names;

        if (!is_planned(c))
                return;
        names_look_up(&c->root, &c->facts, &c->arena, &names);
        for (size_t i = 0; i < c->config.n_rules; i++) {
                const char *name = c->config.rules[i].name, *devices = devices_of(c, i, names);
                enum rule_state state = c->plan.rules[i].state;

                if (!*devices)
                        devices = made_of(c, i, names);
                if (*devices && rule_on_demand(&c->config.rules[i]))
                        tell_row(c, "On demand", arena_join(&c->arena, name, ": ", devices, NULL));
                else if (*devices)
                        tell_row(c, "Hands over", arena_join(&c->arena, name, ": ", devices, NULL));
                else if (state == RULE_REFUSED || state == RULE_MISSING)
                        tell_row(c, "Hands over",
                                 arena_join(&c->arena, name, ": nothing, it is ", rule_state_names[state],
                                            "; passthroughctl plan says why", NULL));
        }
}

void tell_step(struct ctl *c, const char *command, const char *why)
{
        struct screen s = screen(c);
        const char *ctl = c->root.live ? "sudo passthroughctl " : "passthroughctl ";

        next_put(&s, &(struct next_step){arena_join(&c->arena, ctl, command, NULL), why});
        fflush(stdout);
}
