//! What pictures become on their way through an encoder and back: one out for each one in, at once, and the same picture.

mod support;

use std::fs;

use media_pipeline::{DecodeError, H264Decoder, X264Encoders, annexb};
use media_share::{Codec, Encoder, Encoders, I420, Plane, Size, Target};
use support::pictures::{grainy, moving, psnr};

const RATE: u32 = 30_000;
const BIT_RATE: u32 = 1_500_000;

fn size(width: u16, height: u16) -> Size {
    Size::new(width, height).expect("even")
}

fn target(size: Size) -> Target {
    Target { codec: Codec::H264, size, rate_millihertz: RATE, bit_rate: BIT_RATE }
}

fn encoder(size: Size) -> Box<dyn Encoder> {
    X264Encoders.make(target(size)).expect("an encoder")
}

fn pts(index: u64) -> u64 {
    index * 1_000_000 / 30
}

#[test]
fn each_picture_is_one_access_unit_and_keys_come_when_asked_for() {
    let size = size(320, 180);
    let mut encoder = encoder(size);
    let asked = [7, 8, 40];
    for index in 0..80 {
        let encoded = encoder.encode(&moving(size, index), pts(index), asked.contains(&index)).expect("encoded");
        let facts = annexb::facts(&encoded.data);
        assert_eq!(facts.slices, 1, "picture {index} is one slice");
        assert!(!facts.bidirectional);
        let key = index == 0 || asked.contains(&index);
        assert_eq!((encoded.key, facts.key, facts.parameter_sets), (key, key, key), "picture {index}");
    }
}

#[test]
fn what_comes_out_says_that_it_is_constrained_baseline() {
    let size = size(320, 180);
    let encoded = encoder(size).encode(&moving(size, 0), 0, false).expect("encoded");
    let set = annexb::nal_units(&encoded.data).find(|unit| unit[0] & 0x1f == 7).expect("a sequence parameter set");
    assert_eq!(set[1], 66, "profile_idc: baseline");
    assert_eq!(set[2] & 0x40, 0x40, "constraint_set1_flag: constrained");
}

#[test]
fn a_picture_comes_back_with_its_own_access_unit_in_all_sizes() {
    for size in [size(2, 2), size(16, 16), size(142, 80), size(90, 162), size(640, 360), size(1280, 720)] {
        let mut encoder = encoder(size);
        encoder.set_bit_rate(8_000_000);
        let mut decoder = H264Decoder::new().expect("a decoder");
        for index in 0..12 {
            let picture = moving(size, index);
            let unit = encoder.encode(&picture, pts(index), index == 5).expect("encoded");
            let back = decoder.decode(&unit.data).expect("decodes").expect("a picture");
            assert_eq!(back.size(), size);
            for plane in [Plane::Y, Plane::U, Plane::V] {
                let close = psnr(&picture, &back, plane);
                assert!(close > 30.0, "{size:?} picture {index} {plane:?}: {close:.1} dB");
            }
        }
    }
}

#[test]
fn the_bit_rate_follows_while_it_runs_and_no_key_picture_is_large() {
    let size = size(640, 360);
    let mut encoder = encoder(size);
    let mut index = 0;
    for rate in [1_500_000, 400_000, 3_000_000] {
        encoder.set_bit_rate(rate);
        let (mut bytes, mut largest) = (0, 0);
        for nth in 0..90 {
            let unit = encoder.encode(&grainy(size, index), pts(index), nth == 45).expect("encoded");
            index += 1;
            // What the rate was before still counts for a few pictures.
            if nth >= 30 {
                bytes += unit.data.len();
                largest = largest.max(unit.data.len());
            }
        }
        let (got, wanted) = (bytes as f64 * 8.0 / 2.0, f64::from(rate));
        assert!((0.5..1.3).contains(&(got / wanted)), "{rate} were wanted, {got:.0} came");
        let times = largest as f64 * 8.0 * 30.0 / wanted;
        assert!(times < 5.0, "at {rate} a picture took {times:.1} times of a picture at the bit rate");
    }
}

