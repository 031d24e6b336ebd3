# passthroughctl check: a row each, with the evidence and the fix. Each row is shown both ways: as it is where all is well, and where
# the one thing that it is about is not.

load product
load tree

setup() {
    tree_again check && return
    tree_new
    put /proc/cpuinfo 'processor	: 0' 'vendor_id	: GenuineIntel' 'flags		: fpu vme vmx x2apic' ''
    cmdline iommu=pt
    acpi DMAR 01
    chips IR-IO-APIC IR-PCI-MSI-0000:00:1f.2
    driver_present vfio-pci
    card 0000:00:02.0 01 1
    rule gpu '[Match]' Address=01:00.0
    dracut_host
    tree_keep check
}

# acpi TABLE FLAGS: a table of the firmware; FLAGS is DMAR's byte of them. Others are there on any machine.
acpi() {
    mkdir -p "$ROOT/sys/firmware/acpi/tables"
    : >"$ROOT/sys/firmware/acpi/tables/FACP"
    # shellcheck disable=SC2059 # the escapes are the point
    { printf '%-36s' "$1" && printf "\\x26\\x$2" && printf '%20s' ''; } >"$ROOT/sys/firmware/acpi/tables/$1"
}

# chips NAME...: of the interrupts.
chips() {
    local n=9 name
    rm -rf "$ROOT/sys/kernel/irq"
    for name; do put "/sys/kernel/irq/$((n++))/chip_name" "$name"; done
}

# dracut_host: a host that makes its images with dracut, and boots from one that is newer than its rules.
dracut_host() {
    image_there
    menu_there
    touch -d '+1 hour' "$ROOT/boot/initrd.img-$KERNEL"
}

