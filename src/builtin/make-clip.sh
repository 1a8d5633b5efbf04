#!/bin/sh
# Makes the built-in camera's clip: clip.h264 (Annex B) and clip.aac (ADTS).
#
# The clip loops for ever with continuous time, so everything in it repeats
# after exactly 16 s: 400 pictures of 40 ms and 750 AAC frames of 1024 samples
# at 48 kHz. The drifting layers move a whole number of pixels a picture (which
# costs next to nothing to code), every tone fits 16 s a whole number of times.
#
# Once a second the dot reaches an end of its track: that end lights up and a
# beep sounds in the same picture (a higher one every fourth second), so that
# an eye and an ear can judge whether sound and picture are in step.
#
# Needs: apt-get install ffmpeg fonts-dejavu-core
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

seconds=16
bold=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
plain=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
run() { ffmpeg -nostdin -hide_banner -loglevel error -y -threads 1 -filter_threads 1 -filter_complex_threads 1 "$@"; }

# layer NAME SIZE R G B ALPHA: one RGBA picture; the expressions see X and Y.
layer() {
    run -f lavfi -i "color=black:size=$2:rate=1:duration=1,format=rgba,geq=r='$3':g='$4':b='$5':a='$6'" \
        -frames:v 1 "$work/$1.png"
}
# disc NAME RADIUS R G B: a round spot with a smooth edge.
disc() {
    size=$(($2 * 2 + 4))
    layer "$1" "${size}x${size}" "$3" "$4" "$5" "255*clip($2+0.5-hypot(X-$2-1.5\,Y-$2-1.5)\,0\,1)"
}
# wave NAME TOP HEIGHT PERIOD R G B: everything below a sine; 800 px spare to drift through.
wave() {
    layer "$1" 1440x360 "$5" "$6" "$7" "255*clip(Y-$2-$3*sin(2*PI*X/$4)\,0\,1)"
}

layer sky 640x360 \
    "clip(34+Y*0.86\,0\,255)" "clip(52+Y*0.42\,0\,255)" "clip(112+Y*0.06\,0\,255)" 255
disc sun 54 255 "226-Y*0.5" "150-Y*0.6"
wave far 236 7 400 96 92 120
wave middle 258 9 200 52 72 108
wave near 284 10 400 24 46 80
layer track 304x4 190 205 225 "150"
disc dot 9 255 255 255
disc end 11 96 112 140
disc lamp 20 255 214 64

# Picture n of the loop; the dot is at the right end on even seconds.
drift() { echo "overlay=format=rgb:eval=frame:y=0:x='-mod($1*n,800)'"; }
still() { echo "overlay=format=rgb:x=$1-w/2:y=$2-h/2"; }
lit() { echo "$(still "$1" "$2"):enable='between(mod(n,50),$3,$3+3)'"; }
clock="drawtext=fontfile=$bold:fontcolor=white"
words="drawtext=fontfile=$plain:fontsize=18:fontcolor=0xd8e2f2"

set --
for name in sky sun far middle near track dot end lamp; do
    set -- "$@" -loop 1 -framerate 25 -t $seconds -i "$work/$name.png"
done
run "$@" -filter_complex "
    [7]split[end1][end2]; [8]split[lamp1][lamp2];
    [0][1]$(still 320 226)[a]; [a][2]$(drift 1)[b]; [b][3]$(drift 1)[c]; [c][4]$(drift 2)[d];
    [d][5]$(still 320 326)[e]; [e][end1]$(still 170 326)[f]; [f][end2]$(still 470 326)[g];
    [g][lamp1]$(lit 470 326 0)[h]; [h][lamp2]$(lit 170 326 25)[i];
    [i][6]overlay=format=rgb:eval=frame:y=326-h/2:x='320-w/2+150*cos(PI*n/25)',
    $clock:fontsize=112:x=94:y=58:text='00\:%{eif\:n/25\:d\:2}',
    $clock:fontsize=56:x=438:y=100:text='.%{eif\:mod(n,25)\:d\:2}',
    $words:x=20:y=16:text='camgate', $words:x=w-tw-20:y=16:text='built-in camera',
    format=yuv420p" \
    -c:v libx264 -profile:v baseline -level 3.0 -preset placebo -tune animation -crf 33 \
    -x264-params "threads=1:keyint=25:min-keyint=25:scenecut=0:bframes=0:open-gop=0:repeat-headers=1:slices=1:nal-hrd=none" \
    -color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709 \
    -bsf:v filter_units=remove_types=6 -bitexact -f h264 clip.h264

# Three turns are encoded and the middle one is kept, so that its first frame
# overlaps with its last. The encoder's first frame comes before sample 0.
frames=$((seconds * 48000 / 1024))
beep="0.5*lt(mod(t,1),0.12)*pow(max(0,sin(PI*mod(t,1)/0.12)),0.3)*sin(2*PI*t*if(lt(mod(t,4),1),1320,880))"
pad="(0.05+0.02*sin(2*PI*t/8))*(sin(2*PI*220*t)+0.7*sin(2*PI*330*t)+0.4*sin(2*PI*440*t))"
run -f lavfi -i "aevalsrc='$pad+$beep':sample_rate=48000:channel_layout=mono:duration=$((seconds * 3))" \
    -c:a aac -profile:a aac_low -b:a 20k -aac_pns 0 -cutoff 8000 \
    -bsf:a "noise=drop='lt(n,$((frames + 1)))+gt(n,$((frames * 2)))'" -bitexact -f adts clip.aac

ls -l clip.h264 clip.aac
