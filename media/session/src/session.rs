//! The actor of one slot. Idle it is a path and a mailbox; with a viewer it drives a playback and sends its pictures.
//!
//! ```text
//!   idle ──attach──► playing ◄──attach──┐
//!                       └──detach──► detached       (and its end, from anywhere: the factory stops it)
//! ```
//!
//! Owns: the playback, the units under way, the reading of the viewer's input. Refuses: deciding when a session ends; that
//! is the factory's.

mod inputs;
mod order;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actors_kernel::{Actor, Answer, Caller, Cx, Handler};
use actors_protocol::input::Input;
use actors_protocol::{Message, Millis, ServiceName, SessionId};
use media_share::{Codec, Format, Note, Opening, Playback, Program};
use tokio::sync::oneshot;
use transport_link::media::{Outcome, UnitReset};
use transport_link::{Connection, UnitSender};
use transport_wire::media::MediaHeader;

use crate::delivery::{Delivery, Effect, Place};
use crate::notes::Notes;
use crate::raw::{self, Screen};
use inputs::{hand_in, read_datagrams, read_inputs};
use order::Order;

actors_protocol::inward_protocol! {
    /// Only its factory speaks to a session.
    pub protocol Session("session")
}

/// A viewer takes the slot, or comes back to it.
pub(crate) struct Attach {
    pub(crate) session: SessionId,
    pub(crate) service: ServiceName,
    pub(crate) connection: Connection,
}

impl Message for Attach {
    type Reply = ();
}

/// A raw client takes the slot.
pub(crate) struct AttachRaw {
    pub(crate) session: SessionId,
    pub(crate) service: ServiceName,
    pub(crate) stream: tokio::net::TcpStream,
    /// Is told, in words, when the client has gone.
    pub(crate) gone: oneshot::Sender<String>,
}

impl Message for AttachRaw {
    type Reply = ();
}

/// The viewer's connection is lost; it may come back.
pub(crate) struct Detach;

impl Message for Detach {
    type Reply = ();
}

/// An input arrived on the connection of this attachment.
pub(crate) struct Arrived {
    attachment: u32,
    input: Input,
    /// On the stream, or in a datagram.
    on_stream: bool,
}

impl Message for Arrived {
    type Reply = ();
}

/// What is there only while a viewer has the slot.
struct Playing {
    session: SessionId,
    format: Format,
    playback: Box<dyn Playback>,
    delivery: Delivery,
    way: Way,
    /// Counts the connections of this session: what belongs to an earlier one is not listened to.
    attachment: u32,
    order: Order,
    under_way: BTreeMap<Place, UnitReset>,
    /// Made with the first note on a connection: most services have none.
    notes: Option<Notes>,
    /// For a viewer that comes back over another connection.
    last_note: Option<Note>,
}

impl Playing {
    /// Sends a note. A viewer that does not read its notes misses some.
    fn note(&mut self, connection: &Connection, note: Note, cx: &mut Cx<'_, SessionActor>) {
        self.last_note = Some(note.clone());
        let notes = self.notes.get_or_insert_with(|| {
            let (notes, sending) = Notes::open(connection.clone());
            cx.run(sending, |_, (), _| {});
            notes
        });
        notes.send(note);
    }
}

/// How pictures get to whoever watches.
enum Way {
    /// Nobody is there at the moment.
    Away,
    /// A viewer: each picture on a stream of its own.
    Viewer(Connection),
    /// A raw client: the newest picture, when its time has come.
    Raw(Screen),
}

/// See the module.
pub(crate) struct SessionActor {
    program: Rc<dyn Program>,
    ready: Option<oneshot::Sender<()>>,
    playing: Option<Box<Playing>>,
}

impl SessionActor {
    pub(crate) fn new(program: Rc<dyn Program>, ready: oneshot::Sender<()>) -> SessionActor {
        SessionActor { program, ready: Some(ready), playing: None }
    }

