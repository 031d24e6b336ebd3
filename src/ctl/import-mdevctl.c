/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mdevctl(8) makes at boot: /etc/mdevctl.d/PARENT/UUID. Its files stay as they are, and so does double ownership,
 * until they are undefined: a rule that is written first takes over what is there, whenever that is done.
 */
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "ctl/import.h"

/* What one rule takes over: that of a parent, or of the virtual functions of one card. */
struct taken {
        size_t device; /* of the rule */
        const struct vgpu_owner **of;
        size_t n;
};

struct reader {
        struct import *m;
        size_t n_owners;
        struct taken *taken;
        size_t n_taken;
};

static const struct rule *rule_of(const struct config *config, const char *uuid)
{
        for (size_t r = 0; r < config->n_rules; r++)
                for (size_t i = 0; config->rules[r].vgpu && i < config->rules[r].vgpu->n_sections; i++) {
                        const struct vgpu_section *s = &config->rules[r].vgpu->sections[i];

                        if (str_index(uuid, s->uuids, s->n_uuids) >= 0)
                                return &config->rules[r];
                }
        return NULL;
}

static void add_step(struct import *m, const struct vgpu_owner *o, size_t draft)
{
        struct arena *a = &m->edit.c->arena;
        struct import_step *step = arena_grow(a, &m->steps, m->n_steps++, sizeof(*step));

        *step = (struct import_step){arena_join(a, "mdevctl undefine -u ", o->uuid, " -p ", o->parent, NULL), draft};
}

/* The device that a rule names for that parent; a virtual function is its card's. */
static size_t device_of(const struct facts *facts, const char *parent)
{
        size_t device = facts_find(facts, parent);

        if (device != NO_DEVICE && facts->devices[device].parent)
                device = facts_find(facts, facts->devices[device].parent);
        return device;
}

/* Whether another parent has the same UUID, of those that are taken over already. */
static const char *twin_of(const struct reader *x, const char *uuid)
{
        for (size_t i = 0; i < x->n_taken; i++)
                for (size_t k = 0; k < x->taken[i].n; k++)
                        if (streq(x->taken[i].of[k]->uuid, uuid))
                                return x->taken[i].of[k]->who;
        return NULL;
}

static void take(struct reader *x, size_t device, const struct vgpu_owner *o)
{
        struct arena *a = &x->m->edit.c->arena;
        struct taken *t = NULL;

        for (size_t i = 0; i < x->n_taken; i++)
                if (x->taken[i].device == device)
                        t = &x->taken[i];
        if (!t) {
                t = arena_grow(a, &x->taken, x->n_taken++, sizeof(*t));
                *t = (struct taken){.device = device};
        }
        *(const struct vgpu_owner **)arena_grow(a, &t->of, t->n++, sizeof(*t->of)) = o;
}

static void read_one(struct reader *x, const struct config *config, const struct vgpu_owner *o)
{
        struct import *m = x->m;
        size_t device = o->parent ? device_of(&m->edit.c->facts, o->parent) : NO_DEVICE;
        const struct rule *rule = o->uuid ? rule_of(config, o->uuid) : NULL;

        if (o->unreadable)
                import_note(m, "%s is left alone: it cannot be read", o->who);
        else if (!o->uuid)
                return;
        else if (rule) {
                import_note(m, "%s is left alone: there is %s already, with its UUID", o->who, rule->file);
                add_step(m, o, SIZE_MAX);
        } else if (!o->automatic)
                import_note(m,
                            "%s is left alone: it is started by hand, and a rule makes it at each boot; to have that, "
                            "first mdevctl modify -u %s --auto",
                            o->who, o->uuid);
        else if (o->attribute)
                import_note(m, "%s is left alone: it sets %s of the device itself, which no rule can", o->who,
                            o->attribute);
        else if (device == NO_DEVICE)
                import_note(m, "%s is left alone: there is no such parent here", o->who);
        else if (twin_of(x, o->uuid))
                import_note(m, "%s is left alone: %s has the same UUID, which can be there once", o->who,
                            twin_of(x, o->uuid));
        else
                take(x, device, o);
}

/* A section for each type, in the order of the files. */
static const char *sections(struct arena *a, const struct taken *t)
{
        const char *text = "";

        for (size_t i = 0; i < t->n; i++) {
                const char *uuids = "";
                bool first = true;

                for (size_t k = 0; k < i; k++)
                        first &= !streq(t->of[k]->type, t->of[i]->type);
                for (size_t k = i; first && k < t->n; k++)
                        if (streq(t->of[k]->type, t->of[i]->type))
                                uuids = arena_join(a, uuids, *uuids ? " " : "", t->of[k]->uuid, NULL);
                if (first)
                        text = arena_join(a, text, "[VirtualGPU]\nType=", t->of[i]->type, "\nUUID=", uuids, "\n", NULL);
        }
        return text;
}

static void draft(struct reader *x, const struct taken *t)
{
        struct import *m = x->m;
        struct arena *a = &m->edit.c->arena;
        const struct device *d = &m->edit.c->facts.devices[t->device];
        const char *name = import_name(a, "mdevctl", d->address), *file = import_file(m, name), *why;
        struct proposal p = {.expect = 1, .gpus = sections(a, t)};
        bool functions = false;

        propose_match(a, &m->edit.c->facts, &t->device, 1, &p.match, &why);
        for (size_t i = 0; i < t->n; i++) {
                if (file)
                        import_note(m, "%s is left alone: there is %s already", t->of[i]->who, file);
                else if (!p.match)
                        import_note(m, "%s is left alone: %s", t->of[i]->who, why);
                functions |= !streq(t->of[i]->parent, d->address);
        }
        if (file || !p.match)
                return;
        p.comment = arena_join(a, "# Taken over by passthroughctl add from /etc/mdevctl.d",
                               functions ? "" : arena_join(a, "/", d->address, NULL), ".\n", NULL);
        edit_add(&m->edit, name, &p);
        if (functions)
                import_note(m,
                            "%s: each goes to the first virtual function that has room, which need not be the one that "
                            "mdevctl names",
                            d->address);
        for (size_t i = 0; i < t->n; i++) {
                strings_add(a, &m->edit.gone, t->of[i]->who);
                add_step(m, t->of[i], m->edit.n - 1);
        }
}

int import_mdevctl(struct import *m)
{
        struct ctl *c = m->edit.c;
        struct reader x = {.m = m};
        struct vgpu_owner *owners;
        struct config config;
        int k = edit_plan(&m->edit); /* of the rules there are */

        if (k != 0)
                return k;
        config = c->config;
        k = edit_look(c);
        if (k != 0)
                return k;
        vgpu_owners_read(&c->root, &c->arena, &owners, &x.n_owners);
        for (size_t i = 0; i < x.n_owners; i++)
                read_one(&x, &config, &owners[i]);
        for (size_t i = 0; i < x.n_taken; i++)
                draft(&x, &x.taken[i]);
        return 0;
}
