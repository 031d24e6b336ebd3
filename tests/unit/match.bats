# What the keys of [Match] mean.

load product
load tree

# Twin Radeons behind ports of two root buses, a switch with a network card, an NVMe disk, VFs, and a long domain.
setup() {
    tree_again match && return
    tree_new
    card 0000:00:02.0 01 1 serial=3c-ec-ef-ff-ff-12-34-56 slot=7-1 subsystem=1028:0001
    pci_root 0000:40
    card 0000:40:03.1 42 15 subsystem=1028:0002
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 10b5:8747 0604 under=0000:00:03.0 bus=03 group=20
    pci_add 0000:03:08.0 10b5:8747 0604 under=0000:02:00.0 bus=04 group=21
    pci_add 0000:04:00.0 8086:10d3 0200 under=0000:03:08.0 group=22 driver=e1000e slot=4
    nic eno1 0000:04:00.0
    pci_add 0000:04:10.1 8086:10ca 0200 under=0000:03:08.0 group=23 physfn=0000:04:00.0 index=0
    pci_add 0000:04:10.3 8086:10ca 0200 under=0000:03:08.0 group=24 physfn=0000:04:00.0 index=1
    pci_add 0000:04:10.5 8086:10ca 0200 under=0000:03:08.0 group=25 physfn=0000:04:00.0 index=2
    pci_add 0000:00:0e.0 8086:467f 0104 group=26 driver=vmd
    pci_root 10000:e0 below=0000:00:0e.0
    pci_add 10000:e0:06.0 8086:a0b0 0604 bus=e1
    pci_add 10000:e1:00.0 144d:a808 010802 under=10000:e0:06.0 driver=nvme
    nvme_serial 10000:e1:00.0 nvme0 S4EVNX0M123456
    tree_keep match
}

@test "Address= takes an address, with and without its domain, in either case" {
    matched 0000:42:00.0 Address=0000:42:00.0
    matched 0000:42:00.0 Address=42:00.0
    matched 0000:00:1f.2 Address=00:1F.2
    matched 0000:42:00.0 Address=0:42:00.0
}

@test "Address= without a domain means domain 0000" {
    matched '' Address=e1:00.0
    matched 10000:e1:00.0 Address=10000:e1:00.0
}

@test "Address= takes shell globs, of whole addresses only" {
    matched '0000:42:00.0 0000:42:00.1' 'Address=0000:42:*'
    matched '0000:42:00.0 0000:42:00.1' 'Address=42:00.?'
    matched '0000:01:00.1 0000:42:00.1' 'Address=[04][12]:00.1'
    matched '0000:01:00.0 0000:04:00.0 0000:42:00.0 10000:e1:00.0' 'Address=*[1-9]:00.0' 'Class=display network nvme'
    matched '' 'Address=42:?'
}

@test "Address= with a glob that begins with a long domain is that domain, or an error, and never silently nothing" {
    rule probe '[Match]' 'Address=10000:*' '[Device]' Driver=native Functions=match Expect=0-
    plan
    [[ $status == 2 ]] || device 10000:e1:00.0 keep
}

@test "Address= alternatives stand side by side" {
    matched '0000:01:00.0 0000:42:00.1' 'Address=01:00.0   42:00.1'
}

@test "Path= follows bridges from the root bus, whatever the numbers below it" {
    matched 0000:01:00.0 Path=0000:00:02.0/00.0
    matched 0000:42:00.0 Path=40:03.1/00.0
    matched 0000:04:00.0 Path=00:03.0/00.0/08.0/00.0
    matched 0000:04:10.3 Path=00:03.0/00.0/08.0/10.3
    matched 10000:e1:00.0 Path=10000:e0:06.0/00.0
}

@test "Path= begins at the root bus, wherever the platform puts that" {
    pci_root c05b:00 in=LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/c05b0000-0000-0000-0000-000000000000
    pci_add c05b:00:02.0 15b3:101e 0200
    pci_root 0004:00 in=platform/40000000.pcie
    root_port 0004:00:00.0 01
    pci_add 0004:01:00.0 10de:2342 0302 under=0004:00:00.0
    matched c05b:00:02.0 Path=c05b:00:02.0
    matched 0004:01:00.0 Path=0004:00:00.0/00.0
}

@test "Path= of a function on a root bus is its address" {
    matched 0000:00:1f.2 Path=00:1f.2
}

