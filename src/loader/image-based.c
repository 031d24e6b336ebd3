/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root file system is an image (bootc, ostree), or read-only: no file is written. Another kernel command line is a
 * deployment that ostree stages for the next boot; a program of the host has it staged.
 */
#include <stdio.h>

#include "base/str.h"
#include "loader/boot-plan.h"

#define BOOTED  "/run/ostree-booted"
#define STAGED  "/run/ostree/staged-deployment" /* there until the host shuts down, which writes the entry */
#define ENTRIES "/boot/loader/entries"
#define SOURCE  "x-options-source-passthrough" /* the key that bootc keeps our parameters under */
#define BOOTC   "bootc loader-entries set-options-for-source"
#define OVERLAY "/ostree/initramfs-overlays/" /* an initrd of rpm-ostree initramfs-etc */

/* Judges the last mount above path, with the longest way: whether it is read-only (proc_pid_mountinfo(5)). */
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

static int find(struct detector *d, const char **ret)
{
        static const char *const marks[] = {BOOTED, "/sysroot/ostree"};
        struct probe *p = d->probe;
        const char *mounts;
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
                if (p->exists(p, marks[i])) {
                        *ret = arena_join(p->arena, marks[i], " is there", NULL);
                        return 0;
                }
        k = p->text(p, "/proc/self/mountinfo", &mounts);
        if (k < 0 || !mounts)
                return k;
        if (read_only(mounts, "/etc"))
                *ret = "/etc is read-only";
        else if (p->exists(p, "/usr/lib/bootc") && read_only(mounts, "/usr"))
                *ret = "/usr/lib/bootc is there, and read-only";
        return 0;
}

static int detect(struct detector *d, struct claim *ret)
{
        int k = find(d, &ret->what);

        ret->certain = ret->what;
        return k;
}

/* ---- what there is -------------------------------------------------------------------------------------------------
 */

static struct span running_line(const struct boot_facts *facts)
{
        const char *line = facts->cmdline ? facts->cmdline : "";

        return (struct span){line, strcspn(line, "\n")};
}

/* The entry of the deployment that runs: both have the same ostree=. */
static const char *entry_here(const struct boot_facts *facts)
{
        struct span here, there;

        if (!span_value(running_line(facts), "ostree=", &here))
                return NULL;
        for (size_t i = 0; i < facts->n_files; i++) {
                struct span line;

                for (const char *rest = facts->files[i].text; rest && span_line(&rest, &line);)
                        if (line.length > strlen("options ") && startswith(line.at, "options ") &&
                            span_value(line, "ostree=", &there) && there.length == here.length &&
                            memcmp(there.at, here.at, here.length) == 0)
                                return facts->files[i].text;
        }
        return NULL;
}

/*
 * What comes behind a key of the staged deployment, a GVariant (a{sv}) whose strings have a line each; NULL: it has no
 * such key. A number may stand in front of one.
 */
static const char *behind_key(const char *staged, const char *key)
{
        size_t n = strlen(key);
        struct span line;

        while (staged && span_line(&staged, &line))
                if (line.length >= n && memcmp(line.at + line.length - n, key, n) == 0)
                        return staged;
        return NULL;
}

/* The staged deployment's own parameters; NULL: it has those of the one that runs, or there is none. */
static const char *staged_line(const struct boot_facts *facts)
{
        return behind_key(boot_text(facts, STAGED), "kargs");
}

static bool next_has(const struct boot_facts *facts, const char *token)
{
        const char *staged = staged_line(facts);
        struct span line;

        if (!staged)
                return span_has(running_line(facts), token);
        while (span_line(&staged, &line))
                if (span_is(line, token))
                        return true;
        return false;
}

/* What bootc keeps for us in the next boot's entry; empty: nothing. */
static struct span source_of(const struct boot_facts *facts)
{
        const char *staged = boot_text(facts, STAGED), *entry = staged ? NULL : entry_here(facts);
        struct span line, word;

