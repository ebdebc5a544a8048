//! What pieces are drawn on: a part of a picture in colour with opacity, and the shapes of the guide, all of which are
//! rounded boxes.
//!
//! Owns: boxes, hairlines, soft shadows with smooth edges, and the way from colours to I420 (BT.601, limited range).
//! Refuses: letters (`text`). Drawing here is for what is kept: a picture is put together from what came of it.

use media_share::{I420, Plane, Size};

use super::layout::Rect;
use super::palette::Colour;

/// A rounded box, in pixels of the whole picture.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub radius: f32,
}

impl Shape {
    /// A rectangle of pixels with round corners.
    pub fn of(rect: Rect, radius: f32) -> Shape {
        let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(|side| side as f32);
        Shape { x, y, width, height, radius }
    }

    /// This much larger on each side, and rounder.
    pub fn grown(self, by: f32) -> Shape {
        Shape {
            x: self.x - by,
            y: self.y - by,
            width: self.width + 2.0 * by,
            height: self.height + 2.0 * by,
            radius: (self.radius + by).max(0.0),
        }
    }

    /// How far outside of it a point is; negative inside.
    fn distance(self, x: f32, y: f32) -> f32 {
        let (half_width, half_height) = (self.width / 2.0, self.height / 2.0);
        let radius = self.radius.min(half_width).min(half_height);
        let beside = (x - self.x - half_width).abs() - half_width + radius;
        let below = (y - self.y - half_height).abs() - half_height + radius;
        let (outside_x, outside_y) = (beside.max(0.0), below.max(0.0));
        (outside_x * outside_x + outside_y * outside_y).sqrt() + beside.max(below).min(0.0) - radius
    }

    /// How much of a pixel is in it, 0 to 1.
    fn cover(self, x: f32, y: f32) -> f32 {
        (0.5 - self.distance(x, y)).clamp(0.0, 1.0)
    }
}

/// See the module. Coordinates are those of the whole picture; what lies outside of the canvas is left out.
pub struct Canvas {
    area: Rect,
    /// Red, green and blue times opacity, and opacity.
    pixels: Vec<[f32; 4]>,
}

impl Canvas {
    /// Nothing yet, on this part of a picture. All sides of `area` are even.
    pub fn new(area: Rect) -> Canvas {
        Canvas { area, pixels: vec![[0.0; 4]; area.width * area.height] }
    }

    /// The part of the picture.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// Lays a colour over a pixel of the picture.
    pub fn blend(&mut self, x: i32, y: i32, colour: Colour, cover: f32) {
        let (x, y) = (i64::from(x) - self.area.x as i64, i64::from(y) - self.area.y as i64);
        if x < 0 || y < 0 || x >= self.area.width as i64 || y >= self.area.height as i64 {
            return;
        }
        lay(&mut self.pixels[y as usize * self.area.width + x as usize], colour, cover.clamp(0.0, 1.0));
    }

    /// A box that changes colour from its top to its foot.
    pub fn fill(&mut self, shape: Shape, top: Colour, foot: Colour) {
        let ink = |y: f32| top.towards(foot, ((y - shape.y) / shape.height).clamp(0.0, 1.0));
        self.draw(shape, 1.0, ink, |x, y| shape.cover(x, y));
    }

    /// A line of this width along the inside of a box.
    pub fn line(&mut self, shape: Shape, width: f32, colour: Colour) {
        let inner = shape.grown(-width);
        self.draw(shape, 1.0, |_| colour, |x, y| shape.cover(x, y) - inner.cover(x, y));
    }

    /// What a box casts: full half a `blur` inside of its edge, nothing half a `blur` outside.
    pub fn shadow(&mut self, shape: Shape, blur: f32, colour: Colour) {
        let cover = |x: f32, y: f32| {
            let part = (0.5 - shape.distance(x, y) / blur).clamp(0.0, 1.0);
            part * part * (3.0 - 2.0 * part)
        };
        self.draw(shape, blur, |_| colour, cover);
    }

    /// A glow around a box, none inside.
    pub fn glow(&mut self, shape: Shape, reach: f32, colour: Colour) {
        let cover = |x: f32, y: f32| {
            let part = (1.0 - shape.distance(x, y).max(0.0) / reach).clamp(0.0, 1.0);
            part * part * (1.0 - shape.cover(x, y))
        };
        self.draw(shape, reach, |_| colour, cover);
    }

