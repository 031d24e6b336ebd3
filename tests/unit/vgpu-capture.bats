# SPDX-License-Identifier: GPL-2.0-or-later
# A capture of a host with virtual GPUs has all that its plan, and any other rule for it, is made from.

load product
load tree
load tree-vgpu
load alike

# shape NAME: that host, in $ROOT, and the lines of [VirtualGPU] that it has.
shape() {
    tree_new
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    case $1 in
    mtty) mtty_parent && mdevctl_defined mtty "$FOREIGN" mtty-1 auto && LINES_=(Type=mtty-2 Count=2) ;;
    mdpy) mdpy_parent && LINES_=(Type=xga) ;;
    gvtg) gvtg && LINES_=(Type=GVTg_V5_4) ;;
    css) css_parent && LINES_=(Type=vfio_ccw-io) ;;
    turing) nvidia_turing && add_mdev "$FOREIGN" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 90 && LINES_=(Type=T4-8Q) ;;
    ampere) nvidia_card && nvidia_functions 3 && vf_mediated 3 && LINES_=(Type=A40-8Q Count=2) ;;
    vendor)
        nvidia_card && nvidia_functions 3 && vendor_vfio 3 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q' && vendor_current 0 560
        put /usr/share/nvidia/vgpu/vgpuConfig.xml '<vgpuType id="560" name="NVIDIA A40-16Q" class="Quadro">'
        LINES_=(Type=A40-16Q '[VirtualGPU]' Type=A40-4Q)
        ;;
    none) nvidia_card && sriov_manage && LINES_=(Type=A40-8Q Count=2) ;;
    service) nvidia_card && sriov_manage && unit_enabled "nvidia-sriov-manage@$CARD.service" && LINES_=(Type=A40-8Q) ;;
    xe) xe_card && LINES_=(Count=2 Attribute=vram_quota=1073741824) ;;
    i915) i915_card && LINES_=(Count=2) ;;
    gim) gim_card 2 && LINES_=(Count=2) ;;
    *) return 1 ;;
    esac
}

# looked DIR: what the commands that only look say of it; a file that it lacks is nobody's.
looked() {
    local command
    for command in 'plan --json' plan 'list --types' 'list --json' 'bind 60-vgpu --dry-run' 'show 60-vgpu'; do
        # shellcheck disable=SC2086 # words
        "$BUILD/passthroughctl" --root="$1" $command 2>&1 || echo "exit $?"
    done
}

@test "of each host it plans, lists and binds the same, to the byte; and for a rule that comes later" {
    local name raw=$BATS_TEST_TMPDIR/raw there
    for name in mtty mdpy gvtg css turing ampere vendor none service xe i915 gim; do
        shape "$name"
        for when in before after; do
            rm -rf "$raw" "$ROOT/etc/passthrough.d"
            [[ $when == before ]] || vgpus "${LINES_[@]}"
            ctl capture --raw "$raw"
            exits 0
            vgpus "${LINES_[@]}"
            mkdir -p "$raw/etc/passthrough.d"
            cp "$ROOT/etc/passthrough.d/60-vgpu.conf" "$raw/etc/passthrough.d"
            there=$(looked "$raw")
            alike --raw "$(looked "$ROOT")" "$there" || { echo "$name: a rule $when it" && return 1; }
            grep -q 60-vgpu <<<"$there"
        done
    done
}

@test "the rule's own mediated devices are so in a capture, too, where the machine-id is another" {
    local dir=$BATS_TEST_TMPDIR/replaced there
    shape mtty
    rm -r "$ROOT/etc/mdevctl.d"
    vgpus Type=mtty-2 Count=2
    plan
    for uuid in $(get '.devices[] | select(.bus == "mdev" and .type).address'); do
        add_mdev "$uuid" devices/virtual/mtty/mtty mtty-2 vfio_mtty $((++group + 500))
    done
    mdev_available devices/virtual/mtty/mtty mtty-2 0
    ctl capture "$dir"
    exits 0
    run -1 grep -q 0123456789abcdef0123456789abcdef "$dir/etc/machine-id"
    run_program "$BUILD/passthroughctl" --root="$dir" plan --json
    rule_is 60-vgpu ok
    is "$(get '[.devices[] | select(.bus == "mdev" and .type) | "\(.rule) \(.action)"] | join(" ")')" '60-vgpu bind 60-vgpu bind' devices
}
