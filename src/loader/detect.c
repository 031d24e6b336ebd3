/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which loader boots this host, and what lies where that one reads. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "loader/entry.h"
#include "loader/kernel-file.h"
#include "loader/pe.h"

/* UEFI Specification, "Globally Defined Variables": four bytes of attributes, and whether firmware verifies. */
#define SECURE_BOOT BOOT_EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* One may be a link to another. */
static const char *const boot_directories[] = {"/efi", "/boot/efi", "/boot"};

static int text(struct detector *d, const char *path, const char **ret)
{
        return d->probe->text(d->probe, path, ret);
}

static int word(struct detector *d, const char *path, const char **ret)
{
        int k = text(d, path, ret);

        if (k == 0 && *ret) {
                size_t n = strcspn(*ret, " \t\r\n");

                *ret = n > 0 ? arena_strndup(d->probe->arena, *ret, n) : NULL;
        }
        return k;
}

/* A variable is four bytes of attributes, then UTF-16. NULL: it cannot be read. */
static const char *variable(struct detector *d, const char *path)
{
        char *data, *name;
        size_t size;

        if (root_read_all(d->probe->root, d->probe->arena, path, 65536, &data, &size) < 0 || size < 6)
                return NULL;
        name = arena_alloc(d->probe->arena, size);
        for (size_t i = 4; i + 1 < size && data[i]; i += 2)
                name[(i - 4) / 2] = (char)(data[i + 1] == 0 && data[i] > ' ' - 1 && data[i] < 127 ? data[i] : '?');
        return name;
}

/* Such a name has the machine's ID, which a capture could not find in UTF-16. */
static const char *file_variable(struct detector *d, const char *path)
{
        struct root past = *d->probe->root;
        struct probe probe = *d->probe;
        struct detector unseen = *d;

        past.tap = NULL;
        probe.root = &past;
        unseen.probe = &probe;
        return variable(&unseen, path);
}

static void read_firmware(struct detector *d)
{
        const struct root *root = d->probe->root;
        const char **names;
        size_t n, size;
        char *data;
        bool shown;

        d->info = variable(d, BOOT_LOADER_INFO);
        d->facts->chosen = file_variable(d, BOOT_EFIVARS "/LoaderEntryDefault" BOOT_EFI_VENDOR);
        d->facts->booted = file_variable(d, BOOT_EFIVARS "/StubImageIdentifier" BOOT_EFI_VENDOR);
        if (root_exists(root, "/sys/firmware/efi"))
                d->efi = KNOWN_YES;
        else if (root_exists(root, "/sys/kernel"))
                d->efi = KNOWN_NO;
        shown = root_list(root, d->probe->arena, BOOT_EFIVARS, &names, &n) == 0 && n > 0;
        d->no_info = d->efi == KNOWN_NO || (shown && !root_exists(root, BOOT_LOADER_INFO));
        if (root_read_all(root, d->probe->arena, SECURE_BOOT, 16, &data, &size) == 0 && size == 5)
                d->facts->secure = data[4] == 0 ? KNOWN_NO : KNOWN_YES;
        else if (d->efi == KNOWN_NO || (shown && !root_exists(root, SECURE_BOOT)))
                d->facts->secure = KNOWN_NO;
}

static bool same_directory(const struct root *root, const char *a, const char *b)
{
        _cleanup_(close_fd) int one = root_open_at(root, a, O_PATH), other = root_open_at(root, b, O_PATH);
        struct stat s, t;

        return one >= 0 && other >= 0 && fstat(one, &s) == 0 && fstat(other, &t) == 0 && s.st_dev == t.st_dev &&
               s.st_ino == t.st_ino;
}

/* An entry may not say it: Arch's kernels have a file without a release in its name. */
static const char *kernel_release(struct detector *d, const struct boot_file *entry)
{
        const struct root *root = d->probe->root;
        struct arena *a = d->probe->arena;
        struct span value;
        const char *path;

        if (entry_value(entry->text, "version", 0, &value) || !entry_value(entry->text, "linux", 0, &value))
                return NULL;
        path = kernel_file_find(root, a, entry_mount(a, entry), value);
        return path ? kernel_file_release(root, a, path) : NULL;
}

static int read_entry(struct detector *d, const char *directory, const char *name)
{
        struct boot_facts *f = d->facts;
        struct boot_file file = {.path = arena_join(d->probe->arena, directory, "/", name, NULL), .edited = true},
                         *slot;
        int k = text(d, file.path, &file.text);

        if (k < 0 || !file.text)
                return k;
        if (streq(name, ENTRY_OFF)) {
                f->off = file;
                return 0;
        }
        file.release = kernel_release(d, &file);
        slot = arena_grow(d->probe->arena, &f->entries, f->n_entries, sizeof(*f->entries));
        *slot = file;
        f->n_entries++;
        return 0;
}

