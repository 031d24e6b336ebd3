/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxmox-boot-tool (Proxmox VE, Backup Server and Mail Gateway with their root on ZFS): "refresh" copies kernels and
 * their images from /boot to each partition that the list has, and makes the entries of systemd-boot or GRUB's menu
 * there. What it cannot mount it skips, and exits with 0 all the same. GRUB's menu in /boot is not the one that boots.
 */
#include "base/str.h"
#include "loader/entry.h"
#include "loader/grub.h"
#include "loader/length.h"

#define LIST    "/etc/kernel/proxmox-boot-uuids"
#define TOOL    "/usr/sbin/proxmox-boot-tool"
#define REFRESH TOOL " refresh"

#define ENTRIES   "/loader/entries"
#define CONF      "/loader/loader.conf"
#define KERNELS   "/EFI/proxmox"
#define MENU      "/grub/grub.cfg"
#define GRUB_DIR  "/grub"
#define IMAGE     "initrd.img-"
#define UUID_FORM "XXXX-XXXX"

static int detect(struct detector *d, struct claim *ret)
{
        *ret = (struct claim){.what = d->probe->exists(d->probe, LIST) ? LIST : NULL, .certain = true};
        ret->certain = ret->what;
        return 0;
}

/* ---- what is on the partitions -------------------------------------------------------------------------------------
 */

static bool is_vfat_uuid(struct span s)
{
        for (size_t i = 0; i < s.length; i++)
                if (i == 4 ? s.at[i] != '-' : !strchr("0123456789abcdefABCDEF", s.at[i]))
                        return false;
        return s.length == strlen(UUID_FORM);
}

static bool is_listed(const struct boot_facts *f, struct span uuid)
{
        for (size_t i = 0; i < f->n_esps; i++)
                if (span_is(uuid, f->esps[i].uuid))
                        return true;
        return false;
}

static void read_list(struct detector *d, const char *text)
{
        struct boot_facts *f = d->facts;
        struct span line, word;

        while (text && span_line(&text, &line)) {
                struct boot_esp *x;

                if (!span_token(&line, &word) || is_listed(f, word))
                        continue;
                x = arena_grow(d->probe->arena, &f->esps, f->n_esps, sizeof(*f->esps));
                *x = (struct boot_esp){.uuid = arena_strndup(d->probe->arena, word.at, word.length), .unread = true};
                f->n_esps++;
        }
}

static bool has_grub(struct probe *esp, int *ret)
{
        const char **names;
        size_t n;

        *ret = esp->list(esp, KERNELS, &names, &n);
        for (size_t i = 0; *ret == 0 && i < n; i++)
                if (startswith(names[i], "grub") && endswith(names[i], ".efi"))
                        return true;
        return false;
}

/* As the tool tells them apart. */
static int look_at_kind(struct detector *d, struct probe *esp, struct boot_esp *x)
{
        int k = 0;

        if (d->efi == KNOWN_NO || has_grub(esp, &k))
                x->kind = esp->exists(esp, GRUB_DIR) ? ESP_GRUB : ESP_UNKNOWN;
        else if (esp->exists(esp, CONF) && esp->exists(esp, KERNELS))
                x->kind = ESP_SYSTEMD_BOOT;
        else if (d->efi != KNOWN_YES && esp->exists(esp, GRUB_DIR))
                x->kind = ESP_GRUB;
        return k;
}

/* A file of the partition; what a menu or an entry is not there for, verify() says. */
static int read_file(struct detector *d, struct probe *esp, struct boot_esp *x, const char *path)
{
        struct boot_file *file = arena_grow(d->probe->arena, &x->files, x->n_files, sizeof(*file));

        *file = (struct boot_file){.path = path};
        x->n_files++;
        return esp->text(esp, path, &file->text);
}

static int add_copy(struct detector *d, const struct esp *e, struct boot_esp *x, const char *path)
{
        struct esp_copy *copy = arena_grow(d->probe->arena, &x->copies, x->n_copies, sizeof(*copy));

        *copy = (struct esp_copy){.path = path,
                                  .source = arena_join(d->probe->arena, "/boot/", str_basename(path), NULL)};
        x->n_copies++;
        return d->probe->esp_compare(e, copy);
}

