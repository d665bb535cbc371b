#!/usr/bin/env bash
# Builds the container image from the static binaries of a release and pushes it. Usage: image.sh FOLDER NAME
set -euo pipefail
folder=$1
name=${2,,}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$root/.github/release/Dockerfile" "$context/"
for pair in amd64:x86_64 arm64:aarch64; do
    archive=launchcheck-v$version-${pair#*:}-unknown-linux-musl
    mkdir "$context/${pair%:*}"
    tar -xzf "$folder/$archive.tar.gz" -C "$context/${pair%:*}" --strip-components 1 "$archive/launchcheck"
done
docker buildx create --use
docker buildx build --platform linux/amd64,linux/arm64 --provenance mode=max --sbom true \
    --label "org.opencontainers.image.version=$version" \
    --label "org.opencontainers.image.source=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" \
    --tag "$name:$version" --push "$context"
