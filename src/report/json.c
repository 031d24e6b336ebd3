/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <stdlib.h>

#include "plan/sriov.h"
#include "report/json-against.h"
#include "report/json-device.h"
#include "report/making.h"
#include "report/vgpu-lines.h"

static struct json_object *add_rule(struct json_object *rules, const char *name, const char *file, const char *state,
                                    const char *message)
{
        struct json_object *o = append(rules);

        add_string(o, "name", name);
        add_string(o, "file", file);
        add_string(o, "state", state);
        add_string(o, "message", message);
        return o;
}

static void add_op(struct json_object *ops, const char *op, const char *target, const char *value, const char *why,
                   const char *stage)
{
        struct json_object *o = append(ops);

        add_string(o, "op", op);
        add_string(o, "target", target);
        add_string(o, "value", value);
        add_string(o, "why", why);
        if (stage)
                add_string(o, "stage", stage);
}

/* They belong to no stage: whoever gives the device back carries them out. */
static void add_back(struct json_object *o, const struct ops *back)
{
        struct json_object *array = add_array(o, "back");

        for (size_t i = 0; i < back->n; i++)
                add_op(array, op_names[back->v[i].kind], back->v[i].target, back->v[i].value, back->v[i].why, NULL);
}

static struct json_object *add_pools(struct json_object *document)
{
        return add_array(add_object(document, "hugepages"), "pools");
}

static struct json_object *add_pool(struct json_object *pools, const char *size, const char *node, uint64_t asked)
{
        struct json_object *o = append(pools);

        add_string(o, "size", size);
        if (!*node)
                json_object_object_add(o, "node", NULL);
        else
                add(o, "node", json_object_new_int64(strtoll(node, NULL, 10)));
        add(o, "asked", json_object_new_int64((int64_t)asked));
        return o;
}

static void add_huge_plan(struct json_object *document, const struct huge_plan *huge)
{
        struct json_object *pools = add_pools(document);

        for (size_t i = 0; i < huge->n; i++) {
                const struct huge_entry *e = &huge->entries[i];
                char node[16] = "";
                struct json_object *o;

                if (e->by_node)
                        snprintf(node, sizeof(node), "%u", e->node);
                o = add_pool(pools, e->size, node, e->asked);
                add_string(o, "action", huge_action_names[e->action]);
                add_string(o, "reason", e->reason);
        }
}

static void add_huge_ops(struct json_object *ops, const struct huge_plan *huge)
{
        for (size_t i = 0; i < huge->n; i++)
                if (huge->entries[i].action == HUGE_WRITE)
                        add_op(ops, op_names[OP_WRITE], huge->entries[i].target, huge->entries[i].value,
                               huge->entries[i].reason, stages[STAGE_INITRD].name);
}

static void add_making(struct json_object *ops, const struct plan *plan, bool late)
{
        const struct op *op;

        for (size_t at = 0; (op = making_next(plan, late, &at));)
                add_op(ops, op_names[op->kind], op->target, op->value, op->why, stages[op->stage].name);
}

