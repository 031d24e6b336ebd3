/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "base/str.h"

#define HEADER     "passthrough-record 1"
#define LOCK_PATH  PASSTHROUGH_RUN "/lock"
#define RECORD_MAX ((size_t)256 * 1024 * 1024)
#define FIELDS_MAX 16

/* Tab, newline and backslash as \t, \n and \\. */
static void put_escaped(FILE *f, const char *s)
{
        for (s = s ? s : ""; *s; s++) {
                size_t n = strcspn(s, "\t\n\\");

                fwrite(s, 1, n, f);
                s += n;
                if (!*s)
                        break;
                fputc('\\', f);
                fputc(*s == '\t' ? 't' : *s == '\n' ? 'n' : '\\', f);
        }
}

static void unescape(char *s)
{
        char *out = s;

        for (; *s; s++) {
                if (*s == '\\' && s[1]) {
                        s++;
                        *out++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
                } else
                        *out++ = *s;
        }
        *out = '\0';
}

/* But for tabs and newlines, which texts of files have. */
static void make_printable(char *s)
{
        for (size_t n; *s; s += n + (s[n] != '\0')) {
                char end;

                n = strcspn(s, "\t\n");
                end = s[n];
                s[n] = '\0';
                str_make_printable(s);
                s[n] = end;
        }
}

/* The strings of a line, in order; NULL ends them. */
static void put_line(FILE *f, char kind, const char *const *fields, size_t n)
{
        fputc(kind, f);
        for (size_t i = 0; i < n; i++) {
                fputc('\t', f);
                put_escaped(f, fields[i]);
        }
        fputc('\n', f);
}

static void put_record(FILE *f, const struct record *r)
{
        char group[16], at[24], digest[24];

        fputs(HEADER "\n", f);
        for (enum stage s = STAGE_AUTO; s < STAGE_MAX_; s++)
                if (r->done[s])
                        put_line(f, 'S', &stages[s].name, 1);
        if (r->rescued)
                put_line(f, 'X', NULL, 0);
        if (r->host)
                put_line(f, 'H', NULL, 0);
        if (r->image.known) {
                char programs[24];

                snprintf(digest, sizeof(digest), "%" PRIx64, r->image.config);
                snprintf(programs, sizeof(programs), "%" PRIx64, r->image.programs);
                put_line(f, 'I', (const char *const[]){digest, programs}, 2);
        }
        for (size_t i = 0; i < r->n_rules; i++) {
                const struct record_rule *x = &r->rules[i];

                snprintf(digest, sizeof(digest), "%" PRIx64, x->digest);
                put_line(f, 'R',
                         (const char *const[]){x->name, x->file, x->state, x->message, digest,
                                               x->required ? "required" : ""},
                         6);
        }
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *x = &r->devices[i];

                snprintf(group, sizeof(group), "%d", x->group);
                snprintf(at, sizeof(at), "%" PRIu64, x->at_us);
                put_line(f, 'D',
                         (const char *const[]){x->rule, x->bus, x->address, x->id, x->class, x->action, x->driver,
                                               x->stage, x->reason, x->state, x->from, group, at},
                         13);
        }
        for (size_t i = 0; i < r->n_ops; i++) {
                const struct record_op *x = &r->ops[i];

                put_line(f, 'O', (const char *const[]){x->op, x->target, x->value, x->why, x->stage}, 5);
        }
        for (size_t i = 0; i < r->n_pools; i++) {
                const struct record_pool *x = &r->pools[i];
                char asked[24], got[24];

                snprintf(asked, sizeof(asked), "%" PRIu64, x->asked);
                snprintf(got, sizeof(got), "%" PRIu64, x->got);
                snprintf(at, sizeof(at), "%" PRIu64, x->at_us);
                put_line(f, 'P', (const char *const[]){x->size, x->node, x->state, x->stage, x->reason, asked, got, at},
                         8);
        }
}

int record_write(const struct root *root, const struct record *record)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        int k;

        put_record(f, record);
        fclose(f);
        k = root_make_parents(root, RECORD_PATH);
        if (k == 0)
                k = root_replace(root, RECORD_PATH, text, size);
        free(text);
        return k;
}