static int read_entries(struct detector *d, const struct esp *e, struct boot_esp *x)
{
        struct arena *a = d->probe->arena;
        const char **names;
        size_t n;
        int k = e->probe->list(e->probe, ENTRIES, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                struct span value;
                const char *text;

                if (!startswith(names[i], "proxmox-") || !endswith(names[i], ".conf"))
                        continue;
                k = read_file(d, e->probe, x, arena_join(a, ENTRIES "/", names[i], NULL));
                text = x->files[x->n_files - 1].text;
                for (size_t v = 0; k == 0 && text && !e->told && entry_value(text, "initrd", v, &value); v++)
                        k = add_copy(d, e, x, arena_strndup(a, value.at, value.length));
        }
        return k;
}

static int read_menu(struct detector *d, const struct esp *e, struct boot_esp *x)
{
        const char **names;
        size_t n = 0;
        int k = read_file(d, e->probe, x, MENU);

        if (k == 0 && !e->told)
                k = e->probe->list(e->probe, "/", &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (startswith(names[i], IMAGE))
                        k = add_copy(d, e, x, arena_join(d->probe->arena, "/", names[i], NULL));
        return k;
}

static int read_opened(struct detector *d, const struct esp *e, struct boot_esp *x)
{
        int k = e->told ? 0 : look_at_kind(d, e->probe, x);

        if (k == 0 && x->kind == ESP_UNKNOWN)
                x->problem = arena_join(d->probe->arena,
                                        "has neither systemd-boot's files nor GRUB's, so proxmox-boot-tool skips it; "
                                        "run proxmox-boot-tool init " ESP_BY "/",
                                        x->uuid, NULL);
        else if (k == 0)
                k = x->kind == ESP_GRUB ? read_menu(d, e, x) : read_entries(d, e, x);
        return k;
}

static int read_esp(struct detector *d, struct boot_esp *x)
{
        struct esp e;
        int k;

        x->unread = false;
        if (!is_vfat_uuid(span_of(x->uuid))) {
                x->problem = "is no UUID of a vfat file system (" UUID_FORM "), so proxmox-boot-tool skips it; "
                             "correct " LIST;
                return 0;
        }
        k = d->probe->esp_open(d->probe, x, &e);
        if (k == 0 && e.probe)
                k = read_opened(d, &e, x);
        x->unread = k < 0;
        d->probe->esp_close(&e, x);
        if (k < 0)
                d->probe->unreadable = arena_join(d->probe->arena, ESP_BY "/", x->uuid, NULL);
        return k;
}

static bool boots_with(const struct boot_facts *f, enum esp_kind kind)
{
        for (size_t i = 0; i < f->n_esps; i++)
                if (f->esps[i].kind == kind && !f->esps[i].problem)
                        return true;
        return false;
}

static const char *found(struct detector *d)
{
        const struct boot_facts *f = d->facts;
        const char *uuids = "", *with = boots_with(f, ESP_GRUB) ? "GRUB" : "systemd-boot";

        for (size_t i = 0; i < f->n_esps; i++)
                uuids = arena_join(d->probe->arena, uuids, i > 0 ? ", " : "", f->esps[i].uuid, NULL);
        return arena_join(d->probe->arena, with, " on ESP ", uuids, NULL);
}

/* The tool changes nothing of a loader that it does not keep there: who has booted the host boots it again. */
static const char *other_loader(struct detector *d)
{
        const struct boot_facts *f = d->facts;
        bool grub = boots_with(f, ESP_GRUB), sd_boot = boots_with(f, ESP_SYSTEMD_BOOT);
        bool same = d->info ? (grub && startswith(d->info, GRUB_INFO)) || (sd_boot && startswith(d->info, SD_BOOT_INFO))
                            : grub || !d->no_info;

        if (same || (!grub && !sd_boot))
                return NULL;
        return arena_join(d->probe->arena, d->info ? d->info : "a loader that does not name itself",
                          " has booted this host, and proxmox-boot-tool keeps ", grub ? "GRUB" : "systemd-boot",
                          " on its ESPs, which changes no other loader's entries; have the firmware boot that first "
                          "(efibootmgr), and reboot",
                          NULL);
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        const char *text;
        int k = d->probe->text(d->probe, LIST, &text);

        if (k < 0)
                return k;
        read_list(d, text);
        if (!d->probe->exists(d->probe, TOOL))
                f->problem = LIST " is there, and " TOOL " is not; install proxmox-kernel-helper";
        else if (f->n_esps == 0)
                f->problem = LIST " lists no ESP; run proxmox-boot-tool init with the partition that this host boots "
                                  "from";
        if (f->problem)
                return 0;
        for (size_t i = 0; k == 0 && i < f->n_esps; i++)
                k = read_esp(d, &f->esps[i]);
        f->found = found(d);
        if (k == 0)
                f->problem = other_loader(d);
        return k == 0 ? grub_read_debian(d) : k;
}

/* ---- what is to be there -------------------------------------------------------------------------------------------
 */

/* The tool takes no more of the file. */
static struct span first_line(const char *text)
{
        return (struct span){text, strcspn(text, "\n")};
}

/* systemd-boot's; GRUB has root= of its own, but the tool stops at the file all the same. */
static bool plan_line(struct boot_planner *p)
{
        const char *old = boot_text(p->facts, BOOT_KERNEL_CMDLINE);
        struct strings missing, drop;
        struct span line;
        char *new;

        if (!old && (p->plan->tokens.n == 0 || !boots_with(p->facts, ESP_SYSTEMD_BOOT)))
                return true;
        if (!old)
                return boot_plan_problem(p, "there is no " BOOT_KERNEL_CMDLINE
                                            "; write one line to it, with root= as /proc/cmdline has it");
        line = first_line(old);
        if (!memmem(line.at, line.length, "root=", strlen("root=")))
                return boot_plan_problem(p, BOOT_KERNEL_CMDLINE ":1: there is no root=, and proxmox-boot-tool refuses "
                                                                "such a line; add root= as /proc/cmdline has it");
        if (!boots_with(p->facts, ESP_SYSTEMD_BOOT))
                return true;
        missing = boot_plan_missing(p, line);
        drop = boot_plan_stale(p, BOOT_KERNEL_CMDLINE);
        if (missing.n == 0 && drop.n == 0)
                return true;
        new = span_without(p->arena, line, drop);
        new = span_with(p->arena, span_of(new), missing);
        boot_plan_add(p, BOOT_KERNEL_CMDLINE, old, span_replace(p->arena, old, line, new), missing);
        return true;
}

static const char *name_of(const struct boot_esp *x, struct arena *a, const char *path)
{
        return arena_join(a, "ESP ", x->uuid, path ? ": " : "", path, NULL);
}

/* The tool skips such an ESP, which is then older than the others, and may be the one that the firmware boots. */
static bool plan(struct boot_planner *p)
{
        for (size_t i = 0; i < p->facts->n_esps; i++) {
                const struct boot_esp *x = &p->facts->esps[i];

                if (x->problem)
                        return boot_plan_problem(
                                p, arena_join(p->arena, name_of(x, p->arena, NULL), " ", x->problem, NULL));
        }
        if (!plan_line(p) || (boots_with(p->facts, ESP_GRUB) && !grub_plan_dropin(p)))
                return false;
        boot_plan_command(p, REFRESH);
        return true;
}

static const char run_refresh[] = "; run proxmox-boot-tool refresh";

static const char *wrong_copy(const struct esp_copy *copy, struct arena *a)
{
        switch (copy->state) {
        case ESP_OTHER:
                return arena_join(a, " is not what ", copy->source, " is now", run_refresh, NULL);
        case ESP_ABSENT:
                return arena_join(a, " is not there, and an entry loads it", run_refresh, NULL);
        case ESP_ALONE:
                return arena_join(a, " is of a kernel that has no ", copy->source,
                                  " any more; take it away with proxmox-boot-tool kernel remove ",
                                  copy->source + strlen("/boot/" IMAGE), run_refresh, NULL);
        default:
                return NULL;
        }
}

static void verify_files(const struct boot_facts *facts, const struct boot_esp *x, struct strings tokens,
                         struct arena *a, struct boot_verdict *ret)
{
        for (size_t i = 0; i < x->n_files; i++) {
                struct boot_file file = {.path = name_of(x, a, x->files[i].path), .text = x->files[i].text};
                struct boot_facts one = *facts;

                one.menu = file;
                if (x->kind == ESP_GRUB)
                        grub_verify(&one, tokens, a, ret);
                else if (file.text)
                        entry_verify(&one, &file, tokens, a, ret);
        }
        if (ret->n_entries == 0 || x->n_copies == 0)
                strings_add(a, &ret->lacking,
                            arena_join(a, name_of(x, a, NULL),
                                       ret->n_entries == 0 ? " has no boot entry" : " has no boot image",
                                       " of proxmox-boot-tool's", run_refresh, NULL));
}

static void verify_copies(const struct boot_esp *x, struct arena *a, struct boot_verdict *ret)
{
        for (size_t i = 0; i < x->n_copies; i++) {
                const char *wrong = wrong_copy(&x->copies[i], a);

                if (wrong)
                        strings_add(a, &ret->lacking, arena_join(a, name_of(x, a, x->copies[i].path), wrong, NULL));
        }
}

/* Each by itself: what one of them has the firmware may find on none of the others. */
static void verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        for (size_t i = 0; i < facts->n_esps; i++) {
                const struct boot_esp *x = &facts->esps[i];
                struct boot_verdict one = {};

                if (x->problem)
                        strings_add(a, &one.lacking, arena_join(a, name_of(x, a, NULL), " ", x->problem, NULL));
                else {
                        verify_files(facts, x, tokens, a, &one);
                        verify_copies(x, a, &one);
                }
                ret->n_entries += one.n_entries;
                strings_append(a, &ret->lacking, &one.lacking);
                strings_append(a, &ret->notes, &one.notes);
        }
}

