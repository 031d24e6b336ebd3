#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One judgement: what plan refuses, list, add, check and each stage of the boot refuse as well, whatever the driver.

load product
load tree-guard
load tree
load tree-users

setup() {
    tree_again judgement && return
    tree_new
    firmware_uuid
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 10de:1b06 0302 under=0000:00:05.0 group=5 driver=nouveau
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10d3 0200 under=0000:00:06.0 group=6 driver=e1000e
    nic eno6 0000:06:00.0 up
    driver_present vfio-pci
    driver_present pci-stub
    process 1 systemd
    tree_keep judgement
}

in_initrd() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
    rm -f "$(pci_file 0000:05:00.0 driver)" "$(pci_file 0000:06:00.0 driver)"
}

handover() {
    ctl list --json
    get ".devices[] | select(.address == \"$1\").handover | .action, .reason"
}

@test "memory that the firmware keeps using through a device holds it: in plan, list, add, check and the initrd" {
    local regions=/sys/kernel/iommu_groups/5/reserved_regions
    put $regions '0x00000000fee00000 0x00000000feefffff msi' '0x000000009d000000 0x000000009f7fffff direct-relaxable'
    rule gpu '[Match]' Address=05:00.0
    plan
    device 0000:05:00.0 bind
    add_line $regions '0x000000009d000000 0x000000009f7fffff direct'
    plan
    exits 1
    refused 0000:05:00.0 '^IOMMU group 5 has a region of type direct in '
    ctl check --json
    is "$(get '.checks[] | select(.id == "group.gpu").status')" fail group.gpu
    image_built
    in_initrd
    plan
    refused 0000:05:00.0 '^IOMMU group 5 has a region of type direct in '
    rm "$ROOT/etc/initrd-release" "$ROOT/etc/passthrough.d/gpu.conf"
    [[ $(handover 0000:05:00.0) == refuse*'region of type direct'* ]] || { show && return 1; }
    ctl add gpu 05:00.0
    exits 1
    has 'region of type direct'
    # Cut short, or not to be read at all: who knows.
    rule gpu '[Match]' Address=05:00.0
    printf '0x000000009d000000 0x000000009f7fffff dir' >"$ROOT$regions"
    plan
    refused 0000:05:00.0 'cannot see whether the firmware .*/reserved_regions cannot be read'
    rm "$ROOT$regions" && mkdir "$ROOT$regions"
    plan
    refused 0000:05:00.0 'cannot see whether the firmware .*/reserved_regions cannot be read'
}

@test "pci-stub and other drivers are judged as vfio-pci is: by the guard, and by the group" {
    local driver
    default_route eno6
    driver_present oddly-named
    pci_add 0000:05:00.1 10de:10ef 0403 under=0000:00:05.0 group=5 driver=snd_hda_intel
    for driver in vfio-pci pci-stub oddly-named; do
        rule nic '[Match]' Address=06:00.0 '[Device]' Driver=$driver
        rule gpu '[Match]' Address=05:00.0 '[Device]' Driver=$driver Functions=match
        plan
        refused 0000:06:00.0 'eno6 ← default route' || { echo "$driver" && return 1; }
        refused 0000:05:00.0 'IOMMU group 5 also holds 0000:05:00.1' || { echo "$driver" && return 1; }
        rule gpu '[Match]' Address=05:00.0 '[Device]' Driver=$driver Functions=match IOMMUGroup=complete
        plan
        bound 0000:05:00.0 0000:05:00.1 || { echo "$driver" && return 1; }
    done
}

@test "of a real server's chipset list offers nothing" {
    machine server-8gpu-ib
    ctl list --json
    is "$(get '[.devices[] | select(.handover.action == "bind") | .class[:4] | select(. == "0800" or . == "0806" or . == "0807" or . == "0880" or . == "1101")] | length')" 0 \
        'chipset functions among those that are possible'
    [[ $(get '[.devices[] | select(.handover.action == "bind" and .class == "030200")] | length') -gt 0 ]] || { show && return 1; }
}

