# passthroughctl show: what QEMU and libvirt are told, for what the plan hands over. tests/boot shows that QEMU realises it.

load product
load tree
load guest

setup() {
    tree_again show && return
    tree_new
    card 0000:00:02.0 01 1
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2
    pci_root 10000:e0
    pci_add 10000:e0:06.0 144d:a808 010802 driver=nvme group=3
    rule gpu '[Match]' Address=01:00.0
    rule edu '[Match]' Address=02:00.0
    rule vmd '[Match]' Address=10000:e0:06.0
    tree_keep show
}

# arguments: QEMU's, in one line.
arguments() {
    get '.qemu[]'
}

@test "a card is one slot with all its functions" {
    ctl show gpu --json
    exits 0
    is "$(arguments)" '-device vfio-pci,host=0000:01:00.0,addr=0x10.0,multifunction=on -device vfio-pci,host=0000:01:00.1,addr=0x10.1' arguments
    is "$(get '.libvirt | length')" 2 'elements for libvirt'
    is "$(get '.libvirt[0]' | tr -s ' ')" "<hostdev mode='subsystem' type='pci' managed='no'> <source> <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/> </source> <address type='pci' domain='0x0000' bus='0x00' slot='0x10' function='0x0' multifunction='on'/> </hostdev> " 'the first'
    is "$(get '.libvirt[1]' | grep -o "bus='0x00' slot='0x10' function='0x1'/>")" "bus='0x00' slot='0x10' function='0x1'/>" 'the second'
    is "$(get '.devices[] | "\(.address) \(.rule) \(.driver)"')" '0000:01:00.0 gpu vfio-pci 0000:01:00.1 gpu vfio-pci' devices
}

@test "a device of one function goes where there is room" {
    ctl show edu --json
    exits 0
    is "$(arguments)" '-device vfio-pci,host=0000:02:00.0' arguments
    [[ $(get '.libvirt[]') != *"type='pci' domain"* ]] || { show && return 1; }
}

@test "without its function 0 a card begins with another" {
    rule host '[Match]' Address=01:00.0 '[Device]' Driver=native
    pci_remove 0000:01:00.0
    pci_add 0000:01:00.2 1002:aa38 0403 under=0000:00:02.0 group=1
    rule gpu '[Match]' Address=01:00.1 '[Device]' Functions=slot
    ctl show gpu --json
    exits 0
    is "$(arguments)" '-device vfio-pci,host=0000:01:00.1,addr=0x10.0,multifunction=on -device vfio-pci,host=0000:01:00.2,addr=0x10.1' arguments
}

@test "two cards are two slots, and by an address the one that is meant" {
    card 0000:00:04.0 03 5
    rule gpu '[Match]' ID=1002:5159 '[Device]' Expect=2
    ctl show gpu --json
    exits 0
    is "$(arguments | grep -o 'host=[0-9:.]*,addr=[0-9x.]*' | paste -sd' ')" \
        'host=0000:01:00.0,addr=0x10.0 host=0000:01:00.1,addr=0x10.1 host=0000:03:00.0,addr=0x11.0 host=0000:03:00.1,addr=0x11.1' arguments
    ctl show 03:00.1 --json
    exits 0
    is "$(arguments | grep -o 'host=[0-9:.]*' | paste -sd' ')" 'host=0000:03:00.0 host=0000:03:00.1' arguments
}

@test "more cards than a guest has slots that are known to be free: QEMU places the rest" {
    local n
    for n in {10..29}; do
        pci_add "0000:$n:00.0" 1234:11e8 00ff group=$((100 + n))
        pci_add "0000:$n:00.1" 1234:11e8 00ff group=$((100 + n))
    done
    rule many '[Match]' 'Address=0000:[12]?:*' ID=1234:11e8 '[Device]' Expect=0-
    ctl show many --json
    exits 0
    is "$(get '.devices | length')" 40 devices
    is "$(arguments | grep -o 'addr=0x..\.0' | sort -u | wc -l)" 18 slots
    is "$(arguments | grep -o 'addr=0x..\..' | sort | uniq -d)" '' 'places given twice'
    is "$(arguments | grep -o 'multifunction=on' | wc -l)" 18 'multifunction=on'
}

