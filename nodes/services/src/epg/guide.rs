//! A session's way through the guide: keys, pointer and time move the focus, turn pages, open a source and go back.
//!
//! Owns: what each input means, and the view that comes of it. The sources stand in reading order, nine to a page; the page
//! is the one of the source in focus. Walking over an edge leads to the next page, and over the last to the first.
//! Refuses: drawing. A key that is held comes again and again and walks on; only `a` is taken once until it is let go.
//!
//! | input | page | full screen |
//! |---|---|---|
//! | arrows | to the neighbour, over the edge to the next page | to the next source or the one before |
//! | Tab, with Shift | the next source, the one before | the same |
//! | Page Up, Page Down, the wheel, a swipe | turns the page | the next source or the one before |
//! | Home, End | the first source, the last | the same |
//! | Return, space, a click on the tile in focus | opens it | – |
//! | Escape, BackSpace, a click | – | back to the page |
//! | `a` | goes on by itself every 3 s, until any of the above | the same |

use std::sync::Arc;

use actors_protocol::Millis;
use actors_protocol::input::InputEvent;
use media_share::{Interaction, Size, SourceCard};

use super::layout::{COLUMNS, Layout, TILES};

/// By itself, the focus moves on this often.
pub const AUTO_EVERY: Millis = Millis(3_000);
/// `a` again within this time and without having been let go is the key's repetition, not a second wish. A keyboard repeats
/// sooner; a viewer that never says that a key was let go is understood after it.
const HELD: Millis = Millis(700);
/// A swipe is at least this long: a tenth of the picture's width, whichever way.
const SWIPE: i64 = 65_536 / 10 * WIDE;
/// The picture's sides, as 16:9: travel to the side counts [`WIDE`], up and down [`HIGH`].
const WIDE: i64 = 16;
const HIGH: i64 = 9;

/// The page, or one source on the whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// Nine tiles.
    Page,
    /// The source in focus, alone.
    Full,
}

/// What a session is shown. Only what changes pixels is in it, so that sessions that are shown the same are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GuideView {
    focus: usize,
    screen: Screen,
    auto: bool,
}

impl GuideView {
    /// A view of the source at this place in the list.
    pub const fn new(focus: usize, screen: Screen, auto: bool) -> GuideView {
        GuideView { focus, screen, auto }
    }

    /// The place in the list of the source in focus.
    pub const fn focus(&self) -> usize {
        self.focus
    }

    /// The page it is on, from 0.
    pub const fn page(&self) -> usize {
        self.focus / TILES
    }

    /// Which of the page's tiles it is.
    pub const fn place(&self) -> usize {
        self.focus % TILES
    }

    /// The page, or the full screen.
    pub const fn screen(&self) -> Screen {
        self.screen
    }

    /// Does the focus move by itself?
    pub const fn auto(&self) -> bool {
        self.auto
    }
}

/// See the module.
pub struct Guide {
    cards: Arc<[SourceCard]>,
    layout: Layout,
    focus: usize,
    screen: Screen,
    /// When the focus moves by itself; none if it does not.
    due: Option<Millis>,
    pointer: (u16, u16),
    /// Where the left button went down, while it is down.
    pressed: Option<(u16, u16)>,
    shift: bool,
    /// When `a` last came, while it is held.
    held: Option<Millis>,
}

/// What an input asks for.
#[derive(Clone, Copy)]
enum Wish {
    Beside(isize),
    Below(isize),
    Next(isize),
    Turn(isize),
    First,
    Last,
    Open,
    Back,
}

impl Guide {
    /// The first page, the first source in focus. `size` is the picture's, for the pointer.
    pub fn new(cards: Arc<[SourceCard]>, size: Size) -> Guide {
        Guide {
            cards,
            layout: Layout::of(size),
            focus: 0,
            screen: Screen::Page,
            due: None,
            pointer: (0, 0),
            pressed: None,
            shift: false,
            held: None,
        }
    }

    fn wish(&mut self, wish: Wish) {
        self.due = None;
        let count = self.cards.len();
        if count == 0 {
            return;
        }
        let full = self.screen == Screen::Full;
        match wish {
            Wish::Next(by) => self.focus = around(self.focus, by, count),
            Wish::Beside(by) | Wish::Below(by) | Wish::Turn(by) if full => self.focus = around(self.focus, by, count),
            Wish::Beside(by) => self.beside(by),
            Wish::Below(by) => self.below(by),
            Wish::Turn(by) => {
                let page = self.page_beyond(by);
                self.focus = (page * TILES + self.focus % TILES).min(count - 1);
            }
            Wish::First => self.focus = 0,
            Wish::Last => self.focus = count - 1,
            Wish::Open => self.screen = Screen::Full,
            Wish::Back => self.screen = Screen::Page,
        }
    }

    fn page_beyond(&self, by: isize) -> usize {
        around(self.focus / TILES, by, self.cards.len().div_ceil(TILES))
    }

    /// Sources on a page.
    fn on_page(&self, page: usize) -> usize {
        (self.cards.len() - page * TILES).min(TILES)
    }

    fn beside(&mut self, by: isize) {
        let (page, place) = (self.focus / TILES, self.focus % TILES);
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        let inside = if by > 0 { column + 1 < COLUMNS && place + 1 < self.on_page(page) } else { column > 0 };
        if inside {
            self.focus = self.focus.saturating_add_signed(by);
            return;
        }
        let page = self.page_beyond(by);
        let on_page = self.on_page(page);
        let row = row.min((on_page - 1) / COLUMNS);
        let column = if by > 0 { 0 } else { COLUMNS - 1 };
        self.focus = page * TILES + (row * COLUMNS + column).min(on_page - 1);
    }

