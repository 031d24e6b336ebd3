# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What show prints, held against those who read it.

# domain: one with what `show --json` has for libvirt among its devices.
domain() {
    printf '%s\n' "<domain type='kvm'>" '<name>guest</name>' "<memory unit='MiB'>512</memory>" \
        "<os><type arch='x86_64' machine='q35'>hvm</type></os>" '<devices>'
    jq -r '.libvirt[]' <<<"$output"
    printf '%s\n' '</devices>' '</domain>'
}

# libvirt_takes RULE...: its schema has what show prints of each; guest.xml is that of the last.
libvirt_takes() {
    command -v virt-xml-validate >/dev/null && command -v xmllint >/dev/null || skip 'no virt-xml-validate'
    local rule
    for rule; do
        ctl show "$rule" --json
        domain >"$BATS_TEST_TMPDIR/guest.xml"
        virt-xml-validate "$BATS_TEST_TMPDIR/guest.xml" domain || { cat "$BATS_TEST_TMPDIR/guest.xml" && return 1; }
    done
}

# libvirt_refuses SED: guest.xml, with that done to it.
libvirt_refuses() {
    sed -i "$1" "$BATS_TEST_TMPDIR/guest.xml"
    ! virt-xml-validate "$BATS_TEST_TMPDIR/guest.xml" domain 2>/dev/null
}
