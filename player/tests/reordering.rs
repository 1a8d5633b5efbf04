//! Pictures that are not sent in the order shown: what goes to the browser
//! never ends in front of a hole.

mod common;

use camgate_player::output::{Kind, Output};
use common::capture::{Capture, timestamp};
use common::fragment;
use common::gateway::Gateway;
use common::media;

/// Two pictures in a row that wait for a third, and pictures that wait for such.
const REORDERED: [&str; 3] = [
    "x264-pyramid-gstreamer",
    "x264-open-gop-ffmpeg",
    "x265-open-gop-gstreamer",
];
const IN_ORDER: &str = "x264-refresh-gstreamer";

fn play<'a>(sdp: &str, packets: impl IntoIterator<Item = &'a Vec<u8>>) -> Gateway {
    let mut gateway = Gateway::new(["v=0\r\ns=x\r\na=control:*\r\n", sdp].concat());
    gateway.start();
    gateway.lose();
    for packet in packets {
        gateway.frame(0, packet);
    }
    gateway
}

fn fragments(gateway: &Gateway) -> Vec<&Output> {
    let all = gateway.outputs.iter();
    all.filter(|output| output.kind == Kind::Fragment).collect()
}

fn samples(gateway: &Gateway) -> Vec<Output> {
    let fragments = fragments(gateway).into_iter();
    fragments.flat_map(fragment::samples).collect()
}

#[test]
fn fragments_end_without_a_hole_once_it_is_seen_that_pictures_are_reordered() {
    for name in REORDERED {
        let capture = Capture::load(name);
        let gateway = play(&capture.sdp, &capture.packets);
        let mut shown: Vec<f64> = Vec::new();
        // The picture that was ahead when that was seen.
        let mut seen = f64::INFINITY;
        let mut grouped = 0;
        for output in fragments(&gateway) {
            let samples = fragment::samples(output);
            let latest = shown.iter().copied().fold(0.0, f64::max);
            if samples.iter().any(|sample| sample.time < latest) {
                seen = seen.min(latest);
            }
            shown.extend(samples.iter().map(|sample| sample.time));
            shown.sort_by(f64::total_cmp);
            let even = shown.windows(2).all(|pair| pair[1] - pair[0] < 0.041);
            assert!(even || output.time <= seen, "{name} {shown:?}");
            let times = samples.iter().map(|sample| sample.time);
            assert_eq!(output.time, times.fold(f64::INFINITY, f64::min));
            grouped += usize::from(samples.len() > 1);
        }
        assert!(seen < 1.0 && grouped > 3, "{name} {seen} {grouped}");
    }
}

#[test]
fn pictures_in_order_go_out_one_by_one_as_they_come() {
    let capture = Capture::load(IN_ORDER);
    let last = capture.packets.len();
    for end in 1..last {
        let marked = capture.packets[end - 1][1] & 0x80 != 0;
        if !marked || end % 7 > 0 {
            continue;
        }
        let gateway = play(&capture.sdp, &capture.packets[..end]);
        let units = capture.packets[..end].iter().filter(|p| p[1] & 0x80 != 0);
        assert_eq!(fragments(&gateway).len(), units.count());
    }
}

#[test]
fn a_loss_in_a_group_costs_nothing_that_came_before_it() {
    for name in REORDERED {
        let capture = Capture::load(name);
        let times = capture.timestamps();
        let whole = samples(&play(&capture.sdp, &capture.packets));
        let last_sync = whole.iter().rposition(|sample| sample.sync);
        // A group that the end of the stream cuts is still waiting.
        for lost in 1..last_sync.unwrap() {
            let packets = capture.packets.iter();
            let kept = packets.filter(|packet| timestamp(packet) != times[lost]);
            let got = samples(&play(&capture.sdp, kept));
            assert!(got[..lost] == whole[..lost], "{name} {lost}");
            assert!(got[lost].sync, "{name} {lost}");
        }
    }
}

#[test]
fn what_waits_goes_out_before_the_init_segment_of_other_pictures() {
    let [first, second] = [IN_ORDER, REORDERED[0]].map(Capture::load);
    for (before, after) in [(&first, &second), (&second, &first)] {
        // A group is cut: its last picture is missing.
        let times = before.timestamps();
        for cut in [0, 1, 2] {
            let end = times.len() - cut;
            let packets = before.packets.iter();
            let kept = packets.filter(|packet| times[..end].contains(&timestamp(packet)));
            let gateway = play(&before.sdp, kept.chain(&after.packets));
            let all = gateway.outputs.iter();
            let init = all.clone().rposition(|output| output.kind == Kind::Init);
            let (old, new) = gateway.outputs.split_at(init.unwrap());
            let count = |part: &[Output]| {
                let fragments = part.iter().filter(|output| output.kind == Kind::Fragment);
                fragments.flat_map(fragment::samples).count()
            };
            assert_eq!(count(old), end);
            assert_eq!(count(new), after.timestamps().len());
            let file = media::scratch("reordering").join("after.mp4");
            let bytes = new.iter().filter(|output| output.track > 0);
            let bytes = bytes.filter(|output| matches!(output.kind, Kind::Init | Kind::Fragment));
            std::fs::write(
                &file,
                bytes
                    .flat_map(|output| output.data.clone())
                    .collect::<Vec<u8>>(),
            )
            .unwrap();
            assert_eq!(media::judge(&file), after.frames);
        }
    }
}
