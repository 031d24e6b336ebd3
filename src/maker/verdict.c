/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/makers.h"

enum makers_fault makers_judge(const struct makers *t, struct arena *a, const char **ret_message, const char **ret_fix)
{
        const struct maker *m = t->maker;
        const char *there = t->program ? arena_join(a, m->name, " is there (", t->program, ")", NULL) : NULL;

        *ret_fix = m->install;
        if (!there && t->other)
                *ret_message = arena_join(a, t->other, " makes the boot images, and ", m->name,
                                          " is not there: no image will have the rules", NULL);
        else if (!there)
                *ret_message = arena_join(a, m->name, " is not there (", m->programs[0],
                                          "): no boot image will have the rules", NULL);
        else if (t->other_hook && !t->hook)
                *ret_message = arena_join(a, there,
                                          ", but a new kernel's boot image is made by another: ", t->other_hook, NULL);
        else if (!t->part) {
                *ret_fix = arena_join(a, "install this program with its part for ", m->name, ": make install", NULL);
                *ret_message = arena_join(a, there, ", and no ", m->no_part, NULL);
        } else if (t->other_hook) {
                *ret_fix = "remove the one that is not to make the boot images";
                *ret_message = arena_join(a, there, ", but ", t->other_hook,
                                          " makes a new kernel's boot image, too: the last one counts", NULL);
                return MAKERS_DOUBT;
        } else if (t->other && !t->hook) {
                *ret_message = arena_join(a, there, ", and so is ", t->other,
                                          ": the one that makes the boot images is unknown", NULL);
                return MAKERS_DOUBT;
        } else {
                *ret_fix = "";
                *ret_message = arena_join(a, there, ", with the ", m->part, NULL);
                return MAKERS_NO_FAULT;
        }
        return MAKERS_FAULT;
}
