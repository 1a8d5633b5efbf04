//! Which media is sent when.

use super::*;

#[test]
fn a_new_client_gets_all_since_the_last_key_picture_at_once() {
    let mut client = Client::new(ms(500_700));
    let received = client.play(ms(500_730));
    let pictures: Vec<_> = received
        .packets
        .iter()
        .filter(|p| p.channel == 0 && p.marker)
        .collect();
    // 500.00 s to 500.72 s.
    assert_eq!(pictures.len(), 19);
    assert_eq!(
        received
            .packets
            .iter()
            .find(|p| p.channel == 0)
            .unwrap()
            .payload[0]
            & 0x1f,
        24
    );
    let sounds = received.packets.iter().filter(|p| p.channel == 2).count();
    assert!((34..=35).contains(&sounds), "{sounds}");
    assert_eq!(
        client
            .at(ms(500_735))
            .packets
            .iter()
            .filter(|p| p.channel == 0)
            .count(),
        0
    );
    assert_eq!(
        client
            .at(ms(500_760))
            .packets
            .iter()
            .filter(|p| p.channel == 0)
            .count(),
        1
    );
}

#[test]
fn two_clients_see_the_same_moment() {
    let (mut early, mut late) = (Client::new(ms(0)), Client::new(ms(7_100)));
    early.play(ms(100));
    early.at(ms(7_100));
    late.play(ms(7_100));
    let now = ms(7_200);
    let payloads = |received: Received| -> Vec<_> {
        received
            .packets
            .into_iter()
            .map(|p| (p.channel, p.payload))
            .collect()
    };
    assert_eq!(payloads(early.at(now)), payloads(late.at(now)));
}

/// Plays for a minute from `start` on; returns all packets.
fn minute_from(start: Duration) -> Vec<Packet> {
    let mut client = Client::new(start);
    let mut packets = client.play(start).packets;
    let mut now = start;
    while now < start + Duration::from_secs(60) {
        now = client.session.timeout().max(now + Duration::from_nanos(1));
        packets.extend(client.at(now).packets);
    }
    assert_eq!(client.session.dropped(), 0);
    packets
}

/// Checks that sequence numbers and times of one track have no gap in at least `units`.
fn assert_continuous(packets: &[Packet], channel: u8, step: u32, units: usize) {
    let track: Vec<_> = packets.iter().filter(|p| p.channel == channel).collect();
    for pair in track.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        let expected = if pair[0].marker { step } else { 0 };
        assert_eq!(pair[1].time.wrapping_sub(pair[0].time), expected);
    }
    assert!(track.iter().filter(|p| p.marker).count() >= units);
}

#[test]
fn time_runs_on_over_the_loop_and_over_the_wrap() {
    // The seed, and so the RTP time of the start, is the same in all tests.
    let first = minute_from(ms(0));
    for (channel, rate) in [(0, 90_000), (2, 48_000)] {
        let epoch = first.iter().find(|p| p.channel == channel).unwrap().time;
        let wrap = u64::from(u32::MAX - epoch) / rate;
        let packets = minute_from(Duration::from_secs(wrap.saturating_sub(20)));
        // 60 s: the clip starts over three times.
        assert_continuous(&packets, 0, 3600, 1500);
        assert_continuous(&packets, 2, 1024, 2812);
        let mut times = packets
            .iter()
            .filter(|p| p.channel == channel)
            .map(|p| p.time);
        let first = times.next().unwrap();
        assert!(times.any(|time| time < first), "no wrap on {channel}");
    }
}

