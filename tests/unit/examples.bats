#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents' examples of config, and the files in conf/examples: each is sound, and does what is said of it.

load product
load tree
load tree-guard
load tree-pages
load tree-usb
load readme
load sriov
load tree-vgpu

EXAMPLES=$TOP/conf/examples

# example NAME [STATE [RULE]]: that one of conf/examples on this machine, which has no complaint of it.
example() {
    cp "$EXAMPLES/$1.conf" "$ROOT/etc/passthrough.d/"
    plan
    is "$stderr" '' 'what is said of it' && rule_is "${3-$1}" "${2-ok}"
}

@test "the rules in passthrough.d(5) and the files in conf/examples are the same" {
    local line at file found known=''
    document man/passthrough.d.5
    while IFS=$'\t' read -r line _ at; do
        [[ $at != *.conf.d/* ]] || continue
        found=
        for file in "$EXAMPLES"/*.conf; do
            if cmp -s <(sense "$file") <(block_at "$line" | sense); then found=yes known+=" ${file##*/}"; fi
        done
        [[ $found ]] || { echo "$PAGE:$line: no file of conf/examples is this one" && return 1; }
    done < <(parts | awk -F'\t' '$2 == "example"')
    for file in "$EXAMPLES"/*.conf; do
        [[ " $known " == *" ${file##*/} "* ]] || { echo "$PAGE has no recipe like $file" && return 1; }
        grep -qE "^ *example ${file##*/}( |\$)" <(sed 's/example \([a-z0-9-]*\)/example \1.conf/' "$BATS_TEST_FILENAME") ||
            { echo "no test has $file planned" && return 1; }
    done
}

@test "examples: a card on demand, with a hook for libvirt, a unit for QEMU and one for podman" {
    local file unit=passthrough@gpu-on-demand.service status=0
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:02.0 group=1 driver=radeon
    example gpu-on-demand
    device 0000:01:00.0 bind vfio-pci demand
    document man/passthrough.d.5
    # shellcheck disable=SC2016 # the shell's that is written
    mkdir -p "$BATS_TEST_TMPDIR/bin" && printf '#!/bin/sh\necho "$@"\n' >"$BATS_TEST_TMPDIR/bin/systemctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/systemctl"
    for file in 'games prepare begin' 'games start begin' 'games started begin' 'games stopped end' 'games release end' 'other prepare begin'; do
        # shellcheck disable=SC2086 # words
        PATH=$BATS_TEST_TMPDIR/bin:$PATH "$EXAMPLES/qemu-hook" $file - </dev/null
    done >"$BATS_TEST_TMPDIR/said"
    is "$(paste -sd';' "$BATS_TEST_TMPDIR/said")" "start $unit;stop $unit" 'what the hook runs'
    printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/systemctl"
    printf '#!/bin/sh\ncase "$*" in *PASSTHROUGH_RULE=gpu-on-demand) echo "who has it" ;; esac\n' >"$BATS_TEST_TMPDIR/bin/journalctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/journalctl"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH "$EXAMPLES/qemu-hook" games prepare begin - </dev/null 2>"$BATS_TEST_TMPDIR/said" || status=$?
    is "$status $(<"$BATS_TEST_TMPDIR/said")" '1 who has it' 'what the hook says where the card stays with the host'
    for file in "$EXAMPLES"/gpu-on-demand.{service,container}; do
        is "$(grep -E '^(Requires|After|PropagatesStopTo)=' "$file" | paste -sd';')" "Requires=$unit;After=$unit;PropagatesStopTo=$unit" "$file"
        grep -q /run/passthrough/devices/gpu-on-demand "$file"
    done
    for file in "$EXAMPLES"/*; do
        [[ $file == *.conf ]] || grep -qF "${file##*/}" "$DOCUMENT" "$TOP/man/passthrough-consumers.7" || { echo "no page names $file" && return 1; }
    done
}

# Rules are above; [HugePages] and a drop-in are below, [Host] is in the walk of readme.bats.
@test "the other examples in the documents are those that tests try" {
    local page found=''
    for page in $DOCUMENTS; do
        document "$page"
        found+=$(parts | awk -F'\t' -v page="${page##*/}" '$2 == "example" && (page != "passthrough.d.5" || $3 ~ /conf\.d/) { print page, $3 }')$'\n'
    done
    is "$(xargs -n 3 <<<"$found" | paste -sd';')" \
        'passthrough.7 /etc/passthrough.conf [Host];passthrough.d.5 /etc/passthrough.d/audio.conf.d/stage.conf [Device];passthrough.conf.5 /etc/passthrough.conf [HugePages]' 'examples'
}

