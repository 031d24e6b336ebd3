/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monotony [-n MUTATIONS] [-s SEED] DIR...: less evidence frees no device. DIR holds machines, as --root takes them. Of
 * each, the tap tells what every moment reads; one path after the other, drawn at random, cannot be read, is a
 * directory, is cut in mid-line, or is dropped from a capture, which then does not mention it; and no device that the
 * moment left to the host may then be taken. DIR is put back as it was. Prints each fault, and a line with the counts;
 * exit status 1 where there is a fault.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/captured.h"
#include "base/recfile.h"
#include "base/str.h"
#include "bus/bus.h"
#include "config/config.h"
#include "facts/facts.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "plan/plan.h"

#define FAULTS_MAX 200

enum kind { UNREADABLE, DIRECTORY, CUT, DROPPED, KINDS };

static const char *const kind_names[KINDS] = {"unreadable", "a directory", "cut in mid-line", "dropped"};

/* The moments: what each can know, as src/bind/run.c and "plan" ask for it. */
static const struct moment {
        const char *name;
        struct facts_request request;
        bool next_boot, all; /* all: of devices that no rule speaks of as well */
} moments[] = {
        {"plan", {.builtin = true, .writers = true}, true, false},
        {"initrd", {.booting = true, .early = true}, false, false},
        {"root", {.booting = true, .root_stage = true}, false, false},
        {"host", {.booting = true}, false, true},
        {"bind", {.busy = true}, false, false},
        {"hot plug", {.busy = true}, false, true},
};

/* What may change a verdict either way, with the reason. In the patterns a star stands for slashes, too. */
static const struct {
        const char *path, *why;
} exceptions[] = {
        {"/etc/passthrough.d*", "the rules themselves"},
        {"/run/passthrough.d*", "the rules themselves"},
        {"/usr/lib/passthrough.d*", "the rules themselves"},
        {"/usr/local/lib/passthrough.d*", "the rules themselves"},
        {"/sys/kernel/iommu_groups*", "who is in a group: whole groups go"},
        {"/sys/bus/pci/devices*", "which devices there are, and who they are"},
        {"/sys/devices/pci*:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f].[0-7]", "which devices there are: of twins one is left"},
        {"*/modalias", "who a device is"},
        {"/sys/devices/*/usb*/bDeviceClass", "who a device is"},
        {"/sys/devices/*/usb*/id[VP]*", "who a device is"},
        {"*/iommu_group", "who is in a group"},
};

/* What is known not to hold yet, with the reason: counted, and no fault. KINDS is any kind. */
static const struct {
        enum kind kind;
        const char *path, *why;
} known[] = {
        {DROPPED, "*", "what a capture does not mention is taken for absent"},
        {KINDS, "*/sriov_numvfs", "a function whose virtual functions cannot be counted has none"},
        {KINDS, "/sys/class/dmi/id/product_uuid",
         "what an image withheld is another machine's where that is unreadable"},
};

struct path {
        enum asked asked;
        const char *path;
};

/* Notes what is asked for, and fails what is chosen. */
struct noting {
        struct tap tap;
        struct arena *arena;
        struct path *v;
        size_t n;
        const struct path *fails;
        struct captured captured;
        struct tap *next; /* a captured machine's, or NULL */
};

static int before(struct tap *tap, enum asked asked, const char *path)
{
        const struct noting *x = (const struct noting *)(void *)tap;

        if (x->fails && x->fails->asked == asked && streq(x->fails->path, path))
                return -EIO;
        return x->next && x->next->before ? x->next->before(x->next, asked, path) : 0;
}

static void after(struct tap *tap, enum asked asked, const char *path, int outcome)
{
        struct noting *x = (struct noting *)(void *)tap;
        struct path *slot;

        (void)outcome;
        for (size_t i = 0; !x->fails && i < x->n; i++)
                if (x->v[i].asked == asked && streq(x->v[i].path, path))
                        return;
        if (x->fails)
                return;
        slot = arena_grow(x->arena, &x->v, x->n++, sizeof(*x->v));
        *slot = (struct path){asked, arena_strdup(x->arena, path)};
}