# no_iommu: no driver has one; neither groups nor links are there.
no_iommu() {
    find "$ROOT/sys" \( -name iommu_group -o -name iommu \) -type l -delete
    rm -rf "$ROOT"/sys/kernel/iommu_groups/* "$ROOT"/sys/class/iommu/*
}

kernel_config() {
    put "/boot/config-$KERNEL" CONFIG_PCI=y "$@"
}

# check: the rows as JSON, which must be one whole document of the promised shape.
check() {
    ctl check --json "$@"
    [[ $output ]] && jq -e '.version == 1 and (.checks | length > 0 and all(.[];
        (.id | test("^[a-z]+[.].+")) and (.status | IN("pass", "warn", "fail", "skip")) and .message != ""
        and ((.status | IN("warn", "fail")) == (.fix != ""))))' <<<"$output" >/dev/null || { show && return 1; }
}

# row ID STATUS [MESSAGE REGEX [FIX REGEX]]: there is such a row.
row() {
    jq -e --arg id "$1" --arg status "$2" --arg message "${3-.}" --arg fix "${4-}" '[.checks[] | select(.id == $id and
        .status == $status and (.message | test($message)) and (.fix | test($fix)))] | length > 0' <<<"$output" >/dev/null || {
        printf 'no row %s %s /%s/ /%s/; there are:\n' "$1" "$2" "${3-.}" "${4-}"
        jq --arg id "$1" '.checks[] | select(.id == $id)' <<<"$output"
        return 1
    }
}

no_row() {
    is "$(get ".checks[] | select(.id == \"$1\") | .id")" '' "row $1"
}

# --- as a whole

@test "a host that is ready passes, in JSON and in text" {
    check
    exits 0
    is "$(get '.checks[] | select(.status | IN("fail", "warn")) | .id')" '' 'rows that are not well'
    ctl check --all
    exits 0
    says '^  pass  firmware\.iommu  it is on: '
    says '^  0 failed, 0 warnings\.$'
    ctl check
    exits 0
    says '^  ok    firmware, IOMMU, kernel command line, kernel modules, 1 rule, boot images, other programs, 2 devices  \([0-9]+ checks\)$'
    says '^  0 failed, 0 warnings\. All rows: check --all$'
    is "$(wc -l <<<"$output")" 3 lines
}

@test "one row that fails makes the exit status 1, and the summary counts it" {
    module vfio-pci absent
    rm -r "$ROOT/sys/bus/pci/drivers/vfio-pci" "$ROOT/sys/module/vfio_pci"
    cmdline biosdevnames=0
    ctl check
    exits 1
    says '^  fail  module\.vfio-pci  kernel .* has no such module'
    says '^ +fix: install'
    says '^  3 failed, 1 warning\. All rows: check --all$'
}

@test "every id of the manual has a row" {
    check
    local id
    for id in firmware.iommu iommu.enabled iommu.interrupt-remapping cmdline.line module.vfio-pci module.vfio module.vfio_iommu_type1 \
        group.gpu guard.gpu image.tool image.credentials "image.$KERNEL" conflict.driverctl conflict.modprobe conflict.mdevctl conflict.networkd openvswitch.offload openvswitch.ports \
        trial.bootloader device.0000:01:00.0 device.0000:01:00.1; do
        is "$(get "[.checks[] | select(.id == \"$id\")] | length")" 1 "rows of $id"
    done
    row trial.bootloader skip 'only on the host itself'
}

@test "an invalid rule is a config error, and the document is whole" {
    rule wrong '[Match]' Adress=01:00.0
    check
    exits 2
    row group.wrong fail 'wrong.conf:2'
    row group.gpu pass
}

@test "it says nothing of colour but where it is asked to" {
    ctl check
    has_not $'\033'
    SYSTEMD_COLORS=1 ctl check
    has $'\033[32mok'
    NO_COLOR=1 ctl check
    has_not $'\033'
}

@test "a machine of which nothing shows is no crash, and not ready" {
    rm -rf "$ROOT"/{sys,proc,boot,etc,usr,lib}
    mkdir -p "$ROOT"/{sys,proc}
    check
    exits 1
    row firmware.iommu fail 'not known'
}

# --- the four boots: on, off on the command line, absent in the machine, AMD

@test "IOMMU groups that are there outrank every table and token that is missing" {
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    put /proc/cmdline 'root=/dev/sda2 ro'
    check
    row firmware.iommu pass '[0-9]+ IOMMU groups have devices.*dmar0'
    row iommu.enabled pass 'DMA [0-9]+$'
}

@test "VT-d is off in the kernel: the token that says so is named, whatever the processor calls itself" {
    no_iommu
    put /proc/cmdline 'root=/dev/sda2 ro intel_iommu=off'
    check
    exits 1
    row firmware.iommu pass 'acpi/tables/DMAR is there'
    row iommu.enabled fail 'off in the kernel: intel_iommu=off on the kernel command line' 'replace intel_iommu=off by intel_iommu=on'
    row cmdline.intel_iommu=off fail
    sed -i 's/GenuineIntel/AuthenticAMD/' "$ROOT/proc/cpuinfo" # as QEMU's has it
    check
    row cmdline.intel_iommu=off fail
    row iommu.enabled fail 'intel_iommu=off'
}

@test "iommu=off is off in the kernel, too, and the last word of intel_iommu= counts" {
    no_iommu
    cmdline iommu=pt,off
    check
    row iommu.enabled fail 'iommu=pt,off on the kernel' 'remove iommu=pt,off'
    put /proc/cmdline 'root=/dev/sda2 intel_iommu=off intel_iommu=on'
    check
    row iommu.enabled fail 'switched on, and came to nothing' dmesg
}

@test "VT-d is off where the kernel wants intel_iommu=on and nobody says so" {
    no_iommu
    put /proc/cmdline 'root=/dev/sda2 ro iommu=pt'
    kernel_config CONFIG_INTEL_IOMMU=y '# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set'
    check
    row iommu.enabled fail "intel_iommu=on is missing.*DEFAULT_ON is not set in /boot/config-$KERNEL" 'IOMMU=on below \[Host\] into /etc/passthrough.conf, run passthroughctl apply'
    kernel_config CONFIG_INTEL_IOMMU=y CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y
    check
    row iommu.enabled fail 'came to nothing' dmesg
    kernel_config '# CONFIG_INTEL_IOMMU is not set'
    check
    row iommu.enabled fail 'built without CONFIG_INTEL_IOMMU'
    rm "$ROOT/boot/config-$KERNEL"
    check
    row iommu.enabled fail 'not known: no configuration' 'IOMMU=on below \[Host\]'
}

@test "no table on bare metal: off in the firmware, and the name of the switch is the vendor's" {
    no_iommu
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    check
    exits 1
    row firmware.iommu fail 'off in the firmware: no DMAR.*no virtual machine' 'VT-d'
    row iommu.enabled fail 'offers no IOMMU' 'firmware\.iommu'
    sed -i 's/GenuineIntel/AuthenticAMD/' "$ROOT/proc/cpuinfo"
    check
    row firmware.iommu fail 'off in the firmware' 'AMD-Vi'
}

@test "no table in a virtual machine: it has no virtual IOMMU" {
    no_iommu
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    sed -i 's/^flags.*/& hypervisor/' "$ROOT/proc/cpuinfo"
    check
    exits 1
    row firmware.iommu fail 'virtual machine without a virtual IOMMU.*flag hypervisor' 'intel-iommu'
    sed -i 's/ hypervisor/ nohypervisor/' "$ROOT/proc/cpuinfo"
    check
    row firmware.iommu fail 'off in the firmware'
    put /sys/devices/virtual/dmi/id/sys_vendor QEMU
    check
    row firmware.iommu fail 'virtual machine.*sys_vendor is QEMU'
}

@test "AMD-Vi is on without a token, and off with amd_iommu=off" {
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    acpi IVRS 00
    put /proc/cmdline 'root=/dev/sda2 ro'
    sed -i 's/GenuineIntel/AuthenticAMD/' "$ROOT/proc/cpuinfo"
    check
    exits 0
    row firmware.iommu pass IVRS
    no_iommu
    check
    row iommu.enabled fail 'AMD-Vi is described' 'AMD-Vi'
    cmdline amd_iommu=off
    check
    row firmware.iommu pass 'IVRS is there'
    row iommu.enabled fail 'amd_iommu=off on the kernel' 'remove amd_iommu=off'
    row cmdline.amd_iommu=off fail
}

@test "a virtio-iommu that no driver has, and no tables to look at" {
    no_iommu
    rm "$ROOT/sys/firmware/acpi/tables/DMAR"
    acpi VIOT 00
    check
    row iommu.enabled fail 'no driver has it' virtio_iommu
    rm -r "$ROOT/sys/firmware"
    check
    row firmware.iommu fail 'not known to be on'
}

