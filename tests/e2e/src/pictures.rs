//! Decoded pictures, to be compared: what a recording, a pipe or a screen shows, as brightness alone.
//!
//! Owns: decoding with ffmpeg, areas, differences. Refuses: colours.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::run;

/// Decoding 640×360 runs at hundreds of pictures a second; a recording of a test has a few hundred.
const DECODING_TAKES_MAX: Duration = Duration::from_secs(120);
/// The guide's tiles in a picture of 640×360: three by three, of 160×90, eight pixels apart.
const TILE: (usize, usize) = (160, 90);
const GAP: usize = 8;
const FIRST_TILE: (usize, usize) = (16, 58);

/// A rectangle in pixels, from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left edge.
    pub x: usize,
    /// From the top edge.
    pub y: usize,
    /// To the right.
    pub width: usize,
    /// Down.
    pub height: usize,
}

impl Area {
    /// A tile of the guide at 640×360, in reading order from 0.
    pub const fn tile(place: usize) -> Area {
        let (column, row) = (place % 3, place / 3);
        let (x, y) = (FIRST_TILE.0 + column * (TILE.0 + GAP), FIRST_TILE.1 + row * (TILE.1 + GAP));
        Area { x, y, width: TILE.0, height: TILE.1 }
    }

    /// The strip left of a tile, in which its highlight is and no other tile's.
    pub const fn edge_of_tile(place: usize) -> Area {
        let tile = Area::tile(place);
        Area { x: tile.x - GAP / 2, y: tile.y + 10, width: GAP / 2, height: tile.height - 20 }
    }

    fn rows(self, picture: &Picture) -> impl Iterator<Item = &[u8]> {
        assert!(
            self.x + self.width <= picture.width && self.y + self.height <= picture.height,
            "{self:?} lies outside"
        );
        picture
            .luma
            .chunks_exact(picture.width)
            .skip(self.y)
            .take(self.height)
            .map(move |row| &row[self.x..][..self.width])
    }
}

/// One picture: how bright each pixel is, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width` × `height` values.
    pub luma: Vec<u8>,
}

impl Picture {
    /// All of it.
    pub fn whole(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// How bright an area is on average.
    pub fn brightness(&self, area: Area) -> f64 {
        let sum: u64 = area.rows(self).flatten().map(|value| u64::from(*value)).sum();
        sum as f64 / (area.width * area.height) as f64
    }

    /// How much an area looks different in another picture of the same size, on average over its pixels.
    pub fn difference(&self, other: &Picture, area: Area) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height), "pictures of one size are compared");
        let rows = area.rows(self).zip(area.rows(other));
        let sum: u64 = rows.flat_map(|(a, b)| a.iter().zip(b)).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / (area.width * area.height) as f64
    }

    /// Which tile of the guide has the highlight, by the edges of all nine.
    pub fn highlighted(&self) -> usize {
        let edges = (0..9).map(|place| self.brightness(Area::edge_of_tile(place)));
        let brightest = edges.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        brightest.expect("there are nine").0
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a picture of {}×{}", self.width, self.height)
    }
}

/// Decodes a file of this size to its end: every picture that is in it, once.
#[track_caller]
pub fn decode(path: &Path, width: usize, height: usize) -> Vec<Picture> {
    let planes = path.with_extension("luma");
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(path);
    command.args(["-vf", "extractplanes=y", "-fps_mode", "passthrough", "-f", "rawvideo"]).arg(&planes);
    let said = run(command, DECODING_TAKES_MAX).expect_code(0).stderr;
    assert_eq!(said, "", "ffmpeg complains of {}", path.display());
    let bytes = std::fs::read(&planes).unwrap_or_else(|error| panic!("{}: {error}", planes.display()));
    assert_eq!(bytes.len() % (width * height), 0, "{} is not of {width}×{height}", path.display());
    bytes.chunks_exact(width * height).map(|luma| Picture { width, height, luma: luma.to_vec() }).collect()
}
