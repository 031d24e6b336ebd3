/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kill-at POINT PROGRAM ARG...: the program is killed there. Those that it has started are left alone and waited for.
 * Exits with 77 where it was killed, else as the program does.
 *
 * N: at its N-th system call, before the kernel carries that out. bN: before the N-th of those that can change or start
 * something; of a write to a file the first half of the bytes gets out. aN: behind that one. count: nowhere, and file
 * descriptor 9 gets both numbers. watch: nowhere, and what KILL_AT_WATCH names is run with N behind each such call.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED 77
#define COUNT  9

static void fail(const char *what)
{
        perror(what);
        _exit(EXIT_FAILURE);
}

/* Of the older ones not every machine has all. */
static bool changes(const struct __ptrace_syscall_info *call)
{
        static const long always[] = {SYS_renameat,        SYS_renameat2, SYS_linkat,   SYS_symlinkat, SYS_unlinkat,
                                      SYS_mkdirat,         SYS_fchmod,    SYS_fchmodat, SYS_fchown,    SYS_fchownat,
                                      SYS_ftruncate,       SYS_fsync,     SYS_flock,    SYS_fsetxattr, SYS_clone,
                                      SYS_copy_file_range,
#ifdef SYS_rename
                                      SYS_rename,          SYS_link,      SYS_symlink,  SYS_unlink,    SYS_mkdir,
                                      SYS_rmdir,           SYS_chmod,     SYS_fork,     SYS_vfork
#endif
        };

        for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
                if ((long)call->entry.nr == always[i])
                        return true;
        return call->entry.nr == SYS_openat && (call->entry.args[2] & (O_CREAT | O_TRUNC));
}

/* What it says to people is no file of the host. */
static bool writes(const struct __ptrace_syscall_info *call)
{
        return call->entry.nr == SYS_write && call->entry.args[0] > 2 && call->entry.args[2] > 1;
}

static void halve(pid_t pid)
{
#ifdef __x86_64__
        struct user_regs_struct regs;

        if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
                fail("PTRACE_GETREGS");
        regs.rdx /= 2;
        if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
                fail("PTRACE_SETREGS");
#else
        (void)pid;
#endif
}

/* On to the next of its system calls, as it begins or ends; false where the program has ended. */
static bool next(pid_t pid, int *status)
{
        int signal = 0;

        for (;;) {
                if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal) < 0)
                        fail("PTRACE_SYSCALL");
                if (waitpid(pid, status, 0) < 0)
                        fail("waitpid");
                if (!WIFSTOPPED(*status))
                        return false;
                if (WSTOPSIG(*status) == (SIGTRAP | 0x80))
                        return true;
                signal = *status >> 16 ? 0 : WSTOPSIG(*status);
        }
}

/* Those it has started are this program's children once it is gone. */
static int end(pid_t pid, bool killed, int status)
{
        if (killed) {
                kill(pid, SIGKILL);
                if (waitpid(pid, &status, 0) < 0)
                        fail("waitpid");
        }
        while (wait(NULL) > 0)
                ;
        if (killed)
                return KILLED;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void watch(unsigned long n)
{
        const char *program = getenv("KILL_AT_WATCH");
        char command[256];

        if (!program || snprintf(command, sizeof(command), "%s %lu", program, n) >= (int)sizeof(command) ||
            system(command) != 0)
                fail("KILL_AT_WATCH");
}

static int follow(pid_t pid, char kind, unsigned long at)
{
        struct __ptrace_syscall_info call;
        unsigned long calls = 0, changing = 0;
        int status;

        while (next(pid, &status)) {
                bool change;

                if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(call), &call) < 0)
                        fail("PTRACE_GET_SYSCALL_INFO");
                if (call.op != PTRACE_SYSCALL_INFO_ENTRY)
                        continue;
                calls++;
                change = changes(&call) || writes(&call);
                changing += change;
                if (kind == 'w' && change && next(pid, &status))
                        watch(changing);
                if (kind == 'n' ? calls != at : !change || changing != at)
                        continue;
                if (kind == 'b' && writes(&call))
                        halve(pid);
                if (kind == 'a' || (kind == 'b' && writes(&call)))
                        next(pid, &status);
                return end(pid, true, status);
        }
        if (kind == 'c')
                dprintf(COUNT, "%lu %lu\n", calls, changing);
        return end(pid, false, status);
}

static pid_t start(char **argv)
{
        pid_t pid = fork();
        int status;

        if (pid < 0)
                fail("fork");
        if (pid == 0) {
                close(COUNT);
                ptrace(PTRACE_TRACEME);
                raise(SIGSTOP);
                execvp(argv[0], argv);
                fail(argv[0]);
        }
        if (waitpid(pid, &status, 0) < 0 ||
            ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) < 0)
                fail("ptrace");
        /* The first calls are this program's; its own begin with the end of execve. */
        do {
                if (ptrace(PTRACE_CONT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
                        fail(argv[0]);
        } while (status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXEC << 8)));
        return pid;
}

int main(int argc, char **argv)
{
        char kind;

        if (argc < 3)
                return EXIT_FAILURE;
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                fail("PR_SET_CHILD_SUBREAPER");
        kind = strchr("abcw", *argv[1]) ? *argv[1] : 'n';
        return follow(start(argv + 2), kind, strtoul(argv[1] + (kind != 'n'), NULL, 10));
}