@test "the groups of VFIO without an IOMMU are none" {
    no_iommu
    pci_group 0000:01:00.0 0
    put /sys/kernel/iommu_groups/0/name vfio-noiommu
    check
    row iommu.enabled fail
    rm "$ROOT/sys/kernel/iommu_groups/0/name"
    check
    row iommu.enabled pass
}

@test "a direct region holds a device of a rule, a relaxable one does not, nor does one of another group" {
    local regions=/sys/kernel/iommu_groups/1/reserved_regions
    put $regions '0x00000000fee00000 0x00000000feefffff msi' '0x000000009d000000 0x000000009f7fffff direct-relaxable'
    put /sys/kernel/iommu_groups/9/reserved_regions '0x000000009d000000 0x000000009f7fffff direct'
    check
    row iommu.enabled pass
    add_line $regions '0x000000009d000000 0x000000009f7fffff direct'
    check
    exits 1
    row iommu.enabled fail 'group 1 has 0000:01:00.0 of rule gpu, and a region of type direct' RMRR
}

# --- interrupt remapping

@test "interrupts that are not remapped fail, and are a warning where that was allowed" {
    check
    row iommu.interrupt-remapping pass IR-
    chips IO-APIC PCI-MSI-0000:00:1f.2
    check
    exits 1
    row iommu.interrupt-remapping fail 'VFIO refuses' 'allow_unsafe_interrupts=1'
    put /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts Y
    check
    exits 0
    row iommu.interrupt-remapping warn 'allow_unsafe_interrupts is set'
    put /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts N
    cmdline vfio_iommu_type1.allow_unsafe_interrupts=1
    check
    row iommu.interrupt-remapping fail
    rm -r "$ROOT/sys/module/vfio_iommu_type1"
    check
    row iommu.interrupt-remapping warn 'allow_unsafe_interrupts is set'
    chips
    check
    row iommu.interrupt-remapping skip
}

@test "why interrupts are not remapped: the firmware's flags, or a token" {
    chips IO-APIC
    acpi DMAR 00
    check
    row iommu.interrupt-remapping fail 'machine has none \(flags of'
    acpi DMAR 03
    check
    row iommu.interrupt-remapping fail 'x2APIC not to be used'
    cmdline intremap=off
    check
    row iommu.interrupt-remapping fail 'command line switches it off' 'remove intremap=off'
}

# --- other architectures

# arch NAME: the machine is of that one, as its processors say; without groups and tables.
arch() {
    no_iommu
    rm -rf "$ROOT/sys/firmware" "$ROOT/sys/kernel/irq"
    put /proc/cmdline 'root=/dev/sda2 ro'
    case $1 in
    arm64) put /proc/cpuinfo 'processor	: 0' 'BogoMIPS	: 50.00' 'CPU implementer	: 0x41' 'CPU architecture: 8' ;;
    power) put /proc/cpuinfo 'processor	: 0' 'cpu		: POWER8E (raw), altivec supported' 'clock		: 3690.000000MHz' 'platform	: PowerNV' ;;
    riscv) put /proc/cpuinfo 'processor	: 0' 'hart		: 2' 'isa		: rv64imafdcv' 'mmu		: sv48' ;;
    s390) put /proc/cpuinfo 'vendor_id       : IBM/S390' '# processors    : 4' ;;
    esac
}

with_groups() {
    pci_group 0000:01:00.0 1
    pci_group 0000:01:00.1 1
}

@test "arm64: IORT describes the SMMU, which is on without a parameter; ITS isolates interrupts" {
    arch arm64
    check
    row firmware.iommu skip 'cannot be determined here \(no table .*arm64 tells\)'
    row iommu.enabled fail 'why is not known; no parameter of arm64 switches it on' 'dmesg .*smmu'
    no_row cmdline.intel_iommu=on
    row cmdline.iommu.passthrough=1 warn 'without translation' 'apply adds iommu.passthrough=1'
    has_not VT-d AMD-Vi DMAR
    acpi IORT 00
    check
    row firmware.iommu pass 'tables/IORT is there'
    rm "$ROOT/sys/firmware/acpi/tables/IORT"
    check
    row firmware.iommu fail 'describes no SMMU: no IORT in' 'enable the SMMU in the firmware'
    kernel_config CONFIG_ARM64=y
    acpi IORT 00
    check
    row iommu.enabled fail "built without CONFIG_ARM_SMMU_V3 and CONFIG_ARM_SMMU \\(/boot/config-$KERNEL" 'boot a kernel that has'
    kernel_config CONFIG_ARM64=y CONFIG_ARM_SMMU_V3=y
    check
    row iommu.enabled fail 'why is not known'
    # Chips of names that x86 has for what is not remapped.
    with_groups
    chips GICv3 ITS-PCI-MSI-0000:01:00.0
    check
    row iommu.interrupt-remapping pass ITS
    row firmware.iommu pass 'IORT$'
    row group.gpu pass
    chips GICv2 PCI-MSI
    check
    row iommu.interrupt-remapping skip 'that tells'
}

