/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "base/recfile.h"
#include "base/str.h"

#define LOCK_PATH PASSTHROUGH_RUN "/lock"

const char *const pool_state_names[POOL_STATE_MAX_] = {"reserved", "short", "refused"};
const char *const record_stage_names[STAGE_MAX_] = {"", "initrd", "root", "host", "demand"};

static const char *const required_names[] = {"required", ""};

static const struct field image_fields[] = {
        {FIELD(HEX, record, image.config)},
        {FIELD(HEX, record, image.programs)},
};

static const struct field rule_fields[] = {
        {FIELD(TEXT, record_rule, name)},
        {FIELD(TEXT, record_rule, file)},
        {FIELD(WORD, record_rule, state), NAMES(rule_state_names, RULE_FAILED + 1)},
        {FIELD(TEXT, record_rule, message)},
        {FIELD(HEX, record_rule, digest)},
        {FIELD(FLAG, record_rule, required), .names = required_names},
        {FIELD(TEXT, record_rule, below)},
        {FIELD(INT, record_rule, kind)},
        {FIELD(TEXT, record_rule, about)},
};

static const struct field device_fields[] = {
        {FIELD(TEXT, record_device, rule)},
        {FIELD(TEXT, record_device, bus)},
        {FIELD(TEXT, record_device, address)},
        {FIELD(TEXT, record_device, id)},
        {FIELD(TEXT, record_device, class)},
        {FIELD(WORD, record_device, action), NAMES(action_names, ACTION_MAX_)},
        {FIELD(TEXT, record_device, driver)},
        {FIELD(WORD, record_device, stage), NAMES(record_stage_names, STAGE_MAX_)},
        {FIELD(TEXT, record_device, reason)},
        {FIELD(WORD, record_device, state), NAMES(device_state_names, STATE_MAX_)},
        {FIELD(TEXT, record_device, from)},
        {FIELD(INT, record_device, group)},
        {FIELD(U64, record_device, at_us)},
        {FIELD(TEXT, record_device, below)},
        {FIELD(INT, record_device, kind)},
        {FIELD(TEXT, record_device, about)},
        {FIELD(TEXT, record_device, serial)},
};

static const char *const op_letters[] = {"osagfr"}; /* enum op_flags */
static const char *const none[] = {""};

/* What giving back needs. */
static const struct field back_fields[] = {
        {FIELD(WORD, op, kind), NAMES(op_names, OP_MAX_)},
        {FIELD(BITS, op, flags), .names = op_letters},
        {FIELD(TEXT, op, target)},
        {FIELD(TEXT, op, value)},
        {FIELD(TEXT, op, task), .names = none},
        {FIELD(TEXT, op, link), .names = none},
        {FIELD(TEXT, op, ends), .names = none},
        {FIELD(TEXT, op, file), .names = none},
};

static const struct field outcome_fields[] = {
        {FIELD(TEXT, record_outcome, address)},
        {FIELD(WORD, record_outcome, state), NAMES(device_state_names, STATE_MAX_)},
        {FIELD(TEXT, record_outcome, from)},
        {FIELD(TEXT, record_outcome, reason)},
        {FIELD(U64, record_outcome, at_us)},
};

static const struct field op_fields[] = {
        {FIELD(WORD, record_op, op), NAMES(op_names, OP_MAX_)},
        {FIELD(TEXT, record_op, target)},
        {FIELD(TEXT, record_op, value)},
        {FIELD(TEXT, record_op, why)},
        {FIELD(WORD, record_op, stage), NAMES(record_stage_names, STAGE_MAX_)},
};

/* What is appended. */
static const struct record_type outcome_types[] = {
        {.key = "I", FLAGGED(record, image.known), FIELDS(image_fields)},
        {.key = "S\tinitrd", FLAGGED(record, done[STAGE_INITRD])},
        {.key = "S\troot", FLAGGED(record, done[STAGE_ROOT])},
        {.key = "X", FLAGGED(record, rescued)},
        {.key = "T", LIST(record, outcomes), FIELDS(outcome_fields)},
        {.key = "O", LIST(record, ops), FIELDS(op_fields)},
};

