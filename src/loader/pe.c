/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/pe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/content.h"
#include "base/span.h"

#define HEADERS     ((size_t)8192)
#define TEXT_MAX    ((size_t)65536)
#define SECTION     ((size_t)40) /* bytes of one in the table of sections */
#define COFF        ((size_t)24) /* of the signature and the COFF header */
#define CERTIFICATE 4            /* number of that data directory */

/* What a captured machine has for such a file: mark, stub, release, whether it is signed, and the line, if any. */
#define MARK    "passthrough-pe"
#define NOTHING "-"

static const char magic[] = "LoaderInfo: systemd-stub "; /* src/boot/stub.c of systemd, section .sdmagic */

struct reader {
        struct arena *arena;
        int fd;
        const unsigned char *head;
        size_t size; /* of it */
};

static uint32_t number(const struct reader *r, size_t at, size_t bytes)
{
        uint32_t n = 0;

        for (size_t i = bytes; i-- > 0;)
                n = n << 8 | (at + i < r->size ? r->head[at + i] : 0);
        return n;
}

static struct pe_section section_of(const struct reader *r, size_t section)
{
        uint32_t size = number(r, section + 8, 4), raw = number(r, section + 16, 4);

        return (struct pe_section){number(r, section + 20, 4), size < raw ? size : raw};
}

/* A section as one line; the stub takes its control characters for blanks. NULL: it is too large, or cannot be read. */
static const char *text(const struct reader *r, size_t section)
{
        struct pe_section x = section_of(r, section);
        size_t n = x.size;
        char *s;

        if (n > TEXT_MAX)
                return NULL;
        s = arena_alloc(r->arena, n + 1);
        if (pread(r->fd, s, n, x.at) != (ssize_t)n)
                return NULL;
        s[n] = '\0';
        for (char *c = s; *c; c++)
                if ((unsigned char)*c < ' ')
                        *c = ' ';
        return str_trim(s);
}

static const char *version(struct arena *a, const char *s)
{
        const char *at = strstr(s, magic);

        return at ? arena_strndup(a, at + strlen(magic), strcspn(at + strlen(magic), " ")) : NULL;
}

/* A profile's sections come behind those of all profiles: the first of a name counts. */
static bool sections(const struct reader *r, size_t table, size_t n, struct pe_file *ret)
{
        size_t initrds = 0;

        for (size_t i = 0; i < n; i++) {
                size_t at = table + i * SECTION;
                const char *name = (const char *)r->head + at, **slot, *s;

                slot = strncmp(name, ".cmdline", 8) == 0 && !ret->line    ? &ret->line
                       : strncmp(name, ".uname", 8) == 0 && !ret->release ? &ret->release
                       : strncmp(name, ".sdmagic", 8) == 0 && !ret->stub  ? &ret->stub
                                                                          : NULL;
                s = slot ? text(r, at) : NULL;
                if (slot && !s)
                        return false;
                if (strncmp(name, ".initrd", 8) == 0)
                        ret->initrd = initrds++ == 0 ? section_of(r, at) : (struct pe_section){};
                if (slot)
                        *slot = slot == &ret->stub ? version(r->arena, s) : s;
        }
        return true;
}

static void read_file(const struct reader *r, struct pe_file *ret)
{
        size_t pe = number(r, 0x3c, 4), optional = pe + COFF, n = number(r, pe + 6, 2);
        size_t table = optional + number(r, pe + 20, 2);
        /* PE32+ or PE32. */
        size_t directories = optional + (number(r, optional, 2) == 0x20b ? 112 : 96);

        if (number(r, 0, 2) != 0x5a4d || pe > HEADERS || number(r, pe, 4) != 0x4550 || table + n * SECTION > r->size)
                return;
        ret->is_signed =
                number(r, directories - 4, 4) > CERTIFICATE && number(r, directories + CERTIFICATE * 8 + 4, 4) > 0;
        ret->valid = sections(r, table, n, ret);
}

static const char *word(struct arena *a, struct span *line)
{
        struct span t;

        return span_token(line, &t) && !span_is(t, NOTHING) ? arena_strndup(a, t.at, t.length) : NULL;
}

static void read_captured(struct arena *a, const char *s, struct pe_file *ret)
{
        struct span line = {s, strcspn(s, "\n")};

        (void)word(a, &line);
        *ret = (struct pe_file){.valid = true, .stub = word(a, &line), .release = word(a, &line)};
        ret->is_signed = word(a, &line);
        if (line.length > 0)
                ret->line = arena_strndup(a, line.at + 1, line.length - 1);
}

static void tell(const struct root *root, struct arena *a, const char *path, const struct pe_file *x)
{
        root_made(root, path,
                  x->valid
                          ? arena_join(a, MARK " ", x->stub ? x->stub : NOTHING, " ", x->release ? x->release : NOTHING,
                                       " ", x->is_signed ? "signed" : NOTHING, x->line ? " " : NULL, x->line, NULL)
                          : NULL);
}

int pe_read(const struct root *root, struct arena *a, const char *path, bool whole, struct pe_file *ret)
{
        struct root past = *root; /* a capture gets the line, not the kernel */
        _cleanup_(close_fd) int fd = -1;
        unsigned char *head = arena_alloc(a, HEADERS + 1);
        struct stat st;
        ssize_t n;

        *ret = (struct pe_file){};
        past.tap = NULL;
        fd = root_open_at(&past, path, O_RDONLY | O_NONBLOCK);
        /* A directory, or what nobody writes into, is no image. */
        if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
                tell(root, a, path, ret);
                return 0;
        }
        n = fd < 0 ? fd : pread(fd, head, HEADERS, 0);
        if (n < 0)
                return fd < 0 ? fd : -errno;
        head[n] = '\0';
        if (startswith((const char *)head, MARK " "))
                read_captured(a, (const char *)head, ret);
        else
                read_file(&(struct reader){a, fd, head, (size_t)n}, ret);
        tell(root, a, path, ret);
        return whole ? content_measure(&past, a, path, &ret->content) : 0;
}

static int open_section(const struct root *root, const char *path)
{
        struct root past = *root;

        past.tap = NULL;
        return root_open_at(&past, path, O_RDONLY);
}

static int read_at(int fd, char *to, size_t n, off_t at)
{
        ssize_t got = pread(fd, to, n, at);

        return got < 0 ? -errno : (size_t)got < n ? -EBADMSG : 0;
}

int pe_section_read(const struct root *root, struct arena *a, const char *path, struct pe_section section, char **ret)
{
        _cleanup_(close_fd) int fd = section.size > SOURCE_MAX ? -EFBIG : open_section(root, path);

        if (fd < 0)
                return fd;
        *ret = arena_alloc(a, (size_t)section.size + 1);
        return read_at(fd, *ret, section.size, section.at);
}

int pe_section_copy(const struct root *root, const char *path, struct pe_section section, const char *to)
{
        _cleanup_(close_fd) int fd = open_section(root, path), out = -1;
        int k = fd < 0 ? fd : root_replace_open(root, to, "", 0, &out);
        char part[65536];

        for (uint32_t done = 0; k == 0 && done < section.size;) {
                size_t n = MIN(sizeof(part), (size_t)(section.size - done));

                k = read_at(fd, part, n, (off_t)section.at + done);
                if (k == 0)
                        k = fd_write(out, part, n);
                done += (uint32_t)n;
        }
        return k;
}
