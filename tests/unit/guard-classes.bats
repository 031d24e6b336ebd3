# Whatever is not known to be harmless needs evidence: by class, by what is below it, and by how the rule names it.

load product
load tree
load tree-guard

setup() {
    tree_new
    pci_add 0000:00:18.0 1234:1111 1200 group=70
    candidates 0000:00:18.0
}

# initrd_from_elsewhere: early, and with no clearance.
initrd_from_elsewhere() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
}

@test "parts of the chipset are the host's, however they are named; an accelerator beside them goes" {
    local class
    for class in 080020 080600 080700 088000 110100; do
        pci_add 0000:00:19.0 8086:09a2 $class group=71
        rule greedy '[Match]' Address=00:18.0 '[Device]' Expect=0-
        rule named '[Match]' Address=00:19.0
        plan
        refused 0000:00:19.0 'part of the chipset' || { echo "class $class" && return 1; }
        bound 0000:00:18.0
        pci_remove 0000:00:19.0
    done
}

@test "a class that says nothing goes by a name, and by no greedy rule" {
    pci_add 0000:00:19.0 1234:11e8 00ff group=71
    pci_add 0000:00:1a.0 1234:11e9 0500 group=72
    pci_add 0000:00:1b.0 1234:11ea 0b40 group=73
    rule greedy '[Match]' 'Class=00 05 0b 12' '[Device]' Expect=0-
    plan
    refused 0000:00:19.0 'by Address=, Path='
    refused 0000:00:1a.0 'by Address=, Path='
    refused 0000:00:1b.0 'by Address=, Path='
    bound 0000:00:18.0
    rule greedy '[Match]' 'ID=1234:*' '[Device]' Expect=0-
    plan
    bound 0000:00:18.0
    rule greedy '[Match]' 'ID=1234:11e8 1234:11e9 1234:11ea 1234:1111' '[Device]' Expect=0-
    plan
    bound 0000:00:18.0 0000:00:19.0 0000:00:1a.0 0000:00:1b.0
}

@test "early in an image from elsewhere, what is not known to be harmless waits for a clearance" {
    local class
    rule greedy '[Match]' 'Address=00:18.0 00:19.0' '[Device]' Expect=0- Stage=initrd
    for class in 0700 0703 080100 088000 0980 0c0340 0c05 0c80 1080 1180; do
        pci_add 0000:00:19.0 1234:5678 $class group=71
        initrd_from_elsewhere
        plan
        refused 0000:00:19.0 'no clearance' || { echo "class $class" && return 1; }
        bound 0000:00:18.0
        pci_remove 0000:00:19.0
    done
}

@test "virtio waits for a clearance whatever its class" {
    rule greedy '[Match]' 'Address=00:18.0 00:19.0' '[Device]' Expect=0- Stage=initrd
    pci_add 0000:00:19.0 1af4:1053 00ff group=71
    initrd_from_elsewhere
    plan
    refused 0000:00:19.0 'no clearance'
    bound 0000:00:18.0
}

@test "a touchpad behind an I2C host keeps it; one whose bus is empty goes" {
    local dir
    pci_add 0000:00:19.0 8086:43e8 0c80 group=71 driver=intel-lpss
    pci_add 0000:00:1a.0 8086:43e9 0c80 group=72 driver=intel-lpss
    for dir in "$(pci_dir 0000:00:19.0)" "$(pci_dir 0000:00:1a.0)"; do
        mkdir -p "$ROOT/sys/$dir/i2c_designware.0/i2c-1"
    done
    mkdir -p "$ROOT/sys/$(pci_dir 0000:00:19.0)/i2c_designware.0/i2c-1/i2c-ELAN0001:00/0018:04F3:30FA.0001/input/input9"
    rule greedy '[Match]' 'Class=0c80 12' '[Device]' Expect=0-
    plan
    refused 0000:00:19.0 'intel-lpss has it and gives the host input.*unbind'
    bound 0000:00:18.0 0000:00:1a.0
}

@test "a DMA engine and a modem of an unknown class are kept by what is below them" {
    pci_add 0000:00:19.0 8086:6f20 0880 group=71 driver=ioatdma
    pci_add 0000:00:1a.0 17cb:0306 ff00 group=72 driver=mhi-pci-generic
    mkdir -p "$ROOT/sys/$(pci_dir 0000:00:19.0)/dma/dma0chan0" "$ROOT/sys/$(pci_dir 0000:00:1a.0)/mhi0/wwan/wwan0"
    rule named '[Match]' 'Address=00:18.0 00:19.0 00:1a.0' '[Device]' Expect=0-
    plan
    refused 0000:00:19.0 'ioatdma has it and gives the host dma'
    refused 0000:00:1a.0 'mhi-pci-generic has it and gives the host wwan'
    bound 0000:00:18.0
}