@test "examples: a card with its audio function; both of two; one of two" {
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:02.0 group=1 driver=radeon
    pci_add 0000:01:00.1 1002:aa38 0403 under=0000:00:02.0 group=1 driver=snd_hda_intel
    example gpu-with-audio
    bound 0000:01:00.0 0000:01:00.1
    tree_new
    card 0000:00:02.0 01 1
    card 0000:00:03.0 02 2
    example identical-cards
    bound 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
    tree_new
    pci_root 0000:40
    two_cards
    example 50-gpu1
    bound 0000:42:00.0 0000:42:00.1
    sed -i '/^Path/d' "$ROOT/etc/passthrough.d/50-gpu1.conf"
    plan
    bound
    rule_is 50-gpu1 refused
    has 'Path=0000:40:01.1/00.0' 'Path=0000:40:03.1/00.0'
}

@test "example: the card that the firmware booted on" {
    tree_new
    root_port 0000:00:01.0 01
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:01.0 group=1 driver=radeon boot_vga=1
    example boot-display
    bound 0000:01:00.0
    sed -i '/^AllowBootDisplay/d' "$ROOT/etc/passthrough.d/boot-display.conf"
    plan
    refused 0000:01:00.0 'the firmware booted on this display'
}

@test "example: virtual functions of a network card, each with its settings" {
    tree_new
    pci_root 0000:40
    root_port 0000:40:04.2 44
    pci_add 0000:44:00.0 8086:10c9 0200 under=0000:40:04.2 group=31 driver=igb
    nic eno2 0000:44:00.0
    sriov 0000:44:00.0 7
    example virtual-functions
    is "$(get '.devices[] | select(.parent == "0000:44:00.0") | "\(.index):\(.action)"')" '0:bind 1:bind 2:bind 3:keep' functions
    is "$(operations eno2 | wc -w)" 32 'words about its interface'
}

@test "example: virtual functions that Open vSwitch forwards for" {
    tree_new
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    pci_root 0000:40
    root_port 0000:40:04.3 45
    pci_add 0000:45:00.0 15b3:101d 0200 under=0000:40:04.3 group=31 driver=mlx5_core
    nic eth4 0000:45:00.0
    sriov 0000:45:00.0 16
    example switchdev
    is "$(get '[.devices[] | select(.parent == "0000:45:00.0" and .action == "bind")] | length')" 8 functions
    is "$(get '.operations[] | select(.op == "devlink").value')" 'eswitch mode switchdev' mode
    is "$(get '[.operations[] | select(.value == "hw-tc-offload on")] | length')" 9 'interfaces with offload'
}

@test "examples: a network card and a USB controller, unless the host needs them" {
    tree_new
    pci_root 0000:40
    root_port 0000:40:04.2 44
    pci_add 0000:44:00.0 8086:10d3 0200 under=0000:40:04.2 group=31 driver=e1000e
    nic eno2 0000:44:00.0 up
    pci_add 0000:40:05.0 1b36:000d 0c0330 group=33 driver=xhci_hcd
    usb_bus 3 0000:40:05.0
    example network
    example usb-controller
    bound 0000:40:05.0 0000:44:00.0
    default_route eno2
    usb_device 3-1 046d:c31c 03
    input 5 "$(pci_dir 0000:40:05.0)/usb3/3-1/3-1:1.0"
    plan
    refused 0000:44:00.0 'the host needs it: .*default route'
    bound 0000:40:05.0
    tags sda2 UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 TYPE=crypto_LUKS
    put /etc/crypttab 'secret UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 none luks'
    plan
    refused 0000:40:05.0 'the only keyboard, and a passphrase may be asked for'
}

@test "examples: every NVMe disk that the host does not need; its own given to it beforehand" {
    tree_new
    pci_root 0000:40
    root_port 0000:40:01.1 41
    pci_add 0000:41:00.0 1b36:0010 010802 under=0000:40:01.1 group=41 driver=nvme
    disk nvme0n1 259:0 0000:41:00.0
    mounted nvme0n1 /srv ext4
    root_port 0000:40:03.1 42
    pci_add 0000:42:00.0 1b36:0010 010802 under=0000:40:03.1 group=42 driver=nvme
    disk nvme1n1 259:1 0000:42:00.0
    example nvme refused
    bound 0000:42:00.0
    refused 0000:41:00.0 'nvme0n1 ← /srv'
    example 10-host
    bound 0000:42:00.0
    rule_is nvme ok
    device 0000:41:00.0 keep
}

