//! `fusion view` in a window.
//!
//! Owns: the window, on the process's first thread as window systems want it, and the thread on which the session runs
//! meanwhile. Pictures are decoded on a third one; the newest is shown, what it overtakes is not.
//! Refuses: to count, record or judge; that is the same with and without a window.

mod fit;
mod keys;
mod overlay;

use std::env;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, anyhow, bail};
use media_pipeline::draw_on_screen;
use media_share::I420;
use softbuffer::Surface;
use tokio::sync::oneshot;
use tokio::time::Instant;
use transport_viewer::{InputEvent, InputSender, SessionInfo, Stats};
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoop, EventLoopProxy, OwnedDisplayHandle};
use winit::keyboard::{Key, NamedKey};
use winit::window::{Window, WindowId};

use super::Screen;
use crate::cli::View;
use crate::home::Home;
use fit::Fit;
use keys::Hands;
use overlay::Overlay;

/// What works where there is no screen.
const REMEDY: &str = "without a screen use --record FILE.mp4, --y4m - (for another program), or --no-window";

/// What the session's threads tell the window.
enum Told {
    Opened(Box<(SessionInfo, InputSender)>),
    /// There is a newer picture.
    Picture,
    Measured(Box<Stats>),
    /// The session is over, and why is what its thread returns.
    Ended,
}

/// The newest picture, until it is taken.
type Newest = Arc<Mutex<Option<I420>>>;

/// Opens a window and runs the session beside it.
pub fn run(home: Home, args: View, json: bool) -> anyhow::Result<ExitCode> {
    super::checked(&args)?;
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(set) {
        bail!("there is no screen (neither DISPLAY nor WAYLAND_DISPLAY is set); {REMEDY}");
    }
    let events = EventLoop::<Told>::with_user_event().build().map_err(|error| {
        // Its words name a line of the library's code, which helps whoever reads logs.
        tracing::info!(%error, "no event loop");
        anyhow!("the screen that DISPLAY or WAYLAND_DISPLAY names cannot be used; {REMEDY}")
    })?;
    let display = softbuffer::Context::new(events.owned_display_handle())
        .map_err(|error| anyhow!("the screen cannot be drawn on: {error}; {REMEDY}"))?;
    let newest = Newest::default();
    let (close, closed) = oneshot::channel();
    let screen = screen(&events.create_proxy(), &newest, closed);
    let ended = events.create_proxy();
    let session = thread::Builder::new()
        .name("session".to_owned())
        .spawn(move || {
            let done = crate::in_runtime(super::run(&home, args, json, Some(screen)));
            // The window may have been closed first.
            let _ = ended.send_event(Told::Ended);
            done
        })
        .context("no thread for the session")?;
    let mut app = App { display, newest, close: Some(close), hands: Hands::default(), shown: None, trouble: None };
    let ran = events.run_app(&mut app);
    // However the window ended: the session hears of it, says goodbye, and is waited for; it bounds that itself.
    let trouble = app.trouble.take();
    drop(app);
    let done = session.join().map_err(|_| anyhow!("the session's thread has panicked"))?;
    ran.context("the window")?;
    match trouble {
        Some(trouble) => Err(trouble),
        None => done,
    }
}

fn screen(proxy: &EventLoopProxy<Told>, newest: &Newest, closed: oneshot::Receiver<()>) -> Screen {
    let (opened, shown, measured) = (proxy.clone(), proxy.clone(), proxy.clone());
    let newest = newest.clone();
    Screen {
        // A window that is gone is heard of by `closed`.
        opened: Box::new(move |info, inputs| drop(opened.send_event(Told::Opened(Box::new((info.clone(), inputs)))))),
        show: Box::new(move |frame| {
            let Some(picture) = frame.picture else { return Ok(ControlFlow::Continue(())) };
            let waiting = newest.lock().unwrap_or_else(PoisonError::into_inner).replace(picture).is_some();
            // Told once for all pictures that the window has not yet looked at.
            match waiting || shown.send_event(Told::Picture).is_ok() {
                true => Ok(ControlFlow::Continue(())),
                false => Ok(ControlFlow::Break(())),
            }
        }),
        measured: Box::new(move |stats| drop(measured.send_event(Told::Measured(Box::new(stats))))),
        closed,
    }
}

struct App {
    display: softbuffer::Context<OwnedDisplayHandle>,
    newest: Newest,
    /// Dropped, or used, it ends the session.
    close: Option<oneshot::Sender<()>>,
    hands: Hands,
    /// None until the session is open.
    shown: Option<Shown>,
    /// What went wrong with the window.
    trouble: Option<anyhow::Error>,
}

/// A window that is there.
struct Shown {
    window: Rc<Window>,
    surface: Surface<OwnedDisplayHandle, Rc<Window>>,
    inputs: InputSender,
    /// The picture's size, before the first one: the session's.
    size: (usize, usize),
    picture: Option<I420>,
    overlay: Overlay,
    overlaid: bool,
}

