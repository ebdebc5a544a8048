//! The window of the peer of latency: it has another colour after each key. A process of its own, as any X client is.

use anyhow::{Context, bail};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeGCAux, ConnectionExt, CreateGCAux, CreateWindowAux, EventMask, InputFocus, Rectangle, WindowClass,
};

use crate::child;

/// Pixels: a small one.
pub const SIZE: (u16, u16) = (160, 90);
/// Of 24 bits, in turns.
pub const COLOURS: [u32; 2] = [0x00c0_3020, 0x0020_60c0];

/// The window's process. The first word is the display; it answers when the window is there, and goes on until it is killed.
pub async fn serve() -> anyhow::Result<()> {
    let mut words = child::words()?;
    child::say(&())?;
    let display = words.recv().await.context("no display was named")?;
    let (connection, number) = x11rb::connect(Some(&display)).context("the display cannot be reached")?;
    let screen = &connection.setup().roots[number];
    let (window, ink) = (connection.generate_id()?, connection.generate_id()?);
    let looks = CreateWindowAux::new()
        .background_pixel(COLOURS[0])
        .override_redirect(1)
        .event_mask(EventMask::KEY_PRESS | EventMask::EXPOSURE);
    let (wide, high) = SIZE;
    let depth = x11rb::COPY_DEPTH_FROM_PARENT;
    connection.create_window(depth, window, screen.root, 0, 0, wide, high, 0, WindowClass::INPUT_OUTPUT, 0, &looks)?;
    connection.create_gc(ink, window, &CreateGCAux::new().foreground(COLOURS[0]))?;
    connection.map_window(window)?;
    connection.flush()?;
    while !matches!(connection.wait_for_event()?, Event::Expose(_)) {}
    // There is no window manager that would do it.
    connection.set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME)?;
    connection.get_input_focus()?.reply()?;
    child::say(&())?;
    let mut colour = 0;
    loop {
        match connection.wait_for_event()? {
            Event::KeyPress(_) => {
                colour = 1 - colour;
                connection.change_gc(ink, &ChangeGCAux::new().foreground(COLOURS[colour]))?;
                let whole = Rectangle { x: 0, y: 0, width: wide, height: high };
                connection.poly_fill_rectangle(window, ink, &[whole])?;
                connection.flush()?;
            }
            Event::Error(error) => bail!("the X server refuses: {error:?}"),
            _ => {}
        }
    }
}