static size_t split(char *line, char *fields[static FIELDS_MAX])
{
        size_t n = 0;

        for (char *field; n < FIELDS_MAX && (field = strsep(&line, "\t")); n++) {
                unescape(field);
                make_printable(field);
                fields[n] = field;
        }
        return n;
}

static int read_stage(struct record *r, const char *name)
{
        enum stage stage = stage_named(name);

        if (stage == STAGE_MAX_)
                return -EBADMSG;
        r->done[stage] = true;
        return 0;
}

static int read_line(struct record *r, struct arena *a, char *f[static FIELDS_MAX], size_t n)
{
        if (streq(f[0], "S") && n == 2)
                return read_stage(r, f[1]);
        if (streq(f[0], "X")) {
                r->rescued = true;
                return 0;
        }
        if (streq(f[0], "H")) {
                r->host = true;
                return 0;
        }
        if (streq(f[0], "I") && n == 3) {
                r->image = (struct image_digest){
                        .known = true, .config = strtoull(f[1], NULL, 16), .programs = strtoull(f[2], NULL, 16)};
                return 0;
        }
        /* Images built before there was Required= have one field less. */
        if (streq(f[0], "R") && (n == 6 || n == 7)) {
                struct record_rule *x = arena_grow(a, &r->rules, r->n_rules, sizeof(*r->rules));

                *x = (struct record_rule){
                        f[1], f[2], f[3], f[4], strtoull(f[5], NULL, 16), n == 7 && streq(f[6], "required")};
                r->n_rules++;
                return 0;
        }
        if (streq(f[0], "D") && n == 14) {
                struct record_device *x = arena_grow(a, &r->devices, r->n_devices, sizeof(*r->devices));

                *x = (struct record_device){f[1],
                                            f[2],
                                            f[3],
                                            f[4],
                                            f[5],
                                            f[6],
                                            f[7],
                                            f[8],
                                            f[9],
                                            f[10],
                                            f[11],
                                            atoi(f[12]),
                                            strtoull(f[13], NULL, 10)};
                r->n_devices++;
                return 0;
        }
        if (streq(f[0], "O") && n == 6) {
                struct record_op *x = arena_grow(a, &r->ops, r->n_ops, sizeof(*r->ops));

                *x = (struct record_op){f[1], f[2], f[3], f[4], f[5]};
                r->n_ops++;
                return 0;
        }
        if (streq(f[0], "P") && n == 9) {
                struct record_pool *x = arena_grow(a, &r->pools, r->n_pools, sizeof(*r->pools));

                *x = (struct record_pool){.size = f[1],
                                          .node = f[2],
                                          .state = f[3],
                                          .stage = f[4],
                                          .reason = f[5],
                                          .asked = strtoull(f[6], NULL, 10),
                                          .got = strtoull(f[7], NULL, 10),
                                          .at_us = strtoull(f[8], NULL, 10)};
                r->n_pools++;
                return 0;
        }
        return -EBADMSG;
}

int record_read(const struct root *root, struct arena *a, struct record *ret)
{
        struct record r = {};
        char *text, *line;
        size_t size;
        int k = root_read_all(root, a, RECORD_PATH, RECORD_MAX, &text, &size);

        if (k < 0)
                return k;
        line = strsep(&text, "\n");
        if (!line || !streq(line, HEADER))
                return -EBADMSG;
        while (k == 0 && (line = strsep(&text, "\n"))) {
                char *fields[FIELDS_MAX];
                size_t n;

                if (!*line)
                        continue;
                n = split(line, fields);
                k = read_line(&r, a, fields, n);
        }
        if (k == 0)
                *ret = r;
        return k;
}

const struct record_rule *record_find(const struct record *record, const char *rule)
{
        for (size_t i = 0; i < record->n_rules; i++)
                if (streq(record->rules[i].name, rule))
                        return &record->rules[i];
        return NULL;
}

struct record_device *record_find_device(const struct record *record, const char *address)
{
        for (size_t i = 0; i < record->n_devices; i++)
                if (streq(record->devices[i].address, address))
                        return &record->devices[i];
        return NULL;
}

struct record_device *record_device_at(struct record *record, struct arena *a, const char *address)
{
        struct record_device *x = record_find_device(record, address);

