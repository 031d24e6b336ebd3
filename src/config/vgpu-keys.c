/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"
#include "config/attribute.h"
#include "config/sriov.h"
#include "config/vgpu.h"

struct parser {
        struct arena *arena;
        const struct key_place *place;
        struct vgpu_section *section;
};

struct key;

/* False: the value is none such. */
typedef bool (*parse_fn)(struct parser *p, const char *value);

struct key {
        struct key_name is;
        parse_fn parse;
};

/* It becomes a part of a path, and of what people read. */
static bool parse_type(struct parser *p, const char *value)
{
        if (strlen(value) > 80 || strchr(value, '/') || *value == '.')
                return false;
        p->section->type = *value ? arena_strdup(p->arena, value) : NULL;
        return true;
}

static bool parse_count(struct parser *p, const char *value)
{
        uint32_t n = 0;

        if (*value && (!str_to_u32(value, 10, &n) || n == 0 || n > UINT16_MAX))
                return false;
        p->section->count = n;
        return true;
}

static bool parse_uuid(struct parser *p, const char *value)
{
        struct vgpu_section *s = p->section;
        const char **words;
        size_t n;

        if (!*value)
                s->n_uuids = 0;
        str_words(p->arena, value, &words, &n);
        for (size_t i = 0; i < n; i++) {
                char *uuid = arena_strdup(p->arena, words[i]);

                if (!str_is_uuid(uuid) || !uuid[strspn(uuid, "0-")])
                        return false;
                str_lower(uuid);
                str_add(p->arena, &s->uuids, &s->n_uuids, uuid);
        }
        return true;
}

static bool parse_attribute(struct parser *p, const char *value)
{
        return attribute_parse(p->arena, p->place, value, &p->section->attributes, &p->section->n_attributes);
}

#define KEY(name_, parse_, repeats_, right_)                                                                           \
        {                                                                                                              \
                .is = {"VirtualGPU", name_, repeats_, right_}, .parse = parse_                                         \
        }

static const struct key keys[] = {
        KEY("Type", parse_type, false,
            "a type as passthroughctl list --types has it, such as NVIDIA A40-8Q, A40-8Q, nvidia-558 or 558"),
        KEY("Count", parse_count, false, "how many for each parent, from 1 on"),
        KEY("UUID", parse_uuid, true, "UUIDs such as 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, one for each"),
        KEY("Attribute", parse_attribute, true, ATTRIBUTE_RIGHT),
};

static const struct key_table table = {.keys = keys,
                                       .key_size = sizeof(*keys),
                                       .n = ARRAY_SIZE(keys),
                                       .sections = "[VirtualGPU]",
                                       .page = "passthrough.d(5)"};

static void assign(struct arena *a, const struct key_place *place, struct vgpu *vgpu, uint64_t *seen, const char *name,
                   const char *value)
{
        struct parser p = {.arena = a, .place = place, .section = &vgpu->sections[vgpu->n_sections - 1]};
        size_t i;

        if (!key_find(&table, place, "VirtualGPU", name, &i) || !key_once(&table, place, i, seen))
                return;
        if (!keys[i].parse(&p, value))
                key_invalid(place, name, value, keys[i].is.right);
}

/* ---- what only shows once all is read --------------------------------------------------------------------------- */

static void check_section(struct diags *diags, const struct vgpu_section *s, bool typed)
{
        if (s->n_uuids > 0 && s->count > 0)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "[VirtualGPU] has UUID=, one for each, and Count=, too; keep one of them");
        if (!s->type && s->n_uuids > 0)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "[VirtualGPU] has UUID= and no Type=; write which type they are of");
        else if (!s->type && typed)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "[VirtualGPU] without Type= beside one that has it; write which type is meant");
}

/* The same UUID cannot be there twice. */
static void check_twice(struct diags *diags, const struct vgpu *x, size_t section)
{
        const struct vgpu_section *s = &x->sections[section];

        for (size_t k = 0; k < s->n_uuids; k++)
                for (size_t i = 0; i <= section; i++)
                        for (size_t m = 0; m < (i < section ? x->sections[i].n_uuids : k); m++)
                                if (streq(x->sections[i].uuids[m], s->uuids[k]))
                                        diag_add(diags, DIAG_ERROR, s->file, s->line,
                                                 "UUID=%s stands there twice; write another one", s->uuids[k]);
}

