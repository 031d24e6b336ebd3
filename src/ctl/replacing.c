/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/replacing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/recfile.h"
#include "config/config.h"
#include "config/vgpu.h"
#include "ctl/secrets.h"
#include "facts/match.h"
#include "facts/uuid.h"
#include "state/digest.h"

/* The kernel's own files are the same on each machine that has it. */
static bool is_public(const char *path)
{
        return startswith(path, "/lib/modules/") || startswith(path, "/usr/lib/modules/") ||
               startswith(path, "/boot/config-");
}

/* A file of our own, with a checksum. */
static bool is_record(const char *path)
{
        return strstr(path, "/passthrough/");
}

static void learn(struct place *p, void *data)
{
        struct replacing *r = data;

        secrets_learn(&r->anonymiser, NULL, p->path, strlen(p->path));
        if (p->target)
                secrets_learn(&r->anonymiser, NULL, p->target, strlen(p->target));
        if (!is_public(p->path))
                secrets_learn(&r->anonymiser, p->path, p->data ? p->data : "", p->size);
}

static void add_mark(struct replacing *r, const char *text)
{
        anonymiser_add(&r->anonymiser, text, strlen(text));
}

/* What shows in no text: a PCI function's is in its configuration space, and who is away today is in a record. */
static void learn_marks(struct replacing *r, const struct facts *facts)
{
        static const enum mark marks[] = {MARK_SERIAL, MARK_DISK_SERIAL};

        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].marks[MARK_SERIAL])
                        add_mark(r, facts->devices[i].marks[MARK_SERIAL]);
        for (size_t i = 0; i < facts->clearance.n_devices; i++)
                for (size_t m = 0; m < ARRAY_SIZE(marks); m++)
                        add_mark(r, facts->clearance.devices[i].marks[marks[m]]);
}

/* Mediated devices of a rule have UUIDs that follow from the machine-id; they do from the one that replaces it. */
static void map_made(struct replacing *r, const struct config *config, const struct facts *facts)
{
        struct facts as = *facts;

        as.machine_id = facts->machine_id ? anonymiser_hash(&r->anonymiser, facts->machine_id) : NULL;
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];

                for (size_t k = 0; d->bus->syntax->made && d->parent && k < config->n_rules; k++) {
                        const struct rule *rule = &config->rules[k];
                        uint32_t index = rule->vgpu ? match_made_index(rule, facts, d) : UINT32_MAX;
                        const struct device *parent = index == UINT32_MAX ? NULL : match_maker(facts, d);
                        char uuid[VGPU_UUID_SIZE];

                        if (parent && match_device(rule, facts, d) && uuid_of(rule, &as, parent, index, uuid) &&
                            vgpu_section_of(rule->vgpu, index, &(uint32_t){0})->n_uuids == 0)
                                anonymiser_map(&r->anonymiser, d->address, uuid);
                }
        }
}

static void replace_in(struct place *p, void *data)
{
        const struct replacing *r = data;

        if (!p->data || is_public(p->path))
                return;
        if (!startswith(p->path, "/sys/"))
                credentials_hide(&r->anonymiser, p->path, p->data, p->size);
        anonymiser_apply(&r->anonymiser, p->data, p->size);
        if (is_record(p->path))
                recfile_seal(p->data, p->size);
}

static const char *replace_name(struct names *names, const char *text)
{
        const struct replacing *r = (const struct replacing *)(void *)names;
        char *new = arena_strdup(r->anonymiser.arena, text);

        anonymiser_apply(&r->anonymiser, new, strlen(new));
        return new;
}

int replacing_prepare(struct replacing *r, struct arena *a, struct snapshot *s, const struct config *config,
                      const struct facts *facts)
{
        int k = anonymiser_open(&r->anonymiser, a);

        r->names.replace = replace_name;
        if (k < 0)
                return k;
        snapshot_each(s, learn, r);
        learn_marks(r, facts);
        map_made(r, config, facts);
        anonymiser_ready(&r->anonymiser);
        snapshot_each(s, replace_in, r);
        return 0;
}

/* ---- digests -------------------------------------------------------------------------------------------------------
 */

struct digests {
        struct replacing *r;
        const struct root *to;
        struct anonymiser changed; /* from what they were to what they are */
        int error;
};

static void change(struct digests *d, uint64_t from, uint64_t to)
{
        char old[17], new[17];

        if (from == to)
                return;
        snprintf(old, sizeof(old), "%016" PRIx64, from);
        snprintf(new, sizeof(new), "%016" PRIx64, to);
        anonymiser_map(&d->changed, old, new);
}

static void renew(struct place *p, void *data)
{
        struct digests *d = data;

        if (d->error < 0 || !p->data || !is_record(p->path))
                return;
        anonymiser_apply(&d->changed, p->data, p->size);
        recfile_seal(p->data, p->size);
        d->error = snapshot_rewrite(p, d->to, &d->r->names);
}

int replacing_digests(struct replacing *r, struct snapshot *s, const struct root *to)
{
        struct arena *a = r->anonymiser.arena;
        struct digests d = {.r = r, .to = to, .changed = {.arena = a}};
        struct diags diags = {.arena = a};
        struct config old, new;
        uint64_t all_old, all_new;
        int k = config_load(s->from, a, bus_syntaxes, &diags, &old);

        if (k == 0)
                k = config_load(to, a, bus_syntaxes, &diags, &new);
        if (k < 0)
                return k;
        /* A rule that cannot be read has none, and so has the whole. */
        if (digest_of_config(s->from, a, &old, &all_old) == 0 && digest_of_config(to, a, &new, &all_new) == 0)
                change(&d, all_old, all_new);
        for (size_t i = 0; i < old.n_rules; i++) {
                const struct rule *rule = config_find(&new, replace_name(&r->names, old.rules[i].name));

                if (rule)
                        change(&d, old.rules[i].digest, rule->digest);
        }
        anonymiser_ready(&d.changed);
        if (d.changed.n > 0)
                snapshot_each(s, renew, &d);
        return d.error;
}
