//! The window of `fusion view`, on a screen in memory, with true keys and a look at what it shows.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time; a failure shows its line")]

use std::time::{Duration, Instant};

use tests_e2e::pictures::Area;
use tests_e2e::{Demo, Process, Screen, Shot, TempDir, eventually, folder, json, say, scenes};

/// Something that takes milliseconds on an idle machine.
const SOON: Duration = Duration::from_secs(30);
const RIGHT: u32 = 0xff53;
const F1: u32 = 0xffbe;

#[test]
fn a_window_shows_the_guide_takes_keys_keeps_the_shape_and_closes() {
    let Some(screen) = Screen::start() else { return };
    let media = TempDir::new();
    folder::stills(&media, 6);
    let clip = folder::clip(&media.join("clip"), "clip.mp4", 1);
    let demo = Demo::start_with(&format!("--media {} --clip {}", media.display(), clip.display()));
    let mut command = demo.command("view epg.demo");
    command.env("DISPLAY", &screen.display).env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    let begun = Instant::now();
    let mut viewing = Process::spawn("fusion view epg.demo", command);
    let window = screen.window("epg.demo (zone-a/epg-a)");
    assert_eq!(screen.size(window), Some((640, 360)));
    let first = shows(&screen, window, "the first tile has the highlight", |shot| {
        let picture = shot.picture();
        shot.width == 640 && picture.brightness(picture.whole()) > 10.0 && picture.highlighted() == 0
    });
    say(format!("the window shows the guide {:?} after the command", begun.elapsed()));

    let pressed = Instant::now();
    screen.press(RIGHT);
    let second = shows(&screen, window, "the second tile has the highlight", |shot| shot.picture().highlighted() == 1);
    say(format!("a key is seen in the window after {:?}", pressed.elapsed()));
    assert!(second != first);
    // Nothing changes by itself; the clock's next minute would be a few pixels.
    std::thread::sleep(Duration::from_millis(300));
    let again = screen.shot(window).picture();
    assert!(again.difference(&second.picture(), again.whole()) < 0.1, "it stands still");

    // Statistics, shown and hidden.
    let corner = |shot: &Shot| shot.pixels.chunks(640).take(80).flat_map(|row| row[..200].to_vec()).collect::<Vec<_>>();
    screen.press(F1);
    shows(&screen, window, "F1 shows statistics", |shot| corner(shot) != corner(&second));
    let below = |shot: &Shot| shot.pixels[640 * 120..].to_vec();
    assert_eq!(below(&screen.shot(window)), below(&second), "in the corner only");
    screen.press(F1);
    shows(&screen, window, "F1 hides them", |shot| corner(shot) == corner(&second));

    // Wider and higher than 16:9: bars of black beside the picture, then above and below it.
    for (width, height, columns, rows) in [(1000, 450, (100, 899), (0, 449)), (640, 480, (0, 639), (60, 419))] {
        screen.resize(window, width, height);
        let shot = shows(&screen, window, "the window has its new size", |shot| {
            shot.width == width as usize && shot.lit().is_some()
        });
        say(format!("{width}×{height}: lit from {:?}", shot.lit()));
        let lit = eventually(SOON, "the picture keeps its shape", || match screen.shot(window).lit() {
            Some(lit) if lit == [columns, rows] => Ok(lit),
            other => Err(format!("{other:?}")),
        });
        let (wide, high) = (lit[0].1 - lit[0].0 + 1, lit[1].1 - lit[1].0 + 1);
        assert_eq!(wide * 9, high * 16, "16:9");
    }
    // A key still arrives, and is drawn over what is there.
    screen.resize(window, 640, 360);
    shows(&screen, window, "it is as before", |shot| shot.width == 640 && shot.picture().highlighted() == 1);
    screen.press(RIGHT);
    shows(&screen, window, "the third tile has the highlight", |shot| shot.picture().highlighted() == 2);

    // A click gives a tile the highlight, another one opens it; a swipe goes on to the next.
    let middle = |place| {
        let tile = Area::tile(place);
        ((tile.x + tile.width / 2) as i16, (tile.y + tile.height / 2) as i16)
    };
    screen.drag(window, middle(4), middle(4));
    let page = shows(&screen, window, "the tile under the pointer has the highlight", |shot| {
        shot.picture().highlighted() == 4
    });
    let differs = |shot: &Shot, other: &Shot| {
        let (shot, other) = (shot.picture(), other.picture());
        shot.difference(&other, shot.whole()) > 5.0
    };
    screen.drag(window, middle(4), middle(4));
    let mut last: Option<(Shot, Instant)> = None;
    let full = shows(&screen, window, "the tile is opened", |shot| {
        // At first there may only be words that it is on its way.
        let (_, since) = last.take_if(|(before, _)| before == shot).unwrap_or_else(|| (shot.clone(), Instant::now()));
        last = Some((shot.clone(), since));
        differs(shot, &page) && since.elapsed() > Duration::from_millis(500)
    });
    // As fast as no hand is: motion goes another way than buttons, and overtakes them.
    screen.drag(window, (500, 200), (140, 200));
    shows(&screen, window, "a swipe leads to the next", |shot| differs(shot, &full) && differs(shot, &page));

    assert!(viewing.ended().is_none(), "it is still there");
    screen.close(window);
    let ended = viewing.finish(SOON).expect_code(0);
    say(format!("the window was closed; it said: {}", ended.stdout.trim()));
    assert!(ended.stdout.contains("epg.demo in zone-a/epg-a"), "{}", ended.stdout);
    scenes::all_free_of(&demo, "epg.demo");

    // The end of a session ends its window, and says why.
    let mut command = demo.command("view epg.demo");
    command.env("DISPLAY", &screen.display).env_remove("WAYLAND_DISPLAY");
    let viewing = Process::spawn("fusion view epg.demo", command);
    screen.window("epg.demo (zone-a/epg-a)");
    let active = eventually(SOON, "its slot is active", || {
        let state = demo.json("actors host-a/instance/epg-a");
        let slot = json::list(&state, "/state/slots").iter().find(|slot| slot["state"] == "active").cloned();
        slot.map(|slot| json::count(&slot, "/slot")).ok_or(state)
    });
    demo.ok(&format!("actors kill host-a/instance/epg-a/slot-{active}"));
    let ended = viewing.finish(SOON).expect_code(1);
    assert!(ended.stderr.contains("killed"), "{}", ended.stderr);
}

#[test]
fn a_screen_that_is_not_there_is_told_with_what_works_without() {
    let place = TempDir::new();
    for display in [None, Some(":4711")] {
        let mut command = tests_e2e::fusion();
        command.args(["view", "epg.demo", "--dir"]).arg(&*place);
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        command.envs(display.map(|display| ("DISPLAY", display)));
        let refused = tests_e2e::run(command, SOON).expect_code(1);
        for word in ["screen", "DISPLAY", "--record", "--y4m", "--no-window"] {
            assert!(refused.stderr.contains(word), "no {word} in: {}", refused.stderr);
        }
    }
}

/// Looks at a window until it shows something.
#[track_caller]
fn shows(screen: &Screen, window: u32, what: &str, mut is_it: impl FnMut(&Shot) -> bool) -> Shot {
    eventually(SOON, what, || {
        let shot = screen.shot(window);
        if is_it(&shot) { Ok(shot) } else { Err(format!("{}×{}, lit {:?}", shot.width, shot.height, shot.lit())) }
    })
}