    /// Sends what is due, gives up what is late, and sets the timer for the next of either.
    fn pump(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(playing) = &mut self.playing else { return };
        let (format, now) = (playing.format, cx.now());
        let connection = match &playing.way {
            Way::Viewer(connection) => connection.clone(),
            Way::Raw(screen) => {
                while let Some(picture) = playing.playback.poll_picture(now) {
                    if !picture.repeat {
                        screen.show(picture.data);
                    }
                }
                self.settle(cx);
                return;
            }
            Way::Away => {
                cx.wake_at(None);
                return;
            }
        };
        let rtt = Millis::from(connection.rtt());
        playing.delivery.on_timeout(now, rtt);
        if let Some(path) = playing.delivery.look(now, rtt) {
            playing.playback.path(now, &path);
        }
        loop {
            while let Some(effect) = playing.delivery.poll_effect() {
                match effect {
                    Effect::GiveUp(place) => {
                        if let Some(unit) = playing.under_way.remove(&place) {
                            unit.reset();
                        }
                    }
                    Effect::SkipToKey => playing.playback.skip_to_key(now),
                    Effect::Freshen => playing.playback.freshen(now),
                }
            }
            let Some(picture) = playing.playback.poll_picture(now) else { break };
            if let Some(note) = playing.playback.poll_note() {
                playing.note(&connection, note, cx);
            }
            let Some(admitted) = playing.delivery.admit(now, &picture) else { continue };
            let header = MediaHeader {
                key: picture.key,
                repeat: picture.repeat,
                codec: match format.codec {
                    Codec::H264 => transport_wire::Codec::H264,
                    Codec::I420 => transport_wire::Codec::I420,
                },
                group: admitted.place.group,
                unit: admitted.place.unit,
                previous: admitted.previous,
                picture: picture.number,
                pts_us: picture.pts_us,
                last_input: picture.last_input,
                width: format.width,
                height: format.height,
                payload_len: 0,
            };
            let (place, attachment) = (admitted.place, playing.attachment);
            match UnitSender::send(&connection, header, picture.data) {
                Ok(unit) => {
                    playing.under_way.insert(place, unit.handle());
                    cx.run(unit, move |session, outcome, cx| session.ended(place, attachment, outcome, cx));
                }
                Err(error) => {
                    tracing::error!(session = playing.session.0, "a picture cannot be sent: {error}");
                    playing.delivery.refused(place);
                }
            }
        }
        self.settle(cx);
    }

    /// After pictures were polled: is it over, and when is there more to do?
    fn settle(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(playing) = &self.playing else { return };
        if let Some(cause) = playing.playback.over() {
            tracing::warn!(session = playing.session.0, "the session is over: {cause}");
            cx.stop();
            return;
        }
        let next = [playing.playback.poll_timeout(), playing.delivery.poll_timeout()];
        cx.wake_at(next.into_iter().flatten().min());
    }

    /// What is there while somebody has the slot; begun now if it is not.
    fn playing(&mut self, session: SessionId, service: ServiceName, raw: bool, cx: &Cx<'_, Self>) -> &mut Playing {
        self.playing.get_or_insert_with(|| {
            let waker = cx.waker();
            let format = self.program.format(&service);
            let format = if raw { Format { codec: Codec::I420, bit_rate: None, ..format } } else { format };
            let opening = Opening { service, session, format, wake: Arc::new(move || waker.wake()) };
            Box::new(Playing {
                session,
                format,
                playback: self.program.open(cx.now(), opening),
                delivery: Delivery::default(),
                way: Way::Away,
                attachment: 0,
                order: Order::default(),
                under_way: BTreeMap::new(),
                notes: None,
                last_note: None,
            })
        })
    }

    fn ended(&mut self, place: Place, attachment: u32, outcome: Outcome, cx: &mut Cx<'_, Self>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.attachment == attachment) else { return };
        playing.under_way.remove(&place);
        match outcome {
            Outcome::Acknowledged => playing.delivery.acknowledged(place),
            Outcome::Reset | Outcome::Lost => {
                playing.delivery.refused(place);
                self.pump(cx);
            }
        }
    }
}

