/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define FORMAT_VERSION 1

/* json-c aborts nothing and returns NULL without memory: the first failure is kept in *error. */
static void add(struct json_object *o, const char *key, struct json_object *value, int *error)
{
        if (!value || json_object_object_add(o, key, value) < 0)
                *error = -ENOMEM;
}

static void add_string(struct json_object *o, const char *key, const char *value, int *error)
{
        add(o, key, json_object_new_string(value ? value : ""), error);
}

static struct json_object *append(struct json_object *array, int *error)
{
        struct json_object *o = json_object_new_object();

        if (!o || json_object_array_add(array, o) < 0)
                *error = -ENOMEM;
        return o;
}

static void append_string(struct json_object *array, const char *value, int *error)
{
        struct json_object *s = json_object_new_string(value);

        if (!s || json_object_array_add(array, s) < 0)
                *error = -ENOMEM;
}

static struct json_object *add_array(struct json_object *o, const char *key, int *error)
{
        struct json_object *array = json_object_new_array();

        add(o, key, array, error);
        return array;
}

/* Prints and frees the document. */
static void finish(FILE *f, struct json_object *document, int error)
{
        const char *text =
                error < 0 ? NULL
                          : json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                             JSON_C_TO_STRING_NOSLASHESCAPE);

        if (text)
                fprintf(f, "%s\n", text);
        json_object_put(document);
}

static struct json_object *start(int *error)
{
        struct json_object *document = json_object_new_object();

        *error = 0;
        add(document, "version", json_object_new_int(FORMAT_VERSION), error);
        return document;
}

static void add_function(struct json_object *o, const char *bus, const char *address, const char *id, const char *class,
                         int group, int *error)
{
        add_string(o, "bus", bus, error);
        add_string(o, "address", address, error);
        add_string(o, "id", id, error);
        add_string(o, "class", class, error);
        if (group == NO_GROUP)
                json_object_object_add(o, "group", NULL);
        else
                add(o, "group", json_object_new_int(group), error);
}

static void add_rule(struct json_object *rules, const char *name, const char *file, const char *state,
                     const char *message, int *error)
{
        struct json_object *o = append(rules, error);

        add_string(o, "name", name, error);
        add_string(o, "file", file, error);
        add_string(o, "state", state, error);
        add_string(o, "message", message, error);
}

static void add_op(struct json_object *ops, const char *op, const char *target, const char *value, const char *why,
                   const char *stage, int *error)
{
        struct json_object *o = append(ops, error);

        add_string(o, "op", op, error);
        add_string(o, "target", target, error);
        add_string(o, "value", value, error);
        add_string(o, "why", why, error);
        add_string(o, "stage", stage, error);
}

static struct json_object *add_pools(struct json_object *document, int *error)
{
        struct json_object *o = json_object_new_object();

        add(document, "hugepages", o, error);
        return add_array(o, "pools", error);
}

static struct json_object *add_pool(struct json_object *pools, const char *size, const char *node, uint64_t asked,
                                    int *error)
{
        struct json_object *o = append(pools, error);

        add_string(o, "size", size, error);
        if (!*node)
                json_object_object_add(o, "node", NULL);
        else
                add(o, "node", json_object_new_int64(strtoll(node, NULL, 10)), error);
        add(o, "asked", json_object_new_int64((int64_t)asked), error);
        return o;
}

static void add_huge_plan(struct json_object *document, const struct huge_plan *huge, int *error)
{
        struct json_object *pools = add_pools(document, error);

        for (size_t i = 0; i < huge->n; i++) {
                const struct huge_entry *e = &huge->entries[i];
                char node[16] = "";
                struct json_object *o;

                if (e->by_node)
                        snprintf(node, sizeof(node), "%u", e->node);
                o = add_pool(pools, e->size, node, e->asked, error);
                add_string(o, "action", huge_action_names[e->action], error);
                add_string(o, "reason", e->reason, error);
        }
}

static void add_huge_ops(struct json_object *ops, const struct huge_plan *huge, int *error)
{
        for (size_t i = 0; i < huge->n; i++)
                if (huge->entries[i].action == HUGE_WRITE)
                        add_op(ops, op_names[OP_WRITE], huge->entries[i].target, huge->entries[i].value,
                               huge->entries[i].reason, stages[STAGE_INITRD].name, error);
}

