# passthroughctl show --format= and check --for= on machines and rules at random: what consumers-random holds of each.

load product
load tree

@test "random machines: each document is one that its consumer reads, and has no device of the host" {
    tree_new
    "$BATS_TEST_DIRNAME/consumers-random" "$BUILD/passthroughctl" "$ROOT" "$BATS_TEST_TMPDIR/machines" "${SEED-9}" "${MACHINES-8}"
}
