//! The actor that the tests talk to: does what it is told, and writes down what is done to it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actors_kernel::{Access, Actor, Answer, Caller, Cx, Handler, Message, Promise, Routes};
use actors_protocol::{Millis, NodeName, Protocol, Role, Roles, Tag, actor_protocol, table};
use serde::{Deserialize, Serialize};

actor_protocol! {
    /// What a probe is told.
    pub protocol Probing("probe") {
        0x7f01 => Say -> String;
        0x7f02 => Note -> u64;
        0x7f03 => Wait -> u64;
        0x7f04 => Boom -> ();
        0x7f05 => Forget -> ();
        0x7f06 => Who -> Seen;
        0x7f07 => Secret -> ();
        0x7f08 => Repeat -> String;
        0x7f09 => Newer -> u64, since 1;
    }
}

/// Says it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Say(pub String);
/// Writes a number down; the answer is how many there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note(pub u64);
/// Answers with the number after as many milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait(pub u64);
/// Panics with these words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boom(pub String);
/// Promises an answer and drops the promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forget;
/// Who asks?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Who;
/// The caller as the probe sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub roles: Roles,
    pub node: Option<NodeName>,
    pub far: bool,
}
/// Answers with a text of this length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat(pub usize);
/// Came with a later minor version; answers with the number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Newer(pub u64);
/// Only a zone may ask this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Secret;

/// Keeps a promise before the handler is over.
pub struct Early(pub u64);
/// Puts its promise into [`Probe::promises`].
pub struct Keep;

impl Message for Early {
    type Reply = u64;
}

impl Message for Keep {
    type Reply = u64;
}

/// Does something to the probe, from inside the node.
pub struct Do(pub Doing);
type Doing = Box<dyn FnOnce(&mut Probe, &mut Cx<'_, Probe>) + Send>;

impl Do {
    pub fn that(what: impl FnOnce(&mut Probe, &mut Cx<'_, Probe>) + Send + 'static) -> Do {
        Do(Box::new(what))
    }
}

impl Message for Do {
    type Reply = ();
}

/// Who may ask a probe what: everybody with a certificate everything but [`Secret`]; and the domain's own table.
pub fn access() -> Access {
    let domain = Access::default();
    assert!((domain.since)(Say::TAG).is_none(), "no tag of the domain's");
    Access { permits, since }
}

fn permits(roles: Roles, tag: Tag) -> bool {
    match tag {
        0x7f07 => roles.has(Role::Zone),
        0x7f01..=0x7f09 => roles != Roles::of(&[Role::Viewer]),
        _ => table::permits(roles, tag),
    }
}

fn since(tag: Tag) -> Option<u16> {
    let ours = Probing::CALLS.iter().find(|call| call.tag == tag).map(|call| call.since);
    ours.or_else(|| (Access::default().since)(tag))
}

use actors_protocol::Request as _;

/// What is done to a probe, in order.
#[derive(Clone, Default)]
pub struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    pub fn write(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    /// What was written since the last look.
    pub fn read(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Writes when it is dropped.
pub struct Mark(pub Diary, pub &'static str);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.write(self.1);
    }
}

pub struct Probe {
    pub diary: Diary,
    pub notes: Vec<u64>,
    pub promises: Vec<Promise<u64>>,
    /// Said when the node drains; none: nothing is to be finished.
    pub drains: Option<Duration>,
    _dropped: Mark,
}

impl Probe {
    pub fn new(diary: &Diary) -> Probe {
        Probe {
            diary: diary.clone(),
            notes: Vec::new(),
            promises: Vec::new(),
            drains: None,
            _dropped: Mark(diary.clone(), "dropped"),
        }
    }

    /// A probe that needs `time` when the node drains.
    pub fn draining(diary: &Diary, time: Duration) -> Probe {
        Probe { drains: Some(time), ..Probe::new(diary) }
    }
}

impl Actor for Probe {
    type Protocol = Probing;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<Say>().add::<Note>().add::<Wait>().add::<Boom>().add::<Forget>().add::<Who>().add::<Secret>();
        routes.add::<Repeat>().add::<Newer>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        self.diary.write(format!("started {}", cx.path()));
    }

    fn woken(&mut self, cx: &mut Cx<'_, Self>) {
        self.diary.write(format!("woken {}", cx.now().0));
    }

    fn stopping(&mut self, cx: &mut Cx<'_, Self>) {
        self.diary.write(format!("stopping {}", cx.path()));
    }

    fn drain(&mut self, _: Duration, cx: &mut Cx<'_, Self>) -> Answer<()> {
        self.diary.write(format!("draining {}", cx.path()));
        let Some(time) = self.drains else { return ().into() };
        let (promise, answer) = cx.promise();
        cx.after(time, |_, _| promise.keep(()));
        answer
    }

    fn state(&self, _: Millis) -> serde_json::Value {
        serde_json::json!({ "notes": self.notes })
    }
}

impl Handler<Say> for Probe {
    fn handle(&mut self, say: Say, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<String> {
        say.0.into()
    }
}

impl Handler<Note> for Probe {
    fn handle(&mut self, note: Note, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<u64> {
        self.notes.push(note.0);
        (self.notes.len() as u64).into()
    }
}

impl Handler<Wait> for Probe {
    fn handle(&mut self, wait: Wait, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<u64> {
        let (promise, answer) = cx.promise();
        cx.after(Duration::from_millis(wait.0), move |_, _| promise.keep(wait.0));
        answer
    }
}

impl Handler<Boom> for Probe {
    fn handle(&mut self, boom: Boom, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<()> {
        panic!("{}", boom.0)
    }
}

impl Handler<Forget> for Probe {
    fn handle(&mut self, _: Forget, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        cx.promise().1
    }
}

impl Handler<Who> for Probe {
    fn handle(&mut self, _: Who, caller: &Caller, _: &mut Cx<'_, Self>) -> Answer<Seen> {
        Seen { roles: caller.roles, node: caller.node.clone(), far: caller.connection.is_some() }.into()
    }
}

impl Handler<Repeat> for Probe {
    fn handle(&mut self, repeat: Repeat, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<String> {
        "x".repeat(repeat.0).into()
    }
}

impl Handler<Newer> for Probe {
    fn handle(&mut self, newer: Newer, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<u64> {
        newer.0.into()
    }
}

impl Handler<Secret> for Probe {
    fn handle(&mut self, _: Secret, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<()> {
        self.diary.write("secret");
        ().into()
    }
}

impl Handler<Do> for Probe {
    fn handle(&mut self, what: Do, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<()> {
        (what.0)(self, cx);
        ().into()
    }
}

impl Handler<Early> for Probe {
    fn handle(&mut self, early: Early, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<u64> {
        let (promise, answer) = cx.promise();
        promise.keep(early.0);
        answer
    }
}

impl Handler<Keep> for Probe {
    fn handle(&mut self, _: Keep, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<u64> {
        let (promise, answer) = cx.promise();
        self.promises.push(promise);
        answer
    }
}