static uint64_t state;

/* SplitMix64. */
static uint64_t draw(uint64_t n)
{
        uint64_t z = state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return (z ^ z >> 31) % n;
}

/* Refusals that may end where less is known, by what they say, with the reason. */
static const struct {
        const char *says, *why;
} passing[] = {
        {"keyboard", "of several one has to stay, whichever that is: one that is withheld frees another"},
        {"gives the host input", "where a passphrase may be asked, all that do are judged together"},
        {"has no such module and no such driver",
         "of the rule's driver, which is looked for before anything is unbound"},
};

static bool may_pass(const char *reason)
{
        for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
                if (strstr(reason, passing[i].says))
                        return true;
        return false;
}

/* The addresses that the moment takes, or (all) leaves for a reason that may pass, each with a blank behind it; NULL
 * where nothing could be gathered. */
static const char *taken(const struct root *root, const struct moment *moment, bool all, struct arena *a)
{
        static const struct facts_sources sources = {
                .buses = bus_table, .initrds = initrd_table, .guard = guard_gather};
        struct diags diags = {.arena = a};
        struct config config = {};
        struct facts_request request;
        struct facts facts = {};
        struct plan plan = {};
        const char *text = " ";

        if (config_load(root, a, bus_syntaxes, &diags, &config) < 0)
                return NULL;
        facts_request_for(&config, a, &request);
        request.booting = moment->request.booting;
        request.early = moment->request.early;
        request.root_stage = moment->request.root_stage;
        request.busy |= moment->request.busy;
        request.builtin |= moment->request.builtin;
        request.writers |= moment->request.writers && !request.busy;
        if (moment->all) {
                request.config = NULL;
                request.identities = true;
        }
        if (facts_read_switches(root, a, &facts) < 0 || facts_gather(root, a, &sources, &request, &facts) < 0)
                return NULL;
        if (moment->next_boot)
                facts_as_at_boot(&facts);
        plan_build(&config, &facts, a, &plan);
        for (size_t i = 0; i < plan.n_entries; i++)
                if (plan.entries[i].action == ACTION_BIND || (all && may_pass(plan.entries[i].reason)))
                        text = arena_join(a, text, facts.devices[plan.entries[i].device].address, " ", NULL);
        return text;
}

static bool excepted(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(exceptions); i++)
                if (fnmatch(exceptions[i].path, path, 0) == 0)
                        return true;
        return false;
}

static bool is_known(enum kind kind, const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if ((known[i].kind == kind || known[i].kind == KINDS) && fnmatch(known[i].path, path, 0) == 0)
                        return true;
        return false;
}

/* ---- mutations of files: below root, without following links out of it ---------------------------------------------
 */

struct undo {
        char name[300];
        const char *file; /* below the root, or NULL: nothing was done */
        char *data;
        size_t size;
        bool moved;
};

/* The file as a path that this process can write to; false where it is none. */
static bool real_path(const struct root *root, const char *path, char *buf, size_t size)
{
        char link[64];
        int fd = root_open_at(root, path, O_PATH);
        struct stat st;
        ssize_t n = -1;

        if (fd < 0)
                return false;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                n = dir_readlink(AT_FDCWD, link, buf, size);
        close(fd);
        return n > 0 && startswith(buf, root->path);
}

static bool make_directory(const char *file, struct undo *u)
{
        snprintf(u->name, sizeof(u->name), "%s~kept", file);
        if (rename(file, u->name) < 0)
                return false;
        if (mkdir(file, 0755) < 0)
                err(2, "%s", file);
        u->moved = true;
        return true;
}