@test "Path= matches whole paths, and not a prefix or the address of a function behind a bridge" {
    matched '' Path=00:03.0/00.0/08.0/00.1
    matched '' Path=01:00.0
}

@test "Path= finds the card again after the bus numbers have shifted" {
    matched 0000:01:00.0 Path=00:02.0/00.0
    tree_new
    root_port 0000:00:01.0 01
    pci_add 0000:01:00.0 8086:10d3 0200 under=0000:00:01.0 group=30
    card 0000:00:02.0 02 1
    matched 0000:02:00.0 Path=00:02.0/00.0
}

@test "Slot= names a physical slot, with every function in it" {
    matched '0000:01:00.0 0000:01:00.1' Slot=7-1
    matched '' Slot=7
    matched '' Slot=7-
    matched 0000:04:00.0 Slot=4
}

@test "Slot= of a whole bus, as some hotplug drivers write it without a device number, is not mistaken for a slot" {
    put /sys/bus/pci/slots/9/address 0000:42
    rule probe '[Match]' Slot=9 '[Device]' Driver=native Functions=match Expect=0-
    plan
    exits 0
}

@test "ID= takes vendor:device, either half may be anything, in either case" {
    matched '0000:01:00.0 0000:42:00.0' ID=1002:5159
    matched '0000:01:00.1 0000:42:00.1' 'ID=1002:AA38'
    matched '0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1' 'ID=1002:*'
    matched '0000:01:00.0 0000:42:00.0' 'ID=*:5159'
    matched '' ID=1002:515
}

@test "Subsystem= tells twins of different makers apart" {
    matched 0000:42:00.0 ID=1002:5159 Subsystem=1028:0002
    matched '0000:01:00.0 0000:42:00.0' ID=1002:5159 'Subsystem=1028:*'
    matched '' ID=1002:5159 Subsystem=1028:0003
}

@test "Class= takes names" {
    matched '0000:01:00.0 0000:42:00.0' Class=display
    matched '0000:01:00.1 0000:42:00.1' Class=audio
    matched '0000:01:00.1 0000:42:00.1' Class=multimedia
    matched '0000:04:00.0 0000:04:10.1 0000:04:10.3 0000:04:10.5' Class=network
    matched '0000:00:0e.0 0000:00:1f.2 10000:e1:00.0' Class=storage
    matched 10000:e1:00.0 Class=nvme
}

@test "Class= names usb, serial, accelerator and crypto have their own codes" {
    pci_add 0000:00:14.0 8086:a36d 0c0330
    pci_add 0000:00:15.0 1b36:0002 070002
    pci_add 0000:00:16.0 1e52:faca 1200
    pci_add 0000:00:17.0 8086:37c8 0b40
    pci_add 0000:00:18.0 8086:4940 1000
    pci_add 0000:00:19.0 8086:a348 0401
    pci_add 0000:00:1a.0 8086:a323 0c05
    matched 0000:00:14.0 Class=usb
    matched 0000:00:15.0 Class=serial
    matched 0000:00:16.0 Class=accelerator
    matched 0000:00:18.0 Class=crypto
    matched '0000:00:19.0 0000:01:00.1 0000:42:00.1' Class=audio
}

@test "Class= takes hex prefixes of two, four and six digits" {
    matched '0000:01:00.0 0000:42:00.0' Class=03
    matched '0000:01:00.0 0000:42:00.0' Class=0300
    matched 10000:e1:00.0 Class=010802
    pci_add 0000:00:14.0 8086:a36d 0c0330
    matched 0000:00:14.0 Class=0C0330
    matched '' Class=0c0320
}

@test "Serial= is the PCIe device serial number, in either case" {
    matched 0000:01:00.0 Serial=3c-ec-ef-ff-ff-12-34-56
    matched 0000:01:00.0 Serial=3C-EC-EF-FF-FF-12-34-56
    matched '' Serial=3c-ec-ef-ff-ff-12-34-57
    matched '' Serial=56-34-12-ff-ff-ef-ec-3c
}

@test "Serial= is the NVMe serial, without the padding" {
    matched 10000:e1:00.0 Serial=S4EVNX0M123456
    matched '' Serial=S4EVNX0M
}

@test "Serial= of an NVMe disk that has both: either of them" {
    pci_add 0000:00:0a.0 144d:a80a 010802 serial=00-25-38-b1-11-22-33-44 driver=nvme
    nvme_serial 0000:00:0a.0 nvme1 S5GXNX0R
    matched 0000:00:0a.0 Serial=S5GXNX0R
    matched 0000:00:0a.0 Serial=00-25-38-b1-11-22-33-44
}

