/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The moments of a USB device behind the plan, by what udev is told: by the file that a boot image has, while the host
 * comes up and nothing shows yet, and once all shows. What the plan may not take, none of them claims.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claims.h"

#define TEXT_OF_IMAGE "../image/usr/lib/passthrough/claims/10-passthrough-claims.rules"
#define ASKED_MAX     2 /* that are withheld, and as many that are free */

static unsigned complain(const struct machine *m, const char *name, const char *what)
{
        if (!verdicts_quiet)
                printf("# seed %llu: %s %s\n", (unsigned long long)m->seed, name, what);
        return 1;
}

/* ---- what udev makes of a rule's line --------------------------------------------------------------------------- */

/* A device as its event has it, wherever it is plugged in. */
struct event {
        const struct plug *is, *at;
};

static bool fits(const char *patterns, const char *value)
{
        char copy[9000], *rest = copy, *one;

        TEXT(copy, "%s", patterns);
        while ((one = strsep(&rest, "|")))
                if (fnmatch(one, value, 0) == 0)
                        return true;
        return false;
}

/* A file that is not there fits no condition, and no negated one (udev(7), token_match_attr() of udev-rules.c). */
static bool holds(const struct event *e, const char *key, bool negated, const char *patterns)
{
        char value[400] = "";

        if (strcmp(key, "SUBSYSTEM") == 0)
                TEXT(value, "usb");
        else if (strcmp(key, "ENV{PRODUCT}") == 0)
                TEXT(value, "%s", e->is->kind == PLUG_INPUT ? "" : "46d/c31c/100");
        else if (strcmp(key, "ATTR{serial}") == 0)
                TEXT(value, "%s", e->is->serial);
        else if (strcmp(key, "ATTR{speed}") == 0)
                TEXT(value, "%u", e->at->speed);
        else if (strcmp(key, "ENV{.PASSTHROUGH_PLACE}") == 0)
                TEXT(value, "usb%u:/%s", e->at->speed > 480 ? 3 : 2, e->at->dir);
        else if (strcmp(key, "KERNEL") == 0)
                TEXT(value, "%s", e->at->name);
        else if (strcmp(key, "DEVPATH") == 0)
                TEXT(value, "/%s", e->at->dir);
        else
                errx(2, "a rule for udev asks for %s", key);
        if (!*value && strncmp(key, "ATTR", 4) == 0)
                return false;
        return fits(patterns, value) != negated;
}

/* Whether all conditions of the line hold; *ret_claims: it claims the device then. */
static bool decides(const struct event *e, const char *line, size_t n, bool *ret_claims)
{
        const char *end = line + n;

        *ret_claims = false;
        for (const char *at = line; at < end;) {
                char key[64], value[9000];
                const char *operator= at + strcspn(at, "=!"), *quote = strchr(operator, '"'), *close;

                if (!quote || quote >= end || !(close = strchr(quote + 1, '"')))
                        break;
                TEXT(key, "%.*s", (int)(operator- at), at);
                TEXT(value, "%.*s", (int)(close - quote - 1), quote + 1);
                if (operator[1] == '=' && !holds(e, key, *operator== '!', value))
                        return false;
                *ret_claims |= operator[1] != '=' && strcmp(key, "ENV{PASSTHROUGH_RULE}") == 0;
                at = close + 1 + strspn(close + 1, ", ");
        }
        return true;
}

/* Whether the file has udev claim the device at its first event. */
static bool claims(const char *text, const struct event *e)
{
        const char *from = strstr(text, "ACTION!=\"add\", GOTO="), *line, *next;

        for (line = from ? strchr(from, '\n') + 1 : ""; strncmp(line, "LABEL", 5) != 0 && *line; line = next) {
                size_t n = strcspn(line, "\n");
                bool claim;

                next = line + n + (line[n] == '\n');
                if (decides(e, line, n, &claim))
                        return claim;
        }
        return false;
}

/* ---- an image ---------------------------------------------------------------------------------------------------- */

static bool is_withheld(const struct claims_asked *a, unsigned i)
{
        return a->verdicts[i] >= UNKNOWN;
}

/* Another device that looks the same, and that nobody may take, is in its place by the next boot; one with the same
 * serial number, too. */
static unsigned impostors(const struct machine *m, const struct claims_asked *a, const char *text, const struct plug *p)
{
        for (unsigned i = 0; i < m->n_plugs; i++) {
                const struct plug *q = &m->plugs[i];

                if (q == p || !is_withheld(a, i) || q->kind == PLUG_INPUT || q->kind == PLUG_HUB)
                        continue;
                if (claims(text, &(struct event){.is = q, .at = p}))
                        return complain(m, q->name, f("would be claimed by an image in the place of %s", p->name));
        }
        return 0;
}

