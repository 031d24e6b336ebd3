# passthroughctl show --format=: what other programs than QEMU and libvirt read, whole in consumers/, with what is said on standard error.
# UPDATE_SCREENS=1 writes what it is now. `consumers-read` reads each as its consumer does.

load product
load tree
load guest
load tree-users
load tree-usb
load sriov
load tree-vgpu

UUID=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 GIVEN_TOO=83b8f4f2-509f-382f-3c1e-e6bfe0fa1009
CONSUMERS=(kubevirt sriov-device-plugin cdi nfd nova proxmox cloudpods cloud-hypervisor talos prometheus)

# A card with audio, bound; a network card that can have virtual functions, with an identical one beside it, which is the host's; an accelerator.
setup() {
    tree_again consumers && return
    tree_new
    card 0000:00:02.0 42 12 subsystem=1002:0b12
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    pci_set 0000:42:00.0 numa_node 1
    pci_set 0000:42:00.1 numa_node 1
    root_port 0000:00:03.0 05
    pci_add 0000:05:00.0 8086:1572 0200 under=0000:00:03.0 group=5 driver=vfio-pci
    sriov 0000:05:00.0 64
    root_port 0000:00:04.0 06
    pci_add 0000:06:00.0 8086:1572 0200 under=0000:00:04.0 group=6
    root_port 0000:00:05.0 07
    pci_add 0000:07:00.0 1da3:1000 1200 under=0000:00:05.0 group=7
    rule gpu0 '[Match]' Address=42:00.0
    rule nic-1 '[Match]' Address=05:00.0
    rule accel '[Match]' Address=07:00.0
    tree_keep consumers
}

# vfio_node ADDRESS NAME: the device's own node of VFIO.
vfio_node() {
    mkdir -p "$(pci_file "$1" "vfio-dev/$2")"
    echo 511:0 >"$(pci_file "$1" "vfio-dev/$2/dev")"
}

# is_document NAME: what the last command printed, how it ended and what it said are what consumers/NAME has.
is_document() {
    local file=$BATS_TEST_DIRNAME/consumers/$1 now
    now=$(printf '%s\n--- exit %s\n%s' "$output" "$status" "$stderr")
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$now" >"$file"; fi
    diff -u "$file" - <<<"$now"
}

# reads CONSUMER: its reader takes the output, and finds in it what it is to be given: the lines on standard input.
reads() {
    local found
    found=$("$BATS_TEST_DIRNAME/consumers-read" "$1" "$ROOT" <<<"$output") || { show && return 1; }
    diff -u - <(printf '%s\n' "$found")
}

