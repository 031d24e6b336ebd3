/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/await.h"

#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "act/sysfs.h"
#include "base/str.h"

/* A process decides each claim, and looks at the whole machine for it. */
#define TRIES       200
#define TRIES_QUEUE 700 /* udev is still busy with other devices: so a boot may begin */
#define PAUSE_MS    50
#define QUEUE       "/run/udev/queue" /* there while udev has events to handle */

static bool is_claimed(const struct root *root, const char *numbers, const char *rule)
{
        static const char property[] = "\nE:PASSTHROUGH_RULE=";
        char path[64] = "/run/udev/data/c", text[16 * 1024] = "\n", *value, *end = path + strlen(path);

        if (root_read(root, numbers, end, sizeof(path) - strlen(path)) <= 0)
                return false;
        end[strcspn(end, "\n")] = '\0';
        if (root_read(root, path, text + 1, sizeof(text) - 1) <= 0)
                return false;
        value = strstr(text, property);
        if (!value)
                return false;
        value += strlen(property);
        value[strcspn(value, "\n")] = '\0';
        return *value && (!*rule || streq(value, rule));
}

static void pause_a_moment(void)
{
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

bool await_claim(const struct root *root, const char *numbers, const char *rule, bool wanted)
{
        for (int i = 0; is_claimed(root, numbers, rule) != wanted; i++) {
                if (!root->live || i == TRIES_QUEUE || (i >= TRIES && !root_exists(root, QUEUE)))
                        return false;
                if (wanted && !root_exists(root, numbers)) /* it went away meanwhile */
                        return false;
                pause_a_moment();
        }
        return true;
}

void await_queue(const struct root *root)
{
        for (int i = 0; root->live && i < TRIES && root_exists(root, QUEUE); i++)
                pause_a_moment();
}

void await_reload(const struct root *root)
{
        char *argv[] = {"udevadm", "control", "--reload", NULL}, *environment[] = {NULL};
        pid_t pid;
        int status;

        if (root->live && posix_spawn(&pid, "/usr/bin/udevadm", NULL, NULL, argv, environment) == 0)
                waitpid(pid, &status, 0);
}

void await_ask(const struct root *root, struct arena *a, const struct device *d)
{
        struct sysfs s = {.root = root, .shared_fd = -1};

        (void)!sysfs_write(&s, arena_join(a, d->sysfs, "/uevent", NULL), "add", false);
}
