//! The colours of the guide: a dark ground, two greys for what is said beside, one accent for what is in focus.
//!
//! Owns: every colour that is drawn, and the measure of contrast. Refuses: where they are drawn.

/// A colour in sRGB with opacity, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour {
    /// Red, green, blue.
    pub rgb: [f32; 3],
    /// 1 covers what is below.
    pub alpha: f32,
}

impl Colour {
    /// `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Colour {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Colour { rgb: [red as f32 / 255.0, green as f32 / 255.0, blue as f32 / 255.0], alpha: 1.0 }
    }

    /// The same, less opaque.
    pub const fn with_alpha(self, alpha: f32) -> Colour {
        Colour { rgb: self.rgb, alpha }
    }

    /// A part of the way to another colour.
    pub fn towards(self, other: Colour, part: f32) -> Colour {
        let mix = |from: f32, to: f32| from + (to - from) * part;
        let rgb = std::array::from_fn(|n| mix(self.rgb[n], other.rgb[n]));
        Colour { rgb, alpha: mix(self.alpha, other.alpha) }
    }

    /// What is seen where this colour lies on an opaque one.
    pub fn over(self, ground: Colour) -> Colour {
        ground.towards(self.with_alpha(1.0), self.alpha)
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2, definition of relative luminance).
    pub fn luminance(self) -> f32 {
        let linear = |part: f32| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        let [red, green, blue] = self.rgb.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

/// The contrast of two opaque colours, 1 to 21 (WCAG 2.2, definition of contrast ratio).
pub fn contrast(one: Colour, other: Colour) -> f32 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The ground of the page, at the top. Tops and feet differ in all three parts by as much, so that only brightness changes
/// on the way: steps of colour would be seen.
pub const GROUND_TOP: Colour = Colour::hex(0x171c28);
/// The ground of the page, at the foot.
pub const GROUND_FOOT: Colour = Colour::hex(0x0a0f1b);
/// What tiles cast.
pub const SHADOW: Colour = Colour::hex(0x020306).with_alpha(0.55);
/// A tile without a picture, at the top.
pub const CARD_TOP: Colour = Colour::hex(0x2a3244);
/// A tile without a picture, at the foot.
pub const CARD_FOOT: Colour = Colour::hex(0x1c2436);
/// The hairline around a tile: it tells a dark picture from the ground.
pub const EDGE: Colour = Colour::hex(0xffffff).with_alpha(0.12);
/// Names and titles.
pub const TEXT: Colour = Colour::hex(0xf5f7fb);
/// Times and the like.
pub const TEXT_SECOND: Colour = Colour::hex(0xb9c2d2);
/// Hints.
pub const TEXT_THIRD: Colour = Colour::hex(0xa3aec1);
/// What is in focus.
pub const ACCENT: Colour = Colour::hex(0xffb84d);
/// Words on the accent.
pub const ON_ACCENT: Colour = Colour::hex(0x1d1304);
/// Behind words that stand on a picture: whatever the picture, they can be read.
pub const SCRIM: Colour = Colour::hex(0x070a10).with_alpha(0.76);
/// Behind the name of a key.
pub const KEY: Colour = Colour::hex(0xffffff).with_alpha(0.10);
/// What is still to come of a programme.
pub const TRACK: Colour = Colour::hex(0xffffff).with_alpha(0.22);

/// The worst picture behind a scrim.
pub const WHITE: Colour = Colour::hex(0xffffff);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_measured_as_wcag_defines_it() {
        assert!((contrast(Colour::hex(0), WHITE) - 21.0).abs() < 0.01);
        let grey = contrast(Colour::hex(0x767676), WHITE);
        assert!((4.53..4.56).contains(&grey), "{grey}: the grey that is known to be just enough");
    }

    #[test]
    fn every_text_can_be_read_on_everything_it_stands_on() {
        let worst_picture = SCRIM.over(WHITE);
        let pairs = [
            ("title on the ground", TEXT, GROUND_TOP),
            ("times on the ground", TEXT_SECOND, GROUND_TOP),
            ("hints on the ground", TEXT_THIRD, GROUND_TOP),
            ("the name of a key", TEXT_SECOND, KEY.over(GROUND_TOP)),
            ("page number", TEXT_SECOND, GROUND_TOP),
            ("accent on the ground", ACCENT, GROUND_TOP),
            ("on the accent", ON_ACCENT, ACCENT),
            ("label of a tile without a picture", TEXT, CARD_TOP),
            ("label over a white picture", TEXT, worst_picture),
            ("times over a white picture", TEXT_SECOND, worst_picture),
            ("key over a white picture", TEXT, KEY.over(worst_picture)),
            ("words of a tile without a picture", TEXT, CARD_TOP),
            ("cause on a tile without a picture", TEXT_SECOND, CARD_TOP),
            ("initial on a tile without a picture", TEXT_THIRD, CARD_TOP),
        ];
        for (what, text, ground) in pairs {
            let contrast = contrast(text, ground);
            assert!(contrast >= 4.5, "{what}: {contrast}");
        }
    }
}
