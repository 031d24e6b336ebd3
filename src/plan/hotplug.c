/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Match] as udev can judge it: by the variables of the kernel's own event (drivers/pci/pci-driver.c, pci_uevent) and
 * by the place in the tree. Keys that it cannot judge are left out: the process that is started has the last word.
 */
#include "plan/hotplug.h"

#include <ctype.h>
#include <errno.h>

#include "base/str.h"

/* "680" is another bridge, which a rule may name: see bus/pci/gather.c. An event that was asked for is about the past.
 */
static const char head[] = "# Made by passthrough-bind from passthrough.d(5), see passthrough(7)\n"
                           "ACTION!=\"add\", GOTO=\"passthrough_end\"\n"
                           "SUBSYSTEM!=\"pci\", GOTO=\"passthrough_end\"\n"
                           "ENV{SYNTH_UUID}!=\"\", GOTO=\"passthrough_end\"\n"
                           "ENV{PCI_CLASS}==\"6????\", ENV{PCI_CLASS}!=\"680??\", GOTO=\"passthrough_end\"\n";
static const char start[] = "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"passthrough-hotplug@$kernel.service\", ";
/*
 * A condition that is longer is left out, too. udev reads no line of more than 16384 bytes, and of a file with one
 * nothing from there on, so that no GOTO above it leads anywhere (src/udev/udev-rules.c, UDEV_LINE_SIZE).
 */
#define CONDITION_MAX ((size_t)2048)

static const char leave[] = "GOTO=\"passthrough_end\"\n", end[] = "LABEL=\"passthrough_end\"\n";

static const char *address(struct arena *a, const char *word)
{
        (void)a;
        return word;
}

static const char *id(struct arena *a, const char *word)
{
        char *text = arena_strdup(a, word);

        for (char *c = text; c && *c; c++)
                *c = (char)toupper((unsigned char)*c);
        return text;
}

/* The variable has the number of three bytes in hex, in four digits at least: "30000", "C0330", "0100". */
static const char *class(struct arena *a, const char *word)
{
        char text[] = "??????", *s = text;

        memcpy(text, word, MIN(strlen(word), sizeof(text) - 1));
        for (int zeros = 0; zeros < 2 && *s == '0'; zeros++)
                s++;
        return id(a, s);
}

/*
 * The bridges are the directories above the function; each but the first has a bus number of its own, that may be any.
 * As these have two digits, no "?" can stand for a slash.
 */
static const char *path(struct arena *a, const char *word)
{
        size_t domain = (size_t)(strchr(word, ':') - word), bus = domain + 3, first = strcspn(word, "/");
        char *text = arena_printf(a, "*/pci%.*s/%.*s", (int)bus, word, (int)first, word);

        for (const char *s = word + first; text && *s; s += 1 + strcspn(s + 1, "/"))
                text = arena_printf(a, "%s/%.*s:??:%.*s", text, (int)domain, word, (int)strcspn(s + 1, "/"), s + 1);
        return text;
}

static const struct {
        enum match_key key;
        const char *name;
        const char *(*value)(struct arena *a, const char *word);
} judged[] = {
        {MATCH_ADDRESS, "KERNEL", address},     {MATCH_PATH, "DEVPATH", path},
        {MATCH_ID, "ENV{PCI_ID}", id},          {MATCH_SUBSYSTEM, "ENV{PCI_SUBSYS_ID}", id},
        {MATCH_CLASS, "ENV{PCI_CLASS}", class},
};

/* In udev, too, alternatives are separated by "|", and negated as a whole. */
static const char *condition(struct arena *a, const char *name, const char *(*value)(struct arena *, const char *),
                             const struct words *list)
{
        const char *text = arena_join(a, name, list->negate ? "!=\"" : "==\"", NULL);

        for (size_t i = 0; text && i < list->n; i++) {
                const char *word = value(a, list->v[i]);

                text = arena_join(a, text, i > 0 ? "|" : "", word, NULL);
        }
        return arena_join(a, text, "\", ", NULL);
}

/* *whole is cleared where one of them is left out. */
static const char *conditions(struct arena *a, const struct rule *rule, bool *whole)
{
        const char *text = "";

        for (size_t i = 0; text && i < ARRAY_SIZE(judged); i++) {
                const struct words *list = &rule->match[judged[i].key];
                const char *one = list->n > 0 ? condition(a, judged[i].name, judged[i].value, list) : "";

                if (one && strlen(one) > CONDITION_MAX) {
                        *whole = false;
                        one = "";
                }
                text = one ? arena_join(a, text, one, NULL) : NULL;
        }
        return text;
}

static bool judged_whole(const struct rule *rule)
{
        return rule->match[MATCH_SLOT].n + rule->match[MATCH_SERIAL].n + rule->match[MATCH_PARENT].n +
                       rule->match[MATCH_VIRTUAL_FUNCTION].n ==
               0;
}

/*
 * udev has the module loaded, so that the process need not be let load any. Driver=auto: of the names that a variant
 * driver may have, "vfio_" and what the kernel calls the device.
 */
static const char *action(struct arena *a, const struct rule *rule)
{
        if (rule->driver == DRIVER_NATIVE)
                return "";
        return arena_join(a, "RUN{builtin}+=\"kmod load ",
                          rule->driver == DRIVER_AUTO ? "vfio_$env{MODALIAS} vfio-pci" : rule->driver_name,
                          rule->driver == DRIVER_AUTO || driver_is_vfio(rule->driver_name) ? " vfio_iommu_type1" : "",
                          "\", ", start, NULL);
}

void hotplug_rules(const struct plan *plan, const bool *left_out, struct arena *a, const char **ret)
{
        const char *text = head;
        bool any = false;

        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool native = rule->driver == DRIVER_NATIVE, whole = judged_whole(rule);
                const char *which, *then;

                if (left_out[i] || rule->bus != BUS_PCI || plan->rules[i].state == RULE_INVALID ||
                    plan->rules[i].state == RULE_SKIPPED)
                        continue;
                which = conditions(a, rule, &whole);
                then = action(a, rule);
                /* What the host keeps ends here only where that is sure; else the process finds out. */
                if (native && !whole)
                        continue;
                text = arena_join(a, text, "# ", rule->name, "\n", which, then, leave, NULL);
                any |= !native;
        }
        *ret = any ? arena_join(a, text, end, NULL) : NULL;
}
