#!/bin/sh
# Runs every fuzz target for SECONDS, from the committed corpus and what earlier runs found.
# Usage: tests/fuzz/run.sh SECONDS BUILD_DIR [TARGET ...]
# Prints one line per target; exits 1 if one found something, which lies in BUILD_DIR/findings then.
set -u
seconds=${1:?SECONDS}
build=${2:?BUILD_DIR}
shift 2
[ $# -gt 0 ] || set -- safetensors shard_index config npy model
here=$(cd "$(dirname "$0")" && pwd)
status=0
mkdir -p "$build/findings"
for target in "$@"; do
  found=$build/corpus/$target
  log=$build/fuzz_$target.log
  mkdir -p "$found"
  if "$build/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
      -rss_limit_mb=2048 -malloc_limit_mb=256 -use_value_profile=1 -print_final_stats=1 \
      -dict="$here/words.dict" -artifact_prefix="$build/findings/$target-" \
      "$found" "$here/corpus/$target" >"$log" 2>&1; then
    result=ok
  else
    result=FINDING
    status=1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  printf 'fuzz %-12s %s: %s runs in %s s, %s edges\n' "$target" "$result" "${runs:-?}" "$seconds" \
    "${edges:-?}"
  [ "$result" = ok ] || tail -n 40 "$log"
done
exit $status