        staged = behind_key(staged, SOURCE);
        if (staged && span_line(&staged, &line))
                return line;
        while (entry && span_line(&entry, &line))
                if (span_token(&line, &word) && span_is(word, SOURCE))
                        return line;
        return span_of("");
}

/* bootc stages a deployment without the initrds that rpm-ostree has laid over it: the rules may be in one of these. */
static bool has_overlay(const struct boot_facts *facts)
{
        const char *entry = entry_here(facts);

        return (entry && strstr(entry, OVERLAY)) || behind_key(boot_text(facts, STAGED), "overlay-initrds");
}

/* The key of the entry would be lost by an ostree before 2026.1, and with it what is ours. */
static bool keeps_sources(struct probe *p)
{
        const char *said = p->says(p, "ostree --version"), *version = said ? strstr(said, "Version: '") : NULL;
        unsigned year, number;

        return version && sscanf(version, "Version: '%u.%u", &year, &number) == 2 &&
               (year > 2026 || (year == 2026 && number >= 1));
}

static int read_files(struct detector *d)
{
        struct boot_facts *f = d->facts;
        struct probe *p = d->probe;
        struct boot_file *staged = arena_grow(p->arena, &f->files, f->n_files, sizeof(*f->files));
        const char **names;
        size_t n;
        int k;

        *staged = (struct boot_file){.path = STAGED};
        f->n_files++;
        k = p->strings(p, STAGED, &staged->text);
        if (k == 0)
                k = p->list(p, ENTRIES, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (startswith(names[i], "ostree-") && endswith(names[i], ".conf"))
                        k = boot_read(d, arena_join(p->arena, ENTRIES "/", names[i], NULL), false);
        /* Who may not read all of it, as one who is not root, is told what to run. */
        if (k < 0 || !p->exists(p, BOOTED))
                return 0;
        if ((boot_text(f, STAGED) || entry_here(f)) && !has_overlay(f) && p->says(p, BOOTC " --help") &&
            keeps_sources(p))
                f->stager = STAGER_BOOTC;
        else if (p->says(p, "rpm-ostree --version"))
                f->stager = STAGER_RPM_OSTREE;
        return 0;
}

/* ---- what is to be there -------------------------------------------------------------------------------------------
 */

static bool has(struct strings list, const char *s)
{
        return str_index(s, list.v, list.n) >= 0;
}

static struct strings less(struct arena *a, struct strings list, struct strings others)
{
        struct strings left = {};

        for (size_t i = 0; i < list.n; i++)
                if (!has(others, list.v[i]) && !has(left, list.v[i]))
                        strings_add(a, &left, list.v[i]);
        return left;
}

static struct strings source_tokens(const struct boot_facts *facts, struct arena *a)
{
        struct span source = source_of(facts), word;
        struct strings list = {};

        while (span_token(&source, &word))
                strings_add(a, &list, arena_strndup(a, word.at, word.length));
        return list;
}

/* Parameters of the next boot that are ours: of rpm-ostree's, those that earlier applies have added. */
static struct strings ours(struct boot_planner *p)
{
        struct strings list = {};

        if (p->facts->stager == STAGER_BOOTC)
                return source_tokens(p->facts, p->arena);
        for (size_t i = 0; i < p->owned->n_tokens; i++)
                if (next_has(p->facts, p->owned->tokens[i].token))
                        strings_add(p->arena, &list, p->owned->tokens[i].token);
        return list;
}

/* All that the source has: bootc takes away what it had before. */
static const char *bootc(struct arena *a, struct strings list)
{
        const char *command = BOOTC " --source passthrough";

        return list.n > 0 ? arena_join(a, command, " --options \"", span_with(a, span_of(""), list), "\"", NULL)
                          : command;
}

static const char append_arg[] = " --append-if-missing=", delete_arg[] = " --delete-if-present=";

static const char *rpm_ostree(struct arena *a, struct strings more, struct strings fewer)
{
        const char *command = "rpm-ostree kargs";

        for (size_t i = 0; i < more.n; i++)
                command = arena_join(a, command, append_arg, more.v[i], NULL);
        for (size_t i = 0; i < fewer.n; i++)
                command = arena_join(a, command, delete_arg, fewer.v[i], NULL);
        return command;
}

/* Without either of them it is for people. */
static bool plan_by_hand(struct boot_planner *p)
{
        struct strings tokens = p->plan->tokens;
        struct boot_verdict verdict;
        const char *list = "";

        boot_verify(p->facts, tokens, p->arena, &verdict);
        if (verdict.lacking.n == 0)
                return true;
        for (size_t i = 0; i < tokens.n; i++)
                list = arena_join(p->arena, list, i ? ", " : "", "\"", tokens.v[i], "\"", NULL);
        return boot_plan_problem(
                p, arena_join(p->arena,
                              "this host's files come from an image, so nothing is written here; the image needs "
                              "/usr/lib/bootc/kargs.d/50-passthrough.toml:\n  kargs = [",
                              list, "]\nor, on this host, one of\n  ", rpm_ostree(p->arena, tokens, (struct strings){}),
                              "\n  ", bootc(p->arena, tokens), NULL));
}

/* What the image itself, or somebody else, has put into the line stays theirs. */
static bool plan(struct boot_planner *p)
{
        struct strings old = ours(p), new = {}, more, fewer;
        struct changes *c = &p->plan->changes;

        if (p->facts->stager == STAGER_NONE)
                return plan_by_hand(p);
        for (size_t i = 0; i < p->plan->tokens.n; i++)
                if (has(old, p->plan->tokens.v[i]) || !next_has(p->facts, p->plan->tokens.v[i]))
                        strings_add(p->arena, &new, p->plan->tokens.v[i]);
        more = less(p->arena, new, old);
        fewer = less(p->arena, old, new);
        if (more.n == 0 && fewer.n == 0)
                return true;
        if (p->facts->stager == STAGER_BOOTC) {
                c->command = bootc(p->arena, new);
                c->back = bootc(p->arena, old);
        } else {
                c->command = rpm_ostree(p->arena, more, fewer);
                c->back = rpm_ostree(p->arena, fewer, more);
        }
        c->added = more;
        return true;
}

/* The commands are ours: their words say what the next boot would have. What is not known is not done. */
static bool has_run(const struct boot_facts *facts, struct arena *a, const char *command)
{
        const char **words;
        size_t n;

        if (startswith(command, BOOTC))
                return facts->stager == STAGER_BOOTC && streq(bootc(a, source_tokens(facts, a)), command);
        str_words(a, command, &words, &n);
        for (size_t i = 0; i < n; i++)
                if (facts->stager == STAGER_NONE ||
                    (startswith(words[i], append_arg + 1) && !next_has(facts, words[i] + strlen(append_arg + 1))) ||
                    (startswith(words[i], delete_arg + 1) && next_has(facts, words[i] + strlen(delete_arg + 1))))
                        return false;
        return true;
}

static void verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *ret)
{
        if (!staged_line(facts)) {
                boot_verify_running(facts, tokens, a, ret);
                return;
        }
        ret->n_entries = 1;
        for (size_t i = 0; i < tokens.n; i++)
                if (!next_has(facts, tokens.v[i]))
                        strings_add(a, &ret->lacking,
                                    arena_join(a, "the deployment that is staged for the next boot has no ",
                                               tokens.v[i], NULL));
}

const struct loader loader_image_based = {
        .name = "an image of the root file system",
        .image = "it comes with this host's own image, and is built there",
        .build =
                "rpm-ostree initramfs --enable, on this host; rpm-ostree initramfs-etc --track=/etc/passthrough.d adds "
                "the rules alone, where its image has passthrough's part already",
        .no_once = "a deployment that is staged has no entry that is booted once; the one before it stays in the menu",
        .detect = detect,
        .read = read_files,
        .plan = plan,
        .verify = verify,
        .has_run = has_run,
};
