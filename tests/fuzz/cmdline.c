/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line's validator: any bytes as a line; the first says for which machine it is judged. */
#include "cmdline/cmdline.h"

#include "base/macro.h"
#include "base/str.h"
#include "files.h"
#include "report/json.h"
#include "report/text.h"

/* What is said can stand in a line and in a document, whatever the bytes were. */
static void check_text(struct arena *a, const char *s, bool may_be_empty)
{
        char *again = arena_strdup(a, s);

        CHECK(again && (may_be_empty || *s));
        str_make_printable(again);
        CHECK(streq(again, s) && !strchr(s, '\n'));
}

static void check_findings(struct arena *a, const struct findings *findings)
{
        size_t errors = 0, warnings = 0;

        for (size_t i = 0; i < findings->n; i++) {
                const struct finding *f = &findings->v[i];

                CHECK(f->reader < READER_MAX_ && f->severity < SEVERITY_MAX_);
                check_text(a, f->token, false);
                check_text(a, f->message, false);
                check_text(a, f->fix, true);
                errors += f->severity == SEVERITY_ERROR;
                warnings += f->severity == SEVERITY_WARNING;
        }
        if (findings->right)
                check_text(a, findings->right, true);
        CHECK(findings->n_errors == errors && findings->n_warnings == warnings);
}

/* One stream for all, as to open one costs more than to judge a line. */
static void check_said(struct arena *a, const struct findings *findings)
{
        static char *text;
        static size_t size;
        static FILE *f;

        if (!f)
                f = open_memstream(&text, &size);
        CHECK(f);
        rewind(f);
        json_findings(f, findings);
        CHECK(!ferror(f) && fputc('\0', f) == 0 && fflush(f) == 0);
        check_json(text, size - 1);
        rewind(f);
        text_findings(f, findings, a);
        CHECK(!ferror(f) && fflush(f) == 0);
}

/* The tokens are the line without the blanks between them. */
static void check_split(struct arena *a, const char *line)
{
        static const char blanks[] = " \t\n\v\f\r\xa0";
        struct token *tokens;
        size_t n, quotes = 0;
        const char *c = line;
        bool unclosed;

        cmdline_split(a, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const struct token *t = &tokens[i];

                CHECK(strspn(c, blanks) == (size_t)(line + t->at - c) && (i == 0 || c < line + t->at));
                c = line + t->at + strlen(t->text);
                CHECK(*t->text && strncmp(line + t->at, t->text, strlen(t->text)) == 0);
                CHECK(strlen(t->name) + (t->value ? strlen(t->value) + 1 : 0) <= strlen(t->text));
                CHECK(i == 0 || t->late >= tokens[i - 1].late);
        }
        CHECK(c[strspn(c, blanks)] == '\0');
        for (c = line; *c; c++)
                quotes += *c == '"';
        CHECK(unclosed == (quotes % 2 == 1));
}

/* A machine of which all is known, or nothing; the line of the kernel that runs is one of two. */
static void know(struct cmdline_machine *m, bool same, const char *line)
{
        static struct cmdline_module modules[] = {
                {"nvme", VITAL_BOOT, "nvme0n1p2 (/)", false, NULL},
                {"nvme_core", VITAL_BOOT, "nvme0n1p2 (/)", true, "nvme"},
                {"snd_hda_intel", VITAL_SOME, "sda (/srv)", false, NULL},
                {"irqbypass", VITAL_HANDOVER, "what is handed over", true, "vfio_pci"}};
        static const char *root[] = {"/dev/nvme0n1p2", "259:2", "UUID=0f3b"}, *other[] = {"/dev/sda1", "8:1"},
                          *pool[] = {"ZFS=tank"};
        static struct cmdline_disk disks[] = {
                {root, 3, true, false}, {other, 2, false, false}, {pool, 1, false, false}};
        static struct cmdline_program programs[] = {{"/sbin/init", KNOWN_YES}, {"/bin/gone", KNOWN_NO}};

        m->groups = same ? KNOWN_YES : KNOWN_NO;
        m->booted = same ? line : "root=UUID=0f3b ro";
        m->memory = UINT64_C(64) << 30;
        m->modules = modules;
        m->n_modules = ARRAY_SIZE(modules);
        m->disks = disks;
        m->n_disks = ARRAY_SIZE(disks);
        m->programs = programs;
        m->n_programs = ARRAY_SIZE(programs);
}

/* What the running kernel was booted with cannot keep the host from booting. */
static void check_refusals(struct arena *a, const struct findings *findings, const struct cmdline_machine *m, bool same)
{
        for (size_t i = 0; i < findings->n; i++) {
                const struct finding *f = &findings->v[i];

                CHECK((f->harm == HARM_NONE) == (f->severity != SEVERITY_ERROR));
                CHECK(!same || f->harm != HARM_BOOT);
                CHECK(!cmdline_refuses(f, m, a, false, false) || cmdline_refuses(f, m, a, true, true));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct cmdline_machine machine = {};
        struct findings findings;
        struct arena a = {};
        char *line;

        if (size == 0)
                return 0;
        machine.vendor = data[0] % 4;
        machine.remapping = data[0] / 4 % 3;
        machine.arch = data[0] / 12 % ARCH_MAX_;
        line = arena_strndup(&a, (const char *)data + 1, size - 1);
        CHECK(line);
        check_split(&a, line);
        if (data[0] & 64)
                know(&machine, data[0] & 128, line);
        cmdline_judge(line, &machine, &a, &findings);
        check_findings(&a, &findings);
        check_refusals(&a, &findings, &machine, machine.booted == line);
        check_said(&a, &findings);
        arena_free(&a);
        return 0;
}