@test "examples: another device, with what is written before it is bound and after; one host of many" {
    tree_new
    root_port 0000:00:02.0 01 slot=4
    pci_add 0000:01:00.0 1234:11e8 1200 under=0000:00:02.0 group=1
    example other-device
    bound 0000:01:00.0
    is "$(operations | tr ' ' '\n' | sed -n 's/.*\/\(d3cold_allowed\|power\/control\|driver_override\|drivers_probe\)=/\1 /p' | xargs)" \
        'driver_override vfio-pci d3cold_allowed 0 drivers_probe 0000:01:00.0 power/control on' 'what is written, in order'
    rm "$ROOT/etc/passthrough.d/other-device.conf"
    example one-host-only skipped
    hostname_is compute-7
    plan
    rule_is one-host-only ok
    bound 0000:01:00.0
}

@test "examples: a card that a group may open, and that is reset with its bus; a drop-in that changes a rule" {
    tree_new
    root_port 0000:00:02.0 01 slot=4
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:02.0 group=1 driver=radeon
    example gpu-for-group
    bound 0000:01:00.0
    is "$(operations reset_method)" '/sys/bus/pci/devices/0000:01:00.0/reset_method=bus' 'how it is reset'
    rm "$ROOT/etc/passthrough.d/gpu-for-group.conf"
    document man/passthrough.d.5
    pci_add 0000:00:1b.0 8086:293e 0403 group=7 driver=snd_hda_intel
    passage '/etc/passthrough.d/audio.conf [' >"$ROOT/etc/passthrough.d/audio.conf"
    plan
    device 0000:00:1b.0 bind vfio-pci initrd
    mkdir -p "$ROOT/etc/passthrough.d/audio.conf.d"
    passage '/etc/passthrough.d/audio.conf.d/stage.conf' >"$ROOT/etc/passthrough.d/audio.conf.d/stage.conf"
    plan
    device 0000:00:1b.0 bind vfio-pci root
}

@test "example: a device that shares its IOMMU group" {
    tree_new
    pci_add 0000:00:1b.0 8086:293e 0403 group=7 driver=snd_hda_intel
    pci_add 0000:00:1b.1 1234:11e8 00ff group=7
    example group-complete
    bound 0000:00:1b.0 0000:00:1b.1
    sed -i '/^IOMMUGroup/d' "$ROOT/etc/passthrough.d/group-complete.conf"
    plan
    refused 0000:00:1b.0 '0000:00:1b.1'
}

@test "example: huge pages" {
    tree_new
    memory $((64 * 1048576))
    kernel_size 1048576
    node 0 $((32 * 1048576)) 1048576
    node 1 $((32 * 1048576)) 1048576
    put /proc/sys/kernel/osrelease "$KERNEL"
    put /proc/cpuinfo 'vendor_id : GenuineIntel' 'flags : fpu pdpe1gb'
    kernel_size 2048
    document man/passthrough.conf.5
    passage '/etc/passthrough.conf [HugePages]' >"$ROOT/etc/passthrough.conf"
    plan
    exits 0
    is "$(asked)" '1G@0=8:write 1G@1=8:write 2M@-=512:write' pools
    ctl cmdline
    has 'hugepagesz=1G' 'hugepages=0:8,1:8'
}

@test "examples: virtual GPUs of NVIDIA's cards: mediated devices, virtual functions with a type, unlike sizes" {
    host_with_uplink
    nvidia_turing
    example vgpu-nvidia-mediated
    is "$(get '[.devices[] | select(.bus == "mdev" and .type == "nvidia-233") | .parent] | join(" ")')" \
        '0000:41:00.0 0000:41:00.0' 'what is made'
    host_with_uplink
    nvidia_card
    sriov_manage
    example vgpu-nvidia
    is "$(get '.operations[0] | "\(.op) \(.target)"')" 'run /usr/lib/nvidia/sriov-manage' 'what makes virtual functions'
    rm "$ROOT/usr/lib/nvidia/sriov-manage"
    nvidia_functions 4
    vendor_vfio 4 '558:NVIDIA A40-8Q' '560:NVIDIA A40-16Q'
    plan
    is "$(vgpu_types)" '558 558 558' types
    rm "$ROOT/etc/passthrough.d/vgpu-nvidia.conf"
    example vgpu-nvidia-sizes
    is "$(vgpu_types)" '558 558 560' types
    rule_says vgpu-nvidia-sizes 'nvidia-smi vgpu -i 0000:41:00.0 -shm 1'
}