impl Actor for SessionActor {
    type Protocol = Session;

    fn started(&mut self, _: &mut Cx<'_, Self>) {
        // A factory that has gone meanwhile takes this actor with it.
        let _ = self.ready.take().map(|ready| ready.send(()));
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        self.pump(cx);
    }

    fn state(&self, _now: Millis) -> serde_json::Value {
        let Some(playing) = &self.playing else { return serde_json::json!({ "session": null }) };
        let link = match &playing.way {
            Way::Viewer(connection) => {
                serde_json::json!({ "viewer": connection.peer().address, "rtt_us": connection.rtt().as_micros() as u64 })
            }
            Way::Raw(_) => "raw".into(),
            Way::Away => serde_json::Value::Null,
        };
        serde_json::json!({
            "session": playing.session,
            "connection": link,
            "attachment": playing.attachment,
            "playback": {
                "next": playing.playback.state().next, "given": playing.playback.state().given,
                "skipped": playing.playback.state().skipped, "inputs": playing.playback.state().inputs,
            },
            "units": {
                "sent": playing.delivery.sent(), "late": playing.delivery.late(),
                "under_way": playing.delivery.under_way(),
            },
            "last_input": playing.order.last(),
        })
    }
}

impl Handler<Attach> for SessionActor {
    fn handle(&mut self, attach: Attach, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let now = cx.now();
        let playing = self.playing(attach.session, attach.service, false, cx);
        if playing.attachment > 0 {
            playing.delivery.detached();
            playing.under_way.clear();
            playing.playback.resume(now);
        }
        playing.attachment += 1;
        playing.way = Way::Viewer(attach.connection.clone());
        playing.notes = None;
        if let Some(note) = playing.last_note.take() {
            playing.note(&attach.connection, note, cx);
        }
        let attachment = playing.attachment;
        let inputs = read_inputs(attach.connection.clone(), cx.me(), attachment);
        cx.run(inputs, |_, (), _| {});
        cx.run(read_datagrams(attach.connection, cx.me(), attachment), |_, (), _| {});
        self.pump(cx);
        ().into()
    }
}

impl Handler<AttachRaw> for SessionActor {
    fn handle(&mut self, attach: AttachRaw, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let screen = Screen::default();
        let playing = self.playing(attach.session, attach.service, true, cx);
        playing.attachment += 1;
        playing.way = Way::Raw(screen.clone());
        let (format, attachment, me) = (playing.format, playing.attachment, cx.me());
        let (reading, writing) = attach.stream.into_split();
        let inputs = async move |input| hand_in(&me, attachment, input, true).await;
        let (write, read) = (raw::write(writing, format, screen), raw::read(reading, format, inputs));
        let both = async {
            tokio::pin!(write, read);
            tokio::select! {
                biased;
                why = &mut write => why,
                why = &mut read => match why {
                    Some(why) => why,
                    None => write.await,
                },
            }
        };
        cx.run(both, |_, why, _| {
            // A factory that has gone takes this actor with it.
            let _ = attach.gone.send(why);
        });
        self.pump(cx);
        ().into()
    }
}

impl Handler<Detach> for SessionActor {
    fn handle(&mut self, _: Detach, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        if let Some(playing) = &mut self.playing {
            playing.way = Way::Away;
            playing.delivery.detached();
            playing.under_way.clear();
            playing.playback.pause(cx.now());
        }
        self.pump(cx);
        ().into()
    }
}

impl Handler<Arrived> for SessionActor {
    fn handle(&mut self, arrived: Arrived, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        let now = cx.now();
        if let Some(playing) = self.playing.as_mut().filter(|playing| playing.attachment == arrived.attachment) {
            let Playing { order, playback, .. } = &mut **playing;
            match arrived.on_stream {
                true => order.on_stream(arrived.input).for_each(|input| playback.input(now, &input)),
                false => order.in_datagram(arrived.input).iter().for_each(|input| playback.input(now, input)),
            }
            self.pump(cx);
        }
        ().into()
    }
}