@test "POWER: no parameter of x86, VFIO's own half of it, and the IOMMU is each host bridge's" {
    arch power
    module vfio_iommu_spapr_tce loadable
    check
    row firmware.iommu skip 'POWER tells'
    row iommu.enabled fail 'no parameter of POWER switches it on' 'dmesg .*tce'
    row module.vfio_iommu_spapr_tce pass 'can be loaded'
    no_row module.vfio_iommu_type1
    no_row cmdline.intel_iommu=on
    no_row cmdline.iommu=pt
    no_row cmdline.iommu.passthrough=1
    has_not intel_iommu VT-d AMD-Vi DMAR IVRS
    cmdline iommu=off
    check
    row iommu.enabled fail 'iommu=off on the kernel command line' 'remove iommu=off'
    put /proc/cmdline 'root=/dev/sda2 ro'
    kernel_config CONFIG_PPC64=y
    check
    row iommu.enabled fail 'built without CONFIG_SPAPR_TCE_IOMMU'
    module vfio_iommu_spapr_tce absent
    check
    row module.vfio_iommu_spapr_tce fail 'no such module'
    with_groups
    check
    row firmware.iommu pass 'on POWER$'
    row iommu.interrupt-remapping skip 'asks for none'
}

@test "RISC-V has a table and a driver of its own, and of another architecture nothing is claimed" {
    arch riscv
    acpi RIMT 00
    check
    row firmware.iommu pass RIMT
    row cmdline.iommu.passthrough=1 warn
    rm "$ROOT/sys/firmware/acpi/tables/RIMT"
    check
    row firmware.iommu fail 'no RIMT'
    arch s390
    check
    row firmware.iommu skip 'cannot be determined'
    row iommu.enabled fail 'why is not known'
    row cmdline.iommu skip 'of this architecture needs is not known'
    no_row cmdline.intel_iommu=on
    no_row cmdline.iommu=pt
    ctl check
    says '^  unknown  cmdline.iommu  which kernel parameters'
}

@test "the architecture is what the kernel calls itself, else what its processors do, else what it was built for" {
    arch arm64
    put /proc/sys/kernel/arch ppc64le
    check
    row iommu.enabled fail 'of POWER'
    rm "$ROOT/proc/sys/kernel/arch" "$ROOT/proc/cpuinfo"
    kernel_config CONFIG_RISCV=y CONFIG_RISCV_IOMMU=y
    check
    row iommu.enabled fail 'of RISC-V'
    rm "$ROOT/boot/config-$KERNEL"
    check
    row cmdline.intel_iommu=on fail 'unknown here.*others ignore it'
}

@test "graphics of the processor that a rule is to hand over, and igfx_off" {
    pci_add 0000:00:02.0 8086:46a6 0300 group=2 driver=i915
    cmdline intel_iommu=on,igfx_off
    check
    row cmdline.intel_iommu=on,igfx_off warn '0000:00:02.0, .*gets no IOMMU'
    rule igpu '[Match]' Address=00:02.0
    no_iommu
    check
    row cmdline.intel_iommu=on,igfx_off fail 'as a rule wants it to be' 'intel_iommu=on'
}

# --- command line, modules

@test "a token that the config needs: there, as an item of a list, missing, and missing where nothing lacks it" {
    check
    row cmdline.intel_iommu=on pass 'it is in /proc/cmdline'
    put /proc/cmdline 'root=/dev/sda2 intel_iommu=strict,on iommu=nopanic,pt'
    check
    row cmdline.intel_iommu=on pass
    row cmdline.iommu=pt pass
    put /proc/cmdline 'root=/dev/sda2 intel_iommu=only iommu=ptx'
    check
    exits 0
    row cmdline.intel_iommu=on warn 'yet there are IOMMU groups now' 'passthroughctl apply adds intel_iommu=on'
    row cmdline.iommu=pt warn
    no_iommu
    check
    exits 1
    row cmdline.intel_iommu=on fail 'not in /proc/cmdline' 'passthroughctl apply adds intel_iommu=on'
    row cmdline.iommu=pt warn
}

@test "what is wrong on the command line has a row by its token" {
    check
    row cmdline.line pass
    cmdline passthrough.of=1 biosdevnames=0
    check
    exits 1
    row cmdline.passthrough.of=1 fail 'no such switch'
    row cmdline.biosdevnames=0 warn 'slip'
    no_row cmdline.line
    rm "$ROOT/proc/cmdline"
    check
    row cmdline.line skip
}

@test "modules: built in, loaded, to be loaded, absent, and where there are no lists" {
    check
    row module.vfio-pci pass loaded
    row module.vfio pass "can be loaded .*$KERNEL/modules.dep"
    row module.vfio_iommu_type1 pass
    module vfio builtin
    module vfio_iommu_type1 absent
    check
    exits 1
    row module.vfio pass 'built in'
    row module.vfio_iommu_type1 fail "kernel $KERNEL has no such module" CONFIG_VFIO
    mkdir -p "$ROOT/sys/module/iommufd"
    check
    row module.vfio_iommu_type1 warn iommufd
    rm -r "$ROOT/lib/modules/$KERNEL" "$ROOT/sys/module/iommufd" "$ROOT/sys/bus/pci/drivers/vfio"
    rm -rf "$ROOT/sys/module/vfio"
    check
    row module.vfio skip 'lists of kernel'
}

@test "a variant driver that a rule names has a row" {
    no_row module.mlx5_vfio_pci
    rule gpu '[Match]' Address=01:00.0 '[Device]' Driver=mlx5_vfio_pci
    check
    row module.mlx5_vfio_pci pass 'can be loaded'
    module mlx5_vfio_pci absent
    check
    row module.mlx5_vfio_pci fail
    row device.0000:01:00.0 fail 'not there'
}

