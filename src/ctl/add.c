/* SPDX-License-Identifier: GPL-2.0-or-later */
/* add: a rule for devices that are there, named by what survives renumbering. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "ctl/edit.h"
#include "ctl/lookup.h"
#include "ctl/offer.h"
#include "ctl/pick.h"
#include "ctl/removable.h"
#include "report/beside.h"
#include "report/domain.h"
#include "report/types.h"

#define VFS "vfs=" /* VirtualFunctions= of [SR-IOV] */

struct add {
        struct edit edit;
        const char *name;
        size_t *devices;
        size_t n_devices;
        const char **settings, **notes;
        size_t n_settings, n_notes;
        const char *functions; /* of vfs= */
        const char *gpus;      /* sections [VirtualGPU] */
        bool typed;            /* the last of them has its Type= */
        bool any_typed;
        const char *offers; /* the address of a device that can have virtual GPUs; or NULL */
        bool has_types;     /* these have types */
        bool plain;         /* they are virtual functions, without types */
        bool written;
};

static int check_name(struct ctl *c, const char *name)
{
        const char *files[CONFIG_PLACES];

        if (!rule_name_valid(name))
                return ctl_usage("\"%s\" cannot name a rule; use letters, digits, \"_\", \".\" and \"-\", a letter or "
                                 "digit first, at most 64",
                                 name);
        if (endswith(name, ".conf"))
                return ctl_usage("a rule's name goes without \".conf\": \"%.*s\"", (int)strlen(name) - 5, name);
        edit_find(c, name, files);
        for (size_t i = 0; i < CONFIG_PLACES; i++) {
                if (!files[i])
                        continue;
                return ctl_error("there is a rule %s already, in %s; choose another name, or first run "
                                 "passthroughctl remove %s",
                                 name, files[i], name);
        }
        return 0;
}

/* "IOMMUGroup=complete"; a path may have that sign, too. */
static bool is_setting(const char *word)
{
        return *word != '/' && strchr(word, '=');
}

/* Keys of [VirtualGPU]. Each Type= is of a section of its own; what stands beside it may stand in front of it. */
static bool add_gpu(struct add *x, const char *word)
{
        bool type = startswith(word, "Type=");

        if (!type && !startswith(word, "Count=") && !startswith(word, "UUID=") &&
            !(x->gpus && startswith(word, "Attribute=")))
                return false;
        if (!x->gpus || (type && x->typed)) {
                x->gpus = arena_join(&x->edit.c->arena, x->gpus ? x->gpus : "", "[VirtualGPU]\n", NULL);
                x->typed = false;
        }
        x->typed |= type;
        x->any_typed |= type;
        x->gpus = arena_join(&x->edit.c->arena, x->gpus, word, "\n", NULL);
        return true;
}

static int add_setting(struct add *x, char *word)
{
        static const char *const keys[] = {"Type", "Count", "UUID"};
        struct ctl *c = x->edit.c;
        const char *near;

        for (const char *s = word; *s; s++)
                if ((unsigned char)*s < ' ')
                        return ctl_usage("a setting is one line, Key=Value");
        if (startswith(word, VFS)) {
                if (x->functions)
                        return ctl_usage(VFS " stands twice; give it once");
                x->functions = word + strlen(VFS);
                return *x->functions ? 0 : ctl_usage(VFS " takes how many virtual functions there are to be, or all");
        }
        if (streq(word, "Type="))
                return ctl_usage("Type= takes a type, such as those that passthroughctl list --types shows");
        if (add_gpu(x, word))
                return 0;
        near = str_nearest(arena_strndup(&c->arena, word, strcspn(word, "=")), keys, ARRAY_SIZE(keys));
        if (near)
                return ctl_usage("%s: did you mean %s=?", word, near);
        str_add(&c->arena, &x->settings, &x->n_settings, word);
        return 0;
}