        if (x)
                return x;
        x = arena_grow(a, &record->devices, record->n_devices, sizeof(*record->devices));
        if (!x)
                return NULL;
        record->n_devices++;
        *x = (struct record_device){.address = address, .group = NO_GROUP};
        return x;
}

bool record_device_taken(const struct record_device *d)
{
        return streq(d->state, device_state_names[STATE_BOUND]) || streq(d->state, device_state_names[STATE_LATE]);
}

bool record_satisfied(const struct record *record, const struct record_rule *rule)
{
        if (!streq(rule->state, rule_state_names[RULE_OK]))
                return false;
        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];

                if (streq(d->rule, rule->name) && streq(d->action, action_names[ACTION_BIND]) &&
                    !record_device_taken(d))
                        return false;
        }
        return true;
}

/* What an earlier stage has tried keeps its line, unless it is tried again: when and from whom is history. */
static void merge_device(struct record *r, struct arena *a, const struct plan *plan, size_t entry,
                         const struct result *result)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct device *d = &plan->facts->devices[e->device];
        struct record_device
                *x = record_find_device(r, d->address),
                new = {
                        .rule = plan->config->rules[e->rule].name,
                        .bus = bus_names[d->bus],
                        .address = d->address,
                        .id = d->id,
                        .class = d->class,
                        .action = action_names[e->action],
                        .driver = e->driver ? e->driver : "",
                        .stage = stages[e->stage].name,
                        .reason = e->reason,
                        .state = device_state_names[e->action == ACTION_REFUSE ? STATE_REFUSED : result->state],
                        .from = result->from ? result->from : "",
                        .group = d->group,
                        .at_us = result->at_us,
                };

        if (result->state == STATE_FAILED)
                new.reason = result->error;
        if (x && (record_device_taken(x) || result->state == STATE_NONE) && *x->state && e->action == ACTION_BIND &&
            result->state != STATE_FAILED)
                return;
        x = record_device_at(r, a, d->address);
        *x = new;
}

static void merge_rule(struct record *r, struct arena *a, const struct rule *rule, const struct plan_rule *state)
{
        struct record_rule *x = (struct record_rule *)record_find(r, rule->name);

        if (!x) {
                x = arena_grow(a, &r->rules, r->n_rules, sizeof(*r->rules));
                r->n_rules++;
        }
        *x = (struct record_rule){rule->name,     rule->file,   rule_state_names[state->state],
                                  state->message, rule->digest, rule->required};
}

static void add_op(struct record *r, struct arena *a, const struct op *op)
{
        struct record_op *x = arena_grow(a, &r->ops, r->n_ops, sizeof(*r->ops));

        *x = (struct record_op){op_names[op->kind], op->target, op->value, op->why, stages[op->stage].name};
        r->n_ops++;
}

/* The first stage records what the whole boot is to do; a later one what it found to do in its own place. */
static void merge_ops(struct record *r, struct arena *a, const struct plan *plan, enum stage stage, const char *rule)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_ops; i++)
                if (rule || !streq(r->ops[i].stage, stages[stage].name))
                        r->ops[n++] = r->ops[i];
        r->n_ops = n;
        for (size_t i = 0; i < plan->ops.n; i++) {
                const struct op *op = &plan->ops.v[i];

                if (rule ? !streq(plan->config->rules[plan->entries[op->entry].rule].name, rule)
                         : stage != STAGE_INITRD && op->stage != stage)
                        continue;
                add_op(r, a, op);
        }
}

/* Or was to be: a unit does not undo it, however far it got. */
static bool released(const struct record_device *d)
{
        return streq(d->action, action_names[ACTION_KEEP]) && (streq(d->state, device_state_names[STATE_SKIPPED]) ||
                                                               streq(d->state, device_state_names[STATE_FAILED]));
}

/* As long as one of its devices is with the host by hand, a rule is not what it was to be. */
static void keep_released(struct record *r, struct arena *a)
{
        for (size_t i = 0; i < r->n_devices; i++) {
                struct record_rule *x = (struct record_rule *)record_find(r, r->devices[i].rule);

                if (!released(&r->devices[i]) || !x || !streq(x->state, rule_state_names[RULE_OK]))
                        continue;
                x->state = rule_state_names[RULE_SKIPPED];
                x->message = arena_printf(a, "%s was given back by hand; \"passthroughctl bind %s\" takes it again",
                                          r->devices[i].address, x->name);
        }
}