@test "a domain wider than QEMU's host= takes is named by its directory" {
    ctl show vmd --json
    exits 0
    is "$(arguments)" '-device vfio-pci,sysfsdev=/sys/bus/pci/devices/10000:e0:06.0' arguments
    [[ $(get '.libvirt[]') == *"domain='0x10000' bus='0xe0' slot='0x06' function='0x0'"* ]] || { show && return 1; }
}

@test "iommufd is shown where the kernel has nodes for single devices" {
    ctl show edu --json
    is "$(get '.qemu_iommufd | length')" 0 'without'
    mkdir -p "$ROOT/dev/vfio/devices"
    ctl show edu --json
    is "$(get '.qemu_iommufd[]')" '-object iommufd,id=iommufd0 -device vfio-pci,host=0000:02:00.0,iommufd=iommufd0' with
    ctl show edu
    has iommufd
}

@test "the text is what a shell and libvirt take" {
    ctl show gpu
    exits 0
    is "$(sed -n '/^QEMU$/,/^$/ s/^  //p' <<<"$output" | tr -d '\\\n' | tr -s ' ')" \
        '-device vfio-pci,host=0000:01:00.0,addr=0x10.0,multifunction=on -device vfio-pci,host=0000:01:00.1,addr=0x10.1' arguments
    is "$(grep -c '^<hostdev ' <<<"$output")" 2 elements
    says '^0000:01:00\.0  1002:5159  '
}

@test "what is refused is not shown, and the reason is" {
    pci_set 0000:01:00.0 boot_vga 1
    ctl show gpu
    exits 1
    is "$output" '' 'standard output'
    has 'gpu: 0000:01:00.0 refused: the firmware booted on this display'
    ctl show gpu --json
    exits 1
    is "$(get '.devices, .qemu, .libvirt | length')" '0 0 0' 'what there is'
}

@test "of a rule with one device refused the others are shown, and the status says so" {
    card 0000:00:04.0 03 5
    pci_set 0000:03:00.0 boot_vga 1
    rule gpu '[Match]' ID=1002:5159 '[Device]' Expect=2
    ctl show gpu --json
    exits 1
    has 'gpu: 0000:03:00.0 refused: '
    is "$(get '.devices[].address')" '0000:01:00.0 0000:01:00.1' shown
}

@test "what stays with the host, goes to another driver, is missing or switched off has its reason" {
    rule gpu '[Match]' Address=01:00.0 '[Device]' Driver=native
    ctl show gpu
    exits 1
    has 'gpu: 0000:01:00.0 Driver=native: it stays with the host'
    rule edu '[Match]' Address=02:00.0 '[Device]' Driver=pci-stub
    ctl show edu
    exits 1
    has 'edu: 0000:02:00.0 it goes to driver pci-stub'
    rule away '[Match]' Address=99:00.0
    ctl show away
    exits 1
    has 'away: missing: matches 0 devices'
    cmdline passthrough.skip=vmd
    ctl show vmd
    exits 1
    has 'vmd: skipped: passthrough.skip='
    rule none '[Match]' Address=99:00.0 '[Device]' Expect=0-
    ctl show none
    exits 1
    has 'none hands nothing over'
}

@test "a device that no rule takes is no failure of usage, an unknown rule or device is" {
    rm "$ROOT/etc/passthrough.d/edu.conf"
    ctl show 02:00.0
    exits 1
    has 'no rule covers 0000:02:00.0; write one first: passthroughctl add NAME 0000:02:00.0'
    ctl show gpv
    exits 2
    has '"gpu"'
    ctl show 99:00.0
    exits 2
    has 'no PCI device at 99:00.0'
    ctl show
    exits 2
    rule broken '[Match]' Adress=02:00.0
    ctl show broken
    exits 2
    has 'broken.conf:2'
}

# --- those who read it

@test "libvirt's schema takes the XML" {
    libvirt_takes gpu edu vmd
    libvirt_refuses 's/<source>/<sauce>/; s,</source>,</sauce>,'
}

