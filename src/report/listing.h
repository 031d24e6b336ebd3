/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What list tells: which devices have a line, what the line says, and what is said once for many. */

#include "base/str.h"
#include "plan/handover.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"
#include "report/cell.h"
#include "report/model.h"
#include "report/next.h"

/* What the next boot, or this one, makes of a device: an adjective. */
enum list_state {
        LIST_FREE,
        LIST_HELD,
        LIST_HANDED_OVER,
        LIST_NEXT_BOOT,
        LIST_ON_DEMAND, /* once its rule's service is started */
        LIST_REFUSED,   /* a rule asks for it in vain */
        LIST_STATE_MAX_,
};
extern const char *const list_state_names[LIST_STATE_MAX_];

struct listing {
        const struct plan *plan;
        const struct pci_name *names; /* these two beside the devices of its facts */
        const struct handover *handovers;
        const struct sriov_facts *functions; /* virtual ones of each device; NULL: nobody has looked */
        const struct vgpu_facts *vgpus;      /* what each device offers of virtual GPUs; likewise */

        const struct strings *words; /* all have to hold; NULL: none */
        bool all;                    /* bridges and system functions, too */
        struct situation now;        /* for the next step */

        /* What listing_prepare() adds, by position in the facts' devices. */
        bool *means;   /* all words hold for it */
        size_t *under; /* the device whose line says that this one comes with it, or NO_DEVICE */
        bool one_domain;
};

struct list_row {
        size_t device;
        enum heading heading;
        enum list_state state;
        struct cell_device cell;
        const char *slot, *numa, *driver;
        const char *words;    /* behind the state; "" for none */
        const char *detail;   /* to be said below, or once for many; or NULL */
        struct strings below; /* lines of its own: what comes with it, its virtual functions */
};

/* A detail that several rows have: said once, by the words that these rows have. */
struct list_note {
        const char *words, *detail;
};

struct list_table {
        struct list_row *rows; /* by heading, then address */
        size_t n;
        struct list_note *notes;
        size_t n_notes;
        bool slots, numa;                 /* these tell twins apart */
        size_t n_hidden;                  /* bridges and system functions that the words would mean */
        size_t of_state[LIST_STATE_MAX_]; /* how many rows are in each */
};

/* Before all that follows. */
void listing_prepare(struct listing *list, struct arena *a);
enum list_state listing_state(const struct listing *list, size_t device);
/* Of a virtual function that of its function; "" if there is none. */
const char *listing_slot(const struct listing *list, size_t device);
const char *listing_address(const struct listing *list, size_t device);
/* A text without the domain of addresses, where every domain is 0000. */
const char *listing_text(const struct listing *list, struct arena *a, const char *text);
struct list_table listing_table(const struct listing *list, struct arena *a) _must_check_;
/*
 * "6 of 64 VFs: 4 free (iavf), 2 handed over (vfs, vfio-pci)", of a function's virtual ones; "can have 64 VFs"; NULL if
 * it cannot, as far as that shows.
 */
const char *listing_virtual(const struct listing *list, struct arena *a, size_t device);
/*
 * "3 virtual GPUs: 2 NVIDIA A40-8Q (vgpu), 1 NVIDIA A40-1Q (mdevctl)", of those that are made of a device; "can have
 * virtual GPUs of 12 types"; NULL if there are none, as far as that shows.
 */
const char *listing_vgpus(const struct listing *list, struct arena *a, size_t device);
/* Who has made the virtual GPU: a rule, a definition of somebody else's, "no rule". */
const char *listing_vgpu_owner(const struct listing *list, struct arena *a, size_t device);
/* Whether it makes some of that device. */
bool listing_vgpu_owner_of(const struct listing *list, const struct vgpu_owner *owner, size_t device);
/* The device that it is made of, and that none makes; NO_DEVICE: it is not there. */
size_t listing_vgpu_of(const struct listing *list, size_t device);