void json_plan(FILE *f, const struct plan *plan)
{
        int error;
        struct json_object *document = start(&error), *array;

        array = add_array(document, "devices", &error);
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];
                struct json_object *o = append(array, &error);

                add_function(o, d->bus->syntax->name, d->address, d->id, d->class, d->group, &error);
                add_string(o, "rule", plan->config->rules[e->rule].name, &error);
                add_string(o, "action", action_names[e->action], &error);
                add_string(o, "driver", e->driver, &error);
                add_string(o, "stage", stages[e->stage].name, &error);
                add_string(o, "reason", e->reason, &error);
        }
        array = add_array(document, "rules", &error);
        for (size_t i = 0; i < plan->config->n_rules; i++)
                add_rule(array, plan->config->rules[i].name, plan->config->rules[i].file,
                         rule_state_names[plan->rules[i].state], plan->rules[i].message, &error);
        array = add_array(document, "operations", &error);
        for (size_t i = 0; i <= plan->ops.n; i++) {
                if (i == plan_initrd_ops(plan))
                        add_huge_ops(array, &plan->huge, &error);
                if (i == plan->ops.n)
                        break;
                add_op(array, op_names[plan->ops.v[i].kind], plan->ops.v[i].target, plan->ops.v[i].value,
                       plan->ops.v[i].why, stages[plan->ops.v[i].stage].name, &error);
        }
        array = add_array(document, "shadowed", &error);
        for (size_t i = 0; i < plan->n_shadows; i++) {
                struct json_object *o = append(array, &error);

                add_string(o, "address", plan->facts->devices[plan->shadows[i].device].address, &error);
                add_string(o, "rule", plan->config->rules[plan->shadows[i].rule].name, &error);
                add_string(o, "by", plan->config->rules[plan->shadows[i].by].name, &error);
        }
        add_huge_plan(document, &plan->huge, &error);
        finish(f, document, error);
}

static void add_images(struct json_object *document, const struct status *status, int *error)
{
        struct json_object *array = add_array(document, "images", error);

        for (size_t i = 0; i < status->n_images; i++) {
                const struct status_image *x = &status->images[i];
                struct json_object *o = append(array, error);

                add_string(o, "release", x->release, error);
                add_string(o, "path", x->path, error);
                add_string(o, "state", !x->known ? "unknown" : x->stale ? "stale" : "ok", error);
                add_string(o, "message", x->stale, error);
        }
}

static struct json_object *add_trial(struct json_object *document, const struct trial *t, int *error)
{
        struct json_object *o = json_object_new_object();

        add(document, "trial", o, error);
        add_string(o, "state", trial_state_names[t->state], error);
        add_string(o, "when", t->when, error);
        add_string(o, "message", t->why, error);
        return o;
}

void json_status(FILE *f, const struct status *status)
{
        const struct record *r = &status->record;
        int error;
        struct json_object *document = start(&error), *array;

        array = add_array(document, "devices", &error);
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *d = &r->devices[i];
                struct json_object *o = append(array, &error);

                add_function(o, d->bus, d->address, d->id, d->class, d->group, &error);
                add_string(o, "rule", d->rule, &error);
                add_string(o, "action", action_names[d->action], &error);
                add_string(o, "driver", d->driver, &error);
                add_string(o, "stage", record_stage_names[d->stage], &error);
                add_string(o, "reason", d->reason, &error);
                add_string(o, "state", device_state_names[d->state], &error);
                if (*d->from)
                        add_string(o, "from", d->from, &error);
                if (status->kept_out && status->kept_out[i])
                        add_string(o, "kept_out", status->kept_out[i], &error);
                add(o, "at_us", json_object_new_int64((int64_t)d->at_us), &error);
        }
        array = add_array(document, "rules", &error);
        for (size_t i = 0; i < r->n_rules; i++)
                add_rule(array, r->rules[i].name, r->rules[i].file, rule_state_names[r->rules[i].state],
                         r->rules[i].message, &error);
        array = add_array(document, "operations", &error);
        for (size_t i = 0; i < r->n_ops; i++)
                add_op(array, op_names[r->ops[i].op], r->ops[i].target, r->ops[i].value, r->ops[i].why,
                       record_stage_names[r->ops[i].stage], &error);
        array = add_pools(document, &error);
        for (size_t i = 0; i < r->n_pools; i++) {
                const struct record_pool *x = &r->pools[i];
                struct json_object *o = add_pool(array, x->size, x->node, x->asked, &error);

                add(o, "got", json_object_new_int64((int64_t)x->got), &error);
                add_string(o, "state", pool_state_names[x->state], &error);
                add_string(o, "stage", record_stage_names[x->stage], &error);
                add_string(o, "reason", x->reason, &error);
                add(o, "at_us", json_object_new_int64((int64_t)x->at_us), &error);
        }
        add_images(document, status, &error);
        if (!status->boot)
                add(add_trial(document, &status->trial, &error), "this_boot",
                    json_object_new_boolean(status->trial_here), &error);
        if (status->boot) {
                add_string(document, "boot", status->boot, &error);
                array = add_array(document, "notes", &error);
        }
        for (size_t i = 0; i < status->n_notes; i++)
                if (json_object_array_add(array, json_object_new_string(status->notes[i])) < 0)
                        error = -ENOMEM;
        finish(f, document, error);
}

