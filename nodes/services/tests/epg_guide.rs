//! How one finds one's way through the guide: each input, on lists of any length.

use std::sync::Arc;

use actors_protocol::Millis;
use actors_protocol::input::{InputEvent, keysym};
use media_share::{Interaction, Size, SourceCard, SourceId, SourceKind};
use nodes_services::epg::guide::AUTO_EVERY;
use nodes_services::epg::{Guide, Layout, Screen};
use proptest::prelude::*;

fn size() -> Size {
    Size::new(640, 360).expect("even")
}

fn guide(count: u32) -> Guide {
    let card = |n| SourceCard { id: SourceId(n), title: format!("Source {n}"), kind: SourceKind::Clip };
    Guide::new((0..count).map(card).collect::<Arc<[_]>>(), size())
}

fn press(guide: &mut Guide, names: &[&str]) -> usize {
    for name in names {
        let keysym = if *name == "ISO_Left_Tab" { 0xfe20 } else { keysym(name).expect("a key") };
        guide.input(Millis(5), &InputEvent::Key { keysym, down: true });
        guide.input(Millis(5), &InputEvent::Key { keysym, down: false });
    }
    guide.view().focus()
}

/// A guide of `count` sources with this one in focus.
fn at(count: u32, focus: usize) -> Guide {
    let mut guide = guide(count);
    for _ in 0..focus {
        press(&mut guide, &["Tab"]);
    }
    guide
}

/// The middle of a tile, in 1/65536 of the picture.
fn middle(place: usize) -> (u16, u16) {
    let tile = Layout::of(size()).tiles[place];
    let part = |pixel: usize, of: usize| (pixel * 65_536 / of) as u16;
    (part(tile.x + tile.width / 2, 640), part(tile.y + tile.height / 2, 360))
}

fn drag(guide: &mut Guide, from: (u16, u16), to: (u16, u16)) {
    guide.input(Millis(5), &InputEvent::Pointer { x: from.0, y: from.1 });
    guide.input(Millis(5), &InputEvent::Button { button: 1, down: true });
    guide.input(Millis(5), &InputEvent::Pointer { x: to.0, y: to.1 });
    guide.input(Millis(5), &InputEvent::Button { button: 1, down: false });
}

#[test]
fn arrows_walk_over_the_page_and_over_its_edges() {
    // 23 sources: pages of 9, 9 and 5.
    for (from, key, to) in [
        (0, "Right", 1),
        (0, "Down", 3),
        (4, "Left", 3),
        (4, "Up", 1),
        (2, "Right", 9),
        (5, "Right", 12),
        (9, "Left", 2),
        (12, "Left", 5),
        (7, "Down", 10),
        (10, "Up", 7),
        (0, "Left", 20),
        (6, "Left", 22),
        (20, "Right", 0),
        (22, "Right", 3),
        (17, "Right", 21),
        (20, "Down", 22),
        (22, "Down", 1),
        (2, "Up", 22),
        (0, "Up", 21),
    ] {
        assert_eq!(press(&mut at(23, from), &[key]), to, "{key} from {from}");
    }
}

#[test]
fn on_a_single_page_the_arrows_go_round_in_row_and_column() {
    for (from, key, to) in [(2, "Right", 0), (0, "Left", 2), (7, "Down", 1), (1, "Up", 7), (5, "Right", 3)] {
        assert_eq!(press(&mut at(9, from), &[key]), to, "{key} from {from}");
    }
}

#[test]
fn tab_walks_in_reading_order_and_with_shift_backwards() {
    let mut guide = guide(10);
    assert_eq!(press(&mut guide, &["Tab", "Tab"]), 2);
    assert_eq!(press(&mut guide, &["ISO_Left_Tab"]), 1);
    guide.input(Millis(5), &InputEvent::Key { keysym: 0xffe1, down: true });
    assert_eq!(press(&mut guide, &["Tab", "Tab"]), 9, "over the beginning to the end");
    guide.input(Millis(5), &InputEvent::Key { keysym: 0xffe1, down: false });
    assert_eq!(press(&mut guide, &["Tab"]), 0, "and back");
}