# --- rules

@test "groups: whole, shared with what no rule takes, and without an IOMMU" {
    check
    row group.gpu pass 'group 1: 0000:01:00.0, 0000:01:00.1'
    rule gpu '[Match]' Address=01:00.0 '[Device]' Functions=match
    check
    exits 1
    row group.gpu fail 'group 1 also holds 0000:01:00.1' IOMMUGroup=complete
    row device.0000:01:00.0 skip 'refused, see group.gpu'
    no_iommu
    check
    row group.gpu fail 'no IOMMU group' 'iommu\.enabled'
}

@test "rules that take nothing: native, skipped, elsewhere, missing" {
    rule native '[Match]' Address=00:1f.3 '[Device]' Driver=native
    rule elsewhere '[Match]' Address=01:00.0 Host=another
    rule missing '[Match]' Address=77:00.0
    rule any '[Match]' Address=77:00.1 '[Device]' Expect=0-
    check
    exits 1
    row group.native skip 'to the host'
    row guard.native skip
    row group.elsewhere skip Host=
    row group.missing fail missing
    row group.any skip 'no device'
    cmdline passthrough.skip=gpu
    check
    row group.gpu skip passthrough.skip
    no_row device.0000:01:00.0
}

@test "the guard: what the host needs has its chain" {
    pci_add 0000:00:05.0 8086:10d3 0200 group=40 driver=e1000e
    nic eno1 0000:00:05.0
    rule net '[Match]' Address=00:05.0
    check
    row guard.net pass 'does not need its device'
    row guard.gpu pass 'none of its 2 devices'
    default_route eno1
    check
    exits 1
    row guard.net fail '0000:00:05.0: the host needs it: 0000:00:05.0 ← eno1 ← default route' Path=
    row group.net pass
    row device.0000:00:05.0 skip 'refused, see guard.net'
}

# --- devices

@test "a device: its driver now, and how it is reset" {
    check
    row device.0000:01:00.0 pass 'driver now: radeon, vfio-pci from the next boot on; reset by flr bus'
    pci_set 0000:01:00.0 reset_method ''
    rm "$(pci_file 0000:01:00.1 reset_method)"
    check
    exits 0
    row device.0000:01:00.0 warn 'reset_method is empty.*until the host reboots' 'default'
    row device.0000:01:00.1 warn 'no file reset_method' 'resets the whole slot'
    : >"$(pci_file 0000:01:00.1 reset)"
    check
    row device.0000:01:00.1 pass 'can be reset'
    rm "$(pci_file 0000:01:00.1 reset)"
    put /proc/sys/kernel/osrelease 5.10.0-8-amd64 # which has no reset_method anywhere
    check
    row device.0000:01:00.1 pass
    pci_bind 0000:01:00.0 vfio-pci
    check
    row device.0000:01:00.0 warn '^vfio-pci has it now'
}

@test "a device without a reset of its own, of whose slot a part stays" {
    rm "$(pci_file 0000:01:00.1 reset_method)"
    rule gpu '[Match]' Address=01:00.0 '[Device]' Driver=native Functions=match
    rule audio '[Match]' Address=01:00.1
    pci_group 0000:01:00.1 2
    rm "$ROOT/sys/kernel/iommu_groups/1/devices/0000:01:00.1"
    check
    exits 0
    row device.0000:01:00.1 warn 'no file reset_method' 'all functions'
}

@test "a device: the firmware's picture is on it" {
    pci_set 0000:01:00.0 boot_vga 1
    check
    exits 1
    row device.0000:01:00.0 fail 'the firmware booted on this display.*boot_vga=1' 'write AllowBootDisplay=yes'
    rule gpu '[Match]' Address=01:00.0 '[Device]' AllowBootDisplay=yes
    check
    exits 0
    row device.0000:01:00.0 pass "the firmware's picture is on it \(boot_vga=1\)"
    pci_set 0000:01:00.0 boot_vga 0
    check
    row device.0000:01:00.0 pass
    mkdir "$(pci_file 0000:01:00.0 simple-framebuffer.0)"
    check
    row device.0000:01:00.0 pass simple-framebuffer.0
    pci_add 0000:00:06.0 1234:1111 0380 group=41
    rule other '[Match]' Address=00:06.0 '[Device]' AllowBootDisplay=yes
    mkdir "$(pci_file 0000:00:06.0 simple-framebuffer.0)"
    check
    row device.0000:00:06.0 warn 'no VGA controller' initcall_blacklist=sysfb_init
}

@test "a device behind VMD has the group of the controller" {
    pci_add 0000:00:0e.0 8086:467f 0104 group=50 driver=vmd
    pci_root 10000:e0 below=0000:00:0e.0
    pci_add 10000:e0:06.0 1de4:1000 1200 group=50
    pci_add 10000:e0:07.0 1de4:1000 1200 group=51
    rule one '[Match]' Address=10000:e0:06.0
    rule other '[Match]' Address=10000:e0:07.0
    check
    exits 1
    row device.10000:e0:06.0 fail 'below 0000:00:0e.0 .*, shares IOMMU group 50 with it' 'add NAME 0000:00:0e.0, .*VMD off'
    row device.10000:e0:07.0 pass
}

