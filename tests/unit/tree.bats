# The fake machine itself: a stranger's tool reads it like a real one, and what the benchmark builds is of the same kind.

load product
load tree

@test "lspci reads the tree like a real machine" {
    command -v lspci >/dev/null || skip 'no lspci'
    tree_new
    card 0000:00:02.0 01 1 serial=3c-ec-ef-ff-ff-12-34-56 subsystem=1028:0001
    run lspci -A linux-sysfs -O sysfs.path="$ROOT/sys/bus/pci" -vvvnn -D
    has '0000:01:00.0 VGA compatible controller [0300]' '[1002:5159]' 'Bus: primary=00, secondary=01, subordinate=01' \
        'Device Serial Number 3c-ec-ef-ff-ff-12-34-56' '[1028:0001]' 'IOMMU group: 1' 'Kernel driver in use: snd_hda_intel' \
        'Express (v2) Root Port' 'Express (v2) Endpoint'
    is "$(lspci -A linux-sysfs -O sysfs.path="$ROOT/sys/bus/pci" -D | wc -l)" "$(find "$ROOT/sys/bus/pci/devices" -type l | wc -l)" functions
}

@test "no link in a tree dangles, and none leads out of it" {
    tree_new
    card 0000:00:02.0 01 1
    pci_add 0000:00:05.0 8086:10d3 0200 group=2 driver=e1000e slot=3
    nic eno1 0000:00:05.0
    net_over bond0 eno1
    pci_add 0000:00:06.0 1b36:0010 010802 group=3 driver=nvme
    disk nvme0n1 259:0 0000:00:06.0
    part nvme0n1p1 259:1
    stacked dm-0 253:0 nvme0n1p1
    pci_add 0000:00:07.0 1b36:000d 0c0330 group=4 driver=xhci_hcd
    usb_bus 1 0000:00:07.0
    usb_device 1-2 046d:c31c 03
    is "$(find "$ROOT" -xtype l)" '' 'dangling links'
    is "$(find "$ROOT" -type l -lname '/*')" '' 'absolute links'
    is "$(find "$ROOT" -type l -exec realpath {} + | grep -cv "^$ROOT/")" 0 'links that lead out'
}

@test "the benchmark's trees have as many functions as asked, and plan like any other" {
    command -v cc >/dev/null || skip 'no compiler'
    ROOT=$BATS_TEST_TMPDIR/root
    cc -O1 -o "$BATS_TEST_TMPDIR/mktree" "$BATS_TEST_DIRNAME/../bench/mktree.c"
    "$BATS_TEST_TMPDIR/mktree" -r 3 300 "$ROOT"
    is "$(find "$ROOT/sys/bus/pci/devices" -type l | wc -l)" 300 functions
    is "$(find "$ROOT" -xtype l)" '' 'dangling links'
    plan
    exits 0
    is "$(get '.rules[].state')" 'ok ok ok' states
    is "$(get '[.devices[] | select(.action == "bind")] | length')" 6 'functions bound'
}

@test "a verb fails where no tree was begun, and where it is given what it does not know" {
    is "$ROOT" /dev/null/no-tree ROOT
    run put /etc/hostname elsewhere
    ((status != 0))
    run pci_add 0000:00:01.0 8086:1234 0600
    ((status != 0))
    tree_new
    run pci_add 0000:00:01.0 8086:1234 0600 colour=red
    ((status != 0))
    [[ $output == *'unknown key colour=red'* ]]
}