@test "a disk of which something is not known on the host is not taken by a boot that knows less" {
    pci_add 0000:00:04.0 1b36:0010 010802 group=4 driver=nvme
    disk nvme0n1 259:0 0000:00:04.0
    nvme_serial 0000:00:04.0 nvme0 S4EWNX0R000004
    rule disk '[Match]' Address=00:04.0
    put /proc/812/fd 'no directory'
    plan
    refused 0000:00:04.0 '^not cleared: cannot see which programs have devices open'
    image_built
    put /etc/initrd-release ID=debian
    printf '%s\n' '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw' >"$ROOT/proc/self/mountinfo"
    mkdir -p "$ROOT/sysroot/etc"
    plan
    refused 0000:00:04.0 '^not cleared: when a boot image was last built: cannot see which programs have devices open'
    # Once it is known it goes.
    rm "$ROOT/etc/initrd-release"
    rm -r "$ROOT/proc/812"
    printf '%s\n' '27 1 8:2 / / rw - ext4 /dev/sda2 rw' >"$ROOT/proc/self/mountinfo"
    plan
    device 0000:00:04.0 bind
}

# --- list, add, plan and check on every device of every machine

# asked_for ADDRESS FREE: add takes it, one on PCI with its IOMMU group, exactly if list says that it is free; and then plan and check have nothing against the rule.
asked_for() {
    local text
    local -a group=()
    [[ $1 != *:* ]] || group=(IOMMUGroup=complete)
    ctl add zz-asked "$1" "${group[@]}" --json --dry-run
    is "$status" "$2" "add's exit status of $1" || return 1
    text=$(jq -r '.rules[0].text // ""' <<<"$output")
    [[ $text ]] || return 0
    put /etc/passthrough.d/zz-asked.conf "$text"
    plan
    is "$(get '.rules[] | select(.name == "zz-asked").state == "ok"')" "$([[ $2 == 0 ]] && echo true || echo false)" "plan of $1" || return 1
    if [[ $2 == 0 ]]; then
        ctl check --json
        is "$(get '.checks[] | select((.id == "guard.zz-asked" or .id == "group.zz-asked") and .status == "fail").message')" '' "check of $1" || return 1
    fi
    rm "$ROOT/etc/passthrough.d/zz-asked.conf"
}

# agree MACHINE [KIND]: as above, of each device that no rule speaks of, or of one of each KIND (jq's); and the command that list ends with for a
# free one writes a rule.
agree() {
    local address action line
    machine "$1"
    ctl list --all --json
    while read -r address action; do
        if [[ $action == bind ]]; then
            asked_for "$address" 0 || { echo "on $1" && return 1; }
            ctl list "$address"
            line=$(sed -n 's/^  Next: passthroughctl add \(.*\)$/\1/p' <<<"$output")
            # shellcheck disable=SC2086 # as typed
            ctl add --dry-run ${line%%   *}
            exits 0 || { echo "list's own command: add $line, on $1" && return 1; }
        else
            asked_for "$address" 1 || { echo "on $1" && return 1; }
        fi
    done < <(jq -r "[.devices[] | select(.rule == \"\")] | unique_by(${2-.address})[] | \"\(.address) \(.handover.action)\"" <<<"$output")
}

@test "list, add, plan and check agree on every device of processors with a display" {
    local m
    for m in apu-phoenix apu-raven apu-renoir laptop-hybrid; do agree $m; done
}

@test "list, add, plan and check agree on every device of desktops" {
    local m
    for m in desktop-turing-usb desktop-two-nvme two-cards two-functions usb-c-cards vmd-three-disks; do agree $m; done
}

@test "list, add, plan and check agree on every kind of device of servers" {
    local m
    for m in server-4gpu server-cx5-vfs server-8gpu-ib; do
        agree $m '[.id, .driver, .handover.action, (.handover.along | length), (.handover.reason | gsub("[0-9a-f:]*[0-9a-f]{2}\\.[0-7]|group [0-9]+"; ""))]'
    done
}