@test "what check advises for a device behind VMD works: a rule for the controller takes it along" {
    pci_add 0000:00:0e.0 8086:467f 0104 group=50 driver=vmd
    pci_root 10000:e0 below=0000:00:0e.0
    pci_add 10000:e0:06.0 1de4:1000 1200 group=50
    rule one '[Match]' Address=10000:e0:06.0
    ctl add vmd 0000:00:0e.0
    exits 0
    check
    row device.0000:00:0e.0 pass
    row device.10000:e0:06.0 pass 'goes along with 0000:00:0e.0'
    row group.one pass
    rule zz-host '[Match]' Address=10000:e0:06.0 '[Device]' Driver=native
    rm "$ROOT/etc/passthrough.d/one.conf"
    check
    row device.0000:00:0e.0 fail '10000:e0:06.0 is below it .* rule zz-host' 'take back the rule'
}

# --- huge pages

memory() { # memory KB: of the machine and of two nodes that share it
    local node
    put /proc/meminfo "MemTotal: $1 kB"
    for node in 0 1; do put /sys/devices/system/node/node$node/meminfo "Node $node MemTotal: $(($1 / 2)) kB"; done
}

huge_pages() { # huge_pages KB TOTAL FREE
    put "/sys/kernel/mm/hugepages/hugepages-$1kB/nr_hugepages" "$2"
    put "/sys/kernel/mm/hugepages/hugepages-$1kB/free_hugepages" "$3"
}

node_pages() { # node_pages NODE KB TOTAL FREE
    put "/sys/devices/system/node/node$1/hugepages/hugepages-$2kB/nr_hugepages" "$3"
    put "/sys/devices/system/node/node$1/hugepages/hugepages-$2kB/free_hugepages" "$4"
}

@test "huge pages: as many as asked for, fewer, and a size that is not there" {
    memory 8388608
    put /etc/passthrough.conf '[HugePages]' Size=2M Count=8
    huge_pages 2048 8 5
    check
    exits 0
    row hugepages.2M pass '8 are there .*nr_hugepages.*8 asked for, 5 free'
    huge_pages 2048 7 7
    check
    exits 1
    row hugepages.2M fail '7 of 8' 'hugepagesz=2M hugepages=8'
    memory 20000
    check
    row hugepages.2M fail '7 of 8' 'ask for what can be had .*16.0 MiB asked for; at most 9.7 MiB of the 19.5 MiB of the machine'
    put /etc/passthrough.conf '[HugePages]' Size=1G Count=1
    check
    row hugepages.1G fail 'no pages of 1G' pdpe1gb
}

@test "huge pages by node: a node has fewer, or is not there" {
    memory 8388608
    put /etc/passthrough.conf '[HugePages]' Size=2M 'Nodes=0:4 1:4'
    huge_pages 2048 8 8
    node_pages 0 2048 4 4
    node_pages 1 2048 4 1
    check
    exits 0
    row hugepages.2M pass 'node 0 has 4 of 4 \(4 free\), node 1 has 4 of 4 \(1 free\)'
    node_pages 0 2048 5 5
    node_pages 1 2048 3 1
    check
    exits 1
    row hugepages.2M fail 'node 1 has 3 of 4' 'hugepages=0:4,1:4'
    rm -r "$ROOT/sys/devices/system/node/node1"
    check
    row hugepages.2M fail 'no node 1'
}

# --- boot images

@test "who makes the images: dracut, with our module, and nobody else" {
    check
    row image.tool pass dracut
    rm -r "$ROOT/usr/lib/dracut"
    check
    exits 1
    row image.tool fail 'no modules.d' 'make install'
    dracut_host
    rm "$ROOT/etc/kernel/postinst.d/dracut"
    put /usr/bin/mkinitcpio '#!/bin/sh'
    check
    row image.tool warn 'the one that makes the boot images is unknown'
    put /usr/lib/kernel/install.d/50-mkinitcpio.install '#!/bin/sh'
    check
    row image.tool fail 'install.d/50-mkinitcpio.install' 'apt-get install dracut'
    rm "$ROOT/usr/bin/dracut"
    check
    row image.tool fail 'mkinitcpio makes the boot images'
    rm "$ROOT/usr/bin/mkinitcpio"
    check
    row image.tool fail 'dracut is not there'
}

@test "who makes the images: initramfs-tools, whose hook counts where it runs its own program" {
    no_dracut() { rm -rf "$ROOT/usr/lib/dracut" "$ROOT/usr/bin/dracut" "$ROOT/etc/kernel/postinst.d/dracut"; }
    no_dracut
    initramfs_tools_there
    check
    row image.tool pass 'initramfs-tools is there \(/usr/sbin/mkinitramfs\), with the hook passthrough'
    rm "$ROOT/usr/share/initramfs-tools/hooks/passthrough" "$ROOT/usr/share/initramfs-tools/scripts/init-top/00-passthrough"
    check
    row image.tool fail 'no hooks/passthrough below /usr/share/initramfs-tools' 'make install'
    # Debian's package dracut-core, a plugin of kernel-install in it.
    initramfs_tools_there
    put /usr/bin/dracut '#!/bin/sh'
    put /usr/lib/kernel/install.d/50-dracut.install '#!/bin/sh'
    check
    row image.tool pass initramfs-tools
    # The other way round: dracut has an update-initramfs, and another package has left hook and mkinitramfs behind.
    dracut_host
    put /usr/sbin/update-initramfs '#!/bin/sh' 'dracut --force "$initramfs" "$version"'
    check
    row image.tool pass dracut
    rm "$ROOT/usr/sbin/update-initramfs"
    check
    row image.tool pass dracut
    # Both at once.
    initramfs_tools_there
    check
    row image.tool warn 'postinst.d/initramfs-tools makes a new kernel.s boot image, too' 'remove the one'
    no_dracut
    rm "$ROOT/usr/sbin/mkinitramfs"
    check
    row image.tool fail 'dracut is not there'
}

