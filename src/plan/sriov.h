/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Virtual functions that a plan makes: what is known of their parents, and what is done, in order. They are promised by
 * parent and index; an address is a forecast, as offset and stride may change with the number of functions
 * (Documentation/PCI/pci-iov-howto.rst).
 */

#include "base/str.h"
#include "config/sriov.h"
#include "facts/owners.h"
#include "plan/plan.h"

/* A parent, as it is at this moment. */
struct sriov_facts {
        enum tristate capable;   /* it can have virtual functions now; UNKNOWN: that cannot be read */
        uint32_t total, enabled; /* how many there can be, and are */
        uint32_t offset, stride; /* of their numbers on the bus */
        bool placed;             /* these two are known */
        uint32_t limit;          /* how many its driver was told to make at most; UINT32_MAX: that is not known */
        bool profiles;           /* Intel's xe has a profile for each: sriov_admin/vfN, from 1 on */
        const char **profile;    /* what is in one */
        size_t n_profile;
        const char *vf_id;           /* vendor:device of each; or NULL */
        bool autoprobe;              /* drivers of the host take new ones */
        const char *interface;       /* its own, no representor; or NULL */
        const char *up;              /* an interface of it that is up; or NULL */
        const char *permanent;       /* that interface's permanent address; or NULL */
        const char *user;            /* who uses a virtual function now; or NULL */
        enum eswitch eswitch;        /* the mode of its switch, as far as that shows: with virtual functions alone */
        bool *bound;                 /* by index, of those that are enabled: it has a driver */
        struct strings twins;        /* functions beside it whose virtual ones have the same vf_id */
        struct strings names;        /* that interface's, with those that udev has for it */
        struct strings macs;         /* its addresses */
        const struct owners *owners; /* who else sets functions up; NULL: nobody has looked */
        const char *early;           /* why an initrd has its network up before; or NULL */
        bool root;                   /* the root file system is on it */
        const char *disk;            /* one that it carries without its network; or NULL */
        bool disk_used;              /* the host needs one of these */
};

/* When an operation is done. */
enum sriov_phase {
        SRIOV_MAKE, /* until the functions are there */
        SRIOV_SET,  /* before one of them is bound */
        SRIOV_BIND, /* what taking them comes to, which is planned again once they are there */
        SRIOV_END,
};

/* What goes through a network interface. */
enum sriov_net {
        SRIOV_NET_SETTING, /* of one virtual function */
        SRIOV_NET_UP,      /* the parent's own is brought up */
        SRIOV_NET_OFFLOAD, /* hw-tc-offload, of the parent's own or, with an index, of that one's representor */
};

struct sriov_op {
        struct op op;
        enum sriov_phase phase;
        size_t parent;       /* in sriov_plan.parents */
        uint32_t index;      /* of a virtual function, or UINT32_MAX */
        enum sriov_net net;  /* of OP_NETLINK */
        enum vf_key setting; /* of SRIOV_NET_SETTING */
        struct vf_settings settings;
        enum eswitch eswitch; /* of OP_DEVLINK */
};

struct sriov_parent {
        size_t entry; /* in plan->entries */
        struct sriov_facts is;
        uint32_t count;            /* how many there are to be */
        bool change;               /* their number is not that yet, or the mode of its switch is not */
        enum eswitch mode;         /* that it is to be set to; ESWITCH_UNSET: it stays as it is */
        const char *waits;         /* for what, where it is not ready yet; or NULL */
        const char *refused;       /* why nothing is done; or NULL */
        const struct owner *owner; /* who else sets its functions up, where it is refused for that; or NULL */
};

/* One that is not there yet. */
struct sriov_function {
        size_t parent;
        uint32_t index;
        const char *address; /* a forecast, or NULL */
        const char *id;      /* or NULL */
        const char *driver;  /* NULL: the host's own */
};

struct sriov_plan {
        struct sriov_parent *parents;
        size_t n_parents;
        struct sriov_function *functions;
        size_t n_functions;
        struct sriov_op *ops;
        size_t n_ops;
};

/* "2 of 3 virtual functions are there", where that is not as many as the rule makes; else NULL. */
const char *sriov_fewer(const struct plan *plan, size_t rule, struct arena *a);
