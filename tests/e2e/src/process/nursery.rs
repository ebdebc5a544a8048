//! Where processes are born: one thread that lives as long as this test process.
//!
//! A test process may be killed (Ctrl-C, a time limit of CI), and then no destructor runs. So every child is started with
//! a *parent-death signal*, which `setpriv` sets (where there is none, children outlive a killed test). The kernel sends
//! it when the **thread** that started the child ends, and each test has a thread of its own; hence one thread starts them
//! all. A test that is killed in the milliseconds in which `setpriv` runs may still leave a child.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::behind;

struct Order {
    command: Command,
    answer: SyncSender<io::Result<Child>>,
}

/// Starts a command without input, its output piped, in a process group of its own.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<SyncSender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, received) = sync_channel(1);
        std::thread::Builder::new()
            .name("nursery".into())
            .spawn(move || serve(&received))
            .expect("a thread can be started, or no test can run");
        orders
    });
    let (answer, answered) = sync_channel(1);
    orders.send(Order { command, answer }).expect("the nursery lives as long as the process");
    answered.recv().expect("the nursery answers every order")
}

fn serve(orders: &Receiver<Order>) {
    let bound = Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success());
    while let Ok(Order { mut command, answer }) = orders.recv() {
        if bound {
            command = behind(["setpriv", "--pdeathsig", "KILL", "--"], &command);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        // Who gave the order waits for the answer; if it does not, the child has no owner and ends here.
        if let Err(unwanted) = answer.send(command.spawn())
            && let Ok(mut child) = unwanted.0
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