static int read_boot_directory(struct detector *d, const char *directory)
{
        struct boot_facts *f = d->facts;
        struct arena *a = d->probe->arena;
        const char **names, *path = arena_join(a, directory, "/loader/entries", NULL);
        size_t n;
        int k = d->probe->list(d->probe, path, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++)
                if (endswith(names[i], ".conf") && !strchr(names[i], '\n') && !streq(names[i], ENTRY_TRIAL))
                        k = read_entry(d, path, names[i]);
        path = arena_join(a, directory, "/EFI/Linux", NULL);
        if (k < 0 || root_list(d->probe->root, a, path, &names, &n) < 0)
                return k;
        for (size_t i = 0; i < n; i++)
                if (pe_is_named(names[i], ".efi"))
                        strings_add(a, &f->ukis, arena_join(a, path, "/", names[i], NULL));
        return 0;
}

static int read_boot_directories(struct detector *d)
{
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(boot_directories); i++) {
                bool again = false;

                for (size_t j = 0; j < d->n_directories && !again; j++)
                        again = same_directory(d->probe->root, boot_directories[i], d->directories[j]);
                if (again)
                        continue;
                d->directories[d->n_directories++] = boot_directories[i];
                k = read_boot_directory(d, boot_directories[i]);
        }
        return k;
}

/* What any of them may want to see. */
static int read_common(struct detector *d)
{
        struct boot_facts *f = d->facts;
        int k = word(d, "/etc/machine-id", &f->machine_id);

        if (k == 0)
                k = word(d, "/etc/kernel/entry-token", &f->entry_token);
        if (k == 0)
                k = boot_read(d, BOOT_KERNEL_CMDLINE, true);
        if (k == 0)
                k = text(d, "/usr/lib/kernel/cmdline", &f->vendor_cmdline);
        if (k < 0)
                return k;
        read_firmware(d);
        return read_boot_directories(d);
}

/* What the loaders say. */
struct answers {
        const struct loader *first;
        struct claim claim; /* of it */
        const char *other;  /* what another one goes by, or NULL */
};

/* One that goes by the same as an earlier one leaves the host to that. */
static int ask(struct detector *d, const struct loader *const *loaders, struct answers *ret)
{
        bool common = false;

        for (; *loaders; loaders++) {
                struct claim claim = {};
                int k = 0;

                if (!common && !(*loaders)->image) {
                        common = true;
                        k = read_common(d);
                }
                if (k == 0)
                        k = (*loaders)->detect(d, &claim);
                if (k < 0)
                        return k;
                if (claim.what && (claim.certain || !ret->first))
                        *ret = (struct answers){*loaders, claim, NULL};
                else if (claim.what && !streq(claim.what, ret->claim.what))
                        ret->other = claim.what;
                if (claim.certain)
                        return 0;
        }
        return 0;
}

static bool is_known(const struct loader *const *loaders, const char *info)
{
        for (; *loaders; loaders++)
                if ((*loaders)->info && startswith(info, (*loaders)->info))
                        return true;
        return false;
}

/* What this host boots with, or what writes its entries, is left to people. False: nothing says so. */
static bool is_left(struct detector *d, const struct loader *const *loaders, const struct answers *x)
{
        struct boot_facts *f = d->facts;
        const char *mark;
        const struct by_hand *found = by_hand_find(d, x->first, &mark);
        bool known = d->info && is_known(loaders, d->info);

        if (!found || (found->entries ? !x->first : known))
                return false;
        f->by_hand = found;
        if (found->entries)
                f->problem = arena_join(d->probe->arena, "the boot entries are ", found->name, "'s (", mark,
                                        "), and are not changed here", NULL);
        else if (mark == d->info)
                f->problem = arena_join(d->probe->arena, "this host was booted by ", mark,
                                        ", which passthrough does not change", NULL);
        else if (x->first)
                f->problem = arena_join(
                        d->probe->arena, "there are both ", x->claim.what, " and ", mark, ", of ", found->name,
                        "; which of them boots is unknown, as " BOOT_LOADER_INFO " does not tell", NULL);
        else
                f->problem = arena_join(d->probe->arena, "this host boots with ", found->name, " (", mark,
                                        "), which passthrough does not change", NULL);
        return true;
}

/* Where a line of fstab(5) mounts, less the slashes that the path ends with. */
static struct span mounted_at(struct span line)
{
        struct span at = span_field(line, 1);

        while (at.length > 1 && at.at[at.length - 1] == '/')
                at.length--;
        return at;
}

/*
 * It has a file system of its own, or mountinfo (proc_pid_mountinfo(5)) has something there: autofs mounts it for who
 * looks. mountinfo may be another system's.
 */
static bool is_mounted(const struct root *root, struct arena *a, const char *mountinfo, const char *directory)
{
        const char *above = arena_strndup(a, directory, (size_t)(str_basename(directory) - directory));
        struct span line;
        struct stat own, parent;

        if (file_stat(root, directory, &own) == 0 && file_stat(root, above, &parent) == 0 &&
            own.st_dev != parent.st_dev)
                return true;
        while (span_line(&mountinfo, &line))
                if (span_is(span_field(line, 4), directory))
                        return true;
        return false;
}

