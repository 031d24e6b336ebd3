/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/numbers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "facts/identity.h"

#define HEADER   "passthrough-numbers 1"
#define MAX_SIZE ((size_t)16 * 1024 * 1024)
#define FIELDS   8

static int read_line(struct numbers *numbers, struct arena *a, char *line)
{
        struct number *number = arena_grow(a, &numbers->v, numbers->n, sizeof(*numbers->v));
        const char *f[FIELDS];
        size_t n = 0;

        for (char *field; n < FIELDS && (field = strsep(&line, "\t")); f[n++] = field)
                str_make_printable(field);
        if (n != FIELDS || line || str_to_u32(f[1], 10, &number->n) < 0)
                return -EBADMSG;
        number->who = (struct clearance_device){.rule = f[0],
                                                .path = f[2],
                                                .firmware = f[3],
                                                .slot = f[4],
                                                .id = f[5],
                                                .pcie_serial = f[6],
                                                .disk_serial = f[7]};
        numbers->n++;
        return 0;
}

int numbers_read(const struct root *root, struct arena *a, struct numbers *ret)
{
        struct numbers numbers = {};
        char *text, *line;
        size_t size;
        int k = root_read_all(root, a, NUMBERS_PATH, MAX_SIZE, &text, &size);

        *ret = numbers;
        if (k < 0)
                return k == -ENOENT ? 0 : k;
        line = strsep(&text, "\n");
        if (!line || !streq(line, HEADER))
                return -EBADMSG;
        while (k == 0 && (line = strsep(&text, "\n")))
                if (*line)
                        k = read_line(&numbers, a, line);
        if (k == 0)
                *ret = numbers;
        return k;
}

int numbers_write(const struct root *root, const struct numbers *numbers)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        int k;

        fputs(HEADER "\n", f);
        for (size_t i = 0; i < numbers->n; i++) {
                const struct clearance_device *x = &numbers->v[i].who;

                fprintf(f, "%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s\n", x->rule, numbers->v[i].n, x->path, x->firmware, x->slot,
                        x->id, x->pcie_serial, x->disk_serial);
        }
        fclose(f);
        k = root_make_parents(root, NUMBERS_PATH);
        if (k == 0)
                k = root_replace(root, NUMBERS_PATH, text, size);
        free(text);
        return k;
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
        who->firmware = newer(numbers, who->firmware, d->firmware);
        who->slot = newer(numbers, who->slot, d->slot);
        who->pcie_serial = newer(numbers, who->pcie_serial, d->pcie_serial);
        who->disk_serial = newer(numbers, who->disk_serial, d->disk_serial);
}

static void add(struct numbers *numbers, struct arena *a, const char *rule, const struct device *d, uint32_t n)
{
        struct number *number = arena_grow(a, &numbers->v, numbers->n, sizeof(*numbers->v));

        *number = (struct number){
                .n = n,
                .who = {.rule = rule,
                        .path = "",
                        .firmware = "",
                        .slot = "",
                        .id = d->id,
                        .pcie_serial = "",
                        .disk_serial = ""},
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
