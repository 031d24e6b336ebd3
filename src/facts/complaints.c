/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/complaints.h"

#include <errno.h>
#include <fcntl.h>

#define RECORD 8192 /* bytes: a record of /dev/kmsg is no longer (Documentation/ABI/testing/dev-kmsg) */

static bool is_about(const char *line)
{
        return strstr(line, "not enough MMIO resources for SR-IOV") || strstr(line, "out of range of") ||
               strstr(line, "Safe Mode");
}

static void take(struct arena *a, char *record, struct complaints *ret)
{
        char *line;

        while ((line = strsep(&record, "\n"))) {
                const char *text = strchr(line, ';');

                text = text ? text + 1 : line;
                if (is_about(text))
                        strings_add(a, &ret->lines, str_printable(a, text));
        }
}

void complaints_read(const struct root *root, struct arena *a, struct complaints *ret)
{
        struct root untapped = *root;
        _cleanup_(close_fd) int fd = -1;
        char record[RECORD + 1];
        ssize_t n;

        untapped.tap = NULL;
        *ret = (struct complaints){};
        fd = root_open_at(&untapped, "/dev/kmsg", O_RDONLY | O_NONBLOCK);
        if (fd < 0)
                return;
        /* EPIPE: records were overwritten since, and the next one is there. */
        while ((n = read(fd, record, RECORD)) > 0 || (n < 0 && errno == EPIPE)) {
                record[n < 0 ? 0 : n] = '\0';
                take(a, record, ret);
        }
        ret->known = n == 0 || errno == EAGAIN;
}
