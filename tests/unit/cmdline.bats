# Kernel command lines: what is found in each, and the readers themselves asked what they make of it.

bats_require_minimum_version 1.5.0

load product
load tree

TABLE=$BATS_TEST_DIRNAME/cmdline-table

# machine VENDOR REMAPPING: a tree of nothing but these two, in $ROOT.
machine() {
    ROOT=$BATS_TEST_TMPDIR/machine.$1.$2
    [[ ! -d $ROOT ]] || return 0
    mkdir -p "$ROOT"/proc "$ROOT"/sys/kernel/irq/{9,24}
    case $1 in
    intel) printf 'processor\t: 0\nvendor_id\t: GenuineIntel\n' >"$ROOT/proc/cpuinfo" ;;
    amd) printf 'processor\t: 0\nvendor_id\t: AuthenticAMD\n' >"$ROOT/proc/cpuinfo" ;;
    power) printf 'processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3800.000000MHz\nplatform\t: PowerNV\n' >"$ROOT/proc/cpuinfo" ;;
    riscv) printf 'processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\nmmu\t\t: sv48\n' >"$ROOT/proc/cpuinfo" ;;
    s390) printf 'vendor_id       : IBM/S390\n# processors    : 2\n' >"$ROOT/proc/cpuinfo" ;;
    igpu)
        printf 'processor\t: 0\nvendor_id\t: GenuineIntel\n' >"$ROOT/proc/cpuinfo"
        pci_root 0000:00
        pci_add 0000:00:02.0 8086:46a6 0300
        pci_add 0000:00:01.0 8086:460d 0604 bus=01
        pci_add 0000:01:00.0 10de:25a0 0302 under=0000:00:01.0
        ;;
    other) printf 'processor\t: 0\nCPU implementer\t: 0x41\n' >"$ROOT/proc/cpuinfo" ;;
    esac
    case $2 in
    yes) echo IR-IO-APIC >"$ROOT/sys/kernel/irq/9/chip_name" && echo IR-PCI-MSI-0000:00:1f.2 >"$ROOT/sys/kernel/irq/24/chip_name" ;;
    no) echo IO-APIC >"$ROOT/sys/kernel/irq/9/chip_name" && echo PCI-MSI-0000:00:1f.2 >"$ROOT/sys/kernel/irq/24/chip_name" ;;
    esac
}

# ask LINE [EXPECTED]: what the program says of it is kept, with its exit status. answers: one jq reads what it has said of all lines that
# it was asked, and ANSWERS has what is found in each: "SEVERITY READER TOKEN ~ MESSAGE" a line.
ask() {
    local status=0
    timeout 20 "$BUILD/passthrough-cmdline" --root="$ROOT" --json --cmdline="$1" >>"$BATS_TEST_TMPDIR/answers" || status=$?
    ASKED+=("$1") WANTED+=("${2-}") EXITED+=("$status")
}

answers() {
    local i wrong
    mapfile -t -d $'\x1e' ANSWERS < <(jq -j '([.findings[] | "\(.severity) \(.reader) \(.token) ~ \(.message)"] | join("\n")) + "\u001e"' \
        "$BATS_TEST_TMPDIR/answers")
    is "${#ANSWERS[@]}" "${#ASKED[@]}" 'answers' || return 1
    # The exit status and the findings say the same.
    for i in "${!ASKED[@]}"; do
        wrong=0
        if [[ $'\n'${ANSWERS[i]} == *$'\nerror '* ]]; then wrong=1; fi
        is "${EXITED[i]}" "$wrong" "exit status of ${ASKED[i]}" || return 1
    done
}

ask_anew() {
    ASKED=() WANTED=() EXITED=()
    : >"$BATS_TEST_TMPDIR/answers"
}

# judge LINE: what is found goes to $found.
judge() {
    ask_anew
    ask "$1"
    answers && found=${ANSWERS[0]}
}

# compare LINE EXPECTED: each expected finding, in order, and no other.
compare() {
    judge "$1" && compare_with "$1" "$2" "$found"
}

