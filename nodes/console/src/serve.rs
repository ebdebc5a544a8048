//! The HTTP server: its threads, its bounds, and the order in which a request is judged.
//!
//! ```text
//!   path 404 ─► method 405 ─► token 401 ─► role 403 ─► query 400 ─► body 415, 413, 408, 400 ─► the call itself
//! ```
//!
//! Owns: the bounds and deadlines of HTTP. Refuses: knowing the calls.

use std::io;
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actors_cores::users::{callers, permits};
use actors_protocol::manifest::MANIFEST_BYTES_MAX;
use actors_protocol::user::{Authenticate, Authentication, User, Users};

use crate::answers::{Asked, Reply, answer};
use crate::door::Door;
use crate::problem::{self, Kind, Problem};
use crate::routes::{Match, Route, find};
use crate::{input, openapi};

/// Longest body in bytes: a manifest that is longer still is refused by its own rules, in words.
pub const BODY_BYTES_MAX: usize = 2 * MANIFEST_BYTES_MAX;
/// The head of a request, and then its body, have to be there by then.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// A connection that is silent ends.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a closed connection may take to go.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// Connections at once; those beyond it wait, and only so many.
const CONNECTIONS_MAX: usize = 256;
/// Connections that wait for their turn.
const BACKLOG: u32 = 64;
/// Where the description is.
const OPENAPI: &str = "/openapi.json";

/// Starts the server on threads of its own: one for connections, one for requests, which wait for the node.
pub fn start(listener: TcpListener, door: Door) -> io::Result<(ServerHandle, JoinHandle<()>)> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let serve = move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || App::new().app_data(web::Data::new(door.clone())).default_service(web::to(handle));
            let server = HttpServer::new(app)
                .workers(1)
                .worker_max_blocking_threads(1)
                .max_connections(CONNECTIONS_MAX)
                .backlog(BACKLOG)
                .client_request_timeout(READ_WITHIN)
                .client_disconnect_timeout(CLOSE_WITHIN)
                .keep_alive(KEEP_ALIVE)
                .disable_signals()
                .listen(listener);
            match server.map(HttpServer::run) {
                Ok(server) => {
                    let told = sender.send(Ok(server.handle()));
                    if let (Ok(()), Err(error)) = (told, server.await) {
                        tracing::error!("the console ended: {error}");
                    }
                }
                Err(error) => drop(sender.send(Err(error))),
            }
        });
    };
    let thread = std::thread::Builder::new().name("console".into()).spawn(serve)?;
    let handle = receiver.recv().map_err(|_| io::Error::other("it ended before it listened"))??;
    Ok((handle, thread))
}

async fn handle(request: HttpRequest, payload: web::Payload, door: web::Data<Door>) -> HttpResponse {
    match judged(&request, payload, &door).await {
        Ok(reply) => response(&reply),
        Err(problem) => {
            tracing::debug!(status = problem.status(), "{} {}: {}", request.method(), request.path(), problem.detail);
            let mut response = HttpResponse::build(status(problem.status()));
            for header in &problem.headers {
                response.insert_header(header.clone());
            }
            safe(&mut response).content_type(problem::MEDIA_TYPE).body(problem.json().to_string())
        }
    }
}

fn response(reply: &Reply) -> HttpResponse {
    let mut response = HttpResponse::build(status(reply.status));
    if let Some(location) = &reply.location {
        response.insert_header((header::LOCATION, location.clone()));
    }
    match &reply.body {
        Some(body) => safe(&mut response).content_type("application/json").body(body.to_string()),
        None => safe(&mut response).finish(),
    }
}

/// What is answered is for one user, now, and is what it says it is.
fn safe(response: &mut actix_web::HttpResponseBuilder) -> &mut actix_web::HttpResponseBuilder {
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("the tables have statuses of HTTP")
}

