#!/usr/bin/env bash
# Learn a style from a painting of your own and from your own photos, in minutes on a CPU and with
# nothing to download; then stylize a photo with it.
#
#   examples/own_painting.sh mine painting.jpg photos/ photo.jpg [SETTING=VALUE ...]
#
# Settings go to the training: trainer.max_steps=500 learns longer, loss.style_weight=8 gives
# stronger strokes; python -m train --help prints all.
set -euo pipefail

if [ $# -lt 4 ]; then
    echo "usage: $0 NAME PAINTING PHOTOS PHOTO [SETTING=VALUE ...]" >&2
    exit 2
fi
name=$1 painting=$2 photos=$3 photo=$4
shift 4

python -m train style=custom "style.name=$name" "style.image=$painting" \
    experiment=quickstart data=folder "data.path=$photos" "$@"

# quickstart adds _quickstart to the name of the style.
python -m infer --ckpt "${name}_quickstart" "$photo"
