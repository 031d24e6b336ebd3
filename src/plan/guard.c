/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host needs: from each of its uses down through what that stands on to the devices, with the way there. */

#include "base/str.h"
#include "facts/identity.h"
#include "guard/evidence.h"
#include "plan/planner.h"

/* "0000:03:00.0 ← nvme0n1p2 ← dm-0 crypt ← /", and behind "; " what ends that use. */
static const char *chain(struct planner *p, size_t device, size_t node, const size_t *above, const struct use *use)
{
        const struct evidence *evidence = p->facts->evidence;
        const char *text = p->facts->devices[device].address;

        for (size_t i = node; text && i != SIZE_MAX; i = above[i])
                /* A port is a terminal of the same name. */
                if (!streq(evidence->nodes[i].label, p->facts->devices[device].address))
                        text = arena_join(p->arena, text, PLAN_ARROW, evidence->nodes[i].label, NULL);
        return arena_join(p->arena, text, PLAN_ARROW, use->what, use->ending ? "; " : NULL, use->ending, NULL);
}

void planner_guard(struct planner *p)
{
        const struct evidence *evidence = p->facts->evidence;
        size_t *above = arena_alloc(p->arena, evidence->n_nodes * sizeof(*above));
        size_t *queue = arena_alloc(p->arena, evidence->n_nodes * sizeof(*queue));
        size_t *seen = arena_alloc(p->arena, evidence->n_nodes * sizeof(*seen)); /* the use, counted from 1 */

        p->needed = arena_alloc(p->arena, p->facts->n_devices * sizeof(*p->needed));
        p->uses = arena_alloc(p->arena, p->facts->n_devices * sizeof(*p->uses));
        for (size_t u = 0; u < evidence->n_uses; u++) {
                size_t first = 0, last = 1;

                queue[0] = evidence->uses[u].node;
                above[queue[0]] = SIZE_MAX;
                seen[queue[0]] = u + 1;
                while (first < last) {
                        size_t at = queue[first++];
                        const struct node *n = &evidence->nodes[at];

                        for (size_t f = 0; f < n->n_devices; f++) {
                                const char **needed = &p->needed[n->devices[f]];

                                if (*needed)
                                        continue;
                                *needed = chain(p, n->devices[f], at, above, &evidence->uses[u]);
                                p->uses[n->devices[f]] = &evidence->uses[u];
                        }
                        for (size_t b = 0; b < n->n_below; b++) {
                                if (seen[n->below[b]] == u + 1)
                                        continue;
                                seen[n->below[b]] = u + 1;
                                above[n->below[b]] = at;
                                queue[last++] = n->below[b];
                        }
                }
        }
}

/* The entry that takes a device which the node is reached through, from that one on; or NULL. */
static struct plan_entry *taken_on(const struct planner *p, const struct node *n, size_t *from)
{
        for (; *from < n->n_devices; ++*from) {
                size_t entry = p->entry_of[n->devices[*from]];

                if (entry != NO_ENTRY && p->plan->entries[entry].action == ACTION_BIND)
                        return &p->plan->entries[entry];
        }
        return NULL;
}

static void refuse_keyboard(struct planner *p, const struct node *n)
{
        struct plan_entry *e;

        for (size_t from = 0; (e = taken_on(p, n, &from)); from++) {
                const char *use = arena_join(p->arena, "the only keyboard, and a passphrase may be asked for (",
                                             p->facts->evidence->passphrase, ")", NULL);
                const char *way = arena_join(p->arena, entry_device(p, e)->address, PLAN_ARROW, use, NULL);

                planner_refuse_for(e, REASON_KEYBOARD, arena_join(p->arena, "the host needs it: ", way, NULL), use,
                                   way);
        }
}

/* Where somebody may have to type a passphrase, one keyboard at least stays. */
void planner_keyboards(struct planner *p)
{
        const struct evidence *e = p->facts->evidence;

        for (size_t i = 0; i < e->n_keyboards; i++) {
                size_t from = 0;

                if (!taken_on(p, &e->nodes[e->keyboards[i]], &from))
                        return;
        }
        for (size_t i = 0; e->passphrase && i < e->n_keyboards; i++)
                refuse_keyboard(p, &e->nodes[e->keyboards[i]]);
        /* What may be one counts where there is no other. */
        for (size_t i = 0; e->passphrase && e->n_keyboards == 0 && i < e->n_typers; i++)
                refuse_keyboard(p, &e->nodes[e->typers[i]]);
}

