//! A client of a raw port that knows nothing of Fusion: YUV4MPEG2 in, RFB key messages out, over plain TCP.
//!
//! Owns: the bytes. Refuses: a second chance for a stream that is not what the format says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::pictures::Picture;

/// A picture is due thirty times a second; a starved machine may take longer.
const PICTURE_WITHIN: Duration = Duration::from_secs(20);
/// RFC 6143, section 7.5.4.
const KEY_EVENT: u8 = 4;

/// A connection.
#[derive(Debug)]
pub struct RawClient {
    stream: BufReader<TcpStream>,
    width: usize,
    height: usize,
    /// The header, without its end of line.
    pub header: String,
}

impl RawClient {
    /// Connects to a port on loopback. Nothing is read yet.
    #[track_caller]
    pub fn connect(port: u16) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let stream = stream.unwrap_or_else(|error| panic!("the raw port {port}: {error}"));
        stream.set_read_timeout(Some(PICTURE_WITHIN)).expect("a time that is not zero");
        stream
    }

    /// Connects and reads the header.
    #[track_caller]
    pub fn open(port: u16) -> RawClient {
        let mut stream = BufReader::new(RawClient::connect(port));
        let header = line(&mut stream);
        let number = |letter: char| header.split(' ').find_map(|word| word.strip_prefix(letter)?.parse().ok());
        let (Some(width), Some(height), true) = (number('W'), number('H'), header.starts_with("YUV4MPEG2 ")) else {
            panic!("no header of YUV4MPEG2: {header:?}")
        };
        RawClient { stream, width, height, header }
    }

    /// The next picture.
    #[track_caller]
    pub fn picture(&mut self) -> Picture {
        self.try_picture().unwrap_or_else(|error| panic!("no picture came: {error}"))
    }

    /// The next picture, if there is one.
    ///
    /// # Errors
    ///
    /// When the connection is over.
    pub fn try_picture(&mut self) -> std::io::Result<Picture> {
        let mut frame = [0; 6];
        self.stream.read_exact(&mut frame)?;
        assert_eq!(&frame, b"FRAME\n");
        let (width, height) = (self.width, self.height);
        let mut luma = vec![0; width * height * 3 / 2];
        self.stream.read_exact(&mut luma)?;
        luma.truncate(width * height);
        Ok(Picture { width, height, luma })
    }

    /// Presses a key, by its keysym, and lets it go.
    #[track_caller]
    pub fn press(&mut self, keysym: u32) {
        for down in [1, 0] {
            let mut message = [KEY_EVENT, down, 0, 0, 0, 0, 0, 0];
            message[4..].copy_from_slice(&keysym.to_be_bytes());
            self.send(&message);
        }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap_or_else(|error| panic!("the raw port takes nothing: {error}"));
    }
}

#[track_caller]
fn line(stream: &mut impl BufRead) -> String {
    let mut line = Vec::new();
    stream.take(256).read_until(b'\n', &mut line).unwrap_or_else(|error| panic!("no header came: {error}"));
    String::from_utf8_lossy(&line).trim_end().to_owned()
}