@test "a Thunderbolt host and the firmware's security processor stay while their drivers have them" {
    pci_add 0000:00:19.0 8086:9a1b 0c0340 group=71 driver=thunderbolt
    pci_add 0000:00:1a.0 1022:15c7 1080 group=72 driver=ccp
    pci_add 0000:00:1b.0 1022:15c7 1080 group=73
    rule named '[Match]' 'Address=00:18.0 00:1a.0 00:1b.0 00:19.0' '[Device]' Expect=0-
    plan
    refused 0000:00:19.0 'plugged into its ports'
    refused 0000:00:1a.0 'TPM'
    bound 0000:00:18.0 0000:00:1b.0
}

@test "an ISA bridge without a driver does not hold its group; one with a driver does" {
    pci_add 0000:00:1a.0 1022:790e 0601 group=70
    rule named '[Match]' Address=00:18.0
    plan
    bound 0000:00:18.0
    untouched 0000:00:1a.0
    pci_bind 0000:00:1a.0 some_lpc
    plan
    refused 0000:00:18.0 'also holds 0000:00:1a.0'
}

@test "a part of the chipset without a driver does not hold its group, nor goes with it; one with a driver does" {
    local group
    firmware_uuid
    pci_add 0000:00:19.0 8086:09a2 0880 group=70
    pci_add 0000:00:1a.0 8086:0b23 0807 group=70 driver=pcieport
    for group in require complete; do
        rule named '[Match]' Address=00:18.0 '[Device]' IOMMUGroup=$group
        plan
        bound 0000:00:18.0
        untouched 0000:00:19.0 0000:00:1a.0
    done
    pci_bind 0000:00:19.0 ioatdma
    rule named '[Match]' Address=00:18.0
    plan
    refused 0000:00:18.0 'also holds 0000:00:19.0'
}

@test "early, a part of the chipset holds its group unless the host recorded it there without a driver" {
    local group
    firmware_uuid
    pci_add 0000:00:19.0 8086:09a2 0880 group=70
    for group in require complete; do
        rule named '[Match]' Address=00:18.0 '[Device]' Stage=initrd IOMMUGroup=$group
        image_built
        cp -a "$ROOT" "$BATS_TEST_TMPDIR/host"
        initrd_from_elsewhere
        plan
        bound 0000:00:18.0
        untouched 0000:00:19.0
        rm "$ROOT/var/lib/passthrough/clearance"
        plan
        refused 0000:00:18.0 0000:00:19.0
        rm -rf "$ROOT"
        mv "$BATS_TEST_TMPDIR/host" "$ROOT"
    done
}

@test "the flash memory with the host's firmware goes to no guest, and holds nobody back while no driver has it" {
    rm -rf "$ROOT"
    tree_new
    pci_add 0000:00:1f.5 8086:a2a4 0c80 group=9 driver=intel-spi
    pci_add 0000:00:1f.7 8086:a2f0 0403 group=60 driver=snd_hda_intel
    pci_add 0000:00:1f.6 8086:a2a4 0c80 group=60 driver=intel-spi
    rule sound '[Match]' Address=00:1f.7 '[Device]' IOMMUGroup=complete
    rule flash '[Match]' Address=00:1f.5 ID=8086:a2a4
    plan
    refused 0000:00:1f.6 'firmware is in the flash memory'
    refused 0000:00:1f.5 'firmware'
    untouched 0000:00:1f.7
    ctl plan
    has_not 'To have the rule ok'
    ctl check
    has_not 'IOMMUGroup=complete'
    ctl list 00:1f.7
    has 'Handover      refused: '
    # Advice that the next command refuses is none.
    rm "$ROOT"/etc/passthrough.d/*
    pci_bind 0000:00:1f.5 vfio-pci
    ctl check
    has 'vfio-pci has it, and no rule could: '
    has_not 'add --from=running'
    rule sound '[Match]' Address=00:1f.7 '[Device]' IOMMUGroup=complete
    rm "$(pci_file 0000:00:1f.6 driver)"
    plan
    bound 0000:00:1f.7
    # An image that knows nothing of this host cannot tell that no driver comes.
    initrd_from_elsewhere
    plan
    untouched 0000:00:1f.6
}