vgpu_types() { get '[.operations[] | select(.target | endswith("current_vgpu_type")).value] | join(" ")'; }

# vgpu_functions_of: how many virtual functions the rule hands over.
vgpu_functions_of() { get '[.devices[] | select(.parent and .action == "bind")] | length'; }

@test "examples: virtual GPUs of Intel's and AMD's drivers" {
    host_with_uplink
    xe_card
    example vgpu-intel-xe
    is "$(get '[.operations[] | select(.target | endswith("vram_quota")).value] | join(" ")')" '4294967296 4294967296 8589934592' sizes
    is "$(get '.operations[] | select(.op == "write" and (.target | endswith("sriov_numvfs"))).value')" 3 number
    host_with_uplink
    i915_card
    example vgpu-intel-i915
    is "$(get '.operations[] | select(.op == "write" and (.target | endswith("sriov_numvfs"))).value')" 2 number
    host_with_uplink
    gvtg
    example vgpu-intel-gvtg
    is "$(get '.devices[] | select(.bus == "mdev").type')" i915-GVTg_V5_4 type
    host_with_uplink
    gim_card 2
    example vgpu-amd
    is "$(vgpu_functions_of)" 2 functions
    gim_card 3
    plan
    rule_says vgpu-amd 'write Count=3, or load it with vf_num=2$'
}

@test "example: virtual GPUs without a card, of a sample of Linux" {
    host_with_uplink
    mtty_parent
    example vgpu-sample
    is "$(get '[.operations[] | select(.target | endswith("mtty-2/create"))] | length')" 2 'what is made'
}

# usb_host: a controller with a hub in socket 2, and a stick with a disk of no file system.
usb_host() {
    tree_new
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=5
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 05e3:0610 class=09 device=09 ports=4 driver=hub
}

@test "examples: a USB stick, every other stick, and one that the host keeps" {
    usb_host
    example usb-stick
    usb_add 1-2.1 0951:1666 class=08/06/50 driver=usb-storage serial=408D5CBF5E2CE6B1
    usb_disk sdb 8:16 1-2.1
    plan
    bound 1-2.1
    rm "$ROOT/etc/passthrough.d/usb-stick.conf"
    ctl add stick /dev/sdb
    exits 0
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/stick.conf" | paste -sd' ')" \
        '[Match] Bus=usb ID=0951:1666 Serial=408D5CBF5E2CE6B1 [Device] Expect=0-1' 'the rule that add writes'
    rm "$ROOT/etc/passthrough.d/stick.conf"
    usb_add 1-1 0951:1666 class=08/06/50 driver=usb-storage serial=408D5CBF5E2CE6B2
    usb_disk sdc 8:32 1-1
    example usb-sticks
    bound 1-1 1-2.1
    example 10-stick
    bound 1-2.1
    device 1-1 keep
}

@test "examples: a dongle, a modem before and after it is switched, and a keyboard" {
    usb_host
    usb_add 1-3 0529:0001 class=ff
    example usb-dongle
    bound 1-3
    rm "$ROOT/etc/passthrough.d/usb-dongle.conf"
    usb_add 1-4 12d1:1446 class=ff
    example usb-modem
    bound 1-4
    usb_remove 1-4
    usb_add 1-4 12d1:1506 class=ff,ff,ff driver=option,option,option
    usb_tty ttyUSB0 188:0 1-4
    plan
    bound 1-4
    rm "$ROOT/etc/passthrough.d/usb-modem.conf"
    usb_add 1-1 046d:c31c class=03/01/01 driver=usbhid
    usb_add 1-2.3 046d:c31c class=03/01/01 driver=usbhid
    example usb-keyboard
    bound 1-2.3
}

@test "examples: a serial port of the board, and the port of a USB adapter" {
    local dir=devices/platform/serial8250/tty/ttyS1
    usb_host
    put "/sys/$dir/type" 4
    put "/sys/$dir/dev" 4:65
    link class/tty/ttyS1 "$dir"
    link "$dir/subsystem" class/tty
    put /sys/class/tty/console/active tty0
    example com1
    bound ttyS1
    usb_add 1-1 0403:6001 class=ff driver=ftdi_sio serial=A50285BI
    usb_tty ttyUSB0 188:0 1-1
    example serial-adapter
    bound ttyS1 ttyUSB0
}
