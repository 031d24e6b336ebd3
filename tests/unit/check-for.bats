# passthroughctl check --for=: what Cloudpods, KubeVirt, Nova and Proxmox demand of the host, a row each, as it is where all is well and where
# the one thing that it is about is not. Each row restates what the consumer's own code does: src/check/for-*.c name the files.

load product
load tree
load tree-users
load tree-usb
load tree-pages
load tree-vgpu
load sriov

WORDS='vfio_iommu_type1.allow_unsafe_interrupts=1 intel_iommu=on rd.driver.blacklist=nouveau nouveau.modeset=0'

# A GPU with its audio function, a network card and an accelerator, all bound; the display that the firmware booted on stays with the host.
setup() {
    tree_again check-for && return
    tree_new
    put /proc/cpuinfo 'processor	: 0' 'vendor_id	: GenuineIntel' 'flags		: fpu vme vmx x2apic' ''
    put /sys/kernel/irq/9/chip_name IR-IO-APIC
    put /proc/cmdline "root=/dev/sda2 ro iommu=pt $WORDS"
    hostname_is lab-host.example.org
    pci_add 0000:00:01.0 1a03:2000 0300 group=2 driver=ast boot_vga=1
    card 0000:00:02.0 42 12 subsystem=1002:0b12
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    root_port 0000:00:03.0 05
    pci_add 0000:05:00.0 8086:1572 0200 under=0000:00:03.0 group=5 driver=vfio-pci
    root_port 0000:00:05.0 07
    pci_add 0000:07:00.0 1da3:1000 1200 under=0000:00:05.0 group=7 driver=vfio-pci
    rule gpu0 '[Match]' Address=42:00.0
    rule nic-1 '[Match]' Address=05:00.0
    rule accel '[Match]' Address=07:00.0
    tree_keep check-for
}

# check CONSUMER: the rows as JSON; a fix stands where something is to be done, and only there.
check() {
    ctl check --json --for="$1"
    whole '.checks | length > 0 and all(.[]; (.message != "") and ((.status | IN("warn", "fail")) == (.fix != "")))'
}

# row ID STATUS [MESSAGE REGEX [FIX REGEX]]: there is such a row. only ID STATUS ...: and no other of that id.
row() {
    jq -e --arg id "$1" --arg status "$2" --arg message "${3-.}" --arg fix "${4-}" '[.checks[] | select(.id == $id and
        .status == $status and (.message | test($message)) and (.fix | test($fix)))] | length > 0' <<<"$output" >/dev/null || {
        printf 'no row %s %s /%s/ /%s/; there are:\n' "$1" "$2" "${3-.}" "${4-}"
        jq --arg id "$1" '.checks[] | select(.id == $id)' <<<"$output"
        return 1
    }
}