compare_with() { # compare_with LINE EXPECTED FOUND
    local wanted got i
    mapfile -t wanted < <([[ -z $2 ]] || printf '%s' "$2")
    mapfile -t got < <([[ -z $3 ]] || printf '%s\n' "$3")
    for ((i = 0; i < ${#wanted[@]} || i < ${#got[@]}; i++)); do
        if [[ ${got[i]-} != "${wanted[i]%% ~ *} ~ "* || ${got[i]#* ~ } != *"${wanted[i]#* ~ }"* || -z ${wanted[i]-} ]]; then
            printf 'in the line: %s\n  expected: %s\n  found:    %s\n' "$1" "${wanted[i]-nothing}" "${got[i]-nothing}"
            return 1
        fi
    done
}

# each_line GROUP COMMAND: calls COMMAND LINE EXPECTED for each command line of that group.
each_line() {
    local text vendor remapping group='' line='' expected='' open='' failed=0
    while IFS= read -r text; do
        if [[ $open && $text != '    '* && $text != '#'* ]]; then
            "$2" "$line" "$expected" || failed=1
            open=''
        fi
        [[ $text != '== '* ]] || group=${text#== }
        [[ $group == "$1" ]] || continue
        case $text in
        '@ '*) read -r _ vendor remapping <<<"$text" && machine "$vendor" "$remapping" ;;
        '>'*) printf -v line '%b' "${text#>}" && line=${line# } && expected='' open=yes ;;
        '    '*) expected+=$(printf '%b' "${text#    }")$'\n' ;;
        esac
    done < <(cat "$TABLE" && echo)
    return "$failed"
}

# table GROUP
table() {
    local i failed=0
    ask_anew
    each_line "$1" ask
    answers || return 1
    ((${#ASKED[@]})) || { echo "no line is asked" && return 1; }
    for i in "${!ASKED[@]}"; do
        compare_with "${ASKED[i]}" "${WANTED[i]}" "${ANSWERS[i]}" || failed=1
    done
    return "$failed"
}

@test "quotes are the kernel's: double, around the whole or the value, and one that is not closed swallows the rest" {
    table quotes
}

@test "tokens end at the kernel's blanks, whatever bytes stand between them" {
    table splitting
}

@test "a dash is an underscore in names to the kernel, not to kmod and dracut, and never in values" {
    table names
}

@test "what stands behind -- is lost to the kernel, not to the others" {
    table dashes
}

@test "intel_iommu= is a list, read by the beginning of each item" {
    table intel
}

@test "amd_iommu= has no on" {
    table amd
}

@test "iommu= and its parameters" {
    table iommu
}

@test "interrupt remapping has one switch with two names" {
    table remapping
}

@test "unsafe interrupts are judged by what the machine has" {
    table unsafe
}

@test "huge pages are read from the left" {
    table hugepages
}

@test "the kernel's blacklist is one, and exact" {
    table kernel-blacklist
}

@test "kmod's blacklist" {
    table kmod
}

@test "dracut's blacklists and lists" {
    table dracut
}

@test "IDs for vfio-pci" {
    table ids
}

@test "our own switches" {
    table own
}

@test "screens, and what is near them" {
    table graphics
}

@test "what people paste: quotes of print, blanks in lists, ends of tokens" {
    table pasted
}

@test "each architecture has parameters of its own" {
    table architectures
}

@test "the screen ends with the line as it is right to write, which is found to be right" {
    machine intel unknown
    # right LINE RIGHT: of what the last has, nothing is to be mended any more.
    right() {
        run --separate-stderr "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline="$1"
        is "$(tail -n 1 <<<"$output")" "  Corrected: $2" "the end of $1" || return 1
        run --separate-stderr "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline="$2"
        ! grep -q '^  Corrected: ' <<<"$output" || { echo "not right: $2" && show && return 1; }
    }
    right $'\u201cquiet intel_iommu=on iommu=pt\u201d' 'quiet intel_iommu=on iommu=pt'
    right 'ro vfio-pci.ids=10de:1b06, 10de:10ef, 10de:1ad7 splash' 'ro vfio-pci.ids=10de:1b06,10de:10ef,10de:1ad7 splash'
    right 'quiet iommu=pt,on amd_iommu=on disable_vga=1' 'quiet iommu=pt intel_iommu=on vfio-pci.disable_vga=1'
    right 'quiet intel_iommu=on iommu=on' 'quiet intel_iommu=on'
    right 'intel_iomu=on pcie_acs_override=downstream, multifunction ro' 'intel_iommu=on ro'
    right intel_iommu=off intel_iommu=on
    run --separate-stderr "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline='quiet intel_iommu=on iommu=pt'
    has_not Corrected:
}

@test "the screen of findings has no line longer than a terminal's, and no broken word" {
    command -v script >/dev/null || skip 'no script(1)'
    machine intel unknown
    local line='quiet intel_iommu=on iommu=on vfio-pci.ids=10de:1b06, 10de:10ef disable_vga=1 pci-stub.ids=1002:731f video=efifb:off,vesafb:off'
    run env TERM=xterm LC_ALL=C.UTF-8 NO_COLOR=1 script -qec "stty cols 80; exec $BUILD/passthrough-cmdline --root=$ROOT --cmdline='$line'" /dev/null
    output=${output//$'\r'/} stderr=''
    (($(wc -L <<<"$output") <= 80)) || { show && return 1; }
    local broken terminal=$output
    run --separate-stderr env LC_ALL=C.UTF-8 "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline="$line"
    broken=$(comm -13 <(tr -s ' ' '\n' <<<"$output" | sort -u) <(tr -s ' ' '\n' <<<"$terminal" | sort -u))
    is "$broken" '' 'broken words'
}

@test "a slip of the pen in each of the names" {
    table slips
}

@test "what keeps a host from booting, or from answering" {
    table booting
}

@test "memory, ACPI and APICs that the kernel is to do without" {
    table hardware
}

@test "what others boot with is left alone" {
    table legitimate
}

@test "each group of the table is judged, and there are no fewer lines than there were" {
    local group
    while read -r group; do
        grep -qx "    table $group" "$BATS_TEST_FILENAME" || { echo "not judged: $group" && return 1; }
    done < <(sed -n 's/^== //p' "$TABLE")
    (($(grep -c '^>' "$TABLE") >= 250))
}

@test "a line of 2047 characters is whole, one of 2048 is cut (COMMAND_LINE_SIZE of x86 and arm64)" {
    local blanks
    machine intel unknown
    printf -v blanks '%2038s' ''
    compare "iommu=off$blanks" $'error kernel iommu=off ~ every IOMMU\n'
    compare "iommu=off$blanks"$'\n' $'error kernel iommu=off ~ every IOMMU\n'
    compare "$blanks"iommu=off $'error kernel iommu=off ~ every IOMMU\n'
    compare " $blanks"iommu=off $'error kernel iommu=off ~ every IOMMU\nerror kernel iommu=off ~ 2048 characters\n'
    compare "quiet"$'\n'"$blanks"iommu=off $'error kernel iommu=off ~ every IOMMU\nerror kernel iommu=off ~ 2053 characters\n'
}

@test "passthroughctl cmdline check finds the same" {
    machine intel unknown
    judge 'intel_iommu=on iommu=off'
    run -1 --separate-stderr "$BUILD/passthroughctl" cmdline check --root="$ROOT" --json --cmdline='intel_iommu=on iommu=off'
    is "$(jq -r '.findings[] | "\(.severity) \(.reader) \(.token) ~ \(.message)"' <<<"$output")" "$found" findings
}

# --- the readers themselves

# with_cmdline LINE COMMAND...: COMMAND where /proc/cmdline has that line.
with_cmdline() {
    printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/cmdline"
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -m sh -c 'mount --bind "$0" /proc/cmdline && exec "$@"' "$BATS_TEST_TMPDIR/cmdline" "${@:2}"
}

need_namespace() {
    ((EUID == 0)) || skip 'needs root, to lay a line over /proc/cmdline'
    with_cmdline quiet true 2>/dev/null || skip 'nothing can be laid over /proc/cmdline here'
}

# said READER: what the findings hold to be listed, as they say it to be without fault.
said() {
    sed -nE "s/^(info|error) $1 .* ~ ([^:]*): .*/\\2/p" <<<"$found" | tr -d ' ' | tr , '\n' | sort -u
}

# A name that no module can have is held back from nothing: modules' names have underscores.
asks_kmod() {
    local listed
    [[ $1 == *blacklist* ]] || return 0
    judge "$1" || return 1
    listed=$(with_cmdline "$1" modprobe -C /dev/null -c | sed -n 's/^blacklist //p' | grep -E '^[a-z0-9_]+$' | sort -u || true)
    is "$(said kmod)" "$listed" "what kmod holds back for: $1"
}

@test "kmod holds back the modules that the findings say it does" {
    local group
    command -v modprobe >/dev/null || skip 'no modprobe'
    need_namespace
    for group in names dashes kernel-blacklist kmod dracut slips; do
        each_line "$group" asks_kmod || return 1
    done
}

# A parameter of a module is taken by kmod exactly where no finding says that kmod does not.
asks_kmod_options() {
    local options got wanted
    [[ $1 == *vfio* || $1 == *iommufd* ]] || return 0
    judge "$1" || return 1
    options=$(with_cmdline "$1" modprobe -C /dev/null -c | sed -nE 's/^options (vfio|vfio_pci|vfio_iommu_type1|iommufd) //p')
    got=$([[ -z $options ]] || wc -l <<<"$options")
    wanted=$(grep -oE '(^| |")(vfio|vfio[-_]pci|vfio[-_]iommu[-_]type1|iommufd)[.]' <<<"$1" | wc -l)
    wanted=$((wanted - $(grep -c '^warning kmod .*kmod does not read it' <<<"$found" || true)))
    is "${got:-0}" "$wanted" "parameters that kmod takes of: $1"
}

@test "kmod takes the parameters of modules that the findings say it takes" {
    local group
    command -v modprobe >/dev/null || skip 'no modprobe'
    need_namespace
    for group in names dashes unsafe ids; do
        each_line "$group" asks_kmod_options || return 1
    done
}

# dracut's getargs, and what its parse-kernel.sh makes of the answer.
asks_dracut() {
    local listed name names=()
    [[ $1 == *dr*bl* ]] || return 0
    judge "$1" || return 1
    # bash goes on where the library finds no other one beside it, which only images have.
    # shellcheck disable=SC2016 # expanded by the inner shell
    listed=$(PATH=$BATS_TEST_TMPDIR/bin:$PATH with_cmdline "$1" bash -c '. /usr/lib/dracut/modules.d/99base/dracut-lib.sh
        getargs rd.driver.blacklist -d rdblacklist=' 2>/dev/null) || true
    for name in ${listed//,/ }; do
        [[ ! $name =~ ^[a-z0-9_-]+$ ]] || names+=("$name")
    done
    is "$(said dracut)" "$(printf '%s\n' "${names[@]}" | sort -u)" "what dracut holds back for: $1"
}

@test "dracut holds back the modules that the findings say it does" {
    local group
    [[ -x /usr/lib/dracut/dracut-util && -e /usr/lib/dracut/modules.d/99base/dracut-lib.sh ]] || skip 'no dracut'
    [[ ! -e /etc/cmdline ]] || skip 'this host has an /etc/cmdline, which dracut reads as well'
    need_namespace
    # As in an image.
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s /usr/lib/dracut/dracut-util "$BATS_TEST_TMPDIR/bin/dracut-getarg"
    ln -s /usr/lib/dracut/dracut-util "$BATS_TEST_TMPDIR/bin/dracut-getargs"
    for group in names dashes dracut; do
        each_line "$group" asks_dracut || return 1
    done
}