void json_plan(FILE *f, const struct plan *plan, const char *const *worked, const struct against *against,
               const struct diags *errors)
{
        struct json_object *document = start(), *array;
        bool made = false; /* the operations that make devices are in it */

        array = add_array(document, "devices");
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];
                struct json_object *o;

                /* It becomes one of those that follow. */
                if (e->action == ACTION_KEEP && making_promised(plan, d->address))
                        continue;
                o = append(array);
                json_device(o, d->bus->syntax->name, d->address, d->id, d->class, d->group);
                json_made_entry(o, plan, e);
                add_string(o, "rule", plan->config->rules[e->rule].name);
                add_string(o, "action", action_names[e->action]);
                json_driver(o, d->bus->syntax->name, e->driver);
                add_string(o, "stage", stages[e->stage].name);
                add_string(o, "reason", e->reason);
                add_back(o, &e->back);
        }
        json_promised(array, plan);
        array = add_array(document, "rules");
        for (size_t i = 0; i < plan->config->n_rules; i++) {
                struct json_object *o = add_rule(array, plan->config->rules[i].name, plan->config->rules[i].file,
                                                 rule_state_names[plan->rules[i].state], plan->rules[i].message);

                if (worked && worked[i])
                        add_string(o, "worked", worked[i]);
        }
        array = add_array(document, "operations");
        for (size_t i = 0; i <= plan->ops.n; i++) {
                if (i == plan_initrd_ops(plan))
                        add_huge_ops(array, &plan->huge);
                if (i == plan->ops.n || (plan->ops.v[i].stage == STAGE_HOST && !made)) {
                        if (!made)
                                add_making(array, plan, false);
                        made = true;
                }
                if (i == plan->ops.n)
                        break;
                add_op(array, op_names[plan->ops.v[i].kind], plan->ops.v[i].target, plan->ops.v[i].value,
                       plan->ops.v[i].why, stages[plan->ops.v[i].stage].name);
        }
        add_making(array, plan, true);
        array = add_array(document, "shadowed");
        for (size_t i = 0; i < plan->n_shadows; i++) {
                struct json_object *o = append(array);

                add_string(o, "address", plan->facts->devices[plan->shadows[i].device].address);
                add_string(o, "rule", plan->config->rules[plan->shadows[i].rule].name);
                add_string(o, "by", plan->config->rules[plan->shadows[i].by].name);
        }
        add_huge_plan(document, &plan->huge);
        if (against)
                json_changes(document, against);
        add_errors(document, errors);
        finish(f, document);
}

static const char *const image_state_names[] = {"unknown", "ok", "stale"};

static void add_images(struct json_object *document, const struct status *status)
{
        struct json_object *array = add_array(document, "images");

        for (size_t i = 0; i < status->n_images; i++) {
                const struct status_image *x = &status->images[i];
                struct json_object *o = append(array);

                add_string(o, "release", x->release);
                add_string(o, "path", x->path);
                add_string(o, "state", image_state_names[!x->known ? 0 : x->stale ? 2 : 1]);
                add_string(o, "message", x->stale);
        }
}

void json_status(FILE *f, const struct status *status, const struct diags *errors)
{
        const struct record *r = &status->record;
        struct json_object *document = start(), *array;

        array = add_array(document, "devices");
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *d = &r->devices[i];
                struct json_object *o = append(array);

                json_device(o, d->bus, d->address, d->id, d->class, d->group);
                if (status->vgpus && status->vgpus[i]) {
                        add_string(o, "parent", status->vgpus[i]->parent);
                        add_string(o, "type", status->vgpus[i]->vgpu);
                }
                add_string(o, "rule", d->rule);
                add_string(o, "action", action_names[d->action]);
                json_driver(o, d->bus, d->driver);
                add_string(o, "stage", record_stage_names[d->stage]);
                add_string(o, "reason", d->reason);
                add_string(o, "state", device_state_names[d->state]);
                if (*d->from)
                        add_string(o, "from", d->from);
                if (status->kept_out && status->kept_out[i])
                        add_string(o, "kept_out", status->kept_out[i]);
                add(o, "at_us", json_object_new_int64((int64_t)d->at_us));
                if (status->users && status->users[i])
                        add_string(o, "user", status->users[i]);
                if (d->back.n > 0)
                        add_back(o, &d->back);
        }
        array = add_array(document, "rules");
        for (size_t i = 0; i < r->n_rules; i++)
                add_rule(array, r->rules[i].name, r->rules[i].file, rule_state_names[r->rules[i].state],
                         r->rules[i].message);
        array = add_array(document, "operations");
        for (size_t i = 0; i < r->n_ops; i++)
                add_op(array, op_names[r->ops[i].op], r->ops[i].target, r->ops[i].value, r->ops[i].why,
                       record_stage_names[r->ops[i].stage]);
        array = add_pools(document);
        for (size_t i = 0; i < r->n_pools; i++) {
                const struct record_pool *x = &r->pools[i];
                struct json_object *o = add_pool(array, x->size, x->node, x->asked);

                add(o, "got", json_object_new_int64((int64_t)x->got));
                add_string(o, "state", pool_state_names[x->state]);
                add_string(o, "stage", record_stage_names[x->stage]);
                add_string(o, "reason", x->reason);
                add(o, "at_us", json_object_new_int64((int64_t)x->at_us));
        }
        add_images(document, status);
        if (!status->boot)
                add(add_trial(document, &status->trial), "this_boot", json_object_new_boolean(status->trial_here));
        if (status->boot) {
                add_string(document, "boot", status->boot);
                array = add_array(document, "notes");
        }
        for (size_t i = 0; i < status->n_notes; i++)
                append_string(array, status->notes[i]);
        add_errors(document, errors);
        finish(f, document);
}

