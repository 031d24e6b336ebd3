# IOMMU groups, bridges and boot displays: what is never taken, and what is taken only whole. Cases of one plan each: plans/.

load product
load tree

setup() {
    machine two-functions
}

@test "require refuses a group that holds another endpoint, names both, and touches neither" {
    rule edu '[Match]' Address=02:00.0
    plan
    exits 1
    rule_is edu refused
    refused 0000:02:00.0 0000:02:00.1
    refused 0000:02:00.1 .
    rule_says edu '(^|[^0-9])2([^0-9]|$)'
    ctl plan
    exits 1
    says '^  edu +refused +02:00\.0 '
    says '^ +the rule does not take all of IOMMU group 2:$'
    says '^ +x 02:00\.1 '
}

@test "two rules that share a group and say otherwise who may open its node are both refused" {
    local pair
    for pair in Owner=vm1:Owner=vm2 Group=kvm:Group=36 Mode=0600:Group=kvm Mode=0600:Mode=0660; do
        rule a '[Match]' Address=02:00.0 '[Device]' "${pair%:*}"
        rule b '[Match]' Address=02:00.1 '[Device]' "${pair#*:}"
        plan
        exits 1
        refused 0000:02:00.0 'IOMMU group 2 also holds 0000:02:00.1, for which rule b has '
        refused 0000:02:00.1 'IOMMU group 2 also holds 0000:02:00.0, for which rule a has '
    done
    reason 0000:02:00.0 'has Mode=0660; the group has one node, write the same in both$'
}

@test "two rules that share a group go together where they say the same of its node, or only one does" {
    local pair
    for pair in Group=kvm:Group=kvm Owner=vm:Group=kvm Owner=vm: Mode=0660:Group=kvm; do
        rule a '[Match]' Address=02:00.0 '[Device]' "${pair%:*}"
        rule b '[Match]' Address=02:00.1 '[Device]' "${pair#*:}"
        plan
        exits 0
        bound 0000:02:00.0 0000:02:00.1
    done
    # A device that the host keeps has no node; one in another group has its own.
    rule a '[Match]' Address=02:00.0 '[Device]' Owner=a IOMMUGroup=complete
    rule b '[Match]' Address=01:00.0 '[Device]' Owner=b
    plan
    exits 0
}

