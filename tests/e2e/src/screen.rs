//! A screen in memory, with a hand on its keyboard and an eye on what it shows: Xvfb, and a client of it.
//!
//! Keys go in by XTEST, which to every program are those of a keyboard. There is no window manager: what one does, which is
//! to give the focus, to resize and to ask a window to close, is done here with the same messages.
//!
//! Owns: the server, the client. Refuses: machines without Xvfb, by name ([`Screen::start`]).

use std::process::Command;
use std::time::Duration;

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    Atom, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _,
    EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::pictures::Picture;
use crate::{Process, eventually, skipped};

/// It is up after a second.
const UP_WITHIN: Duration = Duration::from_secs(30);
/// Larger than any window of a test.
const SIZE: &str = "1280x1024x24";

/// A running screen.
#[derive(Debug)]
pub struct Screen {
    /// As `DISPLAY` has it, such as `:3`.
    pub display: String,
    client: RustConnection,
    root: Window,
    _server: Process,
}

/// What a window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Red, green, blue of each pixel, row by row.
    pub pixels: Vec<[u8; 3]>,
}

impl Screen {
    /// Starts one on a display that is free. None, said aloud, on a machine without Xvfb.
    #[track_caller]
    pub fn start() -> Option<Screen> {
        if Command::new("Xvfb").arg("-version").output().is_err() {
            skipped("Xvfb (the Debian package xvfb; `make deps` installs it)");
            return None;
        }
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"]);
        let mut server = Process::spawn("Xvfb", command);
        let number: u32 = server.wait_for_line(UP_WITHIN, "the display's number", |line| line.trim().parse().ok());
        let display = format!(":{number}");
        let connected = x11rb::connect(Some(&display));
        let (client, screen) = connected.unwrap_or_else(|error| panic!("the display {display}: {error}"));
        let root = client.setup().roots[screen].root;
        Some(Screen { display, client, root, _server: server })
    }

    /// Waits for a window whose title has these words, and gives it the focus.
    #[track_caller]
    pub fn window(&self, title: &str) -> Window {
        let name = self.atom("_NET_WM_NAME");
        let text = self.atom("UTF8_STRING");
        let titled = |window: &Window| {
            let reply = self.client.get_property(false, *window, name, text, 0, 256).ok()?.reply().ok()?;
            Some(String::from_utf8_lossy(&reply.value).contains(title))
        };
        let window = eventually(UP_WITHIN, &format!("a window '{title}'"), || {
            let tree = self.client.query_tree(self.root).expect("sent").reply().expect("the root is there");
            let viewable = |window: &Window| self.size(*window).is_some();
            let found = tree.children.into_iter().find(|window| titled(window) == Some(true) && viewable(window));
            found.ok_or("no such window")
        });
        eventually(UP_WITHIN, "the window has the focus", || {
            // It cannot have it before it is seen.
            let given = self.client.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME);
            given.map_err(|error| error.to_string())?.check().map_err(|error| error.to_string())
        });
        window
    }

    /// Presses a key and lets it go.
    #[track_caller]
    pub fn press(&self, keysym: u32) {
        let setup = self.client.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let map = self.client.get_keyboard_mapping(first, count).expect("sent").reply().expect("there is a keyboard");
        let per = usize::from(map.keysyms_per_keycode);
        let at = map.keysyms.chunks(per).position(|row| row.first() == Some(&keysym));
        let at = at.unwrap_or_else(|| panic!("no key has the keysym {keysym:#x}"));
        let code = first + u8::try_from(at).expect("there are 255 at most");
        self.fake(KEY_PRESS_EVENT, code, (0, 0));
        self.fake(KEY_RELEASE_EVENT, code, (0, 0));
    }

    /// Puts the pointer on a place in a window, presses its first button, and lets it go at another place: a click if it is
    /// the same, else a swipe.
    #[track_caller]
    pub fn drag(&self, window: Window, from: (i16, i16), to: (i16, i16)) {
        let place =
            self.client.translate_coordinates(window, self.root, 0, 0).expect("sent").reply().expect("it is seen");
        let at = |(x, y): (i16, i16)| (place.dst_x + x, place.dst_y + y);
        self.fake(MOTION_NOTIFY_EVENT, 0, at(from));
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0));
        self.fake(MOTION_NOTIFY_EVENT, 0, at(to));
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0));
    }

    #[track_caller]
    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) {
        let sent = self.client.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0);
        sent.expect("sent").check().expect("Xvfb has XTEST");
    }

    /// Width and height of a window that is seen.
    pub fn size(&self, window: Window) -> Option<(usize, usize)> {
        let shape = self.client.get_geometry(window).ok()?.reply().ok()?;
        Some((usize::from(shape.width), usize::from(shape.height)))
    }

    /// Resizes a window.
    #[track_caller]
    pub fn resize(&self, window: Window, width: u32, height: u32) {
        let wanted = ConfigureWindowAux::new().width(width).height(height);
        self.client.configure_window(window, &wanted).expect("sent").check().expect("the window is there");
    }

    /// Asks a window to close, as the cross in its corner does.
    #[track_caller]
    pub fn close(&self, window: Window) {
        let (protocols, close) = (self.atom("WM_PROTOCOLS"), self.atom("WM_DELETE_WINDOW"));
        let message = ClientMessageEvent::new(32, window, protocols, [close, x11rb::CURRENT_TIME, 0, 0, 0]);
        let sent = self.client.send_event(false, window, EventMask::NO_EVENT, message);
        sent.expect("sent").check().expect("the window is there");
    }

    /// What a window shows now.
    #[track_caller]
    pub fn shot(&self, window: Window) -> Shot {
        let (width, height) = self.size(window).expect("the window is there");
        let (across, down) = (u16::try_from(width).expect("small"), u16::try_from(height).expect("small"));
        let image = self.client.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, across, down, u32::MAX);
        let data = image.expect("sent").reply().expect("the window is seen").data;
        let pixels: Vec<_> = data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        assert_eq!(pixels.len(), width * height, "32 bits a pixel, blue first");
        Shot { width, height, pixels }
    }

    fn atom(&self, name: &str) -> Atom {
        self.client.intern_atom(false, name.as_bytes()).expect("sent").reply().expect("the server answers").atom
    }
}

impl Shot {
    /// How bright it is, to be compared with other pictures.
    pub fn picture(&self) -> Picture {
        // ITU-R BT.601, in whole numbers.
        let luma = |[red, green, blue]: &[u8; 3]| {
            ((u32::from(*red) * 77 + u32::from(*green) * 150 + u32::from(*blue) * 29) >> 8) as u8
        };
        Picture { width: self.width, height: self.height, luma: self.pixels.iter().map(luma).collect() }
    }

    /// The first and the last row, or column, that is not all black; none if all are.
    pub fn lit(&self) -> Option<[(usize, usize); 2]> {
        let lit = |x: usize, y: usize| self.pixels[y * self.width + x] != [0; 3];
        let columns: Vec<_> = (0..self.width).filter(|x| (0..self.height).any(|y| lit(*x, y))).collect();
        let rows: Vec<_> = (0..self.height).filter(|y| (0..self.width).any(|x| lit(x, *y))).collect();
        Some([(*columns.first()?, *columns.last()?), (*rows.first()?, *rows.last()?)])
    }
}