@test "Serial= is not found where config is cut to what everyone may read" {
    local config
    config=$(pci_file 0000:01:00.0 config)
    truncate -s 64 "$config"
    matched '' Serial=3c-ec-ef-ff-ff-12-34-56
}

@test "Serial= survives extended capabilities that form a loop or point outside" {
    local config
    config=$(pci_file 0000:01:00.0 config)
    printf '\x01\x00\x02\x10' | dd of="$config" bs=1 seek=256 conv=notrunc status=none # next is itself
    matched '' Serial=3c-ec-ef-ff-ff-12-34-56
    printf '\x03\x00\xc1\xff' | dd of="$config" bs=1 seek=256 conv=notrunc status=none # the last four bytes
    matched '' Serial=3c-ec-ef-ff-ff-12-34-56
    printf '\x01\x00\xc2\xff' | dd of="$config" bs=1 seek=256 conv=notrunc status=none
    printf '\x03\x00\x01\x00' | dd of="$config" bs=1 seek=4092 conv=notrunc status=none # a serial cut off by the end
    matched '' Serial=3c-ec-ef-ff-ff-12-34-56
}

@test "Parent= and VirtualFunction= name VFs by their function's address, path or interface" {
    matched 0000:04:10.1 Parent=0000:04:00.0 VirtualFunction=0
    matched 0000:04:10.3 Parent=04:00.0 VirtualFunction=1
    matched 0000:04:10.5 Parent=00:03.0/00.0/08.0/00.0 VirtualFunction=2
    matched '0000:04:10.1 0000:04:10.3' Parent=eno1 VirtualFunction=0-1
    matched '0000:04:10.1 0000:04:10.5' Parent=eno1 'VirtualFunction=0 2-7'
    matched '' Parent=eno1 VirtualFunction=3
    matched '' Parent=0000:42:00.0 VirtualFunction=0
}

@test "Parent= alone names all VFs of that function, and not the function itself" {
    matched '0000:04:10.1 0000:04:10.3 0000:04:10.5' Parent=04:00.0
}

@test "all keys given must hold" {
    matched 0000:42:00.0 ID=1002:5159 Path=40:03.1/00.0
    matched '' ID=1002:5159 Path=40:03.1/00.1
    matched '' Class=audio ID=1002:5159
}

@test "a list that begins with ! is negated as a whole" {
    matched 0000:42:00.0 ID=1002:5159 'Path=!00:02.0/00.0'
    matched '' ID=1002:5159 'Path=!00:02.0/00.0 40:03.1/00.0'
    matched '0000:00:0e.0 0000:00:1f.2' Class=storage 'Class=' Class=01 'Address=!10000:e1:*'
    matched '0000:00:0e.0 10000:e1:00.0' 'Class=storage' 'ID=!8086:2922'
}

@test "a list does not hold where the property is unknown, negated or not: unknown never permits" {
    matched '' ID=1002:5159 Address=42:00.0 Serial=3c-ec-ef-ff-ff-12-34-56
    matched '' ID=1002:5159 Address=42:00.0 'Serial=!3c-ec-ef-ff-ff-12-34-56'
}

@test "every line of a negated list begins with !" {
    matched '' ID=1002:5159 'Path=!00:02.0/00.0' 'Path=!40:03.1/00.0'
}

@test "a repeated key adds, an empty value resets" {
    matched '0000:01:00.0 0000:42:00.0' Address=01:00.0 Address=42:00.0
    matched 0000:42:00.0 Address=01:00.0 Address= Address=42:00.0
    matched 0000:42:00.0 ID=1002:5159 Path=00:02.0/00.0 Path= Address=42:00.0
}

@test "Host= is the host name or the machine-id; elsewhere the rule is skipped" {
    matched 0000:42:00.0 Address=42:00.0 Host=lab-host
    matched 0000:42:00.0 Address=42:00.0 'Host=other lab-*'
    matched 0000:42:00.0 Address=42:00.0 Host=0123456789abcdef0123456789abcdef
    rule gpu0 '[Match]' Address=42:00.0 Host=elsewhere
    plan
    exits 0
    rule_is gpu0 skipped
    untouched 0000:42:00.0
}