    /// Takes away what lies in a box.
    pub fn cut(&mut self, shape: Shape) {
        for (y, row) in self.pixels.chunks_exact_mut(self.area.width).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let keep = 1.0 - shape.cover((self.area.x + x) as f32 + 0.5, (self.area.y + y) as f32 + 0.5);
                *pixel = pixel.map(|part| part * keep);
            }
        }
    }

    /// Takes over what has been drawn on another canvas, where both are.
    pub fn take(&mut self, other: &Canvas) {
        let (x, right) = (self.area.x.max(other.area.x), self.area.right().min(other.area.right()));
        let (y, bottom) = (self.area.y.max(other.area.y), self.area.bottom().min(other.area.bottom()));
        for y in y..bottom {
            let at = |area: Rect| (y - area.y) * area.width + x - area.x;
            let (to, from, length) = (at(self.area), at(other.area), right.saturating_sub(x));
            self.pixels[to..to + length].copy_from_slice(&other.pixels[from..from + length]);
        }
    }

    /// Lays colour over what is no further than `beyond` from a shape: one colour a row, so much of it at each pixel.
    fn draw(&mut self, shape: Shape, beyond: f32, ink: impl Fn(f32) -> Colour, cover: impl Fn(f32, f32) -> f32) {
        // What is less than zero becomes zero.
        let from = |edge: f32, least: usize| ((edge - beyond).floor() as usize).max(least);
        let to = |edge: f32, most: usize| ((edge + beyond).ceil() as usize).min(most);
        let (left, right) = (from(shape.x, self.area.x), to(shape.x + shape.width, self.area.right()));
        for y in from(shape.y, self.area.y)..to(shape.y + shape.height, self.area.bottom()) {
            let colour = ink(y as f32 + 0.5);
            let start = (y - self.area.y) * self.area.width;
            for x in left..right {
                let cover = cover(x as f32 + 0.5, y as f32 + 0.5);
                if cover > 0.0 {
                    lay(&mut self.pixels[start + x - self.area.x], colour, cover);
                }
            }
        }
    }

    /// The picture that has been drawn; black where nothing was. None if the area is no picture's size.
    pub fn picture(&self) -> Option<I420> {
        let size = Size::new(u16::try_from(self.area.width).ok()?, u16::try_from(self.area.height).ok()?).ok()?;
        let mut picture = I420::black(size);
        for (plane, black) in [(Plane::Y, 16.0), (Plane::U, 128.0), (Plane::V, 128.0)] {
            let mut samples = picture.plane_mut(plane).0.iter_mut();
            self.each(plane, |value, keep| {
                if let Some(sample) = samples.next() {
                    *sample = (value + keep * black + 0.5) as u8;
                }
            });
        }
        Some(picture)
    }

    /// The samples of a plane, row by row: (value times opacity, what is kept of what is below).
    pub fn each(&self, plane: Plane, mut to: impl FnMut(f32, f32)) {
        let width = self.area.width;
        if plane == Plane::Y {
            for pixel in &self.pixels {
                to(value(plane, *pixel), 1.0 - pixel[3]);
            }
            return;
        }
        for rows in self.pixels.chunks_exact(2 * width.max(1)) {
            let (upper, lower) = rows.split_at(width);
            for (upper, lower) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
                let mean = std::array::from_fn(|n| (upper[0][n] + upper[1][n] + lower[0][n] + lower[1][n]) * 0.25);
                to(value(plane, mean), 1.0 - mean[3]);
            }
        }
    }
}

/// Lays a colour over a pixel.
fn lay(pixel: &mut [f32; 4], colour: Colour, cover: f32) {
    let alpha = colour.alpha * cover;
    let [red, green, blue] = colour.rgb;
    for (below, above) in pixel.iter_mut().zip([red, green, blue, 1.0]) {
        *below = *below * (1.0 - alpha) + above * alpha;
    }
}

/// BT.601, limited range (ITU-R BT.601-7, 2.5): of colours times opacity, so the offset is weighed too.
fn value(plane: Plane, [red, green, blue, alpha]: [f32; 4]) -> f32 {
    match plane {
        Plane::Y => 16.0 * alpha + 65.481 * red + 128.553 * green + 24.966 * blue,
        Plane::U => 128.0 * alpha - 37.797 * red - 74.203 * green + 112.0 * blue,
        Plane::V => 128.0 * alpha + 112.0 * red - 93.786 * green - 18.214 * blue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epg::palette::WHITE;

    const AREA: Rect = Rect { x: 10, y: 20, width: 16, height: 8 };

    #[test]
    fn white_is_235_black_is_16_and_red_is_red() {
        for (colour, expected) in
            [(WHITE, [235, 128, 128]), (Colour::hex(0), [16, 128, 128]), (Colour::hex(0xff0000), [81, 90, 240])]
        {
            let mut canvas = Canvas::new(AREA);
            canvas.fill(Shape::of(AREA, 0.0), colour, colour);
            let picture = canvas.picture().expect("even");
            let got = [Plane::Y, Plane::U, Plane::V].map(|plane| picture.plane(plane).0[5]);
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn a_box_covers_its_pixels_and_no_other_and_its_corners_are_soft() {
        let mut canvas = Canvas::new(AREA);
        let shape = Shape::of(Rect { x: 12, y: 22, width: 10, height: 4 }, 1.0);
        canvas.fill(shape, WHITE, WHITE);
        let picture = canvas.picture().expect("even");
        let (luma, stride) = picture.plane(Plane::Y);
        let at = |x: usize, y: usize| luma[(y - 20) * stride + x - 10];
        assert_eq!(
            (at(11, 23), at(12, 24), at(21, 23), at(22, 23), at(16, 21), at(16, 25)),
            (16, 235, 235, 16, 16, 235)
        );
        assert!(at(12, 22) > 16 && at(12, 22) < 235, "{}", at(12, 22));
        canvas.cut(shape);
        canvas.each(Plane::Y, |value, keep| assert!(value < 60.0 && keep > 0.7, "{value} {keep}"));
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut canvas = Canvas::new(AREA);
        canvas.shadow(Shape { x: -50.0, y: -50.0, width: 20.0, height: 20.0, radius: 3.0 }, 8.0, WHITE);
        canvas.blend(-3, 400, WHITE, 1.0);
        canvas.blend(i32::MIN, i32::MAX, WHITE, 1.0);
        canvas.each(Plane::Y, |value, keep| assert_eq!((value, keep), (0.0, 1.0)));
    }
}
