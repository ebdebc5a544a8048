//! The peer that people would take instead: tonic, a unary call over TLS. Messages and service are written by hand, so that
//! nobody needs protoc to build this.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::message::{GrpcPing, grpc_ping};
use super::{Contestant, Turning, calls};
use crate::child::{self, Child, Kind};
use crate::identity::any_port;

const SERVER_NAME: &str = "grpc";
const METHOD: &str = "/bench.Echo/Echo";

#[derive(Serialize, Deserialize)]
struct At {
    endpoint: SocketAddr,
    certificate: String,
}

#[derive(Clone)]
struct Echo;

impl UnaryService<GrpcPing> for Echo {
    type Response = GrpcPing;
    type Future = Ready<Result<Response<GrpcPing>, Status>>;

    fn call(&mut self, request: Request<GrpcPing>) -> Self::Future {
        ready(Ok(Response::new(request.into_inner())))
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

/// What tonic's generator would write.
impl Service<http::Request<tonic::body::Body>> for Echo {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let codec = ProstCodec::<GrpcPing, GrpcPing>::default();
            Ok(tonic::server::Grpc::new(codec).unary(echo, request).await)
        })
    }
}

/// The server's process.
pub async fn serve() -> anyhow::Result<()> {
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?.self_signed(&key)?;
    let identity = Identity::from_pem(certificate.pem(), key.serialize_pem());
    let listener = tokio::net::TcpListener::bind(any_port()).await?;
    child::say(&At { endpoint: listener.local_addr()?, certificate: certificate.pem() })?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .tls_config(ServerTlsConfig::new().identity(identity))?
        .add_service(Echo)
        .serve_with_incoming(incoming);
    tokio::select! {
        ended = server => Ok(ended?),
        ended = child::until_parent_ends() => ended,
    }
}

/// The client, and the server it has started.
pub struct Client {
    channel: Channel,
    _server: Child<At>,
}

impl Client {
    /// Starts both.
    pub async fn start() -> anyhow::Result<Client> {
        let server: Child<At> = Child::start(Kind::Grpc)?;
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&server.at.certificate))
            .domain_name(SERVER_NAME);
        let endpoint = Endpoint::from_shared(format!("https://{}", server.at.endpoint))?.tls_config(tls)?;
        let channel = endpoint.connect().await.context("the tonic server")?;
        Ok(Client { channel, _server: server })
    }
}

impl Contestant for Client {
    fn name(&self) -> &'static str {
        "tonic unary"
    }

    fn turn(&mut self, in_flight: usize, length: Duration) -> Turning<'_> {
        let (client, message) = (tonic::client::Grpc::new(self.channel.clone()), grpc_ping());
        let call = move || {
            let (mut client, message) = (client.clone(), message.clone());
            async move {
                client.ready().await.context("the tonic server is gone")?;
                let number = message.number;
                let (path, codec) = (http::uri::PathAndQuery::from_static(METHOD), ProstCodec::default());
                let reply: Response<GrpcPing> = client.unary(Request::new(message), path, codec).await?;
                anyhow::ensure!(reply.get_ref().number == number, "another's answer");
                Ok(())
            }
        };
        Box::pin(calls(in_flight, length, call))
    }
}