    fn below(&mut self, by: isize) {
        let (page, place) = (self.focus / TILES, self.focus % TILES);
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        let last_row = (self.on_page(page) - 1) / COLUMNS;
        let inside = if by > 0 { row < last_row } else { row > 0 };
        let (page, row) = if inside {
            (page, row.saturating_add_signed(by))
        } else {
            let page = self.page_beyond(by);
            (page, if by > 0 { 0 } else { (self.on_page(page) - 1) / COLUMNS })
        };
        self.focus = page * TILES + (row * COLUMNS + column).min(self.on_page(page) - 1);
    }

    fn key(&mut self, now: Millis, keysym: u32) {
        let forth = if self.shift { -1 } else { 1 };
        // X11 keysyms; in the second place the keypad's.
        let wish = match keysym {
            0xff51 | 0xff96 => Wish::Beside(-1),
            0xff53 | 0xff98 => Wish::Beside(1),
            0xff52 | 0xff97 => Wish::Below(-1),
            0xff54 | 0xff99 => Wish::Below(1),
            0xff09 => Wish::Next(forth),
            // ISO_Left_Tab: what X11 makes of Tab with Shift.
            0xfe20 => Wish::Next(-1),
            0xff55 | 0xff9a => Wish::Turn(-1),
            0xff56 | 0xff9b => Wish::Turn(1),
            0xff50 | 0xff95 => Wish::First,
            0xff57 | 0xff9c => Wish::Last,
            0xff0d | 0xff8d | 0x20 => Wish::Open,
            0xff1b | 0xff08 => Wish::Back,
            A_SMALL | A_LARGE => {
                let repeated = self.held.is_some_and(|held| now < held + HELD);
                self.held = Some(now);
                if !repeated && !self.cards.is_empty() {
                    self.due = if self.due.is_some() { None } else { Some(now + AUTO_EVERY) };
                }
                return;
            }
            _ => return,
        };
        self.wish(wish);
    }

    /// The left button came up: what it did since it went down at `from`.
    fn released(&mut self, from: (u16, u16)) {
        let to = self.pointer;
        let travel = |from: u16, to: u16| i64::from(to) - i64::from(from);
        let (right, down) = (travel(from.0, to.0) * WIDE, travel(from.1, to.1) * HIGH);
        if right.abs().max(down.abs()) >= SWIPE {
            // Like a sheet that is pushed away: to the left, or up, comes what is next.
            let towards = if right.abs() >= down.abs() { right } else { down };
            self.wish(Wish::Turn(if towards < 0 { 1 } else { -1 }));
            return;
        }
        if self.screen == Screen::Full {
            self.wish(Wish::Back);
            return;
        }
        let at = |point: (u16, u16)| self.layout.tile_at(point.0, point.1);
        let Some(place) = at(from).filter(|place| at(to) == Some(*place)) else { return };
        let clicked = self.focus / TILES * TILES + place;
        if clicked == self.focus {
            self.wish(Wish::Open);
        } else if clicked < self.cards.len() {
            self.due = None;
            self.focus = clicked;
        }
    }
}

const A_SMALL: u32 = 0x61;
const A_LARGE: u32 = 0x41;

/// `from` and `by` steps on a ring of `count`, which is not zero; `by` is not larger than it.
fn around(from: usize, by: isize, count: usize) -> usize {
    if by < 0 { (from + count - by.unsigned_abs() % count) % count } else { (from + by.unsigned_abs()) % count }
}

impl Interaction for Guide {
    type View = GuideView;

    fn view(&self) -> GuideView {
        GuideView { focus: self.focus, screen: self.screen, auto: self.due.is_some() }
    }

    fn input(&mut self, now: Millis, event: &InputEvent) {
        match *event {
            InputEvent::Key { keysym: 0xffe1 | 0xffe2, down } => self.shift = down,
            InputEvent::Key { keysym: A_SMALL | A_LARGE, down: false } => self.held = None,
            InputEvent::Key { keysym, down: true } => self.key(now, keysym),
            InputEvent::Key { down: false, .. } => {}
            InputEvent::Pointer { x, y } => self.pointer = (x, y),
            InputEvent::Button { button: 1, down: true } => self.pressed = Some(self.pointer),
            InputEvent::Button { button: 1, down: false } => {
                if let Some(from) = self.pressed.take() {
                    self.released(from);
                }
            }
            InputEvent::Button { button: 4, down: true } => self.wish(Wish::Turn(-1)),
            InputEvent::Button { button: 5, down: true } => self.wish(Wish::Turn(1)),
            InputEvent::Button { .. } => {}
        }
    }

    fn poll_timeout(&self) -> Option<Millis> {
        self.due
    }

    fn on_timeout(&mut self, now: Millis) {
        let Some(due) = self.due.filter(|due| *due <= now) else { return };
        self.focus = around(self.focus, 1, self.cards.len());
        // Whoever comes late does not make up for it.
        self.due = Some(if due + AUTO_EVERY > now { due + AUTO_EVERY } else { now + AUTO_EVERY });
    }

    fn focus(&self) -> Option<String> {
        let card = self.cards.get(self.focus)?;
        Some(match self.screen {
            Screen::Page => card.title.clone(),
            Screen::Full => format!("{}, full screen", card.title),
        })
    }
}
