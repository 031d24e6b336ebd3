/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/recfile.h"
#include "base/span.h"
#include "base/str.h"

#define SIZE_LIMIT ((size_t)64 * 1024)

const char *const trial_state_names[TRIAL_MAX_] = {"none", "making", "pending", "running", "accepted", "failed"};

static const struct record_type types[] = {
        {.key = "state", ONE_FIELD(FIELD(WORD, trial, state), NAMES(trial_state_names, TRIAL_MAX_))},
        {.key = "config", ONE_FIELD(FIELD(HEX, trial, config))},
        {.key = "by-itself", ONE_FIELD(FIELD(U32, trial, seconds))},
        {.key = "by-hand", FLAGGED(trial, by_hand), ONE_FIELD(FIELD(U32, trial, seconds))},
        {.key = "applies", ONE_FIELD(FIELD(U32, trial, applies))},
        {.key = "when", ONE_FIELD(FIELD(TEXT, trial, when))},
        {.key = "boot", ONE_FIELD(FIELD(TEXT, trial, boot))},
        {.key = "own", ONE_FIELD(FIELD(TEXT, trial, own))},
        {.key = "release", ONE_FIELD(FIELD(TEXT, trial, release))},
        {.key = "image", ONE_FIELD(FIELD(TEXT, trial, image))},
        {.key = "target", ONE_FIELD(FIELD(TEXT, trial, target))},
        {.key = "why", ONE_FIELD(FIELD(TEXT, trial, why))},
};

static const struct recfile format = {
        .first = "passthrough-trial 1",
        .separator = ' ',
        .ended = true,
        .max = SIZE_LIMIT,
        RECORD_TYPES(trial, types),
};

void trial_read(const struct root *root, struct arena *a, struct trial *ret)
{
        if (recfile_read(root, a, &format, TRIAL_PATH, ret) != 0 || !ret->when || !ret->boot || !ret->release)
                *ret = (struct trial){};
}

int trial_write(const struct root *root, struct arena *a, const struct trial *t)
{
        size_t size;
        char *text = recfile_format(a, &format, t, &size);
        int k = file_make_parents(root, TRIAL_PATH);

        return k == 0 ? file_write(root, TRIAL_PATH, text, size, NULL) : k;
}

int trial_forget(const struct root *root)
{
        return file_remove(root, TRIAL_PATH);
}

bool trial_is_here(const struct root *root, struct arena *a, const struct trial *t)
{
        struct span line, value;
        char *text, id[20];
        size_t size;

        if (t->state == TRIAL_NONE || root_read_all(root, a, "/proc/cmdline", SIZE_LIMIT, &text, &size) < 0)
                return false;
        snprintf(id, sizeof(id), "%016" PRIx64 ":", t->config);
        line = (struct span){text, strcspn(text, "\n")};
        return span_value(line, TRIAL_TOKEN, &value) && value.length > strlen(id) && startswith(value.at, id);
}

bool trial_is_old(const struct root *root, const struct trial *t)
{
        char now[64];

        return root_read(root, BOOT_ID, now, sizeof(now)) > 0 && !streq(now, t->boot);
}

bool trial_holds_back(const struct root *root, struct arena *a, const struct trial *t)
{
        return t->state == TRIAL_FAILED ||
               ((t->state == TRIAL_PENDING || t->state == TRIAL_RUNNING) && !trial_is_here(root, a, t));
}

bool trial_watchdog(const struct root *root)
{
        return root_exists(root, "/sys/class/watchdog/watchdog0");
}

/* A panic (kernel-parameters.txt) and a crash of systemd (systemd(1)) reboot, too, where they would wait for somebody.
 */
void trial_tokens(const struct root *root, struct arena *a, const struct trial *t, const char *const *unattended,
                  struct strings *ret)
{
        strings_add(a, ret, arena_printf(a, TRIAL_TOKEN "%016" PRIx64 ":%u", t->config, t->seconds));
        strings_add(a, ret, TRIAL_PANIC);
        while (*unattended)
                strings_add(a, ret, *unattended++);
        strings_add(a, ret, TRIAL_REBOOT);
        if (trial_watchdog(root))
                strings_add(a, ret, TRIAL_WATCHDOG);
}
