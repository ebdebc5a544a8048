//! Just enough of H.264's byte stream to tell what an access unit is: its NAL units, whether it is a key picture, whether
//! it has bidirectional slices.
//!
//! Owns: that reading. Pure: bytes in, facts out; any bytes are answered without a panic.
//! Refuses: to decode, or to change anything.

/// NAL unit types (H.264, table 7-1).
const SLICE: u8 = 1;
const SLICE_PARTITION_A: u8 = 2;
const IDR_SLICE: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// The NAL units of an Annex B byte stream, without their start codes.
pub fn nal_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = start_codes(data).peekable();
    std::iter::from_fn(move || {
        let begin = starts.next()? + 3;
        let end = starts.peek().copied().unwrap_or(data.len());
        // The zero byte of a four-byte start code, and trailing zeros, belong to neither unit.
        let unit = &data[begin..end];
        Some(&unit[..unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)])
    })
    .filter(|unit| !unit.is_empty())
}

fn start_codes(data: &[u8]) -> impl Iterator<Item = usize> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = from + data.get(from..)?.windows(3).position(|window| window == [0, 0, 1])?;
        from = found + 3;
        Some(found)
    })
}

/// What an access unit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Coded slices in it.
    pub slices: usize,
    /// All of them belong to an IDR picture: decoding can begin here.
    pub key: bool,
    /// The parameter sets stand in front of the first slice.
    pub parameter_sets: bool,
    /// At least one slice refers to pictures on both sides.
    pub bidirectional: bool,
}

/// Reads the facts of one access unit.
pub fn facts(data: &[u8]) -> Facts {
    let mut facts = Facts::default();
    let (mut sps, mut pps, mut idr) = (false, false, 0);
    for unit in nal_units(data) {
        match unit[0] & 0x1f {
            SPS => sps = true,
            PPS => pps = true,
            kind @ (SLICE | SLICE_PARTITION_A | IDR_SLICE) => {
                if facts.slices == 0 {
                    facts.parameter_sets = sps && pps;
                }
                facts.slices += 1;
                idr += usize::from(kind == IDR_SLICE);
                facts.bidirectional |= slice_type(&unit[1..]).is_some_and(|kind| kind % 5 == 1);
            }
            _ => {}
        }
    }
    facts.key = idr > 0 && idr == facts.slices;
    facts
}

/// The slice type out of a slice header: its second number (H.264, 7.3.3).
fn slice_type(header: &[u8]) -> Option<u32> {
    // Both numbers fit into a few bytes; emulation prevention is undone for as many.
    let mut bytes = [0u8; 12];
    let (mut zeros, mut length) = (0, 0);
    for byte in header {
        if length == bytes.len() {
            break;
        }
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        bytes[length] = *byte;
        length += 1;
    }
    let mut bits = Bits { bytes: &bytes[..length], at: 0 };
    let _first_macroblock = bits.exp_golomb()?;
    bits.exp_golomb()
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    /// An unsigned number in Exp-Golomb code, ue(v).
    fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 30 {
                return None;
            }
        }
        let mut value = 1u32;
        for _ in 0..zeros {
            value = value << 1 | self.bit()?;
        }
        Some(value - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_found_after_either_start_code() {
        let stream = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0x88, 0, 0];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(units, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0x88]]);
        assert_eq!(nal_units(&[1, 2, 3]).count(), 0);
        assert_eq!(nal_units(&[0, 0, 1]).count(), 0);
    }

    #[test]
    fn a_key_picture_is_told_from_others() {
        // 0x88 = 1 | 0001000: first macroblock 0, slice type 7 (I). 0xe0 = 1 | 1 | 1…: type 0 (P). 0xa0 = 1 | 010: type 1 (B).
        let key = facts(&[0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 9, 0, 0, 1, 0x65, 0x88, 0x80]);
        assert_eq!(key, Facts { slices: 1, key: true, parameter_sets: true, bidirectional: false });
        let bare = facts(&[0, 0, 1, 0x65, 0x88, 0x80, 0, 0, 1, 0x67, 9]);
        assert_eq!(bare, Facts { slices: 1, key: true, parameter_sets: false, bidirectional: false });
        let p = facts(&[0, 0, 1, 0x41, 0xe0, 0x80]);
        assert_eq!(p, Facts { slices: 1, key: false, parameter_sets: false, bidirectional: false });
        let b = facts(&[0, 0, 1, 0x01, 0xa0, 0x80, 0, 0, 1, 0x01, 0xa0, 0x80]);
        assert_eq!(b, Facts { slices: 2, key: false, parameter_sets: false, bidirectional: true });
    }

    #[test]
    fn emulation_prevention_is_undone() {
        // 22 zero bits, a one and 22 more bits are the first macroblock (up to the last bit but one of byte 0x34 and four
        // more); then comes 010, slice type 1. The byte 3 behind two zero bytes is not part of the number.
        assert_eq!(slice_type(&[0, 0, 3, 0b0000_0010, 0x12, 0x34, 0b0101_0010, 0x40]), Some(1));
        assert_eq!(slice_type(&[0, 0, 0b0000_0010]), None, "a header that is cut off");
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(data in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0x65), any::<u8>()], 0..200)) {
            let facts = facts(&data);
            prop_assert!(facts.slices <= data.len() / 4 + 1);
            let total: usize = nal_units(&data).map(<[u8]>::len).sum();
            prop_assert!(total <= data.len());
        }
    }
}
