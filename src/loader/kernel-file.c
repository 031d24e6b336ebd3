/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/kernel-file.h"

#include <fcntl.h>

#include "base/str.h"

/* The setup header of x86 (Documentation/arch/x86/boot.rst); the version's text is within reach of its 16-bit offset.
 */
#define HEADER_MAGIC   0x202
#define HEADER_VERSION 0x20e
#define HEADER_BASE    0x200
#define HEADER_REACH   (HEADER_BASE + 0x10000 + 256)

#define BANNER "Linux version " /* what a captured machine has for such a file */
#define NAME   "vmlinuz-"

const char *kernel_file_find(const struct root *root, struct arena *a, const char *mount, struct span path)
{
        const char *below, *base, *places[4];
        size_t n = 0;

        /* GRUB's "($root)". */
        if (path.length > 0 && *path.at == '(') {
                const char *end = memchr(path.at, ')', path.length);

                path = end ? (struct span){end + 1, path.length - (size_t)(end + 1 - path.at)} : path;
        }
        for (; path.length > 0 && *path.at == '/'; path.length--)
                path.at++;
        below = arena_join(a, "/", arena_strndup(a, path.at, path.length), NULL);
        base = str_basename(below);
        if (mount)
                places[n++] = arena_join(a, mount, below, NULL);
        places[n++] = below;
        if (!mount) {
                places[n++] = arena_join(a, "/boot", below, NULL);
                places[n++] = arena_join(a, "/boot/", base, NULL); /* behind a subvolume or a data set */
        }
        for (size_t i = 0; i < n; i++)
                if (*base && root_exists(root, places[i]))
                        return places[i];
        return NULL;
}

/* The first word of a text, as what may be a release; NULL: it is none. */
static const char *word(struct arena *a, const char *text, size_t max)
{
        size_t n = 0;

        while (n < max && text[n] > ' ' && text[n] < 0x7f && text[n] != '/')
                n++;
        return n > 0 && n < max && strchr(" \n", text[n]) ? arena_strndup(a, text, n) : NULL;
}

static const char *read_header(const struct root *root, struct arena *a, const char *path)
{
        struct root past = *root; /* a capture gets the line, not the kernel */
        _cleanup_(close_fd) int fd = -1;
        unsigned char *data = arena_alloc(a, HEADER_REACH);
        const char *text = (const char *)data;
        ssize_t n;
        size_t at;

        past.tap = NULL;
        fd = root_open_at(&past, path, O_RDONLY);
        n = fd < 0 ? -1 : pread(fd, data, HEADER_REACH, 0);
        if (n > (ssize_t)strlen(BANNER) && startswith(text, BANNER))
                return word(a, text + strlen(BANNER), (size_t)n - strlen(BANNER));
        if (n <= HEADER_VERSION + 2 || memcmp(data + HEADER_MAGIC, "HdrS", 4) != 0)
                return NULL;
        at = (size_t)data[HEADER_VERSION] + (size_t)data[HEADER_VERSION + 1] * 256 + HEADER_BASE;
        return at > HEADER_BASE && at < (size_t)n ? word(a, text + at, (size_t)n - at) : NULL;
}

/* Arch keeps the name that a kernel's file has in /boot beside its modules. NULL: none of them, or several. */
static const char *release_by_name(const struct root *root, struct arena *a, const char *name)
{
        const char **releases, *found = NULL;
        size_t n;

        if (!startswith(name, NAME) || root_list(root, a, "/lib/modules", &releases, &n) < 0)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                char base[64];

                if (root_read(root, arena_join(a, "/lib/modules/", releases[i], "/pkgbase", NULL), base,
                              sizeof(base)) <= 0 ||
                    !streq(base, name + strlen(NAME)))
                        continue;
                if (found)
                        return NULL;
                found = releases[i];
        }
        return found;
}

const char *kernel_file_release(const struct root *root, struct arena *a, const char *path)
{
        const char *release = root_exists(root, path) ? read_header(root, a, path) : NULL;

        if (release)
                root_made(root, path, arena_join(a, BANNER, release, NULL));
        return release ? release : release_by_name(root, a, str_basename(path));
}
