/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Virtual GPUs that a plan makes: what is known of their parents, and what is done, in order. Mediated devices
 * (Documentation/driver-api/vfio-mediated-device.rst), on a parent or on its virtual functions, or a type that each
 * virtual function of NVIDIA's is given (its vGPU software's user guide, "vendor-specific VFIO framework").
 */

#include "base/str.h"
#include "config/vgpu.h"
#include "facts/owners.h"
#include "plan/plan.h"

enum vgpu_kind {
        VGPU_NONE,     /* its driver offers no types, now */
        VGPU_MEDIATED, /* a carrier has mdev_supported_types */
        VGPU_VENDOR,   /* a carrier has nvidia/creatable_vgpu_types */
        VGPU_PLAIN,    /* each virtual function is one, without a type: Intel's xe, AMD's gim */
};

/* One that is offered. */
struct vgpu_type {
        const char *id;                /* nvidia-558, mtty-1; of VGPU_VENDOR the number */
        const char *name;              /* NVIDIA A40-8Q; the id where it has none */
        const char *description, *api; /* or NULL */
        uint32_t available;            /* how many more of it fit, of VGPU_VENDOR one */
        bool counted;                  /* available is known */
        uint32_t most;                 /* how many of it a whole card can have, as NVIDIA says it; 0: it does not */
};

/* What is given types: the parent itself, or one of its virtual functions. */
struct vgpu_carrier {
        size_t device;  /* in facts->devices */
        uint32_t index; /* of a virtual function; UINT32_MAX: the parent */
        struct vgpu_type *types;
        size_t n_types;
        bool unreadable;     /* they are there, and cannot be read */
        const char *current; /* of VGPU_VENDOR: the number that it has; "0": none */
        const char *user;    /* who uses what it is now; or NULL */
};

/* Somebody else who makes virtual GPUs: a definition of mdevctl's, whatever its parent, or a service. */
struct vgpu_owner {
        const char *who;       /* "/etc/mdevctl.d/0000:41:00.0/UUID" */
        bool unreadable;       /* what is in it is not known */
        const char *parent;    /* the address of the carrier; of a service that of the card */
        const char *uuid;      /* that it makes; NULL: a service, which makes virtual functions */
        const char *type;      /* that one's */
        bool automatic;        /* at each boot */
        const char *attribute; /* the first that it sets of the device itself; or NULL */
};

/* A parent, as it is at this moment. */
struct vgpu_facts {
        enum vgpu_kind kind;
        struct vgpu_carrier *carriers; /* by index */
        size_t n_carriers;
        struct vgpu_type
                *known; /* of VGPU_VENDOR: those that its driver knows of, whether one can be made now or not */
        size_t n_known;
        uint32_t total, enabled; /* virtual functions that there can be, and are */
        bool autoprobe;          /* drivers of the host take new ones */
        bool managed;            /* a program of NVIDIA's makes its virtual functions */
        const char *manage;      /* of such a one: its path; NULL: it is not here */
        struct vgpu_owner *owners;
        size_t n_owners;
};

enum vgpu_phase {
        VGPU_FUNCTIONS, /* until the virtual functions are there; before nvidia-mig-manager */
        VGPU_MAKE,      /* types are set, mediated devices are made */
};

struct vgpu_op {
        struct op op;
        enum vgpu_phase phase;
        size_t parent;  /* in vgpu_plan.parents */
        size_t carrier; /* in its carriers */
        uint32_t index; /* of the virtual GPU, or UINT32_MAX */
};

/* What is against a parent's virtual GPUs, beside the sentence that says so. */
enum vgpu_trouble {
        VGPU_FINE,
        VGPU_OWNED,    /* somebody else makes them, too */
        VGPU_NO_TYPE,  /* its driver offers no such type */
        VGPU_INSTANCE, /* a type of a GPU instance, and none is free */
        VGPU_UNLIKE, /* unlike sizes, which one mode of the card has beside each other; whether it is on is not known */
        VGPU_FULL,   /* there is no room for all of them */
        VGPU_OTHER,
};

struct vgpu_parent {
        size_t entry; /* in plan->entries */
        struct vgpu_facts is;
        uint32_t count;      /* how many there are to be; of VGPU_GONE none */
        uint32_t here;       /* of these, how many are as they are to be */
        const char *waits;   /* for what, where it is not ready yet; or NULL */
        const char *refused; /* why nothing is done; or NULL */
        const char *fewer;   /* why not all of them can be made; or NULL */
        const char *unlike;  /* what the administrator does, where they are of unlike sizes; or NULL */
        const char *changes; /* those that are there, and of another type; or NULL */
        enum vgpu_trouble trouble;
        const struct vgpu_owner *owner; /* of VGPU_OWNED */
};

/* One that is not there yet, or not what it is to be. */
struct vgpu_device {
        size_t parent;
        uint32_t index;      /* of the virtual GPU */
        const char *bus;     /* that it will be on */
        const char *address; /* its UUID, or the virtual function's address; NULL: that does not show yet */
        const char *on;      /* the address of its carrier; NULL likewise */
        const char *type;    /* id */
};

struct vgpu_plan {
        struct vgpu_parent *parents;
        size_t n_parents;
        struct vgpu_device *devices;
        size_t n_devices;
        struct vgpu_op *ops;
        size_t n_ops;
};

/* Each of its virtual functions is a virtual GPU as it is: there are no types. */
bool vgpu_plain(const struct device *d, const struct vgpu_facts *is);
/* "2 of 3 virtual GPUs are there", where that is not as many as the rule makes, or why one is refused; else NULL. */
const char *vgpu_fewer(const struct plan *plan, size_t rule, struct arena *a);