static int add_device(struct add *x, const char *word)
{
        struct ctl *c = x->edit.c;
        const char *files[CONFIG_PLACES];
        struct lookup found;
        size_t *slot;

        device_lookup(&c->root, &c->arena, &c->facts, word, &found);
        edit_find(c, word, files);
        for (size_t i = 0; found.device == NO_DEVICE && rule_name_valid(word) && i < CONFIG_PLACES; i++)
                if (files[i])
                        return ctl_usage("%s is a rule, not a device; passthroughctl list %s shows its devices", word,
                                         word);
        if (found.device == NO_DEVICE)
                return ctl_usage("%s", found.why);
        if (found.note)
                str_add(&c->arena, &x->notes, &x->n_notes, found.note);
        for (size_t i = 0; i < x->n_devices; i++)
                if (x->devices[i] == found.device)
                        return 0;
        slot = arena_grow(&c->arena, &x->devices, x->n_devices, sizeof(*x->devices));
        *slot = found.device;
        x->n_devices++;
        return 0;
}

/* What goes along with a display unasked need not be named, and is no device that the rule counts. */
static void drop_companions(struct add *x)
{
        struct ctl *c = x->edit.c;
        size_t n = 0;

        for (size_t i = 0; i < x->n_settings; i++)
                if (startswith(x->settings[i], "Functions"))
                        return;
        for (size_t i = 0; i < x->n_devices; i++) {
                const char *with = NULL, *note;

                for (size_t j = 0; j < x->n_devices && !with; j++)
                        if (propose_goes_along(&c->facts, x->devices[i], x->devices[j]))
                                with = c->facts.devices[x->devices[j]].address;
                if (!with)
                        continue;
                note = arena_printf(&c->arena, "%s comes along with %s unasked, and need not be named.",
                                    c->facts.devices[x->devices[i]].address, with);
                str_add(&c->arena, &x->notes, &x->n_notes, note);
                x->devices[i] = NO_DEVICE;
        }
        for (size_t i = 0; i < x->n_devices; i++)
                if (x->devices[i] != NO_DEVICE)
                        x->devices[n++] = x->devices[i];
        x->n_devices = n;
}

static bool is_named(const struct add *x, size_t device)
{
        for (size_t i = 0; i < x->n_devices; i++)
                if (x->devices[i] == device)
                        return true;
        return false;
}

/* What is on the card and sits elsewhere does not go along unasked. */
static void note_beside(struct add *x)
{
        const struct facts *facts = &x->edit.c->facts;
        struct arena *a = &x->edit.c->arena;

        for (size_t i = 0; i < x->n_devices; i++)
                for (size_t k = beside_next(facts, x->devices[i], NO_DEVICE); k != NO_DEVICE;
                     k = beside_next(facts, x->devices[i], k))
                        if (!is_named(x, k))
                                str_add(a, &x->notes, &x->n_notes,
                                        arena_printf(a,
                                                     "%s, %s of the same card, does not come along: name it, too, to "
                                                     "hand it over.",
                                                     facts->devices[k].address, device_kind(&facts->devices[k])));
}

/* Whether a device could have virtual GPUs, while the facts are those of its name. */
static void look_for_gpus(struct add *x)
{
        struct ctl *c = x->edit.c;

        for (size_t i = 0; i < x->n_devices && !x->offers; i++) {
                const struct device *d = &c->facts.devices[x->devices[i]];
                struct vgpu_facts is;

                if (d->parent || d->roles & ROLE_BRIDGE)
                        continue;
                vgpu_look(&c->root, &c->arena, &c->facts, x->devices[i], &is);
                if (!types_can_be(d, &is))
                        continue;
                x->has_types = is.managed || is.kind == VGPU_MEDIATED || is.kind == VGPU_VENDOR;
                x->plain = vgpu_plain(d, &is);
                x->offers = domain_less(domain_is_one(&c->facts), d->address);
        }
}

