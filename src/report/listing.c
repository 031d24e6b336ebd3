/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/listing.h"

#include "base/str.h"
#include "plan/propose.h"
#include "report/beside.h"
#include "report/brief.h"
#include "report/domain.h"
#include "report/headings.h"

const char *const list_state_names[LIST_STATE_MAX_] = {"free",      "held",      "handed over",
                                                       "next boot", "on demand", "refused"};

static const struct device *device_at(const struct listing *list, size_t device)
{
        return &list->plan->facts->devices[device];
}

/* ---- addresses -----------------------------------------------------------------------------------------------------
 */

const char *listing_address(const struct listing *list, size_t device)
{
        return domain_less(list->one_domain, device_at(list, device)->address);
}

const char *listing_text(const struct listing *list, struct arena *a, const char *text)
{
        return domain_less_text(list->one_domain, a, text);
}

const char *listing_slot(const struct listing *list, size_t device)
{
        const struct device *d = device_at(list, device);
        size_t of = d->parent ? facts_find(list->plan->facts, d->parent) : NO_DEVICE;
        const char *slot = d->marks[MARK_SLOT];

        if (!slot && of != NO_DEVICE)
                slot = device_at(list, of)->marks[MARK_SLOT];
        return slot ? slot : "";
}

/* ---- which devices -------------------------------------------------------------------------------------------------
 */

static bool is_class(const struct listing *list, size_t device, const char *word)
{
        const struct device *d = device_at(list, device);

        return strcasecmp(word, device_kind(d)) == 0 ||
               (strlen(word) >= 3 && strncasecmp(word, heading_names[heading_of(d)], strlen(word)) == 0);
}

static bool means(const struct listing *list, struct arena *a, size_t device)
{
        const struct device *d = device_at(list, device);
        const struct plan_entry *e = plan_find(list->plan, device);
        struct strings texts = {};
        bool all = true;

        if (!list->words || list->words->n == 0)
                return true;
        texts = model_nodes(a, list->plan->facts, device);
        strings_add(a, &texts, model_full(a, &list->names[device]));
        strings_add(a, &texts, model_short(a, d, &list->names[device]));
        strings_add(a, &texts, d->driver_now ? d->driver_now : "");
        strings_add(a, &texts, d->address);
        strings_add(a, &texts, d->id);
        if (e)
                strings_add(a, &texts, list->plan->config->rules[e->rule].name);
        for (size_t w = 0; w < list->words->n; w++) {
                bool found = is_class(list, device, list->words->v[w]);

                for (size_t i = 0; i < texts.n; i++)
                        found |= strcasestr(texts.v[i], list->words->v[w]) != NULL;
                all &= found;
        }
        return all;
}

/* Bridges and the like, unless somebody hands them over. */
static bool is_hidden(const struct listing *list, size_t device)
{
        const struct device *d = device_at(list, device);
        const struct plan_entry *e = plan_find(list->plan, device);

        return !list->all && heading_of(d) == HEADING_SYSTEM && !driver_is_vfio(d->driver_now) &&
               !(e && e->action == ACTION_BIND && e->leader == NO_ENTRY);
}

static bool is_shown(const struct listing *list, size_t device)
{
        return !is_hidden(list, device) && list->means[device];
}

static bool comes_along(const struct listing *list, size_t device, size_t leader)
{
        const struct handover *h = &list->handovers[leader];

        for (size_t i = 0; i < h->n_along; i++)
                if (h->along[i] == device)
                        return true;
        return false;
}

/* A companion, by the plan or as a display's would be; both are refused alike, or go together. */
static bool accompanies(const struct listing *list, size_t device, size_t leader)
{
        const struct plan_entry *e = plan_find(list->plan, device), *l = plan_find(list->plan, leader);

        if (e && l)
                return e->leader != NO_ENTRY && list->plan->entries[e->leader].device == leader;
        return !e && !l && propose_goes_along(list->plan->facts, device, leader) &&
               (comes_along(list, device, leader) || list->handovers[leader].action == ACTION_REFUSE) &&
               list->handovers[device].action == list->handovers[leader].action;
}

