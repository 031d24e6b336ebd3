/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/shown.h"

#include <stdio.h>

#include "report/cell.h"
#include "report/domain.h"
#include "report/paint.h"
#include "report/screen.h"
#include "report/text.h"

#define ID_COLUMNS 9

const char *const shown_state_names[SHOWN_STATE_MAX_] = {
        [SHOWN_BOUND] = "bound",     [SHOWN_LATE] = "late",       [SHOWN_IDLE] = "idle",
        [SHOWN_PENDING] = "pending", [SHOWN_REFUSED] = "refused",
};

void text_show(FILE *f, const struct shown *shown, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        bool one_domain = domain_is_one(shown->plan->facts);

        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *d = &shown->devices[i];
                const char *address = domain_less(one_domain, d->device->address);
                size_t at = strlen(address) + CELL_GAP + (*d->device->id ? ID_COLUMNS + CELL_GAP : 0);

                paint(f, BOLD, 0, address);
                fprintf(f, "%*s", CELL_GAP, "");
                if (*d->device->id)
                        fprintf(f, "%s%*s", d->device->id, CELL_GAP, "");
                screen_wrap(&s, at, at, model_full(a, &d->name));
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
