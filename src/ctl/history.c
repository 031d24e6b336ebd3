/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status --boot=: journalctl finds the boot and its lines, whoever wrote them, in an initrd or on the host. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/str.h"
#include "ctl/names.h"
#include "ctl/situation.h"
#include "report/history.h"
#include "report/json.h"
#include "report/text.h"

#define IDENTIFIER "SYSLOG_IDENTIFIER=passthrough"

/* What is too long, or no text, journalctl gives as null or as an array. */
static const char *field(struct arena *a, struct json_object *entry, const char *name)
{
        struct json_object *value;

        if (!json_object_object_get_ex(entry, name, &value) || !json_object_is_type(value, json_type_string) ||
            json_object_get_string_len(value) == 0)
                return NULL;
        return str_printable(a, json_object_get_string(value));
}

/* What has no time of its own has that of the kernel log, or that at which the journal got it. */
static uint64_t time_of(struct arena *a, struct json_object *entry)
{
        static const char *const names[] = {"PASSTHROUGH_AT_US", "_SOURCE_MONOTONIC_TIMESTAMP",
                                            "__MONOTONIC_TIMESTAMP"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *text = field(a, entry, names[i]);

                if (text)
                        return strtoull(text, NULL, 10);
        }
        return 0;
}

/* A line of the journal that cannot be read is none of ours. */
static void add(struct ctl *c, struct status *status, const char *text)
{
        struct json_object *entry = json_tokener_parse(text);
        struct arena *a = &c->arena;
        struct history_line line = {
                .message = field(a, entry, "MESSAGE"),
                .rule = field(a, entry, "PASSTHROUGH_RULE"),
                .bus = field(a, entry, "PASSTHROUGH_BUS"),
                .device = field(a, entry, "PASSTHROUGH_DEVICE"),
                .file = field(a, entry, "PASSTHROUGH_FILE"),
                .state = field(a, entry, "PASSTHROUGH_STATE"),
                .driver = field(a, entry, "PASSTHROUGH_DRIVER"),
                .from = field(a, entry, "PASSTHROUGH_FROM"),
                .reason = field(a, entry, "PASSTHROUGH_REASON"),
                .kind = field(a, entry, "PASSTHROUGH_KIND"),
                .about = field(a, entry, "PASSTHROUGH_ABOUT"),
                .id = field(a, entry, "PASSTHROUGH_ID"),
                .class = field(a, entry, "PASSTHROUGH_CLASS"),
                .group = field(a, entry, "PASSTHROUGH_GROUP"),
                .at_us = time_of(a, entry),
        };

        json_object_put(entry);
        if (line.message)
                history_add(status, a, &line);
}

static int read_lines(struct ctl *c, struct status *status, int fd)
{
        FILE *f = fdopen(fd, "re");
        char *line = NULL;
        size_t size = 0;
        int k = f ? 0 : -errno;

        if (!f)
                close(fd);
        while (k == 0 && f && getline(&line, &size, f) >= 0)
                add(c, status, line);
        free(line);
        if (f)
                fclose(f);
        return k;
}

static void run_journalctl(const struct ctl *c, int out)
{
        char boot[64], root[PATH_MAX + 8];
        /* Others may write to the journal, too, and under any name. */
        char *argv[] = {"journalctl", "--quiet", "--no-pager", "--output=json",     "--all", boot, IDENTIFIER,
                        "_UID=0",     "+",       IDENTIFIER,   "_TRANSPORT=kernel", NULL,    NULL};

        snprintf(boot, sizeof(boot), "--boot=%s", c->boot);
        snprintf(root, sizeof(root), "--root=%s", c->root.path);
        if (!c->root.live)
                argv[ARRAY_SIZE(argv) - 2] = root;
        if (dup2(out, STDOUT_FILENO) >= 0)
                execvp(argv[0], argv);
        fprintf(stderr, "passthroughctl: journalctl: %s\n", strerror(errno));
        _exit(127);
}

/* 0, 1 where the journal has no such boot, or -errno. */
static int read_journal(struct ctl *c, struct status *status)
{
        int ends[2], ended, k;
        pid_t child;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        child = fork();
        if (child == 0)
                run_journalctl(c, ends[1]);
        close(ends[1]);
        if (child < 0) {
                k = -errno;
                close(ends[0]);
                return k;
        }
        k = read_lines(c, status, ends[0]);
        while (waitpid(child, &ended, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (k == 0)
                history_finish(status, &c->arena);
        return k < 0 ? k : !(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

bool ctl_boot_valid(const char *boot)
{
        uint32_t n;

        if (*boot == '-')
                return str_to_u32(boot + 1, 10, &n);
        return streq(boot, "0") || (strlen(boot) == 32 && boot[strspn(boot, "0123456789abcdef")] == '\0');
}

/* Names and the next step are of what is here now. */
static void show(struct ctl *c, const struct status *status)
{
        struct situation situation;
        struct pci_name *names;
        struct status_now now = {};

        if (ctl_load_plan(c, &(struct facts_request){}, false) == 0) {
                names_look_up(&c->root, &c->facts, &c->arena, &names);
                situation_read(c, &situation);
                now = (struct status_now){.plan = &c->plan, .names = names, .situation = &situation};
        }
        text_status(stdout, status, &now, &c->arena);
}

int ctl_history(struct ctl *c)
{
        struct status status = {.boot = c->boot};
        int k = read_journal(c, &status);

        if (k < 0)
                return ctl_fail("reading the journal", k);
        status.satisfied &= k == 0 && status.ran;
        if (!c->json && k == 0)
                show(c, &status);
        else if (c->json)
                json_status(stdout, &status, NULL);
        if (k > 0)
                fprintf(stderr, "passthroughctl: the journal has no readable entry of boot %s\n", c->boot);
        return status.satisfied ? EXIT_SUCCESS : EXIT_FAILURE;
}