#[test]
fn a_picture_out_of_order_or_of_another_size_is_refused_and_the_next_one_is_taken() {
    let size = size(64, 36);
    let mut encoder = encoder(size);
    encoder.encode(&moving(size, 0), 1_000, false).expect("encoded");
    let refused = encoder.encode(&moving(size, 1), 1_000, false).expect_err("the same time");
    assert!(refused.to_string().contains("must grow"), "{refused}");
    let other = Size::new(32, 36).expect("even");
    let refused = encoder.encode(&moving(other, 1), 2_000, false).expect_err("another size");
    assert!(refused.to_string().contains("64×36") && refused.to_string().contains("32×36"), "{refused}");
    assert!(!encoder.encode(&moving(size, 2), 3_000, false).expect("encoded").key);
}

#[test]
fn raw_pictures_are_passed_on_as_they_are() {
    let size = size(64, 36);
    let target = Target { codec: Codec::I420, ..target(size) };
    let mut copier = X264Encoders.make(target).expect("a copier");
    for index in 0..3 {
        let picture = moving(size, index);
        let unit = copier.encode(&picture, pts(index), false).expect("copied");
        assert!(unit.key);
        assert_eq!(&unit.data[..], picture.bytes());
    }
    assert!(copier.encode(&I420::black(Size::new(2, 2).expect("even")), pts(4), false).is_err());
}

#[test]
fn encoders_and_decoders_have_no_threads() {
    let size = size(64, 36);
    let threads = || fs::read_dir("/proc/self/task").expect("this process").count();
    // The library's own, whatever they are.
    let mut warm = encoder(size);
    let unit = warm.encode(&moving(size, 0), 0, false).expect("encoded");
    H264Decoder::new().expect("a decoder").decode(&unit.data).expect("decodes");
    let mut all: Vec<_> = (0..20).map(|_| (encoder(size), H264Decoder::new().expect("a decoder"))).collect();
    for (encoder, decoder) in &mut all {
        let unit = encoder.encode(&moving(size, 1), 0, false).expect("encoded");
        decoder.decode(&unit.data).expect("decodes").expect("a picture");
    }
    // Tests run beside each other on threads of their own, which come and go: those of twenty would show.
    let tests = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(threads() < 20 + tests, "{} threads", threads());
}

/// Ten units of one size, keys at 0 and 6.
fn units(size: Size) -> Vec<Vec<u8>> {
    let mut encoder = encoder(size);
    (0..10)
        .map(|index| encoder.encode(&moving(size, index), pts(index), index == 6).expect("encoded").data.to_vec())
        .collect()
}

#[test]
fn a_decoder_shows_nothing_before_a_key_picture() {
    let mut decoder = H264Decoder::new().expect("a decoder");
    let shown: Vec<_> = units(size(160, 90))[3..]
        .iter()
        .map(|unit| decoder.decode(unit).expect("nothing is broken").is_some())
        .collect();
    assert_eq!(shown, [false, false, false, true, true, true, true]);
}

#[test]
fn after_a_broken_unit_the_next_key_picture_is_shown() {
    let units = units(size(160, 90));
    let garbage: Vec<u8> = [0, 0, 0, 1, 0x41].into_iter().chain((0..900u32).map(|at| (at * 7 % 251) as u8)).collect();
    let no_picture = [0, 0, 0, 1, 0x09, 0xf0];
    for broken in [&garbage[..], &no_picture[..], &[1, 2, 3][..], &[][..]] {
        let mut decoder = H264Decoder::new().expect("a decoder");
        for unit in &units[..3] {
            assert!(decoder.decode(unit).expect("decodes").is_some());
        }
        let error = decoder.decode(broken).expect_err("broken");
        assert!(matches!(error, DecodeError::Broken { bytes, .. } if bytes == broken.len()), "{error}");
        let shown: Vec<_> =
            units[4..].iter().map(|unit| decoder.decode(unit).expect("nothing is broken").is_some()).collect();
        assert_eq!(shown, [false, false, true, true, true, true]);
    }
}

