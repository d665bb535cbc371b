#!/usr/bin/env bash
# Completes a folder of archives to what a release has: the installer, the notes, and the checksums of all files.
# Usage: checksums.sh FOLDER
set -euo pipefail
folder=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
cp "$root/.github/install.sh" "$folder/install.sh"
# The section of this version, without its title.
awk -v title="## [$version]" '
    index($0, title) == 1 { inside = 1; next }
    inside && /^## / { exit }
    inside' "$root/CHANGELOG.md" >"$folder/NOTES.md"
cd "$folder"
if command -v sha256sum >/dev/null; then
    sha256sum -- *.tar.gz *.json install.sh >SHA256SUMS
else
    shasum -a 256 -- *.tar.gz *.json install.sh >SHA256SUMS
fi