static void write_file(const char *file, const char *data, size_t size)
{
        int fd = open(file, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
                err(2, "%s", file);
}

static bool cut(const char *file, struct arena *a, struct undo *u)
{
        struct root top = ROOT_INIT;
        int k = root_open("/", &top);
        size_t at;

        if (k == 0)
                k = root_read_all(&top, a, file, SOURCE_MAX, &u->data, &u->size);
        root_close(&top);
        if (k < 0 || u->size < 4 || memchr(u->data, '\0', u->size))
                return false;
        at = 1 + draw(u->size - 2);
        if (u->data[at - 1] == '\n') /* at the end of a line nothing tells */
                at++;
        write_file(file, u->data, at);
        return true;
}

/* Outside of the root, where no listing has it. */
static const char *aside(const struct root *root, struct arena *a)
{
        return arena_join(a, root->path, "~dropped", NULL);
}

static size_t without(struct captured_path *to, const struct captured_path *from, size_t n, const char *path)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (!streq(from[i].path, path))
                        to[kept++] = from[i];
        return kept;
}

/* The capture without what it says of a path; false where it says nothing. */
static bool forget(const struct captured *c, const char *path, const char *real, struct arena *a, struct captured *ret)
{
        char *above = arena_strdup(a, path);

        above[str_basename(above) - above - 1] = '\0';
        *ret = *c;
        ret->named = arena_alloc(a, (c->n_named + 1) * sizeof(*ret->named));
        ret->listed = arena_alloc(a, (c->n_listed + 1) * sizeof(*ret->listed));
        ret->absent = arena_alloc(a, (c->n_absent + 1) * sizeof(*ret->absent));
        ret->files = arena_alloc(a, (c->n_files + 1) * sizeof(*ret->files));
        ret->n_named = without(ret->named, c->named, c->n_named, real);
        ret->n_listed = without(ret->listed, c->listed, c->n_listed, path);
        ret->n_listed = without(ret->listed, ret->listed, ret->n_listed, above); /* nor is it told to be complete */
        ret->n_absent = without(ret->absent, c->absent, c->n_absent, path);
        ret->n_files = 0;
        for (size_t i = 0; i < c->n_files; i++)
                if (!streq(c->files[i].path, real))
                        ret->files[ret->n_files++] = c->files[i];
        return ret->n_named < c->n_named || ret->n_listed < c->n_listed || ret->n_absent < c->n_absent ||
               ret->n_files < c->n_files;
}

