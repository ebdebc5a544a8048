//! Where things stand on a page and on the full screen, for any size of picture.
//!
//! Owns: the rectangles, the sizes of letters, and which tile a point is on. On a picture of 640×360 tiles are 160×90 and
//! no letters are smaller than [`Layout::small`] = 15 pixels an em, 14 from the top of a capital to the foot of a `p`.
//! Refuses: colours and words.
//!
//! ```text
//! name      ● ○ ○      21:47      header
//! ┌────┐ ┌────┐ ┌────┐ title
//! └────┘ └────┘ └────┘ 21:00–22:00    the panel speaks of the tile in focus
//! ┌────┐ ┌────┐ ┌────┐ …
//! └────┘ └────┘ └────┘
//! ┌────┐ ┌────┐ ┌────┐ keys
//! └────┘ └────┘ └────┘
//! ```

use media_share::Size;

/// Tiles beside each other.
pub const COLUMNS: usize = 3;
/// Tiles below each other.
pub const ROWS: usize = 3;
/// Tiles on a page.
pub const TILES: usize = COLUMNS * ROWS;

/// A rectangle in pixels, from the top left corner of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rect {
    /// From the left edge.
    pub x: usize,
    /// From the top edge.
    pub y: usize,
    /// To the right.
    pub width: usize,
    /// Down.
    pub height: usize,
}

impl Rect {
    /// The first column to the right of it.
    pub const fn right(self) -> usize {
        self.x + self.width
    }

    /// The first row below it.
    pub const fn bottom(self) -> usize {
        self.y + self.height
    }

    /// Is the pixel in it?
    pub const fn contains(self, x: usize, y: usize) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// Do they share a pixel?
    pub const fn meets(self, other: Rect) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// This much larger on each side; at the top and left edges of the picture it ends there.
    pub const fn grown(self, by: usize) -> Rect {
        let (x, y) = (self.x.saturating_sub(by), self.y.saturating_sub(by));
        Rect { x, y, width: self.right() + by - x, height: self.bottom() + by - y }
    }
}

/// See the module. All coordinates are even, so that a rectangle covers whole samples of colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The picture.
    pub size: Size,
    /// What is drawn for a height of 360 is drawn this many times as large.
    pub scale: f32,
    /// A tile's.
    pub tile: Size,
    /// In reading order.
    pub tiles: [Rect; TILES],
    /// The name, the page and the clock.
    pub header: Rect,
    /// What is said of the tile in focus.
    pub panel: Rect,
    /// On the full screen: the bar at the foot.
    pub bar: Rect,
}

/// Down to even.
const fn even(value: usize) -> usize {
    value & !1
}

impl Layout {
    /// For pictures of this size. Tiles are 16:9 to the pixel wherever the picture has 64×36 pixels or more.
    pub fn of(size: Size) -> Layout {
        let (width, height) = (size.width(), size.height());
        // A picture that is narrower than 16:9 has smaller letters, so that the panel's still fit.
        let scale = (height as f32 / 360.0).min(width as f32 / 640.0);
        let scaled = |units: f32| even((units * scale).round() as usize);
        let margin = scaled(16.0);
        let gap = scaled(8.0);
        let (side, head) = (scaled(100.0) + scaled(12.0), scaled(58.0));
        let room = (
            width.saturating_sub(2 * margin + side + (COLUMNS - 1) * gap) / COLUMNS,
            height.saturating_sub(head + margin + (ROWS - 1) * gap) / ROWS,
        );
        // 32×18 is the smallest even size that is 16:9; others are multiples of it.
        let steps = (room.0 / 32).min(room.1 / 18);
        let tile = if steps > 0 { (32 * steps, 18 * steps) } else { (even(room.0).max(2), even(room.1).max(2)) };
        let grid = (COLUMNS * tile.0 + (COLUMNS - 1) * gap, ROWS * tile.1 + (ROWS - 1) * gap);
        // What is left over stands around the whole.
        let left = even(width.saturating_sub(grid.0 + side) / 2);
        let spare = height.saturating_sub(head + grid.1 + margin);
        let top = even(head + spare / 2).min(even(height.saturating_sub(grid.1)));
        let tiles = std::array::from_fn(|place| Rect {
            x: left + place % COLUMNS * (tile.0 + gap),
            y: top + place / COLUMNS * (tile.1 + gap),
            width: tile.0,
            height: tile.1,
        });
        let panel_x = left + grid.0 + scaled(12.0);
        let panel = Rect { x: panel_x, y: top, width: even(width.saturating_sub(panel_x + left)), height: grid.1 };
        let header = Rect {
            x: left,
            y: top.saturating_sub(scaled(52.0)),
            width: panel.right().saturating_sub(left),
            height: scaled(36.0),
        };
        let bar_height = scaled(78.0);
        let bar = Rect { x: 0, y: height - bar_height, width, height: bar_height };
        let tile = Size::new(tile.0 as u16, tile.1 as u16).expect("even, and within the picture");
        Layout { size, scale, tile, tiles, header, panel, bar }
    }