/* ---- its lines -----------------------------------------------------------------------------------------------------
 */

/* What systemd-boot puts in front of it. */
static size_t front(const struct boot_facts *facts)
{
        size_t longest = 0;

        for (size_t i = 0; i < facts->n_esps; i++)
                for (size_t c = 0; facts->esps[i].kind == ESP_SYSTEMD_BOOT && c < facts->esps[i].n_copies; c++)
                        longest = MAX(longest, strlen("initrd= ") + strlen(facts->esps[i].copies[c].path));
        return longest;
}

static const char *line_of(const struct boot_facts *facts, struct arena *a)
{
        const char *text = boot_text(facts, BOOT_KERNEL_CMDLINE);

        return text && boots_with(facts, ESP_SYSTEMD_BOOT) ? arena_strndup(a, text, first_line(text).length) : NULL;
}

static void lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        const char *line = line_of(facts, a);

        length_add(a, ret, BOOT_KERNEL_CMDLINE, line ? front(facts) + span_characters(line) : 0);
        grub_lengths(facts, a, ret);
}

static void lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        const char *line = line_of(facts, a);

        if (line)
                boot_line_add(a, ret, BOOT_KERNEL_CMDLINE, line, false);
        if (boots_with(facts, ESP_GRUB))
                grub_lines(facts, a, ret);
}

const struct loader loader_proxmox = {
        .name = "proxmox-boot-tool",
        .shell = true,
        .no_once = "an entry that is booted once would have to be written to an ESP, and only proxmox-boot-tool writes "
                   "there",
        /* An ESP has systemd-boot, or GRUB. */
        .line_pcrs = GRUB_LINE_PCRS | BOOT_PCR(12),
        .initrd_pcrs = GRUB_INITRD_PCRS,
        .copies = REFRESH,
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = verify,
        .lengths = lengths,
        .lines = lines,
};