static const struct field pool_fields[] = {
        {FIELD(TEXT, record_pool, size)},
        {FIELD(TEXT, record_pool, node)},
        {FIELD(WORD, record_pool, state), NAMES(pool_state_names, POOL_STATE_MAX_)},
        {FIELD(WORD, record_pool, stage), NAMES(record_stage_names, STAGE_MAX_)},
        {FIELD(TEXT, record_pool, reason)},
        {FIELD(U64, record_pool, asked)},
        {FIELD(U64, record_pool, got)},
        {FIELD(U64, record_pool, at_us)},
};

static const struct record_type types[] = {
        {.key = "S\tinitrd", FLAGGED(record, done[STAGE_INITRD])},
        {.key = "S\troot", FLAGGED(record, done[STAGE_ROOT])},
        {.key = "X", FLAGGED(record, rescued)},
        {.key = "H", FLAGGED(record, host)},
        {.key = "I", FLAGGED(record, image.known), FIELDS(image_fields)},
        /* Before reasons had kinds a rule had two fields less, and before there was Required= two less again. */
        {.key = "R", LIST(record, rules), FIELDS(rule_fields), .n_late = 4},
        /* Nor did earlier versions know what is below what, or have serial numbers. */
        {.key = "D", LIST(record, devices), FIELDS(device_fields), .n_late = 4},
        {.key = "B", INNER(record, devices, record_device, back), FIELDS(back_fields), .n_late = 4},
        {.key = "T", LIST(record, outcomes), FIELDS(outcome_fields)},
        {.key = "O", LIST(record, ops), FIELDS(op_fields)},
        {.key = "P", LIST(record, pools), FIELDS(pool_fields)},
};

/* For the generator, which has no use for the state, and so not for the words that it can be. */
static const struct field required_fields[] = {
        {FIELD(TEXT, record_rule, name)},    {FIELD(TEXT, record_rule, file)},
        {FIELD(TEXT, record_rule, message)}, {FIELD(TEXT, record_rule, message)},
        {FIELD(HEX, record_rule, digest)},   {FIELD(FLAG, record_rule, required), .names = required_names},
        {FIELD(TEXT, record_rule, below)},   {FIELD(INT, record_rule, kind)},
        {FIELD(TEXT, record_rule, about)},
};

static const struct record_type required_types[] = {
        {.key = "H", FLAGGED(record, host)},
        {.key = "R", LIST(record, rules), FIELDS(required_fields), .n_late = 4},
};

#define FIRST  "passthrough-record 1"
#define FORMAT .separator = '\t', .escaped = true, .printable = true, .appended = true, .max = (size_t)256 * 1024 * 1024

static const struct recfile outcome_format = {FORMAT, .first = RECFILE_MORE, RECORD_TYPES(record, outcome_types)};
static const struct recfile format = {FORMAT, .first = FIRST, RECORD_TYPES(record, types)};
static const struct recfile required_format = {FORMAT, .first = FIRST, .partial = true,
                                               RECORD_TYPES(record, required_types)};

int record_read(const struct root *root, struct arena *a, struct record *ret)
{
        int k = recfile_read(root, a, &format, RECORD_PATH, ret);

        for (size_t i = 0; i < ret->n_outcomes; i++) {
                const struct record_outcome *x = &ret->outcomes[i];
                struct record_device *d = record_find_device(ret, x->address);

                if (!d)
                        continue;
                d->state = x->state;
                d->from = x->from;
                if (*x->reason)
                        record_say(d, REASON_OTHER, x->reason, NULL);
                d->at_us = x->at_us;
        }
        ret->n_outcomes = 0;
        record_follow(ret, a);
        return k;
}

void record_add_outcome(struct record *what, struct arena *a, const struct record_device *d, const char *reason)
{
        struct record_outcome *x = arena_grow(a, &what->outcomes, what->n_outcomes, sizeof(*what->outcomes));

        *x = (struct record_outcome){d->address, d->state, d->from, reason, d->at_us};
        what->n_outcomes++;
}

int record_read_required(const struct root *root, struct arena *a, struct record *ret)
{
        return recfile_read(root, a, &required_format, RECORD_PATH, ret);
}

int record_write(const struct root *root, struct arena *a, const struct record *record)
{
        return recfile_write(root, a, &format, RECORD_PATH, record);
}

