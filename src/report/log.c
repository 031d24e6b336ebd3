/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#define IDENTIFIER "passthrough"
#define LINE_SIZE  2048

#define PART(s)                                                                                                        \
        {                                                                                                              \
                (char *)(s), strlen(s)                                                                                 \
        }

/* Protocol: systemd.io/JOURNAL_NATIVE_PROTOCOL; no value has a newline. */
static bool to_journal(const struct log_event *e)
{
        static struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
        static int fd = -1; /* kept for the lines to come */
        const char priority[] = {(char)('0' + (int)e->level), '\0'};
        const char *rule = e->rule ? e->rule : "", *device = e->device ? e->device : "";
        struct iovec parts[] = {
                PART("MESSAGE="),
                PART(e->text),
                PART("\nPRIORITY="),
                PART(priority),
                PART("\nSYSLOG_IDENTIFIER=" IDENTIFIER "\nMESSAGE_ID="),
                PART(e->message_id),
                PART("\nPASSTHROUGH_RULE="),
                PART(rule),
                PART("\nPASSTHROUGH_DEVICE="),
                PART(device),
                PART("\n"),
                PART(e->fields ? e->fields : ""),
        };
        struct msghdr message = {.msg_name = &journal,
                                 .msg_namelen = sizeof(journal),
                                 .msg_iov = parts,
                                 .msg_iovlen = ARRAY_SIZE(parts)};

        if (fd < 0)
                fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return fd >= 0 && sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
}

/* One write() is one record; dprintf(3) would ask for the position first, which this device refuses. */
static bool to_kernel(enum log_level level, const char *line)
{
        _cleanup_(close_fd) int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
        char text[LINE_SIZE];
        int n = snprintf(text, sizeof(text), "<%d>" IDENTIFIER ": %s", (int)level, line);

        if (n >= (int)sizeof(text))
                n = (int)sizeof(text) - 1;
        return fd >= 0 && n > 0 && write(fd, text, (size_t)n) == n;
}

/* The log of a captured machine is nobody's. */
static bool to_log(const struct root *root, const struct log_event *e)
{
        return root->live && (to_journal(e) || to_kernel(e->level, e->text));
}

static void one_line(char *text)
{
        for (char *c = text; *c; c++)
                if (*c == '\n')
                        *c = ' ';
}

static bool on_terminal(void)
{
        static int is = -1;

        if (is < 0)
                is = isatty(STDERR_FILENO);
        return is;
}

void log_event(const struct root *root, const struct log_event *e, bool quietly)
{
        struct log_event out = *e;
        char line[LINE_SIZE];
        bool logged;

        snprintf(line, sizeof(line), "%s", e->text);
        one_line(line);
        out.text = line;
        logged = to_log(root, &out);
        /* A terminal may be the console of an initrd: nobody may be there to read it. */
        if (!quietly && (!logged || on_terminal()))
                fprintf(stderr, "%s\n", line);
}

void log_line(const struct root *root, enum log_level level, const char *message_id, const char *rule,
              const char *device, const char *format, ...)
{
        char line[LINE_SIZE];
        va_list ap;

        va_start(ap, format);
        vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        log_event(root, &(struct log_event){level, message_id, rule, device, line, NULL}, false);
}
