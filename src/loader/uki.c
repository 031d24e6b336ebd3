/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified kernel images: kernel, initrd and command line are one signed file, which stays as it is. systemd's stub in
 * it puts the lines of addons behind its own (systemd-stub(7)): those in loader/addons, and those in NAME.efi.extra.d.
 * Ours is in the latter. One for all images would reach other systems on that partition, and leave none to boot
 * without.
 */
#include <string.h>

#include "loader/boot-plan.h"
#include "loader/grub.h"
#include "loader/kernel-cmdline.h"
#include "loader/length.h"

#define OURS "passthrough.addon.efi"
#define SPARE                                                                                                          \
        "/EFI/Linux/~passthrough-off.efi" /* sorts behind all others, so that it never boots by default (UAPI.10) */
#define ADDON   ".addon.efi"
#define OFF     "passthrough=off"
#define ADDONS  254 /* the first version of the stub that reads them */
#define INITRDS 257 /* and initrds in them */
#define STUBS   "/usr/lib/systemd/boot/efi"
#define MODULES "/lib/modules"

static int detect(struct detector *d, struct claim *ret)
{
        const struct boot_facts *f = d->facts;

        if (d->probe->exists(d->probe, BOOT_EFIVARS "/StubInfo" BOOT_EFI_VENDOR))
                ret->what = "this boot was one of such an image (StubInfo)";
        else if (f->ukis.n > 0 && f->n_entries == 0 && !grub_has_menu(d->probe))
                ret->what = f->ukis.v[0];
        ret->certain = ret->what;
        return 0;
}

/* ---- what lies there -----------------------------------------------------------------------------------------------
 */

/*
 * Where the stub looks: a counter of boots is no part of the name ("linux+3-0.efi", UAPI.1); the first "+" begins it or
 * none. Older stubs take it for one: they find the addon once such a boot was good, and the counter is gone.
 */
static const char *directory_of(struct arena *a, const char *path)
{
        static const char digits[] = "0123456789";
        const char *plus = strchr(str_basename(path), '+'), *end = plus;
        size_t left = 0, done;

        if (plus) {
                left = strspn(plus + 1, digits);
                end = plus + 1 + left;
                done = *end == '-' ? strspn(end + 1, digits) : 0;
                end += done > 0 ? 1 + done : 0;
        }
        if (left > 0 && *end == '.')
                return arena_printf(a, "%.*s%s.extra.d/", (int)(plus - path), path, end);
        return arena_join(a, path, ".extra.d/", NULL);
}

static bool is_addon(const char *name)
{
        return pe_is_named(name, ADDON) && *name != '.';
}

/* The firmware loads no file without a signature if Secure Boot is on. Whose it has, only the firmware knows. */
static bool is_taken(const struct boot_facts *f, const struct pe_file *addon)
{
        return addon->valid && (addon->is_signed || f->secure == KNOWN_NO);
}

static bool counts(const struct boot_facts *f, const struct pe_file *addon)
{
        return addon->line && is_taken(f, addon);
}

/* The lines of all addons of a directory but ours, behind *line. */
static int add_lines(struct detector *d, const char *directory, const char **line)
{
        struct probe *p = d->probe;
        const char **names;
        size_t n;
        int k = p->list(p, directory, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                struct pe_file addon;

                if (!is_addon(names[i]) || strcasecmp(names[i], OURS) == 0)
                        continue;
                k = p->pe(p, arena_join(p->arena, directory, names[i], NULL), false, &addon);
                if (k == 0 && counts(d->facts, &addon))
                        *line = arena_join(p->arena, *line, **line ? " " : "", addon.line, NULL);
        }
        return k;
}

static const char *why_before(struct arena *a, const struct pe_file *x, uint32_t first, const char *what)
{
        uint32_t version;

        if (!x->stub)
                return arena_join(a, "has no stub of systemd, which reads ", what, NULL);
        if (!str_to_u32(arena_strndup(a, x->stub, strspn(x->stub, "0123456789")), 10, &version) || version < first)
                return arena_printf(a, "has systemd's stub %s, and version %u is the first that reads %s", x->stub,
                                    first, what);
        return NULL;
}