# cannot CONSUMER RULE TEXT: it prints nothing of the rule, says that, and fails.
cannot() {
    ctl show "$2" --format="$1"
    exits 1
    is "$output" '' output
    [[ ${stderr//$'\n  '/ } == *"$3"* ]] || { echo "$1: nowhere: $3" && show && return 1; }
}

# --- all rules in one document

@test "KubeVirt: one patch has all rules" {
    ctl show --all --format=kubevirt
    is_document kubevirt
    reads kubevirt <<'END'
pci 1002:5159 passthrough/gpu0
pci 1002:aa38 passthrough/gpu0-aa38
pci 1da3:1000 passthrough/accel
pci 8086:1572 passthrough/nic-1
END
}

@test "the device plugin: one file has a resource for each rule, by addresses" {
    ctl show --all --format=sriov-device-plugin
    is_document sriov-device-plugin
    reads sriov-device-plugin <<'END'
passthrough/accel accelerator 0000:07:00.0
passthrough/nic_1 netDevice 0000:05:00.0
END
}

@test "CDI: one file has a device for each rule" {
    vfio_node 0000:42:00.0 vfio3
    vfio_node 0000:42:00.1 vfio4
    # The kernel names it, and has no node of it.
    mkdir -p "$(pci_file 0000:05:00.0 vfio-dev/vfio5)"
    ctl show --all --format=cdi
    is_document cdi
    reads cdi <<'END'
passthrough/vfio=accel /dev/vfio/7
passthrough/vfio=gpu0 /dev/vfio/12 /dev/vfio/devices/vfio3 /dev/vfio/devices/vfio4
passthrough/vfio=nic-1 /dev/vfio/5
END
}

@test "NFD: labels of each rule" {
    ctl show --all --format=nfd
    is_document nfd
    reads nfd <<'END'
passthrough/accel.count 1
passthrough/accel.state pending
passthrough/gpu0.count 2
passthrough/gpu0.numa 1
passthrough/gpu0.state bound
passthrough/nic-1.count 1
passthrough/nic-1.state bound
END
}

@test "Nova: a device_spec for each device, and an alias for each ID of a rule" {
    ctl show --all --format=nova
    is_document nova
    reads nova <<'END'
accel 1da3:1000 type-PCI 0000:07:00.0
gpu0 1002:5159 type-PCI 0000:42:00.0
gpu0-aa38 1002:aa38 type-PCI 0000:42:00.1
nic-1 8086:1572 type-PF 0000:05:00.0
END
}

@test "Proxmox: a mapping for each rule, a whole card without its functions" {
    ctl show --all --format=proxmox
    is_document proxmox
    reads proxmox <<'END'
accel lab-host 0000:07:00.0
gpu0 lab-host 0000:42:00
nic-1 lab-host 0000:05:00.0
END
}

@test "Cloudpods: a model for each ID, but of graphics cards, which it finds by itself, and of what goes with them" {
    ctl show --all --format=cloudpods
    is_document cloudpods
    reads cloudpods <<<'accel 1da3:1000'
    root_port 0000:00:06.0 08
    pci_add 0000:08:00.0 8086:1999 0200 under=0000:00:06.0 group=8
    pci_add 0000:08:00.1 10de:1572 ff00 under=0000:00:06.0 group=8
    rule other '[Match]' Address=08:00.1
    rule nic-1 '[Match]' Address=08:00.0
    ctl show --all --format=cloudpods
    exits 0
    reads cloudpods <<<$'accel 1da3:1000\nnic-1 8086:1999\nother 10de:1572'
}

@test "Cloudpods: of display controllers it takes those of AMD and NVIDIA" {
    root_port 0000:00:06.0 08
    pci_add 0000:08:00.0 8086:56c0 0380 under=0000:00:06.0 group=8
    root_port 0000:00:07.0 09
    pci_add 0000:09:00.0 10de:2235 0380 under=0000:00:07.0 group=29
    rule intel '[Match]' Address=08:00.0 '[Device]' AllowBootDisplay=yes
    rule nvidia '[Match]' Address=09:00.0 '[Device]' AllowBootDisplay=yes
    cannot cloudpods intel 'intel: 08:00.0: Cloudpods takes display controllers (class 0380) of AMD and NVIDIA alone'
    ctl show nvidia --format=cloudpods
    exits 0
    is "$output" '# nvidia: the host agent finds 10de:2235 by itself, as a GPU' nvidia
}

@test "Cloud Hypervisor: an argument for each rule" {
    ctl show --all --format=cloud-hypervisor
    is_document cloud-hypervisor
    reads cloud-hypervisor <<'END'
--device 0000:05:00.0
--device 0000:07:00.0
--device 0000:42:00.0 0000:42:00.1
END
    ctl show gpu0 --format=cloud-hypervisor
    exits 0
    is "$output" '--device path=/sys/bus/pci/devices/0000:42:00.0/ path=/sys/bus/pci/devices/0000:42:00.1/' 'of one rule'
}

@test "Talos: a document for each device" {
    ctl show --all --format=talos
    is_document talos
    reads talos <<'END'
0000:05:00.0 vfio-pci
0000:07:00.0 vfio-pci
0000:42:00.0 vfio-pci
0000:42:00.1 vfio-pci
END
}

@test "Prometheus: one page has rules and devices, also those that are refused and missing, and that is no failure" {
    rule away '[Match]' Address=99:00.0
    pci_bind 0000:42:00.0 radeon
    pci_set 0000:42:00.0 boot_vga 1
    ctl show --all --format=prometheus
    is_document prometheus
    exits 0
    reads prometheus <<'END'
passthrough_device_info 2
passthrough_device_state 4
passthrough_rule_state 4
END
    ctl show away --format=prometheus
    exits 0
    has 'passthrough_rule_state{rule="away",state="missing"} 1'
}

# --- what the document has

@test "show --json has NUMA node, group members, node, subsystem and state, and virtual functions their parent" {
    vfio_node 0000:42:00.0 vfio3
    ctl show gpu0 --json
    is "$(get '.devices[0] | "\(.state) \(.numa_node) \(.group_members | join(",")) \(.vfio_device) \(.subsystem)"')" \
        'bound 1 0000:42:00.0,0000:42:00.1 vfio3 1002:0b12' 'the first'
    is "$(get '.devices[1].vfio_device')" '' 'the node of the second'
    ctl show accel --json
    is "$(get '.devices[] | "\(.state) \(.numa_node) \(.parent)"')" 'pending null null' accel
}

@test "a device of Stage=demand is idle until its service has taken it, and one that another driver had is late" {
    rule accel '[Match]' Address=07:00.0 '[Device]' Stage=demand
    ctl show accel --json
    is "$(get '.devices[].state')" idle 'before its service'
    ctl show accel --format=nfd
    has passthrough/accel.state=idle
    pci_bind 0000:07:00.0 vfio-pci
    ctl show accel --json
    is "$(get '.devices[].state')" bound 'after it'
    put /run/passthrough/record 'passthrough-record 1' $'S\tinitrd' \
        $'R\taccel\t/etc/passthrough.d/accel.conf\tok\t\t6ede96ce038f677e\trequired' \
        $'D\taccel\tpci\t0000:07:00.0\t1da3:1000\t120000\tbind\tvfio-pci\tinitrd\tthe rule matches it\tlate\tother\t7\t2241797436' end
    ctl show accel --json
    is "$(get '.devices[].state')" late 'with a record of another driver'
}

@test "a page is in JSON only if it is asked for" {
    ctl show gpu0 --json
    is "$(get 'has("nova"), has("qemu")')" 'false true' members
    ctl show gpu0 --json --format=nova
    is "$(get '.nova[0], (.nova | length), has("qemu")')" '[pci] 5 false' members
    ctl show --all --json --format=nfd
    is "$(get '.rules[] | "\(.name) \(.nfd | length)"')" 'accel 2 gpu0 3 nic-1 2' rules
}

# --- what a consumer has no words for

@test "two identical cards, one handed over: only that one is named" {
    ctl show nic-1 --format=kubevirt
    exits 0
    has 'pciVendorSelector: "8086:1572"'
    is "$stderr" '' 'the other has no vfio-pci, so KubeVirt does not see it'
    ctl show nic-1 --format=sriov-device-plugin
    has '"pciAddresses": ["0000:05:00.0"]'
    has_not 0000:06:00.0
    cannot cloudpods nic-1 'nic-1: 05:00.0: Cloudpods takes each device of the host that has its ID, and 06:00.0, which no rule hands over, has that'
}

@test "two identical cards that both have vfio-pci are one resource for KubeVirt, which is said" {
    pci_bind 0000:06:00.0 vfio-pci
    ctl show nic-1 --format=kubevirt
    exits 1
    [[ ${stderr//$'\n  '/ } == *'nic-1: 05:00.0: KubeVirt knows a device by its ID and by vfio-pci alone, and 06:00.0, which no rule hands over, has both: it would be the same resource'* ]]
    rule nic-2 '[Match]' Address=06:00.0
    ctl show --all --format=kubevirt
    exits 1
    is "$(grep -c 8086:1572 <<<"$output")" 1 selectors
    [[ ${stderr//$'\n  '/ } == *'and 06:00.0 of the rule nic-2 has both'* ]]
    # One that stays with the host is named before one of another rule.
    root_port 0000:00:06.0 08
    pci_add 0000:08:00.0 8086:1572 0200 under=0000:00:06.0 group=28 driver=vfio-pci
    ctl show nic-1 --format=kubevirt
    [[ ${stderr//$'\n  '/ } == *'and 08:00.0, which no rule hands over, has both'* ]]
    pci_remove 0000:08:00.0
    # A rule for both has one resource, and nothing to say.
    rm "$ROOT"/etc/passthrough.d/nic-*.conf
    rule nics '[Match]' ID=8086:1572 '[Device]' Expect=2
    ctl show nics --format=kubevirt
    exits 0
    is "$(grep -c 8086:1572 <<<"$output")" 1 selectors
    ctl show nics --format=cloudpods
    exits 0
}

@test "two identical cards of one IOMMU group: KubeVirt hands out but one, Cloudpods both at once, which is said" {
    rm "$ROOT"/etc/passthrough.d/nic-1.conf
    rm -r "$ROOT"/sys/bus/pci/devices/0000:06:00.0 "$ROOT/sys/$(pci_dir 0000:06:00.0)"
    pci_add 0000:05:00.1 8086:1572 0200 under=0000:00:03.0 group=5 driver=vfio-pci
    rule nics '[Match]' Address=05:00.0 Address=05:00.1 '[Device]' Expect=2
    ctl show nics --format=kubevirt
    exits 1
    is "$(grep -c 8086:1572 <<<"$output")" 1 selectors
    [[ ${stderr//$'\n  '/ } == *'nics: 05:00.1: KubeVirt hands out one device of an ID and an IOMMU group alone, and 05:00.0 is of both, too'* ]] || { show && return 1; }
    ctl show nics --format=cloudpods
    exits 1
    is "$output" 'climc isolated-device-model-create --hosts lab-host nics PASSTHROUGH 8086 1572 true' model
    [[ ${stderr//$'\n  '/ } == *'nics: 05:00.1: Cloudpods hands out an IOMMU group as a whole, and 05:00.0 of its ID is in its group, too'* ]] || { show && return 1; }
}

@test "a driver other than vfio-pci is not what KubeVirt, the device plugin, Proxmox and Cloudpods take" {
    local consumer name
    rule nic-1 '[Match]' Address=05:00.0 '[Device]' Driver=mlx5_vfio_pci
    for consumer in 'kubevirt KubeVirt' 'sriov-device-plugin the device plugin' 'proxmox Proxmox' 'cloudpods Cloudpods'; do
        name=${consumer#* }
        cannot "${consumer%% *}" nic-1 "nic-1: 05:00.0: $name takes devices of the driver vfio-pci alone, and this one gets mlx5_vfio_pci"
    done
    for consumer in cdi nfd nova cloud-hypervisor talos; do
        ctl show nic-1 --format=$consumer
        exits 0
    done
    ctl show nic-1 --format=talos
    has 'targetDriver: mlx5_vfio_pci'
}

@test "a group that is not whole is not what Cloudpods and Cloud Hypervisor take" {
    local consumer
    pci_add 0000:05:00.1 8086:1572 ff00 under=0000:00:03.0 group=5
    rule nic-2 '[Match]' Address=05:00.1
    for consumer in 'cloudpods Cloudpods' 'cloud-hypervisor Cloud Hypervisor'; do
        cannot "${consumer%% *}" nic-1 "nic-1: 05:00.0: ${consumer#* } takes whole IOMMU groups alone, and 05:00.1 of its group is not handed over with it"
    done
    ctl show --all --format=cloud-hypervisor
    exits 0
}

@test "Proxmox would give vfio-pci to all of a group, so it gets whole groups alone" {
    pci_add 0000:05:00.1 8086:1999 0880 under=0000:00:03.0 group=5
    ctl show nic-1 --format=nova
    exits 0
    cannot proxmox nic-1 'nic-1: 05:00.0: Proxmox takes whole IOMMU groups alone, and 05:00.1 of its group is not handed over with it'
}

@test "Cloudpods: an ID of which the agent cannot have a device of the rule has no model" {
    pci_root 0001:00
    pci_add 0001:00:06.0 8086:1572 0200 group=20
    rm -r "$ROOT"/sys/bus/pci/devices/0000:06:00.0 "$ROOT/sys/$(pci_dir 0000:06:00.0)"
    rule nic-1 '[Match]' ID=8086:1572 '[Device]' Expect=2
    cannot cloudpods nic-1 'nic-1: 0000:05:00.0: Cloudpods takes each device of the host that has its ID, and 0001:00:06.0 of the rule nic-1 has that'
}

@test "Cloudpods: an ID of which one device goes with another of its group, and one does not, is said" {
    pci_add 0000:05:00.1 8086:1999 0200 under=0000:00:03.0 group=5
    root_port 0000:00:06.0 08
    pci_add 0000:08:00.0 8086:1999 0200 under=0000:00:06.0 group=28
    rule nic-1 '[Match]' Address=05:00.0 Address=05:00.1 Address=08:00.0 '[Device]' Expect=3
    rm -r "$ROOT"/sys/bus/pci/devices/0000:06:00.0 "$ROOT/sys/$(pci_dir 0000:06:00.0)"
    ctl show nic-1 --format=cloudpods
    exits 1
    [[ ${stderr//$'\n  '/ } == *'nic-1: 08:00.0: Cloudpods has a model for all devices of an ID or for none, and of this 05:00.1 goes with nic-1'* ]] || { show && return 1; }
}

@test "Cloudpods: the display that the firmware booted on is not found by itself" {
    pci_set 0000:42:00.0 boot_vga 1
    rule gpu0 '[Match]' Address=42:00.0 '[Device]' AllowBootDisplay=yes
    ctl show gpu0 --format=cloudpods
    exits 1
    has_not 'finds 1002:5159 by itself'
    [[ ${stderr//$'\n  '/ } == *'gpu0: 42:00.0: the firmware booted on it, and Cloudpods leaves that display out'* ]] || { show && return 1; }
}

@test "KubeVirt: an ID that another rule cannot have is printed all the same" {
    local long
    long=$(printf 'a%.0s' {1..50})
    rule "$long" '[Match]' Address=06:00.0
    ctl show --all --format=kubevirt
    exits 1
    has 'pciVendorSelector: "8086:1572"' 'resourceName: "passthrough/nic-1"'
}

@test "a card of which a function stays is none for Proxmox, one function is" {
    pci_add 0000:42:00.2 8086:7316 ff00 under=0000:00:02.0 group=13
    cannot proxmox gpu0 'gpu0: 42:00.0: Proxmox hands out one function or a whole card, and of this card some functions stay with the host or belong to another rule'
}

@test "PCI domains beyond 0 are not Cloudpods', and those of more than 16 bits not Kubernetes' and Nova's" {
    local consumer
    pci_root 0001:00
    pci_add 0001:00:06.0 1da3:1001 1200 group=20
    pci_root 10000:e0
    pci_add 10000:e0:06.0 1da3:1002 1200 group=21
    rule one '[Match]' Address=0001:00:06.0
    rule wide '[Match]' Address=10000:e0:06.0
    cannot cloudpods one 'one: 0001:00:06.0: Cloudpods takes devices of PCI domain 0 alone'
    for consumer in 'kubevirt KubeVirt' 'sriov-device-plugin the device plugin' 'nova Nova'; do
        ctl show one --format="${consumer%% *}"
        exits 0
        cannot "${consumer%% *}" wide "wide: 10000:e0:06.0: ${consumer#* } takes no PCI domain of more than 16 bits"
    done
    ctl show wide --format=proxmox
    exits 0
}

@test "the device plugin looks at network controllers and accelerators alone" {
    cannot sriov-device-plugin gpu0 'gpu0: 42:00.0: the device plugin takes network controllers (class 02) and processing accelerators (class 12) alone'
}

@test "USB devices and serial ports: KubeVirt has words for the first, NFD and Prometheus for both, the others say that they have none" {
    local consumer
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=5
    usb_controller 0000:00:14.0 1 2
    usb_add 1-3 0529:0001 class=ff product='HASP dongle' devnum=9
    usb_add 1-4 0403:6001 class=ff serial=AA01
    usb_add 1-5 0403:6001 class=ff serial=AA02
    put /sys/devices/platform/serial8250/tty/ttyS1/type 4
    put /sys/devices/platform/serial8250/tty/ttyS1/dev 4:65
    link class/tty/ttyS1 devices/platform/serial8250/tty/ttyS1
    link devices/platform/serial8250/tty/ttyS1/subsystem class/tty
    rule dongle '[Match]' Bus=usb ID=0529:0001
    rule twin '[Match]' Bus=usb ID=0403:6001 Serial=AA02
    rule com1 '[Match]' Bus=tty Port=ttyS1
    ctl show dongle --format=kubevirt
    is_document kubevirt-usb
    reads kubevirt <<<'usb 0529:0001 passthrough/dongle'
    cannot kubevirt twin "twin: 1-5: KubeVirt knows a USB device by its ID alone, and this one's is not unique here"
    cannot kubevirt com1 'com1: ttyS1: it is a serial port, and KubeVirt has no words for one here'
    cannot cdi dongle 'dongle: 1-3: its node in /dev is another after each replug, and CDI takes a path'
    cannot cdi com1 'com1: ttyS1: its node is a link, and CDI takes none'
    for consumer in 'sriov-device-plugin the device plugin' 'nova Nova' 'proxmox Proxmox' 'cloudpods Cloudpods' \
        'cloud-hypervisor Cloud Hypervisor' 'talos Talos'; do
        cannot "${consumer%% *}" dongle "dongle: 1-3: it is a USB device, and ${consumer#* } has no words for one here"
        cannot "${consumer%% *}" com1 "com1: ttyS1: it is a serial port, and ${consumer#* } has no words for one here"
    done
    ctl show com1 --format=nfd
    has passthrough/com1.count=1
    ctl show dongle --format=prometheus
    has 'passthrough_device_info{rule="dongle",address="1-3",bus="usb",id="0529:0001",driver="usbfs",iommu_group="",numa_node=""} 1'
}

@test "mediated devices: KubeVirt knows them by their type, CDI by their group, and the others say that they have no words" {
    local consumer
    host_with_uplink
    mtty_parent
    vgpus Type=mtty-1 UUID=$UUID
    add_mdev $UUID devices/virtual/mtty/mtty mtty-1 mtty 71
    ctl show 60-vgpu --format=kubevirt
    is_document kubevirt-mdev
    reads kubevirt <<<'mdev Single_port_serial passthrough/60-vgpu'
    ctl show 60-vgpu --format=cdi
    exits 0
    has '"path": "/dev/vfio/71"'
    for consumer in 'sriov-device-plugin the device plugin' 'nova Nova' 'proxmox Proxmox' 'cloudpods Cloudpods' \
        'cloud-hypervisor Cloud Hypervisor' 'talos Talos'; do
        cannot "${consumer%% *}" 60-vgpu "60-vgpu: $UUID: it is a mediated device, and ${consumer#* } has no words for one here"
    done
}

@test "KubeVirt: each type of mediated devices is a resource of its own, and one that no rule makes is said" {
    host_with_uplink
    mtty_parent
    vgpus Type=mtty-1 UUID=$UUID '[VirtualGPU]' Type=mtty-2 UUID=$GIVEN_TOO
    add_mdev $UUID devices/virtual/mtty/mtty mtty-1 mtty 71
    add_mdev $GIVEN_TOO devices/virtual/mtty/mtty mtty-2 mtty 72
    ctl show 60-vgpu --format=kubevirt
    exits 0
    reads kubevirt <<<$'mdev Dual_port_serial passthrough/60-vgpu-mtty-2\nmdev Single_port_serial passthrough/60-vgpu'
    add_mdev "$FOREIGN" devices/virtual/mtty/mtty mtty-1 mtty 73
    ctl show 60-vgpu --format=kubevirt
    exits 1
    [[ ${stderr//$'\n  '/ } == *"60-vgpu: $UUID: KubeVirt knows a mediated device by its type alone, and $FOREIGN, which no rule makes, is of that, too"* ]] || { show && return 1; }
}

@test "virtual functions: libvirt's schema takes the network, Nova's alias has their type, and JSON their parent and index" {
    host_with_uplink
    nic_with_functions
    made 2 driver=vfio-pci
    functions VirtualFunctions=2
    ctl show 50-nic --format=nova
    exits 0
    is "$(grep -c '"device_type": "type-VF"' <<<"$output")" 1 'aliases with the type'
    ctl show 50-nic --json
    is "$(get '.devices[] | "\(.parent) \(.index)"')" '0000:04:00.0 0 0000:04:00.0 1' 'parent and index'
    ctl show 50-nic --format=libvirt-network
    exits 0
    printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/network.xml"
    virt-xml-validate "$BATS_TEST_TMPDIR/network.xml" network
    sed -i "s/managed='no'/managed='never'/" "$BATS_TEST_TMPDIR/network.xml"
    ! virt-xml-validate "$BATS_TEST_TMPDIR/network.xml" network 2>/dev/null
    ctl show 50-nic --format=sriov-device-plugin
    reads sriov-device-plugin <<<'passthrough/50_nic netDevice 0000:04:10.0 0000:04:10.2'
}

@test "names that a consumer does not take are said" {
    local name
    rm "$ROOT"/etc/passthrough.d/*.conf
    for name in 0nic nic.0 n; do
        rule $name '[Match]' Address=05:00.0
        cannot proxmox $name "$name: 05:00.0: Proxmox wants a name that begins with a letter"
        ctl show $name --format=kubevirt
        exits 0
        rm "$ROOT/etc/passthrough.d/$name.conf"
    done
    for name in tail- "$(printf 'a%.0s' {1..57})"; do
        rule $name '[Match]' Address=05:00.0
        cannot sriov-device-plugin $name 'a name has at most 56 characters, and ends in a letter or digit'
        rm "$ROOT/etc/passthrough.d/$name.conf"
    done
    rule a-nic '[Match]' Address=05:00.0
    rule a_nic '[Match]' Address=06:00.0
    ctl show --all --format=sriov-device-plugin
    exits 1
    has 'the device plugin would call it a_nic, as a-nic'
    rule tail- '[Match]' Address=07:00.0
    cannot kubevirt tail- 'KubeVirt takes no resource of the name'
    cannot cdi tail- 'CDI wants a name that ends in a letter or digit'
    rm "$ROOT/etc/passthrough.d/tail-.conf"
    name=$(printf 'a%.0s' {1..49})
    rule "$name" '[Match]' Address=07:00.0
    ctl show "$name" --format=kubevirt
    exits 0
    rm "$ROOT/etc/passthrough.d/$name.conf"
    name=$(printf 'a%.0s' {1..64})
    rule "$name" '[Match]' Address=07:00.0
    cannot kubevirt "$name" 'a name has at most 49 characters'
    cannot nfd "$name" 'a label of Kubernetes has at most 63 characters'
    ctl show "$name" --format=cdi
    exits 0
    hostname_is lab-host.example.org
    ctl show a-nic --format=proxmox
    has 'map node=lab-host,path='
    rm "$ROOT"/proc/sys/kernel/hostname "$ROOT/etc/hostname"
    cannot proxmox a-nic 'Proxmox wants the name of this host, which is not known'
    cannot cloudpods "$name" 'Cloudpods wants the name of this host, which is not known'
}

@test "a name that RULE-DEVICEID makes is had once" {
    local consumer
    rule gpu0-aa38 '[Match]' Address=05:00.0
    for consumer in 'nova Nova' 'kubevirt KubeVirt'; do
        ctl show --all --format="${consumer% *}"
        exits 1
        is "$(grep -c '"\(passthrough/\)\?gpu0-aa38"' <<<"$output")" 1 names
        [[ ${stderr//$'\n  '/ } == *"gpu0: 42:00.1: ${consumer#* } would have it by the name gpu0-aa38, as the rule of that name"* ]] || { show && return 1; }
    done
    rm "$ROOT"/etc/passthrough.d/*.conf
    root_port 0000:00:06.0 08
    pci_add 0000:08:00.0 10de:1999 ff00 under=0000:00:06.0 group=28
    pci_add 0000:08:00.1 8086:1999 ff00 under=0000:00:06.0 group=29
    rule a '[Match]' Address=07:00.0 Address=08:00.0 Address=08:00.1 '[Device]' Expect=3
    for consumer in 'nova Nova' 'kubevirt KubeVirt' 'cloudpods Cloudpods'; do
        ctl show --all --format="${consumer% *}"
        exits 1
        [[ ${stderr//$'\n  '/ } == *"a: 08:00.1: ${consumer#* } would have it by the name a-1999, as 0000:08:00.0, which has another ID"* ]] ||
            [[ ${stderr//$'\n  '/ } == *"a: 08:00.1: ${consumer#* } would have it by the name a-1999, as 08:00.0, which has another ID"* ]] || { show && return 1; }
    done
}

@test "the device plugin: a rule's accelerators have no name of another rule" {
    pci_add 0000:07:00.1 8086:1999 0200 under=0000:00:05.0 group=27
    rule a '[Match]' Address=07:00.0 Address=07:00.1 '[Device]' Expect=2
    rule a-accelerator '[Match]' Address=05:00.0
    rm "$ROOT/etc/passthrough.d/nic-1.conf" "$ROOT/etc/passthrough.d/accel.conf"
    ctl show --all --format=sriov-device-plugin
    exits 1
    is "$(grep -c a_accelerator <<<"$output")" 1 names
}

@test "Nova: devices of one ID and two types are said, as an alias has one" {
    rule nics '[Match]' Address=05:00.0 Address=06:00.0 '[Device]' Expect=2
    rm "$ROOT/etc/passthrough.d/nic-1.conf"
    ctl show nics --format=nova
    exits 1
    [[ ${stderr//$'\n  '/ } == *'nics: 06:00.0: Nova has an alias for devices of one type, and this one is type-PCI and 05:00.0 of its ID type-PF'* ]] || { show && return 1; }
}

@test "a host's name with more than a name has is printed nowhere" {
    local host
    for host in "a'b" 'a b' '$(touch x)' -x 'a,b=c' 'a;b'; do
        hostname_is "$host"
        cannot cloudpods accel 'Cloudpods wants the name of this host, which is not known, or has more than letters, digits, "-" and "."'
        cannot proxmox accel 'Proxmox wants the name of this host, which is not known, or has more than'
    done
}

@test "what is refused or missing makes each but Prometheus fail, and the rest is printed" {
    local consumer
    pci_bind 0000:42:00.0 radeon
    pci_set 0000:42:00.0 boot_vga 1
    for consumer in "${CONSUMERS[@]}"; do
        ctl show --all --format="$consumer"
        [[ $output ]] || { echo "$consumer" && show && return 1; }
        if [[ $consumer == prometheus ]]; then exits 0; else exits 1 && has 'gpu0: 42:00.0 refused: '; fi
    done
}

# --- the manual

@test "the table of passthrough-consumers(7) and the completions have the forms that there are" {
    local top=$BATS_TEST_DIRNAME/../.. forms page
    ctl help show
    forms=$(tr -s ' \n' ' ' <<<"$output" | sed 's/.*the form of the output: //; s/ or /, /; s/ *--.*//; s/, /\n/g' | LC_ALL=C sort)
    [[ $(wc -l <<<"$forms") == 15 ]] || { echo "$forms" && return 1; }
    page=$(sed 's/\\-/-/g' "$top/man/passthrough-consumers.7")
    diff <(echo "$forms") <(sed -n '/^FORMAT/,/^\.EE/p' <<<"$page" | sed '1d; $d; s/  .*//; s/, /\n/' | LC_ALL=C sort)
    diff <(echo "$forms") <(grep -o 'format:(qemu [^)]*' "$top/conf/completion/passthroughctl.zsh" | cut -d'(' -f2 | tr ' ' '\n' | LC_ALL=C sort)
    diff <(echo "$forms") <(bash -c '. "$1" && _passthroughctl_values "" --format= show' - "$top/conf/completion/passthroughctl.bash" | sed 's/^--format=//' | LC_ALL=C sort)
}

@test "the examples of passthrough-consumers(7) run" {
    local top=$BATS_TEST_DIRNAME/../.. words n=0
    while read -r words; do
        n=$((n + 1))
        # shellcheck disable=SC2086 # several words
        ctl ${words#passthroughctl }
        [[ $output && $status -lt 2 ]] || { echo "$words" && show && return 1; }
    done < <(sed 's/\\-/-/g' "$top/man/passthrough-consumers.7" | sed -n '/^\.SH EXAMPLES/,/^\.EE/p' |
        grep -o 'passthroughctl show [^ ]* --format=[a-z-]*')
    is "$n" 7 examples
}