#[test]
fn pages_turn_and_keep_the_place_where_there_is_one() {
    let mut guide = at(23, 8);
    assert_eq!(press(&mut guide, &["Page_Down"]), 17);
    assert_eq!(press(&mut guide, &["Page_Down"]), 22, "the last page has five");
    assert_eq!(press(&mut guide, &["Page_Down"]), 4);
    assert_eq!(press(&mut guide, &["Page_Up"]), 22);
    assert_eq!(press(&mut guide, &["Home"]), 0);
    assert_eq!(press(&mut guide, &["End"]), 22);
    for (button, to) in [(5, 4), (4, 22), (4, 13)] {
        guide.input(Millis(5), &InputEvent::Button { button, down: true });
        guide.input(Millis(5), &InputEvent::Button { button, down: false });
        assert_eq!(guide.view().focus(), to, "the wheel");
    }
}

#[test]
fn return_opens_the_neighbours_are_beside_it_and_escape_goes_back() {
    let mut guide = at(10, 8);
    assert_eq!(guide.focus().as_deref(), Some("Source 8"));
    press(&mut guide, &["Return"]);
    assert_eq!((guide.view().screen(), guide.focus().as_deref()), (Screen::Full, Some("Source 8, full screen")));
    assert_eq!(press(&mut guide, &["Right"]), 9);
    assert_eq!(press(&mut guide, &["Right"]), 0);
    assert_eq!(press(&mut guide, &["Left"]), 9);
    press(&mut guide, &["Escape"]);
    assert_eq!((guide.view().screen(), guide.view().page(), guide.view().place()), (Screen::Page, 1, 0));
    press(&mut guide, &["Return", "Return", "BackSpace"]);
    assert_eq!(guide.view().screen(), Screen::Page);
}

#[test]
fn by_itself_the_focus_moves_on_until_somebody_takes_over() {
    let mut guide = guide(10);
    assert_eq!(guide.poll_timeout(), None);
    press(&mut guide, &["a"]);
    assert!(guide.view().auto());
    for focus in 1..=11 {
        let due = guide.poll_timeout().expect("goes on");
        guide.on_timeout(Millis(due.0 - 1));
        assert_eq!(guide.view().focus(), (focus - 1) % 10, "not before it is due");
        guide.on_timeout(due);
        assert_eq!(guide.view().focus(), focus % 10);
        assert_eq!(guide.poll_timeout(), Some(due + AUTO_EVERY));
    }
    let late = guide.poll_timeout().expect("goes on") + Millis(60_000);
    guide.on_timeout(late);
    assert_eq!((guide.view().focus(), guide.poll_timeout()), (2, Some(late + AUTO_EVERY)), "one step, however late");
    press(&mut guide, &["Right"]);
    assert_eq!((guide.view().auto(), guide.poll_timeout()), (false, None));
    press(&mut guide, &["a", "a"]);
    assert!(!guide.view().auto(), "twice is off again");
}

#[test]
fn a_held_key_of_auto_scroll_is_one_wish() {
    let mut guide = guide(10);
    let a = InputEvent::Key { keysym: 0x61, down: true };
    for at in [0, 500, 530, 560] {
        guide.input(Millis(at), &a);
        assert!(guide.view().auto(), "at {at}");
    }
    guide.input(Millis(5_000), &a);
    assert!(!guide.view().auto(), "a viewer that does not say when keys are let go is understood too");
}

#[test]
fn a_click_focuses_and_a_click_on_the_focus_opens() {
    let mut guide = at(14, 10);
    drag(&mut guide, middle(4), middle(4));
    assert_eq!((guide.view().focus(), guide.view().screen()), (13, Screen::Page));
    drag(&mut guide, middle(7), middle(7));
    assert_eq!(guide.view().focus(), 13, "nothing stands there");
    drag(&mut guide, (100, 100), (100, 100));
    assert_eq!(guide.view().focus(), 13, "nor in the corner");
    drag(&mut guide, middle(4), middle(4));
    assert_eq!(guide.view().screen(), Screen::Full);
    drag(&mut guide, middle(0), middle(0));
    assert_eq!((guide.view().focus(), guide.view().screen()), (13, Screen::Page));
}

#[test]
fn swipes_turn_pages_and_in_full_screen_sources() {
    let mut guide = guide(23);
    let (middle, left, up) = ((30_000, 30_000), (22_000, 31_000), (30_500, 10_000));
    drag(&mut guide, middle, left);
    assert_eq!((guide.view().page(), guide.view().screen()), (1, Screen::Page));
    drag(&mut guide, middle, up);
    assert_eq!(guide.view().page(), 2);
    drag(&mut guide, left, middle);
    drag(&mut guide, up, middle);
    assert_eq!(guide.view().page(), 0);
    let before = guide.view();
    drag(&mut guide, middle, (27_000, 33_000));
    assert_eq!(guide.view().page(), before.page(), "too short for a swipe");
    press(&mut guide, &["Home", "Return"]);
    drag(&mut guide, middle, left);
    assert_eq!((guide.view().focus(), guide.view().screen()), (1, Screen::Full));
    drag(&mut guide, left, middle);
    assert_eq!(guide.view().focus(), 0);
}

