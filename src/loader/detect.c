/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot loader this host is booted by, and what lies where that one reads. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "state/trial.h"

#define TEXT_MAX ((size_t)16 * 1024 * 1024)
#define ESP_GRUB "/boot/efi/EFI"

const char *const boot_path_names[BOOT_PATH_MAX_] = {
        [BOOT_UNKNOWN] = "unknown",
        [BOOT_IMAGE] = "an image of the root file system",
        [BOOT_UKI] = "a unified kernel image",
        [BOOT_DEBIAN_GRUB] = "GRUB, as Debian has it",
        [BOOT_GRUB2] = "GRUB, as Fedora and RHEL had it",
        [BOOT_GRUB2_BLS] = "GRUB with boot loader entries, as Fedora and RHEL have it",
        [BOOT_ENTRIES] = "systemd-boot with boot loader entries",
};

const char *const boot_directories[BOOT_N_DIRECTORIES] = {"/efi", "/boot/efi", "/boot"};

struct detector {
        const struct root *root;
        struct arena *arena;
        struct boot_facts *facts;
        const char *what;         /* that could not be read */
        const char *loader;       /* of this boot, as it names itself, or NULL */
        bool stub;                /* this boot was one of a unified kernel image */
        enum known efi;           /* the firmware is UEFI */
        bool not_systemd_boot;    /* EFI variables are there, and no loader has named itself */
        const char *systemd_boot; /* a file of it, or NULL */
};

/* NULL where it is not there. */
static int text(struct detector *d, const char *path, const char **ret)
{
        char *data;
        size_t size;
        int k = root_read_all(d->root, d->arena, path, TEXT_MAX, &data, &size);

        *ret = NULL;
        if (k == -ENOENT || k == -ENOTDIR)
                return 0;
        if (k == 0 && strlen(data) != size)
                k = -EILSEQ;
        if (k < 0) {
                d->what = path;
                return k;
        }
        *ret = data;
        return 0;
}

static int file(struct detector *d, const char *path, struct boot_file *ret)
{
        ret->path = path;
        return text(d, path, &ret->text);
}

static int word(struct detector *d, const char *path, const char **ret)
{
        int k = text(d, path, ret);

        if (k == 0 && *ret) {
                size_t n = strcspn(*ret, " \t\r\n");

                *ret = n > 0 ? arena_strndup(d->arena, *ret, n) : NULL;
        }
        return k;
}

/* A variable is four bytes of attributes, then UTF-16. What cannot be read is not known. */
static const char *variable(struct detector *d, const char *path)
{
        char *data, *name;
        size_t size;

        if (root_read_all(d->root, d->arena, path, TEXT_MAX, &data, &size) < 0 || size < 6)
                return NULL;
        name = arena_alloc(d->arena, size);
        for (size_t i = 4; name && i + 1 < size && data[i]; i += 2)
                name[(i - 4) / 2] = (char)(data[i + 1] == 0 && data[i] > ' ' - 1 && data[i] < 127 ? data[i] : '?');
        return name;
}

static void read_firmware(struct detector *d)
{
        const char **names;
        size_t n;
        int k = root_list(d->root, d->arena, BOOT_EFIVARS, &names, &n);

        d->loader = variable(d, BOOT_EFIVARS "/LoaderInfo" BOOT_EFI_VENDOR);
        d->stub = root_exists(d->root, BOOT_EFIVARS "/StubInfo" BOOT_EFI_VENDOR);
        if (root_exists(d->root, "/sys/firmware/efi"))
                d->efi = KNOWN_YES;
        else if (root_exists(d->root, "/sys/kernel"))
                d->efi = KNOWN_NO;
        d->not_systemd_boot = d->efi == KNOWN_NO ||
                              (k == 0 && n > 0 && !root_exists(d->root, BOOT_EFIVARS "/LoaderInfo" BOOT_EFI_VENDOR));
}

