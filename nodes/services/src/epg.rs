//! The programme guide: what a session is shown of it, how one finds one's way through it, and how it is drawn.
//!
//! Owns: the page, the full screen and everything that is drawn on them. Pieces are drawn once and kept; a picture is put
//! together from them and from the sources' tiles.
//! Refuses: decoding and scaling (behind [`media_share::Tiles`]), encoding, sessions, threads and clocks.

mod art;
mod cache;
mod canvas;
pub mod guide;
pub mod layout;
mod paint;
pub mod palette;
mod pieces;
mod placeholder;
pub mod programme;
mod sprite;
mod text;

pub use guide::{Guide, GuideView, Screen};
pub use layout::{Layout, Rect};
pub use paint::GuidePainter;
pub use programme::WallTime;
