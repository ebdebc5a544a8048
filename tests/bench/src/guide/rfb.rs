//! As much of a client of RFB as is needed to see a window change (RFC 6143): version 3.8, no password, raw pixels.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{bail, ensure};

/// A server that says nothing for so long is not coming back.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const SECURITY_NONE: u8 = 1;
const RAW: i32 = 0;

/// A client with its copy of the screen.
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    size: (u16, u16),
    pixels: Vec<u32>,
}

impl Client {
    /// Connects, and asks for the whole screen.
    pub fn connect(to: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect_timeout(&to, SILENCE_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        let reader = BufReader::with_capacity(1 << 20, stream.try_clone()?);
        let mut client = Client { stream, reader, size: (0, 0), pixels: Vec::new() };
        client.greet()?;
        Ok(client)
    }

    fn greet(&mut self) -> anyhow::Result<()> {
        let version: [u8; 12] = self.read()?;
        ensure!(version.starts_with(b"RFB 003.008"), "the server speaks another version");
        self.stream.write_all(b"RFB 003.008\n")?;
        let [count] = self.read()?;
        let mut kinds = vec![0; usize::from(count)];
        self.reader.read_exact(&mut kinds)?;
        ensure!(kinds.contains(&SECURITY_NONE), "the server wants a password");
        self.stream.write_all(&[SECURITY_NONE])?;
        ensure!(u32::from_be_bytes(self.read()?) == 0, "the server refuses");
        // ClientInit: others may watch too.
        self.stream.write_all(&[1])?;
        let [a, b, c, d] = self.read()?;
        self.size = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let _format: [u8; 16] = self.read()?;
        let length = u32::from_be_bytes(self.read()?);
        std::io::copy(&mut (&mut self.reader).take(u64::from(length)), &mut std::io::sink())?;
        self.pixels = vec![0; usize::from(self.size.0) * usize::from(self.size.1)];
        // SetPixelFormat: 32 bits, little endian, 0x00RRGGBB. SetEncodings: raw.
        self.stream.write_all(&[0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0])?;
        self.stream.write_all(&[2, 0, 0, 1, 0, 0, 0, 0])?;
        self.ask(false)
    }

    fn read<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// FramebufferUpdateRequest of the whole screen.
    fn ask(&mut self, only_changes: bool) -> anyhow::Result<()> {
        let ([a, b], [c, d]) = (self.size.0.to_be_bytes(), self.size.1.to_be_bytes());
        Ok(self.stream.write_all(&[3, u8::from(only_changes), 0, 0, 0, 0, a, b, c, d])?)
    }

    /// KeyEvent: down, and up.
    pub fn press(&mut self, keysym: u32) -> anyhow::Result<()> {
        let [a, b, c, d] = keysym.to_be_bytes();
        Ok(self.stream.write_all(&[4, 1, 0, 0, a, b, c, d, 4, 0, 0, 0, a, b, c, d])?)
    }

    /// Takes updates until the whole corner of this size has this colour. One request is always under way.
    pub fn until(&mut self, corner: (u16, u16), colour: u32) -> anyhow::Result<()> {
        let wide = usize::from(self.size.0);
        loop {
            self.update()?;
            let rows = self.pixels.chunks(wide).take(usize::from(corner.1));
            if rows.flat_map(|row| &row[..usize::from(corner.0)]).all(|pixel| *pixel == colour) {
                return Ok(());
            }
        }
    }

    /// One message; if it is an update, it is drawn and the next one is asked for.
    fn update(&mut self) -> anyhow::Result<()> {
        let [kind] = self.read()?;
        match kind {
            0 => {
                let [_, high, low] = self.read()?;
                for _ in 0..u16::from_be_bytes([high, low]) {
                    self.rectangle()?;
                }
                self.ask(true)
            }
            // Bell.
            2 => Ok(()),
            // ServerCutText.
            3 => {
                let _padding: [u8; 3] = self.read()?;
                let length = u32::from_be_bytes(self.read()?);
                std::io::copy(&mut (&mut self.reader).take(u64::from(length)), &mut std::io::sink())?;
                Ok(())
            }
            other => bail!("the server sent a message of kind {other}"),
        }
    }

    fn rectangle(&mut self) -> anyhow::Result<()> {
        let head: [u8; 12] = self.read()?;
        let number = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
        let (x, y, wide, high) = (number(0), number(2), number(4), number(6));
        let encoding = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        ensure!(encoding == RAW, "the server sent encoding {encoding}, and raw was asked for");
        let screen = (usize::from(self.size.0), usize::from(self.size.1));
        ensure!(x + wide <= screen.0 && y + high <= screen.1, "a rectangle beside the screen");
        let mut row = vec![0; wide * 4];
        for line in y..y + high {
            self.reader.read_exact(&mut row)?;
            let from = line * screen.0 + x;
            for (to, from) in self.pixels[from..from + wide].iter_mut().zip(row.as_chunks::<4>().0) {
                *to = u32::from_le_bytes(*from) & 0x00ff_ffff;
            }
        }
        Ok(())
    }
}
