//! A server that dies without a word and comes back is noticed at once, thanks to its persisted keys.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actors_protocol::Role;
use transport_link::{Endpoint, EndpointKeys, LinkError, Options, Redial, Socket, Versions};

use crate::support::{ANY, DEADLINE, Domain, Echo, Running, dial, soon, spawn};

/// A server on a runtime of its own, which can be torn down without any goodbye, as `kill -9` would.
struct Process {
    address: SocketAddr,
    kill: tokio::sync::oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Process {
    fn start(options: Options) -> Process {
        let (tell, told) = mpsc::channel();
        let (kill, killed) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let running = runtime.block_on(async {
                let running = Running::start(options);
                tell.send(running.endpoint.local_addr().unwrap()).unwrap();
                let _ = killed.await;
                running
            });
            // The runtime goes first: nothing runs any more that could send a goodbye.
            drop(runtime);
            drop(running);
        });
        Process { address: told.recv_timeout(DEADLINE).unwrap(), kill, thread }
    }

    fn kill(self) -> SocketAddr {
        let _ = self.kill.send(());
        self.thread.join().unwrap();
        self.address
    }
}

#[tokio::test]
async fn a_restart_is_noticed_well_before_the_idle_time_out() {
    let dir = tempfile::tempdir().unwrap();
    let domain = Domain::new("test");
    let options = |address: SocketAddr| Options {
        keys: Some(EndpointKeys::create_or_load(dir.path()).unwrap()),
        socket: Socket::Udp(address),
        ..domain.node("server", &[Role::Host])
    };
    let first = Process::start(options(SocketAddr::from(([127, 0, 0, 1], 0))));
    let target = transport_link::Target { endpoint: first.address, server_name: "server.host.test".into() };
    let client = Endpoint::bind(domain.node("client", &[Role::Zone])).unwrap();
    let asking = dial(&client, &target).await;
    assert_eq!(asking.echo("before").await.unwrap(), "before");
    let (redial, driver) = Redial::new(&client, target.clone(), Versions::CURRENT);
    let _driver = spawn(driver);
    soon("up", redial.connected()).await.unwrap();

    let address = first.kill();
    assert!(asking.connection.close_reason().is_none(), "it died without a word");
    let _second = Process::start(options(address));

    let begin = Instant::now();
    let _lost = asking.control.ask("echo", ANY, &Echo("anybody there?".into()), DEADLINE);
    let ended = soon("the loss is noticed", asking.connection.closed()).await;
    let took = begin.elapsed();
    assert!(matches!(&ended, LinkError::Lost(words) if words.contains("restarted")), "{ended}");
    assert!(took < Duration::from_secs(3), "{took:?}; silence alone would have taken four seconds");

    let answer = soon("the redial is back", redial.ask("echo", ANY, &Echo("after".into()), DEADLINE)).await;
    // A call may still have gone to the old life and been lost with it; the next one cannot.
    if answer.is_err() {
        let next = soon("the redial is back", redial.ask("echo", ANY, &Echo("after".into()), DEADLINE)).await;
        assert_eq!(next.unwrap(), "after");
    }
}
