#!/usr/bin/env bash
# Installs what is missing, builds and runs every test. Keeps going to the end; the last line is
# `N passed, M failed`, and the exit status says whether M is 0.
#
#   ./test.sh [PART…]     unit   release build, all tests of ctest: unit, redis, end-to-end, python, house
#                         asan   unit and simulator tests under AddressSanitizer and UBSan
#                         tsan   the same under ThreadSanitizer
#                         fuzz   every fuzzer for $FUZZ_SECONDS (60)
#                         lint   formatting, clang-tidy and the house's checks
#                         all    all of them, the default
set -umo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

parts=()
for part in "${@:-all}"; do
  case $part in
    all) parts+=(unit asan tsan lint fuzz) ;;
    unit | asan | tsan | fuzz | lint) parts+=("$part") ;;
    *) sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

readonly jobs=${JOBS:-$(nproc)} logs=$PWD/build/test-logs started=$SECONDS
passed=0 failed=0 summary=()
mkdir -p "$logs"

# Everything started here carries this in its environment, so that what stays behind is found and ended.
export AGENTAINER_TEST_RUN="$$-$(date +%s%N)"
scratch=$(mktemp -d /tmp/agentainer-test.XXXXXX)
# Tests keep out of the user's own data.
export TMPDIR=$scratch XDG_DATA_HOME=$scratch/share PYTHONDONTWRITEBYTECODE=1
unset AGENTAINER_DATA

processes_of_this_run() {
  local process
  for process in /proc/[0-9]*; do
    ! grep -qsxzF "AGENTAINER_TEST_RUN=$AGENTAINER_TEST_RUN" "$process/environ" || echo "${process#/proc/}"
  done
}

# Ends what a stage left running, and says what that was. What is just ending gets two seconds.
end_leftovers() {
  local pids waited
  for waited in {1..20}; do
    pids=$(processes_of_this_run)
    [ -n "$pids" ] || return 0
    sleep 0.1
  done
  echo "left running:"
  for pid in $pids; do
    echo "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-150)"
    kill -9 "$pid" 2>/dev/null
  done
  return 1
}