#[test]
fn keys_let_go_and_keys_without_meaning_change_nothing() {
    let mut guide = at(23, 4);
    press(&mut guide, &["a"]);
    let (view, due) = (guide.view(), guide.poll_timeout());
    for keysym in [0xff53, 0xff0d, 0xff1b, 0xff09] {
        guide.input(Millis(9), &InputEvent::Key { keysym, down: false });
    }
    press(&mut guide, &["x", "Insert", "Control_L", "é"]);
    for button in [2, 3, 9] {
        guide.input(Millis(9), &InputEvent::Button { button, down: true });
    }
    guide.input(Millis(9), &InputEvent::Button { button: 1, down: false });
    guide.input(Millis(9), &InputEvent::Pointer { x: 9_000, y: 9_000 });
    assert_eq!((guide.view(), guide.poll_timeout()), (view, due));
}

#[test]
fn one_source_is_always_in_focus_and_none_is_no_focus() {
    let mut one = guide(1);
    for key in ["Right", "Left", "Up", "Down", "Tab", "ISO_Left_Tab", "Page_Up", "Page_Down", "Home", "End"] {
        assert_eq!(press(&mut one, &[key]), 0, "{key}");
    }
    press(&mut one, &["a"]);
    one.on_timeout(Millis(90_000));
    assert_eq!(one.focus().as_deref(), Some("Source 0"));
    let mut none = guide(0);
    press(&mut none, &["Right", "Down", "Return", "a", "End"]);
    drag(&mut none, middle(0), middle(0));
    assert_eq!((none.focus(), none.poll_timeout(), none.view().screen()), (None, None, Screen::Page));
}

fn events() -> impl Strategy<Value = InputEvent> {
    let keys = [
        0xff51, 0xff52, 0xff53, 0xff54, 0xff09, 0xfe20, 0xff55, 0xff56, 0xff50, 0xff57, 0xff0d, 0xff1b, 0x61, 0xffe1,
        0x78,
    ];
    prop_oneof![
        3 => (proptest::sample::select(keys.to_vec()), any::<bool>())
            .prop_map(|(keysym, down)| InputEvent::Key { keysym, down }),
        1 => (0u8..7, any::<bool>()).prop_map(|(button, down)| InputEvent::Button { button, down }),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(x, y)| InputEvent::Pointer { x, y }),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_a_real_source_is_in_focus_on_its_page(
        count in prop_oneof![1u32..30, Just(256u32)],
        steps in proptest::collection::vec((events(), 0u64..4_000), 1..200),
    ) {
        let mut guide = guide(count);
        let mut now = Millis(0);
        for (event, wait) in steps {
            now = now + Millis(wait);
            guide.on_timeout(now);
            prop_assert!(guide.poll_timeout().is_none_or(|due| due > now && due <= now + AUTO_EVERY));
            let before = guide.view();
            guide.input(now, &event);
            let view = guide.view();
            prop_assert!(view.focus() < count as usize);
            prop_assert_eq!(view.page() * 9 + view.place(), view.focus());
            prop_assert_eq!(view.auto(), guide.poll_timeout().is_some());
            let words = guide.focus().expect("something is in focus");
            prop_assert!(words.starts_with(&format!("Source {}", view.focus())), "{}", words);
            prop_assert_eq!(words.ends_with("full screen"), view.screen() == Screen::Full);
            if matches!(event, InputEvent::Key { down: false, .. } | InputEvent::Pointer { .. }) {
                prop_assert_eq!(view, before);
            }
        }
    }

    #[test]
    fn arrows_reach_every_source(count in 1u32..60) {
        let mut reached = std::collections::BTreeSet::from([0]);
        let mut ends = vec![0];
        while let Some(from) = ends.pop() {
            for key in ["Right", "Left", "Down", "Up"] {
                let to = press(&mut at(count, from), &[key]);
                if reached.insert(to) {
                    ends.push(to);
                }
            }
        }
        prop_assert_eq!(reached.len(), count as usize);
    }
}
