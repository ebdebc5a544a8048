//! What a harness does with a studio: it looks on, says how long pictures take in virtual time, and makes a decision wrong.
//! In production nobody does, and each costs one comparison.
//!
//! Owns: the words. Refuses: any influence of whoever looks on.

use std::rc::Rc;

use actors_protocol::{ActorPath, Incarnation, Millis};
use media_share::View;
use media_share::renditions::{Flaw, Renditions};

/// Is called with the state of a studio after each of its turns, on the thread of its node.
pub type Audience<V> = Rc<dyn Fn(&Scene<'_, V>)>;

/// Says how long a picture of a view takes.
pub type Takes<V> = Rc<dyn Fn(&V) -> Millis>;

/// A studio, as somebody sees it who looks on.
pub struct Scene<'a, V: View> {
    /// Where it lives.
    pub path: &'a ActorPath,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// What it decides with.
    pub core: &'a Renditions<V>,
}

/// What only a harness sets.
pub struct Trial<V: View> {
    /// One wrong decision, or none.
    pub flaw: Flaw,
    /// How long a picture of this view takes, in virtual time; only without threads.
    pub takes: Option<Takes<V>>,
    /// Who looks on.
    pub audience: Option<Audience<V>>,
}

impl<V: View> Default for Trial<V> {
    fn default() -> Trial<V> {
        Trial { flaw: Flaw::default(), takes: None, audience: None }
    }
}