static void add_name(struct json_object *o, const struct pci_name *name, int *error)
{
        add_string(o, "vendor_name", name->vendor, error);
        add_string(o, "device_name", name->device, error);
}

static void add_handover(struct json_object *o, const struct facts *facts, const struct handover *h, int *error)
{
        struct json_object *handover = json_object_new_object(), *along;

        add(o, "handover", handover, error);
        add_string(handover, "action", action_names[h->action], error);
        add_string(handover, "reason", h->reason, error);
        along = add_array(handover, "along", error);
        for (size_t i = 0; i < h->n_along; i++)
                append_string(along, facts->devices[h->along[i]].address, error);
}

void json_list(FILE *f, const struct listing *list)
{
        const struct plan *plan = list->plan;
        const struct facts *facts = plan->facts;
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "devices", &error);

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                struct json_object *o = append(array, &error);
                const struct plan_entry *e = plan_find(plan, i);
                struct detail details[DETAILS_MAX];
                size_t n;

                add_function(o, d->bus->syntax->name, d->address, d->id, d->class, d->group, &error);
                n = d->bus->describe ? d->bus->describe(d, details) : 0;
                for (size_t k = 0; k < n; k++)
                        add_string(o, details[k].name, details[k].value, &error);
                add_string(o, "path", d->path, &error);
                add_string(o, "slot", d->marks[MARK_SLOT], &error);
                add_string(o, "serial", d->marks[MARK_DISK_SERIAL] ? d->marks[MARK_DISK_SERIAL] : d->marks[MARK_SERIAL],
                           &error);
                add_string(o, "driver", d->driver_now, &error);
                add_string(o, "rule", e ? plan->config->rules[e->rule].name : "", &error);
                add(o, "bridge", json_object_new_boolean((d->roles & ROLE_BRIDGE) != 0), &error);
                add(o, "boot_display", json_object_new_boolean((d->roles & ROLE_BOOT_DISPLAY) != 0), &error);
                add_name(o, &list->names[i], &error);
                add_handover(o, facts, &list->handovers[i], &error);
        }
        finish(f, document, error);
}

static void add_strings(struct json_object *document, const char *key, const struct strings *list, int *error)
{
        struct json_object *array = add_array(document, key, error);

        for (size_t i = 0; i < list->n; i++)
                append_string(array, list->v[i], error);
}

void json_show(FILE *f, const struct shown *shown)
{
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "devices", &error);

        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *s = &shown->devices[i];
                const struct device *d = s->device;
                struct json_object *o = append(array, &error);

                add_function(o, d->bus->syntax->name, d->address, d->id, d->class, d->group, &error);
                add_string(o, "rule", shown->plan->config->rules[s->entry->rule].name, &error);
                add_string(o, "driver", s->entry->driver, &error);
                add_name(o, &s->name, &error);
        }
        for (size_t i = 0; i < shown->n_forms; i++)
                add_strings(document, shown->forms[i].name, &shown->forms[i].lines, &error);
        finish(f, document, error);
}

