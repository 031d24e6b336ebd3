/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>

#include "export/export.h"

/* One line for each; they are shown in this order. */
#define EXPORTERS(is)                                                                                                  \
        is(exporter_qemu) is(exporter_qemu_iommufd) is(exporter_libvirt) is(exporter_libvirt_network)                  \
                is(exporter_libvirt_nodedev) is(exporter_kubevirt) is(exporter_sriov_device_plugin) is(exporter_cdi)   \
                        is(exporter_nfd) is(exporter_nova) is(exporter_proxmox) is(exporter_cloudpods)                 \
                                is(exporter_cloud_hypervisor) is(exporter_talos) is(exporter_prometheus)

#define DECLARE(name) extern const struct exporter name;
#define POINT(name)   &name,

EXPORTERS(DECLARE)

const struct exporter *const exporter_table[] = {EXPORTERS(POINT) NULL};