/* Devices, and lines of [Device]. 0 or the exit status. */
static int read_arguments(struct add *x)
{
        struct ctl *c = x->edit.c;
        int k = 0;

        for (int i = 2; k == 0 && i < c->argc; i++)
                k = is_setting(c->argv[i]) ? add_setting(x, c->argv[i]) : add_device(x, c->argv[i]);
        if (k == 0 && x->n_devices == 0)
                return ctl_misused("add", "add takes a name and at least one device");
        /* With virtual functions or GPUs the device itself stays: nothing goes as a whole, or has to be named, too. */
        if (x->functions || x->gpus)
                x->n_notes = 0;
        if (k == 0) {
                drop_companions(x);
                if (!x->functions && !x->gpus)
                        note_beside(x);
                look_for_gpus(x);
        }
        return k;
}

static const char *comment(struct add *x)
{
        struct ctl *c = x->edit.c;
        const char *text = arena_printf(&c->arena, "# Written by passthroughctl add, when the address%s",
                                        x->n_devices == 1 ? " was" : "es were");

        for (size_t i = 0; text && i < x->n_devices; i++) {
                const struct device *d = &c->facts.devices[x->devices[i]];

                text = arena_printf(&c->arena, "%s%s %s (%s)", text, i ? "," : "", d->address,
                                    d->bus->syntax->made ? d->bus->syntax->noun : device_kind(d));
        }
        return text ? arena_join(&c->arena, text, ".\n", NULL) : NULL;
}

/* What is pulled out is not missing; who says how many are expected knows better. */
static size_t count_removable(struct add *x)
{
        struct ctl *c = x->edit.c;
        size_t n = 0;

        for (size_t i = 0; i < x->n_settings; i++)
                if (startswith(x->settings[i], "Expect"))
                        return 0;
        for (size_t i = 0; i < x->n_devices; i++) {
                const struct device *d = &c->facts.devices[x->devices[i]];

                if (!removable_is(&c->root, &c->arena, d))
                        continue;
                n++;
                str_add(&c->arena, &x->notes, &x->n_notes,
                        arena_join(&c->arena, d->address, " can be removed: the rule does not miss it then.", NULL));
        }
        return n;
}

/* What has none of its own: a rule for its function is what is meant. */
static const struct device *find_virtual(const struct add *x)
{
        for (size_t i = 0; (x->functions || x->gpus) && i < x->n_devices; i++)
                if (x->edit.c->facts.devices[x->devices[i]].parent)
                        return &x->edit.c->facts.devices[x->devices[i]];
        return NULL;
}

static int propose(struct add *x)
{
        struct ctl *c = x->edit.c;
        struct proposal p = {.expect = x->n_devices,
                             .settings = x->settings,
                             .n_settings = x->n_settings,
                             .functions = x->functions,
                             .gpus = x->gpus};
        const struct device *vf = find_virtual(x);
        const char *why;

        if (vf)
                return ctl_usage("%s for the %s that makes them; name %s, %s is a %s of it",
                                 x->functions ? VFS " is" : "virtual GPUs are", x->functions ? "function" : "device",
                                 vf->parent, vf->address,
                                 vf->bus->syntax->made ? "mediated device" : "virtual function");
        if (x->has_types && !x->any_typed && (x->gpus || c->facts.devices[x->devices[0]].bus->syntax->made))
                return ctl_usage("the virtual GPUs of %s have types; write Type=, too: passthroughctl list --types %s "
                                 "shows which there are",
                                 x->offers, x->offers);
        propose_match(&c->arena, &c->facts, x->devices, x->n_devices, &p.match, &why);
        if (!p.match) {
                fprintf(stderr, "passthroughctl: %s\n", why);
                return EXIT_FAILURE;
        }
        p.comment = comment(x);
        p.n_removable = count_removable(x);
        edit_add(&x->edit, x->name, &p);
        return 0;
}

/* As a shell takes it. */
static const char *command_word(struct arena *a, const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/=@%+";
        const char *text = "'";

        if (*word && word[strspn(word, plain)] == '\0')
                return word;
        word = str_printable(a, word);
        for (const char *at; (at = strchr(word, '\'')); word = at + 1)
                text = arena_join(a, text, arena_strndup(a, word, (size_t)(at - word)), "'\\''", NULL);
        return arena_join(a, text, word, "'", NULL);
}