void json_findings(FILE *f, const struct findings *findings)
{
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "findings", &error);

        for (size_t i = 0; i < findings->n && error == 0; i++) {
                const struct finding *x = &findings->v[i];
                struct json_object *o = append(array, &error);

                add_string(o, "token", x->token, &error);
                add_string(o, "reader", reader_names[x->reader], &error);
                add_string(o, "severity", severity_names[x->severity], &error);
                add_string(o, "message", x->message, &error);
                add_string(o, "fix", x->fix, &error);
        }
        finish(f, document, error);
}

static void add_needs(struct json_object *document, const char *name, const char *key, const struct need *needs,
                      size_t n, int *error)
{
        struct json_object *array = add_array(document, name, error);

        for (size_t i = 0; i < n && *error == 0; i++) {
                struct json_object *o = append(array, error);

                add_string(o, key, needs[i].token, error);
                add_string(o, "why", needs[i].why, error);
        }
}

void json_needs(FILE *f, const struct needs *needs)
{
        int error;
        struct json_object *document = start(&error);

        add_needs(document, "tokens", "token", needs->tokens, needs->n_tokens, &error);
        add_needs(document, "options", "line", needs->options, needs->n_options, &error);
        if (needs->n_refused > 0)
                add_needs(document, "refused", "size", needs->refused, needs->n_refused, &error);
        finish(f, document, error);
}

void json_checks(FILE *f, const struct checks *checks)
{
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "checks", &error);

        for (size_t i = 0; i < checks->n && error == 0; i++) {
                const struct check *x = &checks->v[i];
                struct json_object *o = append(array, &error);

                add_string(o, "id", x->id, &error);
                add_string(o, "status", check_status_names[x->status], &error);
                add_string(o, "message", x->message, &error);
                add_string(o, "fix", x->fix, &error);
        }
        finish(f, document, error);
}

void json_added(FILE *f, const struct added *added, size_t n)
{
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "rules", &error);

        for (size_t i = 0; i < n && error == 0; i++) {
                const struct added *x = &added[i];
                struct json_object *o = append(array, &error);

                add_string(o, "name", x->name, &error);
                add_string(o, "file", x->file, &error);
                add_string(o, "state", x->state, &error);
                add_string(o, "message", x->message, &error);
                add_string(o, "text", x->text, &error);
                add(o, "written", json_object_new_boolean(x->written), &error);
        }
        finish(f, document, error);
}

void json_removed(FILE *f, const struct removed *removed)
{
        int error;
        struct json_object *document = start(&error), *array;

        add_string(document, "name", removed->name, &error);
        array = add_array(document, "removed", &error);
        for (size_t i = 0; i < removed->n_files && error == 0; i++)
                if (json_object_array_add(array, json_object_new_string(removed->files[i])) < 0)
                        error = -ENOMEM;
        add_string(document, "masked", removed->mask, &error);
        add_string(document, "kept", removed->kept, &error);
        finish(f, document, error);
}

void json_applying(FILE *f, const struct applying *x)
{
        const struct boot_plan *plan = x->plan;
        int error;
        struct json_object *document = start(&error), *array = add_array(document, "tokens", &error);

        for (size_t i = 0; i < plan->tokens.n && error == 0; i++)
                append_string(array, plan->tokens.v[i], &error);
        add_string(document, "boots_from", plan->facts ? boot_name(plan->facts) : "", &error);
        array = add_array(document, "files", &error);
        for (size_t i = 0; i < plan->changes.n && error == 0; i++) {
                struct json_object *o = append(array, &error);

                add_string(o, "path", plan->changes.v[i].path, &error);
                add_string(o, "action", plan->changes.v[i].new ? "write" : "remove", &error);
        }
        add_string(document, "command", plan->changes.command, &error);
        array = add_array(document, "images", &error);
        for (size_t i = 0; i < x->n_images && error == 0; i++) {
                struct json_object *o = append(array, &error);

                add_string(o, "release", x->images[i].image->release, &error);
                add_string(o, "path", x->images[i].image->path, &error);
                add_string(o, "why", x->images[i].why, &error);
        }
        add_trial(document, x->trial, &error);
        add(document, "written", json_object_new_boolean(x->written), &error);
        add_string(document, "message", x->message, &error);
        finish(f, document, error);
}
