//! What is drawn of the guide, measured in the pictures themselves, and the promises of a painter: every pixel, the stamp,
//! and who is attended to.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use actors_protocol::Millis;
use media_share::{I420, Painter, Plane, Size, SourceKind};
use nodes_services::epg::palette::{Colour, contrast};
use nodes_services::epg::{GuidePainter, GuideView, Layout, Rect, Screen, WallTime};
use proptest::prelude::*;
use support::{FakeTiles, Shows};

const CLIP: SourceKind = SourceKind::Clip;
const WHITE: Shows = Shows::Plain(235, 128);

fn size(width: u16, height: u16) -> Size {
    Size::new(width, height).expect("even")
}

fn page(focus: usize) -> GuideView {
    GuideView::new(focus, Screen::Page, false)
}

fn full(focus: usize) -> GuideView {
    GuideView::new(focus, Screen::Full, false)
}

fn painter(tiles: FakeTiles) -> GuidePainter<FakeTiles> {
    GuidePainter::new("Programme guide", Arc::new(tiles), |_| WallTime::new(20, 15))
}

fn paint<T: media_share::Tiles>(painter: &GuidePainter<T>, view: GuideView, size: Size) -> I420 {
    let mut canvas = I420::black(size);
    painter.paint(&view, Millis::ZERO, &mut canvas).expect("it can be painted");
    canvas
}

fn luma(picture: &I420, x: usize, y: usize) -> u8 {
    let (samples, stride) = picture.plane(Plane::Y);
    samples[y * stride + x]
}

/// The smallest rectangle with all pixels of which this holds.
fn bounds(size: Size, holds: impl Fn(usize, usize) -> bool) -> Option<Rect> {
    let mut found: Option<(usize, usize, usize, usize)> = None;
    for (x, y) in (0..size.height()).flat_map(|y| (0..size.width()).map(move |x| (x, y))).filter(|at| holds(at.0, at.1))
    {
        let (left, top, right, bottom) = found.unwrap_or((x, y, x, y));
        found = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
    }
    found.map(|(x, y, right, bottom)| Rect { x, y, width: right + 1 - x, height: bottom + 1 - y })
}

fn differ(one: &I420, other: &I420, x: usize, y: usize) -> bool {
    let planes = [(Plane::Y, 1), (Plane::U, 2), (Plane::V, 2)];
    planes.into_iter().any(|(plane, half)| {
        let ((one, stride), (other, _)) = (one.plane(plane), other.plane(plane));
        let at = y / half * stride + x / half;
        one[at] != other[at]
    })
}

/// What a viewer sees of a pixel (BT.601, limited range).
fn seen(picture: &I420, x: usize, y: usize) -> Colour {
    let chroma = |plane: Plane| {
        let (samples, stride) = picture.plane(plane);
        f32::from(samples[y / 2 * stride + x / 2]) - 128.0
    };
    let (y, u, v) = ((f32::from(luma(picture, x, y)) - 16.0) * 1.164, chroma(Plane::U), chroma(Plane::V));
    let rgb = [y + 1.596 * v, y - 0.392 * u - 0.813 * v, y + 2.017 * u];
    Colour { rgb: rgb.map(|part| (part / 255.0).clamp(0.0, 1.0)), alpha: 1.0 }
}

