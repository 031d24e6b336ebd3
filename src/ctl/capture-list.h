/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What capture.c, which alone includes this, copies of a machine: all that the commands read. */

#include "base/macro.h"

/* Attributes of any sysfs directory that is captured. */
static const char *const attributes[] = {
        "vendor",
        "device",
        "class",
        "subsystem_vendor",
        "subsystem_device",
        "revision",
        "uevent",
        "modalias",
        "config",
        "driver_override",
        "boot_vga",
        "boot_display",
        "enable",
        "numa_node",
        "sriov_numvfs",
        "sriov_totalvfs",
        "sriov_drivers_autoprobe",
        "reset_method",
        "d3cold_allowed",
        "label",
        "index",
        "acpi_index",
        "address",
        "flags",
        "ifindex",
        "iflink",
        "operstate",
        "type",
        "dev_port",
        "phys_port_name",
        "phys_switch_id",
        "dev",
        "size",
        "ro",
        "removable",
        "partition",
        "name",
        "uuid",
        "wwid",
        "serial",
        "model",
        "nsid",
        "transport",
        "state",
        "subsysnqn",
        "level",
        "array_state",
        "slaves",
        "mode",
        "backing_file",
        "authorized",
        "authorized_default",
        "interface_authorized_default",
        "idVendor",
        "idProduct",
        "product",
        "manufacturer",
        "bDeviceClass",
        "bInterfaceClass",
        "bInterfaceNumber",
        "busnum",
        "devnum",
        "devpath",
        "reserved_regions",
        "product_name",
        "product_uuid",
        "key",
        "sys_vendor",
        "board_name",
        "chassis_type",
        "initiatorname",
        "targetname",
        "status",
        "enabled",
        "active",
        "nr_hugepages",
        "free_hugepages",
        "meminfo",
        "mdev_supported_types",
        "available_instances",
        "device_api",
        "bridge_id",
        "features",
        "cap",
        "version",
};

/* Directories below a device that are followed; all others are left alone. */
static const char *const children[] = {
        "net",        "block",       "nvme",          "usb*",      "[0-9]*-[0-9]*",
        "bonding",    "bridge",      "brif",          "holders",   "slaves",
        "dm",         "md",          "bcache",        "loop",      "virtio[0-9]*",
        "host[0-9]*", "target*",     "[0-9]*:[0-9]*", "ata[0-9]*", "scsi_*",
        "iommu",      "intel-iommu", "amd-iommu",     "drm",       "card[0-9]*",
        "input",      "input[0-9]*", "capabilities",  "tty*",      "nvme[0-9]*",
        "sd[a-z]*",   "vd[a-z]*",    "sr[0-9]*",      "dm-[0-9]*", "md[0-9]*",
        "eth*",       "en*",         "wl*",           "ib*",       "mdev_supported_types",
        "devices",
};

/* Whole files. A trailing slash: a directory with all files below it. */
static const char *const files[] = {
        "/proc/cmdline",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/mounts",
        "/proc/swaps",
        "/proc/consoles",
        "/proc/modules",
        "/proc/mdstat",
        "/proc/net/route",
        "/proc/net/ipv6_route",
        "/proc/self/mountinfo",
        "/proc/sys/kernel/osrelease",
        "/sys/firmware/acpi/tables/DMAR",
        "/sys/firmware/acpi/tables/IVRS",
        "/run/udev/data/",
        "/run/passthrough/record",
        "/etc/fstab",
        "/etc/crypttab",
        "/etc/hostname",
        "/etc/machine-id",
        "/etc/default/grub",
        "/etc/default/grub.d/",
        "/etc/kernel/cmdline",
        "/etc/passthrough.conf",
        "/run/passthrough.conf",
        "/usr/lib/passthrough.conf",
        "/etc/passthrough.conf.d/",
        "/run/passthrough.conf.d/",
        "/usr/lib/passthrough.conf.d/",
        "/etc/modprobe.d/",
        "/etc/driverctl.d/",
        "/etc/mdevctl.d/",
        "/etc/systemd/network/",
        "/etc/initrd-release",
        "/var/lib/passthrough/clearance",
        "/etc/passthrough.d/",
        "/run/passthrough.d/",
        "/usr/local/lib/passthrough.d/",
        "/usr/lib/passthrough.d/",
};

/* Files of the running kernel; %s is its release. */
static const char *const kernel_files[] = {
        "/boot/config-%s",
        "/lib/modules/%s/modules.alias",
        "/lib/modules/%s/modules.builtin",
        "/lib/modules/%s/modules.builtin.modinfo",
        "/lib/modules/%s/modules.dep",
        "/lib/modules/%s/modules.softdep",
};

/* Directories of links to devices: the links come along, and the devices they lead to. */
static const char *const links[] = {
        "/sys/bus/pci/devices",      "/sys/bus/usb/devices", "/sys/class/block", "/sys/class/net", "/sys/class/nvme",
        "/sys/class/nvme-subsystem", "/sys/class/iommu",     "/sys/class/tty",   "/sys/class/drm", "/sys/class/input",
        "/sys/class/iscsi_session",  "/sys/class/sound",     "/sys/class/dmi",   "/sys/block",
};

/* Directories whose structure (links, and attributes on the list) comes along, with a depth. */
static const struct {
        const char *path;
        unsigned depth;
} trees[] = {
        {"/sys/bus/pci/drivers", 1},     {"/sys/bus/usb/drivers", 1}, {"/sys/bus/pci/slots", 1},
        {"/sys/kernel/iommu_groups", 2}, {"/sys/fs/btrfs", 2},        {"/sys/kernel/mm/hugepages", 1},
        {"/sys/devices/system/node", 3}, {"/sys/module", 0},          {"/sys/firmware/efi", 0},
};

/* Written to and never read: their being there is all there is to capture. */
static const char *const write_only[] = {"/sys/bus/pci/drivers_probe"};
