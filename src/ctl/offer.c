/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/offer.h"

#include "base/str.h"

#define GROUP   "IOMMUGroup=complete"
#define DISPLAY "AllowBootDisplay=yes"

static const struct offer offers[] = {
        {{GROUP, NULL}, "the whole IOMMU group, as a virtual machine gets it", "the whole IOMMU group"},
        {{DISPLAY, NULL}, "the screen of this host", "the display that the firmware booted on"},
        {{GROUP, DISPLAY},
         "the whole IOMMU group, and the screen of this host",
         "the whole IOMMU group, with the display that the firmware booted on"},
};

static bool says(const struct proposal *p, const char *setting)
{
        size_t n = strcspn(setting, "=");

        for (size_t i = 0; i < p->n_settings; i++)
                if (strncmp(p->settings[i], setting, n) == 0 && strcspn(p->settings[i], "= \t") == n)
                        return true;
        return false;
}

static bool try(const struct edit *e, const struct draft *d, const struct offer *offer, struct edit *ret)
{
        struct proposal p = d->proposal;
        struct draft *draft;

        *ret = (struct edit){.c = e->c, .quiet = true, .show = e->show, .names = e->names, .gone = e->gone};
        p.settings = NULL;
        p.n_settings = 0;
        for (size_t i = 0; i < d->proposal.n_settings; i++)
                str_add(&e->c->arena, &p.settings, &p.n_settings, d->proposal.settings[i]);
        for (size_t i = 0; i < ARRAY_SIZE(offer->settings) && offer->settings[i]; i++) {
                if (says(&d->proposal, offer->settings[i]))
                        return false;
                str_add(&e->c->arena, &p.settings, &p.n_settings, offer->settings[i]);
        }
        draft = edit_add(ret, d->name, &p);
        return edit_judge(ret) == 0 && !draft->why;
}

const struct offer *offer_find(const struct edit *e, const struct draft *d, struct edit *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(offers); i++)
                if (try(e, d, &offers[i], ret))
                        return &offers[i];
        return NULL;
}

const char *offer_settings(struct arena *a, const struct offer *offer)
{
        return arena_join(a, offer->settings[0], offer->settings[1] ? " " : "",
                          offer->settings[1] ? offer->settings[1] : "", NULL);
}