#[test]
fn reports_tie_both_tracks_to_one_clock() {
    let mut client = Client::new(ms(0));
    let received = client.play(ms(2_500));
    let video = received
        .packets
        .iter()
        .find(|p| p.channel == 0)
        .unwrap()
        .time;
    client.at(ms(7_499));
    client.session.handle_timeout(ms(7_500));
    let bytes = client.session.output().to_vec();
    let mut items = frames(&bytes).map(|frame| frame.unwrap());
    let report = items.find(|frame| frame.channel == 1).unwrap().payload;
    // 5.5 s after the key picture at 2 s; NTP began at 1 s.
    assert_eq!(report[8..16], [0, 0, 0, 8, 0x80, 0, 0, 0]);
    let time = u32::from_be_bytes(report[16..20].try_into().unwrap());
    assert_eq!(time.wrapping_sub(video), 5_500 * 90);
    assert!(items.any(|frame| frame.channel == 3));
}

#[test]
fn a_pause_stops_and_play_goes_on_live() {
    let mut client = Client::new(ms(0));
    let before = client.play(ms(10_200)).packets;
    assert_eq!(
        status(&client.ask(ms(10_200), &format!("PAUSE {URI}"), "")),
        200
    );
    assert!(client.at(ms(10_400)).packets.is_empty());
    let play = format!(
        "PLAY {URI} RTSP/1.0\r\nCSeq: 9\r\nSession: {}\r\n\r\n",
        client.id
    );
    client.session.receive(play.as_bytes(), ms(10_400));
    // It gets the pictures since 10.2 s, and none of them twice.
    let missed = client.take();
    let last = |packets: &[Packet]| packets.iter().rfind(|p| p.channel == 0).unwrap().clone();
    let next = missed.packets.iter().find(|p| p.channel == 0).unwrap();
    assert_eq!(next.time.wrapping_sub(last(&before).time), 3600);
    assert_eq!(next.sequence, last(&before).sequence.wrapping_add(1));

    client.ask(ms(10_400), &format!("PAUSE {URI}"), "");
    client.session.receive(play.as_bytes(), ms(20_400));
    let live = client.take();
    let next = live.packets.iter().find(|p| p.channel == 0).unwrap();
    assert_eq!(next.time.wrapping_sub(last(&before).time), 9_800 * 90);
    assert_eq!(client.session.dropped(), 0);
}

#[test]
fn a_slow_client_loses_whole_units_up_to_a_key_picture() {
    let mut client = Client::new(ms(0));
    client.play(ms(0));
    for now in 0..30_000 {
        client.session.handle_timeout(ms(now));
        assert!(client.session.output().len() <= MAX_BACKLOG);
    }
    let dropped = client.session.dropped();
    assert!(dropped > 500, "{dropped}");
    // When it reads again, whole units come without a gap, beginning with a key picture.
    let mut packets = client.take().packets;
    let kept = packets.len();
    assert!(packets[kept - 1].marker);
    for now in 30_000..32_000 {
        packets.extend(client.at(ms(now)).packets);
    }
    let video: Vec<_> = packets.iter().filter(|p| p.channel == 0).collect();
    assert!(
        video
            .windows(2)
            .all(|p| p[1].sequence == p[0].sequence.wrapping_add(1))
    );
    let gap = video
        .windows(2)
        .find(|p| p[1].time.wrapping_sub(p[0].time) > 3600)
        .unwrap();
    assert_eq!(gap[1].payload[0] & 0x1f, 24);
    assert_eq!(
        client.session.dropped(),
        dropped + dropped_since(&video, gap[1].time)
    );
}

/// How many pictures were dropped between 30 s and the one at `time`.
fn dropped_since(video: &[&Packet], time: u32) -> u64 {
    let ticks = time.wrapping_sub(video[0].time);
    u64::from(ticks / 3600) + 1 - 750
}

#[test]
fn a_machine_that_slept_starts_over_at_a_key_picture() {
    let mut client = Client::new(ms(0));
    client.play(ms(0));
    client.session.receive(b"$\x01\0\x04abcd", ms(3_600_000));
    let packets = client.take().packets;
    assert_eq!(
        packets
            .iter()
            .filter(|p| p.channel == 0 && p.marker)
            .count(),
        1
    );
    assert!(client.session.dropped() > 200_000);
}
