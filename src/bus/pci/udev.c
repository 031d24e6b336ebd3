/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Match] as udev can judge it: by the variables of the kernel's own event (drivers/pci/pci-driver.c, pci_uevent) and
 * by the place in the tree. Keys that it cannot judge are left out: the process that is started has the last word.
 */
#include <ctype.h>

#include "base/str.h"
#include "bus/pci/pci.h"

static const char *address(struct arena *a, const char *word)
{
        (void)a;
        return word;
}

static const char *id(struct arena *a, const char *word)
{
        char *text = arena_strdup(a, word);

        for (char *c = text; *c; c++)
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

        for (const char *s = word + first; *s; s += 1 + strcspn(s + 1, "/"))
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

/* In udev, too, alternatives are separated by "|", and negated as a whole. NULL where it would be too long. */
static const char *condition(struct arena *a, const char *name, const char *(*value)(struct arena *, const char *),
                             const struct words *list)
{
        const char *text = arena_join(a, name, list->negate ? "!=\"" : "==\"", NULL);

        for (size_t i = 0; i < list->n && strlen(text) <= BUS_UDEV_MAX; i++)
                text = arena_join(a, text, i > 0 ? "|" : "", value(a, list->v[i]), NULL);
        return strlen(text) <= BUS_UDEV_MAX ? arena_join(a, text, "\", ", NULL) : NULL;
}

/* They are in its directory, whatever bus they are on; its "physfn" is there too late (drivers/pci/iov.c). */
const char *pci_udev_made(struct arena *a, const struct device *parent, const char *vf_id)
{
        const char *sysfs = parent->sysfs + strlen("/sys");

        return arena_printf(a, "ENV{PCI_ID}==\"%s\", DEVPATH==\"%.*s%.*s:??:??.?\", ", id(a, vf_id),
                            (int)(str_basename(sysfs) - sysfs), sysfs, (int)strcspn(parent->address, ":"),
                            parent->address);
}

const char *pci_udev(struct arena *a, const struct rule *rule, bool *ret_whole)
{
        const char *text = "";

        *ret_whole = rule->match[MATCH_SLOT].n + rule->match[MATCH_SERIAL].n + rule->match[MATCH_PARENT].n +
                             rule->match[MATCH_VIRTUAL_FUNCTION].n ==
                     0;
        for (size_t i = 0; i < ARRAY_SIZE(judged); i++) {
                const struct words *list = &rule->match[judged[i].key];
                const char *one = list->n > 0 ? condition(a, judged[i].name, judged[i].value, list) : "";

                if (one)
                        text = arena_join(a, text, one, NULL);
                else
                        *ret_whole = false;
        }
        return text;
}