static size_t under(const struct listing *list, size_t device)
{
        const struct facts *facts = list->plan->facts;
        size_t first, n;

        if (device_at(list, device)->parent)
                return facts_find(facts, device_at(list, device)->parent);
        n = facts_card(facts, device, &first);
        for (size_t i = first; i < first + n; i++)
                if (i != device && accompanies(list, device, i))
                        return i;
        for (size_t i = 0; plan_find(list->plan, device) && i < facts->n_devices; i++)
                if (i != device && accompanies(list, device, i))
                        return i;
        return NO_DEVICE;
}

void listing_prepare(struct listing *list, struct arena *a)
{
        size_t n = list->plan->facts->n_devices;

        list->means = arena_alloc(a, n * sizeof(*list->means));
        list->under = arena_alloc(a, n * sizeof(*list->under));
        list->one_domain = domain_is_one(list->plan->facts);
        for (size_t i = 0; i < n; i++) {
                list->means[i] = means(list, a, i);
                list->under[i] = under(list, i);
        }
}

/* ---- what is said of one -------------------------------------------------------------------------------------------
 */

enum list_state listing_state(const struct listing *list, size_t device)
{
        const struct plan_entry *e = plan_find(list->plan, device);
        const char *driver = device_at(list, device)->driver_now;

        if (!e)
                return list->handovers[device].action == ACTION_BIND ? LIST_FREE : LIST_HELD;
        if (e->action == ACTION_BIND)
                return streq_ptr(driver, e->driver) ? LIST_HANDED_OVER
                       : e->stage == STAGE_DEMAND   ? LIST_ON_DEMAND
                                                    : LIST_NEXT_BOOT;
        return e->action == ACTION_KEEP ? LIST_HELD : LIST_REFUSED;
}

static const char *rule_of(const struct listing *list, size_t device)
{
        const struct plan_entry *e = plan_find(list->plan, device);

        return e ? list->plan->config->rules[e->rule].name : "";
}

/* "free (iavf)", "handed over (vfs, vfio-pci)": what the virtual functions of a device are counted by. */
static const char *virtual_state(const struct listing *list, struct arena *a, size_t device)
{
        const char *rule = rule_of(list, device), *driver = device_at(list, device)->driver_now;

        return arena_join(a, list_state_names[listing_state(list, device)], " (", rule, *rule ? ", " : "",
                          driver ? driver : "no driver", !*rule && driver_is_vfio(driver) ? ", no rule" : "", ")",
                          NULL);
}

const char *listing_virtual(const struct listing *list, struct arena *a, size_t device)
{
        const struct facts *facts = list->plan->facts;
        const struct sriov_facts *can = list->functions ? &list->functions[device] : NULL;
        uint32_t total = can && can->capable == YES ? can->total : 0;
        const char *text = "", *of = total > 0 ? arena_printf(a, " of %u", total) : "";
        struct strings states = {};
        size_t n_like;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (streq_ptr(facts->devices[i].parent, device_at(list, device)->address) &&
                    !facts->devices[i].bus->syntax->made)
                        strings_add(a, &states, virtual_state(list, a, i));
        for (size_t i = 0; i < states.n; i++) {
                if (str_index(states.v[i], states.v, i) >= 0)
                        continue;
                n_like = 0;
                for (size_t k = i; k < states.n; k++)
                        n_like += streq(states.v[k], states.v[i]);
                text = arena_printf(a, "%s%s%zu %s", text, *text ? ", " : "", n_like, states.v[i]);
        }
        if (states.n > 0)
                return arena_printf(a, "%zu%s VF%s: %s", states.n, of, total < 2 && states.n == 1 ? "" : "s", text);
        return total > 0 ? arena_printf(a, "can have %u VF%s", total, total == 1 ? "" : "s") : NULL;
}

