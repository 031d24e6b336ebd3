/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/span.h"
#include "base/str.h"

#define FIRST_LINE "passthrough-trial 1"
#define SIZE_LIMIT ((size_t)64 * 1024)
#define BOOT_ID    "/proc/sys/kernel/random/boot_id"

const char *const trial_state_names[TRIAL_MAX_] = {"none", "making", "pending", "running", "accepted", "failed"};

static int set(void *data, const char *key, char *value)
{
        struct trial *t = data;

        if (streq(key, "state")) {
                for (t->state = 0; t->state < TRIAL_MAX_ && !streq(value, trial_state_names[t->state]);)
                        t->state++;
                return t->state < TRIAL_MAX_ ? 0 : -EBADMSG;
        }
        if (streq(key, "config"))
                return sscanf(value, "%" SCNx64, &t->config) == 1 ? 0 : -EBADMSG;
        if (streq(key, "by-hand") || streq(key, "by-itself")) {
                t->by_hand = streq(key, "by-hand");
                return str_to_u32(value, 10, &t->seconds);
        }
        if (streq(key, "applies"))
                return str_to_u32(value, 10, &t->applies);
        if (streq(key, "when"))
                t->when = value;
        else if (streq(key, "boot"))
                t->boot = value;
        else if (streq(key, "release"))
                t->release = value;
        else if (streq(key, "image"))
                t->image = value;
        else if (streq(key, "target"))
                t->target = value;
        else if (streq(key, "why"))
                t->why = value;
        else
                return -EBADMSG;
        return 0;
}

void trial_read(const struct root *root, struct arena *a, struct trial *ret)
{
        char *text;
        size_t size;
        int k = root_read_all(root, a, TRIAL_PATH, SIZE_LIMIT, &text, &size);

        *ret = (struct trial){};
        if (k == 0)
                k = text_keys(text, FIRST_LINE, set, ret);
        if (k < 0 || !ret->when || !ret->boot || !ret->release)
                *ret = (struct trial){};
}

static char *with(struct arena *a, char *text, const char *key, const char *value)
{
        return text && value ? arena_join(a, text, key, " ", value, "\n", NULL) : text;
}

int trial_write(const struct root *root, struct arena *a, const struct trial *t)
{
        char *text = arena_printf(a, FIRST_LINE "\nstate %s\nconfig %016" PRIx64 "\n%s %u\napplies %u\n",
                                  trial_state_names[t->state], t->config, t->by_hand ? "by-hand" : "by-itself",
                                  t->seconds, t->applies);
        int k;

        text = with(a, text, "when", t->when);
        text = with(a, text, "boot", t->boot);
        text = with(a, text, "release", t->release);
        text = with(a, text, "image", t->image);
        text = with(a, text, "target", t->target);
        text = with(a, text, "why", t->why);
        text = text ? arena_join(a, text, "end\n", NULL) : NULL;
        k = file_make_parents(root, TRIAL_PATH);
        return k == 0 ? file_write(root, TRIAL_PATH, text, strlen(text), NULL) : k;
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

/*
 * Reboots where it would wait for somebody: a panic (kernel-parameters.txt), dracut's emergency shell
 * (dracut.cmdline(7)), a crash of systemd (systemd(1)). What follows the first of them is of this one boot.
 */
void trial_tokens(const struct root *root, struct arena *a, const struct trial *t, struct strings *ret)
{
        static const char *const own[] = {"panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=yes",
                                          "systemd.watchdog_sec=60"};
        size_t n = ARRAY_SIZE(own) - !trial_watchdog(root);

        strings_add(a, ret, arena_printf(a, TRIAL_TOKEN "%016" PRIx64 ":%u", t->config, t->seconds));

        for (size_t i = 0; i < n; i++)
                strings_add(a, ret, own[i]);
}
