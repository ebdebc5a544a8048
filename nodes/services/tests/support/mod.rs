//! Sources that need no decoder: landscapes in colour, white and waiting and broken ones.
#![allow(dead_code, reason = "each user needs a part of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use media_share::ports::Attendance;
use media_share::{I420, Plane, Size, SourceCard, SourceId, SourceKind, Tile, Tiles};
use parking_lot::Mutex;

/// What a fake source shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// A landscape, in colours of this number.
    Landscape(u8),
    /// All samples: Y, and U and V.
    Plain(u8, u8),
    Waiting,
    Broken(&'static str),
}

pub struct FakeTiles {
    cards: Vec<SourceCard>,
    shows: Mutex<Vec<Shows>>,
    stamps: Vec<AtomicU64>,
    /// Who is attended to, at which size; each attendance once.
    pub attended: Arc<Mutex<Vec<(SourceId, Size)>>>,
}

impl FakeTiles {
    pub fn new(sources: &[(&str, SourceKind, Shows)]) -> FakeTiles {
        let card = |(n, source): (usize, &(&str, SourceKind, Shows))| SourceCard {
            id: SourceId(n as u32),
            title: source.0.to_owned(),
            kind: source.1,
        };
        FakeTiles {
            cards: sources.iter().enumerate().map(card).collect(),
            shows: Mutex::new(sources.iter().map(|source| source.2.clone()).collect()),
            stamps: sources.iter().map(|_| AtomicU64::new(0)).collect(),
            attended: Arc::default(),
        }
    }

    /// `count` sources with titles of several lengths that all show the same.
    pub fn alike(count: usize, shows: Shows) -> FakeTiles {
        let titles: Vec<String> = (1..=count).map(|n| format!("Source {n} {}", "and more ".repeat(n % 4))).collect();
        let source = |title: &'_ String| (title.clone(), SourceKind::Clip, shows.clone());
        let sources: Vec<_> = titles.iter().map(source).collect();
        let sources: Vec<_> =
            sources.iter().map(|(title, kind, shows)| (title.as_str(), *kind, shows.clone())).collect();
        FakeTiles::new(&sources)
    }

    pub fn show(&self, source: usize, shows: Shows) {
        let mut all = self.shows.lock();
        if all[source] != shows {
            all[source] = shows;
            self.stamps[source].fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Attended(Arc<Mutex<Vec<(SourceId, Size)>>>, (SourceId, Size));

impl Drop for Attended {
    fn drop(&mut self) {
        let mut all = self.0.lock();
        let at = all.iter().position(|other| *other == self.1).expect("it was put there");
        all.swap_remove(at);
    }
}

impl Tiles for FakeTiles {
    fn cards(&self) -> &[SourceCard] {
        &self.cards
    }

    fn attend(&self, source: SourceId, size: Size) -> Attendance {
        self.attended.lock().push((source, size));
        Box::new(Attended(self.attended.clone(), (source, size)))
    }

    fn stamp(&self, source: SourceId, _: Size) -> u64 {
        self.stamps[source.0 as usize].load(Ordering::Relaxed)
    }

    fn tile(&self, source: SourceId, size: Size) -> Tile {
        match self.shows.lock()[source.0 as usize] {
            Shows::Landscape(number) => Tile::Picture(Arc::new(landscape(size, number))),
            Shows::Plain(luma, chroma) => Tile::Picture(Arc::new(plain(size, luma, chroma))),
            Shows::Waiting => Tile::Waiting,
            Shows::Broken(words) => Tile::Broken(words.into()),
        }
    }
}

pub fn plain(size: Size, luma: u8, chroma: u8) -> I420 {
    let mut picture = I420::black(size);
    picture.plane_mut(Plane::Y).0.fill(luma);
    picture.plane_mut(Plane::U).0.fill(chroma);
    picture.plane_mut(Plane::V).0.fill(chroma);
    picture
}

/// A sky, a sun and hills.
fn landscape(size: Size, number: u8) -> I420 {
    let mut picture = I420::black(size);
    let (width, height) = (size.width() as f32, size.height() as f32);
    let hue = f32::from(number) * 0.9;
    let colour = |x: f32, y: f32| -> [f32; 3] {
        let sky = [0.35 + 0.3 * hue.sin(), 0.45 + 0.2 * (hue + 2.0).sin(), 0.6 + 0.3 * (hue + 4.0).sin()];
        let sun = ((x - 0.3 - 0.05 * f32::from(number % 8)).hypot((y - 0.34) * 0.5625) < 0.07) as u8 as f32;
        let mut pixel = sky.map(|part| (part * (0.6 + 0.7 * y)).min(1.0));
        pixel = std::array::from_fn(|n| pixel[n] * (1.0 - sun) + [1.0, 0.93, 0.75][n] * sun);
        for hill in 0..3u8 {
            let k = f32::from(hill);
            let ridge =
                0.5 + 0.15 * k + 0.08 * ((x * (5.0 + 2.0 * k)) + hue * (k + 1.0)).sin() + 0.03 * (x * 17.0 + hue).sin();
            if y > ridge {
                let ink = 0.45 - 0.13 * k;
                pixel = [ink * (0.8 + 0.3 * hue.cos()), ink, ink * (0.9 + 0.3 * (hue + 1.0).sin())];
            }
        }
        pixel
    };
    let at = |x: usize, y: usize| colour(x as f32 / width, y as f32 / height);
    let (luma, stride) = picture.plane_mut(Plane::Y);
    for (n, sample) in luma.iter_mut().enumerate() {
        let [red, green, blue] = at(n % stride, n / stride);
        *sample = (16.0 + 65.5 * red + 128.6 * green + 25.0 * blue) as u8;
    }
    for (plane, weights) in [(Plane::U, [-37.8, -74.2, 112.0]), (Plane::V, [112.0, -93.8, -18.2])] {
        let (samples, stride) = picture.plane_mut(plane);
        for (n, sample) in samples.iter_mut().enumerate() {
            let parts = at(n % stride * 2, n / stride * 2);
            *sample = (128.0 + (0..3).map(|n| weights[n] * parts[n]).sum::<f32>()) as u8;
        }
    }
    picture
}
