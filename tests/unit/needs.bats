# What rules and settings need of the kernel command line and of modprobe.d, and the forms in which it is printed.

load product
load tree
load tree-pages

setup() {
    tree_new
    memory $((64 * 1048576))
    kernel_size 2048
    kernel_size 1048576
    node 0 $((32 * 1048576)) 2048 1048576
    node 1 $((32 * 1048576)) 2048 1048576
    rule gpu0 '[Match]' Address=01:00.0
}

# processor intel|amd|other|power|riscv|s390
processor() {
    case $1 in
    intel) put /proc/cpuinfo 'processor : 0' 'vendor_id : GenuineIntel' ;;
    amd) put /proc/cpuinfo 'processor : 0' 'vendor_id : AuthenticAMD' ;;
    other) put /proc/cpuinfo 'processor : 0' 'CPU implementer : 0x41' ;;
    power) put /proc/cpuinfo 'processor	: 0' 'cpu		: POWER9, altivec supported' ;;
    riscv) put /proc/cpuinfo 'processor	: 0' 'hart		: 0' 'isa		: rv64imafdc' ;;
    s390) put /proc/cpuinfo 'vendor_id       : IBM/S390' ;;
    esac
}

# running RELEASE: that kernel, whose modules are those of the tree.
running() {
    put /proc/sys/kernel/osrelease "$1"
    [[ $1 == "$KERNEL" ]] || cp -a "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$1"
}

# remapped CHIP: the interrupts' chip.
remapped() {
    put /sys/kernel/irq/24/chip_name "$1"
}

# needs TOKENS [ARG...]
needs() {
    ctl cmdline "${@:2}"
    exits 0 || return 1
    is "$output" "$1" tokens
    is "$stderr" '' 'standard error'
}

# why TOKEN REGEX
why() {
    local text
    ctl cmdline --json
    text=$(jq -r --arg t "$1" '(.tokens[] | select(.token == $t).why), (.options[] | select(.line == $t).why)' <<<"$output")
    [[ $text =~ $2 ]] || { printf 'why %s: "%s", expected /%s/\n' "$1" "$text" "$2" && show && return 1; }
}

# options LINES
options() {
    ctl cmdline --json
    is "$(get '.options[].line')" "$1" 'lines of modprobe.d'
}

@test "other architectures get no parameter of x86, and of one that is not known it is said" {
    processor power
    needs ''
    put /etc/passthrough.conf '[Host]' UnsafeInterrupts=yes
    needs ''
    options ''
    rm "$ROOT/etc/passthrough.conf"
    processor riscv
    needs iommu.passthrough=1
    processor other
    needs iommu.passthrough=1
    processor s390
    ctl cmdline
    exits 0
    is "$output" '' tokens
    is "$stderr" 'passthroughctl: which kernel parameters the IOMMU of this architecture needs is not known here, and none is added for it' 'standard error'
    # An image for another machine is x86's where its vendor says so.
    needs 'intel_iommu=on iommu=pt' --vendor=intel
}

@test "Intel: VT-d is switched on, and the host's own devices are not translated" {
    processor intel
    needs 'intel_iommu=on iommu=pt'
    why intel_iommu=on 'unknown'
    why iommu=pt 'still translated'
}

@test "AMD: nothing switches AMD-Vi on" {
    processor amd
    needs iommu=pt
}

@test "a processor that nobody tells: Intel's token, which no other reads" {
    needs 'intel_iommu=on iommu=pt'
    why intel_iommu=on "Intel's.*others ignore it"
}

@test "neither Intel nor AMD: the one that all architectures read" {
    processor other
    needs iommu.passthrough=1
}

