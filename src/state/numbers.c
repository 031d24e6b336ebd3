/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/numbers.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "base/recfile.h"
#include "base/str.h"
#include "facts/identity.h"

#define LOCK_PATH PASSTHROUGH_RUN "/numbers.lock"
/* Whoever has it reads and writes one file. */
#define TRIES    20
#define PAUSE_MS 50

static const struct field fields[] = {
        {FIELD(TEXT, number, who.rule)},
        {FIELD(U32, number, n)},
        {FIELD(TEXT, number, who.path)},
        {FIELD(TEXT, number, who.marks[MARK_FIRMWARE])},
        {FIELD(TEXT, number, who.marks[MARK_SLOT])},
        {FIELD(TEXT, number, who.id)},
        {FIELD(TEXT, number, who.marks[MARK_SERIAL])},
        {FIELD(TEXT, number, who.marks[MARK_DISK_SERIAL])},
};

static const struct record_type types[] = {{LIST(numbers, v), FIELDS(fields)}};

static const struct recfile format = {
        .first = "passthrough-numbers 1",
        .separator = '\t',
        .printable = true,
        .max = (size_t)16 * 1024 * 1024,
        RECORD_TYPES(numbers, types),
};

int numbers_read(const struct root *root, struct arena *a, struct numbers *ret)
{
        int k = recfile_read(root, a, &format, NUMBERS_PATH, ret);

        return k == RECFILE_ABSENT ? 0 : k;
}

int numbers_write(const struct root *root, struct arena *a, const struct numbers *numbers)
{
        return recfile_write(root, a, &format, NUMBERS_PATH, numbers);
}

int numbers_lock(const struct root *root, int *ret)
{
        int k = root_make_parents(root, LOCK_PATH);

        if (k < 0)
                return k;
        *ret = root_create(root, LOCK_PATH);
        if (*ret < 0)
                return *ret;
        for (int i = 0; flock(*ret, LOCK_EX | LOCK_NB) < 0; i++) {
                if (errno != EWOULDBLOCK || i == TRIES)
                        return -errno;
                nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        }
        return 0;
}

/* What is known now, else what was known: a disk in a guest's hands tells its serial number to nobody here. */
static const char *newer(struct numbers *numbers, const char *known, const char *now)
{
        if (!now || streq(now, known))
                return known;
        numbers->changed = true;
        return now;
}

/* It may have moved since: by what it is told next time is where it is now. */
static void refresh(struct numbers *numbers, struct clearance_device *who, const struct device *d)
{
        who->path = newer(numbers, who->path, d->path);
        for (enum mark m = 0; m < MARK_MAX_; m++)
                who->marks[m] = newer(numbers, who->marks[m], d->marks[m]);
}

static void add(struct numbers *numbers, struct arena *a, const char *rule, const struct device *d, uint32_t n)
{
        struct number *number = arena_grow(a, &numbers->v, numbers->n, sizeof(*numbers->v));

        *number = (struct number){
                .n = n,
                .who = {.rule = rule, .path = "", .id = d->id, .marks = {"", "", "", ""}},
        };
        numbers->n++;
        numbers->changed = true;
        refresh(numbers, &number->who, d);
}

void numbers_assign(struct numbers *numbers, struct arena *a, const struct facts *facts, const char *rule,
                    const size_t *devices, size_t n, uint32_t *ret)
{
        uint32_t next = 0;
        bool *done = arena_alloc(a, n * sizeof(*done));
        size_t n_known = numbers->n;

        for (size_t i = 0; i < n_known; i++) {
                struct number *known = &numbers->v[i];
                const char *why = NULL;
                enum fit how;
                size_t device;

                if (!streq(known->who.rule, rule))
                        continue;
                next = MAX(next, known->n + 1);
                device = identity_find(facts, &known->who, &how, &why);
                for (size_t j = 0; j < n; j++)
                        if (devices[j] == device && !done[j]) {
                                done[j] = true;
                                ret[j] = known->n;
                                refresh(numbers, &known->who, &facts->devices[device]);
                        }
        }
        for (size_t j = 0; j < n; j++)
                if (!done[j]) {
                        ret[j] = next++;
                        add(numbers, a, rule, &facts->devices[devices[j]], ret[j]);
                }
}
