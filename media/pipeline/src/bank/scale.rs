//! From any raw picture to tiles: scaled with the source's own shape, black beside it, planar 4:2:0.
//!
//! Owns: the converters, one per tile size, and the rectangle that a shape takes in a tile. What is transparent is shown
//! over black. Colours come out as BT.601 with limited range, whatever they were.
//! Refuses: threads; whoever has a picture scales it where it is.

use std::collections::BTreeMap;

use gstreamer as gst;
use gstreamer_video as video;
use gstreamer_video::prelude::*;
use media_share::{I420, Plane, Size};

/// Where in a tile the source stands, in pixels, all even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the left.
    pub x: usize,
    /// From the top.
    pub y: usize,
    /// Its width.
    pub width: usize,
    /// Its height.
    pub height: usize,
}

/// The largest place of a shape (width and height in any unit) in the middle of a tile.
pub fn place(shape: (u64, u64), size: Size) -> Place {
    let (tile_width, tile_height) = (size.width() as u64, size.height() as u64);
    let (wide, high) = (shape.0.max(1), shape.1.max(1));
    let (width, height) = match u128::from(wide) * u128::from(tile_height) > u128::from(high) * u128::from(tile_width) {
        true => (tile_width, part_of(tile_width, high, wide, tile_height)),
        false => (part_of(tile_height, wide, high, tile_width), tile_height),
    };
    let middle = |whole: u64, inner: u64| (((whole - inner) / 2) & !1) as usize;
    Place {
        x: middle(tile_width, width),
        y: middle(tile_height, height),
        width: width as usize,
        height: height as usize,
    }
}

/// `side × times / by`, to the nearest even number, 2 to `most`.
fn part_of(side: u64, times: u64, by: u64, most: u64) -> u64 {
    let (product, by) = (u128::from(side) * u128::from(times), u128::from(by));
    ((product + by) / (2 * by) * 2).clamp(2, u128::from(most)) as u64
}

/// Makes tiles of pictures of one form.
pub struct Scaler {
    form: video::VideoInfo,
    /// The whole tile is filled, whatever the shape.
    filling: bool,
    outputs: BTreeMap<Size, Output>,
}

struct Output {
    converter: video::VideoConverter,
    form: video::VideoInfo,
    memory: gst::Buffer,
    place: Place,
    alpha: bool,
}

impl Scaler {
    /// For pictures of this form.
    pub fn new(form: video::VideoInfo) -> Scaler {
        Scaler { form, filling: false, outputs: BTreeMap::new() }
    }

    /// The same, but tiles are filled, whatever the pictures' shape.
    pub fn filling(form: video::VideoInfo) -> Scaler {
        Scaler { form, filling: true, outputs: BTreeMap::new() }
    }

    /// Forgets the converters of other sizes.
    pub fn keep(&mut self, wanted: impl Fn(Size) -> bool) {
        self.outputs.retain(|size, _| wanted(*size));
    }

    /// A tile of a picture, in `memory` if it fits. Fails with what GStreamer says.
    pub fn tile(&mut self, picture: &gst::BufferRef, size: Size, memory: Option<I420>) -> Result<I420, String> {
        let form = &self.form;
        if !self.outputs.contains_key(&size) {
            self.outputs.insert(size, Output::new(form, size, self.filling)?);
        }
        let output = self.outputs.get_mut(&size).expect("it was put in above");
        let source = video::VideoFrameRef::from_buffer_ref_readable(picture, form)
            .map_err(|_| "a picture that cannot be read".to_owned())?;
        // Memory of this size has been such a tile before: its bars are black already.
        let mut tile = memory.filter(|memory| memory.size() == size).unwrap_or_else(|| I420::black(size));
        output.convert(&source, &mut tile)?;
        Ok(tile)
    }
}

impl Output {
    fn new(source: &video::VideoInfo, size: Size, filling: bool) -> Result<Output, String> {
        let words = |error: gst::glib::BoolError| format!("{source:?} cannot be scaled: {error}");
        let aspect = (source.par().numer().max(1) as u64, source.par().denom().max(1) as u64);
        let shape = (u64::from(source.width()) * aspect.0, u64::from(source.height()) * aspect.1);
        let place = match filling {
            true => Place { x: 0, y: 0, width: size.width(), height: size.height() },
            false => place(shape, size),
        };
        let alpha = source.has_alpha();
        let format = if alpha { video::VideoFormat::A420 } else { video::VideoFormat::I420 };
        let colours: video::VideoColorimetry = "bt601".parse().map_err(words)?;
        let form = video::VideoInfo::builder(format, place.width as u32, place.height as u32)
            .colorimetry(&colours)
            .fps(source.fps())
            .build()
            .map_err(words)?;
        let mut config = video::VideoConverterConfig::new();
        config.set_resampler_method(video::VideoResamplerMethod::Linear);
        let converter = video::VideoConverter::new(source, &form, Some(config)).map_err(words)?;
        let memory = gst::Buffer::with_size(form.size()).map_err(words)?;
        Ok(Output { converter, form, memory, place, alpha })
    }