/* The same command, with further settings. */
static const char *command_with(const struct add *x, const char *settings)
{
        struct ctl *c = x->edit.c;
        const char *text = "passthroughctl";

        for (int i = 0; i < c->argc; i++)
                text = arena_join(&c->arena, text, " ", command_word(&c->arena, c->argv[i]), NULL);
        return *settings ? arena_join(&c->arena, text, " ", settings, NULL) : text;
}

/* Who stays, and why. */
static const char *whole_reason(struct arena *a, const struct draft *d)
{
        if (!d->of.address)
                return arena_join(a, "its IOMMU group cannot go as a whole: ", d->reason, NULL);
        return arena_join(a, "its IOMMU group cannot go as a whole, ", d->of.address, " stays: ", d->of.text, NULL);
}

/* Why the rest of the group does not help. */
static void add_group(struct add *x, struct draft *d)
{
        struct edit other = {.c = x->edit.c, .quiet = true, .names = x->edit.names};
        struct proposal p = d->proposal;
        const struct draft *whole;

        str_add(&x->edit.c->arena, &x->settings, &x->n_settings, "IOMMUGroup=complete");
        p.settings = x->settings;
        p.n_settings = x->n_settings;
        whole = edit_add(&other, x->name, &p);
        if (edit_judge(&other) == 0 && whole->reason)
                d->reason = whole_reason(&x->edit.c->arena, whole);
}

/* What the plan refuses is told, with the command that would do, if there is one. */
static void tell_refusal(struct add *x, struct draft *d, const struct offer *offer)
{
        struct ctl *c = x->edit.c;
        const struct screen s = screen_of(stderr, &c->arena);
        const char *sudo = c->root.live ? "sudo " : "";
        struct next_step next = {arena_join(&c->arena, sudo, "passthroughctl list", NULL),
                                 "shows which devices are free"};

        if (!offer && d->company)
                add_group(x, d);
        edit_say_refused(&x->edit, d);
        if (offer)
                next = (struct next_step){
                        arena_join(&c->arena, sudo, command_with(x, offer_settings(&c->arena, offer)), NULL),
                        arena_join(&c->arena, "gives away ", offer->what, NULL)};
        else if (x->offers)
                next = (struct next_step){arena_join(&c->arena, sudo, "passthroughctl list --types ", x->offers, NULL),
                                          x->gpus && !x->plain ? "shows which types there are, and how many fit"
                                                               : "shows which virtual GPUs it can have"};
        else if (d->no_group)
                next = (struct next_step){
                        arena_join(&c->arena, c->root.live ? "sudo " : "", "passthroughctl check", NULL),
                        "says why there is no IOMMU group"};
        else if (!x->edit.show)
                return;
        next_put(&s, &next);
}

/* What is not known of the types that are asked for, or that there are some. */
static void note_gpus(struct add *x, struct draft *d)
{
        struct ctl *c = x->edit.c;
        const struct vgpu_plan *v = c->plan.vgpu;
        size_t rule = edit_rule(&x->edit, d);

        if (x->offers && !x->gpus && !x->functions)
                strings_add(&c->arena, &d->notes,
                            arena_join(&c->arena, x->offers, " can have virtual GPUs: passthroughctl list --types ",
                                       x->offers, " shows which, and ", x->plain ? "Count=" : "Type=", " makes some.",
                                       NULL));
        for (size_t i = 0; v && x->gpus && i < v->n_parents; i++)
                if (c->plan.entries[v->parents[i].entry].rule == rule && v->parents[i].is.kind == VGPU_NONE &&
                    !v->parents[i].refused)
                        strings_add(&c->arena, &d->notes,
                                    arena_join(&c->arena, "Type= cannot be checked: ",
                                               c->facts.devices[c->plan.entries[v->parents[i].entry].device].address,
                                               " offers no virtual GPUs yet. passthroughctl check says what it lacks.",
                                               NULL));
}