only() {
    is "$(get "[.checks[] | select(.id == \"$1\")] | length")" 1 "rows of $1" || { get ".checks[] | select(.id == \"$1\")" && return 1; }
    row "$@"
}

# is_skipped ID REGEX: in text, it is a skip and not an unknown. is_unknown likewise.
is_skipped() { ctl check --all --for="${1%%.*}" && says "^  skip +${1//./\\.}  $2"; }
is_unknown() { ctl check --all --for="${1%%.*}" && says "^  unknown +${1//./\\.}  $2"; }

# nothing_given: the rules are gone.
nothing_given() { rm "$ROOT"/etc/passthrough.d/*; }

# variant_of RULE ADDRESS: it gets another driver of VFIO's.
variant_of() { rule "$1" '[Match]' "Address=$2" '[Device]' Driver=mlx5_vfio_pci; }

# on_demand RULE ADDRESS
on_demand() { rule "$1" '[Match]' "Address=$2" '[Device]' Stage=demand; }

# --- as a whole

@test "the usual rows stay, and those of the one who is asked for come behind them" {
    local consumer usual
    ctl check --json
    usual=$(jq -c '[.checks[].id]' <<<"$output")
    for consumer in cloudpods kubevirt nova proxmox; do
        check "$consumer"
        jq -e --argjson usual "$usual" --arg consumer "$consumer" '[.checks[].id] | .[:($usual | length)] == $usual and
            (.[($usual | length):] | length > 2 and all(.[]; startswith($consumer + ".")))' <<<"$output" || return 1
    done
}

@test "every id of the manual has a row" {
    local id
    for id in cloudpods.{driver,groups,domain,boot-display,others,cmdline,mdev,functions,hugepages} kubevirt.{driver,identical,group,domain,mdev,usb} \
        nova.{driver,managed,domain,type} proxmox.{driver,mapping,mdev}; do
        grep -qxF ".B $id" <(sed 's/\\-/-/g' "$BATS_TEST_DIRNAME/../../man/passthroughctl.8") || { echo "the manual has no $id" && return 1; }
        check "${id%%.*}"
        row "$id" "$(get "[.checks[] | select(.id == \"$id\")][0].status")" || return 1
    done
}

@test "a host that is ready passes for each, and the line that sums up has its name" {
    local consumer
    for consumer in cloudpods:Cloudpods kubevirt:KubeVirt proxmox:Proxmox; do
        ctl check --for="${consumer%:*}"
        has ", ${consumer#*:}  (" || { show && return 1; }
        check "${consumer%:*}"
        is "$(get ".checks[] | select((.id | startswith(\"${consumer%:*}.\")) and (.status | IN(\"warn\", \"fail\"))) | .id")" '' "rows of $consumer that are not well" || return 1
    done
}

@test "a row that fails makes the exit status 1" {
    check nova
    local before=$status
    is "$(get '[.checks[] | select((.id | startswith("nova.")) and .status == "fail")] | length')" 0 'rows of nova that fail'
    pci_root 10000:e0
    pci_add 10000:e0:06.0 1da3:1002 1200 group=21
    rule wide '[Match]' Address=10000:e0:06.0
    check nova
    row nova.domain fail
    exits 1
    [[ $before =~ ^[01]$ ]]
}

@test "an unknown consumer is a usage error, which names those that there are; one is asked for at a time" {
    ctl check --for=openshift
    exits 2
    is "$stderr" 'passthroughctl: --for of check is cloudpods, kubevirt, nova or proxmox, not "openshift" (see passthroughctl help check)' message
    ctl check --for=nova --for=proxmox --json
    is "$(get '.checks[].id' | grep -c '^nova')" 0 'rows of the first'
    ctl plan --for=nova
    exits 2
}

@test "a captured machine has the same rows of each" {
    local consumer rows
    put /etc/pve/mapping/pci.cfg gpu "	map node=lab-host,path=0000:42:00,id=1002:5159,iommugroup=12,subsystem-id=1002:0b13"
    pci_set 0000:05:00.0 sriov_totalvfs 64
    check proxmox
    row proxmox.mapping fail
    for consumer in cloudpods kubevirt nova proxmox; do
        rm -rf "$ROOT/capture"
        check "$consumer"
        rows=$(get ".checks[] | select(.id | startswith(\"$consumer.\"))")
        ctl capture --raw /capture
        exits 0
        ROOT=$ROOT/capture
        check "$consumer"
        is "$(get ".checks[] | select(.id | startswith(\"$consumer.\"))")" "$rows" "rows of $consumer" || return 1
        ROOT=${ROOT%/capture}
    done
}

@test "many devices of which the same is to be said share a row" {
    local n
    for n in 1 2 3 4 5; do pci_add "0000:08:00.$n" 1da3:1000 1200 group="8$n"; done
    rule accel '[Match]' ID=1da3:1000 '[Device]' Expect=6
    check kubevirt
    only kubevirt.driver pass '^0000:05:00.0, 0000:07:00.0, 0000:08:00.1, 0000:08:00.2 and 5 more: '
}

# --- Cloudpods

@test "Cloudpods: exactly vfio-pci, at boot" {
    check cloudpods
    only cloudpods.driver pass '^0000:05:00.0, 0000:07:00.0, 0000:42:00.0, 0000:42:00.1: '
    variant_of nic-1 05:00.0
    on_demand accel 07:00.0
    check cloudpods
    row cloudpods.driver pass '^0000:42:00.0, 0000:42:00.1: '
    row cloudpods.driver fail '^0000:05:00.0: a rule gives it mlx5_vfio_pci' '^write Driver=vfio-pci below \[Device\] of /etc/passthrough.d/nic-1.conf$'
    row cloudpods.driver fail '^0000:07:00.0: .*only while passthrough@accel.service runs' '^take Stage=demand out of /etc/passthrough.d/accel.conf$'
    nothing_given
    is_skipped cloudpods.driver 'no rule hands over'
}

@test "Cloudpods: of a group, all of one maker goes to the machine" {
    check cloudpods
    only cloudpods.groups pass
    # Another maker's stays out of it, whoever hands it over.
    pci_add 0000:05:00.1 10ec:8168 ff00 under=0000:00:03.0 group=5
    rule nic-2 '[Match]' Address=05:00.1 '[Device]' Driver=mlx5_vfio_pci
    check cloudpods
    only cloudpods.groups pass
    pci_add 0000:05:00.2 8086:1572 ff00 under=0000:00:03.0 group=5
    rule nic-3 '[Match]' Address=05:00.2 '[Device]' Driver=mlx5_vfio_pci
    check cloudpods
    row cloudpods.groups fail '^0000:05:00.0: .*no rule gives 0000:05:00.2 vfio-pci at boot' '^hand 0000:05:00.2 over'
    # So does a bridge of that maker.
    rm "$ROOT/etc/passthrough.d/nic-3.conf"
    pci_remove 0000:05:00.2
    pci_add 0000:05:00.3 8086:1573 0604 under=0000:00:03.0 group=5 bus=06
    check cloudpods
    row cloudpods.groups fail '^0000:05:00.0: .*0000:05:00.3 is a bridge' '^put the card into a slot'
    nothing_given
    is_skipped cloudpods.groups 'no rule hands over'
}

@test "Cloudpods: PCI domain 0 alone" {
    check cloudpods
    only cloudpods.domain pass
    pci_root 0001:00
    pci_add 0001:00:06.0 1da3:1001 1200 group=20
    rule one '[Match]' Address=0001:00:06.0
    check cloudpods
    row cloudpods.domain fail '^0001:00:06.0: .*takes it for 0000:00:06.0$' 'VMD'
    nothing_given
    is_skipped cloudpods.domain 'no rule hands over'
}

@test "Cloudpods: the display that the firmware booted on is left out" {
    check cloudpods
    only cloudpods.boot-display pass '^0000:42:00.0: '
    pci_set 0000:42:00.0 boot_vga 1
    rule gpu0 '[Match]' Address=42:00.0 '[Device]' AllowBootDisplay=yes
    check cloudpods
    only cloudpods.boot-display warn '^0000:42:00.0: the firmware booted on it' 'use_boot_vga: true'
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    is_skipped cloudpods.boot-display 'no rule hands over a graphics card'
}

@test "Cloudpods: it takes graphics cards and like devices from the host" {
    check cloudpods
    only cloudpods.others pass 'takes nothing that stays with the host'
    # Neither a display that it does not take from a driver, nor what comes with a GPU, nor what is in another domain.
    pci_add 0000:08:00.0 10de:0001 0380 group=80 driver=nouveau
    pci_add 0000:08:00.1 1002:aa38 0403 group=81 driver=snd_hda_intel
    pci_root 0001:00
    pci_add 0001:00:06.0 10de:0002 0302 group=20 driver=nouveau
    check cloudpods
    only cloudpods.others pass
    pci_add 0000:09:00.0 10de:0002 0302 group=90 driver=nouveau
    pci_add 0000:0a:00.0 1da3:1000 1200 group=91
    check cloudpods
    row cloudpods.others fail '^0000:09:00.0: it is a graphics card .*this has nouveau' 'disable_gpu: true'
    row cloudpods.others fail '^0000:0a:00.0: it stays with the host, and has the ID 1da3:1000 of 0000:07:00.0' '^write a rule'
    # A rule for them is all that it takes, also on demand: that is said elsewhere.
    put /etc/passthrough.d/more.conf '[Match]' Address='09:00.0 0a:00.0' '[Device]' Stage=demand Expect=2
    check cloudpods
    only cloudpods.others pass
    # Virtual functions of it are made: its options have to name it.
    sriov 0000:09:00.0 4
    rule more '[Match]' Address=09:00.0 '[Device]' Driver=native '[SR-IOV]' VirtualFunctions=2
    check cloudpods
    row cloudpods.others warn '^0000:09:00.0: virtual devices are made of it' '^name it, without its domain, in nvidia_vgpu_pfs of'
    # What does not show may be one.
    rm "$ROOT/sys/$(pci_dir 0000:0a:00.0)"/{modalias,class,device}
    is_unknown cloudpods.others '0000:0a:00.0: its class and ID do not show'
}

@test "Cloudpods: its words on the command line, letter by letter" {
    check cloudpods
    is "$(get '[.checks[] | select(.id == "cloudpods.cmdline") | .status] | join(" ")')" 'pass pass pass pass' rows
    put /proc/cmdline 'ro "intel_iommu=on" nouveau.modeset=0,x	vfio_iommu_type1.allow_unsafe_interrupts=1'
    check cloudpods
    is "$(get '[.checks[] | select(.id == "cloudpods.cmdline") | .status] | join(" ")')" 'warn warn warn warn' rows
    row cloudpods.cmdline warn 'looks for intel_iommu=on as a word of its own, and the line has "intel_iommu=on": .*gives the card out all the same; old agents do not start$'
    row cloudpods.cmdline warn 'nouveau.modeset=0 as a word of its own, and the line has nouveau.modeset=0,x' '^write CommandLine=nouveau.modeset=0 below \[Host\]'
    row cloudpods.cmdline warn 'rd.driver.blacklist=nouveau or rdblacklist=nouveau as a word .* has none of it'
    put /proc/cmdline 'ro intel_iommu=on,sm_on rdblacklist=nouveau nouveau.modeset=0'
    check cloudpods
    row cloudpods.cmdline warn 'the line has intel_iommu=on,sm_on'
    row cloudpods.cmdline pass 'or rdblacklist=nouveau, which is there'
    # On AMD it asks for no intel_iommu=on.
    put /proc/cpuinfo 'processor	: 0' 'vendor_id	: AuthenticAMD' 'flags		: fpu vme svm x2apic' ''
    check cloudpods
    is "$(get '[.checks[] | select(.id == "cloudpods.cmdline") | .message | test("intel")] | any')" false 'a row about Intel'
    rm "$ROOT/proc/cmdline"
    is_unknown cloudpods.cmdline 'there is no /proc/cmdline'
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    is_skipped cloudpods.cmdline 'the host agent reads the line for graphics cards alone'
}

@test "Cloudpods: what allow_unsafe_interrupts does is said before it is advised" {
    check cloudpods
    row cloudpods.cmdline pass 'allow_unsafe_interrupts=1, which is there for the agent alone: with remapped interrupts nothing needs it$'
    put /proc/cmdline "ro iommu=pt ${WORDS#* }"
    check cloudpods
    row cloudpods.cmdline warn 'looks for vfio_iommu_type1.allow_unsafe_interrupts=1' '^leave it out and live with the message, or write CommandLine=.*it changes nothing while interrupts are remapped'
    put /sys/kernel/irq/9/chip_name IO-APIC
    check cloudpods
    row cloudpods.cmdline warn . '^leave it out, and have interrupts remapped first, see iommu.interrupt-remapping'
    is "$(get '[.checks[] | select(.id == "cloudpods.cmdline") | .fix | test("CommandLine=vfio")] | any')" false 'it is advised'
}

@test "Cloudpods: a word that apply adds is left to apply" {
    put /proc/cmdline "ro iommu=pt ${WORDS/intel_iommu=on/}"
    put "/boot/config-$KERNEL" CONFIG_PCI=y CONFIG_INTEL_IOMMU=y '# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set'
    check cloudpods
    row cloudpods.cmdline warn 'looks for intel_iommu=on' '^passthroughctl apply adds intel_iommu=on; then reboot$'
}

@test "Cloudpods: mediated devices are there when the agent starts" {
    is_skipped cloudpods.mdev 'no rule makes virtual GPUs'
    nvidia_turing
    vgpus Type=T4-2Q Count=2
    check cloudpods
    only cloudpods.mdev pass '^0000:41:00.0: the boot makes them .*nvidia_vgpu_pfs names: 41:00.0$'
    vgpus Type=T4-2Q Count=200
    check cloudpods
    only cloudpods.mdev fail '^0000:41:00.0: .*not all are made' '^see vgpu.0000:41:00.0$'
    rule 60-vgpu '[Match]' Address=41:00.0 '[Device]' Stage=demand '[VirtualGPU]' Type=T4-2Q
    check cloudpods
    only cloudpods.mdev fail 'only while passthrough@60-vgpu.service runs'
    rm -rf "$(pci_file 0000:41:00.0 mdev_supported_types)" "$ROOT/sys/class/mdev_bus/0000:41:00.0"
    vgpus Type=T4-2Q Count=2
    is_unknown cloudpods.mdev '41:00.0: its driver offers no mediated devices now'
}

@test "Cloudpods: it knows no mediated devices of what is on no PCI bus" {
    mtty_parent
    vgpus Type=mtty-1 UUID="$GIVEN"
    check cloudpods
    only cloudpods.mdev fail '^mtty: .*of PCI devices alone'
}

@test "Cloudpods: it knows no virtual functions with a type" {
    nvidia_card
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    sriov_manage
    vgpus Type=A40-8Q Count=2
    check cloudpods
    only cloudpods.mdev fail '^0000:41:00.0: its virtual GPUs are virtual functions with a type'
    row cloudpods.others warn '^0000:41:00.0, 0000:41:00.4, .*virtual devices are made of it' 'nvidia_vgpu_pfs'
}

@test "Cloudpods: all virtual functions of a port, or no model of the port" {
    is_skipped cloudpods.functions 'no rule makes virtual functions'
    nic_with_functions
    functions VirtualFunctions=7
    check cloudpods
    only cloudpods.functions pass '^0000:04:00.0: '
    functions VirtualFunctions=4
    check cloudpods
    only cloudpods.functions warn '^0000:04:00.0: the rule makes 4 of 7 virtual functions' '^write VirtualFunctions=7 below \[SR-IOV\] of /etc/passthrough.d/50-nic.conf'
}

@test "Cloudpods: huge pages of one size, on each node" {
    is_skipped cloudpods.hugepages 'passthrough.conf asks for no huge pages'
    two_nodes
    settings '[HugePages]' Size=1G Count=4
    check cloudpods
    only cloudpods.hugepages fail '^no pages of 1G are there' 'hugepages_option: native and hugepage_size_mb: 1024'
    put "$(pages_file 1048576)" 4
    put "$(pages_file 1048576 1)" 4
    check cloudpods
    only cloudpods.hugepages warn '^node 0 has 0, node 1 has 4 of 1G: ' '^passthroughctl hugepages 1G=NODE:COUNT'
    put "$(pages_file 1048576 0)" 2
    check cloudpods
    only cloudpods.hugepages pass '^node 0 has 2, node 1 has 4 of 1G; .*hugepage_size_mb: 1024$'
    settings '[HugePages]' Size=2M Count=4
    put "$(pages_file 2048)" 4
    put "$(pages_file 2048 0)" 2
    put "$(pages_file 2048 1)" 2
    check cloudpods
    only cloudpods.hugepages pass 'hugepage_size_mb: 2; with its default, transparent, it gives them back to the host$'
    settings '[HugePages]' Size=2M Count=4 '[HugePages]' Size=1G Count=4
    check cloudpods
    only cloudpods.hugepages warn 'pages of 2 sizes'
    settings '[HugePages]' Size=1G Count=4
    rm -rf "$ROOT/sys/devices/system/node"
    is_unknown cloudpods.hugepages 'the host agent counts the pages of each NUMA node'
}

# --- KubeVirt

@test "KubeVirt: exactly vfio-pci, at boot" {
    check kubevirt
    only kubevirt.driver pass
    variant_of nic-1 05:00.0
    on_demand accel 07:00.0
    check kubevirt
    row kubevirt.driver fail '^0000:05:00.0: .*mlx5_vfio_pci, and KubeVirt passes over' '^write Driver=vfio-pci'
    row kubevirt.driver fail '^0000:07:00.0: .*passthrough@accel.service' '^take Stage=demand out of'
    nothing_given
    is_skipped kubevirt.driver 'no rule hands over'
}

@test "KubeVirt: identical cards are one resource, unless the host's own driver has one" {
    pci_add 0000:06:00.0 8086:1572 0200 group=6 driver=i40e
    check kubevirt
    only kubevirt.identical pass
    pci_bind 0000:06:00.0 vfio-pci
    rule nic-2 '[Match]' Address=06:00.0
    check kubevirt
    row kubevirt.identical warn '^0000:05:00.0: 0000:06:00.0 of the rule nic-2 has the same ID and driver' '^hand both over by one rule'
    rm "$ROOT/etc/passthrough.d/nic-2.conf"
    check kubevirt
    row kubevirt.identical warn '^0000:05:00.0: 0000:06:00.0, which no rule hands over, has the same' '^leave 0000:06:00.0 to the host'
    rule nic-1 '[Match]' ID=8086:1572 '[Device]' Expect=2
    check kubevirt
    only kubevirt.identical pass
    nothing_given
    is_skipped kubevirt.identical 'no rule hands over'
}

@test "KubeVirt: one device of an ID in a group" {
    check kubevirt
    only kubevirt.group pass
    pci_add 0000:05:00.1 8086:1572 ff00 under=0000:00:03.0 group=5
    rule nic-1 '[Match]' ID=8086:1572 '[Device]' Expect=2
    check kubevirt
    row kubevirt.group fail '^0000:05:00.0: 0000:05:00.1 has the same ID and IOMMU group' 'slot'
    nothing_given
    is_skipped kubevirt.group 'no rule hands over'
}

@test "KubeVirt: PCI domains of 4 digits" {
    pci_root 0001:00
    pci_add 0001:00:06.0 1da3:1001 1200 group=20
    rule one '[Match]' Address=0001:00:06.0
    check kubevirt
    only kubevirt.domain pass
    pci_root 10000:e0
    pci_add 10000:e0:06.0 1da3:1002 1200 group=21
    rule wide '[Match]' Address=10000:e0:06.0
    check kubevirt
    row kubevirt.domain fail '^10000:e0:06.0: '
    nothing_given
    is_skipped kubevirt.domain 'no rule hands over'
}

@test "KubeVirt: it may remove mediated devices, and knows them by their type" {
    is_skipped kubevirt.mdev 'no rule makes virtual GPUs'
    nvidia_turing
    vgpus Type=T4-2Q Count=2
    check kubevirt
    only kubevirt.mdev warn '^0000:41:00.0: not every KubeVirt leaves its virtual GPUs alone' 'enabled: false'
    rule 60-vgpu '[Match]' Address=41:00.0 '[Device]' Stage=demand '[VirtualGPU]' Type=T4-2Q
    check kubevirt
    only kubevirt.mdev fail 'only while passthrough@60-vgpu.service runs'
    rm -rf "$(pci_file 0000:41:00.0 mdev_supported_types)" "$ROOT/sys/class/mdev_bus/0000:41:00.0"
    vgpus Type=T4-2Q Count=2
    is_unknown kubevirt.mdev '41:00.0: its driver offers no mediated devices now'
}

@test "KubeVirt: two rules with one type of mediated devices are one resource" {
    mtty_parent
    vgpus Type=mtty-1 UUID="$GIVEN"
    check kubevirt
    row kubevirt.mdev warn 'not every KubeVirt'
    mdev_parent devices/virtual/mtty2/mtty2 mtty2
    mdev_type devices/virtual/mtty2/mtty2 mtty-1 'Single port serial' 24
    rule 70-more '[Match]' Address=mtty2 Bus=mdev '[VirtualGPU]' Type=mtty-1 UUID="$FOREIGN"
    check kubevirt
    row kubevirt.mdev warn '70-more makes some of the type Single port serial, too' '^make them by one rule'
}

@test "KubeVirt: virtual functions with a type, for some" {
    nvidia_card
    nvidia_functions 4
    vendor_vfio 4 '557:NVIDIA A40-4Q' '558:NVIDIA A40-8Q'
    sriov_manage
    vgpus Type=A40-8Q Count=2
    is_unknown kubevirt.mdev '41:00.0: its virtual GPUs are virtual functions with a type'
}

@test "KubeVirt: a USB device is its ID" {
    is_skipped kubevirt.usb 'no rule hands over a USB device'
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=50
    usb_controller 0000:00:14.0 1 2
    usb_add 1-4 0403:6001 class=ff serial=AA01
    rule stick '[Match]' Bus=usb ID=0403:6001 Serial=AA01
    check kubevirt
    only kubevirt.usb pass '^1-4: '
    usb_add 1-3 0403:6001 class=ff serial=AA02
    check kubevirt
    only kubevirt.usb warn '^1-4: 1-3 has the same ID' 'plug 1-3'
}

# --- Nova

@test "Nova: a driver of VFIO's, at boot" {
    check nova
    only nova.driver pass
    variant_of nic-1 05:00.0
    on_demand accel 07:00.0
    rule gpu0 '[Match]' Address=42:00.0 '[Device]' Driver=pci-stub
    check nova
    row nova.driver warn '^0000:05:00.0: .*mlx5_vfio_pci, a variant' '^have libvirt 10.0 or later, or write Driver=vfio-pci'
    row nova.driver fail '^0000:07:00.0: .*passthrough@accel.service' '^take Stage=demand out of'
    row nova.driver fail '^0000:42:00.0, 0000:42:00.1: a rule gives it pci-stub' '^write Driver=vfio-pci'
    nothing_given
    is_skipped nova.driver 'no rule hands over'
}

@test "Nova: which one is here does not show" {
    is_unknown nova.managed '.*only Nova 31 \(2025.1\) and later have "managed": "no"'
    nothing_given
    is_skipped nova.managed 'no rule hands over'
}

@test "Nova: PCI domains of 16 bits" {
    check nova
    only nova.domain pass
    pci_root 10000:e0
    pci_add 10000:e0:06.0 1da3:1002 1200 group=21
    rule wide '[Match]' Address=10000:e0:06.0
    check nova
    row nova.domain fail '^10000:e0:06.0: '
    nothing_given
    is_skipped nova.domain 'no rule hands over'
}

@test "Nova: a card that could have virtual functions needs an alias of its type" {
    check nova
    only nova.type pass 'can have no virtual functions'
    pci_set 0000:05:00.0 sriov_totalvfs 64
    check nova
    row nova.type warn '^0000:05:00.0: it could have 64 virtual functions' '"device_type": "type-PF"'
    pci_set 0000:05:00.0 sriov_totalvfs 0
    check nova
    only nova.type pass
    pci_set 0000:05:00.0 sriov_totalvfs many
    is_unknown nova.type '05:00.0: whether an alias needs'
    nothing_given
    is_skipped nova.type 'no rule hands over'
}

@test "Nova: a virtual function is one" {
    pci_add 0000:09:00.0 8086:10c9 0200 group=90 driver=igb
    pci_add 0000:09:10.0 8086:10ca 0200 group=91 physfn=0000:09:00.0 index=0
    rule vf '[Match]' Address=09:10.0
    check nova
    row nova.type pass '^0000:09:10.0: it is a virtual function: "device_type": "type-VF"'
}

# --- Proxmox

@test "Proxmox: it gives a device vfio-pci itself" {
    on_demand accel 07:00.0
    check proxmox
    row proxmox.driver pass '^0000:05:00.0, '
    row proxmox.driver pass '^0000:07:00.0: a rule gives it vfio-pci while its service runs'
    variant_of nic-1 05:00.0
    check proxmox
    row proxmox.driver warn '^0000:05:00.0: .*mlx5_vfio_pci, and Proxmox puts vfio-pci in its place' '^write driver=keep'
    nothing_given
    is_skipped proxmox.driver 'no rule hands over'
}

# mapping KEY=VALUE...: the name "gpu" for this host, and what another host has.
mapping() {
    put /etc/pve/mapping/pci.cfg gpu '# of the cluster' "	mdev ${MDEV-0}" "	map node=other,path=0000:99:00,id=1:2" "	map node=lab-host,$(tr ' ' , <<<"$*")" \
        '	description two of them' '' nic '	map node=lab-host,path=0000:05:00.0,id=8086:1572,iommugroup=5,subsystem-id=1af4:1100'
}

@test "Proxmox: a name in the cluster's mappings has ID, subsystem and group as they are" {
    is_skipped proxmox.mapping '/etc/pve/mapping/pci.cfg has nothing of this host'
    mapping path=0000:42:00 id=1002:5159 iommugroup=12 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping pass '^gpu: 0000:42:00.0 has the ID'
    row proxmox.mapping pass '^nic: 0000:05:00.0 has the ID'
    is "$(get '[.checks[] | select(.id == "proxmox.mapping")] | length')" 2 rows
    mapping path=0000:42:00 id=0x1002:5159 iommugroup=12 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping pass '^gpu: '
    mapping path=0000:42:00 id=1002:5158 iommugroup=12 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping fail '^gpu: 0000:42:00.0: the mapping has id=1002:5158, and here it is 1002:5159;' '^put what passthroughctl show gpu0 --format=proxmox prints in place of gpu in /etc/pve'
    mapping path=0000:42:00 id=1002:5159 iommugroup=13 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping fail 'iommugroup=13, and here it is 12'
    mapping path=0000:42:00 id=1002:5159 iommugroup=12
    check proxmox
    row proxmox.mapping fail 'the mapping has no subsystem-id, and here it is 1002:0b12'
    # Of several paths the group is compared of the first alone.
    mapping 'path=0000:42:00.0;0000:07:00.0' id=1002:5159 iommugroup=12 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping fail '^gpu: 0000:07:00.0: the mapping has id=1002:5159, and here it is 1da3:1000'
    pci_add 0000:08:00.0 1da3:1000 1200 group=80
    mapping 'path=0000:07:00.0;0000:08:00.0' id=1da3:1000 iommugroup=7 subsystem-id=1af4:1100
    check proxmox
    row proxmox.mapping pass '^gpu: 0000:07:00.0 has the ID'
    row proxmox.mapping pass '^gpu: 0000:08:00.0 has the ID'
    mapping path=0000:43:00 id=1002:5159 iommugroup=12
    check proxmox
    row proxmox.mapping fail '^gpu: 0000:43:00.0 is not here' '^correct or remove gpu in '
    MDEV=1 mapping path=0000:42:00 id=1002:5159 iommugroup=12 subsystem-id=1002:0b12
    check proxmox
    row proxmox.mapping fail '^gpu: 0000:42:00.0: the mapping has mdev 1'
}

@test "Proxmox: a name of a card that makes virtual GPUs has mdev; those that a rule makes it does not take" {
    is_skipped proxmox.mdev 'no rule makes virtual GPUs'
    nvidia_turing
    vgpus Type=T4-2Q Count=2
    local id
    id=$(sed 's/^0x//' "$(pci_file 0000:41:00.0 vendor)"):$(sed 's/^0x//' "$(pci_file 0000:41:00.0 device)")
    mapping path=0000:41:00.0 "id=$id" iommugroup=41 subsystem-id=1af4:1100
    check proxmox
    row proxmox.mapping fail '^gpu: 0000:41:00.0: the mapping has no mdev, and its driver makes virtual GPUs'
    only proxmox.mdev warn '^0000:41:00.0: Proxmox makes virtual GPUs itself' '^write mdev=TYPE .*passthroughctl remove 60-vgpu$'
    MDEV=1 mapping path=0000:41:00.0 "id=$id" iommugroup=41 subsystem-id=1af4:1100
    check proxmox
    row proxmox.mapping pass '^gpu: 0000:41:00.0 has'
}

@test "Proxmox: mappings that cannot be read, and a host without a name, are unknown" {
    mkdir -p "$ROOT/etc/pve/mapping/pci.cfg"
    is_unknown proxmox.mapping '/etc/pve/mapping/pci.cfg cannot be read'
    rmdir "$ROOT/etc/pve/mapping/pci.cfg"
    mapping path=0000:42:00 id=1002:5159 iommugroup=12 subsystem-id=1002:0b12
    rm -f "$ROOT/etc/hostname" "$ROOT/proc/sys/kernel/hostname"
    is_unknown proxmox.mapping 'which lines .* are about this host does not show'
    hostname_is lab-host
    rm "$ROOT/sys/$(pci_dir 0000:42:00.0)"/{modalias,class,device}
    is_unknown proxmox.mapping 'gpu: the ID and the group of 42:00.0 do not show'
}
