/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define IDENTIFIER "passthrough"
#define LINE_SIZE  2048

static int format(char *buf, size_t size, const struct log_event *e, const char *fields)
{
        return snprintf(buf, size,
                        "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=" IDENTIFIER "\nMESSAGE_ID=%s\n"
                        "PASSTHROUGH_RULE=%s\nPASSTHROUGH_DEVICE=%s\n%s",
                        e->text, (int)e->level, e->message_id, e->rule ? e->rule : "", e->device ? e->device : "",
                        fields);
}

static bool to_journal(const struct log_event *e)
{
        static const struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
        static int fd = -1; /* kept for the lines to come */
        char datagram[3 * LINE_SIZE];
        int n;

        if (fd < 0)
                fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return false;
        n = format(datagram, sizeof(datagram), e, e->fields ? e->fields : "");
        if (n >= (int)sizeof(datagram)) /* then the text has to do */
                n = format(datagram, sizeof(datagram), e, "");
        if (n < 0 || n >= (int)sizeof(datagram))
                return false;
        return sendto(fd, datagram, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&journal, sizeof(journal)) == n;
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
        if (!quietly && (!logged || isatty(STDERR_FILENO)))
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
