#!/bin/sh
# Installs a release of launchcheck: downloads the archive for this system, holds it against the published SHA-256
# checksums, and puts the program in place. Nothing is installed where anything is in doubt.
#
#   curl -fsSL https://github.com/__owner__/launchcheck/releases/download/v0.1.0/install.sh | sh
#
# LAUNCHCHECK_VERSION   the release, such as 0.1.0 (default: the one that this script came with)
# LAUNCHCHECK_BIN       the folder for the program (default: ~/.local/bin)
# LAUNCHCHECK_RELEASES  where releases are, for a mirror (default: the project's own)
# LAUNCHCHECK_TARGET    the platform, where it should not be found out
# LAUNCHCHECK_VERIFY    "attestation": the provenance of the archive has to be proven too, with GitHub's `gh`
set -eu

version=0.1.0
repository=https://github.com/__owner__/launchcheck

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# The platform as the archives name it.
target() {
    case "$(uname -s)" in
        Linux) system=unknown-linux-musl ;;
        Darwin) system=apple-darwin ;;
        MINGW* | MSYS* | CYGWIN* | Windows_NT) system=pc-windows-msvc ;;
        *) fail "there is no binary for $(uname -s); 'cargo install launchcheck --locked' builds one" ;;
    esac
    case "$(uname -m)" in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) fail "there is no binary for $(uname -m); 'cargo install launchcheck --locked' builds one" ;;
    esac
    # Windows on ARM runs x86-64 programs.
    [ "$system" != pc-windows-msvc ] || machine=x86_64
    printf '%s-%s\n' "$machine" "$system"
}

# Mirrors on this machine may do without TLS, nothing else may.
download() {
    case "$1" in
        http://127.0.0.1:* | http://localhost:*) protocols='=http' ;;
        *) protocols='=https' ;;
    esac
    if command -v curl >/dev/null 2>&1; then
        curl --proto "$protocols" --tlsv1.2 --fail --silent --show-error --location --retry 3 --max-time 300 \
            --output "$2" "$1"
    elif [ "$protocols" = '=https' ] && command -v wget >/dev/null 2>&1; then
        wget --https-only --quiet --tries=3 --timeout=60 --output-document="$2" "$1"
    else
        fail 'curl is needed to download over HTTPS'
    fi
}

sha256() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    else
        fail 'sha256sum or shasum is needed to check what was downloaded'
    fi
}

main() {
    version="${LAUNCHCHECK_VERSION:-$version}"
    version="${version#v}"
    case "$version" in
        '' | *[!0-9A-Za-z.+-]* | .*) fail "'$version' is no version" ;;
    esac
    target="${LAUNCHCHECK_TARGET:-$(target)}"
    [ -n "$target" ] || exit 1
    releases="${LAUNCHCHECK_RELEASES:-$repository/releases/download}"
    folder="${LAUNCHCHECK_BIN:-${HOME:?HOME is not set: set LAUNCHCHECK_BIN}/.local/bin}"
    name="launchcheck-v$version-$target"
    archive="$name.tar.gz"
    program=launchcheck
    case "$target" in *windows*) program=launchcheck.exe ;; esac

    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    download "$releases/v$version/$archive" "$work/$archive" ||
        fail "$releases/v$version/$archive cannot be downloaded: is there a release $version for $target?"
    download "$releases/v$version/SHA256SUMS" "$work/SHA256SUMS" ||
        fail "$releases/v$version/SHA256SUMS cannot be downloaded: the archive cannot be checked"
    # Lines are '<sum>  <file>' or '<sum> *<file>'.
    expected="$(awk -v file="$archive" '$2 == file || $2 == "*" file { print $1 }' "$work/SHA256SUMS")"
    [ -n "$expected" ] || fail "SHA256SUMS does not name $archive"
    actual="$(sha256 "$work/$archive")"
    [ "$expected" = "$actual" ] ||
        fail "$archive is not what was published: SHA-256 is $actual, expected $expected"
    case "${LAUNCHCHECK_VERIFY:-}" in
        '') ;;
        attestation)
            gh attestation verify "$work/$archive" --repo "${repository#https://github.com/}" >/dev/null ||
                fail "$archive has no valid attestation that $repository built it"
            ;;
        *) fail "LAUNCHCHECK_VERIFY is '$LAUNCHCHECK_VERIFY'; only 'attestation' is known" ;;
    esac
    tar -xzf "$work/$archive" -C "$work" "$name/$program" || fail "$archive does not hold $name/$program"
    mkdir -p "$folder"
    # Moved into place at once: a program that runs is replaced, never half written.
    cp "$work/$name/$program" "$folder/.$program.$$"
    chmod 755 "$folder/.$program.$$"
    mv -f "$folder/.$program.$$" "$folder/$program"
    printf 'installed %s\n' "$("$folder/$program" --version) in $folder"
    case ":$PATH:" in
        *":$folder:"*) ;;
        *) printf 'this folder is not in your PATH yet: %s\n' "$folder" ;;
    esac
}

# Read to the end before anything runs: a download that breaks off does nothing.
main
