# shellcheck shell=bash
#
# Verbs that build hosts with virtual GPUs, as their drivers show them. Shapes: Documentation/driver-api/vfio-mediated-device.rst and the
# samples of Linux in samples/vfio-mdev; NVIDIA's vGPU software user guide; Documentation/ABI/testing/sysfs-driver-intel-xe-sriov.
#
#     tree_new
#     nvidia_card                      # 0000:41:00.0, whose virtual functions are not there yet
#     nvidia_functions 4               # 0000:41:00.4 and on
#     vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
#     vgpus Type=A40-8Q Count=3
#
# The card is $CARD; rules name it by $CARD_MATCH.

CARD=0000:41:00.0
CARD_MATCH=Address=41:00.0
# UUIDs that a rule has, and that somebody else has.
# shellcheck disable=SC2034 # of who loads this
GIVEN=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 FOREIGN=83b8f4f2-509f-382f-3c1e-e6bfe0fa2002

# vgpus LINE...: the rule 60-vgpu for the card; further sections may stand among the lines.
vgpus() {
    rule 60-vgpu '[Match]' "${CARD_MATCH%%$'\n'*}" ${CARD_BUS:+"Bus=$CARD_BUS"} '[VirtualGPU]' "$@"
}

# vgpu_aim now|boot|gone: the plan of the virtual GPUs alone, at any moment (see vgpu.c), in $output. The UUIDs that follow from the host are
# u0, u1, ...; a device below a port is its address, and what is below $CARD has no directory.
vgpu_aim() {
    [[ -x $BATS_FILE_TMPDIR/vgpu ]] || vgpu_compile
    run --separate-stderr "$BATS_FILE_TMPDIR/vgpu" "$ROOT" "$1"
    output=$(sed "s,/sys/$(vgpu_dir)/,,g; s,/sys/devices/pci[^ ]*/\(0000:[0-9a-f:.]*\)/,\1/,g" <<<"$output" | awk '
        { while (match($0, /[0-9a-f]+-[0-9a-f]+-8[0-9a-f][0-9a-f][0-9a-f]-[0-9a-f]+-[0-9a-f]+/)) {
            uuid = substr($0, RSTART, RLENGTH)
            if (!(uuid in name)) name[uuid] = "u" n++
            $0 = substr($0, 1, RSTART - 1) name[uuid] substr($0, RSTART + RLENGTH) }
          print }')
}

vgpu_compile() {
    local -a flags=(-O1)
    ! sanitized || flags+=(-fsanitize=address,undefined)
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$BATS_TEST_DIRNAME/../../src" "${flags[@]}" -o "$BATS_FILE_TMPDIR/vgpu.$$" \
        "$BATS_TEST_DIRNAME/vgpu.c" "$BUILD/engine.a" -ljson-c
    mv "$BATS_FILE_TMPDIR/vgpu.$$" "$BATS_FILE_TMPDIR/vgpu"
}

# makes OPERATION...: those are the operations of the last vgpu_aim, in order. makes_none: there is none.
makes() {
    is "$(sed -nE 's/^(functions|make) //p' <<<"$output")" "$(printf '%s\n' "$@")" operations
}

makes_none() {
    is "$(grep -E '^(functions|make) ' <<<"$output")" '' operations
}

# vgpu_rule STATE REGEX: what the rule's line of the last vgpu_aim says.
vgpu_rule() {
    [[ $(grep '^60-vgpu ' <<<"$output") =~ ^"60-vgpu $1: "($2)$ ]] || { show && return 1; }
}

# vgpu_planned: "OP TARGET VALUE" of the operations that the plan has now, in order and one a line; $CARD's directory is left out.
vgpu_planned() {
    jq -r '.operations[] | "\(.op) \(.target) \(.value // "")"' <<<"$output" |
        sed "s,/sys/$(vgpu_dir)/,,; s,/sys/bus/pci/devices/$CARD/,,"
}

vgpu_dir() {
    if [[ -L $ROOT/sys/bus/pci/devices/$CARD ]]; then pci_dir "$CARD"; else echo "devices/virtual/$CARD/$CARD"; fi
}

# vgpu_card ID CLASS DRIVER [TOTAL [OFFSET [STRIDE]]]: $CARD behind a port of its own; with TOTAL it can have virtual functions.
vgpu_card() {
    CARD=0000:41:00.0 CARD_MATCH=Address=41:00.0 CARD_BUS=
    mkdir -p "$ROOT"/sys/class/mdev_bus "$ROOT"/sys/bus/mdev/{devices,drivers}
    root_port 0000:00:04.0 41
    pci_add "$CARD" "$1" "$2" under=0000:00:04.0 group=41 driver="$3"
    (($# < 4)) || vgpu_functions_possible "${@:4}"
}

vgpu_functions_possible() {
    pci_set "$CARD" sriov_totalvfs "$1"
    pci_set "$CARD" sriov_numvfs 0
    pci_set "$CARD" sriov_drivers_autoprobe 1
    pci_set "$CARD" sriov_offset "${2-4}"
    pci_set "$CARD" sriov_stride "${3-1}"
    pci_set "$CARD" sriov_vf_device "$(sed 's/^0x//' "$(pci_file "$CARD" device)")"
}

# function_at INDEX: the address of that virtual function of $CARD.
function_at() {
    local offset stride at
    offset=$(<"$(pci_file "$CARD" sriov_offset)") stride=$(<"$(pci_file "$CARD" sriov_stride)")
    at=$((offset + $1 * stride))
    printf '%s:%02x.%x\n' "${CARD%:*}" $((at >> 3 & 31)) $((at & 7))
}

# vgpu_functions N DRIVER: virtual functions of $CARD, that many, each with that driver.
vgpu_functions() {
    untraced vgpu_functions_add "$@"
}

vgpu_functions_add() {
    local i id total
    id=$(sed 's/^0x//' "$(pci_file "$CARD" vendor)"):$(<"$(pci_file "$CARD" sriov_vf_device)")
    total=$(<"$(pci_file "$CARD" sriov_totalvfs)")
    for ((i = 0; i < $1; i++)); do
        pci_add "$(function_at "$i")" "$id" "$(sed 's/^0x//' "$(pci_file "$CARD" class)")" under=0000:00:04.0 "group=$((200 + i))" \
            physfn="$CARD" "index=$i" ${2:+driver="$2"}
    done
    pci_set "$CARD" sriov_totalvfs "$total"
    pci_set "$CARD" sriov_numvfs "$1"
}

# --- mediated devices

# mdev_parent DIR NAME: what makes them, a directory below /sys, is registered under that name.
mdev_parent() {
    mkdir -p "$ROOT/sys/$1/mdev_supported_types" "$ROOT"/sys/bus/mdev/{devices,drivers}
    link "class/mdev_bus/$2" "$1"
}

# mdev_type DIR ID NAME AVAILABLE [DESCRIPTION...]: a type that DIR offers; NAME "-": there is no such file, as with drivers before Linux 6.1.
mdev_type() {
    local dir=/sys/$1/mdev_supported_types/$2
    mkdir -p "$ROOT$dir/devices"
    : >"$ROOT$dir/create"
    [[ $3 == - ]] || put "$dir/name" "$3"
    put "$dir/available_instances" "$4"
    put "$dir/device_api" vfio-pci
    (($# < 5)) || put "$dir/description" "${@:5}"
}

# mdev_available DIR ID N: so many more of that type fit.
mdev_available() {
    put "/sys/$1/mdev_supported_types/$2/available_instances" "$3"
}

# add_mdev UUID DIR TYPE [DRIVER] [GROUP]: a mediated device that is there; one fewer of its type fits.
add_mdev() {
    local dir=$2/$1 driver=${4-vfio_mdev} group=${5-} type=$2/mdev_supported_types/$3 left
    mkdir -p "$ROOT/sys/$dir"
    : >"$ROOT/sys/$dir/remove"
    link "bus/mdev/devices/$1" "$dir"
    link "$type/devices/$1" "$dir"
    link "$dir/subsystem" bus/mdev
    ln -sfn "../mdev_supported_types/$3" "$ROOT/sys/$dir/mdev_type"
    if [[ $driver ]]; then
        link "$dir/driver" "bus/mdev/drivers/$driver"
        link "bus/mdev/drivers/$driver/$1" "$dir"
    fi
    if [[ $group ]]; then
        link "$dir/iommu_group" "kernel/iommu_groups/$group"
        link "kernel/iommu_groups/$group/devices/$1" "$dir"
    fi
    [[ -e $ROOT/sys/$type/available_instances ]] || return 0
    left=$(<"$ROOT/sys/$type/available_instances")
    put "/sys/$type/available_instances" $((left > 0 ? left - 1 : 0))
}

# mtty_parent [N]: the sample driver of that name, which is on no other bus; N ports are left.
mtty_parent() {
    CARD=mtty CARD_MATCH=Address=mtty CARD_BUS=mdev
    mdev_parent devices/virtual/mtty/mtty mtty
    mdev_type devices/virtual/mtty/mtty mtty-1 'Single port serial' "${1-24}"
    mdev_type devices/virtual/mtty/mtty mtty-2 'Dual port serial' $((${1-24} / 2))
}

# mdpy_parent [N]: the sample driver of displays.
mdpy_parent() {
    CARD=mdpy CARD_MATCH=Address=mdpy CARD_BUS=mdev
    mdev_parent devices/virtual/mdpy/mdpy mdpy
    mdev_type devices/virtual/mdpy/mdpy mdpy-vga mdpy-vga "${1-4}" 'virtual display, 640x480 framebuffer'
    mdev_type devices/virtual/mdpy/mdpy mdpy-xga mdpy-xga "${1-4}" 'virtual display, 1024x768 framebuffer'
    mdev_type devices/virtual/mdpy/mdpy mdpy-hd mdpy-hd "${1-4}" 'virtual display, 1920x1080 framebuffer'
}

# gvtg: Intel's GVT-g, on processors up to the tenth generation. The types have no names, and their descriptions several lines.
gvtg() {
    local dir
    CARD=0000:00:02.0 CARD_MATCH=Address=00:02.0 CARD_BUS=
    pci_add "$CARD" 8086:591b 0300 group=2 driver=i915 boot_vga=1
    dir=$(pci_dir "$CARD")
    mdev_parent "$dir" "$CARD"
    mdev_type "$dir" i915-GVTg_V5_4 - 1 'low_gm_size: 128MB' 'high_gm_size: 512MB' 'fence: 4' 'resolution: 1920x1200' 'weight: 4'
    mdev_type "$dir" i915-GVTg_V5_8 - 2 'low_gm_size: 64MB' 'high_gm_size: 384MB' 'fence: 4' 'resolution: 1024x768' 'weight: 2'
}

# nvidia_types DIR AVAILABLE PREFIX NUMBER:NAME:MEGABYTES:MAXIMUM...: mediated types as NVIDIA's driver describes them. PREFIX: "GRID T4-".
nvidia_types() {
    local dir=$1 available=$2 prefix=$3 type number name size most
    for type in "${@:4}"; do
        IFS=: read -r number name size most <<<"$type"
        mdev_type "$dir" "nvidia-$number" "$prefix$name" "${available/max/$most}" \
            "num_heads=4, frl_config=60, framebuffer=${size}M, max_resolution=7680x4320, max_instance=$most"
    done
}

# nvidia_turing: a T4, which has its types itself. Of one size at a time: see nvidia_sized.
nvidia_turing() {
    vgpu_card 10de:1eb8 0302 nvidia
    mdev_parent "$(pci_dir "$CARD")" "$CARD"
    untraced nvidia_types "$(pci_dir "$CARD")" max 'GRID T4-' 222:1B:1024:16 230:1Q:1024:16 231:2Q:2048:8 232:4Q:4096:4 233:8Q:8192:2 \
        234:16Q:16384:1 225:1A:1024:16
}

# nvidia_sized DIR ID N: without heterogeneous mode the card offers that type alone, of which N more fit.
nvidia_sized() {
    local type
    for type in "$ROOT/sys/$1"/mdev_supported_types/*; do
        echo 0 >"$type/available_instances"
    done
    mdev_available "$@"
}

# nvidia_card [TOTAL]: an A40, whose virtual functions are not there yet.
nvidia_card() {
    vgpu_card 10de:2235 0302 nvidia "${1-16}" 4 1
}

# nvidia_functions N: what its sriov-manage makes, with the host's driver on each.
nvidia_functions() {
    vgpu_functions "$1" nvidia
}

# vf_mediated N [NUMBER:NAME:MEGABYTES:MAXIMUM...]: the first N have mediated types, one instance each: drivers before version 17.
vf_mediated() {
    untraced vf_mediated_add "$@"
}

vf_mediated_add() {
    local i dir
    local -a types=("${@:2}")
    ((${#types[@]})) || types=(556:2Q:2048:24 557:4Q:4096:12 558:8Q:8192:6 560:16Q:16384:3)
    for ((i = 0; i < $1; i++)); do
        dir=$(pci_dir "$(function_at "$i")")
        mdev_parent "$dir" "$(function_at "$i")"
        nvidia_types "$dir" 1 'NVIDIA A40-' "${types[@]}"
    done
}

# vendor_vfio N NUMBER:NAME...: the first N have the attributes of NVIDIA's vendor VFIO, version 17 and on.
vendor_vfio() {
    local i
    for ((i = 0; i < $1; i++)); do
        put "/sys/$(pci_dir "$(function_at "$i")")/nvidia/current_vgpu_type" 0
        put "/sys/$(pci_dir "$(function_at "$i")")/nvidia/vgpu_params" ''
        vendor_creatable "$i" "${@:2}"
    done
}

# vendor_creatable INDEX NUMBER:NAME...: what that one may become, below the line that names the columns. vendor_bare: without that line.
vendor_creatable() {
    vendor_bare "$@"
    sed -i '1i\ID    : vGPU Name' "$(pci_file "$(function_at "$1")" nvidia/creatable_vgpu_types)"
}

vendor_bare() {
    local type
    for type in "${@:2}"; do printf '%-6s: %s\n' "${type%%:*}" "${type#*:}"; done |
        put "/sys/$(pci_dir "$(function_at "$1")")/nvidia/creatable_vgpu_types"
}

# vendor_current INDEX NUMBER: what that one is.
vendor_current() {
    pci_set "$(function_at "$1")" nvidia/current_vgpu_type "$2"
}

# sriov_manage [LINE...]: NVIDIA's program that makes the virtual functions; the lines are the script.
sriov_manage() {
    put /usr/lib/nvidia/sriov-manage '#!/bin/bash' "$@"
    chmod +x "$ROOT/usr/lib/nvidia/sriov-manage"
}

# --- virtual functions that are virtual GPUs without a type

# xe_card [TOTAL]: Intel's Arc Pro B60, with the profiles that xe has since Linux 6.19. xe_bare: with an older xe.
xe_bare() {
    vgpu_card 8086:e211 0300 xe "${1-12}" 1 1
    put /sys/module/xe/parameters/max_vfs 4294967295
}

xe_card() {
    xe_bare "$@"
    untraced xe_profiles "${1-12}"
}

xe_profiles() {
    local dir which
    dir=/sys/$(pci_dir "$CARD")/sriov_admin
    for which in .bulk_profile pf $(seq -f vf%.0f "$1"); do
        if [[ $which == .* ]]; then set -- "$dir/$which"; else set -- "$dir/$which/profile"; fi
        put "$1/exec_quantum_ms" 0
        put "$1/preempt_timeout_us" 0
        put "$1/sched_priority" '[low] normal high'
        [[ $which == pf ]] || put "$1/vram_quota" 0
        [[ $which != vf* ]] || put "$dir/$which/stop" ''
    done
}

# i915_card [TOTAL]: an integrated display with the driver that Intel has beside the kernel's.
i915_card() {
    CARD=0000:00:02.0 CARD_MATCH=Address=00:02.0 CARD_BUS=
    pci_add "$CARD" 8086:46a6 0300 group=2 driver=i915 boot_vga=0
    vgpu_functions_possible "${1-7}" 1 1
    put /sys/module/i915/parameters/max_vfs "${1-7}"
}

# gim_card N [TOTAL]: AMD's driver for the host, which has made N virtual functions when it was loaded and makes no others.
gim_card() {
    vgpu_card 1002:73a1 0380 gim "${2-12}" 4 1
    pci_set "$CARD" sriov_vf_device 73ae
    put /sys/module/gim/parameters/vf_num "$1"
    vgpu_functions "$1" ''
}

# gim_bare N: the same where no file says how many there are.
gim_bare() {
    gim_card "$1"
    rm "$(pci_file "$CARD" sriov_totalvfs)" "$(pci_file "$CARD" sriov_numvfs)"
}

# css_parent: a channel of an IBM Z, whose parents are on a bus of their own.
css_parent() {
    CARD=0.0.0313 CARD_MATCH=Address=0.0.0313 CARD_BUS=mdev
    mdev_parent devices/css0/0.0.0313 0.0.0313
    mdev_type devices/css0/0.0.0313 vfio_ccw-io 'I/O subchannel (Non-QDIO)' 1
}

# --- who else makes them

# mdevctl_defined PARENT UUID TYPE auto|manual: a definition of mdevctl's.
mdevctl_defined() {
    jq -n --arg type "$3" --arg start "$4" '{mdev_type: $type, start: $start, attrs: []}' | put "/etc/mdevctl.d/$1/$2"
}

# unit_enabled NAME: a target wants that unit.
unit_enabled() {
    mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
    ln -sfn "/usr/lib/systemd/system/$1" "$ROOT/etc/systemd/system/multi-user.target.wants/$1"
}