    fn convert(&mut self, source: &video::VideoFrameRef<&gst::BufferRef>, tile: &mut I420) -> Result<(), String> {
        let unusable = || "no memory to scale into".to_owned();
        let memory = self.memory.get_mut().ok_or_else(unusable)?;
        let mut scaled = video::VideoFrameRef::from_buffer_ref_writable(memory, &self.form).map_err(|_| unusable())?;
        self.converter.frame_ref(source, &mut scaled);
        for (index, plane) in [Plane::Y, Plane::U, Plane::V].into_iter().enumerate() {
            let half = if index == 0 { 1 } else { 2 };
            let from = scaled.plane_data(index as u32).map_err(|error| error.to_string())?;
            let from_stride = scaled.plane_stride()[index] as usize;
            let (to, to_stride) = tile.plane_mut(plane);
            let (x, y, width) = (self.place.x / half, self.place.y / half, self.place.width / half);
            for row in 0..self.place.height / half {
                to[(y + row) * to_stride + x..][..width].copy_from_slice(&from[row * from_stride..][..width]);
            }
        }
        if self.alpha {
            let cover = scaled.plane_data(3).map_err(|error| error.to_string())?;
            over_black(tile, self.place, cover, scaled.plane_stride()[3] as usize);
        }
        Ok(())
    }
}

/// Fades what is transparent to black. `cover`: 0 transparent to 255 opaque, one a pixel of the place.
fn over_black(tile: &mut I420, place: Place, cover: &[u8], cover_stride: usize) {
    let fade = |sample: &mut u8, black: i32, alpha: i32| {
        *sample = (black + ((i32::from(*sample) - black) * alpha + 127) / 255).clamp(0, 255) as u8;
    };
    let (luma, stride) = tile.plane_mut(Plane::Y);
    for row in 0..place.height {
        let line = &mut luma[(place.y + row) * stride + place.x..][..place.width];
        for (sample, alpha) in line.iter_mut().zip(&cover[row * cover_stride..]) {
            fade(sample, 16, i32::from(*alpha));
        }
    }
    for plane in [Plane::U, Plane::V] {
        let (chroma, stride) = tile.plane_mut(plane);
        for row in 0..place.height / 2 {
            let line = &mut chroma[(place.y / 2 + row) * stride + place.x / 2..][..place.width / 2];
            for (column, sample) in line.iter_mut().enumerate() {
                let at =
                    |down: usize, right: usize| i32::from(cover[(2 * row + down) * cover_stride + 2 * column + right]);
                fade(sample, 128, (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(width: u16, height: u16) -> Size {
        Size::new(width, height).expect("even")
    }

    #[test]
    fn a_shape_is_kept_in_the_middle() {
        let all = [
            ((640, 360), 0, 0, 160, 90),
            ((4, 3), 20, 0, 120, 90),
            ((2, 1), 0, 4, 160, 80),
            ((1, 1_000), 78, 0, 2, 90),
        ];
        for (shape, x, y, width, height) in all {
            assert_eq!(place(shape, size(160, 90)), Place { x, y, width, height }, "{shape:?}");
        }
    }

    proptest! {
        #[test]
        fn a_place_is_even_within_its_tile_and_of_the_shape(
            wide in 1u64..20_000, high in 1u64..20_000, tw in 1u16..500, th in 1u16..500,
        ) {
            let size = size(tw * 2, th * 2);
            let place = place((wide, high), size);
            prop_assert!([place.x, place.y, place.width, place.height].iter().all(|side| side % 2 == 0));
            prop_assert!(place.width >= 2 && place.x + place.width <= size.width());
            prop_assert!(place.height >= 2 && place.y + place.height <= size.height());
            prop_assert!(place.width == size.width() || place.height == size.height(), "as large as can be");
            let exact = place.width as f64 * high as f64 / wide as f64;
            let slack = 1.0 + high as f64 / wide as f64;
            prop_assert!((place.height as f64 - exact).abs() <= slack.max(2.0) || place.width == 2, "{:?}", place);
        }
    }
}