static void add_handover(struct json_object *o, const struct facts *facts, const struct handover *h)
{
        struct json_object *handover = add_object(o, "handover"), *along;

        add_string(handover, "action", action_names[h->action]);
        add_string(handover, "reason", h->reason);
        along = add_array(handover, "along");
        for (size_t i = 0; i < h->n_along; i++)
                append_string(along, facts->devices[h->along[i]].address);
}

/* The virtual functions that a device can have. */
static void add_functions(struct json_object *o, const struct sriov_facts *can)
{
        struct json_object *sriov = add_object(o, "sriov");

        add(sriov, "total", json_object_new_int64(can->total));
        add(sriov, "enabled", json_object_new_int64(can->enabled));
        add(sriov, "autoprobe", json_object_new_boolean(can->autoprobe));
        add_string(sriov, "vf_id", can->vf_id ? can->vf_id : "");
}

void json_list(FILE *f, const struct listing *list, const struct diags *errors)
{
        const struct plan *plan = list->plan;
        const struct facts *facts = plan->facts;
        struct json_object *document = start(), *array = add_array(document, "devices");

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *e = plan_find(plan, i);
                struct detail details[DETAILS_MAX];
                struct json_object *o;
                size_t n;

                if (!list->means[i])
                        continue;
                o = append(array);
                json_device(o, d->bus->syntax->name, d->address, d->id, d->class, d->group);
                n = d->bus->describe ? d->bus->describe(d, details) : 0;
                for (size_t k = 0; k < n; k++)
                        add_string(o, details[k].name, details[k].value);
                add_string(o, "path", d->path);
                add_string(o, "slot", listing_slot(list, i));
                add_string(o, "serial",
                           d->marks[MARK_DISK_SERIAL] ? d->marks[MARK_DISK_SERIAL] : d->marks[MARK_SERIAL]);
                if (d->parent)
                        add_string(o, "parent", d->parent);
                if (device_is_vgpu(d))
                        add_string(o, "type", d->vgpu);
                if (d->parent && d->index != UINT32_MAX)
                        add(o, "index", json_object_new_int64(d->index));
                if (list->functions && list->functions[i].capable == YES)
                        add_functions(o, &list->functions[i]);
                json_driver(o, d->bus->syntax->name, d->driver_now);
                add_string(o, "rule", e ? plan->config->rules[e->rule].name : "");
                add(o, "bridge", json_object_new_boolean((d->roles & ROLE_BRIDGE) != 0));
                add(o, "boot_display", json_object_new_boolean((d->roles & ROLE_BOOT_DISPLAY) != 0));
                json_name(o, &list->names[i]);
                add_handover(o, facts, &list->handovers[i]);
        }
        add_errors(document, errors);
        finish(f, document);
}

void json_findings(FILE *f, const struct findings *findings)
{
        struct json_object *document = start(), *array = add_array(document, "findings");

        for (size_t i = 0; i < findings->n; i++) {
                const struct finding *x = &findings->v[i];
                struct json_object *o = append(array);

                add_string(o, "token", x->token);
                add_string(o, "reader", reader_names[x->reader]);
                add_string(o, "severity", severity_names[x->severity]);
                add_string(o, "message", x->message);
                add_string(o, "fix", x->fix);
        }
        finish(f, document);
}

