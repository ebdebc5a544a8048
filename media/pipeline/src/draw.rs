//! The pictures of the generated clip: a northern night sky, a comet that runs round a clock, and the words.
//!
//! Owns: what every picture looks like, as a function of its number alone. Everything that moves does a whole number of
//! rounds in the clip, so that the loop has no seam. What a person who looks for a fault wants to see is in it: the time
//! since the clip began, the number of the picture, the seconds, and a wave at every key picture.
//! Refuses: any randomness, clock, font or image file; the same picture comes out everywhere, because only the
//! operations that IEEE 754 defines exactly are used (no sine of the platform).

mod brush;
mod canvas;
mod font;
pub(crate) mod guide;
mod maths;
mod sky;

pub(crate) use canvas::Canvas;
use canvas::Rgb;
use font::Font;
use maths::{cos, sin, smooth};
use sky::Sky;

/// Which pictures to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipSpec {
    /// Pixels, even, 160 to 1,920.
    pub width: u16,
    /// Pixels, even, 90 to 1,080.
    pub height: u16,
    /// Pictures a second, 1 to 60. A key picture begins each second.
    pub fps: u16,
    /// Length in seconds, 1 to 60.
    pub seconds: u16,
}

impl Default for ClipSpec {
    fn default() -> ClipSpec {
        ClipSpec { width: 640, height: 360, fps: 30, seconds: 10 }
    }
}

impl ClipSpec {
    /// How many pictures that is.
    pub fn pictures(&self) -> u32 {
        u32::from(self.fps) * u32::from(self.seconds)
    }

    /// What is wrong with it, in words.
    pub(crate) fn fault(&self) -> Option<String> {
        let ClipSpec { width, height, fps, seconds } = *self;
        if !(160..=1920).contains(&width) || !(90..=1080).contains(&height) {
            return Some(format!("{width}×{height} is outside 160×90 to 1920×1080"));
        }
        if width % 2 != 0 || height % 2 != 0 {
            return Some(format!("{width}×{height} is odd; 4:2:0 pictures have even sides"));
        }
        if !(1..=60).contains(&fps) || !(1..=60).contains(&seconds) {
            return Some(format!("{fps} pictures a second for {seconds} s; both go from 1 to 60"));
        }
        None
    }
}

const AMBER: Rgb = [255.0, 186.0, 92.0];
const CREAM: Rgb = [255.0, 244.0, 224.0];
const MIST: Rgb = [150.0, 190.0, 214.0];
/// Circles in the comet's tail, and how much of the ring it covers.
const TAIL: (u32, f32) = (48, 0.30);

/// Draws the pictures of one clip, one after the other or in any order.
pub struct Artist {
    spec: ClipSpec,
    font: Font,
    sky: Sky,
    canvas: Canvas,
}

impl Artist {
    /// For these pictures.
    pub fn new(spec: &ClipSpec) -> Artist {
        let (width, height) = (usize::from(spec.width), usize::from(spec.height));
        Artist {
            spec: spec.clone(),
            font: Font::default(),
            sky: Sky::new(width, height),
            canvas: Canvas::new(width, height),
        }
    }

    /// Picture `number` as I420 (BT.601, limited range), into `out`, which is cleared first.
    pub fn draw(&mut self, number: u32, out: &mut Vec<u8>) {
        let number = number % self.spec.pictures();
        let round = number as f32 / self.spec.pictures() as f32;
        self.sky.paint(round, &mut self.canvas);
        self.ring(number, round);
        self.clock(number);
        self.foot(number);
        self.canvas.write_i420(number, out);
    }

    /// Everything is laid out for a height of 360 lines and scaled.
    fn scale(&self) -> f32 {
        f32::from(self.spec.height) / 360.0
    }

    fn centre(&self) -> (f32, f32) {
        (f32::from(self.spec.width) / 2.0, 166.0 * self.scale())
    }