static bool same_directory(const struct root *root, const char *a, const char *b)
{
        _cleanup_(close_fd) int one = root_open_at(root, a, O_PATH), other = root_open_at(root, b, O_PATH);
        struct stat s, t;

        return one >= 0 && other >= 0 && fstat(one, &s) == 0 && fstat(other, &t) == 0 && s.st_dev == t.st_dev &&
               s.st_ino == t.st_ino;
}

static int read_entries(struct detector *d, const char *dir)
{
        struct boot_facts *f = d->facts;
        const char **names, *path;
        size_t n;
        int k;

        path = arena_join(d->arena, dir, "/loader/entries", NULL);
        k = root_list(d->root, d->arena, path, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                struct boot_file *slot;

                if (!endswith(names[i], ".conf") || strchr(names[i], '\n') || streq(names[i], TRIAL_ENTRY))
                        continue;
                if (streq(names[i], OFF_ENTRY)) {
                        k = file(d, arena_join(d->arena, path, "/", names[i], NULL), &f->off);
                        continue;
                }
                slot = arena_grow(d->arena, &f->entries, f->n_entries, sizeof(*f->entries));
                k = file(d, arena_join(d->arena, path, "/", names[i], NULL), slot);
                f->n_entries += k == 0 && slot->text;
        }
        if (k < 0) {
                d->what = d->what ? d->what : path;
                return k;
        }
        path = arena_join(d->arena, dir, "/EFI/Linux", NULL);
        k = root_list(d->root, d->arena, path, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (endswith(names[i], ".efi"))
                        str_add(d->arena, &f->ukis, &f->n_ukis, arena_join(d->arena, path, "/", names[i], NULL));
        return 0;
}

static int read_boot_directories(struct detector *d)
{
        const char *const *dirs = boot_directories;
        int k = 0;

        for (size_t i = 0; k == 0 && i < BOOT_N_DIRECTORIES; i++) {
                const char **names, *loader = arena_join(d->arena, dirs[i], "/EFI/systemd", NULL), *conf;
                size_t n;
                bool again = false;

                for (size_t j = 0; j < i && !again; j++)
                        again = same_directory(d->root, dirs[i], dirs[j]);
                if (again)
                        continue;
                conf = arena_join(d->arena, dirs[i], "/loader/loader.conf", NULL);
                if (root_list(d->root, d->arena, loader, &names, &n) == 0)
                        for (size_t j = 0; j < n; j++)
                                if (startswith(names[j], "systemd-boot"))
                                        d->systemd_boot = loader;
                if (!d->systemd_boot && root_exists(d->root, conf))
                        d->systemd_boot = conf;
                k = read_entries(d, dirs[i]);
        }
        return k;
}

/* Of the mounts above path the last one, with the longest way: whether it is read-only. */
static bool read_only(const char *mountinfo, const char *path)
{
        size_t longest = 0;
        bool ro = false;
        struct span line;

        while (span_line(&mountinfo, &line)) {
                struct span field, at = {}, options = {};
                size_t n;

                for (unsigned i = 0; i < 6 && span_token(&line, &field); i++) {
                        if (i == 4)
                                at = field;
                        if (i == 5)
                                options = field;
                }
                n = at.length;
                if (options.length < 2 || n < longest || strlen(path) < n || memcmp(at.at, path, n) != 0 ||
                    (n > 1 && path[n] && path[n] != '/'))
                        continue;
                longest = n;
                ro = memcmp(options.at, "ro", 2) == 0 && (options.length == 2 || options.at[2] == ',');
        }
        return ro;
}

static int is_image(struct detector *d)
{
        static const char *const marks[] = {"/run/ostree-booted", "/sysroot/ostree"};
        const char *mounts;
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                if (root_exists(d->root, marks[i])) {
                        d->facts->found = arena_join(d->arena, marks[i], " is there", NULL);
                        return 1;
                }
        k = text(d, "/proc/self/mountinfo", &mounts);
        if (k < 0 || !mounts)
                return k;
        if (read_only(mounts, "/etc"))
                d->facts->found = "/etc is read-only";
        else if (root_exists(d->root, "/usr/lib/bootc") && read_only(mounts, "/usr"))
                d->facts->found = "/usr/lib/bootc is there, and read-only";
        return d->facts->found != NULL;
}

/* grub.d is read by Debian's grub-mkconfig only. */
static int read_defaults(struct detector *d, bool debian)
{
        struct boot_facts *f = d->facts;
        const char **names = NULL;
        size_t n = 0;
        int k = 0;

        if (debian)
                k = root_list(d->root, d->arena, "/etc/default/grub.d", &names, &n);
        for (size_t i = 0; k == 0 && i < n + 1; i++) {
                const char *path =
                        i == 0 ? BOOT_DEFAULT_GRUB : arena_join(d->arena, "/etc/default/grub.d/", names[i - 1], NULL);
                struct boot_file *slot;

                if (path && (streq(path, BOOT_DROPIN) || (i > 0 && !endswith(path, ".cfg"))))
                        continue;
                slot = arena_grow(d->arena, &f->defaults, f->n_defaults, sizeof(*f->defaults));
                k = file(d, path, slot);
                f->n_defaults += k == 0;
        }
        return k;
}

/* Where GRUB is started from the EFI partition it may read its menu there, or (a stub) be sent to /boot/grub2. */
static int find_grub_cfg(struct detector *d)
{
        struct boot_facts *f = d->facts;
        const char **names;
        struct boot_file there = {};
        size_t n, generated = 0;
        int k = root_list(d->root, d->arena, ESP_GRUB, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                struct boot_file cfg;

                k = file(d, arena_join(d->arena, ESP_GRUB "/", names[i], "/grub.cfg", NULL), &cfg);
                if (k == 0 && cfg.text && strstr(cfg.text, "### BEGIN /etc/grub.d/")) {
                        there = cfg;
                        generated++;
                }
        }
        if (k == 0)
                k = file(d, "/boot/grub2/grub.cfg", &f->grub_cfg);
        if (k < 0 || generated == 0 || d->efi == KNOWN_NO)
                return k;
        if (generated > 1)
                f->problem = "there is more than one menu of GRUB below " ESP_GRUB
                             ", and which of them is read is not known";
        else if (d->efi == NOT_KNOWN && f->grub_cfg.text)
                f->problem = "GRUB has a menu for BIOS (/boot/grub2/grub.cfg) and one for UEFI below " ESP_GRUB
                             "; /sys/firmware/efi, which would tell, cannot be seen";
        f->grub_cfg = there;
        return 0;
}

static int detect_grub(struct detector *d)
{
        struct boot_facts *f = d->facts;
        bool debian = root_exists(d->root, "/usr/sbin/update-grub") || root_exists(d->root, "/etc/debian_version");
        int k = read_defaults(d, debian);

        if (k < 0)
                return k;
        if (debian && root_exists(d->root, "/boot/grub/grub.cfg")) {
                f->path = BOOT_DEBIAN_GRUB;
                f->found = "/boot/grub/grub.cfg, made by update-grub";
                k = file(d, BOOT_DROPIN, &f->dropin);
                return k == 0 ? file(d, "/boot/grub/grub.cfg", &f->grub_cfg) : k;
        }
        if (!f->defaults[0].text) {
                f->problem = "there is a grub.cfg and no " BOOT_DEFAULT_GRUB ", so that it is not known how it is made";
                return 0;
        }
        if (grub_uses_entries(f->defaults[0].text) && f->n_entries > 0) {
                f->path = BOOT_GRUB2_BLS;
                f->found = "GRUB_ENABLE_BLSCFG=true in " BOOT_DEFAULT_GRUB ", and /boot/loader/entries";
                return file(d, BOOT_GRUBENV, &f->grubenv);
        }
        k = find_grub_cfg(d);
        if (k < 0 || f->problem)
                return k;
        if (!f->grub_cfg.text) {
                f->problem = "there is a /boot/grub/grub.cfg and neither update-grub, as Debian has it, nor "
                             "/boot/grub2, as Fedora has it";
                return 0;
        }
        f->path = BOOT_GRUB2;
        f->found = arena_join(d->arena, f->grub_cfg.path, ", made by grub2-mkconfig", NULL);
        return 0;
}

static bool has_grub(const struct detector *d)
{
        static const char *const files[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"};
        const char **names;
        size_t n;

        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                if (root_exists(d->root, files[i]))
                        return true;
        if (root_list(d->root, d->arena, ESP_GRUB, &names, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++) {
                char path[512];

                if (snprintf(path, sizeof(path), ESP_GRUB "/%s/grub.cfg", names[i]) < (int)sizeof(path) &&
                    root_exists(d->root, path))
                        return true;
        }
        return false;
}

static int detect_loader(struct detector *d)
{
        struct boot_facts *f = d->facts;
        bool grub = has_grub(d), systemd_boot = d->systemd_boot || (f->n_entries > 0 && !grub);

        if (d->stub || (f->n_ukis > 0 && f->n_entries == 0 && !grub)) {
                f->path = BOOT_UKI;
                f->found = d->stub ? "this boot was one of such an image (StubInfo)" : f->ukis[0];
                return 0;
        }
        if (d->loader && startswith(d->loader, "systemd-boot"))
                grub = false;
        else if (d->loader && startswith(d->loader, "GRUB"))
                systemd_boot = false;
        else if (d->loader) {
                f->problem = arena_join(d->arena, "this host was booted by ", d->loader,
                                        ", which is not one that is known here", NULL);
                return 0;
        } else if (d->not_systemd_boot && grub)
                systemd_boot = false;

        if (grub && systemd_boot) {
                f->problem = arena_join(d->arena, "there are both GRUB's menu and ",
                                        d->systemd_boot ? d->systemd_boot : "boot loader entries",
                                        "; which of them boots, " BOOT_EFIVARS "/LoaderInfo" BOOT_EFI_VENDOR
                                        " would tell, and it cannot be read",
                                        NULL);
                return 0;
        }
        if (grub)
                return detect_grub(d);
        if (f->n_entries > 0 && (systemd_boot || d->loader)) {
                f->path = BOOT_ENTRIES;
                f->found = d->loader ? d->loader : d->systemd_boot ? d->systemd_boot : f->entries[0].path;
                return 0;
        }
        f->problem = "no boot loader was found that is known here: looked for /boot/grub/grub.cfg, "
                     "/boot/grub2/grub.cfg, " ESP_GRUB "/*/grub.cfg, and loader/entries/*.conf and EFI/Linux/*.efi in "
                     "/efi, /boot/efi and /boot";
        return 0;
}

static int read_common(struct detector *d)
{
        struct boot_facts *f = d->facts;
        int k = word(d, "/etc/machine-id", &f->machine_id);

        if (k == 0)
                k = word(d, "/etc/kernel/entry-token", &f->entry_token);
        if (k == 0)
                k = file(d, BOOT_KERNEL_CMDLINE, &f->kernel_cmdline);
        if (k == 0)
                k = text(d, "/usr/lib/kernel/cmdline", &f->vendor_cmdline);
        if (k == 0)
                read_firmware(d);
        if (k == 0)
                k = read_boot_directories(d);
        return k == 0 ? detect_loader(d) : k;
}

int boot_detect(const struct root *root, struct arena *a, struct boot_facts *ret, const char **ret_what)
{
        struct detector d = {.root = root, .arena = a, .facts = ret};
        int k;

        *ret = (struct boot_facts){};
        k = text(&d, "/proc/cmdline", &ret->cmdline);
        if (k == 0)
                k = is_image(&d);
        if (k == 0)
                k = read_common(&d);
        else if (k > 0)
                ret->path = BOOT_IMAGE;
        *ret_what = d.what ? d.what : "the boot loader's files";
        return k < 0 ? k : 0;
}