@test "where one of two rules that share a group is refused, the other is too, in either order" {
    local good bad
    for good in 10 30; do
        bad=20
        rm -f "$ROOT"/etc/passthrough.d/*
        rule $good-good '[Match]' Address=02:00.0
        rule $bad-bad '[Match]' Address=02:00.1 '[Device]' Driver=no-such-driver
        plan
        exits 1
        rule_is $good-good refused
        rule_is $bad-bad refused
        bound
    done
}

@test "an invalid or skipped rule does not complete a group" {
    rule a '[Match]' Address=02:00.0
    rule b '[Match]' Address=02:00.1 Host=elsewhere
    plan
    exits 1
    bound
    rule b '[Match]' Address=02:00.1 Hsot=elsewhere
    plan
    exits 2
    bound
}

@test "a bridge in the group is no foreign endpoint, and is never taken" {
    pci_group 0000:00:03.0 2
    rule edu '[Match]' 'Address=02:00.*' '[Device]' Expect=2
    plan
    exits 0
    bound 0000:02:00.0 0000:02:00.1
    untouched 0000:00:03.0
    rule edu '[Match]' 'Address=02:00.0' '[Device]' IOMMUGroup=complete
    plan
    exits 0
    untouched 0000:00:03.0
}

@test "bridges are never taken: not by address, ID, class, glob or in a slot" {
    local line
    for line in Address=00:03.0 Path=00:03.0 ID=1b36:000c Class=0604 Class=06 'Address=0000:00:0?.0'; do
        rule bridge '[Match]' "$line" '[Device]' Expect=0-
        plan
        untouched 0000:00:02.0 0000:00:03.0 0000:00:00.0
    done
    pci_add 0000:02:00.2 10b5:8747 0604 under=0000:00:03.0 group=2 bus=05
    rule bridge '[Match]' Address=02:00.0 '[Device]' Functions=slot
    plan
    exits 0
    bound 0000:02:00.0 0000:02:00.1
    untouched 0000:02:00.2
}

@test "a bridge that is matched by its address is refused, with the reason" {
    rule bridge '[Match]' Address=00:03.0
    plan
    exits 1
    refused 0000:00:03.0 '[Bb]ridge'
}

@test "Driver=native on a bridge is no refusal" {
    rule bridge '[Match]' Address=00:03.0 '[Device]' Driver=native
    plan
    exits 0
}

@test "host bridge, ISA bridge and CardBus are bridges too" {
    pci_add 0000:00:06.0 104c:ac56 0607 group=60
    local address
    for address in 00:00.0 00:1f.0 00:06.0; do
        rule bridge '[Match]' Address=$address '[Device]' IOMMUGroup=complete
        plan
        untouched 0000:$address
    done
}

@test "a header of type 1 under another class is a bridge: vfio-pci would not take it" {
    pci_add 0000:00:07.0 1b36:000c ff00 bus=09 group=61
    rule bridge '[Match]' Address=00:07.0
    plan
    untouched 0000:00:07.0
}

@test "a device without an IOMMU group is refused" {
    pci_add 0000:00:05.0 1234:11e8 00ff
    rule edu '[Match]' Address=00:05.0
    plan
    exits 1
    rule_is edu refused
    refused 0000:00:05.0 'no IOMMU group'
    rule edu '[Match]' Address=00:05.0 '[Device]' IOMMUGroup=complete
    plan
    exits 1
    untouched 0000:00:05.0
}

@test "a device without an IOMMU group can be kept" {
    pci_add 0000:00:05.0 1234:11e8 00ff
    rule edu '[Match]' Address=00:05.0 '[Device]' Driver=native
    plan
    exits 0
}

@test "a group's member that no longer exists on the bus is unknown, and unknown does not permit" {
    ln -s ../../../../devices/pci0000:00/0000:00:77.0 "$ROOT/sys/kernel/iommu_groups/1/devices/0000:00:77.0"
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 1
    bound
}

@test "a group's member of which the class cannot be read is unknown, and unknown does not permit" {
    rule a '[Match]' Address=02:00.0
    rm "$(pci_file 0000:02:00.1 class)" "$(pci_file 0000:02:00.1 modalias)"
    plan
    exits 1
    bound
}

@test "a group's member that is no PCI function is another endpoint" {
    mkdir -p "$ROOT/sys/devices/platform/AMDI0010:00"
    link kernel/iommu_groups/1/devices/AMDI0010:00 devices/platform/AMDI0010:00
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 1
    bound
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' IOMMUGroup=complete
    plan
    exits 1
    bound
}

@test "AllowBootDisplay=yes takes it" {
    pci_set 0000:01:00.0 boot_vga 1
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' AllowBootDisplay=yes
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' AllowBootDisplay=no
    plan
    exits 1
}

@test "a boot display that comes along as companion or group member is refused as well" {
    pci_set 0000:01:00.0 boot_vga 1
    local line
    for line in Functions=slot IOMMUGroup=complete; do
        rule audio '[Match]' Address=01:00.1 '[Device]' $line
        plan
        exits 1
        untouched 0000:01:00.0 0000:01:00.1
    done
}

@test "a VGA display of which boot_vga is absent, empty or garbage is unknown, and refused" {
    rule gpu0 '[Match]' Address=01:00.0
    local content
    for content in '' x 2 -1; do
        pci_set 0000:01:00.0 boot_vga "$content"
        plan
        exits 1
        untouched 0000:01:00.0 0000:01:00.1
    done
    rm "$(pci_file 0000:01:00.0 boot_vga)"
    plan
    exits 1
    refused 0000:01:00.0 AllowBootDisplay
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' AllowBootDisplay=yes
    plan
    exits 0
}

@test "a display that is not VGA has no boot_vga: it is taken where it shows nothing, or another is the screen" {
    pci_add 0000:00:05.0 1234:1111 0380 group=40
    pci_add 0000:00:06.0 10de:1c60 0302 group=41
    rule a '[Match]' Address=00:05.0
    rule b '[Match]' Address=00:06.0
    plan
    exits 1
    refused 0000:00:05.0 'may have booted on this display'
    bound 0000:00:06.0
    pci_set 0000:01:00.0 boot_vga 1
    plan
    exits 0
    bound 0000:00:05.0 0000:00:06.0
}

@test "boot_display, which newer kernels have for any display, counts as boot_vga does" {
    pci_add 0000:00:05.0 1234:1111 0380 group=40
    pci_set 0000:00:05.0 boot_display 1
    rule a '[Match]' Address=00:05.0
    plan
    exits 1
    refused 0000:00:05.0 AllowBootDisplay
    pci_set 0000:00:05.0 boot_display 0
    plan
    exits 0
}

@test "two cards in one group: complete takes both whole, or neither" {
    root_port 0000:00:04.0 05
    pci_add 0000:05:00.0 1002:5159 0300 under=0000:00:04.0 group=1 driver=radeon
    pci_add 0000:05:00.1 1002:aa38 0403 under=0000:00:04.0 group=1 driver=snd_hda_intel
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' IOMMUGroup=complete
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1 0000:05:00.0 0000:05:00.1
    pci_set 0000:05:00.0 boot_vga 1
    plan
    exits 1
    bound
}

@test "a member that another rule gives to pci-stub does not stand in the way, one that it gives to a native driver does" {
    rule a '[Match]' Address=02:00.0
    rule b '[Match]' Address=02:00.1 '[Device]' Driver=pci-stub
    plan
    exits 0
    bound 0000:02:00.0 0000:02:00.1
    rule b '[Match]' Address=02:00.1 '[Device]' Driver=radeon
    plan
    exits 1
    untouched 0000:02:00.0
}

@test "virtual functions in the group of what makes them: that one is said to stay, whatever IOMMUGroup= says" {
    tree_new
    pci_root 0000:00
    pci_add 0000:05:00.0 8086:1572 0200 group=50 driver=i40e
    pci_add 0000:05:02.0 8086:154c 0200 group=50 physfn=0000:05:00.0 index=0
    rule vfs '[Match]' ID=8086:154c '[Device]' IOMMUGroup=complete
    ctl plan
    exits 1
    has 'its virtual functions go away when it does'
    plan
    reason 0000:05:02.0 'also holds 0000:05:00.0 .*, which makes it and cannot go with it$'
}