/* What may be of several kinds at once has to show as each of them. */
static bool all_shows(const struct evidence *e, unsigned roles)
{
        return (e->sees_storage || !(roles & (ROLE_STORAGE | ROLE_GUARDED))) &&
               (e->sees_network || !(roles & (ROLE_NETWORK | ROLE_GUARDED))) &&
               (e->sees_keyboards || !(roles & (ROLE_USB | ROLE_GUARDED)));
}

/* Nobody has looked at what is on it, and it is the one that was looked at: no other has its serial number. */
static bool is_known_content(const struct planner *p, const struct plan_entry *e)
{
        const struct device *d = entry_device(p, e);

        return d->bus->interfaces && d->unseen_kind == REASON_NO_DRIVER &&
               *p->identities[e->device].is->marks[MARK_SERIAL] && identity_mark(p->facts, d, MARK_SERIAL);
}

/* The host names storage that it did not name when the device was looked at, and that is nowhere else. */
static bool names_more(struct planner *p, const struct clearance_device *then)
{
        const struct evidence *evidence = p->facts->evidence;

        for (size_t i = 0; i < evidence->n_lacking; i++)
                if (str_index(clearance_name(p->arena, evidence->lacking[i]), then->named, then->n_named) < 0)
                        return true;
        return false;
}

/*
 * On its way up a host shows less than when it cleared the device; once it is up, what shows has the last word. That no
 * uplink shows is nothing that does: the device was cleared when one did.
 */
static bool is_cleared(struct planner *p, const struct plan_entry *e)
{
        const struct device *d = entry_device(p, e);
        const struct evidence *evidence = p->facts->evidence;
        const struct identity *identity = &p->identities[e->device];

        if (!identity->cleared || !d->unseen)
                return identity->cleared;
        if (d->bus->interfaces && (d->unseen_kind == REASON_NO_DRIVER || d->unseen == evidence->storage_unknown) &&
            names_more(p, identity->is))
                return false;
        /* Keyboards show early, too; who was cleared was one of several. */
        if (d->unseen == evidence->keyboards_unknown)
                return false;
        return p->facts->booting || is_known_content(p, e) ||
               (d->unseen == evidence->uplink_unknown && !evidence->network_unknown);
}

/*
 * Why a controller that the host may boot from, answer on or be typed at is not known to be free. A
 * clearance stands where nothing shows, never against what does.
 */
bool planner_uncleared(struct planner *p, const struct plan_entry *e, struct reason *ret)
{
        const struct device *d = entry_device(p, e);
        const struct evidence *evidence = p->facts->evidence;
        const char *kind = roles_guarded(d->roles);
        bool shows;

        /* Nobody has had it yet: it was made for guests. */
        if (planner_makes(p, e) && (!d->driver || driver_sets_aside(d->driver)))
                return false;
        if (is_cleared(p, e))
                return false;
        if (kind && p->facts->clearance.unread)
                return reason_set(ret, REASON_NOT_CLEARED,
                                  "the record of what the host needed when a boot image was last built is "
                                  "incomplete: " CLEARANCE_PATH
                                  " cannot be read to its end; remove it and build the image again");
        if (d->unseen || !kind)
                return reason_set(ret, d->unseen_kind, d->unseen);
        /* Its driver shows what is on its buses, which once the root file system is there are read. */
        if (planner_on_display(p, e) &&
            (d->idle || (e->stage == STAGE_ROOT && p->facts->in_initrd && !p->facts->root_stage)))
                return false;
        shows = d->bus->interfaces        ? all_shows(evidence, d->roles)
                : d->roles & ROLE_STORAGE ? evidence->sees_storage
                : d->roles & ROLE_NETWORK ? evidence->sees_network
                                          : evidence->sees_storage && evidence->sees_keyboards;
        /* Once the root file system is there it will show; if it does not even then, it never does. */
        if (shows ||
            (d->roles & ROLE_STORAGE && e->stage == STAGE_ROOT && p->facts->in_initrd && !p->facts->root_stage))
                return false;
        if (p->facts->clearance.lapsed && p->identities[e->device].is)
                return reason_set(ret, REASON_NOT_CLEARED,
                                  arena_join(p->arena, "its clearance has lapsed: ", p->facts->clearance.lapsed, NULL));
        return reason_set(
                ret, REASON_NO_CLEARANCE,
                arena_join(p->arena, "the host may need this ", d->bus->interfaces ? "" : kind,
                           d->bus->interfaces ? "device" : " controller",
                           "; that does not show this early, and there is no clearance for it; passthroughctl "
                           "apply on the host writes one",
                           NULL));
}
