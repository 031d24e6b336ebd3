/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/shown.h"

#include <stdio.h>

#include "report/paint.h"
#include "report/screen.h"
#include "report/text.h"

#define NAME_AT (12 + 2 + 9 + 2) /* behind an address and an ID */

void text_show(FILE *f, const struct shown *shown, struct arena *a)
{
        const struct screen s = screen_of(f, a);

        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *d = &shown->devices[i];

                paint(f, BOLD, 12, d->device->address);
                fprintf(f, "  %s  ", d->device->id);
                screen_wrap(&s, NAME_AT, NAME_AT, model_full(a, &d->name));
        }
        for (size_t i = 0; i < shown->n_forms; i++) {
                const struct shown_form *form = &shown->forms[i];

                if (form->lines.n == 0)
                        continue;
                fputc('\n', f);
                paint(f, BOLD, 0, form->heading);
                fputc('\n', f);
                form->print(f, &form->lines);
        }
}