static bool is_below(const char *path, const char *directory)
{
        return path && startswith(path, directory) && path[strlen(directory)] == '/';
}

/* What lies where a file system of fstab(5) is not mounted is hidden by that in the next boot. */
static int find_unmounted(struct detector *d)
{
        const char *fstab, *mountinfo = NULL;
        struct span line;
        int k = text(d, "/etc/fstab", &fstab);

        if (k == 0)
                k = text(d, "/proc/self/mountinfo", &mountinfo);
        if (k < 0 || !mountinfo)
                return k;
        while (fstab && span_line(&fstab, &line)) {
                if (line.length == 0 || *line.at == '#')
                        continue;
                for (size_t i = 0; i < ARRAY_SIZE(boot_directories); i++)
                        if (span_is(mounted_at(line), boot_directories[i]) &&
                            !is_mounted(d->probe->root, d->probe->arena, mountinfo, boot_directories[i]))
                                strings_add(d->probe->arena, &d->facts->unmounted, boot_directories[i]);
        }
        return 0;
}

const char *boot_unmounted(const struct boot_facts *f, struct arena *a, const char *path)
{
        for (size_t i = 0; path && i < f->unmounted.n; i++)
                if (is_below(path, f->unmounted.v[i]))
                        return arena_join(a, f->unmounted.v[i],
                                          " is not mounted, and /etc/fstab has a file system for it, with what boots; "
                                          "run mount ",
                                          f->unmounted.v[i], NULL);
        return NULL;
}

/* The loader reads there, or an image has its name there: kernels and images are in /boot, whatever boots them. */
static const char *find_hidden(const struct boot_facts *f, struct arena *a)
{
        const char *hidden = boot_unmounted(f, a, "/boot/initrd");

        if (!hidden)
                hidden = boot_unmounted(f, a, f->menu.path);
        for (size_t i = 0; !hidden && i < f->n_entries; i++)
                hidden = boot_unmounted(f, a, f->entries[i].path);
        for (size_t i = 0; !hidden && i < f->ukis.n; i++)
                hidden = boot_unmounted(f, a, f->ukis.v[i]);
        return hidden;
}

static int detect(struct detector *d, const struct loader *const *loaders)
{
        struct boot_facts *f = d->facts;
        struct answers x = {};
        int k = text(d, "/proc/cmdline", &f->cmdline);

        if (k == 0)
                k = find_unmounted(d);
        if (k == 0)
                k = ask(d, loaders, &x);
        if (k < 0)
                return k;
        if (!x.claim.certain && is_left(d, loaders, &x))
                return 0;
        if (!x.claim.certain && d->info && !is_known(loaders, d->info))
                f->problem = arena_join(d->probe->arena, "this host was booted by ", d->info,
                                        ", which passthrough does not know", NULL);
        else if (x.other)
                f->problem = arena_join(
                        d->probe->arena, "there are both ", x.claim.what, " and ", x.other,
                        "; to tell which of them boots, " BOOT_LOADER_INFO " has to be read, and cannot", NULL);
        else if (!x.first && f->unmounted.n > 0)
                f->problem =
                        boot_unmounted(f, d->probe->arena, arena_join(d->probe->arena, f->unmounted.v[0], "/", NULL));
        else if (!x.first)
                f->problem = "no supported boot loader was found; looked for /boot/grub/grub.cfg, "
                             "/boot/grub2/grub.cfg, /boot/efi/EFI/*/grub.cfg, and loader/entries/*.conf and "
                             "EFI/Linux/*.efi in /efi, /boot/efi and /boot";
        else {
                f->found = x.claim.what;
                k = x.first->read ? x.first->read(d) : 0;
                if (k == 0 && !f->problem && !x.first->image)
                        f->problem = find_hidden(f, d->probe->arena);
        }
        if (k == 0 && !f->problem)
                f->loader = x.first;
        return k;
}

static void look(const struct loader *const *loaders, const struct root *root, struct arena *a, bool thorough,
                 struct boot_facts *ret)
{
        struct detector d = {.probe = probe_of(root, a), .facts = ret};

        *ret = (struct boot_facts){};
        d.probe->thorough = thorough;
        ret->error = detect(&d, loaders);
        if (ret->error < 0)
                ret->unreadable = d.probe->unreadable ? d.probe->unreadable : "the boot loader's files";
}

void boot_detect(const struct loader *const *loaders, const struct root *root, struct arena *a, struct boot_facts *ret)
{
        look(loaders, root, a, false, ret);
}

void boot_detect_all(const struct loader *const *loaders, const struct root *root, struct arena *a,
                     struct boot_facts *ret)
{
        look(loaders, root, a, true, ret);
}
