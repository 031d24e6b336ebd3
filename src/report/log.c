/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define IDENTIFIER "passthrough"
#define LINE_SIZE  2048

static bool to_journal(enum log_level level, const char *id, const char *rule, const char *device, const char *line)
{
        static const struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
        static int fd = -1; /* kept for the lines to come */
        char datagram[LINE_SIZE + 512];
        int n;

        if (fd < 0)
                fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return false;
        n = snprintf(datagram, sizeof(datagram),
                     "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=" IDENTIFIER "\nMESSAGE_ID=%s\n"
                     "PASSTHROUGH_RULE=%s\nPASSTHROUGH_DEVICE=%s\n",
                     line, (int)level, id, rule ? rule : "", device ? device : "");
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
static bool to_log(const struct root *root, enum log_level level, const char *id, const char *rule, const char *device,
                   const char *line)
{
        return root->live && (to_journal(level, id, rule, device, line) || to_kernel(level, line));
}

static void format_line(char line[static LINE_SIZE], const char *format, va_list ap) _printf_(2, 0);
static void format_line(char line[static LINE_SIZE], const char *format, va_list ap)
{
        vsnprintf(line, LINE_SIZE, format, ap);
        for (char *c = line; *c; c++)
                if (*c == '\n')
                        *c = ' ';
}

void log_line(const struct root *root, enum log_level level, const char *message_id, const char *rule,
              const char *device, const char *format, ...)
{
        char line[LINE_SIZE];
        bool logged;
        va_list ap;

        va_start(ap, format);
        format_line(line, format, ap);
        va_end(ap);
        /* A terminal may be the console of an initrd: nobody may be there to read it. */
        logged = to_log(root, level, message_id, rule, device, line);
        if (!logged || isatty(STDERR_FILENO))
                fprintf(stderr, "%s\n", line);
}

void log_quietly(const struct root *root, enum log_level level, const char *message_id, const char *rule,
                 const char *device, const char *format, ...)
{
        char line[LINE_SIZE];
        va_list ap;

        va_start(ap, format);
        format_line(line, format, ap);
        va_end(ap);
        (void)!to_log(root, level, message_id, rule, device, line);
}
