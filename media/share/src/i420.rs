//! A picture in memory: planar 4:2:0, 8 bits, limited range, the planes Y, U, V one after the other without padding.
//!
//! Owns: the size rule (both sides even, within a bound) and the arithmetic of planes and rectangles.
//! Refuses: other formats; whoever has one converts it before it comes here.

use serde::Serialize;

/// The longest side of a picture, pixels.
pub const SIDE_MAX: u16 = 7_680;

/// The size of a picture in pixels: both sides even, 2 to [`SIDE_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Size {
    width: u16,
    height: u16,
}

/// A size that no picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a picture of {width}×{height} cannot be: both sides must be even, 2 to {SIDE_MAX}")]
pub struct BadSize {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

impl Size {
    /// A size that a picture can have.
    pub const fn new(width: u16, height: u16) -> Result<Size, BadSize> {
        if width < 2
            || height < 2
            || !width.is_multiple_of(2)
            || !height.is_multiple_of(2)
            || width > SIDE_MAX
            || height > SIDE_MAX
        {
            return Err(BadSize { width: width as u32, height: height as u32 });
        }
        Ok(Size { width, height })
    }

    /// Pixels.
    pub const fn width(self) -> usize {
        self.width as usize
    }

    /// Pixels.
    pub const fn height(self) -> usize {
        self.height as usize
    }

    /// Bytes of a picture of this size.
    pub const fn bytes(self) -> usize {
        self.width() * self.height() * 3 / 2
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct I420 {
    size: Size,
    data: Vec<u8>,
}

/// One plane of a picture: rows without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Brightness, one sample a pixel.
    Y,
    /// Blue difference, one sample for two by two pixels.
    U,
    /// Red difference, one sample for two by two pixels.
    V,
}

impl I420 {
    /// A black picture.
    pub fn black(size: Size) -> I420 {
        let luma = size.width() * size.height();
        let mut data = vec![128; size.bytes()];
        data[..luma].fill(16);
        I420 { size, data }
    }

    /// A picture of these bytes; none if they are not as many as the size needs.
    pub fn from_bytes(size: Size, data: Vec<u8>) -> Option<I420> {
        (data.len() == size.bytes()).then_some(I420 { size, data })
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All planes, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// All planes, one after the other.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// A plane, and the length of its rows.
    pub fn plane(&self, plane: Plane) -> (&[u8], usize) {
        let (range, stride) = self.range(plane);
        (&self.data[range], stride)
    }

    /// A plane, and the length of its rows.
    pub fn plane_mut(&mut self, plane: Plane) -> (&mut [u8], usize) {
        let (range, stride) = self.range(plane);
        (&mut self.data[range], stride)
    }

    fn range(&self, plane: Plane) -> (core::ops::Range<usize>, usize) {
        let luma = self.size.width() * self.size.height();
        let chroma = luma / 4;
        match plane {
            Plane::Y => (0..luma, self.size.width()),
            Plane::U => (luma..luma + chroma, self.size.width() / 2),
            Plane::V => (luma + chroma..luma + 2 * chroma, self.size.width() / 2),
        }
    }

    /// Copies `picture` into this one, its top left corner at (`x`, `y`), which are rounded down to even. What lies outside
    /// is left out.
    pub fn place(&mut self, picture: &I420, x: usize, y: usize) {
        let (x, y) = (x & !1, y & !1);
        let size = self.size;
        if x >= size.width() || y >= size.height() {
            return;
        }
        for (plane, half) in [(Plane::Y, 1), (Plane::U, 2), (Plane::V, 2)] {
            let columns = picture.size.width().min(size.width() - x) / half;
            let rows = picture.size.height().min(size.height() - y) / half;
            let (from, from_stride) = picture.plane(plane);
            let (to, to_stride) = self.plane_mut(plane);
            for row in 0..rows {
                let start = (y / half + row) * to_stride + x / half;
                to[start..start + columns].copy_from_slice(&from[row * from_stride..][..columns]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_even_and_bounded() {
        assert!(Size::new(640, 360).is_ok());
        for (width, height) in [(0, 2), (3, 2), (2, 5), (7_682, 2)] {
            let error = Size::new(width, height).expect_err("no size").to_string();
            assert!(error.contains(&format!("{width}×{height}")) && error.contains("even"), "{error}");
        }
    }

    #[test]
    fn what_is_placed_is_where_it_was_put_and_does_not_reach_beyond_the_edge() {
        let mut picture = I420::black(Size::new(8, 4).expect("even"));
        let mut tile = I420::black(Size::new(4, 4).expect("even"));
        tile.bytes_mut().fill(200);
        picture.place(&tile, 6, 2);
        let (luma, stride) = picture.plane(Plane::Y);
        let bright: Vec<_> =
            (0..luma.len()).filter(|at| luma[*at] == 200).map(|at| (at % stride, at / stride)).collect();
        assert_eq!(bright, [(6, 2), (7, 2), (6, 3), (7, 3)]);
        let (blue, stride) = picture.plane(Plane::U);
        let changed: Vec<_> =
            (0..blue.len()).filter(|at| blue[*at] == 200).map(|at| (at % stride, at / stride)).collect();
        assert_eq!(changed, [(3, 1)]);
        picture.place(&tile, 8, 0);
    }
}
