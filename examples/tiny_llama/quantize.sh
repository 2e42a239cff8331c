#!/bin/sh
# Makes the 4-bit checkpoints of this folder out of f16/:   quantize.sh [path of halfbyte] [folder]
# The same input gives the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
halfbyte=${1:-halfbyte}
to=${2:-$here}
"$halfbyte" quantize "$here/f16" "$to/gptq-sym-g128" --format gptq --group 128
"$halfbyte" quantize "$here/f16" "$to/gptq-asym-g64" --format gptq --group 64 --asymmetric
"$halfbyte" quantize "$here/f16" "$to/gptq-actorder-g128" --format gptq --group 128 \
  --importance "$here/importance.safetensors"