static void add_needs(struct json_object *document, const char *name, const char *key, const struct need *needs,
                      size_t n)
{
        struct json_object *array = add_array(document, name);

        for (size_t i = 0; i < n; i++) {
                struct json_object *o = append(array);

                add_string(o, key, needs[i].token);
                add_string(o, "why", needs[i].why);
        }
}

void json_needs(FILE *f, const struct needs *needs, const struct diags *errors)
{
        struct json_object *document = start();

        add_needs(document, "tokens", "token", needs->tokens, needs->n_tokens);
        add_needs(document, "options", "line", needs->options, needs->n_options);
        if (needs->n_refused > 0)
                add_needs(document, "refused", "size", needs->refused, needs->n_refused);
        add_errors(document, errors);
        finish(f, document);
}

void json_checks(FILE *f, const struct checks *checks, const struct diags *errors)
{
        struct json_object *document = start(), *array = add_array(document, "checks");

        for (size_t i = 0; i < checks->n; i++) {
                const struct check *x = &checks->v[i];
                struct json_object *o = append(array);

                add_string(o, "id", x->id);
                add_string(o, "status", check_status_names[x->status]);
                add_string(o, "message", x->message);
                add_string(o, "fix", x->fix);
        }
        add_errors(document, errors);
        finish(f, document);
}

void json_added(FILE *f, const struct added *added, size_t n, const struct diags *errors)
{
        struct json_object *document = start(), *array = add_array(document, "rules");

        for (size_t i = 0; i < n; i++) {
                const struct added *x = &added[i];
                struct json_object *o = append(array);

                add_string(o, "name", x->name);
                add_string(o, "file", x->file);
                add_string(o, "state", x->state);
                add_string(o, "message", x->message);
                add_string(o, "text", x->text);
                add(o, "written", json_object_new_boolean(x->written));
        }
        add_errors(document, errors);
        finish(f, document);
}

void json_removed(FILE *f, const struct removed *removed)
{
        struct json_object *document = start(), *array;

        add_string(document, "name", removed->name);
        array = add_array(document, "removed");
        for (size_t i = 0; i < removed->n_files; i++)
                append_string(array, removed->files[i]);
        add_string(document, "masked", removed->mask);
        add_string(document, "kept", removed->kept);
        finish(f, document);
}

static const char *const change_names[] = {"write", "remove"};

void json_applying(FILE *f, const struct applying *x, const struct diags *errors)
{
        const struct boot_plan *plan = x->plan;
        struct json_object *document = start(), *array;

        add_strings(document, "tokens", &plan->tokens);
        add_string(document, "boots_from", plan->facts ? boot_name(plan->facts) : "");
        array = add_array(document, "files");
        for (size_t i = 0; i < plan->changes.n; i++) {
                struct json_object *o = append(array);

                add_string(o, "path", plan->changes.v[i].path);
                add_string(o, "action", change_names[!plan->changes.v[i].new]);
        }
        add_string(document, "command", plan->changes.command);
        array = add_array(document, "images");
        for (size_t i = 0; i < x->n_images; i++) {
                struct json_object *o = append(array);

                add_string(o, "release", x->images[i].image->release);
                add_string(o, "path", x->images[i].image->path);
                add_string(o, "why", x->images[i].why);
        }
        add_trial(document, x->trial);
        array = add_array(document, "refused");
        for (size_t i = 0; i < x->refused->n; i++) {
                struct json_object *o = append(array);

                add_string(o, "token", x->refused->v[i].finding.token);
                add_string(o, "where", x->refused->v[i].where);
                add_string(o, "message", x->refused->v[i].finding.message);
                add_string(o, "fix", x->refused->v[i].finding.fix);
        }
        add(document, "written", json_object_new_boolean(x->written));
        add_bool(document, "changed", x->changed);
        add_bool(document, "reboot", x->reboot);
        add_string(document, "message", x->message);
        add_errors(document, errors);
        finish(f, document);
}