void record_merge(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                  enum stage stage, const char *rule)
{
        for (size_t i = 0; i < plan->config->n_rules; i++)
                if (!plan->rules[i].elsewhere && (!rule || streq(plan->config->rules[i].name, rule)))
                        merge_rule(record, a, &plan->config->rules[i], &plan->rules[i]);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (!rule || streq(plan->config->rules[plan->entries[i].rule].name, rule))
                        merge_device(record, a, plan, i, &results[i]);
        keep_released(record, a);
        merge_ops(record, a, plan, stage, rule);
}

static void forget(struct record *r, const struct plan *plan, const struct plan_entry *e, bool taken)
{
        const char *address = plan->facts->devices[e->device].address, *rule = plan->config->rules[e->rule].name;
        size_t n = 0;

        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *x = &r->devices[i];
                bool gone = taken && streq(x->rule, rule) && facts_find(plan->facts, x->address) == NO_DEVICE;

                if (!gone && !streq(x->address, address))
                        r->devices[n++] = *x;
        }
        r->n_devices = n;
}

static bool has_op(const struct record *r, const struct op *op)
{
        for (size_t i = 0; i < r->n_ops; i++)
                if (streq(r->ops[i].target, op->target) && streq(r->ops[i].value, op->value) &&
                    streq(r->ops[i].op, op_names[op->kind]))
                        return true;
        return false;
}

void record_merge_chosen(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                         const bool *chosen, size_t entry)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct rule *rule = &plan->config->rules[e->rule];
        const struct record_rule *known = record_find(record, rule->name);
        bool taken = results[entry].state == STATE_BOUND || results[entry].state == STATE_LATE;

        forget(record, plan, e, taken);
        if (taken || !known || !record_satisfied(record, known))
                merge_rule(record, a, rule, &plan->rules[e->rule]);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (chosen[i])
                        merge_device(record, a, plan, i, &results[i]);
        for (size_t i = 0; i < plan->ops.n; i++)
                if (!has_op(record, &plan->ops.v[i]))
                        add_op(record, a, &plan->ops.v[i]);
        keep_released(record, a);
}

void record_release(struct record *record, struct arena *a, const struct plan *plan, const char *rule, size_t device,
                    const struct result *result)
{
        const struct device *d = &plan->facts->devices[device];
        const struct rule *now = config_find(plan->config, rule);
        struct record_rule *r = (struct record_rule *)record_find(record, rule);
        struct record_device *x = record_device_at(record, a, d->address);

        *x = (struct record_device){
                .rule = rule,
                .bus = bus_names[d->bus],
                .address = d->address,
                .id = d->id,
                .class = d->class,
                .action = action_names[result->state == STATE_REFUSED ? ACTION_REFUSE : ACTION_KEEP],
                .driver = result->now ? result->now : "",
                .stage = stages[STAGE_ROOT].name,
                .reason = result->error ? result->error : "given back by hand",
                .state = device_state_names[result->state],
                .from = "",
                .group = d->group,
                .at_us = result->at_us,
        };
        if (!r) {
                r = arena_grow(a, &record->rules, record->n_rules, sizeof(*record->rules));
                record->n_rules++;
                *r = (struct record_rule){.name = rule, .file = now ? now->file : "", .digest = now ? now->digest : 0};
        }
        r->state = rule_state_names[RULE_OK];
        r->message = "";
        keep_released(record, a);
}

int record_lock(const struct root *root, unsigned patience)
{
        int fd, k = root_make_parents(root, LOCK_PATH);

        if (k < 0)
                return k;
        fd = root_create(root, LOCK_PATH);
        if (fd < 0)
                return fd;
        for (unsigned tenths = 0;; tenths++) {
                if (flock(fd, patience ? LOCK_EX | LOCK_NB : LOCK_EX) == 0)
                        return fd;
                if (errno != EWOULDBLOCK || tenths == patience * 10) {
                        k = errno == EWOULDBLOCK ? -EBUSY : -errno;
                        close(fd);
                        return k;
                }
                nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        }
}
