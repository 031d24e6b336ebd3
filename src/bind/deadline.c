/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial in an initrd without systemd, whose scripts may wait for ever: for a passphrase, for a root that never comes.
 * A process of its own counts, and reboots into what there was. With systemd a timer does (passthrough-generator), and
 * on the host another one, each with the same deadline: seconds since the kernel has started.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "bind/run.h"
#include "maker/table.h"
#include "report/log.h"

#define SYNC_WAIT 10 /* seconds: a disk that hangs keeps the host from nothing */

static void wait_until(uint32_t seconds)
{
        struct timespec until = {.tv_sec = seconds};

        while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
                ;
}

static void sync_disks(void)
{
        struct timespec patience = {.tv_sec = SYNC_WAIT};
        sigset_t child;

        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child, NULL);
        if (fork() == 0) {
                sync();
                _exit(0);
        }
        sigtimedwait(&child, NULL, &patience);
}

/* It holds neither the console nor a directory of the initrd. */
static void detach(void)
{
        int null = open("/dev/null", O_RDWR);

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (null < 0 || dup2(null, fd) < 0)
                        close(fd);
        if (null > STDERR_FILENO)
                close(null);
        setsid();
}

static void take_back(const struct root *root, uint32_t seconds)
{
        detach();
        wait_until(seconds);
        /* Switching root empties the initrd; should nobody have ended this process, the host counts itself. */
        if (!initrd_here(root, initrd_table))
                return;
        log_line(root, LOG_LEVEL_ERROR, LOG_RESCUE, NULL, NULL,
                 "the trial is taken back: %u s after its start it is still in its initrd; the host reboots", seconds);
        sync_disks();
        reboot(RB_AUTOBOOT);
}

int run_deadline(const struct root *root, const char *unused)
{
        struct arena arena = {};
        struct facts facts = {};
        int k = facts_read_switches(root, &arena, &facts);
        uint32_t seconds = facts.kdump || !initrd_here(root, initrd_table) ? 0 : facts.trial;
        pid_t child;

        (void)unused;
        arena_free(&arena);
        if (k < 0 || seconds == 0)
                return k;
        child = root->live ? fork() : 0;
        if (child < 0)
                return -errno;
        if (child == 0 && root->live) {
                take_back(root, seconds);
                _exit(0);
        }
        printf("%d\n", (int)child);
        return 0;
}
