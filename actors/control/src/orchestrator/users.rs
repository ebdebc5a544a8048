//! The keeper of users: the thin shell around [`UsersCore`], an actor of its own beside the orchestrator, with the same
//! store. Store, then send.
//!
//! Slow hashes run on the runtime's blocking threads, as many at once as the core permits, so that neither this actor nor
//! any other of the node waits for one.
//!
//! Owns: the asking of randomness, the key of the marks. Refuses: decisions. When the store fails, nothing is answered and
//! the actor ends: it is brought back with what the store has.

use std::rc::Rc;
use std::sync::Arc;

use actors_cores::users::{Adding, Change, Hasher, Mark, Proving, Token, TokenId, UsersCore};
use actors_kernel::{Actor, Answer, Caller, Cx, Handler, Routes};
use actors_protocol::Millis;
use actors_protocol::user::{
    AddUser, Authenticate, Authentication, ListUsers, RemoveUser, ShowUser, UserAddition, UserPage, UserRemoval,
    UserShown, Users,
};
use actors_store::{Store, users};

/// A keyed hash: (key, secret).
pub type Marker = Rc<dyn Fn(&[u8; 32], &[u8; 16]) -> Mark>;

/// What a keeper of users is made with.
#[derive(Clone)]
pub struct UsersSetup {
    /// The orchestrator's.
    pub store: Rc<dyn Store>,
    /// Draws 128 bits that cannot be guessed.
    pub entropy: Rc<dyn Fn() -> u128>,
    /// The slow hash.
    pub hasher: Arc<dyn Hasher>,
    /// The fast one.
    pub marker: Marker,
}

/// See the module.
pub struct UsersActor {
    setup: UsersSetup,
    core: UsersCore,
    /// Of this life of the actor; a mark is worth nothing beyond it.
    key: [u8; 32],
}

impl UsersActor {
    /// A keeper that has not read its store yet.
    pub fn new(setup: UsersSetup) -> UsersActor {
        let mut key = [0; 32];
        for half in key.chunks_exact_mut(16) {
            half.copy_from_slice(&(setup.entropy)().to_le_bytes());
        }
        UsersActor { setup, core: UsersCore::default(), key }
    }

    /// Commits a change. False: the store failed, and the actor ends.
    fn stored(&mut self, change: &Change, cx: &mut Cx<'_, Self>) -> bool {
        match users::save(&*self.setup.store, change) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!("the store failed; nothing is answered: {error}");
                cx.me().kill();
                false
            }
        }
    }
}

/// Runs slow work on a thread of its own; none if it broke.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.inspect_err(|error| tracing::error!("a token could not be hashed: {error}")).ok()
}

impl Actor for UsersActor {
    type Protocol = Users;

    fn routes(routes: &mut Routes<Self>) {
        routes.add::<AddUser>().add::<ListUsers>().add::<RemoveUser>().add::<Authenticate>();
        routes.add::<ShowUser>();
    }

    fn started(&mut self, cx: &mut Cx<'_, Self>) {
        match users::load(&*self.setup.store) {
            Ok(rows) => self.core = UsersCore::restore(rows),
            Err(error) => {
                tracing::error!("the store cannot be read: {error}");
                cx.me().kill();
            }
        }
    }

    fn state(&self, _: Millis) -> serde_json::Value {
        let (users, working) = self.core.counts();
        serde_json::json!({ "users": users, "hashing": working })
    }
}

impl Handler<AddUser> for UsersActor {
    fn handle(&mut self, add: AddUser, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<UserAddition> {
        if let Adding::Answer(reply) = self.core.add(&add.user) {
            return reply.into();
        }
        let draw = || (self.setup.entropy)();
        let (token, salt) = (Token { id: TokenId(draw() as u64), secret: draw() }, draw());
        let hasher = self.setup.hasher.clone();
        let (promise, answer) = cx.promise();
        let hash = slowly(move || hasher.hash(token.secret, salt));
        cx.run(hash, move |actor, hash, cx| match actor.core.hashed(add.user, token.id, hash) {
            Ok(change) => {
                if actor.stored(&change, cx) {
                    promise.keep(UserAddition::Added { token: token.text() });
                }
            }
            Err(reply) => promise.keep(reply),
        });
        answer
    }
}

impl Handler<ListUsers> for UsersActor {
    fn handle(&mut self, list: ListUsers, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<UserPage> {
        self.core.list(&list).into()
    }
}

impl Handler<ShowUser> for UsersActor {
    fn handle(&mut self, show: ShowUser, _: &Caller, _: &mut Cx<'_, Self>) -> Answer<UserShown> {
        self.core.show(&show.name).into()
    }
}

impl Handler<RemoveUser> for UsersActor {
    fn handle(&mut self, remove: RemoveUser, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<UserRemoval> {
        let (change, reply) = self.core.remove(&remove.name);
        match change {
            Some(change) if !self.stored(&change, cx) => cx.promise().1,
            _ => reply.into(),
        }
    }
}

impl Handler<Authenticate> for UsersActor {
    fn handle(&mut self, ask: Authenticate, _: &Caller, cx: &mut Cx<'_, Self>) -> Answer<Authentication> {
        let Ok(token) = Token::parse(&ask.token) else { return Authentication::Unknown.into() };
        let mark = (self.setup.marker)(&self.key, &token.secret.to_le_bytes());
        let hash = match self.core.authenticate(token.id, &mark) {
            Proving::Answer(reply) => return reply.into(),
            Proving::Verify(hash) => hash,
        };
        let hasher = self.setup.hasher.clone();
        let (promise, answer) = cx.promise();
        let verdict = slowly(move || hasher.verify(token.secret, &hash));
        cx.run(verdict, move |actor, right, _| promise.keep(actor.core.verified(token.id, mark, right)));
        answer
    }
}
