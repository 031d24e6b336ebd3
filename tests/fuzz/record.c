/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This boot's record: any bytes as /run/passthrough/record; what was read is written, and reads back the same. */
#include "state/record.h"

#include <stdlib.h>

#include "base/str.h"
#include "files.h"
#include "report/json.h"

static int read_record(struct arena *a, const void *text, size_t size, struct record *ret)
{
        struct root root = ROOT_INIT;
        int k;

        *ret = (struct record){};
        files_add(RECORD_PATH, text, size);
        k = record_read(&root, a, ret);
        files_clear();
        return k;
}

static char *write_record(struct arena *a, const struct record *record, size_t *ret_size)
{
        struct root root = ROOT_INIT;
        const char *text;
        char *copy;

        CHECK(record_write(&root, a, record) == 0);
        text = files_written(ret_size);
        copy = malloc(*ret_size + 1);
        CHECK(copy);
        memcpy(copy, text, *ret_size + 1);
        files_clear();
        return copy;
}

/* Every string there is, to its end. */
static size_t look_at(const struct record *r)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_rules; i++) {
                const struct record_rule *x = &r->rules[i];

                n += strlen(x->name) + strlen(x->file) + strlen(x->message);
                CHECK(x->state <= RULE_SKIPPED && (!record_satisfied(r, x) || x->state == RULE_OK));
                CHECK(record_find(r, x->name));
        }
        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *x = &r->devices[i];

                n += strlen(x->rule) + strlen(x->bus) + strlen(x->address) + strlen(x->id) + strlen(x->class) +
                     strlen(x->driver) + strlen(x->reason) + strlen(x->from);
                CHECK(x->action < ACTION_MAX_ && x->stage <= STAGE_MAX_ - 1 && x->state < STATE_MAX_);
                for (size_t b = 0; b < x->back.n; b++) {
                        const struct op *op = &x->back.v[b];

                        n += strlen(op->target) + strlen(op->value);
                        CHECK(op->kind < OP_MAX_);
                }
        }
        for (size_t i = 0; i < r->n_ops; i++) {
                const struct record_op *x = &r->ops[i];

                n += strlen(x->target) + strlen(x->value) + strlen(x->why);
                CHECK(x->op < OP_MAX_ && x->stage <= STAGE_MAX_ - 1);
        }
        for (size_t i = 0; i < r->n_pools; i++) {
                const struct record_pool *x = &r->pools[i];

                n += strlen(x->size) + strlen(x->node) + strlen(x->reason);
                CHECK(x->state < POOL_STATE_MAX_ && x->stage <= STAGE_MAX_ - 1);
        }
        return n;
}

/* Records are the product's own, so their texts are UTF-8 already: of others only the plain ones are looked at. */
static void check_report(const struct record *record, const uint8_t *data, size_t size)
{
        const struct status status = {.record = *record, .ran = true};
        size_t out_size;
        char *text;
        FILE *f;

        for (size_t i = 0; i < size; i++)
                if (data[i] >= 0x80)
                        return;
        f = open_memstream(&text, &out_size);
        CHECK(f);
        json_status(f, &status, NULL);
        check_document(f, &text, &out_size);
}

/* What is read is made printable, but for tabs and newlines. */
static void make_plain(char *s)
{
        for (; *s; s++)
                if (((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') || (unsigned char)*s >= 0x7f)
                        *s = '?';
}

/* Any text in any field comes back as it was. */
static void field_by_field(struct arena *a, const uint8_t *data, size_t size)
{
        char *text[3];
        struct record_rule rule;
        struct record out = {.rules = &rule, .n_rules = 1}, in;
        char *written;
        size_t n;

        for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
                size_t from = size * i / ARRAY_SIZE(text), to = size * (i + 1) / ARRAY_SIZE(text);

                text[i] = arena_strndup(a, (const char *)data + from, to - from);
                make_plain(text[i]);
        }
        rule = (struct record_rule){
                .name = text[0], .file = text[1], .state = RULE_SKIPPED, .message = text[2], .digest = size};
        written = write_record(a, &out, &n);
        CHECK(read_record(a, written, n, &in) == 0 && in.n_rules == 1 && in.n_devices == 0 && in.n_ops == 0);
        CHECK(streq(in.rules->name, text[0]) && streq(in.rules->file, text[1]) && in.rules->state == RULE_SKIPPED &&
              streq(in.rules->message, text[2]) && in.rules->digest == size);
        free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct record first, second;
        struct arena a = {};
        size_t n1, n2;
        int k = read_record(&a, data, size, &first);

        CHECK(k == 0 || k == RECFILE_MALFORMED);
        if (k == 0) {
                char *once, *twice;

                CHECK(look_at(&first) <= size);
                check_report(&first, data, size);
                once = write_record(&a, &first, &n1);
                CHECK(read_record(&a, once, n1, &second) == 0);
                CHECK(second.n_rules == first.n_rules && second.n_devices == first.n_devices &&
                      second.n_ops == first.n_ops && second.n_pools == first.n_pools);
                twice = write_record(&a, &second, &n2);
                CHECK(n1 == n2 && memcmp(once, twice, n1) == 0);
                free(once);
                free(twice);
        }
        field_by_field(&a, data, size);
        arena_free(&a);
        return 0;
}