@test "images: older than a rule, than a drop-in, than the removal of one; missing" {
    check
    row "image.$KERNEL" pass "/boot/initrd.img-$KERNEL is newer"
    touch -d '+2 hours' "$ROOT/etc/passthrough.d/gpu.conf"
    check
    exits 0
    row "image.$KERNEL" warn 'gpu.conf is newer' 'passthroughctl apply'
    touch -d '-2 hours' "$ROOT/etc/passthrough.d/gpu.conf"
    check
    row "image.$KERNEL" pass
    touch -d '+2 hours' "$ROOT/etc/passthrough.d"
    check
    row "image.$KERNEL" warn 'passthrough.d is newer'
    rm "$ROOT/boot/initrd.img-$KERNEL"
    check
    exits 1
    row "image.$KERNEL" fail "loads /boot/initrd.img-$KERNEL, and that was not found" "dracut -f --kver $KERNEL"
    rm "$ROOT/boot/vmlinuz-$KERNEL"
    check
    row "image.$KERNEL" fail
}

@test "images of other kernels, and where other systems have them" {
    local id
    id=$(<"$ROOT/etc/machine-id")
    mkdir -p "$ROOT"/lib/modules/6.12.{1,2,3,4,5}
    put /boot/initramfs-6.12.1.img image
    put "/efi/$id/6.12.2/initrd" image
    put /boot/efi/EFI/Linux/lab-6.12.3.efi image
    put /boot/vmlinuz-6.12.4 kernel
    touch -d '+1 hour' "$ROOT"/boot/initramfs-6.12.1.img "$ROOT/efi/$id/6.12.2/initrd"
    touch -d '-1 hour' "$ROOT/boot/efi/EFI/Linux/lab-6.12.3.efi"
    check
    exits 0
    row image.6.12.1 pass
    row image.6.12.2 pass "/efi/$id/6.12.2/initrd"
    row image.6.12.3 warn 'lab-6.12.3.efi was built before'
    row image.6.12.4 warn 'no boot image'
    row image.6.12.5 skip
    rm "$ROOT/etc/passthrough.d/gpu.conf"
    check
    row image.6.12.3 skip 'no rules'
}

# --- who else has a say

@test "driverctl: another driver for a device of a rule, the same one, and a device of no rule" {
    put /etc/driverctl.d/0000:00:1f.3 i801_smbus
    check
    row conflict.driverctl pass
    put /etc/driverctl.d/0000:01:00.0 radeon
    check
    exits 1
    row conflict.driverctl fail '0000:01:00.0 the driver radeon, and rule gpu gives it vfio-pci' 'unset-override 0000:01:00.0'
    mv "$ROOT/etc/driverctl.d/0000:01:00.0" "$ROOT/etc/driverctl.d/pci-0000:01:00.0"
    check
    row conflict.driverctl fail
    put /etc/driverctl.d/pci-0000:01:00.0 vfio-pci
    check
    exits 0
    row conflict.driverctl warn 'too, by an address'
}

@test "modprobe.d: ids= that mean a twin, too, which is named: a warning, and a failure where something else loads the driver" {
    put /etc/modprobe.d/other.conf '# options vfio-pci ids=1002:5159' 'options kvm ids=1002:5159' 'options vfio-pci disable_vga=1' \
        'blacklist nouveau' 'options vfio-pci ids='
    check
    row conflict.modprobe pass
    row conflict.cmdline pass
    put /etc/modprobe.d/vfio.conf 'options vfio-pci disable_vga=1 ids=1002:5159,1002:aa38'
    check
    exits 0
    row conflict.modprobe warn 'vfio.conf.*does nothing: passthrough loads vfio-pci with an empty ids=' 'remove .* from /etc/modprobe.d/vfio.conf, then'
    put /etc/modules-load.d/vfio.conf vfio_pci
    check
    exits 0
    row conflict.modprobe warn 'vfio.conf.*at present a rule has each'
    rm "$ROOT/etc/modules-load.d/vfio.conf"
    card 0000:00:03.0 02 2
    check
    exits 0
    row conflict.modprobe warn 'does nothing.*means 0000:02:00.0 \(1002:5159\), 0000:02:00.1 \(1002:aa38\), which no rule hands over' \
        'remove .* from /etc/modprobe.d/vfio.conf'
    put /etc/modules-load.d/vfio.conf vfio_pci
    check
    exits 1
    row conflict.modprobe fail 'takes 0000:02:00.0 \(1002:5159\), 0000:02:00.1 \(1002:aa38\), which no rule hands over; /etc/modules-load.d/vfio.conf loads vfio-pci first: "vfio_pci"' \
        'or "vfio_pci" from /etc/modules-load.d/vfio.conf, then'
    put /etc/modprobe.d/vfio.conf 'options vfio_pci \' '  ids=1002:5159:abcd:1100'
    check
    row conflict.modprobe warn 'none is there'
    put /etc/modprobe.d/vfio.conf 'options vfio_pci ids=0x1002:5159:1af4:1100:030000'
    check
    row conflict.modprobe fail '0000:02:00.0'
    put /etc/modprobe.d/vfio.conf 'options vfio_pci ids="abcd:1234, 1002:5159 and more"'
    check
    row conflict.modprobe fail 'takes 0000:02:00.0 \(1002:5159\), which'
    put /etc/modprobe.d/vfio.conf 'options vfio_pci ids=1002,8086:1002'
    check
    row conflict.modprobe warn 'none is there'
}

