/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up virtual machine monitor: one file and one line of the table add it. */
#include <stdio.h>

#include "export/export.h"

static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        for (size_t i = 0; i < n; i++)
                strings_add(a, ret,
                            arena_printf(a, "lid %s slot %u.%u", devices[i].qemu, places[i].slot, places[i].function));
}

static void print(FILE *f, const struct strings *list)
{
        for (size_t i = 0; i < list->n; i++)
                fprintf(f, "  open the %s\n", list->v[i]);
}

const struct exporter exporter_crate = {.name = "crate", .heading = "Crate", .lines = lines, .print = print};
