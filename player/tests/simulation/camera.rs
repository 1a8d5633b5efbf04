//! A camera whose every packet is known beforehand: clocks that run apart,
//! reports, a link that jitters, all from one seed.

use camgate_protocol::random::Random;

/// Microseconds.
pub const SECOND: i64 = 1_000_000;

/// Samples in a frame of sound.
const FRAME: i64 = 1024;

/// Frames in a packet of sound.
const FRAMES: i64 = 8;

pub const VIDEO_RATE: i64 = 90_000;
pub const AUDIO_RATE: i64 = 44_100;

/// How often each track reports, and how far apart key frames are.
const REPORT: i64 = 5 * SECOND;
pub const GROUP: i64 = 10;

/// How a camera behaves.
#[derive(Clone, Copy)]
pub struct Habits {
    /// Between pictures, microseconds.
    pub picture: i64,
    /// How much too fast the tracks' clocks run, millionths.
    pub video_ppm: i64,
    pub audio_ppm: i64,
    pub reports: bool,
    /// Packets of a picture.
    pub slices: u32,
    /// At most so late does a packet arrive, microseconds.
    pub jitter: i64,
    /// How much later than sound the picture comes out of the encoder.
    pub video_delay: i64,
}

pub const EVEN: Habits = Habits {
    picture: SECOND / 5,
    video_ppm: 0,
    audio_ppm: 0,
    reports: true,
    slices: 1,
    jitter: 20_000,
    video_delay: 150_000,
};

/// One packet or report.
pub struct Sent {
    pub channel: u8,
    /// When it arrives, microseconds.
    pub arrival: i64,
    /// When the first of what it holds happened before the camera.
    pub moment: i64,
    pub bytes: Vec<u8>,
}

/// The camera, running since 0.
pub struct Camera {
    habits: Habits,
    random: Random,
    video: Track,
    audio: Track,
}

/// One of its tracks.
pub struct Track {
    pub ssrc: u32,
    pub sequence: u16,
    /// The RTP time at 0.
    pub start: u32,
    /// What it counts in really, Hz.
    pub rate: i64,
    /// What its wall clock says at 0.
    pub wall: i64,
    payload_type: u8,
    ppm: i64,
    /// When the next picture, or frame by the clock of sound, is due.
    count: i64,
    report: i64,
}

impl Track {
    fn new(payload_type: u8, rate: i64, ppm: i64) -> Self {
        Self {
            ssrc: u32::from(payload_type),
            sequence: 65_000,
            start: u32::MAX - 1_000_000,
            rate,
            wall: 31_536_000 * SECOND,
            payload_type,
            ppm,
            count: 0,
            report: 0,
        }
    }

    /// The RTP time at a moment.
    fn time(&self, moment: i64) -> u32 {
        let rate = i128::from(self.rate) * i128::from(SECOND + self.ppm);
        let ticks = i128::from(moment) * rate / i128::from(SECOND * SECOND);
        self.start.wrapping_add(ticks as u32)
    }

    fn packet(&mut self, time: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, self.payload_type | u8::from(marker) << 7];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(time.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }

    /// RFC 3550 §6.4.1.
    fn report(&self, moment: i64) -> Vec<u8> {
        let mut bytes = vec![0x80, 200, 0, 6];
        let wall = self.wall + moment;
        let fraction = ((wall % SECOND) << 32) / SECOND;
        let seconds = (wall / SECOND) as u32;
        for word in [self.ssrc, seconds, fraction as u32, self.time(moment), 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }
}

impl Camera {
    pub fn new(habits: Habits, seed: u64) -> Self {
        Self {
            habits,
            random: Random::new(seed),
            video: Track::new(96, VIDEO_RATE, habits.video_ppm),
            audio: Track::new(97, AUDIO_RATE, habits.audio_ppm),
        }
    }

    pub fn tracks(&mut self) -> [&mut Track; 2] {
        [&mut self.video, &mut self.audio]
    }

    /// A number below `bound`.
    pub fn random(&mut self, bound: i64) -> i64 {
        (self.random.next() % bound.max(1).cast_unsigned()).cast_signed()
    }

    /// What it sends next, in the order of sending: a picture's packets, a
    /// packet of sound, or a report.
    pub fn next(&mut self) -> Vec<Sent> {
        let picture = self.video.count * self.habits.picture;
        let first = self.audio.count * FRAME * SECOND;
        let true_rate = i128::from(AUDIO_RATE) * i128::from(SECOND + self.audio.ppm);
        let frame = (i128::from(first) * i128::from(SECOND) / true_rate) as i64;
        // Sound goes out when the packet is full.
        let full = frame + FRAMES * FRAME * SECOND / AUDIO_RATE;
        let coded = picture + self.habits.video_delay;
        let reports = [self.video.report, self.audio.report];
        let report = reports[0].min(reports[1]);
        if self.habits.reports && report <= full.min(coded) {
            return self.report(report, usize::from(reports[1] < reports[0]));
        }
        match coded < full {
            true => self.picture(picture, coded),
            false => self.sound(frame, full),
        }
    }

    fn report(&mut self, moment: i64, which: usize) -> Vec<Sent> {
        let arrival = moment + self.random(self.habits.jitter);
        let [video, audio] = self.tracks();
        let track = [video, audio].into_iter().nth(which).unwrap();
        track.report += REPORT;
        let bytes = track.report(moment);
        let channel = 1 + 2 * which as u8;
        vec![Sent {
            channel,
            arrival,
            moment,
            bytes,
        }]
    }

    fn picture(&mut self, moment: i64, sent: i64) -> Vec<Sent> {
        let arrival = sent + self.random(self.habits.jitter);
        let key = self.video.count % GROUP == 0;
        self.video.count += 1;
        let time = self.video.time(moment);
        let last = self.habits.slices - 1;
        let slice = |index: u32| {
            let mut payload = Vec::new();
            if key && index == 0 {
                payload.extend([
                    0x78, 0, 9, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0x90,
                ]);
                payload.extend([0, 4, 0x68, 0xcb, 0x83, 0xcb, 0, 4]);
            }
            let first = if index == 0 { 0x88 } else { 0x40 };
            payload.extend([if key { 0x65 } else { 0x41 }, first, 1, 2]);
            payload
        };
        let send = |index| {
            let bytes = self.video.packet(time, index == last, &slice(index));
            Sent {
                channel: 0,
                arrival,
                moment,
                bytes,
            }
        };
        (0..=last).map(send).collect()
    }

    fn sound(&mut self, moment: i64, sent: i64) -> Vec<Sent> {
        let arrival = sent + self.random(self.habits.jitter);
        // Stamped by its samples, as encoders do.
        let ticks = self.audio.count * FRAME * self.audio.rate / AUDIO_RATE;
        let time = self.audio.start.wrapping_add(ticks as u32);
        self.audio.count += FRAMES;
        let mut payload = vec![0, FRAMES as u8 * 16];
        payload.extend([0, 2 << 3].repeat(FRAMES as usize));
        payload.extend([0x55; 2 * FRAMES as usize]);
        let bytes = self.audio.packet(time, true, &payload);
        vec![Sent {
            channel: 2,
            arrival,
            moment,
            bytes,
        }]
    }

    /// For so long nothing happened: the next picture and sound are that later.
    pub fn pass(&mut self, microseconds: i64) {
        self.video.count += microseconds / self.habits.picture / GROUP * GROUP;
        self.audio.count += microseconds * AUDIO_RATE / SECOND / FRAME / FRAMES * FRAMES;
        self.video.report += microseconds;
        self.audio.report += microseconds;
    }
}
