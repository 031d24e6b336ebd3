/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "validate/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "facts/machine.h"
#include "report/json.h"
#include "report/text.h"
#include "validate/machine.h"

int findings_print(const struct root *root, const struct facts_sources *sources, const char *line, bool json,
                   const char *name)
{
        struct arena a = {};
        struct cmdline_machine machine;
        struct findings findings = {};
        char *text;
        size_t size;
        int k = 0;

        if (!line) {
                k = root_read_all(root, &a, "/proc/cmdline", (size_t)64 * 1024, &text, &size);
                if (k < 0)
                        fprintf(stderr, "%s: /proc/cmdline: %s\n", name, strerror(-k));
                line = text;
        }
        if (k == 0) {
                k = validate_machine(root, &a, sources, &machine);
                if (k < 0)
                        fprintf(stderr, "%s: reading this machine's facts: %s\n", name, strerror(-k));
        }
        if (k == 0) {
                machine_look_for_init(root, &a, line, &machine);
                cmdline_judge(line, &machine, &a, &findings);
        }
        if (k == 0 && json)
                json_findings(stdout, &findings);
        else if (k == 0)
                text_findings(stdout, &findings, &a);
        arena_free(&a);
        return k < 0 || findings.n_errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
