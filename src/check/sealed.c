/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of the host's volumes that are sealed to how it boots. */
#include "check/row.h"
#include "loader/seals.h"

void check_sealed(struct checker *c)
{
        const struct luks_list *list = &c->facts->volumes;
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++) {
                struct seal_verdict v = seals_judge(&list->v[i], c->facts->changed_pcrs, c->facts->predict, c->arena);

                if (v.state == SEAL_HOLDS)
                        continue;
                check_row(c, "image.sealed", CHECK_WARN, v.fix, "%s", v.what);
                n++;
        }
        if (list->n > 0 && n == 0)
                check_row(c, "image.sealed", CHECK_PASS, "",
                          "no key of the host's encrypted volumes is sealed to %s, which a new command line or boot "
                          "image changes",
                          seals_pcrs(c->arena, c->facts->changed_pcrs));
}
