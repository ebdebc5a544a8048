//! Paints pages of the guide from made-up sources into a folder, as raw I420: for people who change how it looks.
//!
//! `cargo run -p nodes-services --no-default-features --example epg_pages -- FOLDER`, then for each file
//! `ffmpeg -f rawvideo -pix_fmt yuv420p -s 640x360 -i page-640x360.yuv page.png`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use actors_protocol::Millis;
use media_share::{I420, Painter, Size, SourceKind};
use nodes_services::epg::{GuidePainter, GuideView, Screen, WallTime};
use support::{FakeTiles, Shows};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write into")?;
    std::fs::create_dir_all(&folder)?;
    let (clip, still, live) = (SourceKind::Clip, SourceKind::Still, SourceKind::Live);
    let tiles = Arc::new(FakeTiles::new(&[
        ("Mandelbrot", clip, Shows::Landscape(1)),
        ("Colour bars", clip, Shows::Landscape(2)),
        ("Sunset over the lake", clip, Shows::Landscape(3)),
        ("Harbour camera", live, Shows::Landscape(4)),
        ("Bouncing ball", clip, Shows::Waiting),
        ("Snow", clip, Shows::Plain(235, 128)),
        ("Holiday in Norway and Sweden 2019", clip, Shows::Landscape(6)),
        ("Broken film", clip, Shows::Broken("the file ends within its header; copy it again")),
        ("Mountains", still, Shows::Landscape(8)),
        ("Circles", clip, Shows::Landscape(9)),
        ("Zone plate", still, Shows::Plain(235, 128)),
        ("Ёлка and 漢字", still, Shows::Landscape(11)),
        ("Chequers", still, Shows::Landscape(12)),
        ("Night", live, Shows::Plain(20, 128)),
    ]));
    let painter = GuidePainter::new("Programme guide", tiles, |_| WallTime::new(21, 47));
    let views = [
        ("start", GuideView::new(0, Screen::Page, false)),
        ("moved", GuideView::new(4, Screen::Page, true)),
        ("white", GuideView::new(5, Screen::Page, false)),
        ("broken", GuideView::new(7, Screen::Page, false)),
        ("second", GuideView::new(11, Screen::Page, false)),
        ("full", GuideView::new(2, Screen::Full, false)),
        ("full-white", GuideView::new(5, Screen::Full, true)),
        ("full-waiting", GuideView::new(4, Screen::Full, false)),
        ("full-broken", GuideView::new(7, Screen::Full, false)),
    ];
    for (width, height) in [(640, 360), (1_280, 720), (320, 180), (640, 480)] {
        for (name, view) in &views {
            let mut canvas = I420::black(Size::new(width, height)?);
            painter.paint(view, Millis::ZERO, &mut canvas)?;
            std::fs::write(format!("{folder}/{name}-{width}x{height}.yuv"), canvas.bytes())?;
        }
    }
    println!("pieces kept: {:?}", painter.kept());
    Ok(())
}