#[test]
fn tiles_stand_on_a_grid_within_a_pixel() {
    for (width, height) in [(640, 360), (1_280, 720), (960, 540), (1_920, 1_080)] {
        let size = size(width, height);
        let picture = paint(&painter(FakeTiles::alike(9, WHITE)), page(4), size);
        // White tiles are the only thing that is bright for longer than a letter: their edges, along lines through them.
        let edges = |length: usize, at: &dyn Fn(usize) -> u8, floor: u8| {
            let bright = |n: usize| n < length && at(n) >= floor;
            let mut found = Vec::new();
            let mut begin = None;
            for n in 0..=length {
                match (begin, bright(n)) {
                    (None, true) => begin = Some(n),
                    (Some(from), false) => {
                        if n - from > length / 8 {
                            found.push((from, n));
                        }
                        begin = None;
                    }
                    _ => {}
                }
            }
            found
        };
        let layout = Layout::of(size);
        let mut columns = Vec::new();
        for row in 0..3 {
            // Above the scrim of the label.
            let y = layout.tiles[row * 3].y + layout.tile.height() / 4;
            columns.push(edges(size.width(), &|x| luma(&picture, x, y), 200));
        }
        assert_eq!(columns[0].len(), 3, "{width}×{height}: {columns:?}");
        assert!(columns.iter().all(|edges| *edges == columns[0]), "{columns:?}");
        let mut rows = Vec::new();
        for column in 0..3 {
            // A white picture below a scrim is still brighter than the ground; beside the letters of the label.
            let x = layout.tiles[column].right() - layout.tile.width() / 16;
            rows.push(edges(size.height(), &|y| luma(&picture, x, y), 58));
        }
        assert_eq!(rows[0].len(), 3, "{width}×{height}: {rows:?}");
        for (edges, lengths) in [(columns[0].clone(), 16), (rows[0].clone(), 9)] {
            let step = edges[1].0 - edges[0].0;
            for (n, (begin, end)) in edges.iter().enumerate() {
                assert!((begin - edges[0].0).abs_diff(n * step) <= 1, "{edges:?}");
                assert!((end - begin).abs_diff(edges[0].1 - edges[0].0) <= 1, "{edges:?}");
                assert_eq!((end - begin) % lengths, 0, "16:9 to the pixel: {edges:?}");
            }
        }
        assert_eq!((columns[0][0].1 - columns[0][0].0) * 9, (rows[0][0].1 - rows[0][0].0) * 16);
    }
}

/// Two paintings that differ in the sources' titles only: one with letters, one without.
fn with_and_without(title: &str, kind: SourceKind, shows: Shows, view: GuideView, size: Size) -> (I420, I420) {
    let one = |title: &str| paint(&painter(FakeTiles::new(&vec![(title, kind, shows.clone()); 9])), view, size);
    (one(title), one(" "))
}

#[test]
fn letters_are_at_least_14_pixels_high_at_360_lines() {
    for (lines, view, what) in [
        (360, page(0), "labels of tiles"),
        (360, full(0), "title on the full screen"),
        (720, page(0), "labels at 720 lines"),
        (1_080, full(0), "title at 1080 lines"),
    ] {
        let size = size(lines * 16 / 9, lines);
        let (with, without) = with_and_without("Ap", CLIP, Shows::Plain(60, 128), view, size);
        let layout = Layout::of(size);
        // The label of the second tile, which is not in focus; on the full screen all that changes is the title.
        let place = if view.screen() == Screen::Full { layout.bar } else { layout.tiles[1] };
        let changed =
            bounds(size, |x, y| place.contains(x, y) && luma(&with, x, y).abs_diff(luma(&without, x, y)) > 30);
        let changed = changed.expect("there are letters");
        assert!(changed.height * 360 >= 14 * usize::from(lines), "{what}: {changed:?}");
    }
}

#[test]
fn words_can_be_read_whatever_the_picture_behind_them() {
    for shows in [WHITE, Shows::Plain(16, 128), Shows::Plain(128, 128), Shows::Plain(200, 200), Shows::Plain(170, 60)] {
        for (view, what) in [(page(0), "page"), (full(0), "full screen")] {
            let size = size(640, 360);
            let layout = Layout::of(size);
            let (with, without) = with_and_without("HHHHHHHH", CLIP, shows.clone(), view, size);
            let places =
                if view.screen() == Screen::Full { vec![layout.bar] } else { vec![layout.tiles[0], layout.tiles[1]] };
            for place in places {
                let letters = bounds(size, |x, y| place.contains(x, y) && differ(&with, &without, x, y));
                let letters = letters.expect("there are letters");
                let pixels =
                    || (letters.y..letters.bottom()).flat_map(|y| (letters.x..letters.right()).map(move |x| (x, y)));
                let brightest = |picture: &I420| {
                    let all = pixels().map(|(x, y)| seen(picture, x, y));
                    all.max_by(|one, other| one.luminance().total_cmp(&other.luminance())).expect("not empty")
                };
                let contrast = contrast(brightest(&with), brightest(&without));
                assert!(contrast >= 4.5, "{what}, {shows:?}: {contrast}");
            }
        }
    }
}

