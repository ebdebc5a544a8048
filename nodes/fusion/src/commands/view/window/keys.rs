//! What is pressed in a window, as inputs of a session.
//!
//! Owns: the X11 keysyms of keys, and what is held down: it is let go when the window loses the focus, and by the name under
//! which it was pressed.
//! Refuses: to send.

use std::collections::BTreeMap;

use transport_viewer::{InputEvent, keysym};
use winit::event::{ElementState, KeyEvent, MouseButton, MouseScrollDelta, TouchPhase};
use winit::keyboard::{Key, KeyLocation, NamedKey, PhysicalKey};

use super::fit::Fit;

/// How far a touchpad scrolls for one step of a wheel, in pixels.
const STEP_PIXELS: f64 = 40.0;
/// Steps of one turn of the wheel, at most.
const STEPS_MAX: i32 = 10;
/// The wheel, turned away from the user, and towards.
const UP: u8 = 4;
const DOWN: u8 = 5;

/// See the module.
#[derive(Default)]
pub struct Hands {
    keys: BTreeMap<PhysicalKey, u32>,
    buttons: Vec<u8>,
    finger: Option<u64>,
    pointer: (u16, u16),
    scrolled: f64,
}

impl Hands {
    /// A key went down or up.
    pub fn key(&mut self, event: &KeyEvent) -> Option<InputEvent> {
        match event.state {
            ElementState::Pressed => {
                let keysym = keysym_of(&event.logical_key, event.location)?;
                self.keys.insert(event.physical_key, keysym);
                Some(InputEvent::Key { keysym, down: true })
            }
            // What it was when it went down: with Shift let go first, it would be another now.
            ElementState::Released => {
                let keysym = self.keys.remove(&event.physical_key)?;
                Some(InputEvent::Key { keysym, down: false })
            }
        }
    }

    /// The pointer moved, to pixels of the window. None = it is where it was.
    pub fn pointer(&mut self, x: f64, y: f64, fit: &Fit) -> Option<InputEvent> {
        let at = fit.in_picture(x, y);
        (at != self.pointer).then(|| {
            self.pointer = at;
            InputEvent::Pointer { x: at.0, y: at.1 }
        })
    }

    /// A button went down or up.
    pub fn button(&mut self, button: MouseButton, state: ElementState) -> Option<InputEvent> {
        let button = match button {
            MouseButton::Left => 1,
            MouseButton::Middle => 2,
            MouseButton::Right => 3,
            MouseButton::Back | MouseButton::Forward | MouseButton::Other(_) => return None,
        };
        self.press(button, state.is_pressed())
    }

    fn press(&mut self, button: u8, down: bool) -> Option<InputEvent> {
        let held = self.buttons.contains(&button);
        self.buttons.retain(|other| *other != button);
        if down {
            self.buttons.push(button);
        }
        (held != down).then_some(InputEvent::Button { button, down })
    }

    /// The wheel was turned: a button for each step.
    pub fn wheel(&mut self, delta: MouseScrollDelta) -> Vec<InputEvent> {
        let steps = match delta {
            MouseScrollDelta::LineDelta(_, lines) => f64::from(lines),
            MouseScrollDelta::PixelDelta(by) => by.y / STEP_PIXELS,
        };
        self.scrolled += steps;
        let whole = (self.scrolled.trunc() as i32).clamp(-STEPS_MAX, STEPS_MAX);
        self.scrolled = self.scrolled.fract();
        let button = if whole > 0 { UP } else { DOWN };
        let step = [true, false].map(|down| InputEvent::Button { button, down });
        step.repeat(whole.unsigned_abs() as usize)
    }

    /// A finger: it is the pointer, with the first button down for as long as it touches. Others are not heeded.
    pub fn touch(&mut self, finger: u64, phase: TouchPhase, x: f64, y: f64, fit: &Fit) -> Vec<InputEvent> {
        match (phase, self.finger) {
            (TouchPhase::Started, None) => self.finger = Some(finger),
            (TouchPhase::Moved, Some(first)) if first == finger => {}
            (TouchPhase::Ended | TouchPhase::Cancelled, Some(first)) if first == finger => self.finger = None,
            _ => return Vec::new(),
        }
        let moved = self.pointer(x, y, fit);
        let pressed = match phase {
            TouchPhase::Moved => None,
            TouchPhase::Started => self.press(1, true),
            TouchPhase::Ended | TouchPhase::Cancelled => self.press(1, false),
        };
        moved.into_iter().chain(pressed).collect()
    }

    /// Lets go of everything.
    pub fn let_go(&mut self) -> Vec<InputEvent> {
        self.finger = None;
        let keys = std::mem::take(&mut self.keys).into_values().map(|keysym| InputEvent::Key { keysym, down: false });
        let buttons =
            std::mem::take(&mut self.buttons).into_iter().map(|button| InputEvent::Button { button, down: false });
        keys.chain(buttons).collect()
    }
}

