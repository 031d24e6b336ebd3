# The name that a misspelt one may be meant for.

@test "the nearest name is found as its definition has it, whatever is left out of the search" {
    local src=$BATS_TEST_DIRNAME/../../src
    command -v "${CC:-cc}" >/dev/null || skip 'no compiler'
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$src" -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
        -o "$BATS_TEST_TMPDIR/nearest" "$BATS_TEST_DIRNAME/nearest.c" "$src"/base/{str,arena,memory}.c
    "$BATS_TEST_TMPDIR/nearest" 50000
}
