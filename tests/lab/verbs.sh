# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # `vm` sets $test and reads what the verbs set
# The verbs in which TESTDIR/vm describes its machine. Sourced by `vm`; a description holds from where it stands to the end of the file, so
# that later boots of one test add to the machine.

describe() { echo "# $*"; }
# Read by `run`; here it is only said.
tag() { :; }

flavour=systemd
real_image=no
image() { flavour=$1; }
# The image carries the test's config because dracut found it in /etc, not as an overlay.
image_with_config() {
    flavour=$1
    real_image=yes
}

initrd_etc=$test/etc
root_etc=$test/etc
# The image is a file that an earlier boot of this test left on its disk.
image_from_guest() {
    flavour=guest:$1
    initrd_etc=
}

no_etc() {
    initrd_etc=
    root_etc=
}
no_initrd_etc() { initrd_etc=; }
# Config for the boots that follow, in place of TESTDIR/etc.
use_etc() {
    initrd_etc=$test/$1
    root_etc=$test/$1
}

# One processor: two machines run side by side on two. Two where the race with udev is what the test is about.
cpus=1
cpus() { cpus=$1; }

memory=1024
memory() { memory=$1; }

iommu_device=intel-iommu,intremap=on,caching-mode=on
iommu_cmdline='intel_iommu=on iommu=pt'
iommu() {
    case $1 in
    intel) ;;
    amd)
        iommu_device=amd-iommu,intremap=on
        iommu_cmdline='iommu=pt'
        ;;
    *) die "unknown IOMMU $1" ;;
    esac
}

devices=()
device() { devices+=(-device "$1"); }
no_devices() {
    devices=()
    chassis=0
}

chassis=0
# port NAME SLOT: a root port at 00:SLOT.0. Always an address: automatic ones would shift bus numbers unasked.
port() {
    chassis=$((chassis + 1))
    device "pcie-root-port,id=$1,chassis=$chassis,slot=$chassis,bus=pcie.0,addr=$2.0"
}

# card NAME SLOT: a graphics card (1002:5159, radeon) and its audio function (8086:293e, snd_hda_intel), one IOMMU group.
card() {
    port "$1" "$2"
    device "ati-vga,model=rv100,bus=$1,addr=00.0,multifunction=on,romfile="
    device "ich9-intel-hda,id=$1-snd,bus=$1,addr=00.1,multifunction=on"
    device "hda-output,bus=$1-snd.0,audiodev=snd"
}

edu() {
    port "$1" "$2"
    device "edu,bus=$1"
}

# QEMU's AMD IOMMU knows a device's bus only if it is the root bus: behind a port its DMA is looked up under the wrong number.
edu_on_root_bus() { device "edu,bus=pcie.0,addr=$1.0"; }

append=
append() { append+=" $*"; }

# masquerade ADDRESS=VENDOR:DEVICE:CLASS…: these functions read as other hardware before anything in the initrd looks at them.
disguises=()
masquerade() { disguises=("$@"); }

# Native drivers that take seconds to load in an emulated machine and have no part in most tests.
unwanted=amdgpu,kvm,kvm_amd,psmouse,pcspkr,iTCO_wdt,i2c_i801,powernow_k8,acpi_cpufreq,evdev,joydev,button
unwanted() { unwanted=$1; }
