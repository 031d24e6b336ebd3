# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see: a command on a terminal of some width, held against a file in screens/. UPDATE_SCREENS=1 writes what it is now.

# shown_at COLUMNS COMMAND [ARG...]: on a terminal of that width, in UTF-8 and without colour unless the environment says otherwise.
# Sets $output alone.
shown_at() {
    command -v script >/dev/null || skip 'no script(1)'
    run env TERM=xterm LC_ALL="${LC_ALL-C.UTF-8}" NO_COLOR="${NO_COLOR-1}" \
        script -qec "stty cols $1; exec $BUILD/passthroughctl $2 --root=$ROOT ${*:3} 2>/dev/null" /dev/null
    output=${output//$'\r'/} stderr=''
}

# is_screen NAME: the output is what screens/NAME has.
is_screen() {
    local file=$BATS_TEST_DIRNAME/screens/$1
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$output" >"$file"; fi
    diff -u "$file" - <<<"$output"
}

has_names() {
    command -v systemd-hwdb >/dev/null || skip 'no systemd-hwdb'
}

# fits COLUMNS: no line is wider.
fits() {
    local widest
    widest=$(LC_ALL=C.UTF-8 wc -L <<<"$output")
    ((widest <= $1)) || { echo "a line has $widest columns of $1" && show && return 1; }
}

# words_of TEXT: each once. A slash is between names, and a terminal may show the first of them alone.
words_of() {
    LC_ALL=C tr -s ' /\n' '\n\n\n' <<<"$1" | sed -E 's/[:;,.]+$//; s/^[(]?//; s/[)]$//' | LC_ALL=C sort -u
}

# whole_words COLUMNS COMMAND [WORD...]: on that terminal no line is wider, and no word is broken: each is one that the pipe has, or a WORD.
whole_words() {
    local pipe broken
    LC_ALL=C.UTF-8 ctl "$2"
    pipe=$(words_of "$output $(printf ' %s' "${@:3}")")
    LC_ALL=C.UTF-8 shown_at "$1" "$2"
    fits "$1" || return 1
    broken=$(LC_ALL=C comm -13 <(echo "$pipe") <(words_of "$output") | grep -vx '…' || true)
    is "$broken" '' "words that no pipe has, $2 at $1"
}

# screens COMMAND NAME: on terminals of 80 and of 200 columns, in a pipe, in colour and in ASCII.
screens() {
    LC_ALL=C.UTF-8 shown_at 80 "$1"
    is_screen "$1.$2.80" || return 1
    LC_ALL=C.UTF-8 shown_at 200 "$1"
    is_screen "$1.$2.200" || return 1
    NO_COLOR='' LC_ALL=C.UTF-8 shown_at 80 "$1"
    is_screen "$1.$2.colour" || return 1
    LC_ALL=C shown_at 80 "$1"
    is_screen "$1.$2.ascii" || return 1
    ! LC_ALL=C grep -n '[^ -~]' <<<"$output" || return 1
    LC_ALL=C.UTF-8 ctl "$1"
    is_screen "$1.$2.pipe"
}

# --- machines with rules of each kind

RULED=(desktop-two-nvme server-4gpu laptop-hybrid)

# ruled NAME: the machine, with rules that are ok, refused, missing, invalid and skipped, and with huge pages.
ruled() {
    machine "$1"
    "ruled_${1%%-*}"
}

ruled_desktop() {
    rule 10-host '[Match]' Address=07:00.3 '[Device]' Driver=native
    rule disk '[Match]' ID=144d:a80a Address='04:00.0'
    rule gpu0 '[Match]' ID=10de:2206
    rule igpu '[Match]' ID=1002:1638
    rule sound '[Match]' Class=audio
    rule usb '[Match]' Class=usb
    memory $((32 * 1048576))
    kernel_size 2048
    kernel_size 1048576
    settings '[HugePages]' Size=1G Count=16
}

ruled_server() {
    rule accel '[Match]' ID=1d94:0001
    rule data '[Match]' ID=144d:a824 '[Device]' Expect=8
    rule fourth '[Match]' Address=e3:00.0 '[Device]' Drivr=vfio-pci
    rule nic '[Match]' Address=2a:00.0
    rule third '[Match]' Address=ca:00.0 '[Device]' Group=kvm
    rule usb '[Match]' Address=00:14.0
    add_line /proc/cmdline "$(tr -d '\n' <"$ROOT/proc/cmdline") passthrough.skip=third"
    sed -i 1d "$ROOT/proc/cmdline"
    memory $((512 * 1048576))
    kernel_size 1048576
    node 0 $((256 * 1048576)) 1048576
    node 1 $((256 * 1048576)) 1048576
    settings '[HugePages]' Size=1G 'Nodes=0:100 1:300'
}

ruled_laptop() {
    rule gpu0 '[Match]' Address=01:00.0
    rule sound '[Match]' Address=00:1f.3
    rule usb '[Match]' Address=00:14.0 '[Device]' IOMMUGroup=complete
    rule wifi '[Match]' Address=00:14.3
}

# booted: what the initrd made of the rules, each of it 4.1 seconds after the start of the kernel.
booted() {
    put /etc/initrd-release ID=debian
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    rm "$ROOT/etc/initrd-release"
    sed -i -E $'s/^([DT]\t.*\t)[1-9][0-9]{5,}$/\\14112345/; s/^end .*/end/' "$ROOT/run/passthrough/record"
}
