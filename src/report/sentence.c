/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/sentence.h"

#include "base/str.h"

/* %d, %f and %r are driver, from and reason. When they are read the first one that fits is meant. */
static const struct {
        enum device_state state;
        const char *text; /* behind the address */
} sentences[SENTENCE_MAX_] = {
        [SENTENCE_LATE] = {STATE_LATE, "bound to %d, late: %f had it"},
        [SENTENCE_BOUND] = {STATE_BOUND, "bound to %d"},
        [SENTENCE_CLAIMED] = {STATE_BOUND, "handed over by udev"},
        [SENTENCE_ALONG] = {STATE_BOUND, "handed over: %r"},
        [SENTENCE_MADE] = {STATE_BOUND, "is a virtual GPU; its driver is %d"},
        [SENTENCE_REFUSED] = {STATE_REFUSED, "refused: %r"},
        [SENTENCE_FAILED] = {STATE_FAILED, "failed: %r"},
        [SENTENCE_WITH] = {STATE_SKIPPED, "is with %d already"},
        [SENTENCE_HOST] = {STATE_SKIPPED, "given back to the host"},
        [SENTENCE_GIVEN] = {STATE_SKIPPED, "given back to %d"},
        [SENTENCE_FREE] = {STATE_SKIPPED, "given back; the host has no driver for it"},
        [SENTENCE_REMOVED] = {STATE_SKIPPED, "removed"},
        [SENTENCE_CLEARED] = {STATE_SKIPPED, "is no virtual GPU any more: its type is cleared"},
        [SENTENCE_RESCUED] = {STATE_FAILED, "%r"},
};

static const char **value_of(struct record_device *d, char letter)
{
        return letter == 'd' ? &d->driver : letter == 'f' ? &d->from : &d->reason;
}

const char *sentence_write(struct arena *a, enum sentence sentence, const struct record_device *d)
{
        struct record_device copy = *d;
        const char *text = arena_join(a, d->rule, ": ", d->address, " ", NULL);

        for (const char *t = sentences[sentence].text; *t; t += 2) {
                size_t n = strcspn(t, "%");

                text = arena_join(a, text, arena_strndup(a, t, n), t[n] ? *value_of(&copy, t[n + 1]) : "", NULL);
                t += n;
                if (!*t)
                        break;
        }
        return text;
}

static bool fits(struct arena *a, const char *t, const char *text, struct record_device *ret)
{
        for (;;) {
                size_t n = strcspn(t, "%"), next;
                const char *end;

                if (strncmp(text, t, n) != 0)
                        return false;
                text += n;
                t += n;
                if (!*t)
                        return !*text;
                next = strcspn(t + 2, "%");
                end = next > 0 ? memmem(text, strlen(text), t + 2, next) : text + strlen(text);
                if (!end)
                        return false;
                *value_of(ret, t[1]) = arena_strndup(a, text, (size_t)(end - text));
                text = end;
                t += 2;
        }
}

bool sentence_read(struct arena *a, const char *text, struct record_device *ret)
{
        const char *rest = strchr(text, ' ');

        for (size_t i = 0; rest && i < SENTENCE_MAX_; i++) {
                struct record_device d = {.driver = "", .from = "", .reason = ""};

                if ((i == SENTENCE_RESCUED && !startswith(rest + 1, SENTENCE_GIVEN_BACK)) ||
                    !fits(a, sentences[i].text, rest + 1, &d))
                        continue;
                d.address = arena_strndup(a, text, (size_t)(rest - text));
                d.state = sentences[i].state;
                *ret = d;
                return true;
        }
        return false;
}
