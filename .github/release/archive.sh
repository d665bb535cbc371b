#!/usr/bin/env bash
# Builds the program for a target and packs it as releases have it: launchcheck-v<version>-<target>.tar.gz with the
# program, licenses, README, completions and manual pages. Usage: archive.sh TARGET FOLDER [PROGRAM]
# With PROGRAM, one that is built already is packed.
set -euo pipefail
target=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
program=${3:-}
[ -z "$program" ] || program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=launchcheck-v$version-$target
suffix=
case $target in *windows*) suffix=.exe ;; esac

if [ -z "$program" ]; then
    # The paths of the machine that builds are nobody's business.
    export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$PWD=launchcheck"
    # A static C library on Windows too, so that no runtime has to be installed.
    case $target in *windows-msvc) RUSTFLAGS="$RUSTFLAGS -C target-feature=+crt-static" ;; esac
    cargo build --release --locked --target "$target"
    program=${CARGO_TARGET_DIR:-target}/$target/release/launchcheck$suffix
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name/completions"
cp "$program" "$stage/$name/launchcheck$suffix"
chmod 755 "$stage/$name/launchcheck$suffix"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$stage/$name/"
for shell in bash zsh fish powershell elvish; do
    "$program" completions "$shell" >"$stage/$name/completions/launchcheck.$shell"
done
"$program" man --to "$stage/$name/man"

# The same sources give the same archive: sorted, without owners, dated by the commit.
date=$(git log -1 --format=%ct 2>/dev/null || echo 0)
if tar --version 2>/dev/null | grep -q GNU; then
    tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" -cf "$stage/archive.tar" "$name"
else
    tar -C "$stage" -cf "$stage/archive.tar" "$name"
fi
gzip -9 -n <"$stage/archive.tar" >"$folder/$name.tar.gz"
printf '%s\n' "$folder/$name.tar.gz"