@test "without a rule that takes a PCI device nothing is needed" {
    processor intel
    rm "$ROOT"/etc/passthrough.d/*
    needs ''
    rule host '[Match]' Address=01:00.0 '[Device]' Driver=native
    needs ''
    rule skipped '[Match]' Address=01:00.0 Host=elsewhere
    needs ''
    rule here '[Match]' Address=01:00.0 Host=lab-host
    needs 'intel_iommu=on iommu=pt'
}

@test "a rule for another host counts in an image for another machine, and so does one where nobody knows whose it is" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    rule elsewhere '[Match]' Address=01:00.0 Host=elsewhere
    needs ''
    needs 'intel_iommu=on iommu=pt' --vendor=intel
    rm "$ROOT/etc/hostname" "$ROOT/etc/machine-id"
    needs iommu=pt
}

@test "what this boot's switches leave out, the next needs all the same" {
    processor intel
    cmdline passthrough=off passthrough.skip=gpu0
    needs 'intel_iommu=on iommu=pt'
}

@test "what the kernel does by itself needs no token" {
    processor intel
    put "/boot/config-$KERNEL" CONFIG_INTEL_IOMMU=y CONFIG_INTEL_IOMMU_DEFAULT_ON=y '# CONFIG_IOMMU_DEFAULT_PASSTHROUGH is not set'
    needs iommu=pt
    put "/boot/config-$KERNEL" CONFIG_INTEL_IOMMU_DEFAULT_ON=y CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    needs ''
    put "/boot/config-$KERNEL" '# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set' CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    needs intel_iommu=on
    why intel_iommu=on 'does not do so by itself'
}

@test "Debian's default, on but for the graphics in the processor, is not on" {
    processor intel
    put "/boot/config-$KERNEL" '# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set' CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y
    needs 'intel_iommu=on iommu=pt'
}

@test "options are compared whole: what looks alike, or is commented out, is another" {
    processor intel
    put "/boot/config-$KERNEL" '#CONFIG_INTEL_IOMMU_DEFAULT_ON=y' XCONFIG_INTEL_IOMMU_DEFAULT_ON=y CONFIG_INTEL_IOMMU_DEFAULT_ON=yes
    needs 'intel_iommu=on iommu=pt'
}

@test "an empty configuration, or one that cannot be read, tells nothing" {
    processor intel
    put "/boot/config-$KERNEL" ''
    needs 'intel_iommu=on iommu=pt'
    why intel_iommu=on 'unknown'
    rm "$ROOT/boot/config-$KERNEL"
    mkdir "$ROOT/boot/config-$KERNEL"
    needs 'intel_iommu=on iommu=pt'
}

@test "images have the kernel's configuration beside its modules" {
    processor intel
    put "/lib/modules/$KERNEL/config" CONFIG_INTEL_IOMMU_DEFAULT_ON=y
    needs iommu=pt
}

@test "--vendor and --kernel are of the machine that the image is for" {
    processor amd
    put "/boot/config-$KERNEL" CONFIG_INTEL_IOMMU_DEFAULT_ON=y CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    needs ''
    needs '' --vendor=intel
    needs 'intel_iommu=on iommu=pt' --vendor=intel --kernel=6.12.0-unheard-of
    needs iommu=pt --kernel=6.12.0-unheard-of
    needs iommu=pt --kernel=6.12.0-unheard-of --vendor=amd
}

@test "IOMMU=on: without a rule, and whatever the kernel's default is" {
    processor intel
    rm "$ROOT"/etc/passthrough.d/*
    settings '[Host]' IOMMU=on
    needs 'intel_iommu=on iommu=pt'
    put "/boot/config-$KERNEL" CONFIG_INTEL_IOMMU_DEFAULT_ON=y CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    needs intel_iommu=on
    why intel_iommu=on IOMMU=on
    processor amd
    needs ''
}

@test "UnsafeInterrupts: modprobe.d for modules, the command line for what is built in" {
    processor intel
    rm "$ROOT"/etc/passthrough.d/*
    settings '[Host]' UnsafeInterrupts=yes
    needs ''
    options 'options vfio_iommu_type1 allow_unsafe_interrupts=1'
    module vfio_iommu_type1 builtin
    needs vfio_iommu_type1.allow_unsafe_interrupts=1
    options ''
    why vfio_iommu_type1.allow_unsafe_interrupts=1 'built into this kernel'
    rm "$ROOT/lib/modules/$KERNEL/modules.builtin"
    module_lists_gone
    needs vfio_iommu_type1.allow_unsafe_interrupts=1
    why vfio_iommu_type1.allow_unsafe_interrupts=1 'unknown'
    settings '[Host]' UnsafeInterrupts=no
    needs ''
}

module_lists_gone() {
    rm -f "$ROOT/lib/modules/$KERNEL"/modules.{dep,builtin}
}

@test "UnsafeInterrupts: iommufd has a switch of its own, since Linux 6.2" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    settings '[Host]' UnsafeInterrupts=yes
    options 'options vfio_iommu_type1 allow_unsafe_interrupts=1'
    running 6.2.0
    options 'options vfio_iommu_type1 allow_unsafe_interrupts=1 options iommufd allow_unsafe_interrupts=1'
    running 6.12.48+deb13-amd64
    printf 'kernel/drivers/iommu/iommufd/iommufd.ko\n' >>"$ROOT/lib/modules/6.12.48+deb13-amd64/modules.builtin"
    needs iommufd.allow_unsafe_interrupts=1
    options 'options vfio_iommu_type1 allow_unsafe_interrupts=1'
    rm "$ROOT/proc/sys/kernel/osrelease"
    needs 'vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1'
}

@test "UnsafeInterrupts: it is said whether they are needed, and done in any case" {
    settings '[Host]' UnsafeInterrupts=yes
    why 'options vfio_iommu_type1 allow_unsafe_interrupts=1' 'unknown here'
    remapped IR-PCI-MSI-0000:00:1f.2
    why 'options vfio_iommu_type1 allow_unsafe_interrupts=1' 'not needed here'
    remapped PCI-MSI-0000:00:1f.2
    why 'options vfio_iommu_type1 allow_unsafe_interrupts=1' 'has no interrupt remapping'
    remapped IR-PCI-MSI-0000:00:1f.2
    ctl cmdline --json --vendor=intel
    [[ $(get '.options[0].why') == *'unknown here'* ]] || { show && return 1; }
}

@test "DisableIdleD3: modprobe.d for the module, the command line where it is built in" {
    processor amd
    settings '[Host]' DisableIdleD3=yes
    needs iommu=pt
    options 'options vfio_pci disable_idle_d3=1'
    needs 'iommu=pt vfio-pci.disable_idle_d3=1' --kernel=6.12.0-unheard-of
    module vfio-pci builtin
    needs 'iommu=pt vfio-pci.disable_idle_d3=1'
    options ''
}

@test "huge pages of 1 GiB are reserved on the command line, smaller ones are not" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    settings '[HugePages]' Size=1G Count=8
    needs 'hugepagesz=1G hugepages=8'
    settings '[HugePages]' Size=1G Count=8 Default=yes
    needs 'default_hugepagesz=1G hugepagesz=1G hugepages=8'
    settings '[HugePages]' Size=2M Count=512
    needs ''
    settings '[HugePages]' Size=2M Count=512 '[HugePages]' Size=1G Count=4 Default=yes
    needs 'default_hugepagesz=1G hugepagesz=1G hugepages=4'
    settings '[HugePages]' Size=1G Count=0
    needs ''
}

# too_many KEY=VALUE REASON: that many pages of 1 GiB are not on the line.
too_many() {
    settings '[HugePages]' Size=1G "$1" '[HugePages]' Size=2M Count=1
    ctl cmdline
    exits 0 || return 1
    is "$output" '' tokens || return 1
    is "$stderr" "passthroughctl: huge pages of 1G are left out of the command line: $2" 'standard error' || return 1
    ctl cmdline --json
    is "$(get '"\(.tokens | length) \(.refused[0].size) \(.refused[0].why)"')" "0 1G $2" document
}

@test "huge pages that the host has no memory for are never on the line: the kernel would take what it needs to boot" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    too_many Count=64 '64.0 GiB asked for; at most 63.0 GiB of the 64.0 GiB of the machine can be huge pages'
    too_many 'Nodes=0:1 1:32' '32.0 GiB asked for; at most 31.0 GiB of the 32.0 GiB of node 1 can be huge pages'
    too_many Nodes=7:1 'this machine has no NUMA node 7'
    settings '[HugePages]' Size=1G Count=64
    needs 'hugepagesz=1G hugepages=64' --vendor=amd # another machine's memory is not known
    settings '[HugePages]' Size=1G Count=63
    needs 'hugepagesz=1G hugepages=63'
    rm "$ROOT/proc/meminfo"
    too_many Count=63 'cannot see how much memory the machine has'
    rm -r "$ROOT/sys/kernel/mm/hugepages/hugepages-1048576kB"
    too_many Count=1 'this kernel has no huge pages of 1G on this machine; it has 2M'
}

@test "a default of 2M is x86's own, and said to any other" {
    rm "$ROOT"/etc/passthrough.d/*
    settings '[HugePages]' Size=2M Count=512 Default=yes '[HugePages]' Size=1G Count=4
    processor intel
    needs 'hugepagesz=1G hugepages=4'
    processor other
    needs 'default_hugepagesz=2M hugepagesz=1G hugepages=4'
}

@test "huge pages by node, where the kernel is known to read that (Linux 5.16), else their sum" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    settings '[HugePages]' Size=1G 'Nodes=0:8 1:4'
    needs 'hugepagesz=1G hugepages=0:8,1:4'
    needs 'hugepagesz=1G hugepages=0:8,1:4' --kernel=5.16.0
    needs 'hugepagesz=1G hugepages=12' --kernel=5.15.0-91-generic
    needs 'hugepagesz=1G hugepages=12' --kernel=4.18.0-553.el8
    needs 'hugepagesz=1G hugepages=12' --kernel=nightly
    rm "$ROOT/proc/sys/kernel/osrelease"
    needs 'hugepagesz=1G hugepages=12'
    why hugepages=12 'Linux before 5.16'
}

@test "a node for which nothing is asked is not named: one that is not online would cost all the others" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    settings '[HugePages]' Size=1G 'Nodes=0:8 1:0'
    needs 'hugepagesz=1G hugepages=0:8'
}

@test "CommandLine= comes last, what is there already once" {
    processor intel
    settings '[Host]' 'CommandLine=quiet intel_iommu=on isolcpus=2-7' CommandLine=pci=noats '[HugePages]' Size=1G Count=4
    needs 'intel_iommu=on iommu=pt hugepagesz=1G hugepages=4 quiet isolcpus=2-7 pci=noats'
    why pci=noats CommandLine=
    settings '[Host]' 'CommandLine=hugepagesz=2M hugepages=4' '[HugePages]' Size=1G Count=4
    needs 'intel_iommu=on iommu=pt hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=4'
}

@test "an administrator who says how the host's devices are translated is not contradicted" {
    processor intel
    local token
    for token in iommu=nopt iommu=nopanic,nopt iommu=pt,merge iommu.passthrough=0; do
        settings '[Host]' "CommandLine=$token"
        needs "intel_iommu=on $token"
    done
    settings '[Host]' CommandLine=iommu=force
    needs 'intel_iommu=on iommu=pt iommu=force'
    settings '[Host]' CommandLine=intel_iommu=sm_on
    needs 'intel_iommu=on iommu=pt intel_iommu=sm_on'
}

# settled: the tokens are judged, and nothing is found that is wrong.
settled() {
    local line
    ctl cmdline "$@"
    exits 0
    line=$output
    ctl cmdline check --json "--cmdline=root=/dev/sda2 ro $line"
    exits 0 || { echo "line: $line" && return 1; }
    is "$(get '.findings[] | select(.severity != "info" and (.token | contains("allow_unsafe_interrupts") | not)) | "\(.token): \(.message)"')" '' "findings in $line"
}

@test "what is needed passes cmdline check" {
    local vendor text
    for vendor in intel amd other; do
        processor $vendor
        for text in '[Host]' \
            '[Host]\nIOMMU=on\nUnsafeInterrupts=yes\nDisableIdleD3=yes' \
            '[HugePages]\nSize=1G\nCount=8\nDefault=yes' \
            '[HugePages]\nSize=1G\nCount=8\n[HugePages]\nSize=2M\nCount=512\nDefault=yes' \
            '[HugePages]\nSize=1G\nNodes=0:8 1:8\nDefault=yes\n[HugePages]\nSize=2M\nNodes=0:512' \
            '[Host]\nCommandLine=isolcpus=2-7 nohz_full=2-7 pci=noats iommu=nopt\n[HugePages]\nSize=1G\nCount=1' \
            '[Host]\nCommandLine="dyndbg=file drivers/vfio/* +p"\nDisableIdleD3=yes'; do
            printf %b "$text\n" >"$ROOT/etc/passthrough.conf"
            settled || return 1
            settled --kernel=6.12.0-unheard-of || return 1
            settled --kernel=5.10.0-unheard-of --vendor=intel || return 1
        done
    done
}

@test "GRUB: a line for a drop-in, which all entries get, those for recovery too" {
    processor intel
    needs 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on iommu=pt"' --format=grub
    is "$(GRUB_CMDLINE_LINUX=quiet sh -c "$output"'; echo "$GRUB_CMDLINE_LINUX"')" 'quiet intel_iommu=on iommu=pt' 'what the shell makes of it'
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    needs 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX"' --format=grub
}

@test "bootc: an array of TOML" {
    processor intel
    needs 'kargs = ["intel_iommu=on", "iommu=pt"]' --format=bootc
    rm "$ROOT"/etc/passthrough.d/*
    needs 'kargs = []' --format=bootc
}

@test "kernel: the line itself" {
    processor intel
    needs 'intel_iommu=on iommu=pt' --format=kernel
    needs 'intel_iommu=on iommu=pt' --format=plain
}

@test "quotes reach the kernel through GRUB and TOML" {
    processor amd
    rm "$ROOT"/etc/passthrough.d/*
    settings '[Host]' 'CommandLine="dyndbg=file a;b +p" x=$y'
    needs '"dyndbg=file a;b +p" x=$y'
    needs 'kargs = ["\"dyndbg=file a;b +p\"", "x=$y"]' --format=bootc
    needs 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX \"dyndbg=file a;b +p\" x=\\\$y"' --format=grub
    is "$(sh -c "$output"'; printf %s "$GRUB_CMDLINE_LINUX"')" ' "dyndbg=file a;b +p" x=\$y' 'what stands in grub.cfg'
}

@test "the document: tokens and lines of modprobe.d, each with its reason" {
    processor intel
    settings '[Host]' DisableIdleD3=yes
    ctl cmdline --json
    exits 0
    is "$(get 'keys_unsorted[]')" 'version tokens options' keys
    is "$(get .version)" 1 version
    is "$(get '[.tokens[] | keys_unsorted[]] | unique[]')" 'token why' 'keys of tokens'
    is "$(get '[.options[] | keys_unsorted[]] | unique[]')" 'line why' 'keys of options'
    is "$(get '.tokens[].token')" 'intel_iommu=on iommu=pt' tokens
    is "$(get '[.tokens[], .options[]] | map(select(.why == ""))[]')" '' 'without a reason'
}

@test "an invalid rule is said, counts for nothing, and is exit 2; the tokens are there all the same" {
    processor intel
    rule broken '[Match]' Adress=01:00.0
    ctl cmdline
    exits 2
    is "$output" 'intel_iommu=on iommu=pt' tokens
    has '/etc/passthrough.d/broken.conf:2:'
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl cmdline --json
    exits 2
    is "$(get '.tokens | length')" 0 tokens
}

@test "a setting that is wrong is said, and is exit 2" {
    processor intel
    settings '[Host]' UnsafeInterrupts=perhaps DisableIdleD3=yes
    ctl cmdline
    exits 2
    is "$output" 'intel_iommu=on iommu=pt' tokens
    has '/etc/passthrough.conf:2:'
}

@test "on a terminal the reasons are there, on standard error" {
    command -v script >/dev/null || skip 'no script(1)'
    processor intel
    settings '[Host]' DisableIdleD3=yes
    run script -qec "'$BUILD/passthroughctl' cmdline --root='$ROOT' 2>'$BATS_TEST_TMPDIR/err'" /dev/null
    is "${output%$'\r'}" 'intel_iommu=on iommu=pt' tokens
    grep -q '^  iommu=pt: .*translation' "$BATS_TEST_TMPDIR/err"
    grep -q '^  options vfio_pci disable_idle_d3=1: ' "$BATS_TEST_TMPDIR/err"
}

@test "what the options do not take is a usage error" {
    local wrong
    for wrong in --format=xml --format= --vendor=via --vendor=Intel --kernel= --kernel=../6.1 --cmdline=quiet; do
        ctl cmdline "$wrong"
        exits 2 || { echo "$wrong" && return 1; }
        is "$output" '' "standard output with $wrong"
    done
    ctl cmdline surplus
    exits 2
    ctl cmdline check --vendor=intel --cmdline=quiet
    exits 2
}

@test "an image has its modules' parameters, and none where there are none or the module is built in" {
    processor amd
    image_built
    [[ ! -e $IMAGE/etc/modprobe.d/passthrough.conf ]]
    settings '[Host]' DisableIdleD3=yes UnsafeInterrupts=yes
    image_built
    is "$(grep -v '^#' "$IMAGE/etc/modprobe.d/passthrough.conf" | paste -sd' ')" \
        'options vfio_iommu_type1 allow_unsafe_interrupts=1 options vfio_pci disable_idle_d3=1' options
    rm -r "$IMAGE"
    module vfio-pci builtin
    image_built
    is "$(grep -v '^#' "$IMAGE/etc/modprobe.d/passthrough.conf")" 'options vfio_iommu_type1 allow_unsafe_interrupts=1' options
    rm -r "$IMAGE"
    IMAGE=$BATS_TEST_TMPDIR/image && mkdir -p "$IMAGE"
    ctl image --kernel=6.12.0-unheard-of "$IMAGE"
    exits 0
    [[ ! -e $IMAGE/etc/modprobe.d/passthrough.conf ]]
}

@test "kmod takes what the image has" {
    command -v modprobe >/dev/null || skip 'no modprobe'
    settings '[Host]' DisableIdleD3=yes
    image_built
    run modprobe -C "$IMAGE/etc/modprobe.d/passthrough.conf" -c
    grep -qx 'options vfio_pci disable_idle_d3=1' <<<"$output"
}
