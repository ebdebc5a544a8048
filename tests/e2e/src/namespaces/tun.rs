//! Making a TUN device: a network interface whose packets this process reads and writes as a file.
#![expect(unsafe_code, reason = "one ioctl that no safe interface offers")]

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::Context;
use rustix::ioctl::{Updater, ioctl, opcode};

/// `struct ifreq` of Linux, as TUNSETIFF reads it; it is 40 bytes long.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

/// Packets of the network layer.
const IFF_TUN: u16 = 0x0001;
/// No header of the driver's before each packet.
const IFF_NO_PI: u16 = 0x1000;
const O_NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;
const TUNSETIFF: rustix::ioctl::Opcode = opcode::write::<std::ffi::c_int>(b'T', 202);

/// Makes an interface in the namespace of the calling thread. It goes when the file is closed; reading does not block.
pub(super) fn open(name: &str) -> anyhow::Result<File> {
    let device = File::options().read(true).write(true).custom_flags(O_NONBLOCK).open("/dev/net/tun");
    let device = device.context("/dev/net/tun")?;
    let mut request = InterfaceRequest { name: [0; 16], flags: IFF_TUN | IFF_NO_PI, rest: [0; 22] };
    // The last byte stays zero: the name ends there.
    request.name[..15].iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
    // SAFETY: TUNSETIFF takes a pointer to a `struct ifreq`, reads name and flags and writes the name back, within the 40
    // bytes that `InterfaceRequest` lays out; `request` lives until the call returns.
    unsafe { ioctl(&device, Updater::<TUNSETIFF, InterfaceRequest>::new(&mut request)) }.context("TUNSETIFF")?;
    Ok(device)
}

const _: () = assert!(size_of::<InterfaceRequest>() == 40);
