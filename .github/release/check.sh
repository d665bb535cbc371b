#!/usr/bin/env bash
# Whether a tag may become a release: everything that names a version or an address names the same one.
#
# GITHUB_REF_NAME is the tag, GITHUB_SERVER_URL and GITHUB_REPOSITORY say where this runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

wrong=0
expect() {
    if [ "$2" != "$3" ]; then
        printf '%s is %s, expected %s\n' "$1" "$2" "$3" >&2
        wrong=1
    fi
}
field() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" Cargo.toml | head -n 1; }
constant() { sed -n "s/^$1=//p" .github/install.sh | head -n 1; }

version=$(field version)
expect 'the tag' "$GITHUB_REF_NAME" "v$version"
expect 'repository in Cargo.toml' "$(field repository)" "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
expect 'repository in install.sh' "$(constant repository)" "$(field repository)"
expect 'version in install.sh' "$(constant version)" "$version"
grep -q "^## \[$version\]" CHANGELOG.md || {
    printf 'CHANGELOG.md has no section for %s\n' "$version" >&2
    wrong=1
}
exit "$wrong"
