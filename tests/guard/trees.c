/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trees -w [-s SEED] DIR: the machine of SEED, written to DIR, and on standard output what must not leave it, a line
 * each.
 *
 * trees [-n N] [-s SEED] [-j WORKERS] [-t SHAPE] [-v] PROGRAM DIR: N made-up machines, those of SEED, SEED+1, ..., each
 * written below DIR, planned by PROGRAM (passthroughctl), and the plan held against what closure.c says of it. -v tells
 * what a machine is. A machine that fails is kept as DIR/seed-SEED. Before them each shape (shapes.h) alone; -t NAME:
 * that one and nothing else.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shapes.h"
#include "verdicts.h"

#define KEPT_MAX 20
#define RANDOM   SIZE_MAX
#define REPEATS  6 /* of a shape alone: on partitions or whole disks, by one name or another */

static const char *programs[PROGRAM_MAX_]; /* by enum program */

/* What is below a directory, and that itself; nothing where there is none. */
void remove_tree(int at, const char *name)
{
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *e;

        if (!dir && errno == ENOENT)
                return;
        while (dir && (e = readdir(dir))) {
                if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        remove_tree(fd, e->d_name);
                else if (e->d_type != DT_DIR && unlinkat(fd, e->d_name, 0) < 0)
                        err(2, "%s", e->d_name);
        }
        if (!dir || closedir(dir) < 0 || unlinkat(at, name, AT_REMOVEDIR) < 0)
                err(2, "%s", name);
}

/* All but what is the same for every machine. */
static void clean(void)
{
        static const char *const dirs[] = {"sys", "proc", "etc", "run", "dev", "var", "usr", "sysroot", "../image"};

        for (size_t i = 0; i < COUNT(dirs); i++)
                remove_tree(AT_FDCWD, dirs[i]);
}

/* A random machine, of which every other one has shapes; or a quiet one with the shape of that number. */
static void generate(struct machine *m, uint64_t seed, size_t number)
{
        memset(m, 0, sizeof(*m));
        m->seed = m->random = seed;
        m->on_demand = seed % 7 == 3;
        if (number != RANDOM)
                make_quiet(m, number);
        else {
                make_functions(m);
                if (seed % 2)
                        choose_root_shape(m);
                make_storage(m);
                make_storage_uses(m);
                make_network(m);
                make_people(m);
                (seed % 2 ? make_shapes : make_gaps)(m);
        }
        make_rules(m);
        make_plugs(m);
        judge_machine(m);
}