/* "with 01:00.1, its audio; 01:00.2, its USB", of those that are on this device's line; NULL if there are none. */
static const char *companions(const struct listing *list, struct arena *a, size_t device)
{
        const struct facts *facts = list->plan->facts;
        const char *text = NULL;

        for (size_t i = 0; i < facts->n_devices; i++) {
                if (i == device || facts->devices[i].parent || list->under[i] != device)
                        continue;
                if (heading_of(&facts->devices[i]) == HEADING_SYSTEM && list->handovers[device].action != ACTION_BIND)
                        continue;
                text = arena_join(a, text ? text : "with ", text ? "; " : "", listing_address(list, i),
                                  beside_word(facts, i, device), NULL);
        }
        return text;
}

/* Devices that it cannot go without and that are on no other's line, those of them that are shown or those that are
 * not: "05:00.0, 05:00.1"; "" if there are none. */
static const char *others(const struct listing *list, struct arena *a, size_t device, bool shown)
{
        const struct handover *h = &list->handovers[device];
        const char *text = "";

        for (size_t i = 0; i < h->n_along; i++)
                if (list->under[h->along[i]] == NO_DEVICE && is_shown(list, h->along[i]) == shown)
                        text = arena_join(a, text, *text ? ", " : "", listing_address(list, h->along[i]), NULL);
        return text;
}

static void tell_company(const struct listing *list, struct arena *a, struct list_row *row)
{
        const char *shown = others(list, a, row->device, true), *hidden = others(list, a, row->device, false);
        int group = device_at(list, row->device)->group;

        if (*shown && group != NO_GROUP) {
                /* Their lines say the same. */
                row->words = arena_printf(a, "with group %d", group);
                row->detail = *hidden ? arena_join(a, "and with ", hidden, NULL) : NULL;
        } else if (*shown || *hidden)
                row->detail = arena_join(a, "with ", shown, hidden,
                                         group == NO_GROUP ? "" : ", in the same IOMMU group", NULL);
}

/* "may be needed" stands in front of the detail: ", which may be needed" at its end is left out. */
static const char *without_words(struct arena *a, const char *detail, const char *words)
{
        const char *end = arena_join(a, ", which ", words, NULL);

        return *words && endswith(detail, end) ? arena_strndup(a, detail, strlen(detail) - strlen(end)) : detail;
}

static void tell_state(const struct listing *list, struct arena *a, struct list_row *row)
{
        const struct plan_entry *e = plan_find(list->plan, row->device);
        const struct handover *h = &list->handovers[row->device];
        struct brief brief = {"", NULL};

        row->words = rule_of(list, row->device);
        if (row->state == LIST_HELD && e) {
                row->words = arena_join(a, "rule ", row->words,
                                        list->plan->rules[e->rule].state == RULE_INVALID   ? ", which has an error"
                                        : list->plan->rules[e->rule].state == RULE_SKIPPED ? ", which is switched off"
                                                                                           : "",
                                        NULL);
                return;
        }
        if (row->state == LIST_HELD || row->state == LIST_REFUSED)
                brief = brief_of(a, list->plan->facts, row->device, h);
        if (row->state == LIST_HELD)
                row->words = brief.words;
        else if (*brief.words)
                row->words = arena_join(a, row->words, ": ", brief.words, NULL);
        row->detail = brief.detail ? listing_text(list, a, without_words(a, brief.detail, brief.words)) : NULL;
        if (row->state != LIST_FREE)
                return;
        if (driver_is_vfio(row->driver))
                row->words = "no rule";
        else
                tell_company(list, a, row);
}

/* "its audio is 04:00.0": what is on the card, with a line of its own. */
static const char *elsewhere(const struct listing *list, struct arena *a, size_t device)
{
        const struct facts *facts = list->plan->facts;
        const char *text = NULL;

        for (size_t i = beside_next(facts, device, NO_DEVICE); i != NO_DEVICE; i = beside_next(facts, device, i))
                if (list->under[i] == NO_DEVICE)
                        text = arena_join(a, text ? text : "", text ? ", " : "its ", device_kind(&facts->devices[i]),
                                          " is ", listing_address(list, i), NULL);
        return text;
}