int record_write_open(const struct root *root, struct arena *a, const struct record *record, int *ret)
{
        int k = recfile_write_open(root, a, &format, RECORD_PATH, record, ret);

        if (k == 0)
                (void)!flock(*ret, LOCK_EX | LOCK_NB); /* nobody else has it but for a moment, see rescue.c */
        return k;
}

int record_append(int fd, struct arena *a, const struct record *what)
{
        return recfile_append(fd, a, &outcome_format, what);
}

int record_lock(const struct root *root, unsigned patience, int *ret)
{
        int k = root_make_parents(root, LOCK_PATH);

        if (k < 0)
                return k;
        *ret = root_create(root, LOCK_PATH);
        /* What can be given back has to be, also where nothing can be written. */
        if (*ret == -ENOSPC || *ret == -EROFS)
                *ret = root_open_at(root, PASSTHROUGH_RUN, O_RDONLY | O_DIRECTORY);
        if (*ret < 0)
                return *ret;
        for (unsigned tenths = 0; flock(*ret, patience ? LOCK_EX | LOCK_NB : LOCK_EX) < 0; tenths++) {
                if (errno != EWOULDBLOCK)
                        return -errno;
                if (tenths == patience * 10)
                        return RECORD_BUSY;
                nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        }
        return 0;
}

struct record_rule *record_find(const struct record *record, const char *rule)
{
        for (size_t i = 0; i < record->n_rules; i++)
                if (streq(record->rules[i].name, rule))
                        return &record->rules[i];
        return NULL;
}

struct record_rule *record_rule_for(struct record *record, struct arena *a, const char *rule)
{
        struct record_rule *x = record_find(record, rule);

        if (!x) {
                x = arena_grow(a, &record->rules, record->n_rules++, sizeof(*record->rules));
                *x = (struct record_rule){.name = rule, .file = "", .message = ""};
        }
        return x;
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

        if (!x) {
                x = arena_grow(a, &record->devices, record->n_devices++, sizeof(*record->devices));
                *x = (struct record_device){.address = address, .group = NO_GROUP};
        }
        return x;
}

void record_say(struct record_device *d, enum reason_kind kind, const char *text, const char *about)
{
        d->reason = text;
        d->kind = kind;
        d->about = about;
}

void record_tell(struct record_rule *rule, enum reason_kind kind, const char *text, const char *about)
{
        rule->message = text;
        rule->kind = kind;
        rule->about = about;
}

const struct record_device *record_carrier(const struct record *record, const struct record_device *d)
{
        const struct record_device *of = d->below && *d->below ? record_find_device(record, d->below) : NULL;

        return of ? of : d;
}

const struct record_device *record_rule_carrier(const struct record *record, const struct record_rule *rule)
{
        return rule->below && *rule->below ? record_find_device(record, rule->below) : NULL;
}

void record_follow(struct record *record, struct arena *a)
{
        for (size_t i = 0; i < record->n_devices; i++) {
                struct record_device *d = &record->devices[i];
                const struct record_device *of = record_carrier(record, d);

                if (of == d)
                        continue;
                d->state = of->state == STATE_BEGUN ? STATE_NONE : of->state;
                d->at_us = of->at_us;
                if (of->state == STATE_FAILED)
                        record_say(d, REASON_ANOTHER,
                                   arena_join(a, of->address, ", which it is below: ", of->reason, NULL), of->address);
        }
}

bool record_device_is(const struct record_device *x, const struct device *d)
{
        const char *was = x->serial ? x->serial : "", *is = d->marks[MARK_SERIAL];

        return streq(x->address, d->address) && streq(x->id, d->id) &&
               (!d->bus->syntax->taken_by || !*was || !is || streq(was, is));
}

bool record_device_taken(const struct record_device *d)
{
        return d->state == STATE_BOUND || d->state == STATE_LATE;
}

bool record_device_held(const struct record_device *d)
{
        return record_device_taken(d) || d->state == STATE_BEGUN;
}

bool record_satisfied(const struct record *record, const struct record_rule *rule)
{
        const struct record_device *of = record_rule_carrier(record, rule);

        if (rule->state != RULE_OK || (of && !record_device_taken(of)))
                return false;
        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];

                if (streq(d->rule, rule->name) && !record_device_taken(d) &&
                    (d->action == ACTION_BIND || d->state == STATE_BEGUN))
                        return false;
        }
        return true;
}
