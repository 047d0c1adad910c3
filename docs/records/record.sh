#!/bin/sh
# Trains what the page "What the articles got right" rests on: hours on two cores.
#
#     docs/records/record.sh CIFAR10 MNIST [NAME …]
#
# CIFAR10 and MNIST are what `--data` takes: a name of `microgrand data list` or a path. With names
# (of the folders here) only these are recorded, otherwise all. Killed and started again it goes on
# where it was. Time allowed fewer epochs than the articles' (150, 150, 200, and 40 of shrinkage), but for
# one seed of two lessons and five of two cases. Shrinkage has its 40 epochs with a quarter of its filters.
set -eu
cifar10=${1:?a name or path of CIFAR-10} mnist=${2:?a name or path of MNIST}
shift 2
wanted=" $* "
export OMP_NUM_THREADS=1

record() { # NAME LESSON FLAGS…
    name=$1 lesson=$2
    shift 2
    case $wanted in "  " | *" $name "*) ;; *) return ;; esac
    microgrand run "$lesson" --preset article --jobs 2 --out "runs/records/$name" "$@"
}

record curve curve --cases '*'
record penalties penalties --data "$cifar10" --epochs 50 --seeds 5 \
    --cases '*-published' --cases '[ACEHZ]-corrected' --cases Z-nudged --cases E-shaken
record shrinkage shrinkage --data "$mnist" --train-images 10000 --test-images 5000 \
    --epochs 20 --seeds 3 --cases none --cases 'l[1-4]' --cases dead-zone --cases column-maximum \
    --cases 'l[01]-proximal'
record shrinkage-8-filters shrinkage --data "$mnist" --train-images 10000 --test-images 5000 --filters 8 \
    --epochs 40 --seeds 3 --cases none --cases 'l[1-4]' --cases dead-zone --cases column-maximum \
    --cases 'l[01]-proximal'
record all-digits shrinkage --data "$mnist" --train-images 60000 --test-images 5000 --filters 8 \
    --epochs 40 --seeds 1 --cases none --cases 'l[12]'
record noise noise --data "$cifar10" --crop 32 --epochs 100 --seeds 10 \
    --cases A --cases B --cases '[CD]-text' --cases '[CD]-code' --cases 'zero-*'
record normalization normalization --data "$cifar10" --epochs 60 --seeds 5 \
    --cases 'published-*' --cases correct-none --cases correct-batch --cases correct-layer \
    --cases correct-instance --cases correct-group --cases correct-box-cox \
    --cases 'digit-[bi]*'
record normalization-150-epochs normalization --data "$cifar10" --epochs 150 --seeds 1 \
    --cases 'published-*' --cases correct-none --cases correct-batch --cases correct-layer \
    --cases correct-instance --cases correct-group --cases correct-box-cox
record penalties-150-epochs penalties --data "$cifar10" --epochs 150 --seeds 1 \
    --cases '*-published' --cases '[ACEHZ]-corrected'
record penalties-l2-150-epochs penalties --data "$cifar10" --epochs 150 --seeds 5 \
    --cases '[AZ]-corrected'
record masks noise --data "$cifar10" --crop 32 --epochs 40 --seeds 5 \
    --relu-letters AE --cases 'mask-*' --cases D-code --cases 'relu-*'
record masks-and-relu noise --data "$cifar10" --crop 32 --epochs 40 --seeds 10 \
    --relu-letters AE --cases 'mask-[AE]' --cases D-code --cases 'relu-*'