static const char *why_deaf(struct arena *a, const struct pe_file *x)
{
        return why_before(a, x, ADDONS, "addons");
}

static int add_image(struct detector *d, const char *mount, const char *path, const struct pe_file *x)
{
        struct boot_facts *f = d->facts;
        struct arena *a = d->probe->arena;
        const char *directory = directory_of(a, path), *line = x->line ? x->line : "";
        struct boot_uki *image;
        struct boot_file *ours;
        struct pe_file addon;
        size_t n = f->n_unified;
        int k = add_lines(d, arena_join(a, mount, "/loader/addons/", NULL), &line);

        if (k == 0)
                k = add_lines(d, directory, &line);
        image = arena_grow(a, &f->unified, n, sizeof(*image));
        *image = (struct boot_uki){.path = path,
                                   .release = x->release,
                                   .line = line,
                                   .deaf = why_deaf(a, x),
                                   .mute = why_before(a, x, INITRDS, "initrds of addons"),
                                   .addon = arena_join(a, directory, OURS, NULL),
                                   .initrd = x->initrd};
        ours = arena_grow(a, &f->addons, n, sizeof(*ours));
        *ours = (struct boot_file){.path = image->addon};
        f->n_unified++;
        if (k == 0)
                k = d->probe->pe(d->probe, ours->path, true, &addon);
        if (k == 0 && addon.content) {
                ours->content = addon.content;
                ours->text = counts(f, &addon) && !image->deaf ? addon.line : "";
                if (is_taken(f, &addon) && !image->mute)
                        image->carried = addon.initrd;
        }
        return k;
}

/*
 * With Secure Boot the stub takes no other line than that of the image. Who would type passthrough=off takes another
 * image then: a copy of the one that booted keeps its signature, and has an addon of its own.
 */
static int find_spare(struct detector *d, const char *mount, const char *from, const struct pe_file *x)
{
        struct boot_spare *s = &d->facts->spare;
        struct arena *a = d->probe->arena;
        struct pe_file there, addon;
        int k;

        if (d->facts->secure == KNOWN_NO || !x->line || why_deaf(a, x))
                return 0;
        *s = (struct boot_spare){.path = arena_join(a, mount, SPARE, NULL), .from = from};
        s->addon.path = arena_join(a, s->path, ".extra.d/" OURS, NULL);
        k = d->probe->pe(d->probe, s->path, false, &there);
        s->stale = !streq_ptr(there.release, x->release) || !streq_ptr(there.line, x->line) ||
                   !streq_ptr(there.stub, x->stub);
        if (k == 0)
                k = d->probe->pe(d->probe, s->addon.path, true, &addon);
        if (k == 0 && addon.content) {
                s->addon.content = addon.content;
                s->addon.text = counts(d->facts, &addon) ? addon.line : "";
        }
        return k;
}

/* The image says which kernel is in it; else its name does, as kernel-install gives it. */
static bool is_of(const struct pe_file *x, const char *path, const char *release)
{
        return x->release ? streq(x->release, release) : strstr(str_basename(path), release) != NULL;
}

/*
 * Another system on the partition may have the same kernel. Its images have another root than this boot, and no name of
 * this one's (kernel-install(8); dracut's have the machine's ID behind the kernel).
 */
static bool is_of_another(const struct boot_facts *f, const char *path, const struct pe_file *x)
{
        const char *name = str_basename(path);
        struct span here, there;

        if ((f->machine_id && strstr(name, f->machine_id)) || (f->entry_token && startswith(name, f->entry_token)))
                return false;
        return x->line && f->cmdline && span_value(span_of(x->line), "root=", &there) &&
               span_value(span_of(f->cmdline), "root=", &here) &&
               (there.length != here.length || memcmp(there.at, here.at, here.length) != 0);
}

