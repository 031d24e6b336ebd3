#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# apply for programs that bring many hosts in line, on hosts that boot from GRUB: other boot loaders have it in files of their own.

load product
load tree
load live
load tree-boot

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    live_root
    mkdir -p "$ROOT/usr/sbin"
    image_tools
}

@test "apply twice, with nobody to ask: GRUB of Debian, at once and as a trial" {
    grub_host
    disk device
    twice live apply --no-trial
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=root
    twice live apply
}

@test "apply twice, with nobody to ask: GRUB with boot loader entries" {
    fedora_host
    twice live apply --no-trial
}

@test "apply twice, with nobody to ask: a rule that goes away, a setting that comes, and nothing at all" {
    grub_host
    put /etc/passthrough.conf '[Host]' CommandLine=nohz=off
    twice live apply --no-trial
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    live apply --json --no-trial <&-
    exits 0
    whole .changed
    live apply --json --no-trial <&-
    exits 0
    whole '.changed | not'
}
