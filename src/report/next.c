/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/next.h"

#include "base/str.h"
#include "report/paint.h"

#define INDENT 2

void next_put(const struct screen *s, const struct next_step *step)
{
        size_t indent = INDENT + strlen("Next: "), at = indent;

        if (!step->command)
                return;
        screen_skip(s, INDENT);
        paint(s->f, BOLD, 0, "Next:");
        fputc(' ', s->f);
        fputs(step->command, s->f);
        at += screen_columns(step->command);
        if (!*step->why) {
                fputc('\n', s->f);
                return;
        }
        if (at + 3 + screen_columns(step->why) <= s->width) {
                fputs("   ", s->f);
                at += 3;
        } else {
                fputc('\n', s->f);
                at = indent;
                screen_skip(s, at);
        }
        screen_wrap(s, at, indent, step->why);
}

struct next_step next_step(const struct situation *now, enum next_on on, struct arena *a)
{
        const char *ctl = now->live ? "sudo passthroughctl " : "passthroughctl ";

        if (now->errors && on != NEXT_ON_PLAN)
                return (struct next_step){arena_join(a, ctl, "plan", NULL), "once the files named above are corrected"};
        if (now->way == WAY_FAILED && on != NEXT_ON_STATUS)
                return (struct next_step){arena_join(a, ctl, "status", NULL),
                                          "says why the trial of the rules was taken back"};
        if (now->way == WAY_CONFIRM && on != NEXT_ON_CONFIRM)
                return (struct next_step){arena_join(a, ctl, "confirm", NULL), "keeps what this boot tries"};
        if (now->way == WAY_TRIAL)
                return (struct next_step){now->live ? "sudo reboot" : "reboot", "tries the rules once"};
        if (now->way == WAY_APPLIED)
                return (struct next_step){now->live ? "sudo reboot" : "reboot", "carries the rules out"};
        if (now->n_rules > 0 && on != NEXT_ON_APPLY)
                return (struct next_step){arena_join(a, ctl, "apply", NULL), "has the next boot carry the rules out"};
        if (on != NEXT_ON_LIST)
                return (struct next_step){arena_join(a, ctl, "list", NULL), "shows which devices are free"};
        return (struct next_step){NULL, ""};
}
