#!/usr/bin/env bash
# Second step of the action: audits, and puts the answer where people look: log, annotations, job summary, files.
#
# AUDIT_PATH, AUDIT_MAX_UNTICKED, AUDIT_REQUIRE and AUDIT_ARGS are the inputs of the action, AUDIT_BASE is the commit
# that a pull request is held against. They are strangers' text: they go into arrays, never through an evaluation.
set -euo pipefail

: "${RUNNER_TEMP:?}" "${GITHUB_OUTPUT:?}" "${GITHUB_STEP_SUMMARY:?}"
folder=$RUNNER_TEMP/launchcheck
program=$folder/bin/launchcheck
[ ! -f "$program.exe" ] || program=$program.exe

if [ "${GITHUB_EVENT_NAME:-}" = pull_request_target ]; then
    # Such a run holds write permissions and secrets beside a stranger's code.
    echo '::error title=launchcheck::do not run this on pull_request_target; use pull_request'
    exit 2
fi

reports=$folder/reports
rm -rf "$reports"
mkdir -p "$reports"

arguments=(--format human)
for format in sarif markdown github json; do
    arguments+=(--output "$format=$reports/launchcheck.$format")
done
[ -z "${AUDIT_MAX_UNTICKED:-}" ] || arguments+=("--max-unticked=$AUDIT_MAX_UNTICKED")
[ -z "${AUDIT_REQUIRE:-}" ] || arguments+=("--require=$AUDIT_REQUIRE")

# Further arguments, separated by white space; `read` splits and does nothing else.
given=()
if [ -n "${AUDIT_ARGS:-}" ]; then
    read -r -d '' -a given <<<"$AUDIT_ARGS" || true
fi

# A pull request is held against its base, where the checkout has it.
if [ -n "${AUDIT_BASE:-}" ] && [[ " ${given[*]-} " != *' --changed-since'* ]]; then
    if git cat-file -e "$AUDIT_BASE^{commit}" 2>/dev/null; then
        arguments+=("--changed-since=$AUDIT_BASE")
    else
        echo '::notice title=launchcheck::the base of this pull request is not in the checkout, so nothing is marked as new; set fetch-depth: 0 in actions/checkout'
    fi
fi

# Nothing that the program prints about the repository may speak to the runner.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
code=0
"$program" check ${given[@]+"${given[@]}"} "${arguments[@]}" -- "${AUDIT_PATH:-.}" || code=$?
echo "::$token::"

# The annotations are the one thing that is meant for the runner.
[ ! -f "$reports/launchcheck.github" ] || cat "$reports/launchcheck.github"
# A summary may have a megabyte.
[ ! -f "$reports/launchcheck.markdown" ] || head -c 1000000 "$reports/launchcheck.markdown" >>"$GITHUB_STEP_SUMMARY"

# The value of a key at the top of the report: ids, numbers and truth values, nothing of the repository.
value() {
    [ -f "$reports/launchcheck.json" ] || return 0
    awk -v key="  \"$1\":" '
        index($0, key) == 1 { inside = 1; $0 = substr($0, length(key) + 1) }
        inside { text = text $0 }
        inside && (text !~ /\[/ || /\]/) { gsub(/[^A-Za-z0-9,]/, "", text); sub(/,$/, "", text); print text; exit }
    ' "$reports/launchcheck.json"
}

ready=$(value ready)
{
    echo "ready=${ready:-false}"
    echo "score=$(value score)"
    echo "unticked=$(value unticked)"
    for format in sarif markdown json; do
        [ ! -f "$reports/launchcheck.$format" ] || echo "$format=$reports/launchcheck.$format"
    done
} >>"$GITHUB_OUTPUT"
exit "$code"