/* One that another driver takes is no virtual GPU: it would be made, and taken away from whoever has it. */
static void check_functions(struct diags *diags, const struct rule *rule)
{
        const char *name;

        for (uint32_t i = 0; i < vgpu_count(rule->vgpu); i++) {
                if (sriov_driver(rule->sriov, i, &name) == DRIVER_NATIVE)
                        continue;
                diag_add(diags, DIAG_ERROR, rule->sriov->file, rule->sriov->line,
                         "a virtual function with a type of [VirtualGPU] stays with the driver that makes it one; "
                         "leave Driver= out");
                return;
        }
}

/* What the rest of the rule says of the device that has them. */
static void check_device(struct diags *diags, const struct rule *rule, bool typed)
{
        const struct vgpu_section *s = &rule->vgpu->sections[0];
        bool counted = false;

        if (rule->driver != DRIVER_NATIVE)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "[Device] hands the device itself over, which then has no virtual GPUs; leave Driver= out of "
                         "[Device]");
        if (rule->stage != STAGE_AUTO && rule->stage != STAGE_DEMAND)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "virtual GPUs are made on the host; leave Stage= out of [Device]");
        if (typed && !rule->sriov && rule->n_attributes > 0)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "Attribute= of [Device] is of a device that is handed over; move it to [VirtualGPU]");
        if (typed && rule->reset_method)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "ResetMethod= is of a device that is handed over, and the driver of virtual GPUs keeps them; "
                         "leave it out");
        if (typed && rule->sriov)
                check_functions(diags, rule);
        if (!typed && rule->bus->made)
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "[VirtualGPU] without Type= is for virtual functions, which Bus=%s has none of; write which "
                         "type is meant",
                         rule->bus->name);
        for (size_t i = 0; i < rule->vgpu->n_sections; i++)
                counted |= rule->vgpu->sections[i].count > 0;
        if (!typed && counted && rule->sriov && rule->sriov->kind == VF_COUNT_NUMBER &&
            rule->sriov->count != vgpu_count(rule->vgpu))
                diag_add(diags, DIAG_ERROR, s->file, s->line,
                         "Count= makes %u virtual functions and VirtualFunctions= %u; leave one of the two out",
                         vgpu_count(rule->vgpu), rule->sriov->count);
}

static void check(struct arena *a, struct diags *diags, struct rule *rule)
{
        const struct vgpu *x = rule->vgpu;
        bool typed = vgpu_typed(x);
        size_t before;

        for (size_t i = 0; i < x->n_sections; i++) {
                check_section(diags, &x->sections[i], typed);
                check_twice(diags, x, i);
        }
        if (typed && x->sections[0].n_uuids > 0 && rule->expect_max > 1)
                diag_add(diags, DIAG_ERROR, x->sections[0].file, x->sections[0].line,
                         "UUID= is for one parent, and Expect= for several; leave UUID= out, and each gets its own");
        if (typed && rule->sriov && !rule->sriov->driver_written) {
                rule->sriov->driver = DRIVER_NATIVE;
                rule->sriov->driver_name = NULL;
        }
        before = diags->n;
        check_device(diags, rule, typed);
        if (typed || rule->sriov || diags->n > before)
                return;
        /* Each virtual function is one: Intel's xe, AMD's gim. */
        rule->sriov = arena_alloc(a, sizeof(*rule->sriov));
        *rule->sriov = (struct sriov){.line = x->sections[0].line,
                                      .file = x->sections[0].file,
                                      .declared = true,
                                      .kind = VF_COUNT_NUMBER,
                                      .count = vgpu_count(x),
                                      .driver = DRIVER_AUTO};
}

static const char *section(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (streq(keys[i].is.name, name))
                        return keys[i].is.section;
        return NULL;
}

const struct vgpu_keys vgpu_keys = {.assign = assign, .check = check, .section = section};