impl App {
    fn open(&self, on: &ActiveEventLoop, info: &SessionInfo, inputs: InputSender) -> anyhow::Result<Shown> {
        let attributes = Window::default_attributes()
            .with_title(format!("{} ({}/{})", info.service, info.zone, info.instance))
            .with_inner_size(LogicalSize::new(info.width, info.height))
            .with_min_inner_size(LogicalSize::new(info.width.min(160), info.height.min(90)));
        let window = Rc::new(on.create_window(attributes).context("the window cannot be opened")?);
        let surface = Surface::new(&self.display, window.clone())
            .map_err(|error| anyhow!("the window cannot be drawn on: {error}"))?;
        let size = (usize::from(info.width), usize::from(info.height));
        Ok(Shown { window, surface, inputs, size, picture: None, overlay: Overlay::default(), overlaid: false })
    }

    /// Ends the session and the window.
    fn end(&mut self, on: &ActiveEventLoop) {
        if let Some(close) = self.close.take() {
            // The session may have ended first.
            let _ = close.send(());
        }
        on.exit();
    }

    /// What happened in the window, as inputs of the session.
    fn inputs(&mut self, event: &WindowEvent) -> Vec<InputEvent> {
        let Some(shown) = &mut self.shown else { return Vec::new() };
        let hands = &mut self.hands;
        match event {
            // Enter a window with Tab held, say: the press belongs to another one.
            WindowEvent::KeyboardInput { is_synthetic: true, .. } => Vec::new(),
            WindowEvent::KeyboardInput { event, .. } if event.logical_key == Key::Named(NamedKey::F1) => {
                if event.state.is_pressed() && !event.repeat {
                    shown.overlaid = !shown.overlaid;
                    shown.window.request_redraw();
                }
                Vec::new()
            }
            WindowEvent::KeyboardInput { event, .. } => hands.key(event).into_iter().collect(),
            WindowEvent::CursorMoved { position, .. } => {
                hands.pointer(position.x, position.y, &shown.fit()).into_iter().collect()
            }
            WindowEvent::MouseInput { state, button, .. } => hands.button(*button, *state).into_iter().collect(),
            WindowEvent::MouseWheel { delta, .. } => hands.wheel(*delta),
            WindowEvent::Touch(touch) => {
                hands.touch(touch.id, touch.phase, touch.location.x, touch.location.y, &shown.fit())
            }
            WindowEvent::Focused(false) => hands.let_go(),
            _ => Vec::new(),
        }
    }
}

impl Shown {
    fn fit(&self) -> Fit {
        let window = self.window.inner_size();
        Fit::of(self.size, (window.width as usize, window.height as usize))
    }

    fn draw(&mut self, newest: &Newest) -> Result<(), softbuffer::SoftBufferError> {
        if let Some(picture) = newest.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.size = (picture.size().width(), picture.size().height());
            self.picture = Some(picture);
        }
        let window = self.window.inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(window.width), NonZeroU32::new(window.height)) else {
            // Minimised.
            return Ok(());
        };
        let fit = self.fit();
        self.surface.resize(width, height)?;
        let mut buffer = self.surface.buffer_mut()?;
        let width = window.width as usize;
        let whole = fit.columns.len() == width && fit.rows.len() == window.height as usize;
        if self.picture.is_none() || !whole {
            buffer.fill(0);
        }
        if let Some(picture) = &self.picture {
            draw_on_screen(picture, &mut buffer, width, fit.columns, fit.rows);
        }
        if self.overlaid {
            self.overlay.draw(&mut buffer, width);
        }
        self.window.pre_present_notify();
        buffer.present()
    }
}

impl ApplicationHandler<Told> for App {
    fn resumed(&mut self, _on: &ActiveEventLoop) {}

    fn user_event(&mut self, on: &ActiveEventLoop, told: Told) {
        match (told, &mut self.shown) {
            (Told::Ended, _) => self.end(on),
            (Told::Opened(opened), _) => {
                let (info, inputs) = *opened;
                match self.open(on, &info, inputs) {
                    Ok(shown) => self.shown = Some(shown),
                    Err(error) => {
                        self.trouble = Some(error.context(REMEDY));
                        self.end(on);
                    }
                }
            }
            (Told::Picture, Some(shown)) => shown.window.request_redraw(),
            (Told::Measured(stats), Some(shown)) => {
                shown.overlay.measured(Instant::now(), *stats);
                if shown.overlaid {
                    shown.window.request_redraw();
                }
            }
            (Told::Picture | Told::Measured(_), None) => {}
        }
    }

    fn window_event(&mut self, on: &ActiveEventLoop, _window: WindowId, event: WindowEvent) {
        for input in self.inputs(&event) {
            // More than the session takes is lost, as it would be on the way; nobody types that fast.
            if let Some(Err(error)) = self.shown.as_ref().map(|shown| shown.inputs.send(input)) {
                tracing::debug!(%error, "an input is lost");
            }
        }
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => self.end(on),
            WindowEvent::Resized(_) => {
                if let Some(shown) = &self.shown {
                    shown.window.request_redraw();
                }
            }
            WindowEvent::RedrawRequested => {
                if let Some(Err(error)) = self.shown.as_mut().map(|shown| shown.draw(&self.newest)) {
                    self.trouble = Some(anyhow!("the window cannot be drawn on: {error}").context(REMEDY));
                    self.end(on);
                }
            }
            _ => {}
        }
    }
}