    /// `units` of a picture of 360 lines, in pixels.
    pub fn px(&self, units: f32) -> f32 {
        units * self.scale
    }

    /// The smallest letters, pixels an em.
    pub fn small(&self) -> f32 {
        self.px(15.0)
    }

    /// The letters of the name, the clock and the title in focus, pixels an em.
    pub fn large(&self) -> f32 {
        self.px(19.0)
    }

    /// How round corners are: their radius.
    pub fn radius(&self) -> f32 {
        self.px(8.0)
    }

    /// The tile that stands there, `x` and `y` in 1/65536 of width and height.
    pub fn tile_at(&self, x: u16, y: u16) -> Option<usize> {
        let pixel = |part: u16, of: usize| usize::from(part) * of / 65_536;
        let (x, y) = (pixel(x, self.size.width()), pixel(y, self.size.height()));
        self.tiles.iter().position(|tile| tile.contains(x, y))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout(width: u16, height: u16) -> Layout {
        Layout::of(Size::new(width, height).expect("even"))
    }

    fn check(layout: &Layout) {
        let all: Vec<Rect> = layout.tiles.into_iter().chain([layout.header, layout.panel]).collect();
        for (n, one) in all.iter().enumerate() {
            assert!(
                one.right() <= layout.size.width() && one.bottom() <= layout.size.height(),
                "{one:?} of {layout:?}"
            );
            assert!(one.width > 0 && one.height > 0, "{one:?} of {layout:?}");
            for side in [one.x, one.y, one.width, one.height] {
                assert_eq!(side % 2, 0, "{one:?} of {layout:?}");
            }
            for other in &all[n + 1..] {
                assert!(!one.meets(*other), "{one:?} meets {other:?} of {layout:?}");
            }
        }
        assert!(layout.bar.bottom() == layout.size.height() && layout.bar.y.is_multiple_of(2), "{layout:?}");
    }

    #[test]
    fn at_360_lines_tiles_have_160_by_90_and_letters_14_pixels() {
        let layout = layout(640, 360);
        assert_eq!((layout.tile.width(), layout.tile.height()), (160, 90));
        assert!(layout.small() >= 14.0);
        assert!(layout.panel.width >= 100, "{layout:?}");
    }

    #[test]
    fn larger_pictures_have_larger_tiles_and_letters() {
        let (small, large) = (layout(640, 360), layout(1_280, 720));
        assert_eq!((large.tile.width(), large.tile.height()), (320, 180));
        assert_eq!(large.small(), 2.0 * small.small());
        assert_eq!(layout(1_920, 1_080).tile.width(), 480);
    }

    #[test]
    fn a_point_is_on_the_tile_that_is_drawn_there() {
        let layout = layout(640, 360);
        for (place, tile) in layout.tiles.iter().enumerate() {
            let at = |pixel: usize, of: usize| ((2 * pixel + 1) * 32_768 / of) as u16;
            let corners = [(tile.x, tile.y), (tile.right() - 1, tile.bottom() - 1)];
            for (x, y) in corners {
                assert_eq!(layout.tile_at(at(x, 640), at(y, 360)), Some(place));
            }
            assert_ne!(layout.tile_at(at(tile.right(), 640), at(tile.y, 360)), Some(place));
        }
        assert_eq!(layout.tile_at(0, 0), None);
    }

    proptest! {
        #[test]
        fn nothing_overlaps_and_tiles_are_16_to_9_on_a_grid(half in 160u16..=960, narrow in 0u16..40) {
            let width = 2 * half;
            let height = ((u32::from(width) * 9 / 16) as u16 + narrow) & !1;
            let layout = layout(width, height);
            check(&layout);
            prop_assert_eq!(layout.tile.width() * 9, layout.tile.height() * 16);
            for tile in layout.tiles {
                let (first, next) = (layout.tiles[0], layout.tiles[COLUMNS + 1]);
                prop_assert_eq!((tile.x - first.x) % (next.x - first.x), 0);
                prop_assert_eq!((tile.y - first.y) % (next.y - first.y), 0);
            }
        }

        #[test]
        fn any_shape_of_picture_has_a_layout(width in 80u16..1_000, height in 60u16..1_000) {
            check(&layout(2 * width, 2 * height));
        }
    }
}
