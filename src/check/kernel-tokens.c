/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line: what is wrong with what stands there, and what the config needs and does not stand there. */

#include "base/str.h"
#include "check/row.h"

static bool about_iommu(const char *text)
{
        static const char *const names[] = {"intel_iommu", "amd_iommu", "iommu"};
        size_t n = strcspn(text, "=");

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (n == strlen(names[i]) && strncmp(text, names[i], n) == 0)
                        return true;
        return false;
}

static void finding(struct checker *c, const struct finding *f)
{
        bool error = f->severity == SEVERITY_ERROR, outranked = error && c->live && about_iommu(f->token);
        const char *id = check_row_id(c, "cmdline", f->token);

        check_row(c, id, error && !outranked ? CHECK_FAIL : CHECK_WARN,
                  *f->fix ? f->fix : "remove it, or see passthroughctl cmdline check", "%s (%s): %s%s", f->token,
                  reader_names[f->reader], f->message, outranked ? "; yet there are IOMMU groups now" : "");
        check_row_brief(c, "%s", f->message);
}

/* The same value; of IOMMU tokens, which are lists, also one of its items. */
static bool has_value(const struct token *t, const char *value)
{
        size_t n = value ? strlen(value) : 0;

        if (streq_ptr(t->value, value))
                return true;
        for (const char *s = about_iommu(t->name) && value ? t->value : NULL; s;
             s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL)
                if (startswith(s, value) && (s[n] == '\0' || s[n] == ','))
                        return true;
        return false;
}

static const struct token *find_token(const struct checker *c, const char *text)
{
        size_t n = strcspn(text, "=");

        for (size_t i = c->n_tokens; i-- > 0;) {
                const struct token *t = &c->tokens[i];
                char name[64];

                if (t->late || n >= sizeof(name))
                        continue;
                memcpy(name, text, n);
                name[n] = '\0';
                if (cmdline_name_is(t->name, name) && has_value(t, text[n] ? text + n + 1 : NULL))
                        return t;
        }
        return NULL;
}

static bool is_refused(const struct checker *c, const char *token)
{
        for (size_t i = 0; i < c->facts->refused.n; i++)
                if (streq(c->facts->refused.v[i].finding.token, token))
                        return true;
        return false;
}

/* What apply refuses, in the words it has for it. */
static void refused(struct checker *c)
{
        for (size_t i = 0; i < c->facts->refused.n; i++) {
                const struct refused_token *r = &c->facts->refused.v[i];
                const struct finding *f = &r->finding;

                check_row(c, check_row_id(c, "cmdline", f->token), CHECK_FAIL,
                          *f->fix ? f->fix : "remove it, or see passthroughctl cmdline check",
                          "%s (%s): %s; apply refuses it (%s)", f->token, reader_names[f->reader], f->message,
                          r->where);
        }
}

/*
 * A token that is needed and missing fails, unless the IOMMU groups that it is for are there without it, or it makes
 * the host's own devices faster and no more.
 */
static void need(struct checker *c, const struct need *x)
{
        const char *id = check_row_id(c, "cmdline", x->token);
        const char *fix = arena_printf(c->arena,
                                       c->facts->loader_problem ? "add %s by hand, and reboot"
                                                                : "passthroughctl apply adds %s; then reboot",
                                       x->token);
        bool for_speed = startswith(x->token, "iommu=") || startswith(x->token, "iommu.passthrough=");
        bool outranked = c->live && about_iommu(x->token) && !for_speed;

        if (!c->plan->facts->cmdline)
                check_row(c, id, CHECK_UNKNOWN, "", "needed: %s; there is no /proc/cmdline to look at", x->why);
        else if (find_token(c, x->token))
                check_row(c, id, CHECK_PASS, "", "it is in /proc/cmdline; needed: %s", x->why);
        else
                check_row(c, id, outranked || for_speed ? CHECK_WARN : CHECK_FAIL, fix,
                          "not in /proc/cmdline; needed: %s%s", x->why,
                          outranked ? "; yet there are IOMMU groups now" : "");
        if (!c->facts->loader_problem)
                check_row_by_apply(c);
}

void check_kernel_tokens(struct checker *c)
{
        const struct iommu_tables *tables = &c->facts->iommus.tables;
        struct cmdline_machine machine = c->facts->machine.cmdline;
        const char *line = c->plan->facts->cmdline;
        struct findings findings = {};
        bool sound = true;

        /* Which parser of the kernel reads the line goes by the IOMMU that is there, not by the processor. */
        if (tables->dmar != tables->ivrs)
                machine.vendor = tables->dmar ? CPU_INTEL : CPU_AMD;
        machine.igpu_wanted = machine.igpu && check_taken_at(c, machine.igpu);
        if (line)
                cmdline_judge(line, &machine, c->arena, &findings);
        for (size_t i = 0; i < findings.n; i++) {
                if (findings.v[i].severity == SEVERITY_INFO)
                        continue;
                sound = false;
                if (findings.v[i].severity == SEVERITY_ERROR && is_refused(c, findings.v[i].token))
                        continue;
                finding(c, &findings.v[i]);
        }
        if (!line)
                check_row(c, "cmdline.line", CHECK_UNKNOWN, "", "there is no /proc/cmdline to look at");
        else if (sound)
                check_row(c, "cmdline.line", CHECK_PASS, "", "no kernel parameter blocks passthrough (/proc/cmdline)");
        refused(c);
        if (c->in->needs->unknown)
                check_row(c, "cmdline.iommu", CHECK_UNKNOWN, "", "%s", c->in->needs->unknown);
        for (size_t i = 0; i < c->in->needs->n_tokens; i++)
                if (!is_refused(c, c->in->needs->tokens[i].token))
                        need(c, &c->in->needs->tokens[i]);
}
