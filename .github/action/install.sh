#!/usr/bin/env bash
# First step of the action: puts the program into $RUNNER_TEMP/launchcheck/bin.
#
# By default that is the release that belongs to the commit of the action itself, never a moving 'latest':
# .github/install.sh names it. VERSION is another release, or 'source' to build from the action's own sources.
set -euo pipefail

action=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${RUNNER_TEMP:?this script runs in a step of a workflow}"
bin=$RUNNER_TEMP/launchcheck/bin

if [ "${VERSION:-}" = source ]; then
    command -v cargo >/dev/null || {
        echo '::error title=launchcheck::building from source needs cargo: install Rust in a step before this one'
        exit 2
    }
    cargo install --locked --quiet --no-track --path "$action" --root "$RUNNER_TEMP/launchcheck"
    exit
fi

export LAUNCHCHECK_BIN=$bin LAUNCHCHECK_VERSION=${VERSION:-}
# The runners that GitHub hosts have its client. A mirror's archives are held against checksums only.
if [ -z "${LAUNCHCHECK_RELEASES:-}" ] && [ -n "${GH_TOKEN:-}" ] && command -v gh >/dev/null; then
    export LAUNCHCHECK_VERIFY=attestation
fi
sh "$action/.github/install.sh" || {
    echo '::error title=launchcheck::the release could not be installed; the log says why'
    exit 2
}