/* Standard error goes to a file beside the tree. */
char *run_program(enum program which, const char *const arguments[], int *ret_status)
{
        static char output[1 << 20];
        char *argv[6] = {(char *)programs[which], (char *)"--root=."};
        posix_spawn_file_actions_t actions;
        size_t n = 0;
        ssize_t got;
        int out[2];
        pid_t pid;

        for (size_t i = 0; arguments[i]; i++)
                argv[2 + i] = (char *)arguments[i];
        if (pipe2(out, O_CLOEXEC) < 0)
                err(2, "pipe");
        if (posix_spawn_file_actions_init(&actions) != 0 ||
            posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) != 0 ||
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "../stderr", O_WRONLY | O_CREAT | O_TRUNC,
                                             0644) != 0 ||
            posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0)
                errx(2, "%s cannot be run", argv[0]);
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        while (n + 1 < sizeof(output) && (got = read(out[0], output + n, sizeof(output) - 1 - n)) != 0)
                if (got > 0)
                        n += (size_t)got;
                else if (errno != EINTR)
                        err(2, "read");
        output[n] = '\0';
        close(out[0]);
        while (waitpid(pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        err(2, "wait");
        return output;
}

/* Everything for one seed, in DIR/wN/tree: 0, or the number of things found wrong. */
static unsigned one(const char *top, unsigned worker, uint64_t seed, size_t number, enum moment moment, bool verbose,
                    struct tally *tally)
{
        static struct machine m;
        const char *const plan[] = {"plan", "--json", NULL};
        struct tally alone = {.trees = 0};
        char tree[256], kept[256];
        unsigned wrong;
        char *output;
        int status;

        TEXT(tree, "%s/w%u/tree", top, worker);
        make_dirs(tree);
        if (chdir(tree) < 0)
                err(2, "%s", tree);
        clean(); /* of a run that was interrupted */
        generate(&m, seed, number);
        write_machine(&m);
        if (verbose)
                verdicts_show(&m);
        output = run_program(PASSTHROUGHCTL, plan, &status);
        wrong = verdicts_compare(&m, output, status, number == RANDOM ? tally : &alone);
        wrong += virtual_planned(&m, output, tally);
        wrong += plugged(&m, output, tally);
        if (wrong == 0)
                wrong = virtual_asked(&m) && number == RANDOM ? virtual_made(&m, tally) : moments(&m, moment, tally);
        tally->trees += number == RANDOM;
        if (wrong == 0 || tally->kept >= KEPT_MAX || verdicts_quiet) {
                clean();
                return wrong;
        }
        tally->kept++;
        if (number == RANDOM)
                TEXT(kept, "%s/seed-%llu", top, (unsigned long long)seed);
        else
                TEXT(kept, "%s/shape-%zu-%llu", top, number, (unsigned long long)seed);
        remove_tree(AT_FDCWD, kept);
        if (chdir(top) < 0 || rename(tree, kept) < 0)
                err(2, "%s", kept);
        printf("# seed %llu: the machine is in %s\n", (unsigned long long)seed, kept);
        return wrong;
}

/* The shapes, each by itself on quiet machines. */
static void work_shapes(const char *top, unsigned worker, unsigned workers, uint64_t seed, const char *only,
                        bool verbose, struct tally *tally)
{
        const struct shape *shape;
        enum axis axis;

        for (size_t i = 0; (shape = shape_at(i, &axis)); i++) {
                const char *known = known_shape(shape->name);
                unsigned wrong = 0;

                if (i % workers != worker || (only && strcmp(only, shape->name) != 0))
                        continue;
                verdicts_quiet = known && !only;
                for (unsigned k = 0; k < REPEATS && (wrong == 0 || known); k++)
                        wrong += one(top, worker, seed + k, i, (enum moment)(k % 3), verbose, tally) > 0;
                tally->shapes++;
                tally->known += known != NULL;
                tally->shapes_failed += known ? wrong == 0 : wrong > 0;
                if (known && wrong == 0)
                        printf("# shape \"%s\" is judged as it should be, and known not to be: %s\n", shape->name,
                               known);
                else if (wrong > 0 && !known)
                        printf("# shape \"%s\" is judged wrongly, see above\n", shape->name);
        }
        verdicts_quiet = false;
}

static struct tally work(const char *top, unsigned worker, unsigned workers, uint64_t seed, uint64_t n, bool verbose,
                         const char *only)
{
        struct tally tally = {.trees = 0};

        if (n != 1 || only)
                work_shapes(top, worker, workers, seed, only, verbose && only, &tally);
        tally.kept = 0;
        for (uint64_t i = worker; i < n && !only; i += workers) {
                tally.failed +=
                        one(top, worker, seed + i, RANDOM, (enum moment)((seed + i) / 2 % 4), verbose, &tally) > 0;
                if (tally.failed >= 200)
                        break; /* one fault has shown itself often enough */
        }
        fflush(stdout);
        return tally;
}

static int write_only(const char *dir, uint64_t seed)
{
        static struct machine m;

        make_dirs(dir);
        if (chdir(dir) < 0)
                err(2, "%s", dir);
        generate(&m, seed, RANDOM);
        write_machine(&m);
        for (unsigned i = 0; i < m.n_blocks; i++)
                printf("%s\n%s\n", m.blocks[i].uuid, m.blocks[i].partuuid);
        return 0;
}

static uint64_t number(const char *s)
{
        char *end;
        unsigned long long v = strtoull(s, &end, 0);

        if (!*s || *end)
                errx(2, "%s: not a number", s);
        return v;
}

static const char *beside(const char *program, const char *name)
{
        return strdup(f("%.*s/%s", (int)(strrchr(program, '/') - program), program, name));
}

int main(int argc, char *argv[])
{
        uint64_t n = 500, seed = 1;
        unsigned workers = 2;
        struct tally total = {.trees = 0};
        bool verbose = false, broken = false, only_write = false;
        const char *shape = NULL;
        char top[200];
        int option, results[2];

        setlinebuf(stdout);
        while ((option = getopt(argc, argv, "n:s:j:t:vw")) != -1)
                switch (option) {
                case 'n':
                        n = number(optarg);
                        break;
                case 's':
                        seed = number(optarg);
                        break;
                case 'j':
                        workers = (unsigned)number(optarg);
                        break;
                case 't':
                        shape = optarg;
                        break;
                case 'v':
                        verbose = true;
                        break;
                case 'w':
                        only_write = true;
                        break;
                default:
                        return 2;
                }
        if (only_write && argc - optind == 1)
                return write_only(argv[optind], seed);
        if (argc - optind != 2 || workers == 0 || workers > 64)
                errx(2, "usage: trees [-n N] [-s SEED] [-j WORKERS] [-t SHAPE] [-v] PROGRAM DIR");
        programs[PASSTHROUGHCTL] = realpath(argv[optind], NULL);
        make_dirs(argv[optind + 1]);
        if (!programs[PASSTHROUGHCTL] || !realpath(argv[optind + 1], top) || pipe(results) < 0)
                err(2, "%s", argv[optind + 1]);
        programs[PASSTHROUGH_BIND] = beside(programs[PASSTHROUGHCTL], "passthrough-bind");
        programs[PASSTHROUGH_DEMAND] = beside(programs[PASSTHROUGHCTL], "passthrough-demand");
        programs[PASSTHROUGH_SRIOV] = beside(programs[PASSTHROUGHCTL], "passthrough-sriov");
        if (n < workers)
                workers = n > 0 ? (unsigned)n : 1;
        for (unsigned w = 0; w < workers; w++) {
                pid_t pid = fork();

                if (pid < 0)
                        err(2, "fork");
                if (pid == 0) {
                        struct tally tally = work(top, w, workers, seed, n, verbose, shape);

                        _exit(write(results[1], &tally, sizeof(tally)) != sizeof(tally));
                }
        }
        close(results[1]);
        for (int status; wait(&status) > 0;)
                broken |= status != 0;
        for (struct tally tally; read(results[0], &tally, sizeof(tally)) == sizeof(tally);)
                tally_add(&total, &tally);
        return tally_report(&total, seed, shape ? 0 : n) || broken;
}