clean_up() {
  local pids
  pids=$(processes_of_this_run)
  # shellcheck disable=SC2086  # one word per process
  [ -z "$pids" ] || kill $pids 2>/dev/null
  end_leftovers >/dev/null 2>&1
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# One line that is overwritten on a terminal; nothing elsewhere, the log has it all.
show_progress() {
  if [ -t 1 ]; then
    awk -v width="$(($(tput cols 2>/dev/null || echo 80) - 1))" \
      '{ gsub(/\033\[[0-9;]*[A-Za-z]|\r/, ""); printf "\r\033[K%s", substr($0, 1, width); fflush() } END { printf "\r\033[K" }'
  else
    cat >/dev/null
  fi
}

# run <name> <command…>: runs it with its output in a log. Its status.
run() {
  local name=$1 status
  shift
  printf '%s… ' "$name"
  [ ! -t 1 ] || echo
  # In the background, because a signal is heard in `wait` only; with `set -m`, because what a shell without
  # job control starts there would be deaf to interrupts, and some tests interrupt.
  { "$@" 2>&1 </dev/null | tee "$logs/$name.log" | show_progress; exit "${PIPESTATUS[0]}"; } &
  wait $!
  status=$?
  end_leftovers >>"$logs/$name.log" || { status=1; tail -n 5 "$logs/$name.log"; }
  return "$status"
}

# count <name> <passed> <failed> <seconds> [remark]
count() {
  local line
  passed=$((passed + $2)) failed=$((failed + $3))
  line=$(printf '%5d passed, %d failed in %d s  %s' "$2" "$3" "$4" "${5:-}")
  summary+=("$(printf '  %-14s %s' "$1" "$line")")
  echo "$line"
}

# Of a build only its failure is counted.
build() {  # <preset> <target…>
  local begun=$SECONDS
  if run "build-$1" tools/build.sh "$@"; then
    summary+=("$(printf '  %-14s       in %d s' "build-$1" $((SECONDS - begun)))")
    echo "done in $((SECONDS - begun)) s"
  else
    grep -vE '^\[[0-9]+/' "$logs/build-$1.log" | tail -n 60
    count "build-$1" 0 1 $((SECONDS - begun)) "see $logs/build-$1.log"
    return 1
  fi
}

tests() {  # <preset> <ctest options…>
  local preset=$1 begun=$SECONDS status p f s report
  report=$logs/$preset.xml
  shift
  rm -f "$report"
  run "test-$preset" "${without_aslr[@]}" ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure \
    --no-tests=error --test-output-size-passed 65536 --output-junit "$report" "$@"
  status=$?
  if [ "$status" != 0 ]; then
    # What passed is not interesting now.
    grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ *Start +[0-9]+:' "$logs/test-$preset.log" | tail -n 200
  fi
  read -r p f s < <(tools/count_tests.py "$report" 2>"$logs/$preset.counts") || { p=0 f=1 s=0; }
  cat "$logs/$preset.counts"
  [ "$status" = 0 ] || [ "$f" != 0 ] || f=1
  [ "$s" = 0 ] || skipped="$s skipped"
  count "test-$preset" "$p" "$f" $((SECONDS - begun)) "${skipped:-}"
  unset skipped
}

# GCC 12's ThreadSanitizer cannot live with the address randomisation of newer kernels.
without_aslr=()
sanitized() {  # <preset>
  ! setarch -R true 2>/dev/null || without_aslr=(setarch -R)
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1:halt_on_error=1
  ! build "$1" unit_tests || tests "$1" -L unit
  without_aslr=()
}

# tests/fuzz may hold a dictionary, x.dict, and seeds, in a folder x, for x_fuzz.
fuzz_one() {  # <source>
  local target name arguments
  target=$(basename "$1" .cc) name=$(basename "$1" _fuzz.cc)
  arguments=("build/fuzz/corpus/$target")
  mkdir -p "${arguments[0]}" build/fuzz/findings
  [ ! -d "tests/fuzz/$name" ] || arguments+=("tests/fuzz/$name")
  [ ! -f "tests/fuzz/$name.dict" ] || arguments+=("-dict=tests/fuzz/$name.dict")
  "build/fuzz/${1%/*}/$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/findings/$target-" -print_final_stats=1 "${arguments[@]}"
}

fuzz() {
  local source target begun
  build fuzz fuzzers || return
  export -f fuzz_one
  begun=$SECONDS
  run fuzz bash -c 'find src -name "*_fuzz.cc" | sort | xargs -P "$1" -I{} bash -c \
    "fuzz_one {} >\"$2\"/fuzz-\$(basename {} .cc).log 2>&1 && echo passed {} || echo failed {}"' - "$jobs" "$logs"
  while read -r source; do
    target=$(basename "$source" .cc)
    echo "  failed: $target"
    tail -n 40 "$logs/fuzz-$target.log"
  done < <(sed -n 's/^failed //p' "$logs/fuzz.log")
  count fuzz "$(grep -c '^passed' "$logs/fuzz.log")" "$(grep -c '^failed' "$logs/fuzz.log")" $((SECONDS - begun))
}

lint() {
  local begun=$SECONDS
  run lint tools/lint.sh || grep -v '^lint passed' "$logs/lint.log" | tail -n 100
  count lint "$(grep -c '^lint passed' "$logs/lint.log")" "$(grep -c '^lint failed' "$logs/lint.log")" $((SECONDS - begun))
}

tools/install_packages.sh run build test || exit 1

for part in "${parts[@]}"; do
  case $part in
    unit) ! build release || tests release ;;
    asan | tsan) sanitized "$part" ;;
    fuzz) fuzz ;;
    lint) lint ;;
  esac
done

echo
printf '%s\n' "${summary[@]}"
echo "  in $((SECONDS - started)) s; logs in build/test-logs"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