/* The rule, from devices to the file; the exit status. */
static int write_rule(struct add *x)
{
        struct draft *d;
        const struct offer *offer = NULL;
        struct edit other = {};
        int k = propose(x);

        if (k == 0)
                k = edit_judge(&x->edit);
        if (k != 0)
                return k;
        d = &x->edit.drafts[0];
        if (d->why && !d->settled)
                offer = offer_find(&x->edit, d, &other);
        if (offer && (x->edit.c->yes || edit_can_ask(&x->edit))) {
                other.with = offer_settings(&x->edit.c->arena, offer);
                other.asks = x->edit.c->dry_run && !x->edit.c->yes ? offer->what : NULL;
                x->edit = other;
                d = &x->edit.drafts[0];
        }
        note_gpus(x, d);
        for (size_t i = 0; i < x->n_notes; i++)
                strings_add(&x->edit.c->arena, &d->notes, x->notes[i]);
        edit_show(&x->edit);
        if (d->why)
                tell_refusal(x, d, offer);
        return edit_write(&x->edit, &x->written);
}

static void tell_next(struct add *x)
{
        edit_next(&x->edit, x->written, command_with(x, x->edit.with && !x->edit.asks ? x->edit.with : ""));
}

static const char *name_of(struct add *x, size_t i)
{
        return arena_printf(&x->edit.c->arena, "%s-%zu", x->name, i + 1);
}

/* Several devices, and somebody who may want a virtual machine to have one of them. */
static bool wants_each(struct add *x)
{
        if (x->n_devices < 2 || x->edit.c->yes || x->edit.c->dry_run || !edit_can_ask(&x->edit))
                return false;
        printf("  A rule for each of these %zu devices, %s to %s, not one for all", x->n_devices, name_of(x, 0),
               name_of(x, x->n_devices - 1));
        return edit_yes();
}

/* One after the other, each with its own plan and question; the worst exit status. */
static int write_each(struct add *x)
{
        struct ctl *c = x->edit.c;
        const char **addresses = arena_alloc(&c->arena, x->n_devices * sizeof(*addresses));
        int status = EXIT_SUCCESS;
        bool written = false;

        for (size_t i = 0; i < x->n_devices; i++) {
                int k = check_name(c, name_of(x, i));

                if (k != 0)
                        return k;
                addresses[i] = c->facts.devices[x->devices[i]].address;
        }
        for (size_t i = 0; i < x->n_devices; i++) {
                struct add one = *x;
                size_t device;
                int k = i > 0 ? edit_look(c) : 0;

                if (k != 0)
                        return k;
                device = facts_find(&c->facts, addresses[i]);
                if (device == NO_DEVICE)
                        return ctl_fail(addresses[i], -ENODEV);
                one.name = name_of(x, i);
                one.devices = &device;
                one.n_devices = 1;
                one.n_notes = i == 0 ? x->n_notes : 0;
                k = write_rule(&one);
                status = k > status ? k : status;
                one.written |= written;
                written = one.written;
                if (i + 1 == x->n_devices)
                        tell_next(&one);
        }
        return status;
}

static int run(struct add *x)
{
        struct ctl *c = x->edit.c;
        int k = check_name(c, x->name);

        if (k == 0)
                k = edit_look(c);
        if (k == 0)
                k = read_arguments(x);
        if (k != 0)
                return k;
        if (wants_each(x))
                return write_each(x);
        k = write_rule(x);
        tell_next(x);
        return k;
}

int ctl_add(struct ctl *c)
{
        struct add x = {.edit = {.c = c, .show = !c->json}};

        if (c->from)
                return import_rules(c);
        if (c->argc == 1 && edit_can_ask(&x.edit)) {
                int k = pick_arguments(c);

                if (k != 0)
                        return k;
                x.edit.quiet = true;
        }
        if (c->argc < 3)
                return ctl_misused("add", "add takes a name and at least one device");
        x.name = c->argv[1];
        return run(&x);
}