#[test]
fn a_move_of_the_focus_changes_the_two_tiles_and_the_panel_and_nothing_else() {
    let painter = painter(FakeTiles::alike(20, Shows::Landscape(3)));
    for size in [size(640, 360), size(1_280, 720)] {
        let layout = Layout::of(size);
        for (from, to) in [(0, 1), (4, 7), (2, 3)] {
            let (before, after) = (paint(&painter, page(from), size), paint(&painter, page(to), size));
            let gap = layout.tiles[1].x - layout.tiles[0].right();
            let near = [layout.tiles[from].grown(gap), layout.tiles[to].grown(gap), layout.panel];
            let elsewhere =
                bounds(size, |x, y| differ(&before, &after, x, y) && !near.iter().any(|place| place.contains(x, y)));
            assert_eq!(elsewhere, None, "{from} to {to}");
            for place in near {
                assert!(bounds(size, |x, y| place.contains(x, y) && differ(&before, &after, x, y)).is_some());
            }
        }
    }
}

#[test]
fn every_pixel_is_written() {
    let sources: Vec<(&str, SourceKind, Shows)> = vec![
        ("One", CLIP, WHITE),
        ("Two", SourceKind::Still, Shows::Waiting),
        ("Three", SourceKind::Live, Shows::Broken("it is no film")),
        ("Four", CLIP, Shows::Landscape(1)),
    ];
    for sources in [&sources[..], &sources[..1], &[]] {
        let painter = painter(FakeTiles::new(sources));
        for size in [size(640, 360), size(320, 180), size(640, 480), size(200, 360), size(64, 36), size(2, 2)] {
            for view in [page(0), page(2), full(0), full(1), full(2), page(99), full(99)] {
                let on = |fill: u8| {
                    let mut canvas = I420::black(size);
                    canvas.bytes_mut().fill(fill);
                    painter.paint(&view, Millis::ZERO, &mut canvas).expect("it can be painted");
                    canvas
                };
                assert!(on(7) == on(250), "{view:?} at {size:?} of {} sources", sources.len());
            }
        }
    }
}

#[test]
fn a_source_without_a_picture_says_so_and_why() {
    let size = size(640, 360);
    let tile = Layout::of(size).tiles[1];
    let shot =
        |shows: Shows, view| paint(&painter(FakeTiles::new(&[("A", CLIP, WHITE), ("B", CLIP, shows)])), view, size);
    let inside = |one: &I420, other: &I420| bounds(size, |x, y| tile.contains(x, y) && differ(one, other, x, y));
    let (waiting, broken) = (Shows::Waiting, Shows::Broken("no such file"));
    assert!(inside(&shot(waiting.clone(), page(0)), &shot(broken.clone(), page(0))).is_some());
    assert!(inside(&shot(Shows::Broken("it is no film"), page(0)), &shot(broken.clone(), page(0))).is_some());
    let long = "the file ends within its header; it was perhaps not copied to its end, so copy it again from where it is whole";
    let longer = |lines: Shows| {
        let (said, calm) = (shot(lines, full(1)), shot(Shows::Waiting, full(1)));
        bounds(size, |x, y| luma(&said, x, y) > luma(&calm, x, y).saturating_add(60)).expect("words").height
    };
    assert!(longer(Shows::Broken(long)) > longer(broken), "on the full screen there is room for more words");
}

#[test]
fn what_is_wrong_has_nothing_over_it_and_the_name_of_the_source_once() {
    let size = size(640, 360);
    let tile = Layout::of(size).tiles[1];
    let shot = |kind: SourceKind, shows: Shows| {
        paint(&painter(FakeTiles::new(&[("A", CLIP, WHITE), ("Harbour", kind, shows)])), page(0), size)
    };
    let inside = |one: &I420, other: &I420| bounds(size, |x, y| tile.contains(x, y) && differ(one, other, x, y));
    for kind in [SourceKind::Live, SourceKind::Still] {
        assert!(inside(&shot(CLIP, WHITE), &shot(kind, WHITE)).is_some(), "a picture has a badge");
        let broken = shot(kind, Shows::Broken("it has ended"));
        assert_eq!(inside(&shot(CLIP, Shows::Broken("it has ended")), &broken), None, "no badge over words");
        let named = shot(kind, Shows::Broken("Harbour: it has ended"));
        assert_eq!(inside(&named, &broken), None, "its name stands below already");
    }
}