/// X11's number of a key (keysymdef.h, XF86keysym.h). None = it has none that a service could know.
fn keysym_of(key: &Key, location: KeyLocation) -> Option<u32> {
    let right = location == KeyLocation::Right;
    let sided = |left: u32| if right { left + 1 } else { left };
    let named = match key {
        Key::Character(text) => return keysym(text).ok(),
        Key::Named(named) => named,
        Key::Unidentified(_) | Key::Dead(_) => return None,
    };
    Some(match named {
        NamedKey::Backspace => 0xff08,
        NamedKey::Tab => 0xff09,
        NamedKey::Enter => 0xff0d,
        NamedKey::Pause => 0xff13,
        NamedKey::Escape => 0xff1b,
        NamedKey::Space => 0x0020,
        NamedKey::Home => 0xff50,
        NamedKey::ArrowLeft => 0xff51,
        NamedKey::ArrowUp => 0xff52,
        NamedKey::ArrowRight => 0xff53,
        NamedKey::ArrowDown => 0xff54,
        NamedKey::PageUp => 0xff55,
        NamedKey::PageDown => 0xff56,
        NamedKey::End => 0xff57,
        NamedKey::Insert => 0xff63,
        NamedKey::ContextMenu => 0xff67,
        NamedKey::Help => 0xff6a,
        NamedKey::NumLock => 0xff7f,
        NamedKey::Delete => 0xffff,
        NamedKey::CapsLock => 0xffe5,
        NamedKey::Shift => sided(0xffe1),
        NamedKey::Control => sided(0xffe3),
        NamedKey::Alt => sided(0xffe9),
        NamedKey::Super => sided(0xffeb),
        NamedKey::AltGraph => 0xfe03,
        NamedKey::MediaPlayPause => 0x1008_ff14,
        NamedKey::MediaStop => 0x1008_ff15,
        NamedKey::BrowserBack => 0x1008_ff26,
        other => 0xffbe + FUNCTION_KEYS.iter().position(|known| known == other)? as u32,
    })
}

/// In the order of their keysyms.
const FUNCTION_KEYS: [NamedKey; 12] = [
    NamedKey::F1,
    NamedKey::F2,
    NamedKey::F3,
    NamedKey::F4,
    NamedKey::F5,
    NamedKey::F6,
    NamedKey::F7,
    NamedKey::F8,
    NamedKey::F9,
    NamedKey::F10,
    NamedKey::F11,
    NamedKey::F12,
];

#[cfg(test)]
mod tests {
    use winit::dpi::PhysicalPosition;

    use super::*;

    fn fit() -> Fit {
        Fit::of((640, 360), (640, 360))
    }

    #[test]
    fn keys_have_the_names_of_x11() {
        let name = |key| keysym_of(&key, KeyLocation::Standard);
        assert_eq!(name(Key::Character("a".into())), Some(0x61));
        assert_eq!(name(Key::Character("É".into())), Some(0xc9));
        assert_eq!(name(Key::Named(NamedKey::F1)), Some(0xffbe));
        assert_eq!(name(Key::Named(NamedKey::F12)), Some(0xffc9));
        assert_eq!(name(Key::Named(NamedKey::F35)), None);
        assert_eq!(name(Key::Dead(None)), None);
        assert_eq!(keysym_of(&Key::Named(NamedKey::Shift), KeyLocation::Right), Some(0xffe2));
        for (named, words) in [
            (NamedKey::ArrowRight, "Right"),
            (NamedKey::Enter, "Return"),
            (NamedKey::PageUp, "Page_Up"),
            (NamedKey::PageDown, "Page_Down"),
            (NamedKey::Escape, "Escape"),
            (NamedKey::Tab, "Tab"),
            (NamedKey::Space, "space"),
            (NamedKey::Alt, "Alt_L"),
        ] {
            assert_eq!(name(Key::Named(named)), keysym(words).ok(), "{words}");
        }
    }

    #[test]
    fn a_finger_is_a_pointer_with_a_button() {
        let mut hands = Hands::default();
        let at = |x, y| InputEvent::Pointer { x, y };
        let one = |down| InputEvent::Button { button: 1, down };
        let fit = fit();
        assert_eq!(hands.touch(7, TouchPhase::Started, 320.0, 180.0, &fit), [at(32_768, 32_768), one(true)]);
        assert_eq!(hands.touch(8, TouchPhase::Started, 1.0, 1.0, &fit), [], "a second finger");
        assert_eq!(hands.touch(7, TouchPhase::Moved, 320.0, 90.0, &fit), [at(32_768, 16_384)]);
        assert_eq!(hands.touch(8, TouchPhase::Ended, 1.0, 1.0, &fit), []);
        assert_eq!(hands.touch(7, TouchPhase::Ended, 320.0, 90.0, &fit), [one(false)]);
    }

    #[test]
    fn what_is_held_is_let_go_once() {
        let mut hands = Hands::default();
        let down = |down| InputEvent::Button { button: 3, down };
        assert_eq!(hands.button(MouseButton::Right, ElementState::Pressed), Some(down(true)));
        assert_eq!(hands.button(MouseButton::Right, ElementState::Pressed), None);
        assert_eq!(hands.let_go(), [down(false)]);
        assert_eq!(hands.button(MouseButton::Right, ElementState::Released), None);
        assert_eq!(hands.let_go(), []);
    }

    #[test]
    fn a_wheel_is_buttons_and_small_turns_add_up() {
        let mut hands = Hands::default();
        let step = |button| [true, false].map(|down| InputEvent::Button { button, down });
        assert_eq!(hands.wheel(MouseScrollDelta::LineDelta(0.0, 1.0)), step(4));
        let third = MouseScrollDelta::PixelDelta(PhysicalPosition::new(0.0, -STEP_PIXELS / 2.0));
        assert_eq!(hands.wheel(third), []);
        assert_eq!(hands.wheel(third), step(5));
        assert_eq!(hands.wheel(MouseScrollDelta::LineDelta(0.0, -1e9)).len(), 2 * STEPS_MAX as usize);
    }
}
