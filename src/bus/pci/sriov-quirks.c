/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/pci/sriov-quirks.h"

#include "base/str.h"

static const struct sriov_quirks rows[] = {
        /*
         * A report from the field: with virtual functions, its firmware refuses the mode (k8snetworkplumbingwg,
         * sriov-network-operator, issue 1015, pull request 1017).
         */
        {"mlx5_core", "15b3:101f", .when = ESWITCH_BEFORE},
        /*
         * Its manual: "before changing the mode, make sure that all VFs are unbound" (NVIDIA, OVS-Kernel Hardware
         * Offloads).
         */
        {"mlx5_core", NULL, .when = ESWITCH_AFTER},
        /* "Changing eswitch mode is allowed only if there is no VFs created" (ice_eswitch.c, ice_eswitch_mode_set()).
         */
        {"ice", NULL, .when = ESWITCH_BEFORE},
        /*
         * "Enable VFs before setting switchdev mode" (bnxt_vfr.c, bnxt_dl_eswitch_mode_set()); it says that it has made
         * all and makes none while its interface is down (bnxt_sriov.c, bnxt_sriov_configure()).
         */
        {"bnxt_en", NULL, .when = ESWITCH_AFTER, .wants_up = true},
        /* They reset for the first (i40e_virtchnl_pf.c, i40e_pci_sriov_configure(); ixgbe_sriov.c; igb_main.c). */
        {"i40e", NULL, .flaps = true},
        {"ixgbe", NULL, .flaps = true},
        /* The last of its eight queues' pools is its own (igb_main.c, igb_probe_vfs(), igb_enable_sriov()). */
        {"igb", NULL, .flaps = true, .max = 7},
        /* "numvfs parameter is ignored and all VFs supported by the device are enabled" (adf_sriov.c). */
        {"4xxx", NULL, .all_only = true},
        {"420xx", NULL, .all_only = true},
        {"c3xxx", NULL, .all_only = true},
        {"c6xx", NULL, .all_only = true},
        {"dh895xcc", NULL, .all_only = true},
        /* It limits what sriov_totalvfs has (xe_sriov_pf.c, xe_sriov_pf_readiness()); i915: the one beside the
           kernel's. */
        {"xe", NULL, .parameter = "max_vfs"},
        {"i915", NULL, .parameter = "max_vfs"},
        /* AMD's for the host, which has no sriov_configure(). */
        {"gim", NULL, .makes_own = true, .parameter = "vf_num"},
};

const struct sriov_quirks *sriov_quirks_of(const char *driver, const char *id)
{
        static const struct sriov_quirks unknown = {};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (streq_ptr(driver, rows[i].name) && (!rows[i].id || streq_ptr(id, rows[i].id)))
                        return &rows[i];
        return &unknown;
}