@test "the command line: ids= of a driver that is a module, and of one that is built in" {
    card 0000:00:03.0 02 2
    cmdline vfio_pci.ids=1002:5159
    check
    exits 0
    row conflict.cmdline warn '/proc/cmdline: "vfio_pci.ids=1002:5159" does nothing.*0000:02:00.0 \(1002:5159\), which no rule' \
        'remove "vfio_pci.ids=1002:5159" from the kernel command line'
    row conflict.modprobe pass
    cmdline modules_load=kvm,vfio-pci
    check
    exits 1
    row conflict.cmdline fail 'loads vfio-pci first: "modules_load=kvm,vfio-pci"'
    tree_cmdline=$(<"$ROOT/proc/cmdline")
    echo "${tree_cmdline/ modules_load=*/}" >"$ROOT/proc/cmdline"
    module vfio-pci builtin
    check
    row conflict.cmdline fail "vfio-pci is built into kernel $KERNEL"
    # modprobe.d is for modules.
    put /proc/cmdline 'root=/dev/sda2'
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:5159'
    put /etc/modules-load.d/vfio.conf vfio-pci
    check
    row conflict.modprobe warn 'does nothing: vfio-pci is built into the kernel, which does not read it'
    row conflict.cmdline pass
}

@test "modprobe.d: a name in /etc hides the same one elsewhere; blacklists and installs" {
    put /usr/lib/modprobe.d/vfio.conf 'install vfio-pci /bin/false'
    check
    exits 0
    row conflict.modprobe warn '/usr/lib/modprobe.d/vfio.conf: "install vfio-pci'
    put /etc/modprobe.d/vfio.conf 'blacklist vfio_pci'
    check
    exits 0
    row conflict.modprobe warn 'blacklist vfio_pci'
    : >"$ROOT/etc/modprobe.d/vfio.conf"
    check
    row conflict.modprobe pass
}

@test "mdevctl: mediated devices on a parent that a rule takes" {
    put /etc/mdevctl.d/0000:00:1f.3/783e6dbb-ea0e-411f-94e2-717eaad438bf '{}'
    mkdir -p "$ROOT/etc/mdevctl.d/0000:01:00.1"
    check
    row conflict.mdevctl pass
    put /etc/mdevctl.d/0000:01:00.0/783e6dbb-ea0e-411f-94e2-717eaad438bf '{}'
    check
    exits 1
    row conflict.mdevctl fail 'mdevctl.d/0000:01:00.0 .*rule gpu' 'mdevctl'
}

@test "networkd: files about an interface of a device that a rule takes" {
    pci_add 0000:00:05.0 8086:10d3 0200 group=40 driver=e1000e
    nic eno1 0000:00:05.0
    rule net '[Match]' Address=00:05.0
    put /etc/systemd/network/10-other.network '[Match]' 'Name=eno2 !eno1' '[Network]' DHCP=yes
    put /etc/systemd/network/20-all.network '[Match]' Type=ether '[Network]' DHCP=yes
    check
    row conflict.networkd pass
    local match
    for match in Name=en* 'Name=!lo wl*' MACAddress=52:54:00:12:34:56 Path=pci-0000:00:05.0 OriginalName=eno1; do
        put /etc/systemd/network/30-net.network '[Match]' "$match" '[Network]' DHCP=yes
        check
        exits 0
        row conflict.networkd warn '30-net.network configures eno1, which rule net' '30-net.network' || { echo "$match" && return 1; }
    done
    put /etc/systemd/network/30-net.network '[Match]' 'Name=en*' 'Path=pci-0000:00:06.0' '[Network]' DHCP=yes
    check
    row conflict.networkd pass
    put /etc/systemd/network/30-net.network '[Match]' 'Name=en*' '[SR-IOV]' VirtualFunction=0
    check
    exits 1
    row conflict.networkd fail 'virtual functions of eno1'
    put /etc/systemd/network/30-net.network
    put /etc/systemd/network/30-net.link '[Match]' Path=pci-0000:00:05.0 '[Link]' SR-IOVVirtualFunctions=4
    rm -r "$(pci_file 0000:00:05.0 net)" "$ROOT/sys/class/net/eno1" # it is on vfio-pci already
    check
    row conflict.networkd fail '30-net.link makes virtual functions of 0000:00:05.0'
}

@test "a captured machine has the same rows" {
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:5159'
    chips IO-APIC
    check
    local rows
    rows=$(get '.checks[] | select(.id | startswith("image") | not)')
    ctl capture --raw /capture
    exits 0
    ROOT=$ROOT/capture
    check
    is "$(get '.checks[] | select(.id | startswith("image") | not)')" "$rows" 'rows'
    row image.tool pass
}