static unsigned by_image(const struct machine *m, const struct claims_asked *a, struct tally *tally)
{
        static char text[1 << 18];
        FILE *file = fopen(TEXT_OF_IMAGE, "re");
        unsigned wrong = 0;

        text[file ? fread(text, 1, sizeof(text) - 1, file) : 0] = '\0';
        if (file)
                fclose(file);
        for (unsigned i = 0; i < m->n_plugs; i++) {
                const struct plug *p = &m->plugs[i];

                if (!claims(text, &(struct event){.is = p, .at = p}))
                        continue;
                tally->claimed[0]++;
                if (is_withheld(a, i) || !a->matched[i])
                        wrong += complain(m, p->name, "would be claimed by an image");
                if (p->keyboard && passphrase_possible(m))
                        wrong += complain(m, p->name, "is a keyboard, and would be claimed by an image");
                wrong += impostors(m, a, text, p);
        }
        return wrong;
}

/* ---- on the host ------------------------------------------------------------------------------------------------- */

static bool asks(const char *name)
{
        const char *const arguments[] = {f("--claim=%s", name), NULL};
        int status;

        return strstr(run_program(PASSTHROUGH_DEMAND, arguments, &status), "PASSTHROUGH_RULE=");
}

/* Some that are withheld, and some that are free; whole: what the plan takes is claimed. */
static unsigned ask(const struct machine *m, const struct claims_asked *a, const char *when, bool whole,
                    uint64_t *claimed)
{
        unsigned wrong = 0, withheld = 0, free = 0, first = m->n_plugs ? (unsigned)(m->seed / 8 % m->n_plugs) : 0;

        for (unsigned k = 0; k < m->n_plugs; k++) {
                unsigned i = (first + k) % m->n_plugs;
                const struct plug *p = &m->plugs[i];
                bool takes;

                if (p->kind == PLUG_HUB || a->verdicts[i] == EITHER ||
                    (is_withheld(a, i) ? withheld : free) == ASKED_MAX)
                        continue;
                if (is_withheld(a, i))
                        withheld++;
                else
                        free++;
                takes = asks(p->name);
                *claimed += takes;
                if (takes && (is_withheld(a, i) || !a->matched[i]))
                        wrong += complain(m, p->name, f("is claimed %s", when));
                if (!takes && whole && a->matched[i] && a->verdicts[i] == FREE)
                        wrong += complain(m, p->name, f("is not claimed %s", when));
        }
        return wrong;
}

/* No driver has any of them. */
static void without_drivers(const struct machine *m, bool back)
{
        for (unsigned i = 0; i < m->n_plugs; i++) {
                const char *dir = f("sys/%s/%s:1.0", m->plugs[i].dir, m->plugs[i].name);

                moments_move(f("%s/driver%s", dir, back ? ".kept" : ""), f("%s/driver%s", dir, back ? "" : ".kept"));
        }
        moments_move(back ? "sys/class/tty.kept" : "sys/class/tty", back ? "sys/class/tty" : "sys/class/tty.kept");
        if (!back)
                make_dirs("sys/class/tty");
}

static unsigned boot(const struct machine *m, const struct claims_asked *a, struct tally *tally)
{
        unsigned wrong;

        if (!moments_image())
                return complain(m, "", "no image is built for USB devices");
        wrong = by_image(m, a, tally);
        if (m->n_shaped == 0) {
                moments_hide(m, false);
                without_drivers(m, false);
                wrong += ask(m, a, "on the way up", false, &tally->claimed[1]);
                remove_tree(AT_FDCWD, "sys/class/tty");
                without_drivers(m, true);
                moments_hide(m, true);
                for (unsigned i = 0; i < m->n_functions; i++)
                        if (m->functions[i].driver)
                                link_sys(f("%s/driver", m->functions[i].dir),
                                         f("bus/pci/drivers/%s", m->functions[i].driver));
        }
        return wrong;
}

/* Its first service has run. */
static unsigned up(const struct machine *m, const struct claims_asked *a, struct tally *tally)
{
        const char *const arguments[] = {"--rule=99-none", NULL};
        int status;

        put("etc/passthrough.d/99-none.conf", "[Match]\nBus=tty\nPort=ttyNONE9\n[Device]\nExpect=0-\n");
        run_program(PASSTHROUGH_BIND, arguments, &status);
        return ask(m, a, "on the host", true, &tally->claimed[2]);
}

unsigned claims_moments(const struct machine *m, const struct claims_asked *a, struct tally *tally)
{
        unsigned wrong = m->seed / 4 % 2 ? up(m, a, tally) : boot(m, a, tally);

        remove_tree(AT_FDCWD, "../image");
        remove_tree(AT_FDCWD, "var/lib/passthrough");
        remove_tree(AT_FDCWD, "run/passthrough");
        return wrong;
}