    /// The dial, the wave of the second, the comet.
    fn ring(&mut self, number: u32, round: f32) {
        let (unit, (x, y)) = (self.scale(), self.centre());
        let radius = 112.0 * unit;
        let second = (number % u32::from(self.spec.fps)) as f32 / f32::from(self.spec.fps);

        self.canvas.disc(x, y, radius, [6.0, 12.0, 30.0], 0.42);
        self.canvas.circle(x, y, radius, 1.6 * unit, MIST, 0.55);
        let wave = radius + 46.0 * unit * smooth(second);
        self.canvas.circle(x, y, wave, 1.4 * unit, CREAM, 0.55 * (1.0 - second) * (1.0 - second));
        for mark in 0..60 {
            let (major, turn) = (mark % 5 == 0, mark as f32 / 60.0);
            let (length, alpha) = if major { (9.0, 0.8) } else { (4.0, 0.4) };
            let (from, to) = (radius - 7.0 * unit, radius - (7.0 + length) * unit);
            let (dx, dy) = (sin(turn), -cos(turn));
            self.canvas.line((x + dx * from, y + dy * from), (x + dx * to, y + dy * to), 1.5 * unit, MIST, alpha);
        }

        // Once round in two seconds or as near as the loop allows.
        let head = round * f32::from((self.spec.seconds / 2).max(1));
        for step in (0..TAIL.0).rev() {
            let age = step as f32 / TAIL.0 as f32;
            let turn = head - age * TAIL.1;
            let (cx, cy) = (x + radius * sin(turn), y - radius * cos(turn));
            let rest = 1.0 - age;
            self.canvas.glow(cx, cy, (4.0 + 13.0 * rest) * unit, AMBER, 0.20 * rest * rest);
        }
        let (cx, cy) = (x + radius * sin(head), y - radius * cos(head));
        self.canvas.glow(cx, cy, 40.0 * unit, AMBER, 0.55);
        self.canvas.disc(cx, cy, 9.5 * unit, AMBER, 1.0);
        self.canvas.disc(cx - 2.2 * unit, cy - 2.4 * unit, 5.0 * unit, CREAM, 0.85);
    }

    /// The time since the clip began, and what this is.
    fn clock(&mut self, number: u32) {
        let (unit, (x, y)) = (self.scale(), self.centre());
        let fps = u32::from(self.spec.fps);
        let (seconds, hundredths) = (number / fps, number % fps * 100 / fps);
        let text = format!("{seconds:02}.{hundredths:02}");
        let (canvas, font) = (&mut self.canvas, &mut self.font);
        font.centred(canvas, &text, (x, y - 31.0 * unit), 46.0 * unit, 5.0 * unit, CREAM);
        font.centred(canvas, "clip", (x, y + 34.0 * unit), 25.0 * unit, 3.0 * unit, AMBER);
    }

    /// Where we are in the clip: one bar a second, the number of the picture, the project.
    fn foot(&mut self, number: u32) {
        let unit = self.scale();
        let (width, margin) = (f32::from(self.spec.width), 28.0 * unit);
        let base = f32::from(self.spec.height) - 22.0 * unit;
        let (bars, gap) = (f32::from(self.spec.seconds), (6.0 * unit).min(width * 0.2 / f32::from(self.spec.seconds)));
        let length = (width - 2.0 * margin + gap) / bars - gap;
        let done = number as f32 / f32::from(self.spec.fps);
        for bar in 0..self.spec.seconds {
            let left = margin + f32::from(bar) * (length + gap);
            let filled = (done - f32::from(bar)).clamp(0.0, 1.0) * length;
            self.canvas.line((left, base), (left + length, base), 3.0 * unit, MIST, 0.28);
            if filled > 0.0 {
                self.canvas.line((left, base), (left + filled, base), 3.0 * unit, AMBER, 0.95);
            }
        }
        let (canvas, font) = (&mut self.canvas, &mut self.font);
        let above = base - 28.0 * unit;
        font.left(canvas, "fusion", (margin, above), 15.0 * unit, 2.0 * unit, CREAM);
        font.right(canvas, &format!("picture {number:03}"), (width - margin, above), 15.0 * unit, 1.7 * unit, MIST);
    }
}