async fn judged(request: &HttpRequest, payload: web::Payload, door: &Door) -> Result<Reply, Problem> {
    let (method, path) = (request.method().as_str(), request.path());
    if path == OPENAPI {
        return match method {
            "GET" | "HEAD" => Ok(Reply::body(200, openapi::document())),
            _ => Err(not_so(method, &["GET", "HEAD"])),
        };
    }
    let (route, values) = match find(method, path) {
        Match::Route(route, values) => (route, values),
        Match::Method(methods) => return Err(not_so(method, &methods)),
        Match::None => {
            let path: String = path.chars().take(80).collect();
            return Err(Problem::new(
                Kind::NotFound,
                format!("there is nothing at '{path}'; {OPENAPI} says what there is"),
            ));
        }
    };
    let user = whose(request.headers(), door).await?;
    if !permits(user.role, route.call) {
        let roles: Vec<_> = callers(route.call).iter().map(ToString::to_string).collect();
        let words = format!("{} is {}, and {} is for {}", user.name, user.role, route.call.name(), roles.join(", "));
        return Err(Problem::forbidden(words));
    }
    let query = input::query(request.query_string(), route.query)?;
    let body = match route.body {
        Some(_) => read(request.headers(), payload).await?,
        None => String::new(),
    };
    answer(route.call, door, Asked { user, values, query, body }).await
}

fn not_so(method: &str, methods: &[&str]) -> Problem {
    let allowed = methods.join(", ");
    let method: String = method.chars().take(20).collect();
    let words = format!("{method} is not possible here; {allowed} is");
    Problem { headers: vec![("Allow", allowed)], ..Problem::new(Kind::Method, words) }
}

/// Whose token does the request show (RFC 6750 §2.1)?
async fn whose(headers: &HeaderMap, door: &Door) -> Result<User, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION);
    let (Some(value), None) = (given.next(), given.next()) else { return Err(Problem::unauthenticated(false)) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((scheme, token)) = token else { return Err(Problem::unauthenticated(true)) };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::unauthenticated(false));
    }
    let ask = Authenticate { token: token.trim().to_owned() };
    match door.ask::<Users, _>(actors_control::USERS, ask).await? {
        Authentication::Known(user) => Ok(user),
        Authentication::Unknown => Err(Problem::unauthenticated(true)),
        Authentication::Busy => {
            Err(Problem::new(Kind::Busy, "too many tokens are being verified; ask again in a second"))
        }
    }
}

/// Reads the body: JSON by its own account, not too long, and soon.
async fn read(headers: &HeaderMap, payload: web::Payload) -> Result<String, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let given: String = essence.chars().take(80).collect();
        return Err(Problem::new(Kind::MediaType, format!("the body is '{given}'; send application/json")));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let too_large = || Problem::new(Kind::TooLarge, format!("the body has more than {BODY_BYTES_MAX} bytes"));
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    let read = tokio::time::timeout(READ_WITHIN, payload.to_bytes_limited(BODY_BYTES_MAX)).await;
    let bytes = match read {
        Ok(Ok(Ok(bytes))) => bytes,
        Ok(Ok(Err(error))) => return Err(Problem::new(Kind::Malformed, format!("the body cannot be read: {error}"))),
        Ok(Err(_)) => return Err(too_large()),
        Err(_) => {
            let words = format!("the body was not there within {} s", READ_WITHIN.as_secs());
            return Err(Problem::new(Kind::Slow, words));
        }
    };
    String::from_utf8(bytes.into()).map_err(|_| Problem::new(Kind::Malformed, "the body is no UTF-8"))
}

/// What a route's answers may be besides its own: (kind, when).
pub fn common_problems(route: &Route) -> Vec<Kind> {
    let mut kinds = vec![Kind::Malformed, Kind::Unauthenticated, Kind::Forbidden];
    if route.path.contains('{') {
        kinds.push(Kind::NotFound);
    }
    if route.body.is_some() {
        kinds.extend([Kind::Slow, Kind::TooLarge, Kind::MediaType, Kind::Refused]);
    }
    kinds.extend([Kind::Busy, Kind::Late]);
    kinds
}