#[test]
fn any_title_can_be_drawn() {
    let titles = ["", " ", "漢字", "\u{202e}abc", "\u{0}\n\t", "\u{10ffff}", &"W".repeat(10_000), &"🎬 a ".repeat(400)];
    let sources: Vec<(&str, SourceKind, Shows)> =
        titles.iter().map(|title| (*title, SourceKind::Live, Shows::Waiting)).collect();
    let painter = painter(FakeTiles::new(&sources));
    for focus in 0..sources.len() {
        for view in [page(focus), full(focus)] {
            paint(&painter, view, size(640, 360));
        }
    }
}

#[test]
fn a_page_attends_to_its_tiles_and_the_full_screen_to_its_source() {
    let tiles = FakeTiles::alike(14, WHITE);
    let attended = tiles.attended.clone();
    let painter = painter(tiles);
    let (whole, tile) = (size(640, 360), size(160, 90));
    let ids = || attended.lock().iter().map(|(id, size)| (id.0, *size)).collect::<Vec<_>>();
    let first = painter.attend(&page(4), whole);
    assert_eq!(ids(), (0..9).map(|id| (id, tile)).collect::<Vec<_>>());
    drop(first);
    assert!(ids().is_empty());
    let second = painter.attend(&page(10), whole);
    assert_eq!(ids(), (9..14).map(|id| (id, tile)).collect::<Vec<_>>());
    let full = painter.attend(&full(3), whole);
    assert_eq!(ids().last(), Some(&(3, whole)));
    drop((second, full));
    assert!(ids().is_empty());
    painter.attend(&page(0), size(1_280, 720));
    assert!(ids().is_empty());
}

#[test]
fn what_is_kept_is_bounded() {
    let minute = Arc::new(AtomicU16::new(0));
    let clock = minute.clone();
    let tiles = Arc::new(FakeTiles::alike(30, Shows::Waiting));
    let painter = GuidePainter::new("Programme guide", tiles, move |_| WallTime::new(0, clock.load(Ordering::Relaxed)));
    for (n, height) in [360, 720].into_iter().enumerate() {
        for focus in (0..30).step_by(2) {
            minute.store((n * 30 + focus / 10) as u16, Ordering::Relaxed);
            paint(&painter, page(focus), size(height * 16 / 9, height));
            paint(&painter, full(focus), size(height * 16 / 9, height));
            let (pieces, bytes) = painter.kept();
            assert!(pieces <= 1_024 && bytes <= 24 << 20, "{pieces} pieces, {bytes} bytes");
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Show(usize, Shows),
    Minute(u16),
    Look(GuideView),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let shows = prop_oneof![
        (16u8..235).prop_map(|luma| Shows::Plain(luma, 128)),
        Just(Shows::Waiting),
        proptest::sample::select(vec!["gone", "no film"]).prop_map(Shows::Broken),
    ];
    let step = prop_oneof![
        3 => (0usize..12, shows).prop_map(|(source, shows)| Step::Show(source, shows)),
        1 => (0u16..4).prop_map(Step::Minute),
        2 => (0usize..12, any::<bool>(), any::<bool>()).prop_map(|(focus, page, auto)| {
            Step::Look(GuideView::new(focus, if page { Screen::Page } else { Screen::Full }, auto))
        }),
    ];
    proptest::collection::vec(step, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn equal_stamps_are_equal_pictures_and_what_changes_changes_the_stamp(steps in steps()) {
        let minute = Arc::new(AtomicU16::new(0));
        let clock = minute.clone();
        let tiles = Arc::new(FakeTiles::alike(12, WHITE));
        let painter =
            GuidePainter::new("Guide", tiles.clone(), move |_| WallTime::new(9, clock.load(Ordering::Relaxed)));
        let size = size(320, 180);
        let mut view = page(0);
        let mut seen: std::collections::BTreeMap<u64, I420> = std::collections::BTreeMap::new();
        let mut last: Option<(u64, I420)> = None;
        for step in steps {
            match step {
                Step::Show(source, shows) => tiles.show(source, shows),
                Step::Minute(now) => minute.store(now, Ordering::Relaxed),
                Step::Look(at) => view = at,
            }
            let stamp = painter.stamp(&view, size, Millis::ZERO);
            let picture = paint(&painter, view, size);
            if let Some((before, shown)) = last {
                prop_assert_eq!(before == stamp, shown == picture, "of the same sources at {:?}", view);
            }
            if let Some(shown) = seen.insert(stamp, picture.clone()) {
                prop_assert!(shown == picture, "the same stamp, another picture");
            }
            last = Some((stamp, picture));
        }
    }
}