@test "QEMU's vfio-pci has each property that is used" {
    command -v qemu-system-x86_64 >/dev/null || skip 'no QEMU'
    local rule help property
    help=$(qemu-system-x86_64 -device vfio-pci,help)
    for rule in gpu edu vmd; do
        ctl show $rule --json
        for property in $(get '.qemu[]' | grep -o ',[a-z]*='); do
            property=${property//[,=]/}
            grep -q "^ *$property=<" <<<"$help" || { echo "vfio-pci has no $property" && return 1; }
        done
    done
}

@test "--format prints one form alone, and an unknown one is an error that names those there are" {
    ctl show gpu --format=libvirt
    exits 0
    is "$(grep -c '^<hostdev ' <<<"$output")" 2 elements
    is "$(head -c 9 <<<"$output")" '<hostdev ' 'the beginning'
    has_not QEMU
    ctl show edu --format=qemu
    exits 0
    is "$output" '  -device vfio-pci,host=0000:02:00.0' output
    ctl show edu --format=qemu --json
    exits 0
    is "$(get 'keys_unsorted[]')" 'version rules devices qemu' keys
    ctl show edu --format=bhyve
    exits 2
    is "$output" '' output
    has '--format of show is qemu, qemu_iommufd, libvirt, libvirt-network, libvirt-nodedev, kubevirt, sriov-device-plugin, cdi, nfd, nova, proxmox, cloudpods, cloud-hypervisor, talos or prometheus, not "bhyve"'
}

@test "--format=libvirt is a file that virsh attach-device takes; of several devices it has an element each, and that is said" {
    command -v xmllint >/dev/null || skip 'no xmllint'
    ctl show edu --format=libvirt
    exits 0
    is "$(xmllint --xpath 'count(/hostdev/source/address)' - <<<"$output" 2>&1)" 1 'devices in the document'
    has_not 'attach-device'
    ctl show gpu --format=libvirt
    exits 0
    has 'gpu: 2 devices, an element each: virsh attach-device takes one a file, virsh edit all of them'
    # Blank lines are between them: each block alone is a document.
    is "$(csplit -s -f "$BATS_TEST_TMPDIR/block." - '/^$/' <<<"$output" && for b in "$BATS_TEST_TMPDIR"/block.*; do
        sed '/^$/d' "$b" | xmllint --xpath 'string(/hostdev/source/address/@function)' -; done | paste -sd' ')" '0x0 0x1' functions
}

@test "while a device is not handed over show ends with the next step, and nothing that is copied has it" {
    dracut_there
    ctl show edu
    exits 0
    says '^  Next: passthroughctl apply'
    ctl show edu --format=qemu
    has_not Next:
    pci_bind 0000:02:00.0 vfio-pci
    ctl show edu
    exits 0
    has_not Next: 'not handed over'
}

@test "--all shows each rule, and one that is not ok makes it fail" {
    ctl show --all
    exits 0
    is "$(grep '^# ' <<<"$output" | paste -sd' ')" '# edu # gpu # vmd' rules
    is "$(grep -c '^<hostdev ' <<<"$output")" 4 elements
    ctl show --all --format=libvirt
    is "$(grep -v '^# ' <<<"$output" | grep -c '^[^ <]')" 0 'lines beside the elements'
    ctl show --all --json
    exits 0
    is "$(get '.rules[] | "\(.name) \(.devices | length) \(.libvirt | length)"')" 'edu 1 1 gpu 2 2 vmd 1 1' document
    rule away '[Match]' Address=99:00.0
    rule z-broken '[Match]' Adress=99:00.0
    ctl show --all --json
    exits 2
    is "$(get '.rules[] | "\(.name) \(.state)"')" 'away missing edu ok gpu ok vmd ok z-broken invalid' document
    has 'away: missing'
    rm "$ROOT/etc/passthrough.d/z-broken.conf"
    ctl show --all
    exits 1
    rm -r "$ROOT/etc/passthrough.d"
    ctl show --all
    exits 1
    has 'there is no rule'
}

@test "a device that has not been handed over yet is told on standard error, and no failure" {
    pci_remove 0000:02:00.0
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2 driver=vfio-pci
    ctl show edu
    exits 0
    is "$stderr" '' 'standard error'
    ctl show gpu
    exits 0
    is "$stderr" 'gpu is not handed over yet: radeon has 0000:01:00.0, snd_hda_intel has 0000:01:00.1; a boot with the rule does it, or passthroughctl bind gpu now' 'standard error'
    ctl show vmd --json
    exits 0
    has 'vmd is not handed over yet: nvme has 10000:e0:06.0'
    whole '.devices | length == 1'
}