@test "Host= negated skips on the host it names" {
    rule gpu0 '[Match]' Address=42:00.0 'Host=!lab-host'
    plan
    rule_is gpu0 skipped
    matched 0000:42:00.0 Address=42:00.0 'Host=!elsewhere'
}

@test "Product= is the DMI product name, globs taken" {
    matched 0000:42:00.0 Address=42:00.0 'Product=PowerEdge*R740'
    rule gpu0 '[Match]' Address=42:00.0 'Product=ProLiant*'
    plan
    exits 0
    rule_is gpu0 skipped
}

@test "MachineTag= is a tag of machine-info, globs taken; elsewhere the rule is skipped" {
    local tags
    for tags in TAGS=lab:gpu-host 'TAGS="lab:gpu-host"' "TAGS='gpu-host'" $'TAGS=other\nTAGS=gpu-host'; do
        put /etc/machine-info 'PRETTY_HOSTNAME=x' "$tags" '#TAGS=z'
        matched 0000:42:00.0 Address=42:00.0 MachineTag=gpu-host
        matched 0000:42:00.0 Address=42:00.0 'MachineTag=a gpu-*'
        matched 0000:42:00.0 Address=42:00.0 'MachineTag=!z'
        for tag in lab:gpu-host gpu other z; do
            rule gpu0 '[Match]' Address=42:00.0 "MachineTag=$tag"
            plan
            exits 0
            rule_is gpu0 skipped
        done
    done
    put /etc/machine-info 'TAGS='
    plan
    rule_is gpu0 skipped
    rm "$ROOT/etc/machine-info"
    plan
    rule_is gpu0 skipped
    matched 0000:42:00.0 Address=42:00.0 'MachineTag=!z'
    mkdir "$ROOT/etc/machine-info"
    plan
    rule_is gpu0 skipped
}

@test "an image has the machine's tags, and they count on that machine alone" {
    put /etc/machine-info TAGS=lab:gpu-host
    put /sys/class/dmi/id/product_uuid 4c4c4544-0000-0000-0000-000000000001
    rule gpu0 '[Match]' Address=42:00.0 MachineTag=gpu-host
    mkdir "$BATS_TEST_TMPDIR/image"
    run "$BUILD/passthroughctl" image --root="$ROOT" "$BATS_TEST_TMPDIR/image"
    exits 0
    is "$(<"$BATS_TEST_TMPDIR/image/usr/lib/passthrough/machine/tags")" lab:gpu-host tags
    mkdir -p "$ROOT/usr/lib/passthrough"
    cp -r "$BATS_TEST_TMPDIR/image/usr/lib/passthrough/machine" "$ROOT/usr/lib/passthrough/"
    rm "$ROOT/etc/machine-info"
    put /etc/initrd-release ID=debian
    plan
    is "$(get '.rules[] | select(.name == "gpu0").state')" ok 'in its initrd'
    put /sys/class/dmi/id/product_uuid 4c4c4544-0000-0000-0000-000000000002
    plan
    rule_is gpu0 skipped
}

@test "Host= and Product= of a machine that has neither are not met, negated or not" {
    rm "$ROOT"/etc/{hostname,machine-id} "$ROOT/proc/sys/kernel/hostname" "$ROOT/sys/class/dmi/id"
    rule a '[Match]' Address=42:00.0 Host=lab-host
    rule b '[Match]' Address=42:00.0 'Product=*'
    plan
    rule_is a skipped
    rule_is b skipped
    untouched 0000:42:00.0
}

@test "where a machine does not know its name, what a rule keeps on some host is kept" {
    rm "$ROOT"/etc/{hostname,machine-id} "$ROOT/proc/sys/kernel/hostname"
    rule 10-mine '[Match]' Address=42:00.0 Host=lab-host '[Device]' Driver=native
    rule 20-all '[Match]' Address=42:00.0 '[Device]' Expect=0-
    plan
    exits 0
    rule_is 10-mine ok
    untouched 0000:42:00.0
    rule 10-mine '[Match]' Address=99:00.0 Host=lab-host '[Device]' Driver=native
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "a skipped rule decides nothing: the next one that matches does" {
    rule 10-other '[Match]' Address=42:00.0 Host=elsewhere '[Device]' Driver=native
    rule 20-here '[Match]' Address=42:00.0
    plan
    exits 0
    rule_is 10-other skipped
    rule_is 20-here ok
    bound 0000:42:00.0 0000:42:00.1
}
