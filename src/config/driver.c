/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/driver.h"

#include "base/str.h"
#include "config/rule.h"

/* Variant drivers have it in their names, too: mlx5_vfio_pci, nvgrace_gpu_vfio_pci. */
bool driver_is_vfio(const char *driver)
{
        return driver && strstr(driver, "vfio");
}

bool driver_sets_aside(const char *driver)
{
        return driver_is_vfio(driver) || streq_ptr(driver, "pci-stub");
}

const char *driver_iommu_module(bool power)
{
        return power ? "vfio_iommu_spapr_tce" : "vfio_iommu_type1";
}

/* What is loaded here, and put into images here, is of the machine that runs this program. */
#ifdef __powerpc64__
#define BUILT_FOR_POWER true
#else
#define BUILT_FOR_POWER false
#endif

size_t driver_modules(const char *driver, const char *ret[static DRIVER_MODULES_MAX])
{
        size_t n = 0;

        if (driver)
                ret[n++] = driver;
        /* Programs open the device through it; with iommufd alone they do without. */
        if (driver_is_vfio(driver))
                ret[n++] = driver_iommu_module(BUILT_FOR_POWER);
        return n;
}

const char *driver_options(const char *module)
{
        static const char *const with_ids[] = {"vfio-pci", "vfio_pci", "pci-stub", "pci_stub"};

        return str_index(module, with_ids, ARRAY_SIZE(with_ids)) < 0 ? "" : "ids=";
}

bool driver_needs_module(const char *driver, const char *module)
{
        const char *modules[DRIVER_MODULES_MAX];

        for (size_t i = driver_modules(driver, modules); i > 0; i--)
                if (streq(modules[i - 1], module))
                        return true;
        return false;
}

void driver_add_modules(const char *driver, struct arena *a, const char ***list, size_t *n)
{
        const char *modules[DRIVER_MODULES_MAX];
        size_t n_modules = driver_modules(driver, modules);

        for (size_t i = 0; i < n_modules; i++) {
                size_t at = 0;

                while (at < *n && !streq((*list)[at], modules[i]))
                        at++;
                if (at == *n)
                        str_add(a, list, n, modules[i]);
        }
}

const char *driver_of_rule(const struct rule *rule)
{
        if (rule->bus->taken_by)
                return NULL;
        return rule->driver == DRIVER_AUTO ? DRIVER_VFIO_PCI : rule->driver == DRIVER_NATIVE ? NULL : rule->driver_name;
}