static struct list_row row_of(const struct listing *list, struct arena *a, size_t device)
{
        const struct device *d = device_at(list, device);
        const char *line;
        struct list_row row = {
                .device = device,
                .heading = heading_of(d),
                .state = listing_state(list, device),
                .cell = model_cell(a, list->plan->facts, device, &list->names[device]),
                .slot = listing_slot(list, device),
                .numa = d->numa_node ? d->numa_node : "",
                .driver = d->driver_now ? d->driver_now : "-",
        };

        tell_state(list, a, &row);
        line = companions(list, a, device);
        if (line)
                strings_add(a, &row.below, line);
        line = elsewhere(list, a, device);
        if (line)
                strings_add(a, &row.below, line);
        line = d->parent ? arena_join(a, d->bus->syntax->made ? "a virtual GPU of " : "a virtual function of ",
                                      d->parent, NULL)
                         : NULL;
        line = line ? listing_text(list, a, line) : NULL;
        if (line)
                strings_add(a, &row.below, line);
        line = listing_virtual(list, a, device);
        if (line)
                strings_add(a, &row.below, line);
        line = listing_vgpus(list, a, device);
        if (line)
                strings_add(a, &row.below, line);
        return row;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------
 */

static bool goes_under(const struct listing *list, size_t device)
{
        size_t above = list->under[device];

        return above != NO_DEVICE && is_shown(list, above);
}

/* Two devices of the same kind, in two places that both have a name. */
static bool tells_apart(const struct listing *list, const struct list_table *t, bool slots)
{
        for (size_t i = 0; i < t->n; i++)
                for (size_t k = i + 1; k < t->n; k++) {
                        const char *x = slots ? t->rows[i].slot : t->rows[i].numa;
                        const char *y = slots ? t->rows[k].slot : t->rows[k].numa;

                        if (*x && *y && !streq(x, y) &&
                            streq(device_at(list, t->rows[i].device)->id, device_at(list, t->rows[k].device)->id))
                                return true;
                }
        return false;
}

/* Two notes with the same words: the second's rows say "may be needed (2)". */
static const char *note_words(const struct list_table *t, struct arena *a, const char *words)
{
        size_t n = 1;

        for (size_t i = 0; i < t->n_notes; i++)
                n += startswith(t->notes[i].words, words);
        return n > 1 ? arena_printf(a, "%s (%zu)", words, n) : words;
}

static void note_shared(struct list_table *t, struct arena *a)
{
        for (size_t i = 0; i < t->n; i++) {
                const struct list_row first = t->rows[i];
                const char *words;
                size_t n = 0;

                for (size_t k = i; first.detail && k < t->n; k++)
                        n += streq_ptr(t->rows[k].detail, first.detail) && streq(t->rows[k].words, first.words);
                if (n < 2)
                        continue;
                words = note_words(t, a, first.words);
                *(struct list_note *)arena_grow(a, &t->notes, t->n_notes, sizeof(*t->notes)) =
                        (struct list_note){words, first.detail};
                t->n_notes++;
                for (size_t k = i; k < t->n; k++)
                        if (streq_ptr(t->rows[k].detail, first.detail) && streq(t->rows[k].words, first.words)) {
                                t->rows[k].detail = NULL;
                                t->rows[k].words = words;
                        }
        }
}

struct list_table listing_table(const struct listing *list, struct arena *a)
{
        const struct facts *facts = list->plan->facts;
        struct list_table t = {.rows = arena_alloc(a, facts->n_devices * sizeof(*t.rows))};

        for (enum heading heading = 0; heading < HEADING_MAX_; heading++)
                for (size_t i = 0; i < facts->n_devices; i++) {
                        if (heading_of(&facts->devices[i]) != heading || !list->means[i] || goes_under(list, i))
                                continue;
                        if (is_hidden(list, i)) {
                                t.n_hidden++;
                                continue;
                        }
                        t.rows[t.n] = row_of(list, a, i);
                        t.of_state[t.rows[t.n++].state]++;
                }
        t.slots = tells_apart(list, &t, true);
        t.numa = tells_apart(list, &t, false);
        note_shared(&t, a);
        return t;
}