/* The link, or the file behind all links, less the root; false where there is neither. */
static bool place_of(const struct root *root, const struct path *path, char *file, size_t size)
{
        char dir[PATH_MAX];
        int fd;

        if (path->asked != ASKED_LINK)
                return real_path(root, path->path, file, size);
        fd = root_open_parent(root, path->path, O_PATH);
        if (fd < 0)
                return false;
        snprintf(file, size, "/proc/self/fd/%d", fd);
        if (dir_readlink(AT_FDCWD, file, dir, sizeof(dir)) < 0)
                dir[0] = '\0';
        close(fd);
        snprintf(file, size, "%s/%s", dir, str_basename(path->path));
        return startswith(dir, root->path) && faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *taken_without(struct root *root, struct noting *noting, const struct moment *moment,
                                 const struct path *path, struct arena *a)
{
        struct root plain = *root, again = ROOT_INIT;
        struct captured less, now = {};
        const char *is = NULL;
        char file[PATH_MAX] = "";
        bool there = place_of(root, path, file, sizeof(file));

        plain.tap = NULL;
        if (!forget(&noting->captured, path->path, there ? file + strlen(root->path) : "", a, &less) &&
            path->asked != ASKED_LINK)
                return NULL;
        if (there && rename(file, aside(root, a)) < 0)
                err(2, "%s", file);
        if (captured_write(&plain, a, &less) < 0 || root_open(root->path, &again) < 0 ||
            captured_open(&again, a, &now) != 0)
                errx(2, "%s: %s cannot be dropped", root->path, path->path);
        is = taken(&again, moment, false, a);
        root_close(&again);
        if (there && rename(aside(root, a), file) < 0)
                err(2, "%s", file);
        if (captured_write(&plain, a, &noting->captured) < 0)
                errx(2, "%s cannot be put back", root->path);
        return is ? is : " ";
}

static void put_back(const char *file, const struct undo *u)
{
        if (u->moved) {
                if (rmdir(file) < 0 || rename(u->name, file) < 0)
                        err(2, "%s", file);
        } else if (u->data)
                write_file(file, u->data, u->size);
}

/* ---- the property ------------------------------------------------------------------------------------------------ */

static unsigned long tried, faults, skipped, dropped, known_faults;

static void hold(const char *dir, const struct moment *moment, const struct path *path, enum kind kind, const char *was,
                 const char *is)
{
        for (const char *c = is + 1; *c; c = strchr(c, ' ') + 1) {
                char address[64];

                snprintf(address, sizeof(address), " %.*s ", (int)strcspn(c, " "), c);
                if (strstr(was, address))
                        continue;
                if (is_known(kind, path->path)) {
                        known_faults++;
                        continue;
                }
                printf("not ok - %s: %s, %s:%sis taken, which is left to the host where it can be read\n", dir,
                       moment->name, path->path, address);
                printf("# the path is %s\n", kind_names[kind]);
                faults++;
        }
}

static void mutate(struct root *root, struct noting *noting, const struct moment *moment, const char *was)
{
        const struct path *path = &noting->v[draw(noting->n)];
        enum kind kind = (enum kind)draw(noting->next ? KINDS : DROPPED);
        char file[PATH_MAX] = "";
        struct arena a = {};
        struct undo undo = {};
        const char *is = NULL;
        bool done = true;

        if (excepted(path->path)) {
                skipped++;
                return;
        }
        if (kind == DROPPED) {
                is = taken_without(root, noting, moment, path, &a);
                done = false;
        } else if (kind == UNREADABLE)
                noting->fails = path;
        else
                done = path->asked == ASKED_READ && real_path(root, path->path, file, sizeof(file)) &&
                       (kind == DIRECTORY ? make_directory(file, &undo) : cut(file, &a, &undo));
        if (done) {
                noting->fails = path;
                if (kind != UNREADABLE)
                        root->tap = noting->next;
                is = taken(root, moment, false, &a);
                root->tap = &noting->tap;
        }
        tried += done || is;
        dropped += kind == DROPPED && is;
        if (is)
                hold(root->path, moment, path, kind, was, is);
        noting->fails = NULL;
        put_back(file, &undo);
        arena_free(&a);
}

static void machine(const char *dir, unsigned long n)
{
        for (size_t m = 0; m < ARRAY_SIZE(moments); m++) {
                struct arena a = {};
                struct noting noting = {.tap = {.before = before, .after = after}, .arena = &a};
                struct root root = ROOT_INIT;
                const char *was;

                if (root_open(dir, &root) < 0)
                        err(2, "%s", dir);
                if (captured_open(&root, &a, &noting.captured) == 0)
                        noting.next = root.tap;
                root.tap = &noting.tap;
                was = taken(&root, &moments[m], true, &a);
                for (unsigned long i = 0; was && noting.n > 0 && i < n; i++)
                        mutate(&root, &noting, &moments[m], was);
                root_close(&root);
                arena_free(&a);
                if (faults >= FAULTS_MAX)
                        return;
        }
}

int main(int argc, char *argv[])
{
        unsigned long n = 100;
        int option;

        while ((option = getopt(argc, argv, "n:s:")) != -1)
                switch (option) {
                case 'n':
                        n = strtoul(optarg, NULL, 0);
                        break;
                case 's':
                        state = strtoull(optarg, NULL, 0);
                        break;
                default:
                        errx(2, "usage: monotony [-n MUTATIONS] [-s SEED] DIR...");
                }
        for (; optind < argc && faults < FAULTS_MAX; optind++) {
                char *dir = realpath(argv[optind], NULL);

                if (!dir)
                        err(2, "%s", argv[optind]);
                machine(dir, n);
                free(dir);
        }
        printf("# %lu mutations, %lu of them of captures, %lu paths that may change a verdict, %lu faults, %lu known\n",
               tried, dropped, skipped, faults, known_faults);
        return faults > 0;
}
