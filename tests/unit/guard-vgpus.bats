# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual GPUs that somebody else has made: no rule takes the driver from what they are made of, whether they are used or not.

load product
load tree
load tree-vgpu

UUID=83b8f4f2-509f-382f-3c1e-e6bfe0fa200
GO='; virtual GPUs go with the driver, so remove them first$'

setup() {
    tree_new
}

# taken [ADDRESS]: a rule for it hands it over; withheld REGEX: it is refused, and list does not call it free.
taken() {
    rule card '[Match]' "Address=${1-$CARD}"
    plan
    exits 0
    bound "${1-$CARD}"
}

withheld() {
    rule card '[Match]' "Address=${2-$CARD}"
    plan
    exits 1
    refused "${2-$CARD}" "$1" || return 1
    rm "$ROOT/etc/passthrough.d/card.conf"
    ctl list --json
    [[ $(get ".devices[] | select(.address == \"${2-$CARD}\").handover.reason") =~ $1 ]] || { show && return 1; }
}

@test "a card with mediated devices stays, and they are named; without them it goes" {
    nvidia_turing
    taken
    add_mdev "${UUID}1" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 90
    withheld "^in use: the mediated device ${UUID}1 is made of it$GO"
    add_mdev "${UUID}2" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 91
    withheld "^in use: mediated devices ${UUID}1, ${UUID}2 are made of it$GO"
    add_mdev "${UUID}3" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 92
    withheld "^in use: mediated devices ${UUID}1, ${UUID}2 and 1 more are made of it$GO"
}

@test "a virtual function with mediated devices, or with a type of NVIDIA's, stays; the one beside it goes" {
    nvidia_card
    nvidia_functions 2
    vf_mediated 2
    taken 0000:41:00.4
    add_mdev "${UUID}1" "$(pci_dir 0000:41:00.4)" nvidia-558 nvidia-vgpu-vfio 90
    withheld "^in use: the mediated device ${UUID}1 is made of it$GO" 0000:41:00.4
    taken 0000:41:00.5
    tree_new
    nvidia_card
    nvidia_functions 2
    vendor_vfio 2 '558:NVIDIA A40-8Q'
    taken 0000:41:00.4
    vendor_current 0 558
    withheld "^in use: it is a virtual GPU, of type 558$GO" 0000:41:00.4
    taken 0000:41:00.5
}

@test "the virtual functions of a rule with [SR-IOV] likewise, and their number stays" {
    nvidia_card
    nvidia_functions 2
    vendor_vfio 2 '558:NVIDIA A40-8Q'
    rule card '[Match]' Address=41:00.0 '[SR-IOV]' VirtualFunctions=2 Driver=vfio-pci
    plan
    bound 0000:41:00.4 0000:41:00.5
    vendor_current 0 558
    plan
    exits 1
    refused 0000:41:00.4 "^in use: it is a virtual GPU, of type 558$GO"
    bound 0000:41:00.5
    rule card '[Match]' Address=41:00.0 '[SR-IOV]' VirtualFunctions=1 Driver=vfio-pci
    ctl bind card --dry-run
    exits 1
    has '41:00.4: it is a virtual GPU, of type 558'
}

@test "a virtual GPU whose driver does not show stays" {
    local way file
    for way in 'rm' 'ln -sfn driver' 'mkdir'; do
        tree_new
        nvidia_card
        nvidia_functions 2
        vendor_vfio 2 '558:NVIDIA A40-8Q'
        vendor_current 0 558
        file=$(pci_file 0000:41:00.4 driver)
        rm "$file"
        [[ $way == rm ]] || $way "$file"
        rule card '[Match]' Address=41:00.4
        plan
        refused 0000:41:00.4 "^in use: it is a virtual GPU, of type 558$GO" || return 1
    done
}

@test "a virtual function of NVIDIA's that shows no type stays" {
    nvidia_card
    nvidia_functions 2
    vendor_vfio 2 '558:NVIDIA A40-8Q'
    vendor_current 0 558
    rm "$(pci_file 0000:41:00.4 nvidia/current_vgpu_type)"
    withheld '^not cleared: cannot see whether it is a virtual GPU: .*/nvidia/current_vgpu_type is not there' 0000:41:00.4
    rm -r "$(pci_file 0000:41:00.4 nvidia)"
    withheld '^not cleared: cannot see whether it is a virtual GPU: .*/nvidia/current_vgpu_type is not there' 0000:41:00.4
}

@test "a card whose mediated devices only its own directory has stays" {
    nvidia_turing
    add_mdev "${UUID}1" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 90
    rm "$ROOT/sys/bus/mdev/devices/${UUID}1"
    withheld '^not cleared: cannot see whether mediated devices are made of it: /sys/bus/mdev/devices lacks '
    mv "$ROOT/sys/bus/mdev" "$BATS_TEST_TMPDIR/mdev"
    withheld '^not cleared: cannot see whether mediated devices are made of it: /sys/bus/mdev/devices lacks '
}

@test "what cannot be read frees nothing" {
    nvidia_card
    nvidia_functions 2
    vendor_vfio 2 '558:NVIDIA A40-8Q'
    local file
    file=$(pci_file 0000:41:00.4 nvidia/current_vgpu_type)
    rm "$file"
    ln -s current_vgpu_type "$file"
    withheld '^not cleared: cannot see whether it is a virtual GPU: .*/nvidia/current_vgpu_type cannot be read$' 0000:41:00.4
    taken 0000:41:00.5
    rm -r "$ROOT/sys/bus/mdev/devices"
    ln -s devices "$ROOT/sys/bus/mdev/devices"
    withheld '^not cleared: cannot see whether mediated devices are made of it: /sys/bus/mdev/devices cannot be read$' 0000:41:00.5
}

@test "an image that is built meanwhile knows it: early in a boot, where there are none yet, the card stays" {
    firmware_uuid
    nvidia_turing
    rule card '[Match]' Address=41:00.0
    add_mdev "${UUID}1" "$(pci_dir "$CARD")" nvidia-233 nvidia-vgpu-vfio 90
    image_built
    rm -r "$ROOT/sys/bus/mdev" "$(pci_file "$CARD" "${UUID}1")" "$(pci_file "$CARD" driver)"
    put /etc/initrd-release ID=debian
    plan
    refused "$CARD" "needed it when this image was built: the mediated device ${UUID}1 is made of it"
}