#[test]
fn a_unit_that_is_cut_off_harms_only_until_the_next_key_picture() {
    let size = size(160, 90);
    let units = units(size);
    for cut in [8, units[3].len() / 2, units[3].len() - 1] {
        let mut decoder = H264Decoder::new().expect("a decoder");
        for unit in &units[..3] {
            decoder.decode(unit).expect("decodes").expect("a picture");
        }
        // A decoder may conceal it; it must not do more.
        let _ = decoder.decode(&units[3][..cut]);
        for unit in &units[4..6] {
            let _ = decoder.decode(unit);
        }
        for (index, unit) in (6..).zip(&units[6..]) {
            let back = decoder.decode(unit).expect("decodes").expect("a picture");
            let close = psnr(&moving(size, index), &back, Plane::Y);
            assert!(close > 30.0, "cut at {cut}, picture {index}: {close:.1} dB");
        }
    }
}

#[test]
fn the_size_may_change_at_a_key_picture() {
    let mut decoder = H264Decoder::new().expect("a decoder");
    for size in [size(160, 90), size(640, 360), size(142, 80), size(160, 90)] {
        for unit in units(size) {
            assert_eq!(decoder.decode(&unit).expect("decodes").expect("a picture").size(), size);
        }
    }
}

#[test]
#[ignore = "prints figures: cargo test -p media-pipeline --test codec -- --ignored --nocapture"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn figures() {
    use std::time::Instant;
    let size = size(640, 360);
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").expect("this process");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("resident").to_owned();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1024.0
    };
    let ms = |since: Instant| since.elapsed().as_secs_f64() * 1e3;
    let pictures: Vec<_> = (0..60).map(|index| moving(size, index)).collect();
    let mut warm = encoder(size);
    warm.encode(&pictures[0], 0, false).expect("encoded");
    let (before, began) = (resident(), Instant::now());
    let mut all: Vec<_> = (0..16).map(|_| encoder(size)).collect();
    let made = ms(began) / 16.0;
    let began = Instant::now();
    for encoder in &mut all {
        encoder.encode(&pictures[0], 0, false).expect("encoded");
    }
    let first = ms(began) / 16.0;
    for index in 1..30u64 {
        for encoder in &mut all {
            encoder.encode(&pictures[index as usize], pts(index), false).expect("encoded");
        }
    }
    println!(
        "16 encoders: {:.1} MiB each, made in {made:.2} ms, first picture {first:.2} ms",
        (resident() - before) / 16.0
    );
    drop(all);
    let (mut took, mut units) = (Vec::new(), Vec::new());
    for index in 1..300u64 {
        let began = Instant::now();
        let unit = warm.encode(&pictures[index as usize % 60], pts(index), index % 90 == 1).expect("encoded");
        took.push(ms(began));
        units.push(unit);
    }
    let percentiles = |mut took: Vec<f64>| {
        took.sort_by(f64::total_cmp);
        format!("p50 {:.2} ms, p99 {:.2} ms", took[took.len() / 2], took[took.len() * 99 / 100])
    };
    println!("encode 640×360: {}", percentiles(took));
    let mean = units.iter().map(|unit| unit.data.len()).sum::<usize>() / units.len();
    let keys: Vec<_> = units.iter().filter(|unit| unit.key).map(|unit| unit.data.len()).collect();
    println!("mean unit {mean} bytes, keys {keys:?}");
    let began = Instant::now();
    let mut decoder = H264Decoder::new().expect("a decoder");
    println!("a decoder is made in {:.2} ms", ms(began));
    let mut took = Vec::new();
    let (mut worst, mut sum) = (f64::MAX, 0.0);
    for (index, unit) in (1..).zip(&units) {
        let began = Instant::now();
        let back = decoder.decode(&unit.data).expect("decodes").expect("a picture");
        took.push(ms(began));
        let close = psnr(&pictures[index % 60], &back, Plane::Y);
        (worst, sum) = (close.min(worst), sum + close);
    }
    println!(
        "decode 640×360: {}; PSNR worst {worst:.1} dB, mean {:.1} dB",
        percentiles(took),
        sum / units.len() as f64
    );
}