/* The stub's path of the image that booted, as the host has it below one of its directories; NULL: it is in none. */
static const char *booted_below(struct detector *d, const char *mount)
{
        char *path = d->facts->booted ? arena_join(d->probe->arena, mount, d->facts->booted, NULL) : NULL;

        for (char *c = path; c && *c; c++)
                if (*c == '\\')
                        *c = '/';
        return path && d->probe->exists(d->probe, path) ? path : NULL;
}

/* Those of one partition. */
static int add_images(struct detector *d, const char *mount, const char *const *releases, size_t n_releases,
                      bool *ret_booted)
{
        struct boot_facts *f = d->facts;
        const char *booted = booted_below(d, mount);
        struct strings paths = {};
        bool listed = !booted;
        int k = 0;

        *ret_booted |= booted != NULL;
        for (size_t i = 0; i < f->ukis.n; i++)
                if (startswith(f->ukis.v[i], arena_join(d->probe->arena, mount, "/EFI/", NULL)) &&
                    !endswith(f->ukis.v[i], SPARE)) {
                        strings_add(d->probe->arena, &paths, f->ukis.v[i]);
                        /* vfat knows no case. */
                        listed |= booted && strcasecmp(booted, f->ukis.v[i]) == 0;
                }
        if (!listed)
                strings_add(d->probe->arena, &paths, booted);
        for (size_t i = 0; k == 0 && i < paths.n; i++) {
                bool is_booted = booted && strcasecmp(booted, paths.v[i]) == 0, own = is_booted;
                struct pe_file x;

                k = d->probe->pe(d->probe, paths.v[i], false, &x);
                for (size_t j = 0; j < n_releases && !own; j++)
                        own = is_of(&x, paths.v[i], releases[j]);
                if (own && booted && !is_booted && is_of_another(f, paths.v[i], &x)) {
                        strings_add(d->probe->arena, &f->foreign, paths.v[i]);
                        own = false;
                }
                if (k == 0 && x.valid && own)
                        k = add_image(d, mount, paths.v[i], &x);
                if (k == 0 && x.valid && is_booted)
                        k = find_spare(d, mount, paths.v[i], &x);
        }
        return k;
}

static const char *value(struct arena *a, const char *text, const char *key)
{
        struct span line;

        while (span_line(&text, &line))
                if (line.length > strlen(key) && memcmp(line.at, key, strlen(key)) == 0) {
                        char *s = arena_strndup(a, line.at, line.length), *equals = strchr(s, '=');

                        if (equals && strspn(s + strlen(key), " \t") == (size_t)(equals - s) - strlen(key))
                                return str_trim(equals + 1);
                }
        return NULL;
}

/* The key of images that are built here (ukify(1), kernel-install(8)). */
static int find_key(struct detector *d)
{
        static const char *const places[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib"};
        static const char *const names[] = {"/kernel/uki.conf", "/systemd/ukify.conf"};
        struct boot_signer *s = &d->facts->signer;
        struct arena *a = d->probe->arena;
        int k = 0;

        for (size_t i = 0; k == 0 && !s->key && i < ARRAY_SIZE(names) * ARRAY_SIZE(places); i++) {
                const char *text;

                k = d->probe->text(d->probe,
                                   arena_join(a, places[i % ARRAY_SIZE(places)], names[i / ARRAY_SIZE(places)], NULL),
                                   &text);
                if (k < 0 || !text)
                        continue;
                s->certificate = value(a, text, "SecureBootCertificate");
                s->tool = value(a, text, "SecureBootSigningTool");
                if (s->certificate)
                        s->key = value(a, text, "SecureBootPrivateKey");
        }
        return k;
}

static int find_signer(struct detector *d)
{
        struct boot_facts *f = d->facts;
        const char **names;
        size_t n;
        bool stub = false;
        int k = d->probe->list(d->probe, STUBS, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++)
                stub |= startswith(names[i], "addon");
        if (k == 0 && f->secure != KNOWN_NO)
                k = find_key(d);
        if (!d->probe->program(d->probe, "ukify"))
                f->signer.lacks = "ukify is not there, which makes it; install systemd-ukify";
        else if (!stub)
                f->signer.lacks = "what it is made of is not there (" STUBS "/addon*.efi.stub); install "
                                  "systemd-boot-efi";
        else if (f->secure != KNOWN_NO && !f->signer.key)
                f->signer.lacks = arena_join(d->probe->arena,
                                             f->secure == KNOWN_YES ? "Secure Boot is on"
                                                                    : "it cannot be told if Secure Boot is on",
                                             ", and no key is known to sign it with: neither /etc/kernel/uki.conf nor "
                                             "/etc/systemd/ukify.conf has SecureBootPrivateKey= and "
                                             "SecureBootCertificate=",
                                             NULL);
        return k;
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        const char **releases;
        size_t n;
        bool booted = false;
        int k = d->probe->list(d->probe, MODULES, &releases, &n);

        for (size_t i = 0; k == 0 && i < d->n_directories; i++)
                k = add_images(d, d->directories[i], releases, n, &booted);
        if (k == 0 && f->booted && !booted)
                f->problem = arena_join(d->probe->arena, "the unified kernel image of this boot, ", f->booted,
                                        ", is not in /efi, /boot/efi or /boot; mount its partition there", NULL);
        return k == 0 ? find_signer(d) : k;
}

/* ---- what is to be written -----------------------------------------------------------------------------------------
 */

/* The line that the kernel gets of an image. */
static const char *line_of(const struct boot_facts *f, struct arena *a, size_t image)
{
        const char *line = f->unified[image].line, *ours = f->addons[image].text;

        return ours && *ours ? arena_join(a, line, *line ? " " : "", ours, NULL) : line;
}

static bool by_hand(struct boot_planner *p, const char *what, const char *why, const char *addon)
{
        bool locked = p->facts->secure != KNOWN_NO;

        return boot_plan_problem(
                p, arena_join(p->arena, what, " ", why, "; nothing is written. By hand, an addon, as\n",
                              "  ukify build --cmdline='", span_with(p->arena, span_of(""), p->plan->tokens),
                              locked ? "' --secureboot-private-key=KEY --secureboot-certificate=CERTIFICATE --output="
                                     : "' --output=",
                              addon, "\nmakes one",
                              locked ? "; with Secure Boot nobody can type " OFF ": keep a copy of the image without "
                                       "that addon to boot from"
                                     : "",
                              NULL));
}

/* What one of the images lacks that have that addon: with and without a counter they have the same one. */
static struct strings missing_of(struct boot_planner *p, const char *addon)
{
        const struct boot_facts *f = p->facts;
        struct strings all = {};

        for (size_t i = 0; i < f->n_unified; i++) {
                struct strings missing = {};

                if (streq(f->addons[i].path, addon))
                        missing = boot_plan_missing(p, span_of(line_of(f, p->arena, i)));
                for (size_t t = 0; t < missing.n; t++)
                        if (str_index(missing.v[t], all.v, all.n) < 0)
                                strings_add(p->arena, &all, missing.v[t]);
        }
        return all;
}

/* Others may have tokens of their own in it: those stay. */
static bool plan_addon(struct boot_planner *p, size_t i)
{
        const struct boot_facts *f = p->facts;
        const struct boot_uki *image = &f->unified[i];
        const struct boot_file *ours = &f->addons[i];
        const char *old = ours->text ? ours->text : "", *new;
        struct strings missing = missing_of(p, ours->path);
        const struct change *planned;

        planned = changes_find(&p->plan->changes, ours->path);
        if (planned)
                return !image->deaf || !planned->new || by_hand(p, image->path, image->deaf, ours->path);
        new = span_without(p->arena, span_of(old), boot_plan_stale(p, ours->path));
        new = str_trim(arena_strdup(p->arena, span_with(p->arena, span_of(new), missing)));
        if (streq(new, old))
                return true;
        if (*new && image->deaf)
                return by_hand(p, image->path, image->deaf, ours->path);
        if (*new && f->signer.lacks)
                return by_hand(p, "an addon to the unified kernel image is needed, and", f->signer.lacks, ours->path);
        changes_add(&p->plan->changes, p->arena,
                    (struct change){.path = ours->path,
                                    .old = ours->text,
                                    .new = *new ? new : NULL,
                                    .added = missing,
                                    .packed = true,
                                    .was = ours->content});
        return true;
}

/* Whoever boots it wants none of the parameters. */
static void plan_spare(struct boot_planner *p)
{
        const struct boot_spare *s = &p->facts->spare;

        if (!s->path || p->plan->tokens.n == 0 || p->facts->signer.lacks)
                return;
        if (s->stale || !streq_ptr(s->addon.text, OFF))
                changes_add(&p->plan->changes, p->arena,
                            (struct change){.path = s->addon.path,
                                            .old = s->addon.text,
                                            .new = OFF,
                                            .aside = true,
                                            .packed = true,
                                            .was = s->addon.content});
        if (!s->stale)
                return;
        strings_add(p->arena, &p->plan->changes.images, s->path);
        p->plan->spare = s;
        boot_plan_note(p, arena_join(p->arena, "with Secure Boot nobody can type " OFF "; for that, ", s->path,
                                     ", a copy of ", s->from, ", comes into the menu of systemd-boot", NULL));
}

static bool plan(struct boot_planner *p)
{
        struct boot_verdict verdict;

        boot_verify(p->facts, p->plan->tokens, p->arena, &verdict);
        if (p->facts->n_unified == 0 && verdict.lacking.n > 0)
                return by_hand(p, "no unified kernel image", "was found with a kernel of /lib/modules in it",
                               arena_join(p->arena,
                                          p->facts->ukis.n ? p->facts->ukis.v[0] : "/boot/efi/EFI/Linux/NAME.efi",
                                          ".extra.d/" OURS, NULL));
        for (size_t i = 0; i < p->facts->foreign.n; i++)
                boot_plan_note(p, arena_join(p->arena, p->facts->foreign.v[i],
                                             " has another root= and boots something else, and is left alone", NULL));
        plan_spare(p);
        for (size_t i = 0; i < p->facts->n_unified; i++)
                if (!plan_addon(p, i))
                        return false;
        return kernel_cmdline_plan(p, false);
}

static void verify(const struct boot_facts *f, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        if (f->n_unified == 0) {
                boot_verify_running(f, tokens, a, ret);
                return;
        }
        ret->n_entries = f->n_unified;
        for (size_t i = 0; i < f->n_unified; i++)
                for (size_t t = 0; t < tokens.n; t++)
                        if (!span_has(span_of(line_of(f, a, i)), tokens.v[t]))
                                strings_add(a, &ret->lacking,
                                            arena_join(a, f->unified[i].path, ": neither it nor an addon has ",
                                                       tokens.v[t], NULL));
}

static void lengths(const struct boot_facts *f, struct arena *a, struct lengths *ret)
{
        for (size_t i = 0; i < f->n_unified; i++)
                length_add(a, ret, f->unified[i].path, span_characters(line_of(f, a, i)));
        kernel_cmdline_length(f, a, ret);
}

static void lines(const struct boot_facts *f, struct arena *a, struct boot_lines *ret)
{
        for (size_t i = 0; i < f->n_unified; i++)
                boot_line_add(a, ret, f->unified[i].path, line_of(f, a, i), f->n_unified > 1);
        kernel_cmdline_lines(f, a, ret);
}

const struct loader loader_uki = {
        .name = "a unified kernel image",
        .unified = true,
        /* The stub measures an addon's line into 12, the kernel its own into 9, the firmware what it loads into 4. */
        .line_pcrs = BOOT_PCR(4) | BOOT_PCR(9) | BOOT_PCR(12),
        /* An image that is built and signed anew. */
        .initrd_pcrs = BOOT_PCR(4) | BOOT_PCR(9) | BOOT_PCR(11),
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = verify,
        .lengths = lengths,
        .lines = lines,
};
